/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of named sections.
 *
 *   header    magic "HPOCKPT\n", u32 version, u32 byte-order mark, u64 length of the file, u32 number of sections,
 *             u32 CRC-32 of the header before it
 *   sections  one behind the other, each a head (name, version, CRC, length) and its bytes
 *
 * The CRC of a section is that of its head with a CRC of zero, then of its bytes, so every byte of the file is under
 * one checksum. The header is written last, when length and number are known. Formats before this one had one CRC-32
 * behind everything; a sound file of theirs is told from a damaged one of ours by it. */
#include "engine/train/sections.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/gzfile.h"

static const char magic[8] = {'H', 'P', 'O', 'C', 'K', 'P', 'T', '\n'};
enum { VERSION = 3, LAST_OF_ONE_SUM = 2, BYTE_ORDER_MARK = 0x01020304, PIECE = 1 << 16, MAX_SECTIONS = 1000 };

typedef struct header {
    char magic[8];
    uint32_t version, mark;
    uint64_t length;
    uint32_t count, crc;
} header;
_Static_assert(sizeof(header) == 32, "no padding");

typedef struct head {
    char name[ENG_SECTION_NAME];
    uint32_t version, crc;
    uint64_t length;
} head;
_Static_assert(sizeof(head) == ENG_SECTION_NAME + 16, "no padding");

struct eng_sections {
    char *path, *draft; /* draft: the name while it is written */
    FILE *file;
    bool failed;
    /* writing */
    head open;        /* the section that is being written */
    uint64_t written; /* bytes of it */
    uint64_t length;  /* of the file so far */
    uint32_t count;
    /* reading */
    eng_section *items;
    size_t n_items;
};

static void release(eng_sections *s) {
    if (!s) return;
    if (s->file) fclose(s->file);
    free(s->path);
    free(s->draft);
    free(s->items);
    free(s);
}

static eng_sections *begin(const char *path) {
    eng_sections *s = base_calloc(1, sizeof *s);
    s->path = base_malloc(strlen(path) + 1);
    memcpy(s->path, path, strlen(path) + 1);
    return s;
}

const char *eng_sections_path(const eng_sections *sections) {
    return sections->path;
}

static uint32_t crc_of_head(head h) {
    h.crc = 0;
    return base_crc32(0, &h, sizeof h);
}

static uint32_t crc_of_header(const header *h) {
    return base_crc32(0, h, offsetof(header, crc));
}

/* ---- writing ---- */

static base_status write_failed(const eng_sections *s, base_err *err) {
    return BASE_FAIL(err, BASE_IO, "cannot write checkpoint %s: %s", s->path, strerror(errno));
}

base_status eng_sections_create(const char *path, eng_sections **out, base_err *err) {
    eng_sections *s = begin(path);
    const header nothing = {0};
    const size_t room = strlen(path) + sizeof ".XXXXXX";
    *out = NULL;
    s->draft = base_malloc(room);
    snprintf(s->draft, room, "%s.XXXXXX", path); /* private until renamed: two attempts of a trial never share a file */
    const int fd = mkstemp(s->draft);
    if (fd >= 0) s->file = fdopen(fd, "w+b");
    if (fd >= 0 && fchmod(fd, 0644) != 0) s->failed = true;
    if (!s->file || fwrite(&nothing, sizeof nothing, 1, s->file) != 1) {
        const base_status status = write_failed(s, err);
        if (fd >= 0) (void)unlink(s->draft);
        if (fd >= 0 && !s->file) close(fd);
        release(s);
        return status;
    }
    s->length = sizeof(header);
    *out = s;
    return BASE_OK;
}

static void put_head(eng_sections *s) {
    s->failed = s->failed || fwrite(&s->open, sizeof s->open, 1, s->file) != 1;
}

/* The head again, with the checksum of all that followed. */
static void end_section(eng_sections *s) {
    if (s->count == 0 || s->failed) return;
    BASE_ASSERT(s->written == s->open.length);
    const long end = (long)s->length;
    s->failed = fseek(s->file, end - (long)(s->open.length + sizeof(head)), SEEK_SET) != 0;
    put_head(s);
    s->failed = s->failed || fseek(s->file, end, SEEK_SET) != 0;
}

void eng_sections_begin(eng_sections *sections, const char *name, uint32_t version, uint64_t length) {
    eng_sections *s = sections;
    BASE_ASSERT(strlen(name) < ENG_SECTION_NAME && s->count < MAX_SECTIONS);
    end_section(s);
    s->open = (head){.version = version, .length = length};
    memcpy(s->open.name, name, strlen(name));
    s->open.crc = crc_of_head(s->open);
    s->written = 0;
    s->count++;
    put_head(s);
    s->length += sizeof(head);
}

void eng_sections_write(eng_sections *sections, const void *bytes, size_t length) {
    eng_sections *s = sections;
    if (length == 0) return;
    s->written += length;
    s->length += length;
    if (s->failed) return;
    s->open.crc = base_crc32(s->open.crc, bytes, length);
    s->failed = fwrite(bytes, 1, length, s->file) != length;
}

void eng_sections_put(eng_sections *sections, const char *name, uint32_t version, const void *bytes, size_t length) {
    eng_sections_begin(sections, name, version, length);
    eng_sections_write(sections, bytes, length);
}

static bool put_header(eng_sections *s) {
    header h = {.version = VERSION, .mark = BYTE_ORDER_MARK, .length = s->length, .count = s->count};
    memcpy(h.magic, magic, sizeof magic);
    h.crc = crc_of_header(&h);
    rewind(s->file);
    return fwrite(&h, sizeof h, 1, s->file) == 1;
}

base_status eng_sections_finish(eng_sections *sections, base_err *err) {
    eng_sections *s = sections;
    base_status status = BASE_OK;
    end_section(s);
    bool good = !s->failed && put_header(s) && fflush(s->file) == 0 && fsync(fileno(s->file)) == 0;
    if (!good) status = write_failed(s, err);
    if (fclose(s->file) != 0 && status == BASE_OK) status = write_failed(s, err);
    s->file = NULL;
    if (status == BASE_OK && rename(s->draft, s->path) != 0) status = write_failed(s, err);
    if (status != BASE_OK) (void)unlink(s->draft);
    release(s);
    return status;
}

void eng_sections_abandon(eng_sections *sections) {
    if (!sections) return;
    (void)unlink(sections->draft);
    release(sections);
}

/* ---- reading ---- */

static base_status read_failed(const eng_sections *s, base_err *err) {
    return BASE_FAIL(err, BASE_IO, "cannot read checkpoint %s", s->path);
}

static base_status damaged(const eng_sections *s, base_err *err) {
    return BASE_FAIL(err, BASE_CORRUPT, "checkpoint %s is damaged: a checksum is wrong", s->path);
}

/* crc continued over the next `length` bytes of the file. */
static bool sum_over(FILE *file, uint64_t length, uint32_t *crc) {
    unsigned char piece[PIECE];
    while (length > 0) {
        const size_t n = length < PIECE ? (size_t)length : PIECE;
        if (fread(piece, 1, n, file) != n) return false;
        *crc = base_crc32(*crc, piece, n);
        length -= n;
    }
    return true;
}

/* A file of a format with one checksum behind everything: sound, or not even that? */
static base_status check_former(eng_sections *s, const header *h, uint64_t size, base_err *err) {
    uint32_t crc = 0, written = 0;
    rewind(s->file);
    if (!sum_over(s->file, size - sizeof crc, &crc) || fread(&written, sizeof written, 1, s->file) != 1)
        return read_failed(s, err);
    if (crc != written) return damaged(s, err);
    return BASE_FAIL(err, BASE_INVALID, "checkpoint %s has the former format %u; this program reads format %d", s->path,
                     h->version, VERSION);
}

static base_status check_header(eng_sections *s, const header *h, uint64_t size, base_err *err) {
    if (memcmp(h->magic, magic, sizeof magic) != 0)
        return BASE_FAIL(err, BASE_CORRUPT, "%s is not a checkpoint", s->path);
    if (h->mark != BYTE_ORDER_MARK)
        return BASE_FAIL(err, BASE_CORRUPT, "checkpoint %s comes from a machine with another byte order, or is damaged",
                         s->path);
    if (h->length != size)
        return BASE_FAIL(err, BASE_CORRUPT, "checkpoint %s has %llu bytes but was written with %llu", s->path,
                         (unsigned long long)size, (unsigned long long)h->length);
    if (h->version <= LAST_OF_ONE_SUM) return check_former(s, h, size, err);
    if (h->crc != crc_of_header(h)) return damaged(s, err);
    if (h->version != VERSION)
        return BASE_FAIL(err, BASE_INVALID, "checkpoint %s has format %u; this program reads format %d", s->path,
                         h->version, VERSION);
    return h->count <= MAX_SECTIONS ? BASE_OK : damaged(s, err);
}

/* The sections, each with its checksum; they fill the file. */
static base_status walk(eng_sections *s, const header *h, base_err *err) {
    uint64_t at = sizeof(header);
    s->items = base_calloc(h->count + 1, sizeof *s->items);
    for (; s->n_items < h->count; s->n_items++) {
        head d;
        if (h->length - at < sizeof d) return damaged(s, err);
        if (fread(&d, sizeof d, 1, s->file) != 1) return read_failed(s, err);
        at += sizeof d;
        uint32_t crc = crc_of_head(d);
        if (d.length > h->length - at || d.name[ENG_SECTION_NAME - 1] != '\0') return damaged(s, err);
        if (!sum_over(s->file, d.length, &crc)) return read_failed(s, err);
        if (crc != d.crc) return damaged(s, err);
        eng_section *item = &s->items[s->n_items];
        *item = (eng_section){.version = d.version, .length = d.length, .offset = at};
        memcpy(item->name, d.name, sizeof item->name);
        at += d.length;
    }
    return at == h->length ? BASE_OK : damaged(s, err);
}

static base_status read_all(eng_sections *s, base_err *err) {
    struct stat info;
    header h;
    const uint64_t size = fstat(fileno(s->file), &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size : 0;
    if (size < sizeof h) return BASE_FAIL(err, BASE_CORRUPT, "checkpoint %s is cut off", s->path);
    if (fread(&h, sizeof h, 1, s->file) != 1) return read_failed(s, err);
    BASE_TRY(check_header(s, &h, size, err));
    return walk(s, &h, err);
}

base_status eng_sections_open(const char *path, eng_sections **out, base_err *err) {
    eng_sections *s = begin(path);
    *out = NULL;
    s->file = fopen(path, "rbe");
    base_status status = BASE_OK;
    if (!s->file)
        status = BASE_FAIL(err, errno == ENOENT ? BASE_NOTFOUND : BASE_IO, "cannot read checkpoint %s: %s", path,
                           strerror(errno));
    if (status == BASE_OK) status = read_all(s, err);
    if (status != BASE_OK) {
        release(s);
        return status;
    }
    *out = s;
    return BASE_OK;
}

void eng_sections_close(eng_sections *sections) {
    release(sections);
}

const eng_section *eng_sections_find(const eng_sections *sections, const char *name) {
    for (size_t i = 0; i < sections->n_items; i++)
        if (strcmp(sections->items[i].name, name) == 0) return &sections->items[i];
    return NULL;
}

base_status eng_sections_expect(const eng_sections *sections, const char *name, uint32_t version, size_t length,
                                base_err *err) {
    const eng_section *item = eng_sections_find(sections, name);
    if (!item)
        return BASE_FAIL(err, BASE_INVALID, "checkpoint %s has no section '%s': it is of another kind of training",
                         sections->path, name);
    if (item->version != version)
        return BASE_FAIL(err, BASE_INVALID, "section '%s' of checkpoint %s has version %u; this program reads %u", name,
                         sections->path, item->version, version);
    if (length != SIZE_MAX && item->length != length)
        return BASE_FAIL(err, BASE_INVALID, "section '%s' of checkpoint %s has %llu bytes; this training has %zu", name,
                         sections->path, (unsigned long long)item->length, length);
    return BASE_OK;
}

base_status eng_sections_read(const eng_sections *sections, const eng_section *section, uint64_t from, void *bytes,
                              size_t length, base_err *err) {
    BASE_ASSERT(from <= section->length && length <= section->length - from);
    if (length == 0) return BASE_OK;
    if (fseek(sections->file, (long)(section->offset + from), SEEK_SET) != 0 ||
        fread(bytes, 1, length, sections->file) != length)
        return read_failed(sections, err);
    return BASE_OK;
}

base_status eng_sections_take(const eng_sections *sections, const char *name, uint32_t version, void *bytes,
                              size_t length, base_err *err) {
    BASE_TRY(eng_sections_expect(sections, name, version, length, err));
    return eng_sections_read(sections, eng_sections_find(sections, name), 0, bytes, length, err);
}

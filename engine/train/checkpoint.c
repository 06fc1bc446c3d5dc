/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checkpoint file.
 *
 *   header   magic "HPOCKPT\n", u32 version, u32 byte-order mark, u64 length of the file, u64 identity, u64 layout
 *   progress u64 and double fields in the order of their structs, then the history
 *   blocks   parameters with running statistics, each slot of the optimizer, averaged parameters, as they lie in memory
 *   end      u32 CRC-32 of everything before it
 *
 * Numbers are in the machine's byte order: a checkpoint moves between ranks of a run, not between architectures, and
 * one from elsewhere is refused by the mark. The CRC of the whole file is checked before the first number is used, so a
 * damaged file changes nothing. `layout` is a hash of every parameter's name and shape and of the optimizer's rule. */
#include "engine/train/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gzfile.h"
#include "base/rng.h"

static const char magic[8] = {'H', 'P', 'O', 'C', 'K', 'P', 'T', '\n'};
enum { VERSION = 2, BYTE_ORDER_MARK = 0x01020304, PIECE = 1 << 16 };
enum { HEADER = 40, PROGRESS = 10 * sizeof(uint64_t), EPOCH = 12 * sizeof(uint64_t) }; /* bytes */

void eng_progress_fini(eng_progress *progress) {
    free(progress->history);
    *progress = (eng_progress){0};
}

/* One walk over the file serves both directions: each step writes or reads the same bytes at the same place. */
typedef struct stream {
    FILE *file;
    uint64_t size; /* reading: of the file */
    bool writing, failed;
    uint32_t crc;
} stream;

static void pass(stream *s, void *bytes, size_t length) {
    if (s->failed || length == 0) return;
    size_t done = s->writing ? fwrite(bytes, 1, length, s->file) : fread(bytes, 1, length, s->file);
    s->failed = done != length;
    if (s->writing) s->crc = base_crc32(s->crc, bytes, length);
}

static void pass_u64(stream *s, uint64_t *value) {
    pass(s, value, sizeof *value);
}
static void pass_double(stream *s, double *value) {
    pass(s, value, sizeof *value);
}

static void pass_epoch(stream *s, eng_epoch *e) {
    pass_u64(s, &e->epoch);
    double *const fields[] = {&e->train_loss,  &e->learning_rate, &e->seconds,  &e->valid.loss,
                              &e->valid.error, &e->valid.top5,    &e->valid.f1, &e->valid.ece,
                              &e->valid.auc,   &e->valid.mse,     &e->valid.mae};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) pass_double(s, fields[i]);
}

static void pass_progress(stream *s, eng_progress *p) {
    uint64_t stopped = p->stop.stopped, epochs = p->epochs;
    uint64_t *const whole[] = {&p->epoch, &p->batch, &p->seen, &p->stop.waited, &p->stop.best_epoch, &stopped, &epochs};
    double *const real[] = {&p->loss_sum, &p->seconds, &p->stop.best};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) pass_u64(s, whole[i]);
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) pass_double(s, real[i]);
    s->failed = s->failed || (!s->writing && epochs > s->size / EPOCH);
    if (!s->writing && !s->failed) {
        p->stop.stopped = stopped != 0;
        p->epochs = (size_t)epochs;
        BASE_GROW(p->history, p->capacity, p->epochs);
    }
    for (size_t i = 0; i < p->epochs && !s->failed; i++) pass_epoch(s, &p->history[i]);
}

static void pass_blocks(stream *s, const eng_checkpoint *c) {
    size_t bytes = eng_params_size(c->params) * sizeof(float);
    uint64_t steps = eng_optimizer_steps(c->optimizer);
    pass_u64(s, &steps);
    if (!s->writing && !s->failed) eng_optimizer_set_steps(c->optimizer, steps);
    pass(s, eng_params_values(c->params), bytes);
    for (size_t i = 0; i < eng_optimizer_slots(c->optimizer); i++) pass(s, eng_optimizer_slot(c->optimizer, i), bytes);
    if (c->average != NULL) pass(s, c->average, bytes);
}

typedef struct header {
    char magic[8];
    uint32_t version, mark;
    uint64_t length, identity, layout;
} header;
_Static_assert(sizeof(header) == HEADER, "no padding");

static uint64_t file_length(const eng_checkpoint *c, size_t epochs) {
    size_t blocks =
        (1 + eng_optimizer_slots(c->optimizer) + (c->average != NULL)) * eng_params_size(c->params) * sizeof(float);
    return HEADER + PROGRESS + epochs * EPOCH + sizeof(uint64_t) + blocks + sizeof(uint32_t);
}

static uint64_t layout_of(const eng_checkpoint *c) {
    base_buf text = {0};
    base_buf_printf(&text, "%s%s %zu", eng_optimizer_type_of(c->optimizer)->name, c->average ? " averaged" : "",
                    eng_params_size(c->params));
    for (size_t i = 0; i < eng_params_count(c->params); i++) {
        const eng_param *p = eng_params_at(c->params, i);
        base_buf_printf(&text, " %s", p->name);
        eng_shape_text(&p->shape, &text);
        base_buf_printf(&text, "@%zu", p->offset);
    }
    uint64_t layout = base_hash64(text.data, text.length);
    base_buf_fini(&text);
    return layout;
}

/* ---- saving ---- */

static base_status write_failed(const char *path, base_err *err) {
    return BASE_FAIL(err, BASE_IO, "cannot write checkpoint %s: %s", path, strerror(errno));
}

static base_status write_body(FILE *file, const char *path, const eng_checkpoint *from, base_err *err) {
    stream s = {.file = file, .writing = true};
    header h = {
        .version = VERSION,
        .mark = BYTE_ORDER_MARK,
        .length = file_length(from, from->progress->epochs),
        .identity = from->identity,
        .layout = layout_of(from),
    };
    memcpy(h.magic, magic, sizeof magic);
    pass(&s, &h, sizeof h);
    pass_progress(&s, from->progress);
    pass_blocks(&s, from);
    uint32_t crc = s.crc;
    pass(&s, &crc, sizeof crc);
    bool good = !s.failed && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return good ? BASE_OK : write_failed(path, err);
}

base_status eng_checkpoint_save(const char *path, const eng_checkpoint *from, base_err *err) {
    base_buf name = {0};
    base_buf_printf(&name, "%s.XXXXXX", path); /* private until renamed: two attempts of a trial never share a file */
    base_status status = BASE_OK;
    int fd = mkstemp(name.data);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!file) {
        status = write_failed(path, err);
        if (fd >= 0) close(fd);
    } else {
        (void)fchmod(fd, 0644);
        status = write_body(file, path, from, err);
        if (fclose(file) != 0 && status == BASE_OK) status = write_failed(path, err);
    }
    if (status == BASE_OK && rename(name.data, path) != 0) status = write_failed(path, err);
    if (status != BASE_OK && fd >= 0) (void)unlink(name.data);
    base_buf_fini(&name);
    return status;
}

/* ---- loading ---- */

static base_status check_header(const char *path, const header *h, uint64_t size, base_err *err) {
    if (memcmp(h->magic, magic, sizeof magic) != 0) return BASE_FAIL(err, BASE_CORRUPT, "%s is not a checkpoint", path);
    if (h->mark != BYTE_ORDER_MARK)
        return BASE_FAIL(err, BASE_CORRUPT, "checkpoint %s comes from a machine with another byte order, or is damaged",
                         path);
    if (h->length != size)
        return BASE_FAIL(err, BASE_CORRUPT, "checkpoint %s has %llu bytes but was written with %llu", path,
                         (unsigned long long)size, (unsigned long long)h->length);
    return BASE_OK;
}

/* The CRC of the whole file; leaves it at its start. */
static base_status check_sum(FILE *file, const char *path, uint64_t size, base_err *err) {
    unsigned char piece[PIECE];
    uint32_t crc = 0, written = 0;
    rewind(file);
    for (uint64_t left = size - sizeof crc; left > 0;) {
        size_t n = left < PIECE ? (size_t)left : PIECE;
        if (fread(piece, 1, n, file) != n) return BASE_FAIL(err, BASE_IO, "cannot read checkpoint %s", path);
        crc = base_crc32(crc, piece, n);
        left -= n;
    }
    if (fread(&written, sizeof written, 1, file) != 1)
        return BASE_FAIL(err, BASE_IO, "cannot read checkpoint %s", path);
    rewind(file);
    if (crc != written) return BASE_FAIL(err, BASE_CORRUPT, "checkpoint %s is damaged: its checksum is wrong", path);
    return BASE_OK;
}

/* A sound file: is it this training's? */
static base_status check_owner(const char *path, const header *h, const eng_checkpoint *into, base_err *err) {
    if (h->version != VERSION)
        return BASE_FAIL(err, BASE_INVALID, "checkpoint %s has format %u; this program reads format %d", path,
                         h->version, VERSION);
    if (h->layout != layout_of(into))
        return BASE_FAIL(err, BASE_INVALID, "checkpoint %s is of another network or optimizer", path);
    if (h->identity != into->identity)
        return BASE_FAIL(err, BASE_INVALID, "checkpoint %s was made with other settings or other data", path);
    return BASE_OK;
}

static base_status read_body(FILE *file, const char *path, const eng_checkpoint *into, base_err *err) {
    stream s = {.file = file};
    header h;
    eng_progress progress = {.stop = into->progress->stop};
    struct stat info;
    uint64_t size = fstat(fileno(file), &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size : 0;
    if (size < HEADER + sizeof(uint32_t)) return BASE_FAIL(err, BASE_CORRUPT, "checkpoint %s is cut off", path);
    pass(&s, &h, sizeof h);
    if (s.failed) return BASE_FAIL(err, BASE_IO, "cannot read checkpoint %s", path);
    BASE_TRY(check_header(path, &h, size, err));
    BASE_TRY(check_sum(file, path, size, err));
    BASE_TRY(check_owner(path, &h, into, err));
    pass(&s, &h, sizeof h);
    s.size = size;
    pass_progress(&s, &progress);
    if (!s.failed && size == file_length(into, progress.epochs))
        pass_blocks(&s, into);
    else
        s.failed = true;
    if (s.failed) {
        eng_progress_fini(&progress);
        return BASE_FAIL(err, BASE_IO, "cannot read checkpoint %s", path);
    }
    eng_progress_fini(into->progress);
    *into->progress = progress;
    return BASE_OK;
}

base_status eng_checkpoint_load(const char *path, const eng_checkpoint *into, base_err *err) {
    FILE *file = fopen(path, "rbe");
    if (!file)
        return BASE_FAIL(err, errno == ENOENT ? BASE_NOTFOUND : BASE_IO, "cannot read checkpoint %s: %s", path,
                         strerror(errno));
    base_status status = read_body(file, path, into, err);
    fclose(file);
    return status;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The growing buffer, JSON strings, and whole files in and out. Numbers are in base/number.c.
 *
 * A file is written beside its place, synced and renamed, and then the folder is synced: POSIX makes the rename atomic,
 * but only a synced folder makes it survive a power failure. */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

void base_buf_fini(base_buf *buf) {
    free(buf->data);
    *buf = (base_buf){0};
}

void base_buf_clear(base_buf *buf) {
    buf->length = 0;
    if (buf->data) buf->data[0] = '\0';
}

const char *base_buf_text(const base_buf *buf) {
    return buf->data ? buf->data : "";
}

char *base_buf_reserve(base_buf *buf, size_t more) {
    if (more < buf->capacity - buf->length) return buf->data + buf->length;
    size_t need = more < SIZE_MAX - buf->length ? buf->length + more + 1 : SIZE_MAX;
    BASE_GROW(buf->data, buf->capacity, need);
    return buf->data + buf->length;
}

void base_buf_append(base_buf *buf, const void *bytes, size_t length) {
    char *end = base_buf_reserve(buf, length);
    if (length) memcpy(end, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void base_buf_puts(base_buf *buf, const char *text) {
    base_buf_append(buf, text, strlen(text));
}

void base_buf_putc(base_buf *buf, char c) {
    *base_buf_reserve(buf, 1) = c;
    buf->data[++buf->length] = '\0';
}

void base_buf_printf(base_buf *buf, const char *fmt, ...) {
    size_t room = buf->capacity - buf->length;
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(buf->data ? buf->data + buf->length : NULL, room, fmt, args);
    va_end(args);
    BASE_ASSERT(length >= 0);
    if ((size_t)length >= room) {
        char *end = base_buf_reserve(buf, (size_t)length);
        va_start(args, fmt);
        vsnprintf(end, (size_t)length + 1, fmt, args);
        va_end(args);
    }
    buf->length += (size_t)length;
}

/* The length of the UTF-8 sequence at text (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF); 0 if bad. */
static size_t utf8_length(const unsigned char *text) {
    unsigned char first = text[0], low = 0x80, high = 0xBF;
    if (first < 0x80) return 1;
    size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                    : (first & 0xF0) == 0xE0         ? 3
                    : first >= 0xF0 && first <= 0xF4 ? 4
                                                     : 0;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    for (size_t i = 1; i < length; i++, low = 0x80, high = 0xBF) {
        if (text[i] < low || text[i] > high) return 0;
    }
    return length;
}

bool base_is_utf8(const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    for (size_t length; *at; at += length) {
        length = utf8_length(at);
        if (length == 0) return false;
    }
    return true;
}

/* Of a sequence of that length. */
static unsigned code_point(const unsigned char *text, size_t length) {
    unsigned code = length == 1 ? text[0] : text[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) code = code << 6 | (text[i] & 0x3F);
    return code;
}

static bool is_control(unsigned code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

/* What YAML does not take literally between double quotes as JSON does: controls, line breaks that it folds, byte order
 * marks and what is no character (YAML 1.1, 5.1 and 5.4). */
static bool is_unsafe(unsigned code) {
    return is_control(code) || code == 0x2028 || code == 0x2029 || code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

static void put_escaped(base_buf *buf, unsigned code) {
    switch (code) {
    case '"': base_buf_puts(buf, "\\\""); return;
    case '\\': base_buf_puts(buf, "\\\\"); return;
    case '\n': base_buf_puts(buf, "\\n"); return;
    case '\r': base_buf_puts(buf, "\\r"); return;
    case '\t': base_buf_puts(buf, "\\t"); return;
    default: base_buf_printf(buf, "\\u%04x", code);
    }
}

void base_buf_put_visible(base_buf *buf, const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        const size_t length = utf8_length(at);
        const unsigned code = length > 0 ? code_point(at, length) : *at;
        if (length == 0 || is_control(code)) {
            base_buf_printf(buf, "\\x%02x", code);
        } else {
            base_buf_append(buf, at, length);
        }
        at += length > 0 ? length : 1;
    }
}

void base_buf_put_json(base_buf *buf, const char *text) {
    base_buf_putc(buf, '"');
    const unsigned char *at = (const unsigned char *)text, *start = at;
    while (*at) {
        const size_t length = utf8_length(at);
        /* a byte that is not UTF-8 becomes the character of its value, as if it were Latin-1 */
        const unsigned code = length > 0 ? code_point(at, length) : *at;
        const bool plain = length > 0 && code != '"' && code != '\\' && !is_unsafe(code);
        if (!plain) {
            base_buf_append(buf, start, (size_t)(at - start));
            put_escaped(buf, code);
        }
        at += length > 0 ? length : 1;
        if (!plain) start = at;
    }
    base_buf_append(buf, start, (size_t)(at - start));
    base_buf_putc(buf, '"');
}

static base_status fail_errno(base_err *err, const char *what, const char *path, int number) {
    bool missing = number == ENOENT || number == ENOTDIR;
    return BASE_FAIL(err, missing ? BASE_NOTFOUND : BASE_IO, "cannot %s '%s': %s", what, path, strerror(number));
}

base_status base_read_file(const char *path, base_buf *out, base_err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail_errno(err, "open", path, errno);
    size_t before = out->length;
    base_status status = BASE_OK;
    struct stat info;
    size_t expected = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 ? (size_t)info.st_size : 0;
    for (;;) {
        size_t done = out->length - before;
        size_t want = done < expected ? expected - done : 4096;
        ssize_t got = read(fd, base_buf_reserve(out, want), want);
        if (got > 0) {
            out->length += (size_t)got;
        } else if (got == 0) {
            break;
        } else if (errno != EINTR) {
            status = fail_errno(err, "read", path, errno);
            out->length = before;
            break;
        }
    }
    out->data[out->length] = '\0';
    close(fd);
    return status;
}

bool base_write_all(int fd, const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        const ssize_t done = write(fd, at, length);
        if (done < 0 && errno == EINTR) continue;
        if (done == 0) errno = EIO; /* or this would not end */
        if (done <= 0) return false;
        at += done;
        length -= (size_t)done;
    }
    return true;
}

/* Makes a rename in the folder of path durable. A file system that cannot sync a folder says EINVAL: nothing to do. */
static int sync_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? base_strdup(path) : base_strdup(".");
    if (slash) folder[slash == path ? 1 : slash - path] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0) return -1;
    int result = fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
    int number = errno;
    close(fd);
    errno = number;
    return result;
}

base_status base_write_file(const char *path, const void *bytes, size_t length, base_err *err) {
    base_buf temporary = {0};
    base_status status = BASE_OK;
    base_buf_printf(&temporary, "%s.tmp", path);
    int fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        status = fail_errno(err, "create", temporary.data, errno);
        goto out;
    }
    int number = base_write_all(fd, bytes, length) && fsync(fd) == 0 ? 0 : errno;
    if (close(fd) != 0 && number == 0) number = errno;
    if (number == 0 && rename(temporary.data, path) != 0) number = errno;
    if (number != 0) {
        unlink(temporary.data);
        status = fail_errno(err, "write", path, number);
        goto out;
    }
    if (sync_folder_of(path) != 0) status = fail_errno(err, "sync the folder of", path, errno);
out:
    base_buf_fini(&temporary);
    return status;
}

base_status base_make_folder(const char *path, base_err *err) {
    char *partial = base_strdup(path);
    base_status status = BASE_OK;
    for (char *at = partial; *at && status == BASE_OK;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char kept = *at;
        *at = '\0';
        struct stat info;
        if (*partial && mkdir(partial, 0777) != 0) {
            int number = errno;
            bool exists = stat(partial, &info) == 0;
            if (exists && !S_ISDIR(info.st_mode)) {
                status = BASE_FAIL(err, BASE_IO, "cannot make the folder '%s': '%s' is a file", path, partial);
            } else if (!exists) {
                status = BASE_FAIL(err, BASE_IO, "cannot make the folder '%s': %s", partial, strerror(number));
            }
        }
        *at = kept;
    }
    free(partial);
    return status;
}

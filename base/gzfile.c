/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole files through zlib, which reads a file without gzip magic as it is.
 *
 * gzread hands out what it could decompress of a truncated file and reports Z_BUF_ERROR only when asked: asked here,
 * since half a data set is a corrupt one. On failure out is as it was. */
#include "base/gzfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/arena.h"

enum { PIECE = 1 << 17, MOST_TIMES = 256 };

static base_status read_failed(gzFile file, const char *path, base_err *err) {
    int code;
    const char *text = gzerror(file, &code);
    if (code == Z_ERRNO) return BASE_FAIL(err, BASE_IO, "cannot read '%s': %s", path, strerror(errno));
    if (code == Z_MEM_ERROR) return BASE_FAIL(err, BASE_NOMEM, "no memory to decompress '%s'", path);
    if (code == Z_BUF_ERROR) {
        return BASE_FAIL(err, BASE_CORRUPT, "'%s' is a truncated gzip file: fetch or copy it again", path);
    }
    return BASE_FAIL(err, BASE_CORRUPT, "'%s' is a damaged gzip file (%s): fetch or copy it again", path, text);
}

/* What a caller without a limit may get. DEFLATE can become 1,032 times as large, text and images rarely fifty times.
 */
static size_t plausible_size(const char *path) {
    const size_t least = (size_t)64 << 20, times = MOST_TIMES;
    struct stat info;
    const size_t size = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (size_t)info.st_size : 0;
    return size > SIZE_MAX / times ? SIZE_MAX : size * times > least ? size * times : least;
}

static base_status read_pieces(gzFile file, const char *path, size_t limit, base_buf *out, void *piece, base_err *err) {
    const size_t before = out->length, most = plausible_size(path);
    for (;;) {
        int got = gzread(file, piece, PIECE);
        int code = Z_OK;
        if (got <= 0) {
            gzerror(file, &code);
            return got < 0 || (code != Z_OK && code != Z_STREAM_END) ? read_failed(file, path, err) : BASE_OK;
        }
        if (limit != 0 && (size_t)got > limit - (out->length - before)) {
            return BASE_FAIL(err, BASE_NOMEM, "'%s' holds more than the %zu bytes that are allowed", path, limit);
        }
        if (limit == 0 && !gzdirect(file) && (size_t)got > most - (out->length - before)) {
            return BASE_FAIL(err, BASE_CORRUPT,
                             "'%s' becomes larger than %zu MiB and %d times its size when it is decompressed; if it is "
                             "not damaged, decompress it with gunzip",
                             path, most >> 20, MOST_TIMES);
        }
        base_buf_append(out, piece, (size_t)got);
    }
}

base_status base_gz_read(const char *path, size_t limit, base_buf *out, base_err *err) {
    errno = 0;
    gzFile file = gzopen(path, "rbe");
    if (!file) {
        int number = errno ? errno : ENOMEM;
        base_status status = number == ENOENT || number == ENOTDIR ? BASE_NOTFOUND : BASE_IO;
        return BASE_FAIL(err, status, "cannot open '%s': %s", path, strerror(number));
    }
    gzbuffer(file, PIECE);
    size_t before = out->length;
    void *piece = base_malloc(PIECE);
    base_status status = read_pieces(file, path, limit, out, piece, err);
    if (status != BASE_OK && out->data) {
        out->length = before;
        out->data[before] = '\0';
    }
    free(piece);
    gzclose(file);
    return status;
}

uint32_t base_crc32(uint32_t crc, const void *bytes, size_t length) {
    return (uint32_t)crc32_z(crc, bytes, length);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status texts, error sentences and the assertion handler.
 *
 * The text of an error is formatted into a local buffer first: callers may pass the old text of the same base_err as an
 * argument. A sentence that does not fit ends in "..." rather than in the middle of nowhere. */
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *base_status_text(base_status code) {
    static const char *const texts[] = {
#define BASE_STATUS_TEXT(name, text) [BASE_##name] = text,
        BASE_STATUS_LIST(BASE_STATUS_TEXT)
#undef BASE_STATUS_TEXT
    };
    size_t index = (size_t)code;
    return index < sizeof texts / sizeof *texts ? texts[index] : "unknown status";
}

static void mark_cut(char *text, size_t size, int length) {
    if (length < 0 || (size_t)length < size) return;
    size_t at = size - sizeof "...";
    while (at > 0 && ((unsigned char)text[at] & 0xC0u) == 0x80u) at--; /* not inside a UTF-8 sequence */
    memcpy(text + at, "...", sizeof "...");
}

base_status base_err_vset(base_err *err, base_status code, const char *file, int line, const char *fmt, va_list args) {
    if (!err) return code;
    char text[sizeof err->text];
    mark_cut(text, sizeof text, vsnprintf(text, sizeof text, fmt, args));
    err->code = code;
    err->file = file;
    err->line = line;
    memcpy(err->text, text, sizeof text);
    return code;
}

base_status base_err_set(base_err *err, base_status code, const char *file, int line, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    base_err_vset(err, code, file, line, fmt, args);
    va_end(args);
    return code;
}

void base_err_prefix(base_err *err, const char *fmt, ...) {
    if (!err) return;
    char context[sizeof err->text], text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    mark_cut(context, sizeof context, vsnprintf(context, sizeof context, fmt, args));
    va_end(args);
    mark_cut(text, sizeof text, snprintf(text, sizeof text, "%s: %s", context, err->text));
    memcpy(err->text, text, sizeof text);
}

void base_assert_failed(const char *expr, const char *file, int line) {
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expr);
    fflush(stderr);
    abort();
}

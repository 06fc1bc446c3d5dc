/* SPDX-License-Identifier: GPL-3.0-or-later */
/* C source that grows. */
#include "engine/export/c_source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void eng_c_source_fini(eng_c_source *source) {
    base_buf_fini(&source->functions);
    base_buf_fini(&source->statements);
    free(source->known);
    *source = (eng_c_source){0};
}

static void put(const eng_c_source *source, const char *text, base_buf *out) {
    for (; *text != '\0'; text++) {
        if (*text == '@')
            base_buf_puts(out, source->prefix);
        else
            base_buf_putc(out, *text);
    }
}

static bool is_known(eng_c_source *source, const char *text) {
    for (size_t i = 0; i < source->n_known; i++)
        if (source->known[i] == text) return true;
    BASE_GROW(source->known, source->capacity, source->n_known + 1);
    source->known[source->n_known++] = text;
    return false;
}

void eng_c_function(eng_c_source *to, const char *text) {
    if (is_known(to, text)) return;
    put(to, text, &to->functions);
    base_buf_putc(&to->functions, '\n');
}

void eng_c_map(eng_c_source *to, const char *name, const char *map, size_t count, const char *x, const char *y) {
    if (!is_known(to, map)) {
        base_buf_printf(&to->functions, "static inline void %s_%s(int n, const float *x, float *y) {\n", to->prefix,
                        name);
        base_buf_printf(&to->functions,
                        "    for (int i = 0; i < n; i++) {\n        const float v = x[i];\n        y[i] = %s;\n    }\n"
                        "}\n\n",
                        map);
    }
    eng_c_statement(to, "@_%s(%zu, %s, %s);", name, count, x, y);
}

void eng_c_statement(eng_c_source *to, const char *fmt, ...) {
    char line[512];
    va_list args;
    va_start(args, fmt);
    const int length = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    BASE_ASSERT(length >= 0 && (size_t)length < sizeof line);
    base_buf_puts(&to->statements, "    ");
    put(to, line, &to->statements);
    base_buf_putc(&to->statements, '\n');
}

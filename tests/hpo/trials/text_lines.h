/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal's text as a list of lines, to be written again without some, or in another order. */
#ifndef TESTS_HPO_TRIALS_TEXT_LINES_H
#define TESTS_HPO_TRIALS_TEXT_LINES_H

#include "tests/hpo/trials/journal_fixture.h"

typedef struct text_lines {
    base_buf text;
    char *line[4096];
    size_t count;
} text_lines;

static inline text_lines *lines_of(const char *path) {
    text_lines *lines = base_calloc(1, sizeof *lines);
    lines->text = file_text(path);
    for (char *at = strtok(lines->text.data, "\n"); at; at = strtok(NULL, "\n")) {
        assert_true(lines->count < CHECK_COUNT(lines->line));
        lines->line[lines->count++] = at;
    }
    return lines;
}

static inline void lines_destroy(text_lines *lines) {
    base_buf_fini(&lines->text);
    free(lines);
}

/* Writes all lines but number `without`, those of `first` and `second` exchanged. */
static inline void write_lines(const fixture *f, const text_lines *lines, size_t without, size_t first, size_t second) {
    base_buf out = {0};
    for (size_t i = 0; i < lines->count; i++) {
        if (i == without) continue;
        base_buf_puts(&out, lines->line[i == first ? second : i == second ? first : i]);
        base_buf_puts(&out, "\n");
    }
    write_text(f->path, out.data, out.length);
    base_buf_fini(&out);
}

#endif

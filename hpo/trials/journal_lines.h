/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of an open file one after the other, with their place: number and offset of the first byte. */
#ifndef HPO_TRIALS_JOURNAL_LINES_H
#define HPO_TRIALS_JOURNAL_LINES_H

#include <stdint.h>

#include "base/status.h"

typedef struct journal_lines {
    int fd;
    const char *path;
    uint64_t size;         /* of the file when it was begun: what is written later is not looked at */
    uint64_t number, byte; /* of the newest line: counted from 1, and from 0 */
    const char *line;      /* without its newline; valid until the next call */
    size_t length;
    char *text;
    size_t capacity, filled, at; /* text[at..filled) is to come */
    uint64_t read;               /* bytes of the file that text has seen */
} journal_lines;

BASE_CHECK base_status hpo_lines_begin(journal_lines *lines, int fd, const char *path, base_err *err);
/* BASE_END: no whole line is left; line and length are then what follows the last newline. */
BASE_CHECK base_status hpo_lines_next(journal_lines *lines, base_err *err);
void hpo_lines_end(journal_lines *lines);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether what a line says can be: by itself, in the space, and after the lines before it. */
#ifndef HPO_TRIALS_JOURNAL_CHECK_H
#define HPO_TRIALS_JOURNAL_CHECK_H

#include "hpo/trials/journal.h"

typedef struct journal_check {
    const hpo_space *space;   /* NULL: configurations are not looked at */
    uint64_t trials, records; /* so far; attempts are none */
    uint64_t raws;
    char complaint[512];
} journal_check;

/* NULL, or what is wrong (valid until the next call). Counts the entry when it is right. */
const char *hpo_journal_check(journal_check *check, const hpo_entry *entry);

#endif

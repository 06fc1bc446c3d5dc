/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of a journal, understood. */
#ifndef HPO_TRIALS_JOURNAL_ENTRY_H
#define HPO_TRIALS_JOURNAL_ENTRY_H

#include "hpo/trials/journal_parse.h"

typedef struct journal_reader {
    const hpo_journal *journal;
    double *config; /* for a START's; NULL: it comes without */
    hpo_entry entry;
    journal_attr attr;
    unsigned shows; /* JOURNAL_SHOWS_...: the line shows this of a record to Optuna */
} journal_reader;

/* The line is right, but holds no entry. */
extern const char JOURNAL_NO_ENTRY[];
/* NULL: the line holds an entry, which is then in reader->entry; JOURNAL_NO_ENTRY; or a complaint. */
const char *hpo_journal_understand(journal_reader *reader, const char *line, size_t length, uint64_t format);

#endif

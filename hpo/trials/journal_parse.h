/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a journal as text: taken apart, and the attributes of ours among them read. */
#ifndef HPO_TRIALS_JOURNAL_PARSE_H
#define HPO_TRIALS_JOURNAL_PARSE_H

#include "hpo/trials/journal_data.h"
#include "hpo/trials/json_read.h"

enum { JOURNAL_NAME = 256 }; /* capacity of a name that is decoded */

/* One line, taken apart but not yet understood. */
typedef struct journal_line {
    bool has_op, ours;
    uint64_t op, trial;
    hpo_json_reader params; /* at the values, when .at is not NULL */
    hpo_json_text attr;     /* behind "hpo:" */
    hpo_json_reader body;   /* of that attribute */
} journal_line;

/* False: not one whole object with an op code. journal may be NULL: nothing of it is then known. */
bool hpo_journal_take_apart(const hpo_journal *journal, const char *line, size_t length, journal_line *out);

/* Each leaves reader->bad when something cannot be read. *record and *raw hold their defaults before. */
void hpo_journal_parse_record(hpo_json_reader *reader, hpo_record *record, char origin[JOURNAL_NAME]);
void hpo_journal_parse_raw(hpo_json_reader *reader, hpo_raw *raw);
/* config: NaN where a parameter is absent. */
void hpo_journal_parse_params(hpo_json_reader *reader, const hpo_journal *journal, double *config);

#endif

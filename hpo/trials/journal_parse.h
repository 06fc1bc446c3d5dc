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

typedef enum journal_attr_kind {
    JOURNAL_START,
    JOURNAL_PROMOTE,
    JOURNAL_REPORT,
    JOURNAL_RESULT,
    JOURNAL_CLOSE,
    JOURNAL_RAW,
    JOURNAL_ATTEMPT,
    JOURNAL_RUN,
} journal_attr_kind;

/* An attribute of a trial, understood: what a record has, also where it is a raw entry. */
typedef struct journal_attr {
    hpo_record *record; /* where to; its trial is set by the caller, but for START */
    bool is_report;     /* raw */
    bool by_posterior;  /* of a run's beginning */
    double elapsed;
    char origin[JOURNAL_NAME];
    char complaint[96];
} journal_attr;

/* NULL, or what is wrong. out holds its defaults before. */
const char *hpo_journal_parse_attr(hpo_json_reader *reader, journal_attr_kind kind, uint64_t format, journal_attr *out);
/* config: NaN where a parameter is absent. Leaves reader->bad when something cannot be read. */
void hpo_journal_parse_params(hpo_json_reader *reader, const hpo_journal *journal, double *config);

#endif

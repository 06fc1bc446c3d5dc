/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which evaluations of a damaged journal may lack something: those that were going on where a line is missing. Nobody
 * knows what stood in it, and a deterministic run that is driven again must have all reports of an evaluation or none.
 */
#ifndef HPO_TRIALS_JOURNAL_SURVEY_H
#define HPO_TRIALS_JOURNAL_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct journal_evaluation {
    bool begun, ended;
    uint64_t trial;
    uint32_t rung;
    uint64_t damages; /* before its beginning; 0: its beginning is what is missing */
} journal_evaluation;

typedef struct journal_survey {
    uint64_t damages;           /* places of damage so far: counted by the caller */
    journal_evaluation *newest; /* by trial */
    size_t n_newest, cap_newest;
    journal_evaluation *partial;
    size_t n_partial, cap_partial;
} journal_survey;

/* In the order of the file. */
void hpo_survey_begin(journal_survey *survey, uint64_t trial, uint32_t rung);
/* A report of it, which also tells of an evaluation whose beginning is lost. */
void hpo_survey_report(journal_survey *survey, uint64_t trial, uint32_t rung);
void hpo_survey_end(journal_survey *survey, uint64_t trial, uint32_t rung);
void hpo_survey_finish(journal_survey *survey);
bool hpo_survey_is_partial(const journal_survey *survey, uint64_t trial, uint32_t rung);
void hpo_survey_fini(journal_survey *survey);

#endif

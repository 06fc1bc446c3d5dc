/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of a run, as rows of texts that every format shows in its own way. Control characters are visible
 * (\x1b) in all of them; escaping for HTML, Markdown and CSV is that of the format. */
#ifndef HPO_REPORT_TABLES_H
#define HPO_REPORT_TABLES_H

#include "base/table.h"
#include "hpo/report/importance.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_fact {
    const char *name, *text;
} hpo_fact;
typedef struct hpo_facts {
    hpo_fact *item;
    size_t count, capacity;
} hpo_facts;

enum { HPO_SHOWN_PARAMS = 60 }; /* columns of trials: more cannot be looked at */

/* In arena, as all that is here. */
hpo_facts hpo_facts_of_run(const hpo_account *account, base_arena *arena);
/* Of the best trial, its parameters and metrics; empty: none has worked. */
hpo_facts hpo_facts_of_best(const hpo_account *account, base_arena *arena);
hpo_facts hpo_facts_of_mishaps(const hpo_account *account, base_arena *arena);  /* a line for each */
base_table hpo_table_of_mishaps(const hpo_account *account, base_arena *arena); /* the same with room for reasons */
/* Of several metrics: the front from the best in the first metric on, at most so many; empty with one. */
base_table hpo_table_of_front(const hpo_account *account, size_t most, base_arena *arena);
base_table hpo_table_of_steps(const hpo_account *account, base_arena *arena);
base_table hpo_table_of_rungs(const hpo_account *account, base_arena *arena);
base_table hpo_table_of_trusts(const hpo_account *account, base_arena *arena);
base_table hpo_table_of_workers(const hpo_account *account, base_arena *arena);
/* Shares of variance and PED-ANOVA, most important first. importance NULL, here and below: an empty table. */
base_table hpo_table_of_importance(const hpo_account *account, const hpo_importance *importance, base_arena *arena);
base_table hpo_table_of_pairs(const hpo_account *account, const hpo_importance *importance, base_arena *arena);
base_table hpo_table_of_path(const hpo_account *account, const hpo_importance *importance, base_arena *arena);
/* The best trials (at their highest fidelity), at most so many, best first. */
base_table hpo_table_of_trials(const hpo_account *account, size_t most, base_arena *arena);

/* Configurations with several full evaluations, at most so many, the best mean first; empty: there are none. */
base_table hpo_table_of_tries(const hpo_account *account, size_t most, base_arena *arena);

/* A text with its control characters visible; a number with six digits, "" when it is NaN. */
const char *hpo_visible_text(base_arena *arena, const char *text);
const char *hpo_plain_number(base_arena *arena, double value);

/* Its folder without what lies above it: two runs are told apart by it. */
const char *hpo_account_label(const hpo_account *account);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What configurations that were tried several times are worth: a mean over seeds says more than the luckiest one. */
#include <math.h>
#include <stdlib.h>

#include "hpo/report/tables.h"

typedef struct worth {
    uint64_t first, count; /* count: full evaluations that worked */
    double mean, squares;  /* squares: of what differs from the mean, summed (Welford, Technometrics 4(3), 1962) */
    bool maximize;
} worth;

static int by_mean(const void *left, const void *right) {
    const worth *a = left, *b = right;
    if ((a->count > 1) != (b->count > 1)) return a->count > 1 ? -1 : 1;
    if (a->mean != b->mean) return (a->mean < b->mean) != a->maximize ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

base_table hpo_table_of_tries(const hpo_account *a, size_t most, base_arena *arena) {
    static const char *const names[] = {"first trial", "tries", "mean", "standard deviation"};
    const char *metric = hpo_visible_text(arena, a->run.metric);
    base_table t = base_table_begin(arena, base_arena_printf(arena, "Configurations that were tried again: %s", metric),
                                    0, 4, names);
    const hpo_tries tries = hpo_account_tries(a, arena);
    if (tries.most < 2) return t;
    worth *of = BASE_NEW_ARRAY(arena, tries.configs, worth);
    for (uint64_t k = 0; k < tries.configs; k++) of[k] = (worth){.first = tries.first[k], .maximize = a->run.maximize};
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        worth *w = &of[tries.config[id]];
        double fidelity;
        const double value = hpo_account_value(&trial, &fidelity);
        if (!isfinite(value) || fidelity < a->run.fidelity.max) continue;
        const double off = value - w->mean;
        w->mean += off / (double)++w->count;
        w->squares += off * (value - w->mean);
    }
    qsort(of, tries.configs, sizeof *of, by_mean);
    for (size_t k = 0; k < tries.configs && k < most && of[k].count > 1; k++) {
        const char **row = base_table_row(&t);
        row[0] = base_arena_printf(arena, "%llu", (unsigned long long)of[k].first);
        row[1] = base_arena_printf(arena, "%llu", (unsigned long long)of[k].count);
        row[2] = hpo_plain_number(arena, of[k].mean);
        row[3] = hpo_plain_number(arena, sqrt(of[k].squares / (double)(of[k].count - 1)));
    }
    t.note = "Over full evaluations that worked, whose seeds differ; the best mean first.";
    return t;
}

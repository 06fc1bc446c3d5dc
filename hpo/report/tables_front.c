/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front of a study of several metrics. */
#include <stdlib.h>

#include "hpo/models/hypervolume.h"
#include "hpo/report/tables.h"
#include "hpo/trials/order.h"

base_table hpo_table_of_front(const hpo_account *a, size_t most, base_arena *arena) {
    const size_t k = a->run.n_goals;
    const char *names[1 + HPO_MAX_GOALS] = {"trial"};
    size_t count = 0;
    for (size_t g = 0; g < k; g++) names[1 + g] = hpo_visible_text(arena, a->run.goals[g].name);
    hpo_incumbent *front = k > 1 ? hpo_front_create(a->view, &count) : NULL;
    const char *title = base_arena_printf(arena, "Front of %zu, hypervolume %.6g", count,
                                          count > 0 ? hpo_view_hypervolume(a->view) : 0);
    base_table t = base_table_begin(arena, title, 0, 1 + k, names);
    for (size_t i = 0; i < count && i < most; i++) {
        const double *values = hpo_eval_values(front[i].eval, k);
        const char **row = base_table_row(&t);
        row[0] = base_arena_printf(arena, "%llu", (unsigned long long)front[i].trial);
        for (size_t g = 0; g < k; g++) row[1 + g] = hpo_plain_number(arena, values[g]);
    }
    if (count > most) t.note = base_arena_printf(arena, "The %zu best in %s; --format json has all.", most, names[1]);
    free(front);
    return t;
}

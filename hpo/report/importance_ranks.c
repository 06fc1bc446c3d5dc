/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "hpo/report/importance.h"

static int by_share(const void *a, const void *b) {
    const hpo_ranked *x = a, *y = b;
    if (x->share != y->share) return x->share > y->share ? -1 : 1;
    return x->i != y->i ? (x->i > y->i) - (x->i < y->i) : (x->j > y->j) - (x->j < y->j);
}

const hpo_ranked *hpo_importance_ranks(const hpo_importance *m, base_arena *arena) {
    hpo_ranked *order = BASE_NEW_ARRAY(arena, m->dims, hpo_ranked);
    for (size_t d = 0; d < m->dims; d++) order[d] = (hpo_ranked){d, d, m->fanova.single[d]};
    qsort(order, m->dims, sizeof *order, by_share);
    return order;
}

const hpo_ranked *hpo_importance_pairs(const hpo_importance *m, bool whole, size_t *count, base_arena *arena) {
    *count = 0;
    if (!m->fanova.pair) return NULL;
    hpo_ranked *order = BASE_NEW_ARRAY(arena, m->dims * m->dims, hpo_ranked);
    const double *single = m->fanova.single;
    for (size_t i = 0; i < m->dims; i++)
        for (size_t j = i + 1; j < m->dims; j++)
            order[(*count)++] =
                (hpo_ranked){i, j, m->fanova.pair[i * m->dims + j] + (whole ? single[i] + single[j] : 0)};
    qsort(order, *count, sizeof *order, by_share);
    return order;
}

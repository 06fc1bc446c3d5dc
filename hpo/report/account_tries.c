/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which trials have the same configuration. */
#include "base/index.h"
#include "hpo/report/account.h"

static uint64_t config_of(const hpo_account *a, const hpo_tries *t, const base_index *known, uint64_t hash,
                          const double *config) {
    size_t cursor = 0, k;
    while ((k = base_index_next(known, hash, &cursor)) != SIZE_MAX)
        if (hpo_space_equal(a->run.space, hpo_view_trial(a->view, t->first[k]).config, config)) return k;
    return UINT64_MAX;
}

hpo_tries hpo_account_tries(const hpo_account *a, base_arena *arena) {
    const uint64_t n = hpo_view_trials(a->view);
    hpo_tries t = {.config = BASE_NEW_ARRAY(arena, n + 1, uint64_t),
                   .number = BASE_NEW_ARRAY(arena, n + 1, uint64_t),
                   .first = BASE_NEW_ARRAY(arena, n + 1, uint64_t),
                   .count = BASE_NEW_ARRAY(arena, n + 1, uint64_t)};
    base_index known = {0};
    for (uint64_t id = 0; id < n; id++) {
        const double *config = hpo_view_trial(a->view, id).config;
        const uint64_t hash = hpo_space_hash(a->run.space, config);
        uint64_t k = config_of(a, &t, &known, hash, config);
        if (k == UINT64_MAX) {
            k = t.configs++;
            t.first[k] = id;
            t.count[k] = 0;
            base_index_add(arena, &known, hash, k);
        }
        t.config[id] = k;
        t.number[id] = t.count[k]++;
        if (t.count[k] > t.most) t.most = t.count[k];
    }
    return t;
}

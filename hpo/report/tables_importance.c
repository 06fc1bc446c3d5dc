/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "hpo/report/tables.h"

enum { PAIRS = 6 };
static const double SMALLEST_PAIR = 0.005;

static const char *name_of(const hpo_account *a, size_t dim, base_arena *arena) {
    return hpo_visible_text(arena, hpo_space_param(a->run.space, hpo_space_dim_param(a->run.space, dim))->name);
}

/* Percent. */
static const char *share_text(base_arena *arena, double share) {
    return base_arena_printf(arena, "%.1f", 100 * share);
}

static const char *note_of(const hpo_account *a, const hpo_importance *m, base_arena *arena) {
    const char *sample =
        m->sampled < m->rows ? base_arena_printf(arena, ", of which %zu were looked at", m->sampled) : "";
    const char *at =
        a->run.fidelity.name ? base_arena_printf(arena, " at %s %.6g", a->run.fidelity.name, m->fidelity) : "";
    const char *few =
        m->rows < 5 * m->dims ? base_arena_printf(arena, ", which is little for %zu parameters", m->dims) : "";
    const char *columns = m->n_at > 0
                              ? base_arena_printf(arena, " Columns \"at\": fANOVA of what trials showed at that %s.",
                                                  hpo_visible_text(arena, a->run.fidelity.name))
                              : "";
    return base_arena_printf(arena,
                             "fANOVA: share of the variance over the whole space, as a random forest sees it, in %%. "
                             "PED-ANOVA: what sets the best tenth apart. From %zu values%s%s%s.%s",
                             m->rows, at, sample, few, columns);
}

base_table hpo_table_of_importance(const hpo_account *a, const hpo_importance *m, base_arena *arena) {
    const size_t fidelities = m ? m->n_at : 0;
    const char **names = BASE_NEW_ARRAY(arena, 3 + fidelities, const char *);
    names[0] = "parameter", names[1] = "fANOVA %", names[2] = "PED-ANOVA %";
    for (size_t i = 0; i < fidelities; i++) names[3 + i] = base_arena_printf(arena, "at %.4g", m->at[i].fidelity);
    base_table t = base_table_begin(arena, "Importance", 1, 3 + fidelities, names);
    if (!m) return t;
    const hpo_ranked *order = hpo_importance_ranks(m, arena);
    for (size_t k = 0; k < m->dims; k++) {
        const size_t d = order[k].i;
        const char **row = base_table_row(&t);
        row[0] = name_of(a, d, arena);
        row[1] = share_text(arena, m->fanova.single[d]);
        row[2] = share_text(arena, m->ped[d]);
        for (size_t i = 0; i < fidelities; i++) row[3 + i] = share_text(arena, m->at[i].single[d]);
    }
    t.note = note_of(a, m, arena);
    return t;
}

base_table hpo_table_of_pairs(const hpo_account *a, const hpo_importance *m, base_arena *arena) {
    static const char *const names[] = {"parameter", "and", "fANOVA %"};
    base_table t = base_table_begin(arena, "Pairs: what is theirs beyond the fractions of the two", 2, 3, names);
    if (!m) return t;
    size_t n;
    const hpo_ranked *order = hpo_importance_pairs(m, false, &n, arena);
    for (size_t k = 0; k < n && k < PAIRS && order[k].share >= SMALLEST_PAIR; k++) {
        const char **row = base_table_row(&t);
        row[0] = name_of(a, order[k].i, arena);
        row[1] = name_of(a, order[k].j, arena);
        row[2] = share_text(arena, order[k].share);
    }
    return t;
}

base_table hpo_table_of_path(const hpo_account *a, const hpo_importance *m, base_arena *arena) {
    static const char *const names[] = {"changed", "predicted", "gain"};
    base_table t =
        base_table_begin(arena, "Ablation: from the default to the best, one parameter at a time", 1, 3, names);
    for (size_t i = 0; m && i < m->n_path; i++) {
        const hpo_ablation_step *s = &m->path[i];
        const char **row = base_table_row(&t);
        row[0] = i == 0 ? "(default)" : hpo_visible_text(arena, hpo_space_param(a->run.space, s->param)->name);
        row[1] = hpo_plain_number(arena, s->value);
        if (i > 0)
            row[2] = base_arena_printf(arena, "%.3g", (a->run.maximize ? 1 : -1) * (s->value - s[-1].value) + 0.0);
    }
    t.note = "The default is the prior's mode where there is one, else the middle; values are the forest's.";
    return t;
}

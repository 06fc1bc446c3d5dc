/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Takes the rows of a run at one fidelity, and has them looked at. */
#include "hpo/report/importance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/report/importance_impl.h"

enum { FIDELITIES = 6, ROWS_PER_FIDELITY = 1000, ENOUGH = 100, PAIR_DIMS = 24, ROWS_PER_DIM = 5 };

typedef struct rows {
    double *points, *targets; /* values as the user sees them */
    size_t n, all;
} rows;

static bool value_at(const hpo_trial *trial, double fidelity, double *value) {
    for (size_t i = trial->n_evals; i-- > 0;)
        if (trial->evals[i].failure == HPO_FAILURE_NONE && trial->evals[i].fidelity == fidelity) {
            *value = trial->evals[i].value;
            return isfinite(*value);
        }
    return false;
}

static size_t count_at(const hpo_account *a, double fidelity) {
    size_t n = 0;
    double value;
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        n += value_at(&trial, fidelity, &value);
    }
    return n;
}

static void encode(const hpo_space *space, const double *config, const double *otherwise, double *unit) {
    hpo_space_to_unit(space, config, unit);
    for (size_t d = 0; d < hpo_space_dims(space); d++)
        if (isnan(unit[d])) unit[d] = otherwise[d];
}

/* Of more than `most` rows, evenly many. */
static rows rows_at(const hpo_account *a, double fidelity, size_t most, base_arena *arena) {
    const size_t dims = hpo_space_dims(a->run.space);
    rows r = {.all = count_at(a, fidelity)};
    const size_t kept = r.all < most ? r.all : most;
    double *otherwise = BASE_NEW_ARRAY(arena, dims, double);
    r.points = BASE_NEW_ARRAY(arena, kept * dims, double);
    r.targets = BASE_NEW_ARRAY(arena, kept, double);
    hpo_importance_default(a->run.space, otherwise);
    size_t number = 0;
    for (uint64_t id = 0; id < hpo_view_trials(a->view) && r.n < kept; id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        double value;
        if (!value_at(&trial, fidelity, &value)) continue;
        const size_t slot = number++ * kept / r.all;
        if (slot < r.n) continue;
        encode(a->run.space, trial.config, otherwise, r.points + r.n * dims);
        r.targets[r.n++] = value;
    }
    return r;
}

static int by_number(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Those with enough values, lowest first; of too many, the highest. */
static size_t find_fidelities(const hpo_account *a, double *out) {
    size_t n = 0, kept = 0;
    double *all = base_calloc(a->n_rungs + 1, sizeof *all);
    for (size_t i = 0; i < a->n_rungs; i++) {
        bool known = false;
        for (size_t k = 0; k < n; k++) known |= all[k] == a->rungs[i].fidelity;
        if (!known && count_at(a, a->rungs[i].fidelity) >= HPO_IMPORTANCE_LEAST) all[n++] = a->rungs[i].fidelity;
    }
    qsort(all, n, sizeof *all, by_number);
    for (size_t i = n > FIDELITIES ? n - FIDELITIES : 0; i < n; i++) out[kept++] = all[i];
    free(all);
    return kept;
}

/* The highest with enough, else the one with most. */
static double main_fidelity(const hpo_account *a, const double *fidelities, size_t n) {
    size_t best = 0, most = 0;
    for (size_t i = n; i-- > 0;) {
        const size_t count = count_at(a, fidelities[i]);
        if (count >= ENOUGH) return fidelities[i];
        if (count > most) most = count, best = i;
    }
    return fidelities[best];
}

/* What can be looked at in time: fewer rows where there are many parameters. */
static size_t limited(size_t wanted, size_t dims) {
    const size_t most = HPO_IMPORTANCE_NUMBERS / dims;
    return wanted < most ? wanted : most > HPO_IMPORTANCE_LEAST ? most : HPO_IMPORTANCE_LEAST;
}

static void look_at(const hpo_account *a, double fidelity, hpo_importance *out, base_arena *arena) {
    base_arena *own = base_arena_create();
    const rows r = rows_at(a, fidelity, limited(ROWS_PER_FIDELITY, 4 * out->dims), own);
    hpo_forest *forest = hpo_importance_forest(r.points, r.targets, r.n, out->dims, a->run.head.seed);
    const hpo_fanova of = hpo_fanova_of(forest, HPO_IMPORTANCE_TREES, out->dims, false, a->run.head.seed, arena);
    out->at[out->n_at++] = (hpo_importance_at){.fidelity = fidelity, .rows = r.all, .single = of.single};
    hpo_forest_destroy(forest);
    base_arena_destroy(own);
}

static void look_closely(const hpo_account *a, hpo_importance *out, base_arena *arena) {
    base_arena *own = base_arena_create();
    const rows r = rows_at(a, out->fidelity, limited(HPO_IMPORTANCE_ROWS, out->dims), own);
    double *losses = BASE_NEW_ARRAY(own, r.n, double);
    size_t *bins = BASE_NEW_ARRAY(own, out->dims, size_t);
    for (size_t i = 0; i < r.n; i++) losses[i] = a->run.maximize ? -r.targets[i] : r.targets[i];
    for (size_t d = 0; d < out->dims; d++)
        bins[d] = (size_t)hpo_param_levels(hpo_space_param(a->run.space, hpo_space_dim_param(a->run.space, d)));
    out->rows = r.all;
    out->sampled = r.n;
    hpo_forest *forest = hpo_importance_forest(r.points, r.targets, r.n, out->dims, a->run.head.seed);
    out->fanova =
        hpo_fanova_of(forest, HPO_IMPORTANCE_TREES, out->dims, out->dims <= PAIR_DIMS, a->run.head.seed, arena);
    out->ped = BASE_NEW_ARRAY(arena, out->dims, double);
    hpo_ped_anova(r.points, losses, r.n, out->dims, bins, out->ped);
    hpo_importance_ablate(a, forest, out, arena);
    hpo_forest_destroy(forest);
    base_arena_destroy(own);
}

const hpo_importance *hpo_importance_of(const hpo_account *a, base_arena *arena) {
    double fidelities[FIDELITIES];
    const size_t n = find_fidelities(a, fidelities), dims = hpo_space_dims(a->run.space);
    if (n == 0 || dims == 0 || dims > HPO_IMPORTANCE_DIMS) return NULL;
    hpo_importance *out = BASE_NEW(arena, hpo_importance);
    out->dims = dims;
    out->fidelity = main_fidelity(a, fidelities, n);
    out->at = BASE_NEW_ARRAY(arena, n, hpo_importance_at);
    look_closely(a, out, arena);
    /* Columns beside each other are for comparing, so each must say something. */
    for (size_t i = 0; i < n && n > 1; i++)
        if (count_at(a, fidelities[i]) >= ROWS_PER_DIM * dims) look_at(a, fidelities[i], out, arena);
    if (out->n_at == 1 && out->at[0].fidelity == out->fidelity) out->n_at = 0; /* nothing to compare with */
    return out;
}

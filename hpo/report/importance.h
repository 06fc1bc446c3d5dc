/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which hyperparameters matter.
 *
 * fANOVA (F. Hutter, H. H. Hoos, K. Leyton-Brown, ICML 2014): a random forest is fitted to what trials showed at one
 * fidelity, and its variance over the whole space is split into shares of single parameters and of pairs. Here the
 * variance is that of the mean over the trees, not the mean of the trees' variances: single trees vary by themselves.
 * Marginals are exact in all other parameters and taken at the middles of a fixed grid.
 *
 * PED-ANOVA (S. Watanabe, A. Bansal, F. Hutter, IJCAI 2023, equation 16): how far the best tenth is distributed
 * otherwise than all trials, which tells what matters to be good, not what matters anywhere.
 *
 * Ablation (C. Fawcett, H. H. Hoos, Journal of Heuristics 22, 2016; on a surrogate: A. Biedenkapp et al., AAAI 2017):
 * from the prior's mode, or the middle of the space, to the best configuration, one parameter at a time, each time the
 * one that is predicted to gain most.
 *
 * Features are unit coordinates of the space; what is inactive stands at its default (prior's mode, else the middle).
 * The same run gives the same bits. */
#ifndef HPO_REPORT_IMPORTANCE_H
#define HPO_REPORT_IMPORTANCE_H

#include "hpo/models/forest.h"
#include "hpo/report/account.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    HPO_MARGINAL = 48,
    HPO_PAIR_GRID = 24,
    HPO_IMPORTANCE_ROWS = 4000,
    HPO_IMPORTANCE_NUMBERS = 80000,
    HPO_IMPORTANCE_LEAST = 20,
    HPO_IMPORTANCE_DIMS = 200
};

/* ---- numbers in, numbers out ---- */

/* Shares of the forest's variance over the unit cube. */
typedef struct hpo_fanova {
    size_t dims;
    double variance;       /* of the forest's mean; 0: it is flat, and all shares are 0 */
    double *single;        /* dims */
    double *pair;          /* dims x dims, upper triangle: without the fractions of the two; NULL: not asked for */
    double *mean, *spread; /* dims x HPO_MARGINAL: partial dependence and its standard deviation over the trees */
    double *surface;       /* (pair index i * dims + j, i < j) x HPO_PAIR_GRID^2, i by rows; NULL as pair */
} hpo_fanova;

/* points: n x dims in [0,1]. Arrays are the arena's. */
hpo_forest *hpo_importance_forest(const double *points, const double *targets, size_t n, size_t dims, uint64_t seed);
hpo_fanova hpo_fanova_of(const hpo_forest *forest, size_t trees, size_t dims, bool pairs, uint64_t seed,
                         base_arena *arena);
enum { HPO_IMPORTANCE_TREES = 32 };
/* shares: dims, of sum 1 (0 when nothing differs). bins[d] > 0: so many values, each in a bin of equal width. */
void hpo_ped_anova(const double *points, const double *targets, size_t n, size_t dims, const size_t *bins,
                   double *shares);

/* ---- of a run ---- */

typedef struct hpo_ablation_step {
    size_t param; /* index in the space; SIZE_MAX: where it begins */
    double value; /* predicted */
} hpo_ablation_step;

typedef struct hpo_importance_at {
    double fidelity;
    size_t rows;
    double *single; /* by dim */
} hpo_importance_at;

typedef struct hpo_importance {
    size_t dims;
    double fidelity;      /* whose values these are */
    size_t rows, sampled; /* that there are; that were looked at */
    hpo_fanova fanova;    /* values as the user sees them */
    double *ped;
    hpo_importance_at *at; /* per fidelity that has five values per parameter, lowest first; none of a single one */
    size_t n_at;
    hpo_ablation_step *path;
    size_t n_path;
} hpo_importance;

/* Of the highest fidelity with enough values, else of the one with most. NULL: fewer than HPO_IMPORTANCE_LEAST,
 * or more than HPO_IMPORTANCE_DIMS parameters. In arena. */
const hpo_importance *hpo_importance_of(const hpo_account *account, base_arena *arena);

/* A parameter (i = j), or a pair i < j, and its fraction of the variance. */
typedef struct hpo_ranked {
    size_t i, j;
    double share;
} hpo_ranked;

/* All dims, by fANOVA, most important first. */
const hpo_ranked *hpo_importance_ranks(const hpo_importance *importance, base_arena *arena);
/* All pairs, strongest first; whole: with the fractions of the two themselves. *count is 0 where pairs were not asked
 * for. */
const hpo_ranked *hpo_importance_pairs(const hpo_importance *importance, bool whole, size_t *count, base_arena *arena);

#ifdef __cplusplus
}
#endif
#endif

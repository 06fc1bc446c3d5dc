/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search distribution of CMA-ES, and how a generation changes it: a normal over numbers, some of which may be
 * rounded to levels, and independent probabilities of choices.
 *
 * Numbers: N. Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772v2 (2023), with active covariance
 * update; `separable` as R. Ros, N. Hansen, "A Simple Modification in CMA-ES Achieving Linear Time and Space
 * Complexity", PPSN X, 2008. Levels and choices: R. Hamano, S. Saito, M. Nomura, K. Uchida, S. Shirakawa, "CatCMA with
 * Margin: Stochastic Optimization for Continuous, Integer, and Categorical Variables", GECCO 2025, which extends
 * CMA-ES with Margin (R. Hamano, S. Saito, M. Nomura, S. Shirakawa, GECCO 2022) and CatCMA (R. Hamano, S. Saito,
 * M. Nomura, K. Uchida, S. Shirakawa, GECCO 2024). Without levels and choices it is plain CMA-ES. */
#ifndef HPO_MODELS_CMA_H
#define HPO_MODELS_CMA_H

#include "base/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The values of a number that are rounded to the same level: from low to high, which are infinite for the first and the
 * last level; centre is where the level itself lies. */
typedef struct hpo_cma_bin {
    double low, centre, high;
} hpo_cma_bin;

typedef struct hpo_cma_config {
    size_t n;                                                             /* numbers */
    const bool *stepped;                                                  /* which of them are rounded; NULL = none */
    hpo_cma_bin (*bin)(const void *context, size_t number, double value); /* not asked without rounded ones */
    const void *context;
    size_t n_choices;            /* behind the numbers in a point */
    const size_t *levels;        /* of each, at least 2 */
    const double *probabilities; /* of all levels one after the other, each choice's summing to 1; NULL = uniform */
    bool separable;
    size_t lambda; /* points of a generation, at least 2 */
    const double *mean;
    double sigma;
} hpo_cma_config;

/* Points of a generation when nobody says: 4 + floor(3 ln d), d numbers and choices. */
size_t hpo_cma_lambda(size_t d);

typedef struct hpo_cma hpo_cma;
/* Copies what it needs; `context` must outlive it. */
hpo_cma *hpo_cma_create(const hpo_cma_config *config);
void hpo_cma_destroy(hpo_cma *cma); /* accepts NULL */

/* point: n numbers as drawn (rounding is the caller's), then the index of each choice. */
void hpo_cma_sample(const hpo_cma *cma, base_rng *rng, double *point);
/* A point that was evaluated. NaN coordinates say nothing. */
typedef struct hpo_cma_point {
    const double *x;
    double loss;
    bool foreign; /* not drawn from the distribution as it is now: its distance is cut as N. Hansen, "Injecting External
                     Solutions Into CMA-ES", arXiv:1110.4181 (2011), says */
} hpo_cma_point;
/* A generation: lambda points, best first. O(lambda n^2 + n^3 / generations between two decompositions). */
void hpo_cma_update(hpo_cma *cma, const hpo_cma_point *points);
/* Why nothing more is to be expected of it (appendix B.3 of the tutorial), a static text; NULL: it goes on. */
const char *hpo_cma_stopped(const hpo_cma *cma);

/* ---- looking ---- */
const double *hpo_cma_mean(const hpo_cma *cma);
double hpo_cma_sigma(const hpo_cma *cma);
/* Entry of the covariance matrix C; with `separable` 0 off the diagonal. */
double hpo_cma_covariance(const hpo_cma *cma, size_t i, size_t j);
/* By how much the normal is widened in a number that is rounded; 1 for others. */
double hpo_cma_widening(const hpo_cma *cma, size_t i);
const double *hpo_cma_probabilities(const hpo_cma *cma);

#ifdef __cplusplus
}
#endif
#endif

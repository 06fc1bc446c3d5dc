/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A random forest for regression whose trees disagree where little is known: its mean is that of the trees, its
 * variance theirs. */
#ifndef HPO_MODELS_FOREST_H
#define HPO_MODELS_FOREST_H

#include "base/arena.h"
#include "base/rng.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_forest hpo_forest;

/* A feature is a number, or one of `categories[f]` >= 2 categories 0, 1, ...; categories[f] = 0 (or categories NULL):
 * a number. Never NULL. */
hpo_forest *hpo_forest_create(size_t features, const size_t *categories, size_t trees);
void hpo_forest_destroy(hpo_forest *forest); /* accepts NULL */
/* For describing a function rather than searching on it: trees see every row, and at a node every feature proposes
 * `tries` splits, of which the best is taken, where SMAC draws rows and proposes one split (P. Geurts, D. Ernst, L.
 * Wehenkel, 2006, section 2.1). They follow the function more closely and differ less; there is no outside error. */
void hpo_forest_follow_closely(hpo_forest *forest, size_t tries);

/* What is fitted now, as a forest that lives in arena: it is not fitted again, nor destroyed. */
const hpo_forest *hpo_forest_copy(const hpo_forest *forest, base_arena *arena);

/* Fits all trees to n >= 1 rows of `features` finite numbers and their finite targets, replacing what was fitted. Tree
 * t draws from base_rng_stream(seed, BASE_RNG_BOOTSTRAP, fit, t) alone. log_targets: the targets are logarithms, and a
 * leaf holds the logarithm of the mean of what they stand for. least >= 1: a leaf has as many different rows. */
void hpo_forest_fit(hpo_forest *forest, const double *points, const double *targets, size_t n, bool log_targets,
                    size_t least, uint64_t seed, uint32_t fit);

/* Mean square by which the first n fitted rows are missed by the trees that have not seen them, as it would be if all
 * trees had not; rows that fewer than two have not seen do not count. Infinity when none counts. */
double hpo_forest_outside_error(const hpo_forest *forest, const double *targets, size_t n);

/* Mean and population variance over the trees' leaves, for `count` rows of features. */
void hpo_forest_predict(const hpo_forest *forest, const double *points, size_t count, double *mean, double *variance);
/* What every tree says about one row: values[trees]. */
void hpo_forest_leaves(const hpo_forest *forest, const double *point, double *values);
/* The leaves of a tree as boxes of the unit cube, for a forest of numbers alone: visit gets the bounds by feature. */
void hpo_forest_boxes(const hpo_forest *forest, size_t number,
                      void (*visit)(void *self, const double *low, const double *high, double value), void *self);

#ifdef __cplusplus
}
#endif
#endif

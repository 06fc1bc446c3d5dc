/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel density estimator of BOHB: one bandwidth for each coordinate, for numbers and choices together. */
#ifndef HPO_MODELS_KDE_H
#define HPO_MODELS_KDE_H

#include "base/rng.h"
#include "hpo/space/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes of the good and the bad set among n results: the best `percent` and the next 100 - percent, each at least
 * max(min_points, dims + 1), as far as there are results. False: too few for a model. */
bool hpo_kde_split(size_t dims, size_t n, size_t min_points, double percent, size_t *good, size_t *bad);

typedef struct hpo_kde hpo_kde;

/* The space must outlive it. Never NULL. */
hpo_kde *hpo_kde_create(const hpo_space *space, double min_bandwidth);
void hpo_kde_destroy(hpo_kde *kde); /* accepts NULL */

/* Takes n > 0 points: rows[i] is a row of unit (row-major, dims of the space), trial[i] its trial. A coordinate that is
 * NaN is filled from other points, by draws that depend on the seed, n and the trial alone. */
void hpo_kde_fit(hpo_kde *kde, const double *unit, const size_t *rows, const uint64_t *trial, size_t n, uint64_t seed);
double hpo_kde_bandwidth(const hpo_kde *kde, size_t dim);
/* Point `row` of the fit as it is used: nothing is NaN; choices as their index. */
double hpo_kde_coordinate(const hpo_kde *kde, size_t row, size_t dim);
/* log density at count points (rows of dims; nothing NaN). */
void hpo_kde_log_density(hpo_kde *kde, const double *points, size_t count, double *out);
/* Points near fitted ones, one after another: numbers from a normal truncated to [0,1] with `factor` bandwidths as its
 * deviation, a choice kept or drawn anew with its bandwidth as the probability. */
void hpo_kde_draw(const hpo_kde *kde, double factor, base_rng *rng, size_t count, double *points);

#ifdef __cplusplus
}
#endif
#endif

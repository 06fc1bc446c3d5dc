/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Parzen estimator of TPE: a density over some coordinates of the unit cube, as a mixture of one product kernel for
 * each point and one for the prior. */
#ifndef HPO_MODELS_PARZEN_H
#define HPO_MODELS_PARZEN_H

#include "base/rng.h"
#include "hpo/space/space.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_parzen hpo_parzen;

/* The space must outlive it. Never NULL. */
hpo_parzen *hpo_parzen_create(const hpo_space *space);
void hpo_parzen_destroy(hpo_parzen *parzen); /* accepts NULL */

/* ---- points, oldest first; a row's number never changes ---- */
void hpo_parzen_clear(hpo_parzen *parzen);
size_t hpo_parzen_points(const hpo_parzen *parzen);
/* unit: count x dims of the space, NaN where inactive. Copied. */
void hpo_parzen_add(hpo_parzen *parzen, const double *unit, size_t count);

/* What every point counts, by row, instead of what its age says; borrowed until the next clear. NULL: by age. */
void hpo_parzen_weigh(hpo_parzen *parzen, const double *weights);

/* Fits over the given coordinates to the points whose member byte is not 0 (by row; NULL: all) and which have all of
 * these coordinates. dims is borrowed until the next fit. Fitting again after few changes is cheap. */
void hpo_parzen_fit(hpo_parzen *parzen, const size_t *dims, size_t n_dims, const unsigned char *member);
size_t hpo_parzen_kernels(const hpo_parzen *parzen); /* points used */
/* log density at `count` points (rows of `dims of the space` doubles; only the fitted coordinates are read). Stepped
 * numbers and choices contribute the probability of their value. */
void hpo_parzen_log_density(hpo_parzen *parzen, const double *points, size_t count, double *out);
/* Draws the fitted coordinates of `count` points (as above), one point after another; stepped numbers and choices come
 * as the coordinate of their value. */
void hpo_parzen_draw(const hpo_parzen *parzen, base_rng *rng, size_t count, double *points);
/* Bandwidth of a point in a fitted numeric coordinate. */
double hpo_parzen_sigma(const hpo_parzen *parzen, size_t dim, size_t row);

/* Weights of n points, oldest first: recent ones count fully, older ones less. */
void hpo_parzen_weights(size_t n, double *weights);

#ifdef __cplusplus
}
#endif
#endif

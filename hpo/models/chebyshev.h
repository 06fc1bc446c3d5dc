/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One loss made of several, for models that know one: ParEGO (J. Knowles, "ParEGO: A Hybrid Algorithm With On-Line
 * Landscape Approximation for Expensive Multiobjective Optimization Problems", IEEE Trans. Evol. Comput. 10, 2006).
 *
 * Each goal is scaled to [0, 1] over the successes of the data set; weights w are drawn anew for every proposal, and
 * the loss of a result is the augmented Chebyshev function (equation 2)
 *
 *     max_g w_g f_g + 0.05 sum_g w_g f_g,
 *
 * of which the minimum over a front, convex or not, is a point of the front, another one for other weights. So
 * proposals go to all parts of the front in turn. Knowles draws weights from a lattice on the simplex; here they are
 * uniform on the whole of it. */
#ifndef HPO_MODELS_CHEBYSHEV_H
#define HPO_MODELS_CHEBYSHEV_H

#include "base/rng.h"
#include "hpo/models/observations.h"

#ifdef __cplusplus
extern "C" {
#endif

/* k weights >= 0 with the sum 1, uniform on the simplex. Takes k uniforms. */
void hpo_simplex_weights(base_rng *rng, size_t k, double *weights);
/* The function itself, of k losses. */
double hpo_chebyshev(const double *losses, const double *weights, size_t k);

/* Zero-initialize. What it holds is reused from one call to the next. */
typedef struct hpo_scalarised {
    double *loss;
    size_t capacity;
} hpo_scalarised;
void hpo_scalarised_fini(hpo_scalarised *scalarised);

/* The data set with the scalarised loss of k goals in the place of the first goal's; failures stay failures, a goal
 * that all successes have the same value of is 0. Valid until the next call, and as long as the data set is. */
hpo_dataset hpo_scalarise(hpo_scalarised *scalarised, const hpo_dataset *data, const double *weights, size_t k);
/* With weights drawn from the stream. With one goal the data set as it is, and nothing is drawn. */
hpo_dataset hpo_scalarise_drawn(hpo_scalarised *scalarised, hpo_view view, const hpo_dataset *data, base_rng *rng);

#ifdef __cplusplus
}
#endif
#endif

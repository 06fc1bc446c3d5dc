/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who stays so that a front is covered evenly: the reference points and niches of NSGA-III (K. Deb, H. Jain, "An
 * Evolutionary Many-Objective Optimization Algorithm Using Reference-Point-Based Nondominated Sorting Approach, Part
 * I", IEEE Trans. Evol. Comput. 18, 2014, section IV). Rows are k finite losses each. */
#ifndef HPO_MODELS_REFERENCE_POINTS_H
#define HPO_MODELS_REFERENCE_POINTS_H

#include "base/rng.h"
#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Evenly spread points of the simplex (all >= 0, of sum 1): with as many divisions of every edge as give `most` of them
 * at most (I. Das, J. E. Dennis, SIAM J. Optim. 8, 1998), at least the k corners. When the divisions are fewer than k,
 * so that all would lie on its border, a second, smaller layer of half the size is put inside (Deb and Jain, section
 * VI-E), if there is room. *count rows of k numbers, to be freed. */
double *hpo_reference_points(size_t k, size_t most, size_t *count);

/* out: losses with 0 at the best in each goal and 1 where the plane through the extreme points meets its axis; where
 * there is no such plane, or it meets an axis beyond the worst row, 1 is the worst row. Extreme is who is least in the
 * achievement scalarizing function of an axis (equation 4), of losses scaled to [0, 1]: in the paper they are not
 * scaled, so that the units matter. */
void hpo_normalize_goals(const double *losses, size_t n, size_t k, double *out);

/* The first `kept` of n rows stay, and `wanted` of the others, their numbers in chosen: again and again one from the
 * niche with the fewest, where a niche is the rows that are nearest to the line from the origin through a reference
 * point (algorithms 3 and 4). Ties are broken at random. kept + wanted <= n, n_points > 0. */
void hpo_niches_choose(const double *losses, size_t n, size_t k, size_t kept, size_t wanted, const double *points,
                       size_t n_points, base_rng *rng, size_t *chosen);

#ifdef __cplusplus
}
#endif
#endif

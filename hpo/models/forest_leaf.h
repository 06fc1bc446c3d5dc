/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many rows a leaf should have: one where targets are exact, more where they are noisy. */
#ifndef HPO_MODELS_FOREST_LEAF_H
#define HPO_MODELS_FOREST_LEAF_H

#include "hpo/models/forest.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fits *forest as hpo_forest_fit does, with leaves of the size that misses rows outside the bag least, and returns that
 * size. *spare is another forest of the same features and trees; the two may be exchanged. */
size_t hpo_forest_fit_leaf(hpo_forest **forest, hpo_forest **spare, const double *points, const double *targets,
                           size_t n, bool log_targets, uint64_t seed, uint32_t fit);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The size of leaves by the error outside the bag (L. Breiman, "Random Forests", Machine Learning 45, 2001,
 * section 3.1): trees that are split down to single rows follow the noise of their targets, and only rows that they
 * have not seen can tell. Sizes are tried in ascending order, each twice the one before, until the error grows. */
#include "hpo/models/forest_leaf.h"

enum { FIRST = 3, MOST = 24, LEAVES = 4 }; /* a forest of fewer leaves is no model */

size_t hpo_forest_fit_leaf(hpo_forest **forest, hpo_forest **spare, const double *points, const double *targets,
                           size_t n, bool log_targets, uint64_t seed, uint32_t fit) {
    size_t best = 1;
    hpo_forest_fit(*forest, points, targets, n, log_targets, best, seed, fit);
    double error = hpo_forest_outside_error(*forest, targets, n);
    for (size_t size = FIRST; size <= MOST && LEAVES * size <= n; size *= 2) {
        hpo_forest_fit(*spare, points, targets, n, log_targets, size, seed, fit);
        const double smoother = hpo_forest_outside_error(*spare, targets, n);
        if (!(smoother < error)) break;
        hpo_forest *swap = *forest;
        *forest = *spare;
        *spare = swap;
        error = smoother;
        best = size;
    }
    return best;
}

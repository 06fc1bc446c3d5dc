/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The knapsack problem of a genotype within limits: of the edges of each node take a number, with one operation each,
 * so that the sum of weights is largest and no sum of costs exceeds its capacity. */
#ifndef NAS_KNAPSACK_H
#define NAS_KNAPSACK_H

#include "nas/space.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NAS_KNAPSACK_COSTS = 3 };

typedef struct nas_knapsack {
    const nas_space *space;
    const double *const *weights;                   /* finite; [cell type][nas_space_edge.offset + operation] */
    size_t n_costs;                                 /* at most NAS_KNAPSACK_COSTS */
    const double *const *costs[NAS_KNAPSACK_COSTS]; /* whole numbers >= 0, laid out like weights */
    double capacity[NAS_KNAPSACK_COSTS];            /* finite */
} nas_knapsack;

/* taken[cell type][edge] = the operation, or SIZE_MAX. false: nothing is within the capacities. *states: how many
 * states were kept. */
bool nas_knapsack_solve(const nas_knapsack *knapsack, size_t *const *taken, size_t *states);

#ifdef __cplusplus
}
#endif
#endif

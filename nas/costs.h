/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a network of a space costs, as a sum: a fixed part (stem, preprocessing of inputs, residual blocks, head) and
 * one number for each operation of each edge, over all places where cells of the type stand.
 *
 * Parameters and operations are such sums to the unit: activations, poolings and sums have neither, so it does not
 * matter that operations of one node share a rectified input. Only where an input or a node of a cell may be without a
 * reader is the sum an upper bound, because what nothing reads is not built. */
#ifndef NAS_COSTS_H
#define NAS_COSTS_H

#include "nas/genotype.h"
#include "nas/skeleton.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nas_cost {
    NAS_COST_PARAMETERS, /* numbers that are trained */
    NAS_COST_FLOPS,      /* of one sample forward (engine/modules/summary.h) */
    NAS_COST_LATENCY,    /* nanoseconds, from a table that was measured; whole ones, so that sums are exact */
    NAS_COSTS,
} nas_cost;

extern const char *const nas_cost_names[NAS_COSTS]; /* "parameters", "flops", "latency" */

/* All numbers are whole and stay below 2^53, so that sums of doubles are exact. */
typedef struct nas_costs {
    const nas_space *space;
    double fixed[NAS_COSTS];
    double **each[NAS_COSTS]; /* by kind, cell type, and nas_space_edge.offset + operation */
    bool exact;               /* no input or node of a cell may be without a reader: sums are not only upper bounds */
} nas_costs;

/* Parameters and operations of the networks that nas_network_build makes of genotypes with these settings (without the
 * auxiliary tower) and surroundings; latencies are zero. From one graph with every operation on every edge, in the
 * arena. BASE_INVALID as of nas_skeleton_build. */
BASE_CHECK base_status nas_costs_count(const nas_space *space, const nas_settings *settings,
                                       const eng_net_config *around, base_arena *arena, nas_costs *out, base_err *err);
/* Of a genotype of the space. */
double nas_costs_of(const nas_costs *costs, nas_cost kind, const nas_genotype *genotype);
/* The smallest and the largest that a genotype of the space may have. */
void nas_costs_range(const nas_costs *costs, nas_cost kind, double *smallest, double *largest);

#ifdef __cplusplus
}
#endif
#endif

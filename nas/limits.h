/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hard limits on what a search may choose: the strongest genotype whose costs stay within them.
 *
 * What a selection reads off the weights of the edges stands, ties and all, when it is within the limits. Else that
 * genotype is found whose operations have the largest sum of weights among all that are within: without limits it is
 * that of the strongest edges again, because every node then adds up its largest weights. The sum is a knapsack problem
 * (each node takes `keep` of its edges, each edge one operation), solved exactly.
 *
 * Cost: 48 bytes and a fraction of a microsecond for each state of dynamic programming that no other one dominates and
 * that a bound cannot exclude. For the space of DARTS these are less than a thousand with one limit (0.1 ms) and some
 * ten thousands with three that have nothing to do with each other (10 ms). */
#ifndef NAS_LIMITS_H
#define NAS_LIMITS_H

#include "base/rng.h"
#include "nas/costs.h"
#include "nas/selection.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_limits {
    nas_costs costs;
    double max[NAS_COSTS]; /* INFINITY = no limit */
} nas_limits;

/* None. */
nas_limits nas_limits_none(const nas_costs *costs);
/* The same limits where a space has fewer operations on its edges (nas/narrow.h), in arena. */
nas_limits *nas_limits_narrow(const nas_limits *limits, const nas_space *space, base_arena *arena);
bool nas_limits_meet(const nas_limits *limits, const nas_genotype *genotype);
/* Is there a genotype within the limits? If not, *which is the limit that none keeps, and `why` says what is the
 * smallest number possible: of all genotypes, or of those that meet the other limits where only all together are too
 * much. */
bool nas_limits_possible(const nas_limits *limits, nas_cost *which, base_buf *why);

/* Into an empty genotype: the one within the limits with the largest sum of weights (finite, laid out as
 * nas_space_edge.offset says); among equals one with the least of the first cost that is limited. `states`, if not
 * NULL: how many states it took. false: there is none. */
bool nas_limits_best(const nas_limits *limits, const double *const *weights, nas_genotype *out, size_t *states);
/* What the selection chooses, if it is within the limits, else what it leaves of the best, in arena; state: its
 * options. limits NULL: none. BASE_NUMERIC when
 * a weight is not finite; BASE_INVALID when nothing is within the limits. */
BASE_CHECK base_status nas_limits_choose(const nas_limits *limits, const nas_selection *selection, const void *state,
                                         const nas_space *space, const double *const *weights, base_arena *arena,
                                         nas_genotype **out, base_err *err);
/* The genotype within the limits, which are possible, that has as many operations of another one as can be, among these
 * the one with the largest sum of weights; itself if it is within them. */
nas_genotype *nas_limits_nearest(const nas_limits *limits, nas_genotype *genotype, const double *const *weights,
                                 base_arena *arena);
/* A random genotype within the limits, which are possible: the first of 100 of the whole space that is within them,
 * each equally likely; where none is, the best for weights that are drawn from [0, 1), which reaches every genotype but
 * not equally often. limits NULL: none. */
nas_genotype *nas_limits_random(const nas_limits *limits, const nas_space *space, base_rng *rng, base_arena *arena);

/* How far the network that the edge weights (as for nas_limits_best) mean on average is above the limits: the sum of
 * max(0, E / limit - 1) over the limits, where E is
 *
 *   fixed cost + sum over edges of keep / edges of the node * sum over operations of share * cost,
 *
 * with share = weight / sum of the weights of operations that may be chosen. So `none` does not count where a finished
 * cell cannot have it, and every set of `keep` edges is taken as equally likely. Adds `strength` times the slopes by
 * the weights to slopes. The expected cost is that of H. Cai et al., "ProxylessNAS", ICLR 2019, section 3.3.1, from a
 * table of entries as in B. Wu et al., "FBNet", CVPR 2019, equation 3; but where they trade cost against the loss
 * everywhere, here it counts only above the limit, as in M. Tan et al., "MnasNet", CVPR 2019, figure 3 on the left, and
 * below it the search is that without limits. */
double nas_limits_penalty(const nas_limits *limits, double strength, const double *const *weights,
                          double *const *slopes);
/* What tells searches with different limits apart, as text. */
void nas_limits_identify(const nas_limits *limits, double penalty, base_buf *out);

/* "1234 parameters", "1.2e+06 flops", "1.5 ms". */
void nas_cost_print(nas_cost kind, double value, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif

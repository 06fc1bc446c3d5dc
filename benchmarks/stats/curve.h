/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run of a search as a step function: what it has spent so far -> how far its incumbent is from the optimum.
 *
 * A search picks its incumbent by the values that it sees, which may be noisy. What is drawn is the incumbent's exact
 * value. So a curve can rise, where noise made a worse configuration look better. */
#ifndef BENCHMARKS_STATS_CURVE_H
#define BENCHMARKS_STATS_CURVE_H

#include <stdbool.h>

#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A result as the search was told it. */
typedef struct bench_event {
    double cost;     /* spent by the whole run when it was told */
    double fidelity; /* a result at a higher one than all before becomes the incumbent; 0 where all are alike */
    double value;    /* what the search saw; NaN or infinite: a failure, never the incumbent */
    double exact;    /* a full evaluation without noise; NaN: value is that */
} bench_event;

typedef struct bench_goal {
    bool maximize;
    double optimum;
    /* Where regret is 1: a worst or a median value. NaN: regret is not normalized. Where it is no worse than the
     * optimum, every regret above 0 is INFINITY. */
    double reference;
} bench_goal;

typedef struct bench_step {
    double cost, regret; /* regret from this cost on */
} bench_step;

typedef struct bench_curve {
    size_t n;
    const bench_step *steps; /* costs ascend, no two are equal */
    double before;           /* regret without an incumbent: INFINITY, or what the caller writes here */
    double end;
} bench_curve;

/* |value - optimum|, signed so that worse than the optimum is positive; normalized by the reference. A value better
 * than the optimum has a negative regret. */
double bench_regret(const bench_goal *goal, double value);

/* The curve of a run, in arena. Events are in the order in which the search was told them, costs never descend. The
 * incumbent is the best value at the highest fidelity seen so far; of equal ones the earlier stays.
 * end: up to where the run goes, such as its budget; INFINITY: the last incumbent stands for ever. */
bench_curve bench_curve_make(base_arena *arena, const bench_goal *goal, const bench_event *events, size_t n,
                             double end);

/* At a cost: the regret of the incumbent that was known then (an event at this very cost counts). Beyond the end: NaN,
 * for nobody measured it. */
double bench_curve_at(const bench_curve *curve, double cost);
/* At n costs. */
void bench_curve_on(const bench_curve *curve, const double *costs, size_t n, double *regrets);
/* The cost at which the regret is first <= target; INFINITY: never. */
double bench_curve_hit(const bench_curve *curve, double target);

typedef enum bench_axis_scale { BENCH_LINEAR, BENCH_LOGARITHMIC } bench_axis_scale;
/* n costs from..to, equally far from each other on the scale; the first and the last are exact. n = 1: to.
 * 0 <= from <= to, and 0 < from on a logarithmic scale. */
void bench_cost_grid(double from, double to, size_t n, bench_axis_scale scale, double *costs);
/* The area under the curve between two costs over the distance between them, both on the scale: a mean regret.
 * from < to; NaN when the run ended sooner. */
double bench_curve_area(const bench_curve *curve, double from, double to, bench_axis_scale scale);

#ifdef __cplusplus
}
#endif
#endif

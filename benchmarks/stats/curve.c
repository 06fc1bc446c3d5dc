/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs as step functions, on a grid of costs and as areas. */
#include "benchmarks/stats/curve.h"

#include <math.h>

double bench_regret(const bench_goal *goal, double value) {
    const double sign = goal->maximize ? -1 : 1, regret = sign * (value - goal->optimum);
    if (isnan(goal->reference)) return regret;
    const double width = sign * (goal->reference - goal->optimum);
    if (width > 0) return regret / width;
    return regret > 0 ? INFINITY : regret;
}

typedef struct incumbent {
    bool known;
    double fidelity, value;
} incumbent;

static bool replaces(const bench_event *event, const incumbent *best, bool maximize) {
    if (!isfinite(event->value)) return false;
    if (!best->known || event->fidelity > best->fidelity) return true;
    if (event->fidelity < best->fidelity) return false;
    return maximize ? event->value > best->value : event->value < best->value;
}

bench_curve bench_curve_make(base_arena *arena, const bench_goal *goal, const bench_event *events, size_t n,
                             double end) {
    bench_step *steps = BASE_NEW_ARRAY(arena, n, bench_step);
    incumbent best = {.known = false};
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const bench_event *event = &events[i];
        BASE_ASSERT(i == 0 || event->cost >= events[i - 1].cost);
        if (!replaces(event, &best, goal->maximize)) continue;
        best = (incumbent){true, event->fidelity, event->value};
        if (count == 0 || steps[count - 1].cost < event->cost) count++;
        const double exact = isnan(event->exact) ? event->value : event->exact;
        steps[count - 1] = (bench_step){event->cost, bench_regret(goal, exact)};
    }
    return (bench_curve){.n = count, .steps = steps, .before = INFINITY, .end = end};
}

/* How many steps begin at this cost or before it. */
static size_t steps_until(const bench_curve *curve, double cost) {
    size_t low = 0, high = curve->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (curve->steps[middle].cost <= cost)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double bench_curve_at(const bench_curve *curve, double cost) {
    if (!(cost <= curve->end)) return NAN;
    const size_t begun = steps_until(curve, cost);
    return begun > 0 ? curve->steps[begun - 1].regret : curve->before;
}

void bench_curve_on(const bench_curve *curve, const double *costs, size_t n, double *regrets) {
    for (size_t i = 0; i < n; i++) regrets[i] = bench_curve_at(curve, costs[i]);
}

double bench_curve_hit(const bench_curve *curve, double target) {
    for (size_t i = 0; i < curve->n && curve->steps[i].cost <= curve->end; i++)
        if (curve->steps[i].regret <= target) return curve->steps[i].cost;
    return INFINITY;
}

void bench_cost_grid(double from, double to, size_t n, bench_axis_scale scale, double *costs) {
    BASE_ASSERT(from >= 0 && from <= to && (scale == BENCH_LINEAR || from > 0));
    for (size_t i = 0; i + 1 < n; i++) {
        const double t = (double)i / (double)(n - 1);
        costs[i] = scale == BENCH_LINEAR ? from + t * (to - from) : from * pow(to / from, t);
    }
    if (n > 0) costs[n - 1] = to;
}

double bench_curve_area(const bench_curve *curve, double from, double to, bench_axis_scale scale) {
    BASE_ASSERT(from < to && (scale == BENCH_LINEAR || from > 0));
    if (!(to <= curve->end)) return NAN;
    double area = 0, left = from, regret = bench_curve_at(curve, from);
    for (size_t i = steps_until(curve, from); left < to; i++) {
        const double right = i < curve->n ? fmin(curve->steps[i].cost, to) : to;
        area += regret * (scale == BENCH_LINEAR ? right - left : log(right / left));
        left = right;
        if (i < curve->n) regret = curve->steps[i].regret;
    }
    return area / (scale == BENCH_LINEAR ? to - from : log(to / from));
}

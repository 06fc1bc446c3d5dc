/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Currin's exponential function and the flow through a borehole, each with a rougher model of itself.
 *
 * C. Currin et al., "Bayesian prediction of deterministic functions", JASA 86(416), 1991; W. V. Harper, S. K. Gupta,
 * "Sensitivity/uncertainty analysis of a borehole scenario", 1983; the rough versions are those of S. Xiong, P. Z. G.
 * Qian, C. F. J. Wu, "Sequential design and analysis of high-accuracy and low-accuracy computer codes", Technometrics
 * 55(1), 2013. The fidelity is the level, 1 (rough) or 2 (exact); a rough evaluation costs a tenth (K. Kandasamy et
 * al., "Gaussian process bandit optimization with multi-fidelity evaluations", NIPS 2016). Both are maximized: the
 * borehole's largest flow lies in a corner, because it rises or falls monotonically in each argument. */
#include <math.h>

#include "benchmarks/problems/problem.h"

enum { EXACT = 2 };

static double level_cost(double fidelity) {
    return fidelity < EXACT ? 0.1 : 1;
}

/* ---- Currin ---- */
static base_status currin_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    BASE_TRY(bench_add(instance, space, &(hpo_param){.name = "x", .kind = HPO_FLOAT, .min = 0, .max = 1}, err));
    return bench_add(instance, space, &(hpo_param){.name = "y", .kind = HPO_FLOAT, .min = 0, .max = 1}, err);
}

static double currin_value(double x, double y) {
    const double rise = y > 0 ? 1 - exp(-1 / (2 * y)) : 1;
    return rise * (2300 * x * x * x + 1900 * x * x + 2092 * x + 60) / (100 * x * x * x + 500 * x * x + 4 * x + 20);
}

static void currin_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                            double *values) {
    (void)instance, (void)noise;
    if (fidelity >= EXACT) {
        values[0] = currin_value(x[0], x[1]);
        return;
    }
    const double above = x[1] + 0.05, below = fmax(0, x[1] - 0.05);
    values[0] = (currin_value(x[0] + 0.05, above) + currin_value(x[0] + 0.05, below) +
                 currin_value(x[0] - 0.05, above) + currin_value(x[0] - 0.05, below)) /
                4;
}

static bool currin_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    (void)instance;
    if (which > 0) return false;
    x[0] = 0.216666663;
    x[1] = 0;
    *value = 13.798722044728432;
    return true;
}

const bench_problem bench_problem_currin = {
    .name = "currin",
    .summary = "Currin's function of 2 numbers, maximized: 13.798722; fidelity level, 1 (rough) or 2",
    .metric = {"value"},
    .maximize = 1,
    .fidelity = {.name = "level", .min = 1, .max = EXACT, .integer = true},
    .parameters = currin_parameters,
    .evaluate = currin_evaluate,
    .cost = level_cost,
    .optimum = currin_optimum,
};

/* ---- Borehole ---- */
enum { RW, R, TU, HU, TL, HL, L, KW, BOREHOLE_DIMS };
static const struct {
    const char *name;
    double min, max, best;
} borehole_box[BOREHOLE_DIMS] = {
    [RW] = {"rw", .05, .15, .15},         /* radius of the borehole, m */
    [R] = {"r", 100, 50000, 100},         /* radius of influence, m */
    [TU] = {"Tu", 63070, 115600, 115600}, /* transmissivity of the upper aquifer, m^2/yr */
    [HU] = {"Hu", 990, 1110, 1110},       /* its potentiometric head, m */
    [TL] = {"Tl", 63.1, 116, 116},        /* of the lower one */
    [HL] = {"Hl", 700, 820, 700},         [L] = {"L", 1120, 1680, 1120}, /* length of the borehole, m */
    [KW] = {"Kw", 9855, 12045, 12045},                                   /* its hydraulic conductivity, m/yr */
};

static base_status borehole_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    for (size_t i = 0; i < BOREHOLE_DIMS; i++) {
        const hpo_param param = {
            .name = borehole_box[i].name, .kind = HPO_FLOAT, .min = borehole_box[i].min, .max = borehole_box[i].max};
        BASE_TRY(bench_add(instance, space, &param, err));
    }
    return BASE_OK;
}

static void borehole_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                              double *values) {
    (void)instance, (void)noise;
    const bool exact = fidelity >= EXACT;
    const double ratio = log(x[R] / x[RW]);
    const double resistance = (exact ? 1 : 1.5) + 2 * x[L] * x[TU] / (ratio * x[RW] * x[RW] * x[KW]) + x[TU] / x[TL];
    values[0] = (exact ? 2 * M_PI : 5) * x[TU] * (x[HU] - x[HL]) / (ratio * resistance);
}

static bool borehole_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    (void)instance;
    if (which > 0) return false;
    for (size_t i = 0; i < BOREHOLE_DIMS; i++) x[i] = borehole_box[i].best;
    *value = 309.5755876604079;
    return true;
}

const bench_problem bench_problem_borehole = {
    .name = "borehole",
    .summary = "the flow through a borehole, 8 numbers, maximized: 309.575588; fidelity level, 1 (rough) or 2",
    .metric = {"value"},
    .maximize = 1,
    .fidelity = {.name = "level", .min = 1, .max = EXACT, .integer = true},
    .parameters = borehole_parameters,
    .evaluate = borehole_evaluate,
    .cost = level_cost,
    .optimum = borehole_optimum,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hartmann's functions of three and six arguments, and their versions with cheap, misleading evaluations.
 *
 *   H(x) = -sum_i alpha_i exp(-sum_j A_ij (x_j - P_ij)^2),   x in [0,1]^d
 *
 * J. K. Hartman, "Some experiments in global optimization", Naval Research Logistics Quarterly 20(3), 1973.
 *
 * With a fidelity z in [1, 100] and t = ln z / ln 100, the weights lose bias * (1 - t), and |N(0,1)| * noise * (1 - t)
 * is added (N. Mallik et al., "PriorBand: Practical Hyperparameter Optimization in the Age of Deep Learning", NeurIPS
 * 2023, with the five strengths of its benchmark suite). At z = 100 the value is H itself. Weights may become negative,
 * so that a low z ranks the good region last. "good" and "bad" tell how far low fidelities agree with the full one.
 *
 * The published code seeds its noise from the configuration; here it is drawn from the trial's seed and z, so that two
 * trials of one configuration differ and a trial that is run again does not. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/problem.h"

enum { TERMS = 4, MAX_DIMS = 6, FULL = 100 };

typedef struct hartmann_shape {
    size_t dims;
    double a[TERMS][MAX_DIMS];
    double p[TERMS][MAX_DIMS];
    double place[MAX_DIMS], value; /* of the minimum */
} hartmann_shape;

typedef struct hartmann_detail {
    const hartmann_shape *shape;
    double bias, noise;
} hartmann_detail;

static const double alpha[TERMS] = {1.0, 1.2, 3.0, 3.2};

static const hartmann_shape shape3 = {
    .dims = 3,
    .a = {{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}},
    .p = {{0.3689, 0.1170, 0.2673}, {0.4699, 0.4387, 0.7470}, {0.1091, 0.8732, 0.5547}, {0.0381, 0.5743, 0.8828}},
    .place = {0.114588897, 0.555648897, 0.852546984},
    .value = -3.862779787332663,
};

static const hartmann_shape shape6 = {
    .dims = 6,
    .a = {{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}},
    .p = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
          {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
          {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
          {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}},
    .place = {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573},
    .value = -3.322368011391339,
};

static base_status hartmann_parameters(const bench_problem *problem, const bench_size *size, hpo_space *space,
                                       base_err *err) {
    (void)size;
    const hartmann_detail *detail = problem->detail;
    for (size_t i = 0; i < detail->shape->dims; i++) {
        const char *name = base_arena_printf(hpo_space_arena(space), "x%zu", i + 1);
        BASE_TRY(hpo_space_add(space, &(hpo_param){.name = name, .kind = HPO_FLOAT, .min = 0, .max = 1}, err));
    }
    return BASE_OK;
}

static double hartmann_value(const hartmann_shape *shape, const double *x, double loss) {
    double sum = 0;
    for (size_t i = 0; i < TERMS; i++) {
        double distance = 0;
        for (size_t j = 0; j < shape->dims; j++) {
            const double d = x[j] - shape->p[i][j];
            distance += shape->a[i][j] * d * d;
        }
        sum += (alpha[i] - loss) * exp(-distance);
    }
    return -sum;
}

static double hartmann_evaluate(const bench_problem *problem, const bench_size *size, const double *x, double fidelity,
                                base_rng *noise) {
    (void)size;
    const hartmann_detail *detail = problem->detail;
    const double missing = problem->fidelity.name ? 1 - log(fidelity) / log(FULL) : 0;
    const double value = hartmann_value(detail->shape, x, detail->bias * missing);
    return missing > 0 ? value + fabs(base_rng_normal(noise)) * detail->noise * missing : value;
}

/* lambda(z) of the benchmark suite. */
static double hartmann_cost(double fidelity) {
    const double share = fidelity / FULL;
    return 0.05 + 0.95 * share * share;
}

static bool hartmann_optimum(const bench_problem *problem, const bench_size *size, size_t which, double *x,
                             double *value) {
    (void)size;
    const hartmann_shape *shape = ((const hartmann_detail *)problem->detail)->shape;
    if (which > 0) return false;
    memcpy(x, shape->place, shape->dims * sizeof *x);
    *value = shape->value;
    return true;
}

#define HARTMANN(dims_, text)                                                                                          \
    const bench_problem bench_problem_hartmann##dims_ = {                                                              \
        .name = "hartmann" #dims_,                                                                                     \
        .summary = text,                                                                                               \
        .metric = {"value"},                                                                                           \
        .fidelity = {.min = 1, .max = 1},                                                                              \
        .parameters = hartmann_parameters,                                                                             \
        .evaluate = hartmann_evaluate,                                                                                 \
        .optimum = hartmann_optimum,                                                                                   \
        .detail = &(const hartmann_detail){.shape = &shape##dims_},                                                    \
    }

#define MF_HARTMANN(dims_, symbol, ending, text, bias_, noise_)                                                        \
    const bench_problem bench_problem_mf_hartmann##dims_##symbol = {                                                   \
        .name = "mf-hartmann" #dims_ ending,                                                                           \
        .summary = "hartmann" #dims_ " with a fidelity z, 1 to 100; a low z " text,                                    \
        .metric = {"value"},                                                                                           \
        .fidelity = {.name = "z", .min = 1, .max = FULL},                                                              \
        .parameters = hartmann_parameters,                                                                             \
        .evaluate = hartmann_evaluate,                                                                                 \
        .cost = hartmann_cost,                                                                                         \
        .optimum = hartmann_optimum,                                                                                   \
        .detail = &(const hartmann_detail){.shape = &shape##dims_, .bias = (bias_), .noise = (noise_)},                \
    }

HARTMANN(3, "Hartmann's function of 3 numbers; minimum -3.862780");
HARTMANN(6, "Hartmann's function of 6 numbers; minimum -3.322368");

MF_HARTMANN(3, , "", "is nearly right", 0.5, 0.1);
MF_HARTMANN(3, _good, "-good", "is a good guide", 2.5, 2.0);
MF_HARTMANN(3, _moderate, "-moderate", "is a moderate guide", 3.0, 3.0);
MF_HARTMANN(3, _bad, "-bad", "is a bad guide", 3.5, 4.0);
MF_HARTMANN(3, _terrible, "-terrible", "misleads", 4.0, 5.0);
MF_HARTMANN(6, , "", "is nearly right", 0.5, 0.1);
MF_HARTMANN(6, _good, "-good", "is a good guide", 2.5, 2.0);
MF_HARTMANN(6, _moderate, "-moderate", "is a moderate guide", 3.0, 3.0);
MF_HARTMANN(6, _bad, "-bad", "is a bad guide", 3.5, 4.0);
MF_HARTMANN(6, _terrible, "-terrible", "misleads", 4.0, 5.0);

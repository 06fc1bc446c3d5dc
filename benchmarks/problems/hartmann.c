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
    double beside[MAX_DIMS];       /* the good prior where low fidelities are bad or moderate guides */
    double medium[MAX_DIMS], medium_beside[MAX_DIMS]; /* the medium one, as well */
    double at25[MAX_DIMS], worst[MAX_DIMS];
} hartmann_shape;

typedef struct hartmann_detail {
    const hartmann_shape *shape;
    double bias, noise;
    bool good_is_beside;
} hartmann_detail;

static const double alpha[TERMS] = {1.0, 1.2, 3.0, 3.2};

static const hartmann_shape shape3 = {
    .dims = 3,
    .a = {{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}},
    .p = {{0.3689, 0.1170, 0.2673}, {0.4699, 0.4387, 0.7470}, {0.1091, 0.8732, 0.5547}, {0.0381, 0.5743, 0.8828}},
    .place = {0.114588897, 0.555648897, 0.852546984},
    .value = -3.862779787332663,
    .beside = {.11805023, .55908523, .85598323},
    .medium = {.13609045, .57712545, .87402345},
    .medium_beside = {.11998311, .56101811, .85791611},
    .at25 = {.04154300161, .56090192781, .97447101012},
    .worst = {.94811347770, .99283114676, .01720182552},
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
    .beside = {.20512623, .15344723, .48031023, .27876823, .31508823, .66073623},
    .medium = {.22316645, .17148745, .49835045, .29680845, .33312845, .67877645},
    .medium_beside = {.20705911, .15538011, .48224311, .28070111, .31702111, .66266911},
    .at25 = {.31540008, .60049020, .40321546, .26936171, .32907090, .51931859},
    .worst = {.88985502, .71085014, .02012111, .94936593, .93402226, .97195395},
};

/* The places of the benchmark suite. */
static const double *believed_place(const hartmann_detail *detail, bench_prior prior) {
    const hartmann_shape *shape = detail->shape;
    switch (prior) {
    case BENCH_PRIOR_GOOD: return detail->good_is_beside ? shape->beside : shape->place;
    case BENCH_PRIOR_MEDIUM: return detail->good_is_beside ? shape->medium_beside : shape->medium;
    case BENCH_PRIOR_AT25: return shape->at25;
    case BENCH_PRIOR_BAD: return shape->worst;
    default: return NULL;
    }
}

static bool hartmann_belief(const bench_instance *instance, bench_prior prior, double *x) {
    const hartmann_detail *detail = instance->problem->detail;
    memcpy(x, believed_place(detail, prior), detail->shape->dims * sizeof *x);
    return true;
}

static base_status hartmann_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    const hartmann_detail *detail = instance->problem->detail;
    for (size_t i = 0; i < detail->shape->dims; i++) {
        hpo_param param = {.kind = HPO_FLOAT, .min = 0, .max = 1};
        param.name = base_arena_printf(hpo_space_arena(space), "x%zu", i + 1);
        BASE_TRY(bench_add(instance, space, &param, err));
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

static void hartmann_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                              double *values) {
    const hartmann_detail *detail = instance->problem->detail;
    values[0] = hartmann_value(detail->shape, x, 0);
    if (!instance->problem->fidelity.name) return;
    values[1] = values[0];
    const double missing = 1 - log(fidelity) / log(FULL);
    if (!(missing > 0)) return;
    values[0] = hartmann_value(detail->shape, x, detail->bias * missing);
    values[0] += fabs(base_rng_normal(noise)) * detail->noise * missing;
}

/* lambda(z) of the benchmark suite. */
static double hartmann_cost(double fidelity) {
    const double share = fidelity / FULL;
    return 0.05 + 0.95 * share * share;
}

/* Within the unit ball, which holds the minimum and 8 % of the cube (B. Letham, B. Karrer, G. Ottoni, E. Bakshy,
 * "Constrained Bayesian Optimization with Noisy Experiments", Bayesian Analysis 14(2), 2019). What a study
 * without constraints can be told (exact) of a point outside is the largest value, 0. */
static void ball_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                          double *values) {
    (void)fidelity, (void)noise;
    const hartmann_shape *shape = ((const hartmann_detail *)instance->problem->detail)->shape;
    double square = 0;
    for (size_t i = 0; i < shape->dims; i++) square += x[i] * x[i];
    values[0] = hartmann_value(shape, x, 0);
    values[2] = sqrt(square);
    values[1] = values[2] <= 1 ? values[0] : 0;
}

static bool hartmann_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    const hartmann_shape *shape = ((const hartmann_detail *)instance->problem->detail)->shape;
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
        .belief = hartmann_belief,                                                                                     \
        .detail = &(const hartmann_detail){.shape = &shape##dims_},                                                    \
    }

const bench_problem bench_problem_hartmann6_ball = {
    .name = "hartmann6-ball",
    .summary = "Hartmann's function of 6 numbers where norm <= 1, -3.32237",
    .metric = {"value", "exact", "norm"},
    .fidelity = {.min = 1, .max = 1},
    .parameters = hartmann_parameters,
    .evaluate = ball_evaluate,
    .optimum = hartmann_optimum,
    .detail = &(const hartmann_detail){.shape = &shape6},
};

#define MF_HARTMANN(dims_, symbol, ending, bias_, noise_, beside_)                                                     \
    const bench_problem bench_problem_mf_hartmann##dims_##symbol = {                                                   \
        .name = "mf-hartmann" #dims_ ending,                                                                           \
        .family = "mf-hartmann{3,6}{,-good,-moderate,-bad,-terrible}",                                                 \
        .summary = "with a fidelity z, 1 to 100; a low z is nearly right, or as good a guide as the name ends",        \
        .metric = {"value", "exact"},                                                                                  \
        .fidelity = {.name = "z", .min = 1, .max = FULL},                                                              \
        .parameters = hartmann_parameters,                                                                             \
        .evaluate = hartmann_evaluate,                                                                                 \
        .cost = hartmann_cost,                                                                                         \
        .optimum = hartmann_optimum,                                                                                   \
        .belief = hartmann_belief,                                                                                     \
        .detail =                                                                                                      \
            &(const hartmann_detail){                                                                                  \
                .shape = &shape##dims_, .bias = (bias_), .noise = (noise_), .good_is_beside = (beside_)},              \
    }

HARTMANN(3, "Hartmann's function of 3 numbers; minimum -3.862780");
HARTMANN(6, "Hartmann's function of 6 numbers; minimum -3.322368");

MF_HARTMANN(3, , "", 0.5, 0.1, false);
MF_HARTMANN(3, _good, "-good", 2.5, 2.0, false);
MF_HARTMANN(3, _moderate, "-moderate", 3.0, 3.0, true);
MF_HARTMANN(3, _bad, "-bad", 3.5, 4.0, true);
MF_HARTMANN(3, _terrible, "-terrible", 4.0, 5.0, false);
MF_HARTMANN(6, , "", 0.5, 0.1, false);
MF_HARTMANN(6, _good, "-good", 2.5, 2.0, false);
MF_HARTMANN(6, _moderate, "-moderate", 3.0, 3.0, true);
MF_HARTMANN(6, _bad, "-bad", 3.5, 4.0, true);
MF_HARTMANN(6, _terrible, "-terrible", 4.0, 5.0, false);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problems whose parameters depend on each other's values.
 *
 * jenatton: the binary tree of R. Jenatton, C. Archambeau, J. Gonzalez, M. Seeger, "Bayesian optimization with
 * tree-structured dependencies", ICML 2017. Of four leaves one is looked at; two neighbours share a number:
 *
 *   x1 = 0, x2 = 0: x4^2 + 0.1 + r8      x1 = 1, x3 = 0: x6^2 + 0.3 + r9
 *   x1 = 0, x2 = 1: x5^2 + 0.2 + r8      x1 = 1, x3 = 1: x7^2 + 0.4 + r9
 *
 * Here x4 to x7 lie in [-1, 2], so that the best place is not the middle.
 *
 * tuning: what the tuning of a network looks like, as a sum of terms that are at least 0 and are 0 together at one
 * place. The three optimizers have basins of their own; the best of them, sgd, is the narrowest, and random points are
 * better with the others. Learning rate and momentum depend on each other, and ripples lie over the learning rate. */
#include <math.h>

#include "benchmarks/problems/problem.h"

#define WHEN(test_, name_, param_, value_)                                                                             \
    static const hpo_cond name_ = {.op = HPO_COND_##test_, .param = (param_), .values = &(value_), .n_values = 1}

static base_status add_all(const bench_instance *instance, const hpo_param *params, size_t count, hpo_space *space,
                           base_err *err) {
    for (size_t i = 0; i < count; i++) BASE_TRY(bench_add(instance, space, &params[i], err));
    return BASE_OK;
}

/* ---- jenatton ---- */
enum { X1, X2, X3, X4, X5, X6, X7, R8, R9, TREE_ARGUMENTS };
static const hpo_value bits[] = {{.kind = HPO_VALUE_INT, .integer = 0, .real = 0},
                                 {.kind = HPO_VALUE_INT, .integer = 1, .real = 1}};
WHEN(EQ, left, X1, bits[0]);
WHEN(EQ, right, X1, bits[1]);
WHEN(EQ, left_left, X2, bits[0]);
WHEN(EQ, left_right, X2, bits[1]);
WHEN(EQ, right_left, X3, bits[0]);
WHEN(EQ, right_right, X3, bits[1]);
#define BIT    .kind = HPO_CATEGORICAL, .choices = bits, .n_choices = 2
#define LEAF   .kind = HPO_FLOAT, .min = -1, .max = 2
#define SHARED .kind = HPO_FLOAT, .min = 0, .max = 1
static const hpo_param tree_params[TREE_ARGUMENTS] = {
    [X1] = {.name = "x1", BIT},
    [X2] = {.name = "x2", BIT, .when = &left},
    [X3] = {.name = "x3", BIT, .when = &right},
    [X4] = {.name = "x4", LEAF, .when = &left_left},
    [X5] = {.name = "x5", LEAF, .when = &left_right},
    [X6] = {.name = "x6", LEAF, .when = &right_left},
    [X7] = {.name = "x7", LEAF, .when = &right_right},
    [R8] = {.name = "r8", SHARED, .when = &left},
    [R9] = {.name = "r9", SHARED, .when = &right},
};

static base_status jenatton_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    return add_all(instance, tree_params, TREE_ARGUMENTS, space, err);
}

static void jenatton_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                              double *values) {
    (void)instance, (void)fidelity, (void)noise;
    const bool is_right = x[X1] > 0, is_second = x[is_right ? X3 : X2] > 0;
    const size_t leaf = 2 * (size_t)is_right + (size_t)is_second;
    const double own = x[X4 + leaf];
    values[0] = own * own + 0.1 * (double)(leaf + 1) + x[is_right ? R9 : R8];
}

static bool jenatton_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    (void)instance;
    if (which > 0) return false;
    for (size_t i = 0; i < TREE_ARGUMENTS; i++) x[i] = NAN;
    x[X1] = x[X2] = x[X4] = x[R8] = 0;
    *value = 0.1;
    return true;
}

const bench_problem bench_problem_jenatton = {
    .name = "jenatton",
    .summary = "a tree of choices with four leaves: 9 parameters, 4 of them active; minimum 0.1",
    .metric = {"value"},
    .fidelity = {.min = 1, .max = 1},
    .parameters = jenatton_parameters,
    .evaluate = jenatton_evaluate,
    .optimum = jenatton_optimum,
};

/* ---- tuning ---- */
enum { SGD, ADAM, LBFGS };
enum { OFF, ON };
enum { MAX_LAYERS = 4, BEST_LAYERS = 3 };
enum {
    OPTIMIZER,
    LEARNING_RATE,
    MOMENTUM,
    BETA2,
    HISTORY,
    LAYERS,
    UNITS, /* of the first layer; the others follow */
    DROPOUT = UNITS + MAX_LAYERS,
    AUGMENT,
    STRENGTH,
    TUNING_ARGUMENTS
};
#define TEXT(text_)                                                                                                    \
    { .kind = HPO_VALUE_TEXT, .text = (text_) }
#define NUMBER(number_)                                                                                                \
    { .kind = HPO_VALUE_INT, .integer = (number_), .real = (number_) }
static const hpo_value optimizers[] = {[SGD] = TEXT("sgd"), [ADAM] = TEXT("adam"), [LBFGS] = TEXT("lbfgs")};
static const hpo_value switches[] = {[OFF] = TEXT("off"), [ON] = TEXT("on")};
static const hpo_value numbers[] = {NUMBER(0), NUMBER(1), NUMBER(2), NUMBER(3), NUMBER(4)};
WHEN(NE, has_rate, OPTIMIZER, optimizers[LBFGS]);
WHEN(EQ, is_sgd, OPTIMIZER, optimizers[SGD]);
WHEN(EQ, is_adam, OPTIMIZER, optimizers[ADAM]);
WHEN(EQ, is_lbfgs, OPTIMIZER, optimizers[LBFGS]);
WHEN(GE, has_2, LAYERS, numbers[2]);
WHEN(GE, has_3, LAYERS, numbers[3]);
WHEN(GE, has_4, LAYERS, numbers[4]);
WHEN(EQ, augments, AUGMENT, switches[ON]);
#define WIDTH .kind = HPO_INT, .scale = HPO_LOG, .min = 8, .max = 1024
static const hpo_param tuning_params[TUNING_ARGUMENTS] = {
    [OPTIMIZER] = {.name = "optimizer", .kind = HPO_CATEGORICAL, .choices = optimizers, .n_choices = 3},
    [LEARNING_RATE] =
        {.name = "learning_rate", .kind = HPO_FLOAT, .scale = HPO_LOG, .min = 1e-5, .max = 1, .when = &has_rate},
    [MOMENTUM] = {.name = "momentum", .kind = HPO_FLOAT, .min = 0, .max = 0.99, .when = &is_sgd},
    [BETA2] = {.name = "beta2", .kind = HPO_FLOAT, .min = 0.5, .max = 0.999, .when = &is_adam},
    [HISTORY] = {.name = "history", .kind = HPO_INT, .scale = HPO_LOG, .min = 1, .max = 64, .when = &is_lbfgs},
    [LAYERS] = {.name = "layers", .kind = HPO_INT, .min = 1, .max = MAX_LAYERS},
    [UNITS] = {.name = "units_1", WIDTH},
    [UNITS + 1] = {.name = "units_2", WIDTH, .when = &has_2},
    [UNITS + 2] = {.name = "units_3", WIDTH, .when = &has_3},
    [UNITS + 3] = {.name = "units_4", WIDTH, .when = &has_4},
    [DROPOUT] = {.name = "dropout", .kind = HPO_FLOAT, .min = 0, .max = 0.8, .when = &has_2},
    [AUGMENT] = {.name = "augment", .kind = HPO_CATEGORICAL, .choices = switches, .n_choices = 2},
    [STRENGTH] = {.name = "strength", .kind = HPO_FLOAT, .min = 0, .max = 1, .when = &augments},
};

static base_status tuning_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    return add_all(instance, tuning_params, TUNING_ARGUMENTS, space, err);
}

static double square(double x) {
    return x * x;
}

/* With less momentum a larger rate is right. */
static double sgd_term(double rate, double momentum) {
    const double off = log10(rate) + 1.2 - 2 * (0.9 - momentum);
    return 0.6 * square(off) + 1.5 * square(0.9 - momentum) + 0.05 * (1 - cos(4 * M_PI * off));
}

static double adam_term(double rate, double beta2) {
    const double off = log10(rate) + 3;
    return 0.15 + 0.05 * square(off) + 0.5 * square(0.95 - beta2) + 0.05 * (1 - cos(4 * M_PI * off));
}

static double optimizer_term(const double *x) {
    switch ((int)x[OPTIMIZER]) {
    case SGD: return sgd_term(x[LEARNING_RATE], x[MOMENTUM]);
    case ADAM: return adam_term(x[LEARNING_RATE], x[BETA2]);
    default: return 0.35 + 0.02 * square(log2(x[HISTORY]) - 4);
    }
}

/* The best widths are 256, 128, 64 and 32. */
static double layers_term(const double *x) {
    const size_t layers = (size_t)x[LAYERS];
    double sum = 0;
    for (size_t i = 0; i < layers; i++) sum += 0.05 * square(log2(x[UNITS + i]) - (8 - (double)i));
    const double dropout = layers > 1 ? square(0.3 - x[DROPOUT]) : 0.1;
    return 0.1 * fabs((double)layers - BEST_LAYERS) + sum / (double)layers + dropout;
}

static void tuning_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                            double *values) {
    (void)instance, (void)fidelity, (void)noise;
    const double augment = (int)x[AUGMENT] == ON ? 0.4 * square(0.6 - x[STRENGTH]) : 0.1;
    values[0] = optimizer_term(x) + layers_term(x) + augment;
}

static bool tuning_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    (void)instance;
    if (which > 0) return false;
    for (size_t i = 0; i < TUNING_ARGUMENTS; i++) x[i] = NAN;
    x[OPTIMIZER] = SGD;
    x[LEARNING_RATE] = pow(10, -1.2);
    x[MOMENTUM] = 0.9;
    x[LAYERS] = BEST_LAYERS;
    for (size_t i = 0; i < BEST_LAYERS; i++) x[UNITS + i] = (double)(256 >> i);
    x[DROPOUT] = 0.3;
    x[AUGMENT] = ON;
    x[STRENGTH] = 0.6;
    *value = 0;
    return true;
}

const bench_problem bench_problem_tuning = {
    .name = "tuning",
    .summary = "what tuning a network looks like: 13 mixed parameters, 9 of them conditional; minimum 0",
    .metric = {"value"},
    .fidelity = {.min = 1, .max = 1},
    .parameters = tuning_parameters,
    .evaluate = tuning_evaluate,
    .optimum = tuning_optimum,
};

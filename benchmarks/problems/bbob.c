/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BBOB's 24 noiseless functions in any dimension.
 *
 * f(x) = value(z) + penalty * sum_i max(0, |x_i| - 5)^2 + f_opt, where z is x after the steps of the table below. The
 * definitions are those of RR-6829 (bbob.h). Of its rotations R and Q, ROTATE_0 is R in f6, f7, f9, f13, f19 and f21 to
 * f24, and Q in f15 to f18; ROTATE_1 is the other one, and R in f10, f11, f12, f14. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/bbob.h"

/* 10^(exponent i / (D - 1)). */
static double graded(const bbob_data *data, size_t i, double exponent) {
    return pow(10, exponent * (double)i / (double)(data->dims - 1));
}

static double squares(const double *z, size_t begin, size_t end) {
    double sum = 0;
    for (size_t i = begin; i < end; i++) sum += z[i] * z[i];
    return sum;
}

static double sphere(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    return squares(z, 0, data->dims);
}

static double ellipsoid(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    double sum = 0;
    for (size_t i = 0; i < data->dims; i++) sum += graded(data, i, 6) * z[i] * z[i];
    return sum;
}

/* 10 (D - sum cos 2 pi z_i). */
static double ripples(const bbob_data *data, const double *z) {
    double sum = 0;
    for (size_t i = 0; i < data->dims; i++) sum += cos(2 * M_PI * z[i]);
    return 10 * ((double)data->dims - sum);
}

static double rastrigin(const bbob_data *data, const double *x, const double *z) {
    return ripples(data, z) + sphere(data, x, z);
}

/* Beyond the corner it is as high as in the corner. */
static double linear_slope(const bbob_data *data, const double *x, const double *z) {
    (void)z;
    double sum = 0;
    for (size_t i = 0; i < data->dims; i++) {
        const double slope = copysign(graded(data, i, 1), data->x_opt[i]);
        sum += 5 * fabs(slope) - slope * (x[i] * data->x_opt[i] < 25 ? x[i] : data->x_opt[i]);
    }
    return sum;
}

static double attractive_sector(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    double sum = 0;
    for (size_t i = 0; i < data->dims; i++) sum += (z[i] * data->x_opt[i] > 0 ? 1e4 : 1) * z[i] * z[i];
    return pow(bbob_oscillate(sum), 0.9);
}

/* The first coordinate before it is rounded tilts the plateaus near the optimum. */
static double step_ellipsoid(const bbob_data *data, const double *x, const double *z) {
    double sum = 0, first = 0;
    for (size_t i = 0; i < data->dims; i++) {
        sum += graded(data, i, 2) * z[i] * z[i];
        first += data->rotation[0][i * data->dims] * (x[i] - data->x_opt[i]);
    }
    return 0.1 * fmax(fabs(first) / 1e4, sum);
}

/* A term of Rosenbrock's sum. */
static double banana(const double *z, size_t i) {
    const double bend = z[i] * z[i] - z[i + 1], rest = z[i] - 1;
    return 100 * bend * bend + rest * rest;
}

static double rosenbrock(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    double sum = 0;
    for (size_t i = 0; i + 1 < data->dims; i++) sum += banana(z, i);
    return sum;
}

static double discus(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    return 1e6 * z[0] * z[0] + squares(z, 1, data->dims);
}

static double bent_cigar(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    return z[0] * z[0] + 1e6 * squares(z, 1, data->dims);
}

static double sharp_ridge(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    return z[0] * z[0] + 100 * sqrt(squares(z, 1, data->dims));
}

static double different_powers(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    double sum = 0;
    for (size_t i = 0; i < data->dims; i++) sum += pow(fabs(z[i]), 2 + 4 * (double)i / (double)(data->dims - 1));
    return sqrt(sum);
}

/* sum_k 2^-k cos(2 pi 3^k (z + 1/2)), k from 0 to 11. */
static double weierstrass_sum(double z) {
    double sum = 0, weight = 1, frequency = 1;
    for (size_t k = 0; k < 12; k++, weight /= 2, frequency *= 3) sum += weight * cos(2 * M_PI * frequency * (z + 0.5));
    return sum;
}

static double weierstrass(const bbob_data *data, const double *x, const double *z) {
    const double dims = (double)data->dims;
    double sum = 0;
    for (size_t i = 0; i < data->dims; i++) sum += weierstrass_sum(z[i]);
    return 10 * pow(sum / dims - weierstrass_sum(0), 3) + 10 / dims * bbob_outside(x, data->dims, 5);
}

static double schaffers(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    double sum = 0;
    for (size_t i = 0; i + 1 < data->dims; i++) {
        const double s = hypot(z[i], z[i + 1]), wave = sin(50 * pow(s, 0.2));
        sum += sqrt(s) * (1 + wave * wave);
    }
    const double mean = sum / (double)(data->dims - 1);
    return mean * mean;
}

static double griewank_rosenbrock(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    double sum = 0;
    for (size_t i = 0; i + 1 < data->dims; i++) {
        const double s = banana(z, i);
        sum += s / 4000 - cos(s);
    }
    return 10 * sum / (double)(data->dims - 1) + 10;
}

static double schwefel(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    double sum = 0;
    for (size_t i = 0; i < data->dims; i++) sum += z[i] * sin(sqrt(fabs(z[i])));
    return 4.189828872724339 - sum / (100 * (double)data->dims) + bbob_outside(z, data->dims, 500) / 100;
}

static double gallagher(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    const bbob_peaks *peaks = &data->peaks;
    double highest = 0;
    for (size_t i = 0; i < peaks->count; i++) {
        const double *center = peaks->center + i * data->dims, *scale = peaks->scale + i * data->dims;
        double distance = 0;
        for (size_t k = 0; k < data->dims; k++) distance += scale[k] * (z[k] - center[k]) * (z[k] - center[k]);
        highest = fmax(highest, peaks->height[i] * exp(-distance / (2 * (double)data->dims)));
    }
    const double depth = bbob_oscillate(10 - highest);
    return depth * depth;
}

/* sum_j |2^j z - [2^j z]| / 2^j, j from 1 to 32. */
static double katsuura_sum(double z) {
    double sum = 0;
    for (int j = 1; j <= 32; j++) sum += ldexp(fabs(ldexp(z, j) - floor(ldexp(z, j) + 0.5)), -j);
    return sum;
}

static double katsuura(const bbob_data *data, const double *x, const double *z) {
    (void)x;
    const double dims = (double)data->dims, exponent = 10 / pow(dims, 1.2);
    double product = 1;
    for (size_t i = 0; i < data->dims; i++) product *= pow(1 + (double)(i + 1) * katsuura_sum(z[i]), exponent);
    return 10 / (dims * dims) * (product - 1);
}

/* Two funnels, at mu0 and at mu1 (the deceptive one), under ripples that are lowest at mu0. */
static double lunacek(const bbob_data *data, const double *x, const double *z) {
    const double dims = (double)data->dims, s = 1 - 1 / (2 * sqrt(dims + 20) - 8.2);
    const double mu0 = 2.5, mu1 = -sqrt((mu0 * mu0 - 1) / s);
    double right = 0, wrong = 0;
    for (size_t i = 0; i < data->dims; i++) {
        const double hat = copysign(2, data->x_opt[i]) * x[i];
        right += (hat - mu0) * (hat - mu0);
        wrong += (hat - mu1) * (hat - mu1);
    }
    return fmin(right, dims + s * wrong) + ripples(data, z);
}

/* ---- the table ---- */
/* clang-format off */
#define SHIFT        {BBOB_SHIFT, 0}
#define REFLECT      {BBOB_REFLECT, 0}
#define OFFSET(c)    {BBOB_OFFSET, (c)}
#define MULTIPLY(c)  {BBOB_MULTIPLY, (c)}
#define MAGNIFY      {BBOB_MAGNIFY, 0}
#define ROTATE_0     {BBOB_ROTATE_0, 0}
#define ROTATE_1     {BBOB_ROTATE_1, 0}
#define CONDITION(c) {BBOB_CONDITION, (c)}
#define OSCILLATE    {BBOB_OSCILLATE, 0}
#define SKEW(c)      {BBOB_SKEW, (c)}
#define STRETCH      {BBOB_STRETCH, 0}
#define ROUND        {BBOB_ROUND, 0}
#define CHAIN(c)     {BBOB_CHAIN, (c)}

#define REACH 4.2096874637 /* 2 |x_opt| of f20 */

/* number, seed, place of the optimum, penalty, value, text, steps */
#define BBOB_FUNCTIONS(X)                                                                                              \
    X( 1,  1, UNIFORM,         0, sphere,              "sphere",                        SHIFT)                         \
    X( 2,  2, UNIFORM,         0, ellipsoid,           "separable ellipsoid",           SHIFT, OSCILLATE)              \
    X( 3,  3, UNIFORM,         0, rastrigin,           "separable Rastrigin",                                          \
                      SHIFT, OSCILLATE, SKEW(0.2), CONDITION(10))                                                      \
    X( 4,  3, HALF_POSITIVE, 100, rastrigin,           "Bueche-Rastrigin",              SHIFT, OSCILLATE, STRETCH)     \
    X( 5,  5, CORNER,          0, linear_slope,        "linear slope",                  SHIFT)                         \
    X( 6,  6, UNIFORM,         0, attractive_sector,   "attractive sector",                                            \
                      SHIFT, ROTATE_0, CONDITION(10), ROTATE_1)                                                        \
    X( 7,  7, UNIFORM,         1, step_ellipsoid,      "step ellipsoid",                                               \
                      SHIFT, ROTATE_0, CONDITION(10), ROUND, ROTATE_1)                                                 \
    X( 8,  8, NARROW,          0, rosenbrock,          "Rosenbrock",                    SHIFT, MAGNIFY, OFFSET(1))     \
    X( 9,  9, ROTATED,         0, rosenbrock,          "rotated Rosenbrock",                                           \
                      ROTATE_0, MAGNIFY, OFFSET(0.5))                                                                  \
    X(10, 10, UNIFORM,         0, ellipsoid,           "rotated ellipsoid",             SHIFT, ROTATE_1, OSCILLATE)    \
    X(11, 11, UNIFORM,         0, discus,              "discus",                        SHIFT, ROTATE_1, OSCILLATE)    \
    X(12, 12, UNIFORM_1,       0, bent_cigar,          "bent cigar",                                                   \
                      SHIFT, ROTATE_1, SKEW(0.5), ROTATE_1)                                                            \
    X(13, 13, UNIFORM,         0, sharp_ridge,         "sharp ridge",                                                  \
                      SHIFT, ROTATE_0, CONDITION(10), ROTATE_1)                                                        \
    X(14, 14, UNIFORM,         0, different_powers,    "different powers",              SHIFT, ROTATE_1)               \
    X(15, 15, UNIFORM,         0, rastrigin,           "rotated Rastrigin",                                            \
                      SHIFT, ROTATE_1, OSCILLATE, SKEW(0.2), ROTATE_0, CONDITION(10), ROTATE_1)                        \
    X(16, 16, UNIFORM,         0, weierstrass,         "Weierstrass",                                                  \
                      SHIFT, ROTATE_1, OSCILLATE, ROTATE_0, CONDITION(0.01), ROTATE_1)                                 \
    X(17, 17, UNIFORM,        10, schaffers,           "Schaffers F7",                                                 \
                      SHIFT, ROTATE_1, SKEW(0.5), ROTATE_0, CONDITION(10))                                             \
    X(18, 17, UNIFORM,        10, schaffers,           "ill-conditioned Schaffers F7",                                 \
                      SHIFT, ROTATE_1, SKEW(0.5), ROTATE_0, CONDITION(1000))                                           \
    X(19, 19, ROTATED,         0, griewank_rosenbrock, "Griewank-Rosenbrock F8F2",                                     \
                      ROTATE_0, MAGNIFY, OFFSET(0.5))                                                                  \
    X(20, 20, SCHWEFEL,        0, schwefel,            "Schwefel",                                                     \
                      REFLECT, CHAIN(REACH), OFFSET(-REACH), CONDITION(10), OFFSET(REACH), MULTIPLY(100))              \
    X(21, 21, PEAK,            1, gallagher,           "Gallagher's 101 peaks",         ROTATE_0)                      \
    X(22, 22, PEAK,            1, gallagher,           "Gallagher's 21 peaks",          ROTATE_0)                      \
    X(23, 23, UNIFORM,         1, katsuura,            "Katsuura",                                                     \
                      SHIFT, ROTATE_0, CONDITION(100), ROTATE_1)                                                       \
    X(24, 24, LUNACEK,       1e4, lunacek,             "Lunacek bi-Rastrigin",                                         \
                      REFLECT, OFFSET(-2.5), ROTATE_0, CONDITION(100), ROTATE_1)
/* clang-format on */

/* ---- the problems ---- */
static base_status bbob_load(const bench_instance *instance, base_arena *arena, const void **data, base_err *err) {
    (void)err;
    const bench_settings *settings = &instance->settings;
    *data = bbob_create(instance->problem->detail, (size_t)settings->dimensions, (uint64_t)settings->instance, arena);
    return BASE_OK;
}

static void bbob_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                          double *values) {
    (void)fidelity, (void)noise;
    const bbob_data *data = instance->data;
    const bbob_function *function = data->function;
    bbob_transform(data, x);
    values[0] = function->value(data, x, data->z) + data->f_opt;
    if (function->penalty > 0) values[0] += function->penalty * bbob_outside(x, data->dims, 5);
}

static bool bbob_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    const bbob_data *data = instance->data;
    if (which > 0) return false;
    memcpy(x, data->x_opt, data->dims * sizeof *x);
    *value = data->f_opt;
    return true;
}

#define GALLAGHER_PEAKS(number_) ((number_) == 21 ? 101 : (number_) == 22 ? 21 : 0)
#define BBOB_PROBLEM(number_, seed_, place_, penalty_, value_, text_, ...)                                             \
    const bench_problem bench_problem_bbob_f##number_ = {                                                              \
        .name = "bbob-f" #number_,                                                                                     \
        .family = "bbob-f{1..24}",                                                                                     \
        .family_summary = "BBOB's noiseless functions, 1 to 24, in any number of dimensions; COCO's instances",        \
        .summary = "BBOB f" #number_ ", " text_ "; any number of dimensions",                                          \
        .metric = {"value"},                                                                                           \
        .takes = BENCH_TAKES_DIMENSIONS | BENCH_TAKES_INSTANCE,                                                        \
        .fidelity = {.min = 1, .max = 1},                                                                              \
        .box = {-5, 5},                                                                                                \
        .parameters = bench_box_parameters,                                                                            \
        .load = bbob_load,                                                                                             \
        .evaluate = bbob_evaluate,                                                                                     \
        .optimum = bbob_optimum,                                                                                       \
        .detail = &(const bbob_function){.seed = (seed_),                                                              \
                                         .place = BBOB_##place_,                                                       \
                                         .peaks = GALLAGHER_PEAKS(number_),                                            \
                                         .penalty = (penalty_),                                                        \
                                         .value = value_,                                                              \
                                         .steps = {__VA_ARGS__}},                                                      \
    };
BBOB_FUNCTIONS(BBOB_PROBLEM)

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* First values of weights, drawn so that the variance of activations (and of gradients) stays of one size through
 * depth.
 *
 * Xavier: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
 * 2010, eq. 16 (uniform) and eq. 12 (normal): Var W = 2 / (fan_in + fan_out).
 * He: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, eq. 10: Var W = 2 / fan_in; the uniform form has the
 * same variance. Draws are made in double and rounded once. */
#include "engine/tensor/init.h"

#include <math.h>
#include <string.h>

static void fill_uniform(base_rng *rng, double variance, size_t count, float *out) {
    double bound = sqrt(3.0 * variance);
    for (size_t i = 0; i < count; i++) out[i] = (float)(bound * (2.0 * base_rng_uniform(rng) - 1.0));
}

static void fill_normal(base_rng *rng, double variance, size_t count, float *out) {
    double deviation = sqrt(variance);
    for (size_t i = 0; i < count; i++) out[i] = (float)(deviation * base_rng_normal(rng));
}

static double xavier_variance(size_t fan_in, size_t fan_out) {
    return 2.0 / (double)(fan_in + fan_out);
}

static double he_variance(size_t fan_in) {
    return 2.0 / (double)fan_in;
}

static void zeros(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out) {
    (void)rng, (void)fan_in, (void)fan_out;
    memset(out, 0, count * sizeof *out);
}

static void xavier_uniform(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out) {
    fill_uniform(rng, xavier_variance(fan_in, fan_out), count, out);
}

static void xavier_normal(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out) {
    fill_normal(rng, xavier_variance(fan_in, fan_out), count, out);
}

static void he_uniform(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out) {
    (void)fan_out;
    fill_uniform(rng, he_variance(fan_in), count, out);
}

static void he_normal(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out) {
    (void)fan_out;
    fill_normal(rng, he_variance(fan_in), count, out);
}

const eng_init eng_init_zeros = {.name = "zeros", .summary = "all zero", .fill = zeros};
const eng_init eng_init_xavier_uniform = {
    .name = "xavier_uniform", .summary = "uniform, variance 2 / (fan in + fan out)", .fill = xavier_uniform};
const eng_init eng_init_xavier_normal = {
    .name = "xavier_normal", .summary = "normal, variance 2 / (fan in + fan out)", .fill = xavier_normal};
const eng_init eng_init_he_uniform = {
    .name = "he_uniform", .summary = "uniform, variance 2 / fan in", .fill = he_uniform};
const eng_init eng_init_he_normal = {.name = "he_normal", .summary = "normal, variance 2 / fan in", .fill = he_normal};

#define ENG_INIT_LIST(X)                                                                                               \
    X(zeros, "zeros")                                                                                                  \
    X(xavier_uniform, "xavier_uniform")                                                                                \
    X(xavier_normal, "xavier_normal")                                                                                  \
    X(he_uniform, "he_uniform")                                                                                        \
    X(he_normal, "he_normal")

static const eng_init *const inits[] = {
#define ENG_INIT_ENTRY(id, text) &eng_init_##id,
    ENG_INIT_LIST(ENG_INIT_ENTRY)
#undef ENG_INIT_ENTRY
};

const char *const eng_init_names[] = {
#define ENG_INIT_NAME(id, text) text,
    ENG_INIT_LIST(ENG_INIT_NAME)
#undef ENG_INIT_NAME
        NULL,
};

const eng_init *eng_init_find(const char *name) {
    for (size_t i = 0; i < sizeof inits / sizeof inits[0]; i++)
        if (strcmp(inits[i]->name, name) == 0) return inits[i];
    return NULL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast are the elementwise kernels? Nanoseconds per element of each instance that runs here, against the plain loop
 * over libm as the compiler builds it at -O3, in one run.
 *
 * bench_kernels: arrays of 16384 floats, which fit the L2 cache. Rounds are interleaved, and ratios are taken
 * inside a round; medians are printed. Time is processor time of the thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "benchmarks/micro/fma_peak.h"
#include "benchmarks/micro/median.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/tensor.h"

enum { COUNT = 16384, ROUNDS = 21, REPEATS = 60, INSTANCES = 4 };

typedef struct arrays {
    float *x, *y, *w, *m, *s;
} arrays;

static volatile double sink; /* keeps the sums */

/* The step of Adam at t = 100. */
static const eng_update step = {.rate = 1e-3f,
                                .scale = 1.0f,
                                .limit = INFINITY,
                                .keep = 1.0f,
                                .beta1 = 0.9f,
                                .beta2 = 0.999f,
                                .epsilon = 1e-8f,
                                .correction = 3.2f};

static void plain_exp(const arrays *a) {
    for (size_t i = 0; i < COUNT; i++) a->y[i] = expf(a->x[i]);
}

static void plain_gelu(const arrays *a) {
    for (size_t i = 0; i < COUNT; i++) a->y[i] = 0.5f * a->x[i] * (1.0f + erff(a->x[i] * 0.70710678f));
}

static void plain_tanh(const arrays *a) {
    for (size_t i = 0; i < COUNT; i++) a->y[i] = tanhf(a->x[i]);
}

static void plain_sigmoid(const arrays *a) {
    for (size_t i = 0; i < COUNT; i++) a->y[i] = 1.0f / (1.0f + expf(-a->x[i]));
}

static void plain_adam(const arrays *a) {
    float *restrict w = a->w, *restrict m = a->m, *restrict s = a->s;
    for (size_t i = 0; i < COUNT; i++) {
        m[i] = 0.9f * m[i] + 0.1f * a->x[i];
        s[i] = 0.999f * s[i] + 0.001f * a->x[i] * a->x[i];
        w[i] -= 1e-3f * m[i] / (sqrtf(s[i]) * 3.2f + 1e-8f);
    }
}

static void plain_sum(const arrays *a) {
    float sum = 0.0f;
    for (size_t i = 0; i < COUNT; i++) sum += a->x[i] * a->x[i];
    sink = (double)sum;
}

static void our_exp(const eng_kernels *k, const arrays *a) {
    k->exp(COUNT, a->x, a->y);
}

static void our_gelu(const eng_kernels *k, const arrays *a) {
    k->gelu(COUNT, a->x, a->y);
}

static void our_tanh(const eng_kernels *k, const arrays *a) {
    k->tanh(COUNT, a->x, a->y);
}

static void our_sigmoid(const eng_kernels *k, const arrays *a) {
    k->sigmoid(COUNT, a->x, a->y);
}

static void our_adam(const eng_kernels *k, const arrays *a) {
    k->adam(&step, COUNT, a->w, a->x, a->m, a->s);
}

static void our_sum(const eng_kernels *k, const arrays *a) {
    sink = k->sum_squares(COUNT, a->x);
}

typedef struct contest {
    const char *name;
    void (*plain)(const arrays *a);
    void (*ours)(const eng_kernels *k, const arrays *a);
} contest;

static const contest contests[] = {
    {"exp", plain_exp, our_exp},    {"GELU", plain_gelu, our_gelu},
    {"tanh", plain_tanh, our_tanh}, {"sigmoid", plain_sigmoid, our_sigmoid},
    {"Adam", plain_adam, our_adam}, {"sum of squares", plain_sum, our_sum},
};

static float *array(uint32_t who) {
    void *memory;
    if (eng_alloc(COUNT * sizeof(float), &memory, NULL) != BASE_OK) abort();
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, who, 0);
    for (size_t i = 0; i < COUNT; i++) ((float *)memory)[i] = 8.0f * base_rng_uniformf(&rng) - 4.0f;
    return memory;
}

static double median(const double values[ROUNDS]) {
    return micro_median(values, ROUNDS);
}

/* Nanoseconds per element of the plain loop, or of ours on k. */
static double turn(const contest *c, const eng_kernels *k, const arrays *a) {
    const double begin = cpu_seconds();
    for (int i = 0; i < REPEATS; i++) {
        if (k != NULL)
            c->ours(k, a);
        else
            c->plain(a);
    }
    return 1e9 * (cpu_seconds() - begin) / (REPEATS * COUNT);
}

static void run(const contest *c, const eng_kernels *const *k, size_t instances, const arrays *a) {
    double plain[ROUNDS], ns[INSTANCES][ROUNDS], ratio[INSTANCES][ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        plain[r] = turn(c, NULL, a);
        for (size_t i = 0; i < instances; i++) {
            ns[i][r] = turn(c, k[i], a);
            ratio[i][r] = plain[r] / ns[i][r];
        }
    }
    printf("%-15s %8.3f", c->name, median(plain));
    for (size_t i = 0; i < instances; i++) printf(" %9.3f %6.1f", median(ns[i]), median(ratio[i]));
    printf("\n");
    fflush(stdout);
}

int main(void) {
    const eng_kernels *k[INSTANCES];
    size_t instances = 0;
    arrays a = {.x = array(1), .y = array(2), .w = array(3), .m = array(4), .s = array(5)};
    for (size_t i = 0; i < COUNT; i++) a.s[i] *= a.s[i];
    printf("ns per element of %d, and times faster than the plain loop; medians of %d interleaved rounds\n", COUNT,
           ROUNDS);
    printf("%-15s %8s", "", "plain");
    for (const char *const *name = eng_kernels_names; *name != NULL && instances < INSTANCES; name++) {
        k[instances] = eng_kernels_find(*name);
        if (k[instances] == NULL) continue;
        printf(" %9s %6s", *name, "");
        instances++;
    }
    printf("\n");
    for (size_t i = 0; i < sizeof contests / sizeof contests[0]; i++) run(&contests[i], k, instances, &a);
    eng_free(a.x), eng_free(a.y), eng_free(a.w), eng_free(a.m), eng_free(a.s);
    return 0;
}

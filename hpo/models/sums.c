/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inner loops of density estimators.
 *
 * Written once on vectors of eight doubles, which the compiler cuts to what the machine has, and compiled for three
 * instruction sets; which copy runs is asked at each call. Without contraction of products and sums every lane does the
 * same operations everywhere. exp is a Taylor polynomial of degree 13 after the reduction x = k ln 2 + r, |r| <=
 * ln(2)/2 (remainder below 5e-18), with ln 2 in two parts. A lane group whose values all lie NEGLIGIBLE below the
 * largest is skipped: e^-45 of up to 10^4 terms is below the rounding of the sum. */
#include "hpo/models/sums.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef double lanes __attribute__((vector_size(64)));
typedef int64_t int_lanes __attribute__((vector_size(64)));
#define INLINE static inline __attribute__((always_inline))

static const double NEGLIGIBLE = 45, LOWEST = -700, LOG2_E = 1.44269504088896340736, LN2_HIGH = 0x1.62e42fefa3800p-1,
                    LN2_LOW = 0x1.ef35793c76730p-45, ROUND = 0x1.8p52;
static const double INVERSE_FACTORIAL[] = {
    1,          1,           1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,
    1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800,
};

INLINE void load(lanes *to, const double *from) {
    memcpy(to, from, sizeof *to);
}

/* In place; every lane in [LOWEST, 0]. */
INLINE void exp_lanes(lanes *x) {
    const lanes shifted = *x * LOG2_E + ROUND, k = shifted - ROUND;
    const lanes r = *x - k * LN2_HIGH - k * LN2_LOW;
    lanes p = r * INVERSE_FACTORIAL[13] + INVERSE_FACTORIAL[12];
    for (int i = 11; i >= 0; i--) p = p * r + INVERSE_FACTORIAL[i];
    const int_lanes power = (int_lanes)shifted << 52; /* k sits in the lowest bits of the rounded sum */
    *x = (lanes)((int_lanes)p + power);
}

INLINE bool any(const int_lanes *test) {
    int64_t bits = 0;
    for (size_t k = 0; k < HPO_LANES; k++) bits |= (*test)[k];
    return bits != 0;
}

/* LOWEST in place of what is below, and of NaN. */
INLINE void clip(lanes *x) {
    const lanes lowest = (lanes){0} + LOWEST;
    const int_lanes above = *x > lowest;
    *x = (lanes)(((int_lanes)*x & above) | ((int_lanes)lowest & ~above));
}

INLINE double largest_of(const double *values, size_t n, double start) {
    double best[HPO_LANES], largest = start;
    for (size_t k = 0; k < HPO_LANES; k++) best[k] = start;
    for (size_t i = 0; i < n; i += HPO_LANES) {
        for (size_t k = 0; k < HPO_LANES; k++) best[k] = values[i + k] > best[k] ? values[i + k] : best[k];
    }
    for (size_t k = 0; k < HPO_LANES; k++) largest = best[k] > largest ? best[k] : largest;
    return largest;
}

INLINE double log_sum_exp_body(const double *values, const double *weights, size_t n, double extra) {
    const double largest = largest_of(values, n, extra);
    lanes sums = {0};
    for (size_t i = 0; i < n; i += HPO_LANES) {
        lanes x, w;
        load(&x, values + i);
        x -= largest;
        const int_lanes counts = x > -NEGLIGIBLE;
        if (!any(&counts)) continue;
        clip(&x);
        exp_lanes(&x);
        if (weights) {
            load(&w, weights + i);
            x *= w;
        }
        sums += x;
    }
    double sum = extra > largest + LOWEST ? exp(extra - largest) : 0;
    for (size_t k = 0; k < HPO_LANES; k++) sum += sums[k];
    return largest + log(sum);
}

INLINE void squared_distances_body(const double *tiles, size_t n_tiles, size_t numbers, const double *point,
                                   double *values) {
    for (size_t t = 0; t < n_tiles; t++, values += HPO_LANES) {
        lanes sum = {0}, x;
        for (size_t i = 0; i < numbers; i++, tiles += HPO_LANES) {
            load(&x, tiles);
            x -= point[i];
            sum -= x * x;
        }
        memcpy(values, &sum, sizeof sum);
    }
}

INLINE void subtract_squares_body(double *values, const double *x, const double *scale, double point, size_t n) {
    for (size_t i = 0; i < n; i += HPO_LANES) {
        lanes z, s, v;
        load(&z, x + i);
        load(&s, scale + i);
        load(&v, values + i);
        z = (z - point) * s;
        v -= z * z;
        memcpy(values + i, &v, sizeof v);
    }
}

/* NAME_plain, and on x86-64 NAME_avx2 and NAME_avx512. */
#define COPY(suffix, attribute)                                                                                        \
    attribute static double log_sum_exp_##suffix(const double *values, const double *weights, size_t n,                \
                                                 double extra) {                                                       \
        return log_sum_exp_body(values, weights, n, extra);                                                            \
    }                                                                                                                  \
    attribute static void squared_distances_##suffix(const double *tiles, size_t n_tiles, size_t numbers,              \
                                                     const double *point, double *values) {                            \
        squared_distances_body(tiles, n_tiles, numbers, point, values);                                                \
    }                                                                                                                  \
    attribute static void subtract_squares_##suffix(double *values, const double *x, const double *scale,              \
                                                    double point, size_t n) {                                          \
        subtract_squares_body(values, x, scale, point, n);                                                             \
    }

COPY(plain, )
#if defined(__x86_64__)
COPY(avx2, __attribute__((target("avx2"))))
COPY(avx512, __attribute__((target("avx512f"))))
#define CHOOSE(call, ...)                                                                                              \
    (__builtin_cpu_supports("avx512f") ? call##_avx512(__VA_ARGS__)                                                    \
     : __builtin_cpu_supports("avx2")  ? call##_avx2(__VA_ARGS__)                                                      \
                                       : call##_plain(__VA_ARGS__))
#else
#define CHOOSE(call, ...) call##_plain(__VA_ARGS__)
#endif

double hpo_log_sum_exp(const double *values, const double *weights, size_t n, double extra) {
    return CHOOSE(log_sum_exp, values, weights, n, extra);
}

void hpo_squared_distances(const double *tiles, size_t n_tiles, size_t numbers, const double *point, double *values) {
    CHOOSE(squared_distances, tiles, n_tiles, numbers, point, values);
}

void hpo_subtract_squares(double *values, const double *x, const double *scale, double point, size_t n) {
    CHOOSE(subtract_squares, values, x, scale, point, n);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The activations of engine/tensor/maps.h in double, by libm: NAME_oracle. */
#ifndef TESTS_SUPPORT_MAP_ORACLES_H
#define TESTS_SUPPORT_MAP_ORACLES_H

#include <math.h>

static inline double sigmoid_oracle(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static inline double tanh_oracle(double x) {
    return tanh(x);
}

static inline double relu_oracle(double x) {
    return fmax(x, 0.0);
}

static inline double gelu_oracle(double x) {
    return 0.5 * x * erfc(-x / sqrt(2.0));
}

static inline double swish_oracle(double x) {
    return x / (1.0 + exp(-x));
}

static inline double leaky_relu_oracle(double x) {
    return x < 0.0 ? 0.01 * x : x;
}

static inline double hard_swish_oracle(double x) {
    return x * fmin(fmax(x + 3.0, 0.0), 6.0) / 6.0;
}

static inline double mish_oracle(double x) {
    return x * tanh(log1p(exp(x)));
}

#endif

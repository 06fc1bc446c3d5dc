/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mixed and conditional space with observations, and the posterior of a Gaussian process over it by dense matrices
 * and elimination: what the models are compared with. */
#ifndef TESTS_HPO_MODELS_DENSE_GP_H
#define TESTS_HPO_MODELS_DENSE_GP_H

#include "hpo/models/gp.h"
#include "hpo/models/transform.h"
#include "tests/support/toy_space.h"

enum { N = 40, DIMS = 5 };
static const char *const SPACE =
    "{parameters: {branch: {values: [p, q, r]}, u: {min: 0.0, max: 1.0, when: {branch: p}}, x: {min: 0.0, max: 1.0}, "
    "y: {min: 0.0, max: 1.0}, k: {min: 1, max: 5}}}";

typedef struct rig {
    toy_sampling s;
    hpo_embedding embedding;
    double unit[N * DIMS], y[N], theta[DIMS + 2];
} rig;

static inline void rig_open(rig *r) {
    toy_sampling_open(&r->s, "random", 1, SPACE);
    r->embedding = hpo_embedding_make(r->s.space, 0);
    double loss[N];
    for (size_t i = 0; i < N; i++) {
        const double *c = toy_sampling_point(&r->s, i, 0);
        hpo_space_to_unit(r->s.space, c, r->unit + i * DIMS);
        loss[i] = c[0] + sin(5 * c[2]) + c[3] * c[3] + (isnan(c[1]) ? 0 : c[1]) + 0.1 * c[4];
    }
    hpo_transform_losses(loss, N, r->y);
    for (size_t i = 0; i < DIMS; i++) r->theta[i] = log(0.4 + 0.3 * (double)i);
    r->theta[DIMS] = log(1.3);
    r->theta[DIMS + 1] = log(0.02);
}

static inline void rig_close(rig *r) {
    hpo_embedding_free(&r->embedding);
    toy_sampling_close(&r->s);
}

/* ---- the reference ---- */

/* The kernel as its page states it, pair by pair. */
static inline double reference_kernel(const rig *r, const double *a, const double *b) {
    double r2 = 0;
    for (size_t i = 0; i < DIMS; i++) {
        double d2 = (a[i] - b[i]) * (a[i] - b[i]);
        if (i == 0) d2 = a[i] == b[i] ? 0 : 1;
        if (i == 1) d2 = isnan(a[i]) && isnan(b[i]) ? 0 : isnan(a[i]) || isnan(b[i]) ? 1 : 2 - 2 * cos(a[i] - b[i]);
        r2 += d2 / exp(2 * r->theta[i]);
    }
    const double t = sqrt(5 * r2);
    return exp(r->theta[DIMS]) * (1 + t + t * t / 3) * exp(-t);
}

/* Gauss-Jordan with pivoting: the inverse, and the log of the determinant. */
static inline double invert(double *a, double *inverse, size_t n) {
    double log_determinant = 0;
    for (size_t i = 0; i < n * n; i++) inverse[i] = i / n == i % n;
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;
        for (size_t i = c; i < n; i++)
            if (fabs(a[i * n + c]) > fabs(a[pivot * n + c])) pivot = i;
        for (size_t j = 0; j < n; j++) {
            double t = a[c * n + j];
            a[c * n + j] = a[pivot * n + j];
            a[pivot * n + j] = t;
            t = inverse[c * n + j];
            inverse[c * n + j] = inverse[pivot * n + j];
            inverse[pivot * n + j] = t;
        }
        const double p = a[c * n + c];
        log_determinant += log(fabs(p));
        for (size_t j = 0; j < n; j++) {
            a[c * n + j] /= p;
            inverse[c * n + j] /= p;
        }
        for (size_t i = 0; i < n; i++) {
            const double f = i == c ? 0 : a[i * n + c];
            for (size_t j = 0; j < n && f != 0; j++) {
                a[i * n + j] -= f * a[c * n + j];
                inverse[i * n + j] -= f * inverse[c * n + j];
            }
        }
    }
    return log_determinant;
}

static inline double reference_inverse(const rig *r, size_t n, double *inverse) {
    double k[N * N];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            k[i * n + j] = reference_kernel(r, r->unit + i * DIMS, r->unit + j * DIMS);
            if (i == j) k[i * n + j] += exp(r->theta[DIMS + 1]);
        }
    }
    return invert(k, inverse, n);
}

/* Mean from the first n rows, variance from the first `rows`. */
static inline void reference_predict(const rig *r, size_t n, size_t rows, const double *point, double *mean,
                                     double *variance) {
    double inverse[N * N], k[N];
    for (size_t i = 0; i < rows; i++) k[i] = reference_kernel(r, point, r->unit + i * DIMS);
    reference_inverse(r, n, inverse);
    *mean = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) *mean += k[i] * inverse[i * n + j] * r->y[j];
    reference_inverse(r, rows, inverse);
    *variance = exp(r->theta[DIMS]);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++) *variance -= k[i] * inverse[i * rows + j] * k[j];
}

/* Posterior covariance of two points given the first `rows` rows; variance = that of one with itself. */
static inline double reference_covariance(const rig *r, size_t rows, const double *a, const double *b) {
    double inverse[N * N], sum = reference_kernel(r, a, b);
    reference_inverse(r, rows, inverse);
    for (size_t i = 0; i < rows; i++) {
        const double k = reference_kernel(r, a, r->unit + i * DIMS);
        for (size_t j = 0; j < rows; j++) {
            sum -= k * inverse[i * rows + j] * reference_kernel(r, b, r->unit + j * DIMS);
        }
    }
    return sum;
}

/* Central differences of a surrogate's mean: 0 where nothing moves. */
static inline void check_slopes(const hpo_surrogate *surrogate, const double *at, double tolerance) {
    double point[DIMS], mean, variance, plain, ignored, d_mean[DIMS], d_variance[DIMS], side[2];
    memcpy(point, at, sizeof point);
    surrogate->gradient(surrogate->self, point, &mean, &variance, d_mean, d_variance);
    surrogate->predict(surrogate->self, point, 1, &plain, &ignored);
    CHECK_NEAR(mean, plain, 1e-9 * (1 + fabs(plain)));
    for (size_t d = 0; d < DIMS; d++) {
        assert_true(d_variance[d] == 0);
        if (d == 0 || isnan(point[d])) {
            assert_true(d_mean[d] == 0);
            continue;
        }
        const double h = 1e-5;
        for (int up = 0; up < 2; up++) {
            point[d] = at[d] + (up ? h : -h);
            surrogate->predict(surrogate->self, point, 1, &side[up], &ignored);
        }
        point[d] = at[d];
        const double slope = (side[1] - side[0]) / (2 * h);
        CHECK_NEAR(d_mean[d], slope, tolerance * (1 + fabs(slope)));
    }
}

#endif

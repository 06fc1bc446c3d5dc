/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/gradcheck.h"

#include "tests/support/check.h"

#include "base/rng.h"

void gradcheck_fill(uint32_t who, double gap, size_t n, double *out) {
    base_rng rng = base_rng_stream(20, BASE_RNG_TEST, who, 0);
    for (size_t i = 0; i < n; i++) {
        double z = base_rng_normal(&rng);
        out[i] = fabs(z) < gap ? copysign(gap, z) : z;
    }
    gradcheck_round(n, out);
}

void gradcheck_to_float(size_t n, const double *from, float *to) {
    for (size_t i = 0; i < n; i++) to[i] = (float)from[i];
}

void gradcheck_round(size_t n, double *x) {
    for (size_t i = 0; i < n; i++) x[i] = (double)(float)x[i];
}

double gradcheck_derivative(double (*f)(void *self), void *self, double *x, double h) {
    const double at = *x;
    double value[4];
    for (int i = 0; i < 4; i++) {
        *x = at + h * (const double[]){1.0, -1.0, 2.0, -2.0}[i];
        value[i] = f(self);
    }
    *x = at;
    return (8.0 * (value[0] - value[1]) - (value[2] - value[3])) / (12.0 * h);
}

double gradcheck_derivative_float(double (*f)(void *self), void *self, float *x, double h) {
    const float at = *x;
    double value[4], reached[4];
    for (int i = 0; i < 4; i++) {
        *x = (float)((double)at + h * (const double[]){1.0, -1.0, 2.0, -2.0}[i]);
        reached[i] = (double)*x;
        value[i] = f(self);
    }
    *x = at;
    double near = (value[0] - value[1]) / (reached[0] - reached[1]);
    double far = (value[2] - value[3]) / (reached[2] - reached[3]);
    return (4.0 * near - far) / 3.0;
}

void gradcheck_near(const char *what, size_t n, const float *got, const double *want, double tolerance) {
    for (size_t i = 0; i < n; i++) {
        if (fabs((double)got[i] - want[i]) <= tolerance * (1.0 + fabs(want[i]))) continue;
        print_error("%s[%zu]: got %.9g, expected %.9g, tolerance %.2g\n", what, i, (double)got[i], want[i], tolerance);
        fail();
    }
}

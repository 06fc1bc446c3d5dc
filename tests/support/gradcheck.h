/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gradients checked against finite differences, and the random arrays that such checks want. */
#ifndef TESTS_SUPPORT_GRADCHECK_H
#define TESTS_SUPPORT_GRADCHECK_H

#include <stddef.h>
#include <stdint.h>

/* Standard normal numbers of stream (BASE_RNG_TEST, who, 0), none nearer to zero than `gap`: a kink at zero is then out
 * of the reach of a difference. */
void gradcheck_fill(uint32_t who, double gap, size_t n, double *out);
void gradcheck_to_float(size_t n, const double *from, float *to);
/* Rounds to float and back, so that a double reference sees what the engine sees. */
void gradcheck_round(size_t n, double *x);

/* df/dx by the central difference of fourth order, (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h; *x is restored. */
double gradcheck_derivative(double (*f)(void *self), void *self, double *x, double h);
double gradcheck_derivative_float(double (*f)(void *self), void *self, float *x, double h);

/* |got - want| <= tolerance (1 + |want|) for each; fails the test naming `what` and the first that is off. */
void gradcheck_near(const char *what, size_t n, const float *got, const double *want, double tolerance);

#endif

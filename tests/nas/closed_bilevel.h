/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bilevel problems with a closed form, in double, behind the interface that steps speak to:
 *
 *     L_train = w'Aw/2 - w'Ba + a'Ca/2    L_valid = w'Dw/2 + w'Ea + a'Fa/2 + p'w + q'a + c
 *
 * with gradient descent (momentum mu, decay d) for the weights and plain gradient descent for the alphas. Edge weights
 * are the alphas themselves, all of them valid: a shifted pass is one at a + shift. */
#ifndef TESTS_NAS_CLOSED_BILEVEL_H
#define TESTS_NAS_CLOSED_BILEVEL_H

#include "nas/bilevel.h"

enum { CLOSED_MAX = 24, CLOSED_MATRIX = CLOSED_MAX * CLOSED_MAX };

struct nas_vector {
    size_t size;
    double at[CLOSED_MAX];
};

typedef struct closed_bilevel {
    size_t size[NAS_SIDES]; /* of w, of a */
    /* Row-major with the sizes above. */
    double A[CLOSED_MATRIX], B[CLOSED_MATRIX], C[CLOSED_MATRIX], D[CLOSED_MATRIX], E[CLOSED_MATRIX], F[CLOSED_MATRIX];
    double p[CLOSED_MAX], q[CLOSED_MAX], c;
    double rate[NAS_SIDES], mu, decay;
    nas_vector point[NAS_VECTORS], gradient[NAS_VECTORS], momentum;
    double progress;
    uint32_t step;                     /* what random numbers depend on; for the test to advance */
    unsigned passes, forwards, moving; /* counted: with gradients, without, and those that move running statistics */
    nas_loss last;                     /* the loss of the last pass */
} closed_bilevel;

/* The problem of J's fields; J must outlive it. */
nas_bilevel closed_bilevel_problem(closed_bilevel *j);
/* Both losses at the present point. */
double closed_train(const closed_bilevel *j);
double closed_valid(const closed_bilevel *j);

/* L_train = (w - a)^2 / 2, L_valid = (w - 1)^2 / 2 + .05 a^2 from w = .3, a = -.4, both rates .1. */
closed_bilevel closed_scalar(void);
/* Two weights, three alphas: A = [2 .5; .5 1], B = [1 -1 0; 0 2 1], L_valid = |w - (1, -1)|^2 / 2 + .05 |a|^2 from
 * w = (.5, .25), a = (.2, -.1, .3), rates .1 and .05. */
closed_bilevel closed_vector(void);
/* The example of the DARTS paper's figure 2: L_valid = a w - 2 a + 1, L_train = w^2 - 2 a w + a^2 from (a, w) = (2,
 * -2). */
closed_bilevel closed_paper(double rate_w, double rate_a);

#endif

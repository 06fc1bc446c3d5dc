/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every op should compute, written down naively in double with libm: the oracle of test_ops. */
#ifndef TESTS_OP_REFERENCE_H
#define TESTS_OP_REFERENCE_H

#include "engine/ops/ops.h"

/* One evaluation: n samples of x; y has one number for a loss. */
typedef struct op_problem {
    const eng_node *node;
    size_t n;
    double *x; /* [n, in] */
    double *w[ENG_OP_MAX_PARAMS];
    const double *values;  /* targets of a loss, or ... */
    const int32_t *labels; /* ... labels */
    const uint8_t *keep;   /* dropout's mask */
    double *y;
} op_problem;

typedef void op_reference(const op_problem *p);

/* NULL when the op has none: every op must. */
op_reference *op_reference_of(const eng_op *op);

#endif

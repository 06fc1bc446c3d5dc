/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ops with configurations that exercise them: one table for those who ask whether they are right (test_ops) and how
 * fast they are (bench_ops). */
#ifndef TESTS_SUPPORT_OP_CASES_H
#define TESTS_SUPPORT_OP_CASES_H

#include "engine/ops/ops.h"
#include "engine/tensor/graph.h"

typedef struct op_case {
    const eng_op *op;
    const char *name;
    const void *config;
    double tolerance;
    eng_shape image;        /* the input of an op on images; else the test's own shapes */
    bool sparse;            /* not every input is read */
    bool moves;             /* moves numbers only, or reads several values: their own tests know */
    bool single;            /* every input is a single value */
    size_t inputs;          /* of a variadic op; 0 = op->inputs */
    eng_shape second, last; /* single values: the second input of three, the last; ndim 0 = like the first */
    eng_shape timed;        /* the input that a benchmark gives it; ndim 0 = none */
} op_case;

extern const op_case op_cases[];
extern const size_t op_cases_count;
extern const eng_dropout_config op_case_dropout;
extern const eng_cross_entropy_config op_case_smoothing;
/* A graph of one node: the op on an input of this shape, with its target when it is a loss. */
eng_graph *op_case_graph(const op_case *what, eng_shape shape);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The yardstick of bench_mlp: a multilayer perceptron trained by loops written out by hand over OpenBLAS. */
#ifndef BENCH_PLAIN_MLP_H
#define BENCH_PLAIN_MLP_H

#include <stdint.h>

#include "engine/tensor/param.h"

enum { PLAIN_MAX_LAYERS = 4 };

typedef struct plain_layer {
    size_t in, out;
    float *w, *b;   /* [in, out], [out] */
    float *dw, *db; /* gradients */
    float *vw, *vb; /* velocities */
    float *y, *dy;  /* [batch, out] */
} plain_layer;

typedef struct plain_mlp {
    size_t batch, layers;
    plain_layer layer[PLAIN_MAX_LAYERS];
} plain_mlp;

/* widths[0] inputs, then one width for each layer; parameters are copied from `like` (weight, bias, weight, ...). */
plain_mlp *plain_mlp_create(size_t batch, const size_t *widths, size_t layers, const eng_params *like);
void plain_mlp_destroy(plain_mlp *mlp);
/* One step of SGD with momentum 0.9; returns the mean loss before it. */
double plain_mlp_step(plain_mlp *mlp, const float *x, const int32_t *labels, float rate);

/* Its loops, for the step by oneDNN. dy = 0 where y is not above 0. */
void plain_relu_grad(size_t n, const float *y, float *dy);
void plain_update(size_t n, float rate, const float *g, float *v, float *w);
/* Mean cross-entropy; dy becomes its gradient. */
double plain_softmax_cross_entropy(size_t rows, size_t cols, const float *y, const int32_t *labels, float *dy);

#endif

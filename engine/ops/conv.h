/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The three passes of a 2-D convolution over a batch in NHWC, for the ops that are made of them.
 *
 *   forward   y[oy][ox][o] = sum over taps (u, v) and i of x[oy s + u d - p][ox s + v d - p][i] w[u][v][i][o]
 *   data      dx from dy: the adjoint in x
 *   weights   dw from x and dy: the adjoint in w
 *
 * x is [h, w, channels], y [h, w, filters], w [kernel h, kernel w, channels / groups, filters]; group g of the filters
 * sees group g of the channels. A transposed convolution is data as its forward and forward as its data. */
#ifndef ENG_CONV_H
#define ENG_CONV_H

#include "engine/tensor/op.h"
#include "engine/tensor/tiles.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_CONV_MOST_TAPS 15 /* along an edge of the kernel */

/* One direction: `in` pixels of x, `out` of y, and the kernel along it. */
typedef struct eng_conv_edge {
    size_t in, out;
    size_t kernel, stride, dilation, padding; /* zeros before the first pixel and after the last */
} eng_conv_edge;

typedef struct eng_conv {
    eng_conv_edge h, w;
    size_t channels, filters, groups;
} eng_conv;

/* One pass over a batch. Only what the pass needs is set. */
typedef struct eng_conv_pass {
    const eng_conv *conv;
    const eng_tiles *tiles;
    size_t n; /* images */
    const float *x, *dy, *w;
    float *y, *dx, *dw;
    const float *bias;    /* of forward, or of data when a transposed convolution computes its output; or NULL */
    bool relu;            /* likewise */
    float *workspace;     /* eng_conv_workspace floats */
    eng_threads *threads; /* who shares the pass; NULL = nobody */
    float *others;        /* then the workspaces of the threads but the first, others_step floats apart */
    size_t others_step;
} eng_conv_pass;

/* Images, or pixels of them, that are worth waking a thread for. */
size_t eng_conv_unit(const eng_conv *conv);
/* How many of the threads of a backward pass have weights to do, which make so many good shares; the others have data
 * alone, which takes about as long. */
size_t eng_conv_shares(size_t threads, size_t shares);
/* Pixels of y along one direction, 0 when the kernel does not fit. */
size_t eng_conv_out(size_t in, size_t kernel, size_t stride, size_t dilation, size_t padding);
size_t eng_conv_workspace(const eng_conv *conv, size_t n);
void eng_conv_forward(const eng_conv_pass *pass);
void eng_conv_data(const eng_conv_pass *pass);
void eng_conv_weights(const eng_conv_pass *pass);
/* data and weights, block by block of images, so that dy comes from memory once; dx may be NULL. */
void eng_conv_backward(const eng_conv_pass *pass);

#ifdef __cplusplus
}
#endif
#endif

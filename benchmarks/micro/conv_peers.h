/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who else computes a convolution: oneDNN, when the build found it, and the textbook's im2col with OpenBLAS. */
#ifndef BENCH_CONV_PEERS_H
#define BENCH_CONV_PEERS_H

#include "engine/ops/conv.h"

typedef struct conv_peer {
    const char *name;
    void *self;
    void (*forward)(void *self);
    void (*backward)(void *self); /* data (when wanted) and weights */
    void (*destroy)(void *self);
} conv_peer;

/* x, w, dy are read; y, dx, dw overwritten. dx may be NULL: the first layer needs none. */
conv_peer conv_simple_create(const eng_conv *conv, size_t n, const float *x, const float *w, const float *dy, float *y,
                             float *dx, float *dw);
/* In the layouts that oneDNN likes best, reorders not counted; its tensors are its own. name = NULL: not in this build,
 * or it refuses the shape. */
conv_peer conv_onednn_create(const eng_conv *conv, size_t n, bool wants_dx);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weight gradients of a convolution, block by block of images, all of them or a part of the weights. Private to
 * engine/ops/conv*.c. */
#ifndef ENG_CONV_GRADIENT_H
#define ENG_CONV_GRADIENT_H

#include "engine/ops/conv_stage.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_GRADIENT_ROWS 64 /* of a job */

/* The rows of a job of weight gradients being filled. */
typedef struct eng_gradient {
    const eng_conv_pass *pass;
    const eng_stage *x;
    const float *from, *dy; /* of the block */
    size_t image;           /* floats of an image of `from` */
    size_t most;            /* rows of a job */
    size_t lead, trail;     /* 0 with margins */
    size_t a_at[ENG_GRADIENT_ROWS], d_at[ENG_GRADIENT_ROWS];
    size_t count;
    size_t first, last;             /* the units that are computed: first .. last - 1 */
    bool begun[ENG_CONV_MOST_TAPS]; /* dw of this row of taps holds a sum */
} eng_gradient;

/* The weights are so many units, whose gradients different threads may compute. */
size_t eng_gradient_units(const eng_conv *conv, const eng_tiles *tiles);
/* Into so many shares they can be divided without computing any slower. */
size_t eng_gradient_shares(const eng_conv *conv, const eng_tiles *tiles);
/* Of the units first .. last - 1. */
void eng_gradient_begin(eng_gradient *g, const eng_conv_pass *pass, const eng_stage *x, size_t first, size_t last);
/* Adds a block of images: x as staged, dy as it lies. */
void eng_gradient_block(eng_gradient *g, size_t images, const float *from, const float *dy);

#ifdef __cplusplus
}
#endif
#endif

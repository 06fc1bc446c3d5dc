/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep: every pixel of one image becomes a sum over taps of pixels of another. Forward is one sweep; the adjoint of
 * a convolution with stride s is s x s sweeps, one for each residue of the output pixel, each of them a convolution
 * with stride 1 over a share of the taps. Private to engine/ops/conv*.c. */
#ifndef ENG_CONV_SWEEP_H
#define ENG_CONV_SWEEP_H

#include "engine/ops/conv.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One direction. Output i = 0 .. out-1 is pixel place + i place_step, and reads pixel i step + first + t gap through
 * tap number tap + t tap_gap of the kernel, for those t in 0 .. taps-1 that lie in the image. */
typedef struct eng_sweep_edge {
    size_t in, out, step;
    size_t taps;
    ptrdiff_t first, gap;
    ptrdiff_t tap, tap_gap;
    size_t place, place_step, placed; /* placed: pixels of the whole output */
} eng_sweep_edge;

eng_sweep_edge eng_sweep_forward(const eng_conv_edge *edge);
/* Residue 0 .. stride-1 of the adjoint; out = 0 when no pixel has it. */
eng_sweep_edge eng_sweep_adjoint(const eng_conv_edge *edge, size_t residue);
/* The taps lo .. hi-1 that output i can read. */
void eng_sweep_range(const eng_sweep_edge *edge, size_t i, size_t *lo, size_t *hi);
/* True when the kernels can leave out what lies beside the image along w, so that it needs no margins: groups of at
 * most `rows` outputs in which no tap misses more than the first or the last `ends`. */
bool eng_sweep_bare(const eng_sweep_edge *w, size_t rows, size_t ends);
/* Zeros that the sweep reads before and after an edge. */
void eng_sweep_margins(const eng_sweep_edge *edge, size_t *before, size_t *after);

/* Images with zeros around them. */
typedef struct eng_margins {
    size_t top, bottom, left, right;
} eng_margins;

void eng_margins_widen(eng_margins *margins, const eng_sweep_edge *h, const eng_sweep_edge *w);
bool eng_margins_none(const eng_margins *margins);
/* Floats of one image with its margins. */
size_t eng_margins_image(const eng_margins *margins, size_t h, size_t w, size_t c);
/* Writes the margins of n images, or the images into their margins. */
void eng_margins_clear(const eng_margins *margins, size_t n, size_t h, size_t w, size_t c, float *to);
void eng_margins_copy(const eng_margins *margins, size_t n, size_t h, size_t w, size_t c, const float *from, float *to);

/* The images of a block, with margins or without. */
typedef struct eng_sweep_job {
    const eng_tiles *tiles;
    eng_sweep_edge h, w;
    eng_margins margins;
    size_t images;
    const float *from;
    float *to;
    size_t from_channels, to_channels, groups;
    size_t kernel_w;
    const float *weights; /* packed, group by group; of a depthwise sweep as they are */
    const float *bias;
    bool relu;
    const float *next_from, *next_to; /* the block to come, as large as this one and of no margins, or NULL */
    size_t next_images;
} eng_sweep_job;

void eng_sweep_dense(const eng_sweep_job *job);
void eng_sweep_depthwise(const eng_sweep_job *job);
/* Packs the weights w of a convolution for a dense sweep; transposed: for the adjoint. */
void eng_sweep_pack(const eng_sweep_job *job, const eng_conv *conv, bool transposed, const float *w, float *packed);
size_t eng_sweep_packed(const eng_sweep_job *job);

#ifdef __cplusplus
}
#endif
#endif

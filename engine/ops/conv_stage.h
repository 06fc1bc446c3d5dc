/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images as the passes of a convolution want them, block by block: where they lie, or copied between margins of zeros
 * when a kernel cannot leave out what lies beside the image. Private to engine/ops/conv*.c. */
#ifndef ENG_CONV_STAGE_H
#define ENG_CONV_STAGE_H

#include "engine/ops/conv_edge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Images with zeros around them. */
typedef struct eng_margins {
    size_t top, bottom, left, right;
} eng_margins;

void eng_margins_widen(eng_margins *margins, const eng_sweep_edge *h, const eng_sweep_edge *w);
/* Floats of one image with its margins. */
size_t eng_margins_image(const eng_margins *margins, size_t h, size_t w, size_t c);
/* Writes the margins of n images, or the images into their margins. */
void eng_margins_clear(const eng_margins *margins, size_t n, size_t h, size_t w, size_t c, float *to);
void eng_margins_copy(const eng_margins *margins, size_t n, size_t h, size_t w, size_t c, const float *from, float *to);

/* x or dy of a pass, staged block by block: copied between its margins when it has any. */
typedef struct eng_stage {
    eng_margins margins;
    bool copied;
    size_t h, w, c;
    const float *from;
    float *buffer;
} eng_stage;

/* Groups are single channels and as many filters: the depthwise kernels do it. */
bool eng_conv_is_depthwise(const eng_conv *conv);
/* Few channels: a tile of weight gradients holds all taps, so no row of taps may be missing. */
bool eng_conv_is_narrow(const eng_conv *conv);

/* x for forward, dy for data, x for the weight gradients. */
eng_stage eng_stage_for_forward(const eng_conv *conv, const eng_tiles *tiles);
eng_stage eng_stage_for_data(const eng_conv *conv, const eng_tiles *tiles);
eng_stage eng_stage_for_weights(const eng_conv *conv);
/* Three taps along, the middle one always in the image: the pixels at either end of a row of y that lack the first or
 * the last. False when it is not so. */
bool eng_stage_ends(const eng_conv_edge *w, size_t *lead, size_t *trail);

size_t eng_stage_image(const eng_stage *s);            /* floats of an image */
size_t eng_stage_pitch(const eng_stage *s);            /* pixels of a row */
size_t eng_stage_images(const eng_stage *s, size_t n); /* of a block, when there are n */
size_t eng_stage_floats(const eng_stage *s, size_t block);
/* Takes eng_stage_floats of the workspace. */
void eng_stage_begin(eng_stage *s, const float *from, size_t block, float **workspace);
/* `count` images from number `image` on, valid until the next call. */
const float *eng_stage_block(const eng_stage *s, size_t image, size_t count);

#ifdef __cplusplus
}
#endif
#endif

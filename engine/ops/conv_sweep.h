/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep: every pixel of one image becomes a sum over taps of pixels of another. Forward is one sweep; the adjoint of
 * a convolution with stride s is s x s sweeps, one for each residue of the output pixel, each of them a convolution
 * with stride 1 over some of the taps. Private to engine/ops/conv*.c. */
#ifndef ENG_CONV_SWEEP_H
#define ENG_CONV_SWEEP_H

#include "engine/ops/conv_stage.h"

#ifdef __cplusplus
extern "C" {
#endif

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
    size_t ahead; /* of the jobs */
} eng_sweep_job;

void eng_sweep_dense(const eng_sweep_job *job);
void eng_sweep_depthwise(const eng_sweep_job *job);
/* Packs the weights w of a convolution for a dense sweep; transposed: for the adjoint. Of each group and tap the
 * channels that the sweep reads from begin to end - 1, of conv's channels or filters in a group. */
void eng_sweep_pack(const eng_sweep_job *job, const eng_conv *conv, bool transposed, const float *w, size_t begin,
                    size_t end, float *packed);
size_t eng_sweep_packed(const eng_sweep_job *job);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The passes of a convolution over a batch: blocks of images that fit the first cache with their margins, each swept
 * while it is there. Backward takes weight gradients and data from one block in turn, so that dy comes from memory
 * once. */
#include "engine/ops/conv.h"

#include "engine/ops/conv_gradient.h"
#include "engine/ops/conv_pointwise.h"
#include "engine/ops/conv_sweep.h"
#include "engine/tensor/least.h"

#define SECOND_CACHE ((size_t)1 << 20)
#define AHEAD        64 /* vectors: a tile or two */

size_t eng_conv_out(size_t in, size_t kernel, size_t stride, size_t dilation, size_t padding) {
    size_t reach = (kernel - 1) * dilation + 1, padded = in + 2 * padding;
    return padded < reach ? 0 : (padded - reach) / stride + 1;
}

/* The sweep of forward. */
static eng_sweep_job forward_job(const eng_conv *conv, const eng_tiles *tiles, const eng_stage *s) {
    return (eng_sweep_job){.tiles = tiles,
                           .h = eng_sweep_forward(&conv->h),
                           .w = eng_sweep_forward(&conv->w),
                           .margins = s->margins,
                           .from_channels = conv->channels,
                           .to_channels = conv->filters,
                           .groups = conv->groups,
                           .kernel_w = conv->w.kernel};
}

/* One of the stride x stride sweeps of the adjoint. */
static eng_sweep_job adjoint_job(const eng_conv *conv, const eng_tiles *tiles, const eng_stage *s, size_t a, size_t b) {
    return (eng_sweep_job){.tiles = tiles,
                           .h = eng_sweep_adjoint(&conv->h, a),
                           .w = eng_sweep_adjoint(&conv->w, b),
                           .margins = s->margins,
                           .from_channels = conv->filters,
                           .to_channels = conv->channels,
                           .groups = conv->groups,
                           .kernel_w = conv->w.kernel};
}

static size_t packed_floats(const eng_conv *conv, const eng_stage *s, bool adjoint) {
    if (eng_conv_is_depthwise(conv)) return 0;
    size_t floats = 0;
    if (adjoint) {
        for (size_t a = 0; a < conv->h.stride; a++)
            for (size_t b = 0; b < conv->w.stride; b++) {
                eng_sweep_job job = adjoint_job(conv, NULL, s, a, b);
                floats += eng_align_floats(eng_sweep_packed(&job));
            }
    } else {
        eng_sweep_job job = forward_job(conv, NULL, s);
        floats = eng_align_floats(eng_sweep_packed(&job));
    }
    return floats;
}

static size_t workspace_of(const eng_conv *conv, const eng_tiles *tiles, size_t n) {
    const eng_stage front = eng_stage_for_forward(conv, tiles), x = eng_stage_for_weights(conv),
                    dy = eng_stage_for_data(conv, tiles);
    const size_t block = eng_least(eng_stage_images(&x, n), eng_stage_images(&dy, n));
    const size_t forward = eng_stage_floats(&front, eng_stage_images(&front, n)) + packed_floats(conv, &front, false);
    const size_t backward = eng_stage_floats(&x, block) + eng_stage_floats(&dy, block) + packed_floats(conv, &dy, true);
    return forward > backward ? forward : backward;
}

/* Enough for any instance: a plan does not say for which it asks. */
size_t eng_conv_workspace(const eng_conv *conv, size_t n) {
    if (eng_conv_is_pointwise(conv)) return eng_pointwise_workspace(conv);
    size_t most = 0;
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        const size_t floats = kernels == NULL ? 0 : workspace_of(conv, kernels->tiles, n);
        if (floats > most) most = floats;
    }
    return most;
}

static void sweep(const eng_conv *conv, const eng_sweep_job *job) {
    if (eng_conv_is_depthwise(conv))
        eng_sweep_depthwise(job);
    else
        eng_sweep_dense(job);
}

/* What the sweeps fetch ahead, in floats: when x and y together leave the second cache, else that would only cost. */
static size_t ahead_of(const eng_conv_pass *pass) {
    const eng_conv *conv = pass->conv;
    const size_t x = conv->h.in * conv->w.in * conv->channels, y = conv->h.out * conv->w.out * conv->filters;
    return pass->n * (x + y) * sizeof(float) > SECOND_CACHE ? AHEAD * pass->tiles->vector : 0;
}

/* The weights as the sweeps want them, and the workspace behind them. */
static const float *pack(const eng_conv_pass *pass, const eng_stage *s, bool adjoint, float **workspace) {
    const eng_conv *conv = pass->conv;
    if (eng_conv_is_depthwise(conv)) return pass->w;
    float *packed = *workspace, *at = packed;
    for (size_t a = 0; a < (adjoint ? conv->h.stride : 1); a++)
        for (size_t b = 0; b < (adjoint ? conv->w.stride : 1); b++) {
            eng_sweep_job job = adjoint ? adjoint_job(conv, pass->tiles, s, a, b) : forward_job(conv, pass->tiles, s);
            eng_sweep_pack(&job, conv, adjoint, pass->w, at);
            at += eng_align_floats(eng_sweep_packed(&job));
        }
    *workspace = at;
    return packed;
}

static void adjoint_block(const eng_conv_pass *pass, const eng_stage *s, const float *packed, size_t image,
                          size_t count, const float *dy) {
    const eng_conv *conv = pass->conv;
    for (size_t a = 0; a < conv->h.stride; a++)
        for (size_t b = 0; b < conv->w.stride; b++) {
            eng_sweep_job job = adjoint_job(conv, pass->tiles, s, a, b);
            job.images = count;
            job.from = dy;
            job.to = pass->dx + image * conv->h.in * conv->w.in * conv->channels;
            job.ahead = ahead_of(pass);
            job.weights = packed;
            job.bias = pass->bias;
            job.relu = pass->relu;
            sweep(conv, &job);
            if (!eng_conv_is_depthwise(conv)) packed += eng_align_floats(eng_sweep_packed(&job));
        }
}

void eng_conv_forward(const eng_conv_pass *pass) {
    const eng_conv *conv = pass->conv;
    if (eng_conv_is_pointwise(conv)) {
        eng_pointwise_forward(pass);
        return;
    }
    float *workspace = pass->workspace;
    eng_stage x = eng_stage_for_forward(conv, pass->tiles);
    const size_t block = eng_stage_images(&x, pass->n);
    eng_sweep_job job = forward_job(conv, pass->tiles, &x);
    job.weights = pack(pass, &x, false, &workspace);
    job.bias = pass->bias;
    job.relu = pass->relu;
    job.ahead = ahead_of(pass);
    eng_stage_begin(&x, pass->x, block, &workspace);
    for (size_t image = 0; image < pass->n; image += block) {
        job.images = eng_least(block, pass->n - image);
        job.from = eng_stage_block(&x, image, job.images);
        job.to = pass->y + image * conv->h.out * conv->w.out * conv->filters;
        sweep(conv, &job);
    }
}

static void backward(const eng_conv_pass *pass, bool data, bool weights) {
    const eng_conv *conv = pass->conv;
    if (eng_conv_is_pointwise(conv)) {
        eng_pointwise_backward(pass, data, weights);
        return;
    }
    float *workspace = pass->workspace;
    eng_stage x = eng_stage_for_weights(conv), dy = eng_stage_for_data(conv, pass->tiles);
    const size_t block = eng_least(eng_stage_images(&x, pass->n), eng_stage_images(&dy, pass->n));
    const float *packed = data ? pack(pass, &dy, true, &workspace) : NULL;
    eng_gradient g;
    if (data) eng_stage_begin(&dy, pass->dy, block, &workspace);
    if (weights) {
        eng_stage_begin(&x, pass->x, block, &workspace);
        eng_gradient_begin(&g, pass, &x);
    }
    for (size_t image = 0; image < pass->n; image += block) {
        const size_t count = eng_least(block, pass->n - image);
        if (weights)
            eng_gradient_block(&g, count, eng_stage_block(&x, image, count),
                               pass->dy + image * conv->h.out * conv->w.out * conv->filters);
        if (data) adjoint_block(pass, &dy, packed, image, count, eng_stage_block(&dy, image, count));
    }
}

void eng_conv_data(const eng_conv_pass *pass) {
    backward(pass, true, false);
}

void eng_conv_weights(const eng_conv_pass *pass) {
    backward(pass, false, true);
}

void eng_conv_backward(const eng_conv_pass *pass) {
    backward(pass, pass->dx != NULL, true);
}

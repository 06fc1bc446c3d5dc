/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A 1 x 1 convolution, block by block of pixels: so few that the tiles find in the first cache what they read of x and
 * of dy, whatever the size of an image. */
#include "engine/ops/conv_pointwise.h"

#include "engine/ops/conv_sweep.h"
#include "engine/tensor/least.h"

enum {
    BLOCK_FLOATS = 1 << 14, /* of x and of dy; a panel of tiles reads a part of them */
    WHOLE = 84,             /* pixels: whole tiles of any instance, and enough of them to be worth a sum's way to dw */
};

bool eng_conv_is_pointwise(const eng_conv *conv) {
    const eng_conv_edge *h = &conv->h, *w = &conv->w;
    return h->kernel == 1 && w->kernel == 1 && h->stride == 1 && w->stride == 1 && h->padding == 0 && w->padding == 0 &&
           !eng_conv_is_depthwise(conv);
}

/* Forward, or the adjoint: what all blocks of a pass have in common. */
static eng_sweep_job sweep_of(const eng_conv *conv, bool adjoint) {
    return (eng_sweep_job){.h = adjoint ? eng_sweep_adjoint(&conv->h, 0) : eng_sweep_forward(&conv->h),
                           .w = adjoint ? eng_sweep_adjoint(&conv->w, 0) : eng_sweep_forward(&conv->w),
                           .from_channels = adjoint ? conv->filters : conv->channels,
                           .to_channels = adjoint ? conv->channels : conv->filters,
                           .groups = conv->groups,
                           .kernel_w = 1};
}

static eng_sweep_job sweep_begin(const eng_conv_pass *pass, bool adjoint) {
    eng_sweep_job s = sweep_of(pass->conv, adjoint);
    s.tiles = pass->tiles;
    s.weights = pass->workspace;
    s.bias = pass->bias;
    s.relu = pass->relu;
    eng_sweep_pack(&s, pass->conv, adjoint, pass->w, pass->workspace);
    return s;
}

/* to[pixel][n] = f(from[pixel][k] B + bias), for every group. */
static void sweep_block(const eng_sweep_job *s, size_t pixels, const float *from, float *to) {
    const size_t k = s->from_channels / s->groups, n = s->to_channels / s->groups, packed = eng_tiles_packed(k, n);
    for (size_t g = 0; g < s->groups; g++)
        for (size_t col = 0, width; col < n; col += width) {
            width = eng_tiles_panel(n - col, s->tiles->vector);
            const eng_product_job job = {.m = pixels,
                                         .n = eng_least(width, n - col),
                                         .k = k,
                                         .a = from + g * k,
                                         .lda = s->from_channels,
                                         .b = s->weights + g * packed + col * k,
                                         .ldb = width,
                                         .c = to + g * n + col,
                                         .ldc = s->to_channels,
                                         .bias = s->bias == NULL ? NULL : s->bias + g * n + col,
                                         .relu = s->relu};
            s->tiles->product(&job);
        }
}

/* dw (+)= x' dy over a block. */
static void gradient_block(const eng_conv_pass *pass, size_t pixels, const float *x, const float *dy, bool add) {
    const eng_conv *conv = pass->conv;
    const size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups;
    for (size_t g = 0; g < conv->groups; g++) {
        const eng_product_job job = {.m = inner,
                                     .n = outer,
                                     .k = pixels,
                                     .a = x + g * inner,
                                     .lda = conv->channels,
                                     .turned = true,
                                     .b = dy + g * outer,
                                     .ldb = conv->filters,
                                     .c = pass->dw + g * outer,
                                     .ldc = conv->filters,
                                     .add = add};
        pass->tiles->product(&job);
    }
}

static size_t block_pixels(const eng_conv *conv) {
    return eng_most(BLOCK_FLOATS / (conv->channels + conv->filters) / WHOLE, 1) * WHOLE;
}

static size_t pixels_of(const eng_conv_pass *pass) {
    return pass->n * pass->conv->h.in * pass->conv->w.in;
}

size_t eng_pointwise_workspace(const eng_conv *conv) {
    const eng_sweep_job forward = sweep_of(conv, false), adjoint = sweep_of(conv, true);
    return eng_most(eng_sweep_packed(&forward), eng_sweep_packed(&adjoint));
}

void eng_pointwise_forward(const eng_conv_pass *pass) {
    const eng_conv *conv = pass->conv;
    const size_t pixels = pixels_of(pass), block = block_pixels(conv);
    const eng_sweep_job s = sweep_begin(pass, false);
    for (size_t at = 0; at < pixels; at += block)
        sweep_block(&s, eng_least(block, pixels - at), pass->x + at * conv->channels, pass->y + at * conv->filters);
}

void eng_pointwise_backward(const eng_conv_pass *pass, bool data, bool weights) {
    const eng_conv *conv = pass->conv;
    const size_t pixels = pixels_of(pass), block = block_pixels(conv);
    const eng_sweep_job s = data ? sweep_begin(pass, true) : (eng_sweep_job){0};
    for (size_t at = 0; at < pixels; at += block) {
        const size_t count = eng_least(block, pixels - at);
        const float *x = pass->x + at * conv->channels, *dy = pass->dy + at * conv->filters;
        if (weights) gradient_block(pass, count, x, dy, at > 0);
        if (data) sweep_block(&s, count, dy, pass->dx + at * conv->channels);
    }
}

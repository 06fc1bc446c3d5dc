/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A 1 x 1 convolution, block by block of pixels: so few that the tiles find in the first cache what they read of x and
 * of dy, whatever the size of an image. */
#include "engine/ops/conv_pointwise.h"

#include "engine/ops/conv_stage.h"
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

/* What all blocks of a pass have in common: to[pixel][n] = f(from[pixel][k] B + bias), for every group. */
typedef struct sweep {
    const eng_conv_pass *pass;
    size_t k, n, groups;
    size_t step_k, step_n; /* in the weights as they lie, a group of them is `group` floats behind another */
    size_t group;
    size_t packed; /* floats of a group */
} sweep;

static sweep sweep_of(const eng_conv_pass *pass, const eng_conv *conv, bool adjoint) {
    const size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups;
    sweep s = {.pass = pass, .k = inner, .n = outer, .groups = conv->groups, .group = outer};
    s.step_k = conv->filters, s.step_n = 1;
    if (adjoint) s.k = outer, s.n = inner, s.step_k = 1, s.step_n = conv->filters;
    s.packed = eng_tiles_packed(s.k, s.n);
    return s;
}

static void sweep_pack(const sweep *s) {
    for (size_t g = 0; g < s->groups; g++) {
        const eng_pack_job job = {.depth = s->k,
                                  .n = s->n,
                                  .count = s->k,
                                  .b = s->pass->w + g * s->group,
                                  .step_k = s->step_k,
                                  .step_n = s->step_n};
        s->pass->tiles->pack(&job, s->pass->workspace + g * s->packed);
    }
}

static void sweep_block(const sweep *s, size_t pixels, const float *from, float *to) {
    const eng_tiles *tiles = s->pass->tiles;
    for (size_t g = 0; g < s->groups; g++)
        for (size_t col = 0, width; col < s->n; col += width) {
            width = eng_tiles_panel(s->n - col, tiles->vector);
            const eng_product_job job = {.m = pixels,
                                         .n = eng_least(width, s->n - col),
                                         .k = s->k,
                                         .a = from + g * s->k,
                                         .lda = s->groups * s->k,
                                         .b = s->pass->workspace + g * s->packed + col * s->k,
                                         .ldb = width,
                                         .c = to + g * s->n + col,
                                         .ldc = s->groups * s->n,
                                         .bias = s->pass->bias == NULL ? NULL : s->pass->bias + g * s->n + col,
                                         .relu = s->pass->relu};
            tiles->product(&job);
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
    const sweep forward = sweep_of(NULL, conv, false), adjoint = sweep_of(NULL, conv, true);
    return conv->groups * eng_most(forward.packed, adjoint.packed);
}

void eng_pointwise_forward(const eng_conv_pass *pass) {
    const eng_conv *conv = pass->conv;
    const size_t pixels = pixels_of(pass), block = block_pixels(conv);
    const sweep s = sweep_of(pass, conv, false);
    sweep_pack(&s);
    for (size_t at = 0; at < pixels; at += block)
        sweep_block(&s, eng_least(block, pixels - at), pass->x + at * conv->channels, pass->y + at * conv->filters);
}

void eng_pointwise_backward(const eng_conv_pass *pass, bool data, bool weights) {
    const eng_conv *conv = pass->conv;
    const size_t pixels = pixels_of(pass), block = block_pixels(conv);
    const sweep s = sweep_of(pass, conv, true);
    if (data) sweep_pack(&s);
    for (size_t at = 0; at < pixels; at += block) {
        const size_t count = eng_least(block, pixels - at);
        const float *x = pass->x + at * conv->channels, *dy = pass->dy + at * conv->filters;
        if (weights) gradient_block(pass, count, x, dy, at > 0);
        if (data) sweep_block(&s, count, dy, pass->dx + at * conv->channels);
    }
}

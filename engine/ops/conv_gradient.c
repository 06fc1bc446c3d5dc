/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns weight gradients into jobs of the register-tile kernels: rows of x and of dy that lie in the first cache
 * together.
 *
 * A job's sum stays in registers through all its rows and is then added to dw, so the error grows with the number of
 * blocks instead of the number of pixels. */
#include "engine/ops/conv_gradient.h"

#include <string.h>

#define MOST_BYTES ((size_t)32 << 10) /* of the rows of a job */
#define MOST_ROWS  ENG_GRADIENT_ROWS

void eng_gradient_begin(eng_gradient *g, const eng_conv_pass *pass, const eng_stage *x) {
    const eng_conv *conv = pass->conv;
    size_t row = (eng_stage_pitch(x) * conv->channels + conv->w.out * conv->filters) * sizeof(float);
    g->pass = pass;
    g->x = x;
    g->image = eng_stage_image(x);
    g->count = 0;
    const bool bare = x->margins.left + x->margins.right == 0;
    if (!bare || !eng_stage_ends(&conv->w, &g->lead, &g->trail)) g->lead = g->trail = 0;
    g->most = MOST_BYTES / row < 1 ? 1 : MOST_BYTES / row > MOST_ROWS ? MOST_ROWS : MOST_BYTES / row;
    for (size_t u = 0; u < ENG_CONV_MOST_TAPS; u++) g->begun[u] = false;
}

/* Adds row oy of an image of the block, as tap row u reads it. */
static void gradient_row(eng_gradient *g, size_t image, size_t oy, size_t u) {
    const eng_conv *conv = g->pass->conv;
    const size_t y = oy * conv->h.stride + u * conv->h.dilation + g->x->margins.top - conv->h.padding;
    g->a_at[g->count] = image * g->image + y * eng_stage_pitch(g->x) * conv->channels;
    g->d_at[g->count++] = (image * conv->h.out + oy) * conv->w.out * conv->filters;
}

static void flush_dense(eng_gradient *g, size_t u, size_t spans, size_t length, const ptrdiff_t *span_at) {
    const eng_conv *conv = g->pass->conv;
    const size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups;
    for (size_t i = 0; i < conv->groups; i++) {
        const eng_outer_job job = {.rows = g->count,
                                   .pixels = conv->w.out,
                                   .a_at = g->a_at,
                                   .d_at = g->d_at,
                                   .a = g->from + i * inner,
                                   .d = g->dy + i * outer,
                                   .lda = conv->w.stride * conv->channels,
                                   .ldd = conv->filters,
                                   .spans = spans,
                                   .length = length,
                                   .span_at = span_at,
                                   .lead = g->lead,
                                   .trail = g->trail,
                                   .c = g->pass->dw + u * conv->w.kernel * inner * conv->filters + i * outer,
                                   .ldc = conv->filters,
                                   .n = outer,
                                   .add = g->begun[u]};
        g->pass->tiles->outer(&job);
    }
    g->begun[u] = true;
    g->count = 0;
}

/* Few channels: a tile holds all rows of taps at once, which read margins where others leave rows out. */
static void narrow_block(eng_gradient *g, size_t images) {
    const eng_conv *conv = g->pass->conv;
    ptrdiff_t span_at[ENG_CONV_MOST_TAPS];
    for (size_t u = 0; u < conv->h.kernel; u++)
        span_at[u] = (ptrdiff_t)(u * conv->h.dilation * eng_stage_pitch(g->x) * conv->channels);
    for (size_t image = 0; image < images; image++)
        for (size_t oy = 0; oy < conv->h.out; oy++) {
            gradient_row(g, image, oy, 0);
            if (g->count == g->most) flush_dense(g, 0, conv->h.kernel, conv->w.kernel * conv->channels, span_at);
        }
    flush_dense(g, 0, conv->h.kernel, conv->w.kernel * conv->channels, span_at);
}

static void dense_block(eng_gradient *g, size_t images) {
    const eng_conv *conv = g->pass->conv;
    const size_t inner = conv->channels / conv->groups;
    const eng_sweep_edge h = eng_sweep_forward(&conv->h);
    ptrdiff_t span_at[ENG_CONV_MOST_TAPS];
    size_t lo, hi;
    for (size_t v = 0; v < conv->w.kernel; v++)
        span_at[v] = ((ptrdiff_t)(v * conv->w.dilation + g->x->margins.left) - (ptrdiff_t)conv->w.padding) *
                     (ptrdiff_t)conv->channels;
    for (size_t u = 0; u < conv->h.kernel; u++) {
        for (size_t image = 0; image < images; image++)
            for (size_t oy = 0; oy < conv->h.out; oy++) {
                eng_sweep_range(&h, oy, &lo, &hi);
                if (u < lo || u >= hi) continue;
                gradient_row(g, image, oy, u);
                if (g->count == g->most) flush_dense(g, u, conv->w.kernel, inner, span_at);
            }
        flush_dense(g, u, conv->w.kernel, inner, span_at);
    }
}

/* The filled rows, which all read the taps lo .. hi-1 down. */
static void flush_depthwise(eng_gradient *g, size_t lo, size_t hi) {
    const eng_conv *conv = g->pass->conv;
    ptrdiff_t lift_at[ENG_CONV_MOST_TAPS];
    const bool bare = g->x->margins.left + g->x->margins.right == 0;
    for (size_t u = lo; u < hi; u++)
        lift_at[u - lo] =
            (ptrdiff_t)(((u - lo) * conv->h.dilation * eng_stage_pitch(g->x) + g->x->margins.left) * conv->channels) -
            (ptrdiff_t)(conv->w.padding * conv->channels);
    eng_depth_outer_job job = {.rows = g->count,
                               .pixels = conv->w.out,
                               .a_at = g->a_at,
                               .d_at = g->d_at,
                               .a = g->from,
                               .d = g->dy,
                               .lda = conv->w.stride * conv->channels,
                               .ldd = conv->filters,
                               .lifts = hi - lo,
                               .steps = conv->w.kernel,
                               .lift_at = lift_at,
                               .step = conv->w.dilation * conv->channels,
                               .ends = bare && conv->w.padding > 0 ? conv->w.dilation : 0,
                               .dw = g->pass->dw + lo * conv->w.kernel * conv->channels,
                               .channels = conv->channels,
                               .add = true};
    g->pass->tiles->depth_outer(&job);
    g->count = 0;
}

/* The rows begin .. end-1 of all images, which read the same taps down, as they lie in memory. */
static void depthwise_rows(eng_gradient *g, size_t images, size_t begin, size_t end, size_t lo, size_t hi) {
    for (size_t image = 0; image < images && lo < hi; image++)
        for (size_t oy = begin; oy < end; oy++) {
            gradient_row(g, image, oy, lo);
            if (g->count == MOST_ROWS) flush_depthwise(g, lo, hi);
        }
    if (g->count > 0) flush_depthwise(g, lo, hi);
}

/* Sums go to dw in any order of rows, so it begins as zeros. */
static void depthwise_block(eng_gradient *g, size_t images) {
    const eng_conv *conv = g->pass->conv;
    const eng_sweep_edge h = eng_sweep_forward(&conv->h);
    if (!g->begun[0]) memset(g->pass->dw, 0, conv->h.kernel * conv->w.kernel * conv->channels * sizeof(float));
    g->begun[0] = true;
    for (size_t begin = 0, end, lo, hi; begin < conv->h.out; begin = end) {
        end = eng_sweep_class(&h, begin, &lo, &hi);
        depthwise_rows(g, images, begin, end, lo, hi);
    }
}

void eng_gradient_block(eng_gradient *g, size_t images, const float *from, const float *dy) {
    g->from = from;
    g->dy = dy;
    if (eng_conv_is_depthwise(g->pass->conv))
        depthwise_block(g, images);
    else if (eng_conv_is_narrow(g->pass->conv))
        narrow_block(g, images);
    else
        dense_block(g, images);
}

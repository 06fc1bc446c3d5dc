/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns weight gradients into jobs of the register-tile kernels: rows of x and of dy that lie in the L1 cache
 * together.
 *
 * A job's sum stays in registers through all its rows and is then added to dw, so the error grows with the number of
 * blocks instead of the number of pixels.
 *
 * Threads share the weights, not the images: each goes through all jobs with some rows of dw, so every sum is made as
 * one thread would make it. A unit of weights is
 *   dense      a few channels of a group at one row of taps; all such of a row of taps, then of the next
 *   narrow     a few rows of the tile that holds all taps
 *   depthwise  one row of taps of a vector of channels; all rows of taps of a vector, then of the next */
#include "engine/ops/conv_gradient.h"

#include <string.h>

#include "engine/tensor/minmax.h"

#define MOST_BYTES ((size_t)32 << 10) /* of the rows of a job */
#define MOST_ROWS  ENG_GRADIENT_ROWS

/* Rows of dw in a unit: a tile's share of them. */
static size_t unit_rows(size_t rows) {
    return rows < 16 ? 4 : 8;
}

static size_t ceil_div(size_t a, size_t b) {
    return (a + b - 1) / b;
}

/* Units of a row of taps. */
static size_t dense_units(const eng_conv *conv) {
    const size_t inner = conv->channels / conv->groups;
    return conv->groups * ceil_div(inner, unit_rows(inner));
}

size_t eng_gradient_units(const eng_conv *conv, const eng_tiles *tiles) {
    const size_t narrow = conv->w.kernel * conv->channels;
    if (eng_conv_is_depthwise(conv)) return ceil_div(conv->channels, tiles->vector) * conv->h.kernel;
    return eng_conv_is_narrow(conv) ? ceil_div(narrow, unit_rows(narrow)) : conv->h.kernel * dense_units(conv);
}

/* Fewer channels than a vector has share its time, fewer rows than a tile the loads of dy. */
size_t eng_gradient_shares(const eng_conv *conv, const eng_tiles *tiles) {
    if (eng_conv_is_depthwise(conv)) return ceil_div(conv->channels, tiles->vector);
    return eng_conv_is_narrow(conv) ? 1 : eng_gradient_units(conv, tiles);
}

void eng_gradient_begin(eng_gradient *g, const eng_conv_pass *pass, const eng_stage *x, size_t first, size_t last) {
    const eng_conv *conv = pass->conv;
    size_t row = (eng_stage_pitch(x) * conv->channels + conv->w.out * conv->filters) * sizeof(float);
    g->pass = pass;
    g->x = x;
    g->image = eng_stage_image(x);
    g->count = 0;
    g->first = first;
    g->last = last;
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

/* The filled rows, which all read tap row u: `spans` spans of `length` floats, of which the units first .. last - 1 are
 * wanted. */
static void flush_dense(eng_gradient *g, size_t u, size_t spans, size_t length, const ptrdiff_t *span_at, size_t first,
                        size_t last) {
    const eng_conv *conv = g->pass->conv;
    const size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups;
    const size_t rows = unit_rows(length), units = ceil_div(length, rows);
    for (size_t i = first / units; i * units < last; i++) {
        const size_t from = (eng_max(first, i * units) - i * units) * rows;
        const size_t to = eng_min((last - i * units) * rows, length);
        const eng_outer_job job = {.rows = g->count,
                                   .pixels = conv->w.out,
                                   .a_at = g->a_at,
                                   .d_at = g->d_at,
                                   .a = g->from + i * inner + from,
                                   .d = g->dy + i * outer,
                                   .lda = conv->w.stride * conv->channels,
                                   .ldd = conv->filters,
                                   .spans = spans,
                                   .length = to - from,
                                   .span_at = span_at,
                                   .lead = g->lead,
                                   .trail = g->trail,
                                   .c = g->pass->dw + (u * conv->w.kernel * inner + from) * conv->filters + i * outer,
                                   .ldc = conv->filters,
                                   .span_c = length,
                                   .n = outer,
                                   .add = g->begun[u]};
        g->pass->tiles->outer(&job);
    }
    g->begun[u] = true;
    g->count = 0;
}

static void flush_narrow(eng_gradient *g, const ptrdiff_t *span_at) {
    const eng_conv *conv = g->pass->conv;
    flush_dense(g, 0, conv->h.kernel, conv->w.kernel * conv->channels, span_at, g->first, g->last);
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
            if (g->count == g->most) flush_narrow(g, span_at);
        }
    flush_narrow(g, span_at);
}

/* Tap row u, and of its units first .. last - 1. */
static void dense_row(eng_gradient *g, size_t images, size_t u, const ptrdiff_t *span_at, size_t first, size_t last) {
    const eng_conv *conv = g->pass->conv;
    const size_t inner = conv->channels / conv->groups;
    const eng_sweep_edge h = eng_sweep_forward(&conv->h);
    size_t lo, hi;
    for (size_t image = 0; image < images; image++)
        for (size_t oy = 0; oy < conv->h.out; oy++) {
            eng_sweep_range(&h, oy, &lo, &hi);
            if (u < lo || u >= hi) continue;
            gradient_row(g, image, oy, u);
            if (g->count == g->most) flush_dense(g, u, conv->w.kernel, inner, span_at, first, last);
        }
    flush_dense(g, u, conv->w.kernel, inner, span_at, first, last);
}

static void dense_block(eng_gradient *g, size_t images) {
    const eng_conv *conv = g->pass->conv;
    const size_t units = dense_units(conv);
    ptrdiff_t span_at[ENG_CONV_MOST_TAPS];
    for (size_t v = 0; v < conv->w.kernel; v++)
        span_at[v] = ((ptrdiff_t)(v * conv->w.dilation + g->x->margins.left) - (ptrdiff_t)conv->w.padding) *
                     (ptrdiff_t)conv->channels;
    for (size_t u = g->first / units; u * units < g->last; u++)
        dense_row(g, images, u, span_at, eng_max(g->first, u * units) - u * units, eng_min(g->last - u * units, units));
}

/* Rows of taps and channels of a depthwise convolution. */
typedef struct taps {
    size_t lo, hi;   /* taps down */
    size_t from, to; /* channels */
} taps;

/* The filled rows, which all read these taps down. */
static void flush_depthwise(eng_gradient *g, const taps *t) {
    const eng_conv *conv = g->pass->conv;
    ptrdiff_t row_at[ENG_CONV_MOST_TAPS];
    const bool bare = g->x->margins.left + g->x->margins.right == 0;
    for (size_t u = t->lo; u < t->hi; u++)
        row_at[u - t->lo] = (ptrdiff_t)(((u - t->lo) * conv->h.dilation * eng_stage_pitch(g->x) + g->x->margins.left) *
                                        conv->channels) -
                            (ptrdiff_t)(conv->w.padding * conv->channels);
    eng_depth_outer_job job = {.rows = g->count,
                               .pixels = conv->w.out,
                               .a_at = g->a_at,
                               .d_at = g->d_at,
                               .a = g->from + t->from,
                               .d = g->dy + t->from,
                               .lda = conv->w.stride * conv->channels,
                               .ldd = conv->filters,
                               .height = t->hi - t->lo,
                               .width = conv->w.kernel,
                               .row_at = row_at,
                               .step = conv->w.dilation * conv->channels,
                               .ends = bare && conv->w.padding > 0 ? conv->w.dilation : 0,
                               .dw = g->pass->dw + t->lo * conv->w.kernel * conv->channels + t->from,
                               .ldw = conv->channels,
                               .channels = t->to - t->from,
                               .add = true};
    g->pass->tiles->depth_outer(&job);
    g->count = 0;
}

/* The rows begin .. end-1 of all images, which read the same taps down, as they lie in memory. */
static void depthwise_rows(eng_gradient *g, size_t images, size_t begin, size_t end, const taps *t) {
    for (size_t image = 0; image < images && t->lo < t->hi; image++)
        for (size_t oy = begin; oy < end; oy++) {
            gradient_row(g, image, oy, t->lo);
            if (g->count == MOST_ROWS) flush_depthwise(g, t);
        }
    if (g->count > 0) flush_depthwise(g, t);
}

/* Sums go to dw in any order of rows, so it begins as zeros. */
static void clear_taps(eng_gradient *g, const taps *t) {
    const eng_conv *conv = g->pass->conv;
    for (size_t tap = t->lo * conv->w.kernel; tap < t->hi * conv->w.kernel; tap++)
        memset(g->pass->dw + tap * conv->channels + t->from, 0, (t->to - t->from) * sizeof(float));
}

static void depthwise_taps(eng_gradient *g, size_t images, const taps *wanted) {
    const eng_conv *conv = g->pass->conv;
    const eng_sweep_edge h = eng_sweep_forward(&conv->h);
    if (wanted->from >= wanted->to || wanted->lo >= wanted->hi) return;
    if (!g->begun[0]) clear_taps(g, wanted);
    for (size_t begin = 0, end, lo, hi; begin < conv->h.out; begin = end) {
        end = eng_sweep_class(&h, begin, &lo, &hi);
        taps t = *wanted;
        t.lo = eng_max(lo, t.lo);
        t.hi = eng_min(hi, t.hi);
        depthwise_rows(g, images, begin, end, &t);
    }
}

/* Whole vectors of channels, and at either end a vector of which only some rows of taps are wanted. */
static void depthwise_block(eng_gradient *g, size_t images) {
    const eng_conv *conv = g->pass->conv;
    const size_t rows = conv->h.kernel, vector = g->pass->tiles->vector;
    size_t first = g->first;
    if (first % rows > 0) {
        const size_t at = first / rows, last = eng_min(g->last, (at + 1) * rows);
        const taps t = {first - at * rows, last - at * rows, at * vector, eng_min((at + 1) * vector, conv->channels)};
        depthwise_taps(g, images, &t);
        first = last;
    }
    if (first < g->last) {
        const size_t from = first / rows * vector, to = g->last / rows * vector;
        const taps whole = {0, rows, from, eng_min(to, conv->channels)};
        const taps rest = {0, g->last % rows, to, eng_min(to + vector, conv->channels)};
        depthwise_taps(g, images, &whole);
        depthwise_taps(g, images, &rest);
    }
    g->begun[0] = true;
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

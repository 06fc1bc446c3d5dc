/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images as the passes of a convolution want them: where they lie, or copied between margins of zeros. */
#include "engine/ops/conv_stage.h"

#include <string.h>

#define BLOCK_BYTES ((size_t)32 << 10)  /* of images with margins: the L1 cache, and room for the rest */
#define BARE_BYTES  ((size_t)128 << 10) /* of images as they are: a fraction of the L2 cache */
#define MOST_STEPS  7                   /* of a depthwise window, see tiles_depth.inc */

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

void eng_margins_widen(eng_margins *margins, const eng_sweep_edge *h, const eng_sweep_edge *w) {
    size_t before, after;
    eng_sweep_margins(h, &before, &after);
    margins->top = larger(margins->top, before);
    margins->bottom = larger(margins->bottom, after);
    eng_sweep_margins(w, &before, &after);
    margins->left = larger(margins->left, before);
    margins->right = larger(margins->right, after);
}

static bool margins_none(const eng_margins *margins) {
    return margins->top + margins->bottom + margins->left + margins->right == 0;
}

size_t eng_margins_image(const eng_margins *m, size_t h, size_t w, size_t c) {
    return (h + m->top + m->bottom) * (w + m->left + m->right) * c;
}

static void clear(float *to, size_t count) {
    memset(to, 0, count * sizeof *to);
}

void eng_margins_clear(const eng_margins *m, size_t n, size_t h, size_t w, size_t c, float *to) {
    const size_t pitch = (w + m->left + m->right) * c;
    for (size_t i = 0; i < n; i++) {
        clear(to, m->top * pitch);
        to += m->top * pitch;
        for (size_t y = 0; y < h; y++, to += pitch) {
            clear(to, m->left * c);
            clear(to + (m->left + w) * c, m->right * c);
        }
        clear(to, m->bottom * pitch);
        to += m->bottom * pitch;
    }
}

/* Rows of few channels are shorter than a call of memcpy is worth. */
static void copy(const float *from, size_t count, float *to) {
    enum { SHORT = 64, STEP = 4 };
    if (count > SHORT) {
        memcpy(to, from, count * sizeof *to);
        return;
    }
    for (; count >= STEP; count -= STEP, to += STEP, from += STEP) memcpy(to, from, STEP * sizeof *to);
    for (; count > 0; count--) *to++ = *from++;
}

void eng_margins_copy(const eng_margins *m, size_t n, size_t h, size_t w, size_t c, const float *from, float *to) {
    const size_t pitch = (w + m->left + m->right) * c, image = eng_margins_image(m, h, w, c);
    for (size_t i = 0; i < n; i++) {
        float *row = to + i * image + m->top * pitch + m->left * c;
        for (size_t y = 0; y < h; y++, row += pitch, from += w * c) copy(from, w * c, row);
    }
}

static eng_stage stage_of(const eng_conv *conv, bool output) {
    eng_stage s = {.h = output ? conv->h.out : conv->h.in,
                   .w = output ? conv->w.out : conv->w.in,
                   .c = output ? conv->filters : conv->channels};
    return s;
}

bool eng_conv_is_depthwise(const eng_conv *conv) {
    return conv->groups > 1 && conv->groups == conv->channels && conv->groups == conv->filters &&
           conv->w.kernel <= MOST_STEPS;
}

/* All taps of few channels in one tile: then no row of taps may be missing. */
bool eng_conv_is_narrow(const eng_conv *conv) {
    return conv->groups == 1 && conv->w.dilation == 1 && conv->channels * conv->w.kernel <= 16 && conv->w.kernel > 1;
}

/* A sweep along w that the kernels can do without margins. */
static bool is_bare(const eng_conv *conv, const eng_tiles *tiles, const eng_sweep_edge *w) {
    return eng_conv_is_depthwise(conv) ? eng_sweep_bare(w, tiles->depth_rows, tiles->depth_ends)
                                       : eng_sweep_bare(w, tiles->rows, tiles->ends);
}

static const eng_sweep_edge no_edge; /* wants no margins */

eng_stage eng_stage_for_forward(const eng_conv *conv, const eng_tiles *tiles) {
    eng_stage s = stage_of(conv, false);
    const eng_sweep_edge w = eng_sweep_forward(&conv->w);
    if (!is_bare(conv, tiles, &w)) eng_margins_widen(&s.margins, &no_edge, &w);
    s.copied = !margins_none(&s.margins);
    return s;
}

/* One image serves all residues: with margins for all when one of them wants some. */
eng_stage eng_stage_for_data(const eng_conv *conv, const eng_tiles *tiles) {
    eng_stage s = stage_of(conv, true);
    bool bare = true;
    for (size_t b = 0; b < conv->w.stride; b++) {
        const eng_sweep_edge w = eng_sweep_adjoint(&conv->w, b);
        bare = bare && is_bare(conv, tiles, &w);
    }
    for (size_t b = 0; b < conv->w.stride && !bare; b++) {
        const eng_sweep_edge w = eng_sweep_adjoint(&conv->w, b);
        eng_margins_widen(&s.margins, &no_edge, &w);
    }
    s.copied = !margins_none(&s.margins);
    return s;
}

/* Three taps along, and the middle one always in the image: the pixels at either end of a row that lack the first or
 * the last. */
bool eng_stage_ends(const eng_conv_edge *w, size_t *lead, size_t *trail) {
    *lead = *trail = 0;
    for (size_t j = 0; j < w->out; j++) {
        const size_t at = j * w->stride; /* shifted by the padding */
        if (at + w->dilation < w->padding || at + w->dilation >= w->padding + w->in) return false;
        if (at < w->padding) (*lead)++;
        if (at + 2 * w->dilation >= w->padding + w->in) (*trail)++;
    }
    return w->kernel == 3 && *lead + *trail <= w->out;
}

/* As many outputs as inputs, each tap of an odd kernel missing `dilation` more pixels than the one nearer to the
 * middle: a depthwise window can leave them out. */
static bool keeps_width(const eng_conv_edge *w) {
    return w->stride == 1 && w->kernel % 2 == 1 && 2 * w->padding == (w->kernel - 1) * w->dilation &&
           2 * w->padding <= w->out;
}

/* x as the weight gradients want it. */
eng_stage eng_stage_for_weights(const eng_conv *conv) {
    eng_stage s = stage_of(conv, false);
    eng_sweep_edge h = eng_sweep_forward(&conv->h), w = eng_sweep_forward(&conv->w);
    size_t lead, trail;
    if (eng_conv_is_narrow(conv))
        eng_margins_widen(&s.margins, &h, &w);
    else if (eng_conv_is_depthwise(conv) && !keeps_width(&conv->w)) /* NOLINTNEXTLINE(bugprone-branch-clone) */
        eng_margins_widen(&s.margins, &no_edge, &w);
    else if (!eng_conv_is_depthwise(conv) && !eng_stage_ends(&conv->w, &lead, &trail))
        eng_margins_widen(&s.margins, &no_edge, &w);
    s.copied = !margins_none(&s.margins);
    return s;
}

size_t eng_stage_image(const eng_stage *s) {
    return eng_margins_image(&s->margins, s->h, s->w, s->c);
}

size_t eng_stage_images(const eng_stage *s, size_t n) {
    size_t fit = (s->copied ? BLOCK_BYTES : BARE_BYTES) / sizeof(float) / eng_stage_image(s);
    return fit < 1 ? 1 : fit > n ? n : fit;
}

size_t eng_stage_floats(const eng_stage *s, size_t block) {
    return s->copied ? eng_align_floats(block * eng_stage_image(s)) : 0;
}

void eng_stage_begin(eng_stage *s, const float *from, size_t block, float **workspace) {
    s->from = from;
    s->buffer = *workspace;
    *workspace += eng_stage_floats(s, block);
    if (s->copied) eng_margins_clear(&s->margins, block, s->h, s->w, s->c, s->buffer);
}

const float *eng_stage_block(const eng_stage *s, size_t image, size_t count) {
    const float *from = s->from + image * s->h * s->w * s->c;
    if (!s->copied) return from;
    eng_margins_copy(&s->margins, count, s->h, s->w, s->c, from, s->buffer);
    return s->buffer;
}

size_t eng_stage_pitch(const eng_stage *s) {
    return s->w + s->margins.left + s->margins.right;
}

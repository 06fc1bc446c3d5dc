/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The passes of a convolution over a batch: blocks of images that fit the first cache with their margins, each swept
 * while it is there.
 *
 * A 1 x 1 kernel makes every pixel of the batch a row of one product, so there the images are cut anew into even
 * pieces. Weight gradients are summed block by block: float inside, and the error grows with the number of blocks
 * instead of the number of pixels. */
#include "engine/ops/conv.h"

#include <string.h>

#include "engine/ops/conv_sweep.h"

#define BLOCK_BYTES  ((size_t)32 << 10)  /* of images with margins: the first cache, and room for the rest */
#define BARE_BYTES   ((size_t)128 << 10) /* of images as they are: a share of the second cache */
#define SECOND_CACHE ((size_t)2 << 20)
#define MOST_ROWS    64 /* of a job of weight gradients */
#define MOST_STEPS   7  /* of a depthwise window, see tiles_depth.inc */

size_t eng_conv_out(size_t in, size_t kernel, size_t stride, size_t dilation, size_t padding) {
    size_t reach = (kernel - 1) * dilation + 1, padded = in + 2 * padding;
    return padded < reach ? 0 : (padded - reach) / stride + 1;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* x or dy of a pass, staged block by block: copied between its margins when it has any. */
typedef struct stage {
    eng_margins margins;
    bool copied;
    size_t h, w, c;
    const float *from;
    float *buffer;
} stage;

static stage stage_of(const eng_conv *conv, bool output) {
    stage s = {.h = output ? conv->h.out : conv->h.in,
               .w = output ? conv->w.out : conv->w.in,
               .c = output ? conv->filters : conv->channels};
    return s;
}

static bool is_depthwise(const eng_conv *conv) {
    return conv->groups > 1 && conv->groups == conv->channels && conv->groups == conv->filters &&
           conv->w.kernel <= MOST_STEPS;
}

/* All taps of few channels in one tile: then no row of taps may be missing. */
static bool is_narrow(const eng_conv *conv) {
    return conv->groups == 1 && conv->w.dilation == 1 && conv->channels * conv->w.kernel <= 16 && conv->w.kernel > 1;
}

/* A sweep along w that the kernels can do without margins. */
static bool is_bare(const eng_conv *conv, const eng_tiles *tiles, const eng_sweep_edge *w) {
    return eng_sweep_bare(w, tiles->rows, is_depthwise(conv) ? tiles->depth_ends : tiles->ends);
}

static const eng_sweep_edge no_edge; /* wants no margins */

static stage stage_x(const eng_conv *conv, const eng_tiles *tiles) {
    stage s = stage_of(conv, false);
    const eng_sweep_edge w = eng_sweep_forward(&conv->w);
    if (!is_bare(conv, tiles, &w)) eng_margins_widen(&s.margins, &no_edge, &w);
    s.copied = !eng_margins_none(&s.margins);
    return s;
}

/* One image serves all residues: with margins for all when one of them wants some. */
static stage stage_dy(const eng_conv *conv, const eng_tiles *tiles) {
    stage s = stage_of(conv, true);
    bool bare = true;
    for (size_t b = 0; b < conv->w.stride; b++) {
        const eng_sweep_edge w = eng_sweep_adjoint(&conv->w, b);
        bare = bare && is_bare(conv, tiles, &w);
    }
    for (size_t b = 0; b < conv->w.stride && !bare; b++) {
        const eng_sweep_edge w = eng_sweep_adjoint(&conv->w, b);
        eng_margins_widen(&s.margins, &no_edge, &w);
    }
    s.copied = !eng_margins_none(&s.margins);
    return s;
}

/* Three taps along, and the middle one always in the image: the pixels at either end of a row that lack the first or
 * the last. */
static bool lead_and_trail(const eng_conv_edge *w, size_t *lead, size_t *trail) {
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
static stage stage_x_of_weights(const eng_conv *conv) {
    stage s = stage_of(conv, false);
    eng_sweep_edge h = eng_sweep_forward(&conv->h), w = eng_sweep_forward(&conv->w);
    size_t lead, trail;
    if (is_narrow(conv))
        eng_margins_widen(&s.margins, &h, &w);
    else if (is_depthwise(conv) && !keeps_width(&conv->w))
        eng_margins_widen(&s.margins, &no_edge, &w);
    else if (!is_depthwise(conv) && !lead_and_trail(&conv->w, &lead, &trail))
        eng_margins_widen(&s.margins, &no_edge, &w);
    s.copied = !eng_margins_none(&s.margins);
    return s;
}

static size_t stage_image(const stage *s) {
    return eng_margins_image(&s->margins, s->h, s->w, s->c);
}

static size_t images_of_block(const stage *s, size_t n) {
    size_t fit = (s->copied ? BLOCK_BYTES : BARE_BYTES) / sizeof(float) / stage_image(s);
    return fit < 1 ? 1 : fit > n ? n : fit;
}

static size_t stage_floats(const stage *s, size_t block) {
    return s->copied ? eng_align_floats(block * stage_image(s)) : 0;
}

static void stage_begin(stage *s, const float *from, size_t block, float **workspace) {
    s->from = from;
    s->buffer = *workspace;
    *workspace += stage_floats(s, block);
    if (s->copied) eng_margins_clear(&s->margins, block, s->h, s->w, s->c, s->buffer);
}

static const float *stage_block(const stage *s, size_t image, size_t count) {
    const float *from = s->from + image * s->h * s->w * s->c;
    if (!s->copied) return from;
    eng_margins_copy(&s->margins, count, s->h, s->w, s->c, from, s->buffer);
    return s->buffer;
}

/* The sweep of forward. */
static eng_sweep_job forward_job(const eng_conv *conv, const eng_tiles *tiles, const stage *s) {
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
static eng_sweep_job adjoint_job(const eng_conv *conv, const eng_tiles *tiles, const stage *s, size_t a, size_t b) {
    return (eng_sweep_job){.tiles = tiles,
                           .h = eng_sweep_adjoint(&conv->h, a),
                           .w = eng_sweep_adjoint(&conv->w, b),
                           .margins = s->margins,
                           .from_channels = conv->filters,
                           .to_channels = conv->channels,
                           .groups = conv->groups,
                           .kernel_w = conv->w.kernel};
}

static size_t packed_floats(const eng_conv *conv, const stage *s, bool adjoint) {
    if (is_depthwise(conv)) return 0;
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
    const stage front = stage_x(conv, tiles), x = stage_x_of_weights(conv), dy = stage_dy(conv, tiles);
    const size_t block = least(images_of_block(&x, n), images_of_block(&dy, n));
    const size_t forward = stage_floats(&front, images_of_block(&front, n)) + packed_floats(conv, &front, false);
    const size_t backward = stage_floats(&x, block) + stage_floats(&dy, block) + packed_floats(conv, &dy, true);
    return forward > backward ? forward : backward;
}

/* Enough for any instance: a plan does not say for which it asks. */
size_t eng_conv_workspace(const eng_conv *conv, size_t n) {
    size_t most = 0;
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        const size_t floats = kernels == NULL ? 0 : workspace_of(conv, kernels->tiles, n);
        if (floats > most) most = floats;
    }
    return most;
}

static void sweep(const eng_conv *conv, const eng_sweep_job *job) {
    if (is_depthwise(conv))
        eng_sweep_depthwise(job);
    else
        eng_sweep_dense(job);
}

/* x and y together leave the second cache: then a block fetches the next one, else that would only cost. */
static bool fetches(const eng_conv *conv, size_t n) {
    const size_t x = conv->h.in * conv->w.in * conv->channels, y = conv->h.out * conv->w.out * conv->filters;
    return n * (x + y) * sizeof(float) > SECOND_CACHE;
}

/* The weights as the sweeps want them, and the workspace behind them. */
static const float *pack(const eng_conv_pass *pass, const stage *s, bool adjoint, float **workspace) {
    const eng_conv *conv = pass->conv;
    if (is_depthwise(conv)) return pass->w;
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

static void adjoint_block(const eng_conv_pass *pass, const stage *s, const float *packed, size_t image, size_t count,
                          const float *dy) {
    const eng_conv *conv = pass->conv;
    for (size_t a = 0; a < conv->h.stride; a++)
        for (size_t b = 0; b < conv->w.stride; b++) {
            eng_sweep_job job = adjoint_job(conv, pass->tiles, s, a, b);
            job.images = count;
            job.from = dy;
            job.to = pass->dx + image * conv->h.in * conv->w.in * conv->channels;
            if (a + b == 0 && image + count < pass->n && fetches(conv, pass->n)) {
                job.next_images = least(count, pass->n - image - count);
                job.next_from = pass->dy + (image + count) * conv->h.out * conv->w.out * conv->filters;
                job.next_to = job.to + count * conv->h.in * conv->w.in * conv->channels;
            }
            job.weights = packed;
            job.bias = pass->bias;
            job.relu = pass->relu;
            sweep(conv, &job);
            if (!is_depthwise(conv)) packed += eng_align_floats(eng_sweep_packed(&job));
        }
}

/* The rows of a job of weight gradients being filled. */
typedef struct gradient {
    const eng_conv_pass *pass;
    const stage *x;
    const float *from, *dy; /* of the block */
    size_t image;           /* floats of an image of `from` */
    size_t most;            /* rows of a job */
    size_t lead, trail;     /* 0 with margins */
    size_t a_at[MOST_ROWS], d_at[MOST_ROWS];
    size_t count;
    bool begun[ENG_CONV_MOST_TAPS]; /* dw of this row of taps holds a sum */
} gradient;

static size_t pitch_of(const stage *s) {
    return s->w + s->margins.left + s->margins.right;
}

static void gradient_begin(gradient *g, const eng_conv_pass *pass, const stage *x) {
    const eng_conv *conv = pass->conv;
    size_t row = (pitch_of(x) * conv->channels + conv->w.out * conv->filters) * sizeof(float);
    g->pass = pass;
    g->x = x;
    g->image = stage_image(x);
    g->count = 0;
    const bool bare = x->margins.left + x->margins.right == 0;
    if (!bare || !lead_and_trail(&conv->w, &g->lead, &g->trail)) g->lead = g->trail = 0;
    g->most = BLOCK_BYTES / row < 1 ? 1 : BLOCK_BYTES / row > MOST_ROWS ? MOST_ROWS : BLOCK_BYTES / row;
    for (size_t u = 0; u < ENG_CONV_MOST_TAPS; u++) g->begun[u] = false;
}

/* Adds row oy of an image of the block, as tap row u reads it. */
static void gradient_row(gradient *g, size_t image, size_t oy, size_t u) {
    const eng_conv *conv = g->pass->conv;
    const size_t y = oy * conv->h.stride + u * conv->h.dilation + g->x->margins.top - conv->h.padding;
    g->a_at[g->count] = image * g->image + y * pitch_of(g->x) * conv->channels;
    g->d_at[g->count++] = (image * conv->h.out + oy) * conv->w.out * conv->filters;
}

static void flush_dense(gradient *g, size_t u, size_t spans, size_t length, const ptrdiff_t *span_at) {
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
static void narrow_block(gradient *g, size_t images) {
    const eng_conv *conv = g->pass->conv;
    ptrdiff_t span_at[ENG_CONV_MOST_TAPS];
    for (size_t u = 0; u < conv->h.kernel; u++)
        span_at[u] = (ptrdiff_t)(u * conv->h.dilation * pitch_of(g->x) * conv->channels);
    for (size_t image = 0; image < images; image++)
        for (size_t oy = 0; oy < conv->h.out; oy++) {
            gradient_row(g, image, oy, 0);
            if (g->count == g->most) flush_dense(g, 0, conv->h.kernel, conv->w.kernel * conv->channels, span_at);
        }
    flush_dense(g, 0, conv->h.kernel, conv->w.kernel * conv->channels, span_at);
}

static void dense_block(gradient *g, size_t images) {
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
static void flush_depthwise(gradient *g, size_t lo, size_t hi) {
    const eng_conv *conv = g->pass->conv;
    ptrdiff_t lift_at[ENG_CONV_MOST_TAPS];
    const bool bare = g->x->margins.left + g->x->margins.right == 0;
    for (size_t u = lo; u < hi; u++)
        lift_at[u - lo] =
            (ptrdiff_t)(((u - lo) * conv->h.dilation * pitch_of(g->x) + g->x->margins.left) * conv->channels) -
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
    if (g->count > 0) g->pass->tiles->depth_outer(&job);
    g->count = 0;
}

/* Sums go to dw in any order of rows, so it begins as zeros. */
static void depthwise_block(gradient *g, size_t images) {
    const eng_conv *conv = g->pass->conv;
    const eng_sweep_edge h = eng_sweep_forward(&conv->h);
    if (!g->begun[0]) memset(g->pass->dw, 0, conv->h.kernel * conv->w.kernel * conv->channels * sizeof(float));
    g->begun[0] = true;
    size_t lo = 0, hi = 0, row_lo, row_hi;
    for (size_t oy = 0; oy < conv->h.out; oy++) {
        eng_sweep_range(&h, oy, &row_lo, &row_hi);
        if (row_lo != lo || row_hi != hi) flush_depthwise(g, lo, hi);
        lo = row_lo, hi = row_hi;
        for (size_t image = 0; image < images && lo < hi; image++) {
            gradient_row(g, image, oy, lo);
            if (g->count == g->most) flush_depthwise(g, lo, hi);
        }
    }
    flush_depthwise(g, lo, hi);
}

static void gradient_block(gradient *g, size_t images, const float *from, const float *dy) {
    g->from = from;
    g->dy = dy;
    if (is_depthwise(g->pass->conv))
        depthwise_block(g, images);
    else if (is_narrow(g->pass->conv))
        narrow_block(g, images);
    else
        dense_block(g, images);
}

void eng_conv_forward(const eng_conv_pass *pass) {
    const eng_conv *conv = pass->conv;
    float *workspace = pass->workspace;
    stage x = stage_x(conv, pass->tiles);
    const size_t block = images_of_block(&x, pass->n);
    eng_sweep_job job = forward_job(conv, pass->tiles, &x);
    job.weights = pack(pass, &x, false, &workspace);
    job.bias = pass->bias;
    job.relu = pass->relu;
    stage_begin(&x, pass->x, block, &workspace);
    for (size_t image = 0; image < pass->n; image += block) {
        job.images = least(block, pass->n - image);
        job.from = stage_block(&x, image, job.images);
        job.to = pass->y + image * conv->h.out * conv->w.out * conv->filters;
        job.next_images = fetches(conv, pass->n) ? least(block, pass->n - image - job.images) : 0;
        if (job.next_images > 0) {
            job.next_from = pass->x + (image + block) * conv->h.in * conv->w.in * conv->channels;
            job.next_to = job.to + block * conv->h.out * conv->w.out * conv->filters;
        } else {
            job.next_from = job.next_to = NULL;
        }
        sweep(conv, &job);
    }
}

static void backward(const eng_conv_pass *pass, bool data, bool weights) {
    const eng_conv *conv = pass->conv;
    float *workspace = pass->workspace;
    stage x = stage_x_of_weights(conv), dy = stage_dy(conv, pass->tiles);
    const size_t block = least(images_of_block(&x, pass->n), images_of_block(&dy, pass->n));
    const float *packed = data ? pack(pass, &dy, true, &workspace) : NULL;
    gradient g;
    if (data) stage_begin(&dy, pass->dy, block, &workspace);
    if (weights) {
        stage_begin(&x, pass->x, block, &workspace);
        gradient_begin(&g, pass, &x);
    }
    for (size_t image = 0; image < pass->n; image += block) {
        const size_t count = least(block, pass->n - image);
        if (weights)
            gradient_block(&g, count, stage_block(&x, image, count),
                           pass->dy + image * conv->h.out * conv->w.out * conv->filters);
        if (data) adjoint_block(pass, &dy, packed, image, count, stage_block(&dy, image, count));
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

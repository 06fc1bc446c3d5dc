/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A 1 x 1 convolution, block by block of pixels: so few that the tiles find in the L1 cache what they read of x and
 * of dy, whatever the size of an image.
 *
 * Threads share the pixels of forward and of data; of weights each has a few channels, for all pixels. */
#include "engine/ops/conv_pointwise.h"

#include "engine/ops/conv_sweep.h"
#include "engine/tensor/minmax.h"

enum {
    BLOCK_FLOATS = 1 << 14, /* of x and of dy; a panel of tiles reads a part of them */
    WHOLE = 84,             /* pixels: whole tiles of any instance, and enough of them to be worth a sum's way to dw */
    UNIT = 4,               /* channels of dw that a thread has at least */
    GOOD = 2,               /* units that keep the multipliers busy */
    CUTS = 4,               /* ranges of pixels of a thread's own in backward */
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
    eng_sweep_pack(&s, pass->conv, adjoint, pass->w, 0, s.from_channels / s.groups, pass->workspace);
    return s;
}

/* to[pixel][n] = f(from[pixel][k] B + bias), for every group. */
static void sweep_block(const eng_sweep_job *s, size_t pixels, const float *from, float *to) {
    const size_t k = s->from_channels / s->groups, n = s->to_channels / s->groups, packed = eng_tiles_packed(k, n);
    for (size_t g = 0; g < s->groups; g++)
        for (size_t col = 0, width; col < n; col += width) {
            width = eng_tiles_panel(n - col, s->tiles->vector);
            const eng_product_job job = {.m = pixels,
                                         .n = eng_min(width, n - col),
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

/* Units of channels in a group: dw is divided by them. */
static size_t units_of(const eng_conv *conv) {
    return (conv->channels / conv->groups + UNIT - 1) / UNIT;
}

/* dw (+)= x' dy over a block: of all groups' units the first .. last - 1. */
static void gradient_block(const eng_conv_pass *pass, size_t pixels, const float *x, const float *dy, bool add,
                           size_t first, size_t last) {
    const eng_conv *conv = pass->conv;
    const size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups, units = units_of(conv);
    for (size_t g = first / units; g * units < last; g++) {
        const size_t from = (eng_max(first, g * units) - g * units) * UNIT;
        const eng_product_job job = {.m = eng_min((last - g * units) * UNIT, inner) - from,
                                     .n = outer,
                                     .k = pixels,
                                     .a = x + g * inner + from,
                                     .lda = conv->channels,
                                     .transposed = true,
                                     .b = dy + g * outer,
                                     .ldb = conv->filters,
                                     .c = pass->dw + from * conv->filters + g * outer,
                                     .ldc = conv->filters,
                                     .add = add};
        pass->tiles->product(&job);
    }
}

static size_t block_pixels(const eng_conv *conv) {
    return eng_max(BLOCK_FLOATS / (conv->channels + conv->filters) / WHOLE, 1) * WHOLE;
}

static size_t pixels_of(const eng_conv_pass *pass) {
    return pass->n * pass->conv->h.in * pass->conv->w.in;
}

size_t eng_pointwise_workspace(const eng_conv *conv) {
    const eng_sweep_job forward = sweep_of(conv, false), adjoint = sweep_of(conv, true);
    return eng_max(eng_sweep_packed(&forward), eng_sweep_packed(&adjoint));
}

/* ---- passes ---- */

typedef struct pointwise_work {
    const eng_conv_pass *pass;
    eng_sweep_job sweep; /* of forward, or of data */
    size_t block;        /* pixels */
    size_t units;        /* of the weights; 0 = none are wanted */
    size_t shares;       /* of them: those of the first threads */
    bool data;
} pointwise_work;

static void forward_pixels(const void *self, size_t thread, size_t begin, size_t end) {
    const pointwise_work *work = self;
    const eng_conv_pass *pass = work->pass;
    const size_t channels = pass->conv->channels, filters = pass->conv->filters;
    (void)thread;
    for (size_t at = begin; at < end; at += work->block)
        sweep_block(&work->sweep, eng_min(work->block, end - at), pass->x + at * channels, pass->y + at * filters);
}

/* Units first .. last - 1 of the weights and data, or one of them, over the pixels from begin on, the beginning of a
 * block. */
static void backward_pixels(const pointwise_work *work, size_t begin, size_t end, size_t first, size_t last,
                            bool data) {
    const eng_conv_pass *pass = work->pass;
    const size_t channels = pass->conv->channels, filters = pass->conv->filters;
    for (size_t at = begin; at < end; at += work->block) {
        const size_t count = eng_min(work->block, end - at);
        const float *x = pass->x + at * channels, *dy = pass->dy + at * filters;
        if (first < last) gradient_block(pass, count, x, dy, at > 0, first, last);
        if (data) sweep_block(&work->sweep, count, dy, pass->dx + at * channels);
    }
}

static void data_pixels(const void *self, size_t thread, size_t begin, size_t end) {
    (void)thread;
    backward_pixels(self, begin, end, 0, 0, true);
}

/* Where range `cut` of `cuts` begins: between whole tiles. */
static size_t cut_at(size_t pixels, size_t cut, size_t cuts) {
    return cut == cuts ? pixels : pixels * cut / cuts / WHOLE * WHOLE;
}

/* Part 0 of a thread's 1 + CUTS (or one) is its part of the weights, the others are its pixels. */
static void shared_part(const void *self, size_t thread, size_t number) {
    const pointwise_work *work = self;
    const size_t n = eng_threads_count(work->pass->threads), each = work->data ? 1 + CUTS : 1;
    const size_t owner = number / each, cut = owner * CUTS + number % each - 1, pixels = pixels_of(work->pass);
    (void)thread;
    if (number % each == 0)
        backward_pixels(work, 0, pixels, work->units * eng_min(owner, work->shares) / work->shares,
                        work->units * eng_min(owner + 1, work->shares) / work->shares, false);
    else
        backward_pixels(work, cut_at(pixels, cut, n * CUTS), cut_at(pixels, cut + 1, n * CUTS), 0, 0, true);
}

/* Pixels that are worth another thread, whole tiles of them. */
static size_t unit_pixels(const eng_conv *conv) {
    return (eng_conv_unit(conv) * conv->h.in * conv->w.in + WHOLE - 1) / WHOLE * WHOLE;
}

void eng_pointwise_forward(const eng_conv_pass *pass) {
    const eng_conv *conv = pass->conv;
    const pointwise_work work = {.pass = pass, .sweep = sweep_begin(pass, false), .block = block_pixels(conv)};
    eng_threads_ranges(pass->threads, pixels_of(pass), unit_pixels(conv), forward_pixels, &work);
}

void eng_pointwise_backward(const eng_conv_pass *pass, bool data, bool weights) {
    const eng_conv *conv = pass->conv;
    pointwise_work work = {.pass = pass, .block = block_pixels(conv), .data = data};
    if (data) work.sweep = sweep_begin(pass, true);
    if (weights) work.units = conv->groups * units_of(conv);
    const size_t n = eng_threads_count(pass->threads), pixels = pixels_of(pass);
    work.shares = data ? eng_conv_shares(n, conv->groups * eng_max(units_of(conv) / GOOD, 1)) : n;
    if (!weights)
        eng_threads_ranges(pass->threads, pixels, unit_pixels(conv), data_pixels, &work);
    else if (n > 1 && pixels / unit_pixels(conv) > 1)
        eng_threads_run(pass->threads, data ? n * (1 + CUTS) : n, shared_part, &work);
    else
        backward_pixels(&work, 0, pixels, 0, work.units, data);
}

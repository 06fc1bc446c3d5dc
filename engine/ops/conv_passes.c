/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The passes of a convolution over a batch: blocks of images that fit the L1 cache with their margins, each swept
 * while it is there. Backward takes weight gradients and data from one block in turn, so that dy comes from memory
 * once.
 *
 * Threads share the images of forward and of data. Of weights each computes a share for all images, as a sum over
 * images cannot be divided without another result. In backward every thread has a part of the weights and images of
 * its own; where weights are so few that shares of them take as long as all, few threads have one, and the others do
 * more of the images. */
#include "engine/ops/conv.h"

#include "engine/ops/conv_gradient.h"
#include "engine/ops/conv_pointwise.h"
#include "engine/ops/conv_sweep.h"
#include "engine/tensor/minmax.h"

#define SECOND_CACHE ((size_t)1 << 20)
#define AHEAD        64                /* vectors: a tile or two */
#define PACKED       8192              /* weights likewise */
#define MIN_WORK     ((size_t)1 << 19) /* products worth another thread */
#define MOVED        8                 /* of them take the time of reading or writing a number */

enum { CUTS = 4 }; /* ranges of images of a thread's own in backward */

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
    const size_t block = eng_min(eng_stage_images(&x, n), eng_stage_images(&dy, n));
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

/* What the sweeps prefetch, in floats: when x and y together leave the L2 cache, else that would only cost. */
static size_t ahead_of(const eng_conv_pass *pass) {
    const eng_conv *conv = pass->conv;
    const size_t x = conv->h.in * conv->w.in * conv->channels, y = conv->h.out * conv->w.out * conv->filters;
    return pass->n * (x + y) * sizeof(float) > SECOND_CACHE ? AHEAD * pass->tiles->vector : 0;
}

size_t eng_conv_unit(const eng_conv *conv) {
    const size_t x = conv->h.in * conv->w.in * conv->channels, y = conv->h.out * conv->w.out * conv->filters;
    const size_t products = y * conv->h.kernel * conv->w.kernel * (conv->channels / conv->groups);
    return MIN_WORK / (products + MOVED * (x + y)) + 1;
}

size_t eng_conv_shares(size_t threads, size_t shares) {
    return eng_min(threads, eng_max(shares, eng_max(threads / 2, 1)));
}

static float *room_of(const eng_conv_pass *pass, size_t thread) {
    return thread == 0 ? pass->workspace : pass->others + (thread - 1) * pass->others_step;
}

/* The weights being packed for the sweeps of a pass. */
typedef struct packing {
    const eng_conv_pass *pass;
    const eng_stage *s;
    bool adjoint;
    float *packed;
} packing;

static void pack_channels(const void *self, size_t thread, size_t begin, size_t end) {
    const packing *p = self;
    const eng_conv *conv = p->pass->conv;
    const eng_tiles *tiles = p->pass->tiles;
    float *at = p->packed;
    (void)thread;
    for (size_t a = 0; a < (p->adjoint ? conv->h.stride : 1); a++)
        for (size_t b = 0; b < (p->adjoint ? conv->w.stride : 1); b++) {
            eng_sweep_job job = p->adjoint ? adjoint_job(conv, tiles, p->s, a, b) : forward_job(conv, tiles, p->s);
            eng_sweep_pack(&job, conv, p->adjoint, p->pass->w, begin, end, at);
            at += eng_align_floats(eng_sweep_packed(&job));
        }
}

/* The weights as the sweeps want them, for all threads at the beginning of the first one's workspace. */
static const float *pack(const eng_conv_pass *pass, const eng_stage *s, bool adjoint) {
    const eng_conv *conv = pass->conv;
    if (eng_conv_is_depthwise(conv)) return pass->w;
    const packing p = {.pass = pass, .s = s, .adjoint = adjoint, .packed = pass->workspace};
    const size_t count = (adjoint ? conv->filters : conv->channels) / conv->groups;
    const size_t numbers = conv->h.kernel * conv->w.kernel * conv->channels / conv->groups * conv->filters;
    eng_threads_ranges(pass->threads, count, PACKED / (numbers / count) + 1, pack_channels, &p);
    return p.packed;
}

/* ---- forward ---- */

typedef struct forward_work {
    const eng_conv_pass *pass;
    eng_stage x;
    eng_sweep_job job;
    size_t block;  /* images at a time */
    size_t packed; /* floats before a thread's own workspace */
} forward_work;

static void forward_images(const void *self, size_t thread, size_t begin, size_t end) {
    const forward_work *work = self;
    const eng_conv_pass *pass = work->pass;
    const eng_conv *conv = pass->conv;
    const size_t block = eng_min(work->block, end - begin);
    float *workspace = room_of(pass, thread) + work->packed;
    eng_stage x = work->x;
    eng_sweep_job job = work->job;
    eng_stage_begin(&x, pass->x, block, &workspace);
    for (size_t image = begin; image < end; image += block) {
        job.images = eng_min(block, end - image);
        job.from = eng_stage_block(&x, image, job.images);
        job.to = pass->y + image * conv->h.out * conv->w.out * conv->filters;
        sweep(conv, &job);
    }
}

void eng_conv_forward(const eng_conv_pass *pass) {
    const eng_conv *conv = pass->conv;
    if (eng_conv_is_pointwise(conv)) {
        eng_pointwise_forward(pass);
        return;
    }
    const eng_stage x = eng_stage_for_forward(conv, pass->tiles);
    forward_work work = {.pass = pass,
                         .x = x,
                         .job = forward_job(conv, pass->tiles, &x),
                         .block = eng_stage_images(&x, pass->n),
                         .packed = packed_floats(conv, &x, false)};
    work.job.weights = pack(pass, &x, false);
    work.job.bias = pass->bias;
    work.job.relu = pass->relu;
    work.job.ahead = ahead_of(pass);
    eng_threads_ranges(pass->threads, pass->n, eng_conv_unit(conv), forward_images, &work);
}

/* ---- backward ---- */

typedef struct backward_work {
    const eng_conv_pass *pass;
    eng_stage x, dy;
    size_t block, packed_floats;
    const float *packed;
    size_t units;  /* of the weights; 0 = none are wanted */
    size_t shares; /* of them: those of the first threads */
    bool data;
} backward_work;

/* What one call computes: data of some images, units of weights for all of them, or both of everything. */
typedef struct backward_part {
    size_t begin, end;
    size_t first, last;
    bool data, weights;
} backward_part;

static void adjoint_block(const backward_work *work, size_t image, size_t count, const float *dy) {
    const eng_conv_pass *pass = work->pass;
    const eng_conv *conv = pass->conv;
    const float *packed = work->packed;
    for (size_t a = 0; a < conv->h.stride; a++)
        for (size_t b = 0; b < conv->w.stride; b++) {
            eng_sweep_job job = adjoint_job(conv, pass->tiles, &work->dy, a, b);
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

static void compute_part(const backward_work *work, size_t thread, const backward_part *part) {
    const eng_conv_pass *pass = work->pass;
    const eng_conv *conv = pass->conv;
    float *workspace = room_of(pass, thread) + work->packed_floats;
    eng_stage x = work->x, dy = work->dy;
    eng_gradient g;
    if (part->data) eng_stage_begin(&dy, pass->dy, work->block, &workspace);
    if (part->weights) {
        eng_stage_begin(&x, pass->x, work->block, &workspace);
        eng_gradient_begin(&g, pass, &x, part->first, part->last);
    }
    for (size_t image = part->begin; image < part->end; image += work->block) {
        const size_t count = eng_min(work->block, part->end - image);
        if (part->weights)
            eng_gradient_block(&g, count, eng_stage_block(&x, image, count),
                               pass->dy + image * conv->h.out * conv->w.out * conv->filters);
        if (part->data) adjoint_block(work, image, count, eng_stage_block(&dy, image, count));
    }
}

/* Part 0 of a thread's 1 + CUTS (or one) is its part of the weights, the others are its images. */
static void shared_part(const void *self, size_t thread, size_t number) {
    const backward_work *work = self;
    const size_t n = eng_threads_count(work->pass->threads), each = work->data ? 1 + CUTS : 1;
    const size_t owner = number / each, cut = owner * CUTS + number % each - 1, images = work->pass->n;
    backward_part part = {.end = images,
                          .first = work->units * eng_min(owner, work->shares) / work->shares,
                          .last = work->units * eng_min(owner + 1, work->shares) / work->shares,
                          .weights = number % each == 0};
    if (!part.weights) {
        part.data = true;
        part.begin = images * cut / (n * CUTS);
        part.end = images * (cut + 1) / (n * CUTS);
    }
    if (part.begin < part.end && (part.data || part.first < part.last)) compute_part(work, thread, &part);
}

static void data_images(const void *self, size_t thread, size_t begin, size_t end) {
    compute_part(self, thread, &(backward_part){.begin = begin, .end = end, .data = true});
}

static void backward(const eng_conv_pass *pass, bool data, bool weights) {
    const eng_conv *conv = pass->conv;
    if (eng_conv_is_pointwise(conv)) {
        eng_pointwise_backward(pass, data, weights);
        return;
    }
    backward_work work = {
        .pass = pass, .x = eng_stage_for_weights(conv), .dy = eng_stage_for_data(conv, pass->tiles), .data = data};
    work.block = eng_min(eng_stage_images(&work.x, pass->n), eng_stage_images(&work.dy, pass->n));
    if (weights) work.units = eng_gradient_units(conv, pass->tiles);
    if (data) work.packed_floats = packed_floats(conv, &work.dy, true);
    if (data) work.packed = pack(pass, &work.dy, true);
    const size_t n = eng_threads_count(pass->threads);
    work.shares = data ? eng_conv_shares(n, eng_gradient_shares(conv, pass->tiles)) : n;
    if (!weights)
        eng_threads_ranges(pass->threads, pass->n, eng_conv_unit(conv), data_images, &work);
    else if (n > 1 && pass->n / eng_conv_unit(conv) > 1)
        eng_threads_run(pass->threads, data ? n * (1 + CUTS) : n, shared_part, &work);
    else
        compute_part(&work, 0, &(backward_part){.end = pass->n, .last = work.units, .data = data, .weights = true});
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

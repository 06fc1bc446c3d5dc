/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns a sweep into jobs of the register-tile kernels.
 *
 * Taps that fall outside the image are not multiplied by zeros but left out, which saves a fifth of a 3 x 3 convolution
 * of 7 x 7 pixels. So the outputs of one job are rows whose taps down lie in the image alike, one after another as they
 * lie in memory. Kernels can leave out the first or the last few pixels of a row; where a tap would miss more, the
 * image is copied between margins of zeros beforehand. */
#include "engine/ops/conv_sweep.h"

#define MOST_GROUPS  ENG_CONV_MOST_GROUPS
#define GROUP_FLOATS 4096 /* of a job: 16 kB */

enum { MOST_TAPS = ENG_CONV_MOST_TAPS * ENG_CONV_MOST_TAPS };

/* What the groups of a sweep have in common, and the job that is being filled with them. */
typedef struct filling {
    const eng_sweep_job *sweep;
    ptrdiff_t pitch;             /* floats of a row with its margins */
    size_t from_image, to_image; /* floats */
    size_t rows, groups;
    bool ends;                                                /* some tap misses pixels of a row */
    size_t line;                                              /* of a job of the kernels */
    size_t skip[ENG_CONV_MOST_TAPS], cut[ENG_CONV_MOST_TAPS]; /* of the taps along */
    size_t lo, hi;                                            /* taps down that the rows of this class read */
    eng_tile_run run[MOST_TAPS];
    size_t runs, skipping, cutting;
    size_t a_at[MOST_GROUPS], c_at[MOST_GROUPS];
    size_t count, most;
} filling;

/* Groups of at most `rows` rows. */
static void fill_begin(filling *f, const eng_sweep_job *sweep, size_t rows) {
    f->sweep = sweep;
    f->pitch = (ptrdiff_t)((sweep->w.in + sweep->margins.left + sweep->margins.right) * sweep->from_channels);
    f->from_image = eng_margins_image(&sweep->margins, sweep->h.in, sweep->w.in, sweep->from_channels);
    f->to_image = sweep->h.placed * sweep->w.placed * sweep->to_channels;
    f->rows = eng_tiles_rows(sweep->w.out, rows);
    f->groups = eng_sweep_groups(sweep->w.out, f->rows);
    f->count = 0;
    f->ends = false;
    const bool bare = sweep->margins.left + sweep->margins.right == 0;
    for (size_t v = 0; v < sweep->w.taps; v++) {
        f->skip[v] = f->cut[v] = 0;
        if (bare) eng_sweep_ends(&sweep->w, v, &f->skip[v], &f->cut[v]);
        if (f->skip[v] + f->cut[v] > 0) f->ends = true;
    }
    f->line = f->ends ? f->groups : 1;
    /* What several panels of B read again and again stays in the L1 cache. */
    const size_t fit = GROUP_FLOATS / (f->rows * sweep->from_channels), unit = f->line > 2 ? f->line : 4;
    f->most = (fit < unit ? unit : fit > MOST_GROUPS ? MOST_GROUPS : fit) / unit * unit;
}

/* The taps that a row of this class reads, as runs with `length` floats of B for each tap down and along: those that
 * skip pixels come first, those that cut some last. A whole row of taps is one run where its pixels follow each other
 * (merged), which they do when no pixel misses a tap. */
static void list_runs(filling *f, size_t length, bool merged) {
    const eng_sweep_job *s = f->sweep;
    f->runs = f->skipping = f->cutting = 0;
    for (size_t v = 0; v < (merged ? 1 : s->w.taps); v++)
        for (size_t u = f->lo; u < f->hi && f->skip[v] < s->w.out; u++) {
            const ptrdiff_t y = s->h.first + (ptrdiff_t)u * s->h.gap + (ptrdiff_t)s->margins.top;
            const ptrdiff_t x = s->w.first + (ptrdiff_t)v * s->w.gap + (ptrdiff_t)s->margins.left;
            f->run[f->runs++] = (eng_tile_run){.at = y * f->pitch + x * (ptrdiff_t)s->from_channels,
                                               .b = (u * s->w.taps + v) * length,
                                               .skip = f->skip[v],
                                               .cut = f->cut[v]};
            f->skipping += f->skip[v] > 0;
            f->cutting += f->cut[v] > 0;
        }
}

typedef void flush_fn(filling *f, void *job);

/* The rows begin .. end-1 of all images, in jobs as large as they may be. A group lies at the input's pixel (i step,
 * column step), which every tap has an offset from. */
static void fill_class(filling *f, size_t begin, size_t end, flush_fn *flush, void *job) {
    const eng_sweep_job *s = f->sweep;
    const size_t last = s->w.out - f->rows, a_step = s->w.step * s->from_channels;
    const size_t c_step = s->w.place_step * s->to_channels;
    for (size_t image = 0; image < s->images; image++)
        for (size_t i = begin; i < end; i++) {
            const size_t a = image * f->from_image + i * s->h.step * (size_t)f->pitch;
            const size_t to_y = s->h.place + i * s->h.place_step;
            const size_t c = image * f->to_image + (to_y * s->w.placed + s->w.place) * s->to_channels;
            for (size_t j = 0, at = 0; j < f->groups; j++, at += f->rows) {
                const size_t column = at < last ? at : last;
                f->a_at[f->count] = a + column * a_step;
                f->c_at[f->count] = c + column * c_step;
                if (++f->count < f->most) continue;
                flush(f, job);
                f->count = 0;
            }
        }
    if (f->count > 0) flush(f, job);
    f->count = 0;
}

static size_t rows_of_b(const eng_sweep_job *job) {
    return job->h.taps * job->w.taps * (job->from_channels / job->groups);
}

size_t eng_sweep_packed(const eng_sweep_job *job) {
    return job->groups * eng_tiles_packed(rows_of_b(job), job->to_channels / job->groups);
}

/* The number of the sweep's tap (t, s) in the kernel. */
static size_t tap_of(const eng_sweep_job *job, size_t t, size_t s) {
    const ptrdiff_t u = job->h.tap + (ptrdiff_t)t * job->h.tap_gap, v = job->w.tap + (ptrdiff_t)s * job->w.tap_gap;
    return (size_t)u * job->kernel_w + (size_t)v;
}

void eng_sweep_pack(const eng_sweep_job *job, const eng_conv *conv, bool transposed, const float *w, size_t begin,
                    size_t end, float *packed) {
    const size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups;
    const size_t count = transposed ? outer : inner, n = transposed ? inner : outer;
    const size_t depth = rows_of_b(job), each = eng_tiles_packed(depth, n), step = transposed ? 1 : conv->filters;
    for (size_t g = 0; g < conv->groups; g++)
        for (size_t t = 0; t < job->h.taps; t++)
            for (size_t s = 0; s < job->w.taps; s++) {
                const eng_pack_job pack = {.depth = depth,
                                           .n = n,
                                           .from = (t * job->w.taps + s) * count + begin,
                                           .count = end - begin,
                                           .b =
                                               w + tap_of(job, t, s) * inner * conv->filters + g * outer + begin * step,
                                           .step_k = step,
                                           .step_n = transposed ? conv->filters : 1};
                job->tiles->pack(&pack, packed + g * each);
            }
}

/* The filled groups, for every group of channels. */
static void flush_dense(filling *f, void *self) {
    eng_tile_job *tile = self;
    const eng_sweep_job *job = f->sweep;
    const size_t each = eng_tiles_packed(tile->depth, tile->n), inner = job->from_channels / job->groups;
    tile->groups = f->count;
    tile->runs = f->runs;
    tile->last = f->skipping;
    for (size_t g = 0; g < job->groups; g++) {
        tile->a = job->from + g * inner;
        tile->b = job->weights + g * each;
        tile->c = job->to + g * tile->n;
        tile->bias = job->bias == NULL ? NULL : job->bias + g * tile->n;
        tile->ahead = g == 0 ? job->ahead : 0;
        job->tiles->multiply(tile);
    }
}

void eng_sweep_dense(const eng_sweep_job *job) {
    if (job->h.out == 0 || job->w.out == 0) return;
    filling f;
    fill_begin(&f, job, job->tiles->rows);
    const size_t inner = job->from_channels / job->groups;
    const bool merged = !f.ends && job->groups == 1 && job->w.taps > 0 && (job->w.gap == 1 || job->w.taps == 1);
    eng_tile_job tile = {.rows = f.rows,
                         .line = f.line,
                         .length = merged ? job->w.taps * inner : inner,
                         .a_at = f.a_at,
                         .c_at = f.c_at,
                         .lda = job->w.step * job->from_channels,
                         .ldc = job->w.place_step * job->to_channels,
                         .run = f.run,
                         .depth = rows_of_b(job),
                         .n = job->to_channels / job->groups,
                         .relu = job->relu};
    for (size_t begin = 0, end; begin < job->h.out; begin = end) {
        end = eng_sweep_class(&job->h, begin, &f.lo, &f.hi);
        list_runs(&f, inner, merged);
        fill_class(&f, begin, end, flush_dense, &tile);
    }
}

static void flush_depth(filling *f, void *self) {
    eng_depth_job *depth = self;
    depth->groups = f->count;
    depth->taps = f->runs;
    depth->skipping = f->skipping;
    depth->cutting = f->cutting;
    f->sweep->tiles->depth(depth);
}

/* The kernels know a row of three or five taps, each one pixel behind the one before it, whose middle one lies in the
 * image wherever an output does: such a row is one run. */
static size_t window_of(const filling *f) {
    const eng_sweep_edge *w = &f->sweep->w;
    const size_t side = w->taps / 2;
    if ((w->taps != 3 && w->taps != 5) || w->step != 1 || w->gap != 1 || f->rows < 4) return 0;
    for (size_t v = 0; v < w->taps && f->ends; v++)
        if (f->skip[v] != (v < side ? side - v : 0) || f->cut[v] != (v > side ? v - side : 0)) return 0;
    return w->taps;
}

void eng_sweep_depthwise(const eng_sweep_job *job) {
    if (job->h.out == 0 || job->w.out == 0) return;
    BASE_ASSERT(job->groups == job->to_channels);
    filling f;
    fill_begin(&f, job, job->tiles->depth_rows);
    eng_depth_job depth = {.rows = f.rows,
                           .line = f.line,
                           .a_at = f.a_at,
                           .c_at = f.c_at,
                           .a = job->from,
                           .lda = job->w.step * job->from_channels,
                           .c = job->to,
                           .ldc = job->w.place_step * job->to_channels,
                           .tap = f.run,
                           .window = window_of(&f),
                           .w_step = job->w.tap_gap * (ptrdiff_t)job->to_channels,
                           .edged = f.ends,
                           .w = job->weights,
                           .channels = job->to_channels,
                           .bias = job->bias,
                           .relu = job->relu,
                           .ahead = job->ahead};
    for (size_t begin = 0, end; begin < job->h.out; begin = end) {
        end = eng_sweep_class(&job->h, begin, &f.lo, &f.hi);
        list_runs(&f, 1, depth.window > 0);
        for (size_t r = 0; r < f.runs; r++) {
            const size_t t = f.run[r].b;
            f.run[r].b = tap_of(job, t / job->w.taps, t % job->w.taps) * job->to_channels;
        }
        fill_class(&f, begin, end, flush_depth, &depth);
    }
}

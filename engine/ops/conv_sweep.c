/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns a sweep into jobs of the register-tile kernels.
 *
 * Taps that fall outside the image are not multiplied by zeros but left out, which saves a fifth of a 3 x 3 convolution
 * of 7 x 7 pixels. So the outputs of one job are those whose taps lie in the image alike: rows of one class, and groups
 * of columns at the same place. Kernels can leave out the first or the last few rows of a group; where a tap would miss
 * more, the image is copied between margins of zeros beforehand. */
#include "engine/ops/conv_sweep.h"

#define MOST_GROUPS  128  /* of a job */
#define GROUP_FLOATS 4096 /* of a job: 16 kB */

enum { MOST_TAPS = ENG_CONV_MOST_TAPS * ENG_CONV_MOST_TAPS };

/* What the groups of a sweep have in common, and the job that is being filled with them. */
typedef struct filling {
    const eng_sweep_job *sweep;
    ptrdiff_t pitch;             /* floats of a row with its margins */
    size_t from_image, to_image; /* floats */
    size_t rows, groups;
    size_t lo, hi; /* taps down that the rows of this class read */
    eng_tile_run run[MOST_TAPS];
    size_t runs, whole; /* those without an end come first */
    size_t a_at[MOST_GROUPS], c_at[MOST_GROUPS];
    size_t count, most;
} filling;

/* The block to come in equal shares for all groups of this one, whole cache lines each. */
static eng_ahead ahead_of(const filling *f) {
    const eng_sweep_job *s = f->sweep;
    const size_t groups = s->images * s->h.out * f->groups;
    const size_t read = s->next_images * s->h.in * s->w.in * s->from_channels * sizeof(float);
    const size_t write = s->next_images * s->h.placed * s->w.placed * s->to_channels * sizeof(float);
    return (eng_ahead){.read = s->next_from,
                       .write = s->next_to,
                       .read_step = read / groups / 64 * 64,
                       .write_step = write / groups / 64 * 64};
}

static void ahead_move(eng_ahead *ahead, size_t groups) {
    if (ahead->read != NULL) ahead->read += groups * ahead->read_step / sizeof(float);
    if (ahead->write != NULL) ahead->write += groups * ahead->write_step / sizeof(float);
}

static void fill_begin(filling *f, const eng_sweep_job *sweep) {
    f->sweep = sweep;
    f->pitch = (ptrdiff_t)((sweep->w.in + sweep->margins.left + sweep->margins.right) * sweep->from_channels);
    f->from_image = eng_margins_image(&sweep->margins, sweep->h.in, sweep->w.in, sweep->from_channels);
    f->to_image = sweep->h.placed * sweep->w.placed * sweep->to_channels;
    f->rows = eng_tiles_rows(sweep->w.out, sweep->tiles->rows);
    f->groups = eng_sweep_groups(sweep->w.out, f->rows);
    f->count = 0;
    /* What several panels of B read again and again stays in the first cache. */
    const size_t fit = GROUP_FLOATS / (f->rows * sweep->from_channels) / 4 * 4;
    f->most = fit < 4 ? 4 : fit > MOST_GROUPS ? MOST_GROUPS : fit;
}

/* Adds the runs of the taps that miss some rows of a group (ends), or of those that miss none. */
static void list_runs_of(filling *f, size_t length, bool ends, size_t along, const size_t *skip, const size_t *cut) {
    const eng_sweep_job *s = f->sweep;
    for (size_t u = f->lo; u < f->hi; u++)
        for (size_t v = 0; v < along; v++) {
            if (skip[v] == f->rows || (skip[v] + cut[v] > 0) != ends) continue;
            const ptrdiff_t y = s->h.first + (ptrdiff_t)u * s->h.gap + (ptrdiff_t)s->margins.top;
            const ptrdiff_t x = s->w.first + (ptrdiff_t)v * s->w.gap + (ptrdiff_t)s->margins.left;
            f->run[f->runs++] = (eng_tile_run){.at = y * f->pitch + x * (ptrdiff_t)s->from_channels,
                                               .b = (u * s->w.taps + v) * length,
                                               .skip = skip[v],
                                               .cut = cut[v]};
        }
}

/* The taps that a group reads, as runs: with `length` floats of B for each tap down and along. With margins, or in the
 * middle of a row, a whole row of taps is one run where its pixels follow each other (merged). */
static void list_runs(filling *f, size_t column, size_t length, bool merge, bool *merged) {
    const eng_sweep_job *s = f->sweep;
    const bool bare = s->margins.left + s->margins.right == 0;
    size_t skip[ENG_CONV_MOST_TAPS] = {0}, cut[ENG_CONV_MOST_TAPS] = {0};
    *merged = merge;
    for (size_t v = 0; v < s->w.taps && bare; v++) {
        eng_sweep_ends(&s->w, column, f->rows, v, &skip[v], &cut[v]);
        if (skip[v] + cut[v] > 0) *merged = false;
    }
    f->runs = 0;
    for (size_t ends = 0; ends < 2; ends++) {
        list_runs_of(f, length, ends == 1, *merged ? 1 : s->w.taps, skip, cut);
        if (ends == 0) f->whole = f->runs;
    }
}
/* Groups j and k are read through the same runs. */
static bool alike(const filling *f, size_t j, size_t k) {
    const eng_sweep_job *s = f->sweep;
    if (s->margins.left + s->margins.right > 0) return true;
    for (size_t v = 0; v < s->w.taps; v++) {
        size_t a[2], b[2];
        eng_sweep_ends(&s->w, eng_sweep_group(s->w.out, f->rows, j), f->rows, v, &a[0], &a[1]);
        eng_sweep_ends(&s->w, eng_sweep_group(s->w.out, f->rows, k), f->rows, v, &b[0], &b[1]);
        if (a[0] != b[0] || a[1] != b[1]) return false;
    }
    return true;
}

typedef void flush_fn(filling *f, void *job);

/* The groups begin_j .. end_j-1 of the rows begin .. end-1 of all images, in jobs as large as they may be. A group lies
 * at the input's pixel (i step, column step), which every tap has an offset from. */
static void fill_class(filling *f, size_t begin, size_t end, size_t begin_j, size_t end_j, flush_fn *flush, void *job) {
    const eng_sweep_job *s = f->sweep;
    const size_t last = s->w.out - f->rows, a_step = s->w.step * s->from_channels;
    const size_t c_step = s->w.place_step * s->to_channels;
    for (size_t image = 0; image < s->images; image++)
        for (size_t i = begin; i < end; i++) {
            const size_t a = image * f->from_image + i * s->h.step * (size_t)f->pitch;
            const size_t to_y = s->h.place + i * s->h.place_step;
            const size_t c = image * f->to_image + (to_y * s->w.placed + s->w.place) * s->to_channels;
            for (size_t j = begin_j, at = begin_j * f->rows; j < end_j; j++, at += f->rows) {
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

/* The rows of one class follow each other: the end of the class that begins with row `begin`. */
static size_t class_end(filling *f, size_t begin) {
    const eng_sweep_edge *h = &f->sweep->h;
    size_t end = begin + 1, lo, hi;
    eng_sweep_range(h, begin, &f->lo, &f->hi);
    for (; end < h->out; end++) {
        eng_sweep_range(h, end, &lo, &hi);
        if (lo != f->lo || hi != f->hi) break;
    }
    return end;
}

static size_t columns_end(const filling *f, size_t begin) {
    size_t end = begin + 1;
    while (end < f->groups && alike(f, begin, end)) end++;
    return end;
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

void eng_sweep_pack(const eng_sweep_job *job, const eng_conv *conv, bool transposed, const float *w, float *packed) {
    const size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups;
    const size_t count = transposed ? outer : inner, n = transposed ? inner : outer;
    const size_t depth = rows_of_b(job), each = eng_tiles_packed(depth, n);
    for (size_t g = 0; g < conv->groups; g++)
        for (size_t t = 0; t < job->h.taps; t++)
            for (size_t s = 0; s < job->w.taps; s++) {
                const eng_pack_job pack = {.depth = depth,
                                           .n = n,
                                           .from = (t * job->w.taps + s) * count,
                                           .count = count,
                                           .b = w + tap_of(job, t, s) * inner * conv->filters + g * outer,
                                           .step_k = transposed ? 1 : conv->filters,
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
    for (size_t g = 0; g < job->groups; g++) {
        tile->a = job->from + g * inner;
        tile->b = job->weights + g * each;
        tile->c = job->to + g * tile->n;
        tile->bias = job->bias == NULL ? NULL : job->bias + g * tile->n;
        job->tiles->multiply(tile);
        if (g == 0) ahead_move(&tile->ahead, f->count);
    }
}

/* A 1 x 1 kernel makes every pixel of every image a row of one product, wherever rows and images end. */
static eng_sweep_job flattened(const eng_sweep_job *job) {
    eng_sweep_job flat = *job;
    const eng_sweep_edge *h = &job->h, *w = &job->w;
    const bool plain = h->taps == 1 && w->taps == 1 && h->first == 0 && w->first == 0 && h->step == 1 && w->step == 1 &&
                       h->place_step == 1 && w->place_step == 1 && h->in == h->out && w->in == w->out &&
                       eng_margins_none(&job->margins);
    if (!plain) return flat;
    flat.w.in = flat.w.out = flat.w.placed = job->images * h->out * w->out;
    flat.h.in = flat.h.out = flat.h.placed = 1;
    flat.images = 1;
    flat.next_images = job->next_images == job->images ? 1 : 0;
    return flat;
}

void eng_sweep_dense(const eng_sweep_job *of_images) {
    const eng_sweep_job flat = flattened(of_images), *job = &flat;
    if (job->h.out == 0 || job->w.out == 0) return;
    filling f;
    fill_begin(&f, job);
    const size_t inner = job->from_channels / job->groups;
    const bool merge = job->groups == 1 && job->w.taps > 0 && (job->w.gap == 1 || job->w.taps == 1);
    eng_tile_job tile = {.rows = f.rows,
                         .a_at = f.a_at,
                         .c_at = f.c_at,
                         .lda = job->w.step * job->from_channels,
                         .ldc = job->w.place_step * job->to_channels,
                         .run = f.run,
                         .depth = rows_of_b(job),
                         .n = job->to_channels / job->groups,
                         .relu = job->relu,
                         .ahead = ahead_of(&f)};
    for (size_t begin = 0, end; begin < job->h.out; begin = end) {
        end = class_end(&f, begin);
        for (size_t j = 0, next; j < f.groups; j = next) {
            bool merged;
            next = columns_end(&f, j);
            list_runs(&f, eng_sweep_group(job->w.out, f.rows, j), inner, merge, &merged);
            tile.length = merged ? job->w.taps * inner : inner;
            fill_class(&f, begin, end, j, next, flush_dense, &tile);
        }
    }
}

static void flush_depth(filling *f, void *self) {
    eng_depth_job *depth = self;
    depth->groups = f->count;
    depth->taps = f->runs;
    depth->whole = f->whole;
    f->sweep->tiles->depth(depth);
    ahead_move(&depth->ahead, f->count);
}

void eng_sweep_depthwise(const eng_sweep_job *job) {
    if (job->h.out == 0 || job->w.out == 0) return;
    BASE_ASSERT(job->groups == job->to_channels);
    filling f;
    fill_begin(&f, job);
    eng_depth_job depth = {.rows = f.rows,
                           .a_at = f.a_at,
                           .c_at = f.c_at,
                           .a = job->from,
                           .lda = job->w.step * job->from_channels,
                           .c = job->to,
                           .ldc = job->w.place_step * job->to_channels,
                           .tap = f.run,
                           .w = job->weights,
                           .channels = job->to_channels,
                           .bias = job->bias,
                           .relu = job->relu,
                           .ahead = ahead_of(&f)};
    for (size_t begin = 0, end; begin < job->h.out; begin = end) {
        end = class_end(&f, begin);
        for (size_t j = 0, next; j < f.groups; j = next) {
            bool merged;
            next = columns_end(&f, j);
            list_runs(&f, eng_sweep_group(job->w.out, f.rows, j), 1, false, &merged);
            for (size_t r = 0; r < f.runs; r++) {
                const size_t t = f.run[r].b;
                f.run[r].b = tap_of(job, t / job->w.taps, t % job->w.taps) * job->to_channels;
            }
            fill_class(&f, begin, end, j, next, flush_depth, &depth);
        }
    }
}

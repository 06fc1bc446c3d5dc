/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns a sweep into jobs of the register-tile kernels.
 *
 * Rows of the output whose taps lie in the image alike are one class: the taps that fall outside are not multiplied by
 * zeros but left out, which saves a tenth of a 3 x 3 convolution of 7 x 7 pixels. Along a row the zeros are there, in
 * margins, because the columns of a register tile share their taps. */
#include "engine/ops/conv_sweep.h"

#include <string.h>

#define MOST_GROUPS 128 /* of a job; any number will do */

eng_sweep_edge eng_sweep_forward(const eng_conv_edge *edge) {
    return (eng_sweep_edge){.in = edge->in,
                            .out = edge->out,
                            .step = edge->stride,
                            .taps = edge->kernel,
                            .first = -(ptrdiff_t)edge->padding,
                            .gap = (ptrdiff_t)edge->dilation,
                            .tap_gap = 1,
                            .place_step = 1,
                            .placed = edge->out};
}

/* Pixel a of x with a = residue mod s is read through tap u by pixel (a + p - u d) / s of y, where s divides. Taken
 * from the last such tap to the first, the pixels of y ascend. */
eng_sweep_edge eng_sweep_adjoint(const eng_conv_edge *edge, size_t residue) {
    const size_t s = edge->stride;
    eng_sweep_edge e = {.in = edge->out, .step = 1, .place = residue, .place_step = s, .placed = edge->in};
    e.out = residue < edge->in ? (edge->in - residue + s - 1) / s : 0;
    for (size_t u = edge->kernel; u-- > 0;) {
        const ptrdiff_t at = (ptrdiff_t)(residue + edge->padding) - (ptrdiff_t)(u * edge->dilation);
        if (at % (ptrdiff_t)s != 0) continue;
        if (e.taps == 0) {
            e.first = at / (ptrdiff_t)s;
            e.tap = (ptrdiff_t)u;
        } else if (e.taps == 1) {
            e.gap = at / (ptrdiff_t)s - e.first;
            e.tap_gap = (ptrdiff_t)u - e.tap;
        }
        e.taps++;
    }
    return e;
}

void eng_sweep_range(const eng_sweep_edge *edge, size_t i, size_t *lo, size_t *hi) {
    const ptrdiff_t base = (ptrdiff_t)(i * edge->step) + edge->first;
    *lo = 0;
    *hi = edge->taps;
    while (*lo < *hi && base + (ptrdiff_t)*lo * edge->gap < 0) (*lo)++;
    while (*hi > *lo && base + (ptrdiff_t)(*hi - 1) * edge->gap >= (ptrdiff_t)edge->in) (*hi)--;
}

void eng_sweep_margins(const eng_sweep_edge *edge, size_t *before, size_t *after) {
    *before = *after = 0;
    if (edge->taps == 0 || edge->out == 0) return;
    const ptrdiff_t last = (ptrdiff_t)((edge->out - 1) * edge->step) + edge->first +
                           (ptrdiff_t)(edge->taps - 1) * edge->gap - (ptrdiff_t)(edge->in - 1);
    if (edge->first < 0) *before = (size_t)-edge->first;
    if (last > 0) *after = (size_t)last;
}

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

bool eng_margins_none(const eng_margins *margins) {
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

void eng_margins_copy(const eng_margins *m, size_t n, size_t h, size_t w, size_t c, const float *from, float *to) {
    const size_t pitch = (w + m->left + m->right) * c, image = eng_margins_image(m, h, w, c);
    for (size_t i = 0; i < n; i++) {
        float *row = to + i * image + m->top * pitch + m->left * c;
        for (size_t y = 0; y < h; y++, row += pitch, from += w * c) memcpy(row, from, w * c * sizeof *row);
    }
}

/* What the groups of a sweep have in common, and the job that is being filled with them. */
typedef struct filling {
    const eng_sweep_job *sweep;
    size_t pitch;                /* pixels of a row with its margins */
    size_t from_image, to_image; /* floats */
    size_t rows, groups;
    size_t a_at[MOST_GROUPS], c_at[MOST_GROUPS];
    size_t count;
} filling;

static void fill_begin(filling *f, const eng_sweep_job *sweep) {
    f->sweep = sweep;
    f->pitch = sweep->w.in + sweep->margins.left + sweep->margins.right;
    f->from_image = eng_margins_image(&sweep->margins, sweep->h.in, sweep->w.in, sweep->from_channels);
    f->to_image = sweep->h.placed * sweep->w.placed * sweep->to_channels;
    f->rows = eng_tiles_rows(sweep->w.out, sweep->tiles->rows);
    f->groups = (sweep->w.out + f->rows - 1) / f->rows;
    f->count = 0;
}

/* Adds group number j of output row i of an image. lo: the first tap down that it reads; NO_TAP when it reads none. */
#define NO_TAP SIZE_MAX
static void fill(filling *f, size_t image, size_t i, size_t j, size_t lo) {
    const eng_sweep_job *s = f->sweep;
    const size_t most = s->w.out - f->rows, column = j * f->rows < most ? j * f->rows : most;
    f->a_at[f->count] = 0;
    if (lo != NO_TAP) {
        const ptrdiff_t y = (ptrdiff_t)(i * s->h.step + s->margins.top) + s->h.first + (ptrdiff_t)lo * s->h.gap;
        const ptrdiff_t x = (ptrdiff_t)(column * s->w.step + s->margins.left) + s->w.first;
        f->a_at[f->count] = image * f->from_image + ((size_t)y * f->pitch + (size_t)x) * s->from_channels;
    }
    const size_t to_y = s->h.place + i * s->h.place_step, to_x = s->w.place + column * s->w.place_step;
    f->c_at[f->count++] = image * f->to_image + (to_y * s->w.placed + to_x) * s->to_channels;
}

static size_t rows_of_b(const eng_sweep_job *job) {
    return job->h.taps * job->w.taps * (job->from_channels / job->groups);
}

size_t eng_sweep_packed(const eng_sweep_job *job) {
    return job->groups * eng_tiles_packed(rows_of_b(job), job->to_channels / job->groups);
}

/* Few, short groups and many columns: a tile of one group by four vectors. */
static bool is_wide(const eng_sweep_job *job) {
    (void)job;
    return false;
}

void eng_sweep_pack(const eng_sweep_job *job, const eng_conv *conv, bool transposed, const float *w, float *packed) {
    const size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups;
    const size_t count = transposed ? outer : inner, n = transposed ? inner : outer;
    const size_t depth = rows_of_b(job), each = eng_tiles_packed(depth, n);
    for (size_t g = 0; g < conv->groups; g++)
        for (size_t t = 0; t < job->h.taps; t++)
            for (size_t s = 0; s < job->w.taps; s++) {
                const size_t u = (size_t)(job->h.tap + (ptrdiff_t)t * job->h.tap_gap);
                const size_t v = (size_t)(job->w.tap + (ptrdiff_t)s * job->w.tap_gap);
                const eng_pack_job pack = {.depth = depth,
                                           .n = n,
                                           .wide = is_wide(job),
                                           .from = (t * job->w.taps + s) * count,
                                           .count = count,
                                           .b = w + (u * conv->w.kernel + v) * inner * conv->filters + g * outer,
                                           .step_k = transposed ? 1 : conv->filters,
                                           .step_n = transposed ? conv->filters : 1};
                job->tiles->pack(&pack, packed + g * each);
            }
}

/* The runs of the taps lo .. hi-1 down: along a row they are one run when its pixels follow each other. */
static size_t list_runs(const eng_sweep_job *job, size_t pitch, size_t lo, size_t hi, bool merged, size_t *run_at) {
    size_t count = 0;
    for (size_t t = 0; t + lo < hi; t++)
        for (size_t s = 0; s < (merged && job->w.taps > 0 ? 1 : job->w.taps); s++)
            run_at[count++] = (t * (size_t)job->h.gap * pitch + s * (size_t)job->w.gap) * job->from_channels;
    return count;
}

/* The filled groups, for every group of channels. */
static void flush_dense(filling *f, eng_tile_job *tile) {
    const eng_sweep_job *job = f->sweep;
    const size_t each = eng_tiles_packed(tile->depth, tile->n), inner = job->from_channels / job->groups;
    tile->groups = f->count;
    for (size_t g = 0; g < job->groups && f->count > 0; g++) {
        tile->a = job->from + g * inner;
        tile->b = job->weights + g * each;
        tile->c = job->to + g * tile->n;
        tile->bias = job->bias == NULL ? NULL : job->bias + g * tile->n;
        job->tiles->multiply(tile);
    }
    f->count = 0;
}

static void sweep_class(filling *f, eng_tile_job *tile, size_t begin, size_t end, size_t lo) {
    for (size_t image = 0; image < f->sweep->images; image++)
        for (size_t i = begin; i < end; i++)
            for (size_t j = 0; j < f->groups; j++) {
                fill(f, image, i, j, lo);
                if (f->count == MOST_GROUPS) flush_dense(f, tile);
            }
    flush_dense(f, tile);
}

void eng_sweep_dense(const eng_sweep_job *job) {
    if (job->h.out == 0 || job->w.out == 0) return;
    filling f;
    fill_begin(&f, job);
    const size_t inner = job->from_channels / job->groups;
    const bool merged = job->groups == 1 && (job->w.gap == 1 || job->w.taps == 1) && job->w.taps > 0;
    size_t run_at[ENG_CONV_MOST_TAPS * ENG_CONV_MOST_TAPS];
    eng_tile_job tile = {.rows = f.rows,
                         .a_at = f.a_at,
                         .c_at = f.c_at,
                         .lda = job->w.step * job->from_channels,
                         .ldc = job->w.place_step * job->to_channels,
                         .length = merged ? job->w.taps * inner : inner,
                         .run_at = run_at,
                         .depth = rows_of_b(job),
                         .n = job->to_channels / job->groups,
                         .wide = is_wide(job),
                         .relu = job->relu};
    for (size_t begin = 0, end; begin < job->h.out; begin = end) {
        size_t lo, hi, next_lo, next_hi;
        eng_sweep_range(&job->h, begin, &lo, &hi);
        for (end = begin + 1; end < job->h.out; end++) {
            eng_sweep_range(&job->h, end, &next_lo, &next_hi);
            if (next_lo != lo || next_hi != hi) break;
        }
        tile.runs = list_runs(job, f.pitch, lo, hi, merged, run_at);
        tile.from = lo * job->w.taps * inner;
        sweep_class(&f, &tile, begin, end, tile.runs > 0 ? lo : NO_TAP);
    }
}

static void flush_depth(filling *f, eng_depth_job *depth) {
    depth->groups = f->count;
    if (f->count > 0) f->sweep->tiles->depth(depth);
    f->count = 0;
}

void eng_sweep_depthwise(const eng_sweep_job *job) {
    if (job->h.out == 0 || job->w.out == 0) return;
    filling f;
    fill_begin(&f, job);
    size_t tap_at[ENG_CONV_MOST_TAPS * ENG_CONV_MOST_TAPS], w_at[ENG_CONV_MOST_TAPS * ENG_CONV_MOST_TAPS];
    eng_depth_job depth = {.rows = f.rows,
                           .a_at = f.a_at,
                           .c_at = f.c_at,
                           .a = job->from,
                           .lda = job->w.step * job->from_channels,
                           .c = job->to,
                           .ldc = job->w.place_step * job->to_channels,
                           .taps = list_runs(job, f.pitch, 0, job->h.taps, false, tap_at),
                           .tap_at = tap_at,
                           .w_at = w_at,
                           .w = job->weights,
                           .channels = job->to_channels,
                           .bias = job->bias,
                           .relu = job->relu};
    BASE_ASSERT(job->groups == job->to_channels);
    for (size_t t = 0; t < job->h.taps; t++)
        for (size_t s = 0; s < job->w.taps; s++) {
            const size_t u = (size_t)(job->h.tap + (ptrdiff_t)t * job->h.tap_gap);
            const size_t v = (size_t)(job->w.tap + (ptrdiff_t)s * job->w.tap_gap);
            w_at[t * job->w.taps + s] = (u * job->kernel_w + v) * job->to_channels;
        }
    for (size_t image = 0; image < job->images; image++)
        for (size_t i = 0; i < job->h.out; i++)
            for (size_t j = 0; j < f.groups; j++) {
                fill(&f, image, i, j, depth.taps > 0 ? 0 : NO_TAP);
                if (f.count == MOST_GROUPS) flush_depth(&f, &depth);
            }
    flush_depth(&f, &depth);
}

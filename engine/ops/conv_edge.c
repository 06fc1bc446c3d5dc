/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic of one direction of a sweep, forward and adjoint. */
#include "engine/ops/conv_edge.h"

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

size_t eng_sweep_class(const eng_sweep_edge *edge, size_t begin, size_t *lo, size_t *hi) {
    size_t end = begin + 1, next_lo, next_hi;
    eng_sweep_range(edge, begin, lo, hi);
    for (; end < edge->out; end++) {
        eng_sweep_range(edge, end, &next_lo, &next_hi);
        if (next_lo != *lo || next_hi != *hi) break;
    }
    return end;
}

void eng_sweep_margins(const eng_sweep_edge *edge, size_t *before, size_t *after) {
    *before = *after = 0;
    if (edge->taps == 0 || edge->out == 0) return;
    const ptrdiff_t last = (ptrdiff_t)((edge->out - 1) * edge->step) + edge->first +
                           (ptrdiff_t)(edge->taps - 1) * edge->gap - (ptrdiff_t)(edge->in - 1);
    if (edge->first < 0) *before = (size_t)-edge->first;
    if (last > 0) *after = (size_t)last;
}

void eng_sweep_ends(const eng_sweep_edge *w, size_t t, size_t *skip, size_t *cut) {
    const ptrdiff_t at = w->first + (ptrdiff_t)t * w->gap;
    *skip = *cut = 0;
    while (*skip < w->out && at + (ptrdiff_t)(*skip * w->step) < 0) (*skip)++;
    while (*cut < w->out && at + (ptrdiff_t)((w->out - 1 - *cut) * w->step) >= (ptrdiff_t)w->in) (*cut)++;
    if (*skip + *cut >= w->out) {
        *skip = w->out;
        *cut = 0;
    }
}

size_t eng_sweep_groups(size_t out, size_t rows) {
    return (out + rows - 1) / rows;
}

bool eng_sweep_bare(const eng_sweep_edge *w, size_t most_rows, size_t ends) {
    if (w->out == 0) return true;
    const size_t rows = eng_tiles_rows(w->out, most_rows), groups = eng_sweep_groups(w->out, rows);
    const size_t overlap = groups * rows - w->out;
    for (size_t t = 0; t < w->taps; t++) {
        size_t skip, cut;
        eng_sweep_ends(w, t, &skip, &cut);
        if (skip == w->out || skip + cut == 0) continue;
        if (skip > ends || cut > ends || (skip > 0 && cut > 0) || groups > ENG_CONV_MOST_GROUPS) return false;
        /* They lie in the first group or the last one only. */
        if (groups > 1 && (skip >= rows || cut + overlap > rows || cut == rows || skip + rows > w->out)) return false;
    }
    return true;
}

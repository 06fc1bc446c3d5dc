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

void eng_sweep_margins(const eng_sweep_edge *edge, size_t *before, size_t *after) {
    *before = *after = 0;
    if (edge->taps == 0 || edge->out == 0) return;
    const ptrdiff_t last = (ptrdiff_t)((edge->out - 1) * edge->step) + edge->first +
                           (ptrdiff_t)(edge->taps - 1) * edge->gap - (ptrdiff_t)(edge->in - 1);
    if (edge->first < 0) *before = (size_t)-edge->first;
    if (last > 0) *after = (size_t)last;
}

void eng_sweep_ends(const eng_sweep_edge *w, size_t first, size_t rows, size_t t, size_t *skip, size_t *cut) {
    const ptrdiff_t at = w->first + (ptrdiff_t)t * w->gap;
    *skip = *cut = 0;
    while (*skip < rows && at + (ptrdiff_t)((first + *skip) * w->step) < 0) (*skip)++;
    while (*cut < rows && at + (ptrdiff_t)((first + rows - 1 - *cut) * w->step) >= (ptrdiff_t)w->in) (*cut)++;
    if (*skip + *cut >= rows) {
        *skip = rows;
        *cut = 0;
    }
}

size_t eng_sweep_groups(size_t out, size_t rows) {
    return (out + rows - 1) / rows;
}

size_t eng_sweep_group(size_t out, size_t rows, size_t j) {
    return j * rows < out - rows ? j * rows : out - rows;
}

bool eng_sweep_bare(const eng_sweep_edge *w, size_t most_rows, size_t ends) {
    if (w->out == 0) return true;
    const size_t rows = eng_tiles_rows(w->out, most_rows);
    for (size_t j = 0; j < eng_sweep_groups(w->out, rows); j++)
        for (size_t t = 0; t < w->taps; t++) {
            size_t skip, cut;
            eng_sweep_ends(w, eng_sweep_group(w->out, rows, j), rows, t, &skip, &cut);
            if (skip == rows) continue;
            if (skip > ends || cut > ends || (skip > 0 && cut > 0)) return false;
        }
    return true;
}

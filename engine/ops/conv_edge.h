/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep along one direction: which pixel of the input an output reads through which tap. Private to
 * engine/ops/conv*.c. */
#ifndef ENG_CONV_EDGE_H
#define ENG_CONV_EDGE_H

#include "engine/ops/conv.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_CONV_MOST_GROUPS 128 /* of outputs in a job of the kernels */

/* One direction. Output i = 0 .. out-1 is pixel place + i place_step, and reads pixel i step + first + t gap through
 * tap number tap + t tap_gap of the kernel, for those t in 0 .. taps-1 that lie in the image. */
typedef struct eng_sweep_edge {
    size_t in, out, step;
    size_t taps;
    ptrdiff_t first, gap;
    ptrdiff_t tap, tap_gap;
    size_t place, place_step, placed; /* placed: pixels of the whole output */
} eng_sweep_edge;

eng_sweep_edge eng_sweep_forward(const eng_conv_edge *edge);
/* Residue 0 .. stride-1 of the adjoint; out = 0 when no pixel has it. */
eng_sweep_edge eng_sweep_adjoint(const eng_conv_edge *edge, size_t residue);
/* The taps lo .. hi-1 that output i can read. */
void eng_sweep_range(const eng_sweep_edge *edge, size_t i, size_t *lo, size_t *hi);
/* The first output behind `begin` that reads other taps than the lo .. hi-1 of this one. */
size_t eng_sweep_class(const eng_sweep_edge *edge, size_t begin, size_t *lo, size_t *hi);
/* True when the kernels can leave out what lies beside the image along w, so that it needs no margins: in groups of at
 * most `rows` outputs, each tap misses no more than the first `ends` of the first or the last `ends` of the last. */
bool eng_sweep_bare(const eng_sweep_edge *w, size_t rows, size_t ends);
/* Zeros that the sweep reads before and after an edge. */
void eng_sweep_margins(const eng_sweep_edge *edge, size_t *before, size_t *after);

/* Outputs come in groups of `rows`, the last of which may overlap the one before it. */
size_t eng_sweep_groups(size_t out, size_t rows);
/* How many outputs at either end read nothing through tap t; skip = out when none reads. */
void eng_sweep_ends(const eng_sweep_edge *w, size_t t, size_t *skip, size_t *cut);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A space with fewer operations on its edges, and numbers by operation of the one in the layout of the other. */
#ifndef NAS_NARROW_H
#define NAS_NARROW_H

#include "nas/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The same space with at most keep[type][edge] (at least 1) operations on an edge: those with the largest weights, in
 * the same order. Of equal ones the first goes, as in the code of P-DARTS; an edge keeps an operation other than `none`
 * if it has one. In arena; space must outlive it. */
nas_space *nas_space_narrow(const nas_space *space, const double *const *weights, const size_t *const *keep,
                            base_arena *arena);

/* Blocks of doubles by type of cell, laid out as nas_space_edge.offset says: from the whole space to the narrow one,
 * and back, where operations that are not there are 0. */
void nas_narrow_blocks(const nas_space *whole, const nas_space *narrow, const double *const *from, double *const *to);
void nas_widen_blocks(const nas_space *whole, const nas_space *narrow, const double *const *from, double *const *to);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placement of lifetimes in one arena, greedy by size.
 *
 * Y. Pisarchyk, J. Lee, "Efficient Memory Management for Deep Neural Net Inference", arXiv:2001.03288, section 5.2: the
 * largest first, each into the smallest gap that fits between those it meets, else behind them. Optimal placement is
 * NP-hard; for chains this comes within a few percent of the largest sum of what lives at one time. */
#include "engine/tensor/lifetime.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"

static bool meet(const eng_extent *a, const eng_extent *b) {
    return a->from <= b->to && b->from <= a->to;
}

/* The offset of the smallest sufficient gap between the extents placed[0..count), ordered by offset, that meet e. */
static size_t best_gap(const eng_extent *extents, const size_t *placed, size_t count, const eng_extent *e) {
    size_t end = 0, best = SIZE_MAX, best_size = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const eng_extent *other = &extents[placed[i]];
        if (!meet(e, other)) continue;
        if (other->offset > end && other->offset - end >= e->bytes && other->offset - end < best_size) {
            best = end;
            best_size = other->offset - end;
        }
        if (other->offset + other->bytes > end) end = other->offset + other->bytes;
    }
    return best == SIZE_MAX ? end : best;
}

typedef struct item {
    size_t bytes, index;
} item;

/* The largest first; of equals the first, so that a plan is the same every time. */
static int by_size(const void *a, const void *b) {
    const item *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

size_t eng_lifetime_place(eng_extent *extents, size_t count) {
    base_arena *arena = base_arena_create();
    size_t *placed = BASE_NEW_ARRAY(arena, count, size_t), size = 0;
    item *order = BASE_NEW_ARRAY(arena, count, item);
    for (size_t i = 0; i < count; i++) order[i] = (item){extents[i].bytes, i};
    if (count > 0) qsort(order, count, sizeof *order, by_size);
    for (size_t n = 0; n < count && order[n].bytes > 0; n++) {
        eng_extent *e = &extents[order[n].index];
        e->offset = best_gap(extents, placed, n, e);
        if (e->offset + e->bytes > size) size = e->offset + e->bytes;
        size_t at = n;
        for (; at > 0 && extents[placed[at - 1]].offset > e->offset; at--) placed[at] = placed[at - 1];
        placed[at] = order[n].index;
    }
    base_arena_destroy(arena);
    return size;
}

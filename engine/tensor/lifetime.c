/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placement of lifetimes in one arena, greedy by size.
 *
 * Y. Pisarchyk, J. Lee, "Efficient Memory Management for Deep Neural Net Inference", arXiv:2001.03288, section 5.2: the
 * largest first, each into the smallest gap that fits between those it meets, else behind them. Optimal placement is
 * NP-hard; for chains this comes within a few percent of the largest sum of what lives at one time. */
#include "engine/tensor/lifetime.h"

#include <stdbool.h>
#include <stdint.h>

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

/* The largest extent not yet placed; the first of equals, so that a plan is the same every time. */
static size_t largest(const eng_extent *extents, size_t count, const bool *done) {
    size_t pick = SIZE_MAX;
    for (size_t i = 0; i < count; i++)
        if (!done[i] && (pick == SIZE_MAX || extents[i].bytes > extents[pick].bytes)) pick = i;
    return pick;
}

size_t eng_lifetime_place(eng_extent *extents, size_t count) {
    base_arena *arena = base_arena_create();
    size_t *placed = BASE_NEW_ARRAY(arena, count, size_t);
    bool *done = BASE_NEW_ARRAY(arena, count, bool);
    size_t size = 0;
    for (size_t n = 0; n < count; n++) {
        size_t pick = largest(extents, count, done);
        eng_extent *e = &extents[pick];
        done[pick] = true;
        e->offset = e->bytes == 0 ? 0 : best_gap(extents, placed, n, e);
        if (e->offset + e->bytes > size) size = e->offset + e->bytes;
        size_t at = n;
        for (; at > 0 && extents[placed[at - 1]].offset > e->offset; at--) placed[at] = placed[at - 1];
        placed[at] = pick;
    }
    base_arena_destroy(arena);
    return size;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hash index over an array that somebody else owns: from hashes to positions in it.
 *
 * The owner hashes and compares, so the elements may be of any kind. What reads a user's file looks names up in one of
 * these, because a search from the front makes reading ten thousand names quadratic. */
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include <stdint.h>

#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialized it is empty. Its memory is the arena's. */
typedef struct base_index {
    struct base_index_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
} base_index;

/* position < SIZE_MAX; several may have the same hash. */
void base_index_add(base_arena *arena, base_index *index, uint64_t hash, size_t position);
/* The positions that were added with this hash, in the order of adding, then SIZE_MAX. *cursor is 0 at first. */
size_t base_index_next(const base_index *index, uint64_t hash, size_t *cursor);

#ifdef __cplusplus
}
#endif
#endif

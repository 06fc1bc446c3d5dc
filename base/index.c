/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Open addressing with linear probing, at most half full, so that a chain of probes is short and ends in a free slot.
 * The whole hash is kept in the slot: an element is compared only when all 64 bits agree. */
#include "base/index.h"

enum { FIRST_CAPACITY = 32 };

typedef struct base_index_slot {
    uint64_t hash;
    size_t used; /* position + 1; 0 = free */
} slot;

/* The low bits choose the slot; mixing makes every bit of the hash count (the finalizer of SplitMix64). */
static size_t place_of(uint64_t hash, size_t capacity) {
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(hash ^ (hash >> 31)) & (capacity - 1);
}

static void put(slot *slots, size_t capacity, slot made) {
    size_t at = place_of(made.hash, capacity);
    while (slots[at].used) at = (at + 1) & (capacity - 1);
    slots[at] = made;
}

/* Positions of one hash keep their order: a chain is walked from its beginning, which is behind a free slot. */
static void grow(base_arena *arena, base_index *index) {
    const size_t capacity = index->capacity ? 2 * index->capacity : FIRST_CAPACITY;
    slot *slots = BASE_NEW_ARRAY(arena, capacity, slot);
    size_t start = 0;
    while (start < index->capacity && index->slots[start].used) start++;
    for (size_t i = 0; i < index->capacity; i++) {
        const slot old = index->slots[(start + i) & (index->capacity - 1)];
        if (old.used) put(slots, capacity, old);
    }
    index->slots = slots;
    index->capacity = capacity;
}

void base_index_add(base_arena *arena, base_index *index, uint64_t hash, size_t position) {
    BASE_ASSERT(position < SIZE_MAX);
    if (2 * (index->count + 1) > index->capacity) grow(arena, index);
    put(index->slots, index->capacity, (slot){.hash = hash, .used = position + 1});
    index->count++;
}

size_t base_index_next(const base_index *index, uint64_t hash, size_t *cursor) {
    if (index->capacity == 0) return SIZE_MAX;
    for (;; (*cursor)++) {
        const slot *at = &index->slots[(place_of(hash, index->capacity) + *cursor) & (index->capacity - 1)];
        if (!at->used) return SIZE_MAX;
        if (at->hash != hash) continue;
        (*cursor)++;
        return at->used - 1;
    }
}

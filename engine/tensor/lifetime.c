/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placement of lifetimes in one arena, greedy by size.
 *
 * Y. Pisarchyk, J. Lee, "Efficient Memory Management for Deep Neural Net Inference", arXiv:2001.03288, section 5.2: the
 * largest first, each into the smallest gap that fits between those it meets, else behind them. Optimal placement is
 * NP-hard; for chains this comes within a few percent of the largest sum of what lives at one time.
 *
 * A supernet has tens of thousands of lifetimes, so those that an extent meets are not looked for one by one. Time is
 * cut into bays. What is taken is kept for each bay as runs of memory that touch no longer: by those that live through
 * all of the bay, and by all that live in it. Memory fills from below, so these are few however many extents they hold,
 * and only those that begin or end in the bay are looked at themselves. */
#include "engine/tensor/lifetime.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Memory from begin to end - 1. */
typedef struct run {
    size_t begin, end;
} run;

/* Disjoint and rising; no two touch. */
typedef struct runs {
    run *items;
    size_t count, capacity;
} runs;

/* The first that ends at `at` or behind it. */
static size_t find(const runs *r, size_t at) {
    size_t low = 0, high = r->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (r->items[middle].end < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void take(runs *r, run taken) {
    const size_t first = find(r, taken.begin);
    size_t last = first; /* behind those that touch */
    for (; last < r->count && r->items[last].begin <= taken.end; last++) {
        if (r->items[last].begin < taken.begin) taken.begin = r->items[last].begin;
        if (r->items[last].end > taken.end) taken.end = r->items[last].end;
    }
    if (last == first) BASE_GROW(r->items, r->capacity, r->count + 1);
    if (last != first + 1) memmove(&r->items[first + 1], &r->items[last], (r->count - last) * sizeof *r->items);
    r->count = r->count + 1 + first - last;
    r->items[first] = taken;
}

static void take_all(runs *r, const runs *taken) {
    for (size_t i = 0; i < taken->count; i++) take(r, taken->items[i]);
}

typedef struct bay {
    runs through; /* by those that live through all of it */
    runs any;     /* by all that live in it */
    const eng_extent **others;
    size_t count, capacity; /* of those that begin or end in it */
} bay;

/* What is placed. */
typedef struct store {
    bay *bays;
    size_t count, width; /* of time, a bay */
    runs taken;          /* scratch */
} store;

enum { MOST_BAYS = 256, LEAST_WIDTH = 16 };

static store store_create(const eng_extent *extents, size_t count) {
    size_t times = 1;
    for (size_t i = 0; i < count; i++)
        if (extents[i].to >= times) times = extents[i].to + 1;
    store s = {.width = (times + MOST_BAYS - 1) / MOST_BAYS};
    if (s.width < LEAST_WIDTH) s.width = LEAST_WIDTH;
    s.count = (times + s.width - 1) / s.width;
    s.bays = base_calloc(s.count, sizeof *s.bays);
    return s;
}

static void store_destroy(store *s) {
    for (size_t i = 0; i < s->count; i++) {
        free(s->bays[i].through.items);
        free(s->bays[i].any.items);
        free(s->bays[i].others);
    }
    free(s->bays);
    free(s->taken.items);
}

static bool lives_through(const store *s, size_t index, const eng_extent *e) {
    return e->from <= index * s->width && e->to >= (index + 1) * s->width - 1;
}

static void store_add(store *s, const eng_extent *e) {
    const run taken = {e->offset, e->offset + e->bytes};
    for (size_t i = e->from / s->width; i <= e->to / s->width; i++) {
        bay *b = &s->bays[i];
        take(&b->any, taken);
        if (lives_through(s, i, e)) {
            take(&b->through, taken);
        } else {
            BASE_GROW(b->others, b->capacity, b->count + 1);
            b->others[b->count++] = e;
        }
    }
}

static bool meet(const eng_extent *a, const eng_extent *b) {
    return a->from <= b->to && b->from <= a->to;
}

/* s->taken becomes what those that meet e take. */
static void find_taken(store *s, const eng_extent *e) {
    s->taken.count = 0;
    for (size_t i = e->from / s->width; i <= e->to / s->width; i++) {
        const bay *b = &s->bays[i];
        if (lives_through(s, i, e)) {
            take_all(&s->taken, &b->any);
            continue;
        }
        take_all(&s->taken, &b->through);
        for (size_t k = 0; k < b->count; k++)
            if (meet(e, b->others[k]))
                take(&s->taken, (run){b->others[k]->offset, b->others[k]->offset + b->others[k]->bytes});
    }
}

/* The offset of the smallest sufficient gap, the lowest of equals. */
static size_t best_gap(const runs *taken, size_t bytes) {
    size_t end = 0, best = SIZE_MAX, best_size = SIZE_MAX;
    for (size_t i = 0; i < taken->count; i++) {
        const size_t gap = taken->items[i].begin - end;
        if (gap >= bytes && gap < best_size) {
            best = end;
            best_size = gap;
        }
        end = taken->items[i].end;
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
    item *order = BASE_NEW_ARRAY(arena, count, item);
    for (size_t i = 0; i < count; i++) order[i] = (item){extents[i].bytes, i};
    if (count > 0) qsort(order, count, sizeof *order, by_size);
    store s = store_create(extents, count);
    size_t size = 0;
    for (size_t n = 0; n < count && order[n].bytes > 0; n++) {
        eng_extent *e = &extents[order[n].index];
        find_taken(&s, e);
        e->offset = best_gap(&s.taken, e->bytes);
        if (e->offset + e->bytes > size) size = e->offset + e->bytes;
        store_add(&s, e);
    }
    store_destroy(&s);
    base_arena_destroy(arena);
    return size;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two heaps that meet at the k-th best: whoever is added may push one member over the border, and a larger k pulls some
 * back. */
#include "hpo/schedulers/top_share.h"

#include <stdlib.h>

#include "base/arena.h"

static bool comes_first(const hpo_member_heap *heap, const hpo_member *a, const hpo_member *b) {
    return heap->worst_first ? hpo_member_better(b, a) : hpo_member_better(a, b);
}

void hpo_member_heap_push(hpo_member_heap *heap, hpo_member member) {
    BASE_GROW(heap->items, heap->capacity, heap->count + 1);
    size_t at = heap->count++;
    while (at > 0) {
        const size_t up = (at - 1) / 2;
        if (!comes_first(heap, &member, &heap->items[up])) break;
        heap->items[at] = heap->items[up];
        at = up;
    }
    heap->items[at] = member;
}

hpo_member hpo_member_heap_pop(hpo_member_heap *heap) {
    BASE_ASSERT(heap->count > 0);
    const hpo_member first = heap->items[0], last = heap->items[--heap->count];
    size_t at = 0;
    for (size_t down; (down = 2 * at + 1) < heap->count; at = down) {
        if (down + 1 < heap->count && comes_first(heap, &heap->items[down + 1], &heap->items[down])) down++;
        if (!comes_first(heap, &heap->items[down], &last)) break;
        heap->items[at] = heap->items[down];
    }
    heap->items[at] = last;
    return first;
}

void hpo_member_heap_fini(hpo_member_heap *heap) {
    free(heap->items);
    heap->items = NULL;
    heap->count = heap->capacity = 0;
}

void hpo_top_share_init(hpo_top_share *share) {
    *share = (hpo_top_share){.inside = {.worst_first = true}};
}

void hpo_top_share_add(hpo_top_share *share, hpo_member member, size_t k) {
    BASE_ASSERT(k >= share->inside.count && k <= hpo_top_share_count(share) + 1);
    if (share->inside.count > 0 && hpo_member_better(&member, &share->inside.items[0])) {
        hpo_member_heap_push(&share->inside, member);
        if (share->inside.count > k) hpo_member_heap_push(&share->outside, hpo_member_heap_pop(&share->inside));
    } else {
        hpo_member_heap_push(&share->outside, member);
    }
    while (share->inside.count < k) hpo_member_heap_push(&share->inside, hpo_member_heap_pop(&share->outside));
}

bool hpo_top_share_has(const hpo_top_share *share, const hpo_member *member) {
    return share->inside.count > 0 && !hpo_member_better(&share->inside.items[0], member);
}

void hpo_top_share_fini(hpo_top_share *share) {
    hpo_member_heap_fini(&share->inside);
    hpo_member_heap_fini(&share->outside);
}

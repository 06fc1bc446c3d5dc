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

void hpo_top_share_init(hpo_top_share *share, size_t n_goals) {
    *share = (hpo_top_share){.inside = {.worst_first = true}, .n_goals = n_goals};
}

const hpo_member *hpo_top_share_ordered(hpo_top_share *share) {
    BASE_ASSERT(share->n_goals > 1);
    if (!share->ordered)
        hpo_order_members(share->inside.items, share->inside.count, share->n_goals, hpo_spread_epsilon_net, NULL);
    share->ordered = true;
    return share->inside.items;
}

static bool is_among_best(hpo_top_share *share, uint64_t trial) {
    const hpo_member *members = hpo_top_share_ordered(share);
    size_t i = 0;
    while (i < share->best && members[i].trial != trial) i++;
    return i < share->best;
}

static void add_unordered(hpo_top_share *share, hpo_member member, size_t k) {
    hpo_member_heap *all = &share->inside;
    BASE_GROW(all->items, all->capacity, all->count + 1);
    all->items[all->count++] = member;
    share->best = k;
    share->ordered = false;
}

void hpo_top_share_add(hpo_top_share *share, hpo_member member, size_t k) {
    if (share->n_goals > 1) {
        add_unordered(share, member, k);
        return;
    }
    BASE_ASSERT(k >= share->inside.count && k <= hpo_top_share_count(share) + 1);
    if (share->inside.count > 0 && hpo_member_better(&member, &share->inside.items[0])) {
        hpo_member_heap_push(&share->inside, member);
        if (share->inside.count > k) hpo_member_heap_push(&share->outside, hpo_member_heap_pop(&share->inside));
    } else {
        hpo_member_heap_push(&share->outside, member);
    }
    while (share->inside.count < k) hpo_member_heap_push(&share->inside, hpo_member_heap_pop(&share->outside));
}

bool hpo_top_share_has(hpo_top_share *share, const hpo_member *member) {
    if (share->n_goals > 1) return is_among_best(share, member->trial);
    return share->inside.count > 0 && !hpo_member_better(&share->inside.items[0], member);
}

bool hpo_top_share_is_behind(hpo_top_share *share, const hpo_member *member) {
    if (share->n_goals > 1) return !is_among_best(share, member->trial);
    if (share->inside.count == 0) return false;
    const hpo_member *last = &share->inside.items[0];
    return member->violation != last->violation ? member->violation > last->violation : member->loss > last->loss;
}

void hpo_top_share_fini(hpo_top_share *share) {
    hpo_member_heap_fini(&share->inside);
    hpo_member_heap_fini(&share->outside);
}

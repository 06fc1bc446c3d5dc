/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best k of a growing set of losses, where k grows too: what a quantile of what was seen so far needs. Adding costs
 * O(log n), asking O(1). A function of the set and of k, not of the order in which it was filled.
 *
 * With several goals a new member can change the place of all others, so the set is ordered anew (order.h, epsilon-nets
 * within ranks) when it is asked after it has grown. */
#ifndef HPO_SCHEDULERS_TOP_SHARE_H
#define HPO_SCHEDULERS_TOP_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hpo/trials/order.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A binary heap whose first item is the best, or the worst, by the loss of one goal. Zero-initialize (and set
 * worst_first). */
typedef struct hpo_member_heap {
    hpo_member *items;
    size_t count, capacity;
    bool worst_first;
} hpo_member_heap;
void hpo_member_heap_push(hpo_member_heap *heap, hpo_member member);
hpo_member hpo_member_heap_pop(hpo_member_heap *heap); /* the first one; not empty */
void hpo_member_heap_fini(hpo_member_heap *heap);

typedef struct hpo_top_share {
    /* One goal: the worst of the best k, and the best of the others, come first. Several: all are inside, in order when
     * `ordered`, and the first `best` of them are the best k. */
    hpo_member_heap inside, outside;
    size_t n_goals, best;
    bool ordered;
} hpo_top_share;
void hpo_top_share_init(hpo_top_share *share, size_t n_goals);
/* Adds a member; k best are then asked for (not fewer than before, not more than there are). */
void hpo_top_share_add(hpo_top_share *share, hpo_member member, size_t k);
void hpo_top_share_fini(hpo_top_share *share);
static inline size_t hpo_top_share_count(const hpo_top_share *share) {
    return share->inside.count + share->outside.count;
}
/* Whether a member of the set is among the best k. */
bool hpo_top_share_has(hpo_top_share *share, const hpo_member *member);
/* Whether it is strictly worse than the last of them: with one goal equal losses are not. */
bool hpo_top_share_is_behind(hpo_top_share *share, const hpo_member *member);
/* Several goals: all members, best first, until the next is added. */
const hpo_member *hpo_top_share_ordered(hpo_top_share *share);

#ifdef __cplusplus
}
#endif
#endif

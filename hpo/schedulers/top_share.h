/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best k of a growing set of losses, where k grows too: what a quantile of what was seen so far needs. Adding costs
 * O(log n), asking O(1). A function of the set and of k, not of the order in which it was filled. */
#ifndef HPO_SCHEDULERS_TOP_SHARE_H
#define HPO_SCHEDULERS_TOP_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_member {
    uint64_t trial;
    double loss;
} hpo_member;

/* Strict total order: better first (hpo_loss_less). */
static inline bool hpo_member_better(const hpo_member *a, const hpo_member *b) {
    return hpo_loss_less(a->loss, a->trial, b->loss, b->trial);
}

/* A binary heap whose first item is the best, or the worst. Zero-initialise (and set worst_first). */
typedef struct hpo_member_heap {
    hpo_member *items;
    size_t count, capacity;
    bool worst_first;
} hpo_member_heap;
void hpo_member_heap_push(hpo_member_heap *heap, hpo_member member);
hpo_member hpo_member_heap_pop(hpo_member_heap *heap); /* the first one; not empty */
void hpo_member_heap_fini(hpo_member_heap *heap);

typedef struct hpo_top_share {
    hpo_member_heap inside, outside; /* the worst of the best k, and the best of the others, come first */
} hpo_top_share;
void hpo_top_share_init(hpo_top_share *share);
/* Adds a member; the best k are then `inside` (not fewer than before, not more than there are). */
void hpo_top_share_add(hpo_top_share *share, hpo_member member, size_t k);
void hpo_top_share_fini(hpo_top_share *share);
static inline size_t hpo_top_share_count(const hpo_top_share *share) {
    return share->inside.count + share->outside.count;
}
/* Whether a member of the set is among the best k. */
bool hpo_top_share_has(const hpo_top_share *share, const hpo_member *member);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches of a part of the data, in buffers of their own: what a step trains on. */
#ifndef ENG_TRAIN_FEED_H
#define ENG_TRAIN_FEED_H

#include "engine/data/augment.h"
#include "engine/data/view.h"
#include "engine/modules/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_feed eng_feed;

typedef struct eng_feed_config {
    const eng_view *view; /* outlives the feed */
    eng_part part;
    eng_task task;       /* says how targets are given */
    size_t batch, room;  /* samples of a batch, and of the largest that eng_feed_gather is asked for */
    uint64_t seed;       /* of the order of batches, and of augment */
    eng_augment augment; /* of training batches; all zero = none */
} eng_feed_config;

BASE_CHECK base_status eng_feed_create(const eng_feed_config *config, eng_feed **out, base_err *err);
void eng_feed_destroy(eng_feed *feed);

size_t eng_feed_batches(const eng_feed *feed); /* of an epoch; the last one may be smaller */
size_t eng_feed_room(const eng_feed *feed);
/* Batch k of an epoch, shuffled: a function of (seed, epoch, k). Valid until the next call for this feed. */
eng_batch eng_feed_batch(eng_feed *feed, uint64_t epoch, size_t k);
/* At most `room` samples of any part of the view, from `begin` on, in their order and as they are. */
eng_batch eng_feed_gather(eng_feed *feed, eng_part part, size_t begin);
size_t eng_feed_bytes(const eng_feed *feed);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches by number: batch k of epoch e is a pure function of (part, seed, e, k); nothing is advanced. */
#ifndef ENG_DATA_LOADER_H
#define ENG_DATA_LOADER_H

#include "engine/data/augment.h"
#include "engine/data/normalizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The part's samples in the order of an epoch: order has room for part.count. */
void eng_epoch_order(eng_part part, uint64_t seed, uint64_t epoch, uint32_t *order);

typedef struct eng_loader eng_loader;

/* set and normalizer must outlive the loader; the part's indices are copied. shuffle false: the part's own order.
 * batch_size larger than the part is cut down to it. */
BASE_CHECK base_status eng_loader_create(const eng_dataset *set, const eng_normalizer *normalizer, eng_part part,
                                         size_t batch_size, bool shuffle, uint64_t seed, eng_loader **out,
                                         base_err *err);
/* From now on every image is changed; the set holds images. */
void eng_loader_augment(eng_loader *loader, const eng_augment *augment);
void eng_loader_destroy(eng_loader *loader);
size_t eng_loader_count(const eng_loader *loader);      /* samples of an epoch */
size_t eng_loader_batches(const eng_loader *loader);    /* per epoch; the last may be smaller */
size_t eng_loader_batch_size(const eng_loader *loader); /* of every batch but the last */
/* Writes batch k of the epoch and returns its number of samples. x: batch_size x features. Of labels and targets the
 * one that the set has is written; the other may be NULL. The order of the last epoch asked for is kept. */
size_t eng_loader_batch(eng_loader *loader, uint64_t epoch, size_t k, float *x, int32_t *labels, float *targets);

#ifdef __cplusplus
}
#endif
#endif

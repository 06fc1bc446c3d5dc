/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assembles batches. The only thing kept between calls is a cache: the order of the epoch that was asked for last. */
#include "engine/data/loader.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

struct eng_loader {
    const eng_dataset *set;
    const eng_normalizer *normalizer;
    uint32_t *part, *order; /* count each; order == part when nothing is shuffled */
    size_t count, batch_size;
    bool shuffle, ordered; /* ordered: order holds `epoch` */
    uint64_t seed, epoch;
    eng_augment augment;
    float *scratch; /* NULL = no changes */
};

void eng_epoch_order(eng_part part, uint64_t seed, uint64_t epoch, uint32_t *order) {
    base_rng rng = base_rng_stream(seed, BASE_RNG_SHUFFLE, (uint32_t)epoch, (uint32_t)(epoch >> 32));
    if (part.count) memcpy(order, part.index, part.count * sizeof *order);
    base_rng_shuffle_u32(&rng, order, part.count);
}

base_status eng_loader_create(const eng_dataset *set, const eng_normalizer *normalizer, eng_part part,
                              size_t batch_size, bool shuffle, uint64_t seed, eng_loader **out, base_err *err) {
    BASE_ASSERT(batch_size > 0);
    *out = NULL;
    size_t copies = shuffle ? 2 : 1, room = part.count ? part.count : 1;
    uint32_t *memory = calloc(room, copies * sizeof *memory);
    if (!memory) return BASE_FAIL(err, BASE_NOMEM, "no memory for the order of %zu samples", part.count);
    if (part.count) memcpy(memory, part.index, part.count * sizeof *memory);
    eng_loader *loader = base_calloc(1, sizeof *loader);
    *loader = (eng_loader){
        .set = set,
        .normalizer = normalizer,
        .part = memory,
        .order = memory + (copies - 1) * part.count,
        .count = part.count,
        .batch_size = batch_size < part.count || part.count == 0 ? batch_size : part.count,
        .shuffle = shuffle,
        .seed = seed,
    };
    *out = loader;
    return BASE_OK;
}

void eng_loader_augment(eng_loader *loader, const eng_augment *augment) {
    BASE_ASSERT(loader->set->rank == 3 && loader->scratch == NULL);
    if (!eng_augment_is_on(augment)) return;
    loader->augment = *augment;
    loader->scratch = base_calloc(eng_augment_scratch(loader->set), sizeof *loader->scratch);
}

void eng_loader_destroy(eng_loader *loader) {
    if (!loader) return;
    free(loader->scratch);
    free(loader->part);
    free(loader);
}

size_t eng_loader_count(const eng_loader *loader) {
    return loader->count;
}
size_t eng_loader_batch_size(const eng_loader *loader) {
    return loader->batch_size;
}

size_t eng_loader_batches(const eng_loader *loader) {
    return (loader->count + loader->batch_size - 1) / loader->batch_size;
}

size_t eng_loader_batch(eng_loader *loader, uint64_t epoch, size_t k, float *x, int32_t *labels, float *targets) {
    eng_loader *l = loader;
    BASE_ASSERT(k < eng_loader_batches(l));
    if (l->shuffle && !(l->ordered && l->epoch == epoch)) {
        eng_epoch_order((eng_part){l->part, l->count}, l->seed, epoch, l->order);
        l->epoch = epoch;
        l->ordered = true;
    }
    size_t begin = k * l->batch_size, left = l->count - begin;
    size_t n = left < l->batch_size ? left : l->batch_size;
    eng_normalizer_gather(l->normalizer, l->set, l->order + begin, n, x);
    for (size_t i = 0; l->scratch != NULL && i < n; i++)
        eng_augment_image(&l->augment, l->set, l->normalizer, l->seed, epoch, l->order[begin + i],
                          x + i * l->set->features, l->scratch);
    if (l->set->labels)
        eng_gather_labels(l->set, l->order + begin, n, labels);
    else
        eng_normalizer_gather_targets(l->normalizer, l->set, l->order + begin, n, targets);
    return n;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A loader with the buffers that it fills. */
#include "engine/train/feed.h"

#include <stdlib.h>

#include "engine/data/loader.h"

struct eng_feed {
    eng_feed_config config;
    eng_loader *loader;
    float *x; /* room x features */
    float *values;
    int32_t *labels;
};

static base_status create_buffers(eng_feed *f, base_err *err) {
    void *x = NULL, *values = NULL, *labels = NULL;
    const size_t room = f->config.room;
    base_status status = eng_alloc(room * f->config.view->set->features * sizeof *f->x, &x, err);
    if (status == BASE_OK) status = eng_alloc(room * sizeof *f->values, &values, err);
    if (status == BASE_OK) status = eng_alloc(room * sizeof *f->labels, &labels, err);
    f->x = x;
    f->values = values;
    f->labels = labels;
    return status;
}

base_status eng_feed_create(const eng_feed_config *config, eng_feed **out, base_err *err) {
    BASE_ASSERT(config->batch <= config->room);
    eng_feed *f = base_calloc(1, sizeof *f);
    *out = NULL;
    f->config = *config;
    base_status status = eng_loader_create(config->view->set, &config->view->normalizer, config->part, config->batch,
                                           true, config->seed, &f->loader, err);
    if (status == BASE_OK && eng_augment_is_on(&config->augment)) eng_loader_augment(f->loader, &config->augment);
    if (status == BASE_OK) status = create_buffers(f, err);
    if (status != BASE_OK) {
        eng_feed_destroy(f);
        return status;
    }
    *out = f;
    return BASE_OK;
}

void eng_feed_destroy(eng_feed *feed) {
    if (!feed) return;
    eng_loader_destroy(feed->loader);
    eng_free(feed->x);
    eng_free(feed->values);
    eng_free(feed->labels);
    free(feed);
}

size_t eng_feed_batches(const eng_feed *feed) {
    return eng_loader_batches(feed->loader);
}
size_t eng_feed_room(const eng_feed *feed) {
    return feed->config.room;
}

/* The n samples that lie in the buffers. A yes/no answer is trained on its label as a number. */
static eng_batch as_batch(const eng_feed *f, size_t n) {
    if (f->config.task == ENG_BINARY)
        for (size_t i = 0; i < n; i++) f->values[i] = (float)f->labels[i];
    return (eng_batch){.n = n, .x = f->x, .values = f->values, .labels = f->labels};
}

eng_batch eng_feed_batch(eng_feed *feed, uint64_t epoch, size_t k) {
    return as_batch(feed, eng_loader_batch(feed->loader, epoch, k, feed->x, feed->labels, feed->values));
}

eng_batch eng_feed_gather(eng_feed *feed, eng_part part, size_t begin) {
    const eng_dataset *set = feed->config.view->set;
    const eng_normalizer *normalizer = &feed->config.view->normalizer;
    const size_t left = part.count - begin, n = left < feed->config.room ? left : feed->config.room;
    const uint32_t *index = part.index + begin;
    eng_normalizer_gather(normalizer, set, index, n, feed->x);
    if (set->labels)
        eng_gather_labels(set, index, n, feed->labels);
    else
        eng_normalizer_gather_targets(normalizer, set, index, n, feed->values);
    return as_batch(feed, n);
}

size_t eng_feed_bytes(const eng_feed *feed) {
    const size_t buffers = feed->config.room * (feed->config.view->set->features + 2) * sizeof(float);
    return buffers + 2 * eng_loader_count(feed->loader) * sizeof(uint32_t);
}

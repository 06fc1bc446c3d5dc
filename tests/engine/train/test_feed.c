/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches in buffers: against the loader's own, and against what the data set holds. */
#include "tests/engine/train/support.h"

#include "engine/data/loader.h"
#include "engine/train/feed.h"

static base_err err;

static eng_feed *make(const bench *b, eng_task task, size_t batch, size_t room, eng_augment augment) {
    const eng_feed_config config = {.view = b->view,
                                    .part = b->view->split.train,
                                    .task = task,
                                    .batch = batch,
                                    .room = room,
                                    .seed = 9,
                                    .augment = augment};
    eng_feed *feed;
    CHECK_OK(eng_feed_create(&config, &feed, &err));
    return feed;
}

static void batches_are_the_loaders(void **state) {
    (void)state;
    const eng_augment augment = {.crop = 1, .flip = true};
    bench b = bench_create("{dataset: digits, fraction: 0.2}");
    eng_feed *feed = make(&b, ENG_MULTICLASS, 50, 64, augment);
    eng_loader *loader;
    CHECK_OK(eng_loader_create(b.set, &b.view->normalizer, b.view->split.train, 50, true, 9, &loader, &err));
    eng_loader_augment(loader, &augment);
    float *x = base_calloc(50 * b.set->features, sizeof *x);
    int32_t labels[50];
    assert_int_equal(eng_feed_batches(feed), eng_loader_batches(loader));
    for (uint64_t epoch = 0; epoch < 2; epoch++)
        for (size_t k = 0; k < eng_feed_batches(feed); k++) {
            const eng_batch batch = eng_feed_batch(feed, epoch, k);
            assert_int_equal(batch.n, eng_loader_batch(loader, epoch, k, x, labels, NULL));
            assert_memory_equal(batch.x, x, batch.n * b.set->features * sizeof *x);
            assert_memory_equal(batch.labels, labels, batch.n * sizeof *labels);
        }
    eng_loader_destroy(loader);
    eng_feed_destroy(feed);
    free(x);
    bench_destroy(&b);
}

/* A part in its order, in pieces of the room, without the changes that are for training. */
static void a_part_is_gathered_as_it_is(void **state) {
    (void)state;
    bench b = bench_create("{dataset: digits}");
    eng_feed *feed = make(&b, ENG_MULTICLASS, 10, 100, (eng_augment){.crop = 2});
    const eng_part part = b.view->split.valid;
    float *x = base_calloc(100 * b.set->features, sizeof *x);
    size_t seen = 0;
    assert_int_equal(eng_feed_room(feed), 100);
    for (size_t begin = 0; begin < part.count; begin += 100) {
        const eng_batch batch = eng_feed_gather(feed, part, begin);
        assert_int_equal(batch.n, part.count - begin < 100 ? part.count - begin : 100);
        eng_normalizer_gather(&b.view->normalizer, b.set, part.index + begin, batch.n, x);
        assert_memory_equal(batch.x, x, batch.n * b.set->features * sizeof *x);
        for (size_t i = 0; i < batch.n; i++) assert_int_equal(batch.labels[i], b.set->labels[part.index[begin + i]]);
        seen += batch.n;
    }
    assert_int_equal(seen, part.count);
    free(x);
    eng_feed_destroy(feed);
    bench_destroy(&b);
}

static void targets_are_those_of_the_task(void **state) {
    (void)state;
    bench yes_no = bench_create("{dataset: spirals}"), numbers = bench_create("{dataset: friedman}");
    eng_feed *a = make(&yes_no, ENG_BINARY, 16, 16, (eng_augment){0});
    eng_feed *b = make(&numbers, ENG_REGRESSION, 16, 16, (eng_augment){0});
    const eng_batch answers = eng_feed_batch(a, 0, 0), values = eng_feed_gather(b, numbers.view->split.test, 0);
    for (size_t i = 0; i < answers.n; i++) assert_true(answers.values[i] == (float)answers.labels[i]);
    const eng_normalizer *norm = &numbers.view->normalizer;
    for (size_t i = 0; i < values.n; i++) {
        const float target = numbers.set->targets[numbers.view->split.test.index[i]];
        CHECK_NEAR((double)values.values[i], (double)((target - norm->target_offset) * norm->target_scale), 1e-6);
    }
    eng_feed_destroy(a);
    eng_feed_destroy(b);
    eng_feed_destroy(NULL);
    bench_destroy(&yes_no);
    bench_destroy(&numbers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_the_loaders),
        cmocka_unit_test(a_part_is_gathered_as_it_is),
        cmocka_unit_test(targets_are_those_of_the_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

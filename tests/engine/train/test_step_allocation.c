/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of a training allocate nothing: batches, augmentation, accumulated gradients, averaged weights, schedule
 * and clipping included. Validation takes the same few blocks for any number of samples. */
#include "tests/engine/train/support.h"

#include "tests/support/count_malloc.h"

static const char *const courses[] = {
    "hidden: [24, 16], dropout: 0.2, input_dropout: 0.1, skip: true",
    "hidden: [24], crop: 2, flip: true, cutout: 3, l1: 1e-5, l2: 1e-4",
    "model: resnet, width: 4, drop_path: 0.2, crop: 1, ema: 0.9, accumulate: 3, schedule: sgdr, warmup_epochs: 0.5",
    "model: separable, width: 4, flip: true, ema: 0.9, optimizer: nesterov, clip_norm: 1, clip_value: 0.1",
    "model: unet, width: 4, stages: 3, cutout: 2, accumulate: 2, label_smoothing: 0.1, optimizer: rmsprop",
    "network: [{reshape: [2, 4, 8, 1]}, {conv3d: 4}, global_pool], ema: 0.5, optimizer: adagrad",
};

/* Looks at the counter between steps; what an epoch's end took does not count. */
typedef struct observer {
    bool begun;
    size_t before, looks, taken;
} observer;

static bool between_steps(void *self) {
    observer *o = self;
    if (o->begun) o->taken += allocations - o->before;
    o->looks += o->begun;
    o->begun = true;
    o->before = allocations;
    return false;
}

static bool after_epoch(void *self, const eng_epoch *epoch) {
    (void)epoch;
    ((observer *)self)->begun = false;
    return false;
}

static void steps_allocate_nothing(void **state) {
    (void)state;
    if (!COUNTING) skip();
    for (size_t i = 0; i < CHECK_COUNT(courses); i++) {
        base_err err = {0};
        char text[300];
        observer o = {0};
        const eng_watch watch = {.epoch = after_epoch, .stop = between_steps, .pause = 1e-12, .self = &o};
        snprintf(text, sizeof text, "{dataset: digits, batch_size: 4, fraction: 0.4, epochs: 2, %s}", courses[i]);
        bench b = bench_create(text);
        eng_trainer *trainer = bench_trainer(&b);
        CHECK_OK(eng_trainer_fit(trainer, 2, &watch, &err));
        if (o.taken > 0) print_error("%zu allocations in %zu looks: %s\n", o.taken, o.looks, text);
        assert_true(o.looks >= 4);
        assert_int_equal(o.taken, 0);

        const eng_part few = {b.view->split.train.index, 20};
        size_t before = allocations;
        (void)eng_trainer_evaluate(trainer, few);
        const size_t once = allocations - before;
        before = allocations;
        (void)eng_trainer_evaluate(trainer, b.view->split.train);
        assert_int_equal(allocations - before, once);
        assert_true(once <= 1);
        eng_trainer_destroy(trainer);
        bench_destroy(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

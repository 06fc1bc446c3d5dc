/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trainings that go on from a file, between epochs and inside of one: the bits of one that was never interrupted. */
#include "tests/engine/train/support.h"

#include "base/buf.h"

/* Stops at random moments: the verdict after every `left` questions, and after some epochs. */
typedef struct interrupter {
    unsigned left;
} interrupter;

static bool count_down(void *self) {
    interrupter *i = self;
    return i->left == 0 || --i->left == 0;
}

static bool count_down_epoch(void *self, const eng_epoch *epoch) {
    (void)epoch;
    return count_down(self);
}

static const char *const courses[] = {
    "optimizer: sgd",
    "optimizer: momentum",
    "optimizer: nesterov",
    "optimizer: adagrad",
    "optimizer: rmsprop",
    "optimizer: adam",
    "optimizer: adamw, clip_norm: 0.5, l1: 1e-5, l2: 1e-4",
    ("optimizer: adam, schedule: cosine, warmup_epochs: 1.5, label_smoothing: 0.1, activation: prelu, "
     "early_stopping: 50"),
    "optimizer: adam, ema: 0.98",
    "optimizer: nesterov, accumulate: 3, ema: 0.5, schedule: cosine",
    "optimizer: adam, crop: 2, flip: true, cutout: 3, skip: true",
};

/* 9 epochs at once equal 3, then 6 more by another trainer from the file, then the same in pieces of single epochs. */
static void a_continued_training_has_the_same_bits(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    for (size_t c = 0; c < CHECK_COUNT(courses); c++) {
        base_err err = {0};
        char text[400];
        snprintf(text, sizeof text,
                 "{dataset: digits, hidden: [24, 16], epochs: 9, batch_size: 100, dropout: 0.2, input_dropout: 0.1, "
                 "learning_rate: 0.01, fraction: 0.5, %s}",
                 courses[c]);
        bench b = bench_create(text);
        eng_trainer *whole = bench_trainer(&b), *first = bench_trainer(&b);
        CHECK_OK(eng_trainer_fit(whole, 9, NULL, &err));
        CHECK_OK(eng_trainer_fit(first, 3, NULL, &err));
        CHECK_OK(eng_trainer_save(first, path, &err));
        eng_trainer_destroy(first);
        eng_trainer *second = bench_trainer(&b);
        CHECK_OK(eng_trainer_load(second, path, &err));
        assert_int_equal(eng_trainer_progress(second)->epoch, 3);
        CHECK_OK(eng_trainer_fit(second, 9, NULL, &err));
        check_same_bits(whole, second);
        eng_trainer_destroy(second);

        eng_trainer *piece = bench_trainer(&b);
        for (interrupter i = {0};; i.left = 1) {
            const eng_watch watch = {.epoch = count_down_epoch, .self = &i};
            base_status status = eng_trainer_fit(piece, 9, &watch, &err);
            if (status == BASE_OK) break;
            assert_int_equal(status, BASE_CANCELLED);
            CHECK_OK(eng_trainer_save(piece, path, &err));
            eng_trainer_destroy(piece);
            piece = bench_trainer(&b);
            CHECK_OK(eng_trainer_load(piece, path, &err));
        }
        check_same_bits(whole, piece);
        eng_trainer_destroy(piece);
        eng_trainer_destroy(whole);
        bench_destroy(&b);
    }
    check_tmpdir_remove(&dir);
}

/* Interrupted after every 400 steps. */
static void a_training_stopped_inside_an_epoch_goes_on(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    bench b = bench_create("{dataset: digits, hidden: [16], batch_size: 2, epochs: 2, dropout: 0.3, optimizer: adam}");
    eng_trainer *whole = bench_trainer(&b), *piece = bench_trainer(&b);
    CHECK_OK(eng_trainer_fit(whole, 2, NULL, &err));
    size_t inside = 0;
    for (;;) {
        interrupter i = {.left = 50};
        const eng_watch watch = {.stop = count_down, .self = &i, .pause = 1e-12};
        base_status status = eng_trainer_fit(piece, 2, &watch, &err);
        if (status == BASE_OK) break;
        assert_int_equal(status, BASE_CANCELLED);
        inside += eng_trainer_progress(piece)->batch > 0;
        CHECK_OK(eng_trainer_save(piece, path, &err));
        eng_trainer_destroy(piece);
        piece = bench_trainer(&b);
        CHECK_OK(eng_trainer_load(piece, path, &err));
    }
    assert_int_equal(inside, 3); /* after 400, 647 + 160 and 647 + 560 steps */
    check_same_bits(whole, piece);
    eng_trainer_destroy(whole);
    eng_trainer_destroy(piece);
    bench_destroy(&b);
    check_tmpdir_remove(&dir);
}

/* A network with normalization, skips, drop-path and augmentation, averaged, continued by another trainer
 * from its file. */
static void a_convolutional_training_has_the_same_bits(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    bench b =
        bench_create("{dataset: digits, model: resnet, stages: 2, width: 4, drop_path: 0.2, dropout: 0.1, crop: 1, "
                     "flip: true, cutout: 2, ema: 0.9, accumulate: 2, optimizer: sgd, momentum: 0.9, schedule: "
                     "cosine, epochs: 3, batch_size: 50, fraction: 0.4, seed: 8}");
    eng_trainer *whole = bench_trainer(&b), *piece = bench_trainer(&b);
    CHECK_OK(eng_trainer_fit(whole, 3, NULL, &err));
    CHECK_OK(eng_trainer_fit(piece, 1, NULL, &err));
    CHECK_OK(eng_trainer_save(piece, path, &err));
    eng_trainer_destroy(piece);
    piece = bench_trainer(&b);
    CHECK_OK(eng_trainer_load(piece, path, &err));
    CHECK_OK(eng_trainer_fit(piece, 3, NULL, &err));
    check_same_bits(whole, piece);
    assert_memory_equal(eng_trainer_average(whole), eng_trainer_average(piece),
                        eng_params_size(eng_model_params(eng_trainer_model(whole))) * sizeof(float));
    const eng_scores x = eng_trainer_evaluate(whole, b.view->split.test),
                     y = eng_trainer_evaluate(piece, b.view->split.test);
    CHECK_SAME_DOUBLE(eng_scores_get(&x, "loss"), eng_scores_get(&y, "loss"));
    eng_trainer_destroy(whole);
    eng_trainer_destroy(piece);
    bench_destroy(&b);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_continued_training_has_the_same_bits),
        cmocka_unit_test(a_training_stopped_inside_an_epoch_goes_on),
        cmocka_unit_test(a_convolutional_training_has_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a training is told to take, against what it takes from malloc, from its beginning through steps, validation and
 * test to its end. */
#include "tests/engine/train/support.h"

#include "engine/train/footprint.h"
#include "tests/support/count_malloc.h"

/* An epoch of two steps and more, from nothing. */
static double bytes_of_a_training(const bench *b) {
    base_err err = {0};
    const size_t before = in_use;
    most_in_use = before;
    eng_trainer *trainer = bench_trainer(b);
    CHECK_OK(eng_trainer_fit(trainer, 1, NULL, &err));
    (void)eng_trainer_evaluate(trainer, b->view->split.test);
    eng_trainer_destroy(trainer);
    assert_true(!COUNTING || in_use <= before + 4096); /* a library may keep a little for the next time */
    return (double)(most_in_use - before);
}

/* All of them large enough that the lists of calls and the graph do not count. */
static void memory_is_foretold_to_a_tenth(void **state) {
    (void)state;
    static const char *const models[] = {
        "layers: 6, width: 300, activation: gelu, dropout: 0.3",
        "hidden: [2048, 1024, 512], optimizer: sgd",
        "width: 400, ema: 0.9, accumulate: 2",
        "layers: 9, width: 128, skip: true",
        "model: resnet, width: 16, crop: 1, flip: true",
        "model: resnet, blocks: 3, width: 8, preactivation: true, drop_path: 0.2, optimizer: momentum",
        "model: separable, blocks: 2, skip: true, ema: 0.9",
        "model: unet, width: 8, stages: 3",
        "model: unet, width: 16, stages: 2, blocks: 2, norm: layer, activation: elu",
        "network: [{conv: 9}, {pool: max}, {concat: [[], [{conv: 16}, {dropout: 0.2}], [{depthwise: 3}]]}, {dense: "
        "99}]",
        "network: [{conv: 8}, {concat: [[], [{pool: average}, {conv: 16}, {upsample: 2}], [{pool: max}, {transposed: "
        "7}]]}, {add: [[{conv: 9}], [{conv: 9, kernel: [1, 3]}]]}, flatten]",
        "network: [{reshape: [4, 4, 4, 1]}, {conv3d: 16}, {residual: [{conv3d: 32, stride: 2}]}, {dense: 64}]",
    };
    static const size_t batches[] = {32, 100, 250};
    for (size_t i = 0; i < CHECK_COUNT(models) * CHECK_COUNT(batches); i++) {
        base_err err = {0};
        char text[400];
        snprintf(text, sizeof text, "{dataset: digits, batch_size: %zu, fraction: 0.4, %s}",
                 batches[i % CHECK_COUNT(batches)], models[i / CHECK_COUNT(batches)]);
        bench b = bench_create(text);
        eng_footprint f;
        CHECK_OK(eng_footprint_of(&b.recipe, b.set, 1, &f, &err));
        const double told = (double)eng_footprint_bytes(&f, false), took = bytes_of_a_training(&b);
        print_message("%9.0f told, %9.0f taken (%+5.1f %%): %.90s\n", told, took, 100 * (told / took - 1), text);
        if (COUNTING) CHECK_CLOSE(told, took, 0.1);
        bench_destroy(&b);
    }
}

/* Of whatever size: the sum is what the trainer says of itself, and a view is foretold too. */
static void parts_are_those_of_the_trainer(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{dataset: digits}",
        "{dataset: digits, layers: 0, folds: 5, fold: 2}",
        "{dataset: digits, layers: 9, width: 64, skip: true, fraction: 0.3}",
        "{dataset: friedman, layers: 2, optimizer: adamw, batch_size: 7, ema: 0.9, accumulate: 2}",
        "{dataset: digits, model: unet, stages: 2, width: 4}",
    };
    base_err err = {0};
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) {
        bench b = bench_create(texts[i]);
        eng_footprint f;
        CHECK_OK(eng_footprint_of(&b.recipe, b.set, 1, &f, &err));
        eng_trainer *trainer = bench_trainer(&b);
        assert_int_equal(eng_footprint_bytes(&f, false), eng_trainer_bytes(trainer));
        assert_int_equal(eng_footprint_bytes(&f, true), eng_trainer_bytes(trainer) + f.view);
        assert_int_equal(f.numbers, eng_trainer_parameters(trainer));
        eng_threads *threads;
        CHECK_OK(eng_threads_create(3, &threads, &err));
        CHECK_OK(eng_trainer_threads(trainer, threads, &err));
        CHECK_OK(eng_footprint_of(&b.recipe, b.set, 3, &f, &err));
        assert_true(f.threads > 0);
        assert_int_equal(eng_footprint_bytes(&f, false), eng_trainer_bytes(trainer));
        eng_trainer_destroy(trainer);
        eng_threads_destroy(threads);
        const eng_view_settings settings = eng_data_view(&b.recipe.data);
        eng_view *own;
        const size_t before = in_use;
        CHECK_OK(eng_view_create(b.set, &settings, &own, &err));
        if (COUNTING) CHECK_CLOSE((double)(in_use - before), (double)f.view, 0.1);
        eng_view_destroy(own);
        bench_destroy(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_foretold_to_a_tenth),
        cmocka_unit_test(parts_are_those_of_the_trainer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

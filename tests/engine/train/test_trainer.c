/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a training learns and follows: published errors, formulas, schedules, averages. */
#include "tests/engine/train/support.h"

#include <float.h>

static void digits_are_learned(void **state) {
    (void)state;
    base_err err = {0};
    bench b = bench_create("{dataset: digits, hidden: [64, 32], epochs: 20}");
    eng_trainer *trainer = bench_trainer(&b);
    CHECK_OK(eng_trainer_fit(trainer, 20, NULL, &err));
    eng_scores test = eng_trainer_evaluate(trainer, b.view->split.test);
    assert_int_equal(b.view->split.test.count, 359);
    print_message("digits: test error %.4f\n", eng_scores_get(&test, "error"));
    assert_true(eng_scores_get(&test, "error") <= 0.05);
    eng_trainer_destroy(trainer);
    bench_destroy(&b);
}

/* By name and as a list of layers. Limits: about twice the worst of four seeds when they were set. */
static void convolutions_learn_digits(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double most;
    } cases[] = {
        {"{dataset: digits, model: resnet, width: 8, epochs: 15, learning_rate: 0.003, schedule: cosine, seed: 1}",
         0.03},
        {"{dataset: digits, model: resnet, preactivation: true, width: 8, epochs: 30, learning_rate: 0.003, "
         "schedule: cosine, seed: 1}",
         0.02},
        {"{dataset: digits, model: separable, width: 16, stages: 2, epochs: 30, learning_rate: 0.003, "
         "schedule: cosine, seed: 1}",
         0.09},
        {"{dataset: digits, model: unet, width: 8, stages: 2, epochs: 20, learning_rate: 0.01, schedule: cosine, "
         "seed: 1}",
         0.05},
        {"{dataset: digits, epochs: 15, learning_rate: 0.003, schedule: cosine, ema: 0.98, seed: 1, network: [{conv: "
         "16}, {concat: [[], [{pool: max}, {conv: 16}, {transposed: 8}]]}, {conv: 32, stride: 2, norm: layer}, "
         "flatten, "
         "{dropout: 0.2}, {dense: 32}]}",
         0.03},
        {"{dataset: digits, epochs: 15, learning_rate: 0.003, schedule: cosine, seed: 1, network: [{conv: 8}, "
         "{spatially_separable: 16, kernel: 5, stride: 2}, {reshape: [4, 4, 4, 4]}, {conv3d: 16}, "
         "{residual: [{conv3d: 16, kernel: [3, 1, 3]}]}, {dense: 32}]}",
         0.06},
    };
    base_err err = {0};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = bench_create(cases[i].text);
        eng_trainer *trainer = bench_trainer(&b);
        CHECK_OK(eng_trainer_fit(trainer, (uint64_t)b.recipe.course.epochs, NULL, &err));
        eng_scores test = eng_trainer_evaluate(trainer, b.view->split.test);
        print_message("%.60s...: test error %.4f\n", cases[i].text, eng_scores_get(&test, "error"));
        assert_true(eng_scores_get(&test, "error") <= cases[i].most);
        eng_trainer_destroy(trainer);
        bench_destroy(&b);
    }
}

/* Close to the best error that a perfect model has (2.7 % on blobs, 1 on friedman), not below what chance allows. */
static void made_sets_are_learned_to_their_limits(void **state) {
    (void)state;
    base_err err = {0};
    static const struct {
        const char *text;
        double low, high; /* of the test error, or of the test mse */
    } cases[] = {
        {"{dataset: blobs, hidden: [16], epochs: 40, learning_rate: 0.01}", 0, 0.06},
        {"{dataset: spirals, hidden: [64, 64], epochs: 80, learning_rate: 0.01, loss: binary_cross_entropy}", 0, 0.05},
        {"{dataset: spirals, hidden: [64, 64], epochs: 80, learning_rate: 0.01}", 0, 0.05},
        {"{dataset: friedman, hidden: [24], epochs: 150, learning_rate: 0.01, schedule: cosine, activation: tanh}", 0.7,
         1.8},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = bench_create(cases[i].text);
        eng_trainer *trainer = bench_trainer(&b);
        CHECK_OK(eng_trainer_fit(trainer, (uint64_t)b.recipe.course.epochs, NULL, &err));
        eng_scores test = eng_trainer_evaluate(trainer, b.view->split.test);
        double value = eng_scores_get(&test, b.set->labels ? "error" : "mse");
        print_message("%s: %.4f\n", cases[i].text, value);
        assert_true(value >= cases[i].low && value <= cases[i].high);
        eng_trainer_destroy(trainer);
        bench_destroy(&b);
    }
}

static void a_diverging_training_names_its_step(void **state) {
    (void)state;
    base_err err = {0};
    bench b = bench_create("{dataset: friedman, hidden: [32, 32], optimizer: sgd, learning_rate: 1e6}");
    eng_trainer *trainer = bench_trainer(&b);
    CHECK_FAILS(eng_trainer_fit(trainer, 10, NULL, &err), BASE_NUMERIC, "(epoch 1, batch ");
    CHECK_CONTAINS(err.text, "the training loss became ");
    unsigned long long step = 0, batch = 0;
    assert_int_equal(sscanf(strstr(err.text, "at step"), "at step %llu (epoch 1, batch %llu)", &step, &batch), 2);
    assert_int_equal(step, batch);
    assert_true(step > 1 && step < 23); /* 1,440 samples are 23 steps: it did not wait for the end of the epoch */
    eng_trainer_destroy(trainer);
    bench_destroy(&b);
}

/* With a rate too small to change any weight, no epoch is better than the first. */
static void early_stopping_ends_a_training_and_stays(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    bench b = bench_create("{dataset: blobs, hidden: [4], optimizer: sgd, learning_rate: 1e-30, early_stopping: 3}");
    eng_trainer *trainer = bench_trainer(&b), *later = bench_trainer(&b);
    CHECK_OK(eng_trainer_fit(trainer, 20, NULL, &err));
    assert_int_equal(eng_trainer_progress(trainer)->epoch, 4);
    assert_int_equal(eng_trainer_progress(trainer)->stop.best_epoch, 1);
    CHECK_OK(eng_trainer_save(trainer, path, &err));
    CHECK_OK(eng_trainer_load(later, path, &err));
    CHECK_OK(eng_trainer_fit(later, 40, NULL, &err));
    assert_int_equal(eng_trainer_progress(later)->epoch, 4);
    eng_trainer_destroy(trainer);
    eng_trainer_destroy(later);
    bench_destroy(&b);
    check_tmpdir_remove(&dir);
}

static eng_trainer *adopt(const bench *b) {
    base_err err = {0};
    const eng_trainer_config config = {.identity = 1, .valid = b->view->split.valid};
    eng_step step;
    eng_trainer *trainer;
    CHECK_OK(eng_supervised_create(&b->recipe, b->view, &step, &err));
    CHECK_OK(eng_trainer_adopt(step, &config, &trainer, &err));
    return trainer;
}

/* A kind whose rates grow: none at all in the first of four epochs, a half of the full one in the third. */
static void rates_of_drop_path_grow_over_the_epochs(void **state) {
    (void)state;
    static const char text[] =
        "{dataset: digits, model: resnet, stages: 2, width: 4, blocks: 2, fraction: 0.2, epochs: "
        "4, batch_size: 30, seed: 2, drop_path: %g}";
    base_err err = {0};
    eng_network_kind growing = eng_network_resnet;
    growing.grows_drop_path = true;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "checkpoint");
    bench b[3];
    for (size_t i = 0; i < 3; i++) {
        char filled[300];
        snprintf(filled, sizeof filled, text, (const double[]){0.6, 0.4, 0.3}[i]);
        b[i] = bench_create(filled);
        if (i < 2) b[i].recipe.network.kind = &growing;
    }
    eng_trainer *a = adopt(&b[0]), *less = adopt(&b[1]), *constant = adopt(&b[2]), *later = adopt(&b[0]);
    CHECK_OK(eng_trainer_fit(a, 1, NULL, &err));
    CHECK_OK(eng_trainer_fit(less, 1, NULL, &err));
    check_same_bits(a, less); /* whatever the rate, the first epoch has none of it */
    CHECK_OK(eng_trainer_fit(less, 2, NULL, &err));
    CHECK_OK(eng_trainer_fit(a, 2, NULL, &err));
    assert_true(eng_trainer_progress(a)->history[1].train_loss != eng_trainer_progress(less)->history[1].train_loss);
    CHECK_OK(eng_trainer_save(a, path, &err));
    CHECK_OK(eng_trainer_load(constant, path, &err));
    CHECK_OK(eng_trainer_load(later, path, &err));
    CHECK_OK(eng_trainer_fit(a, 3, NULL, &err));
    CHECK_OK(eng_trainer_fit(constant, 3, NULL, &err));
    check_same_bits(a, constant); /* 2/4 of 0.6 is 0.3 */
    CHECK_OK(eng_trainer_fit(a, 4, NULL, &err));
    CHECK_OK(eng_trainer_fit(constant, 4, NULL, &err));
    CHECK_OK(eng_trainer_fit(later, 4, NULL, &err));
    check_same_bits(a, later);
    assert_true(eng_trainer_progress(a)->history[3].train_loss !=
                eng_trainer_progress(constant)->history[3].train_loss);
    /* what the rates are laid out for is part of what the training is */
    eng_recipe longer = b[0].recipe;
    longer.course.epochs = 8;
    assert_true(eng_recipe_identity(&longer, b[0].view) != eng_recipe_identity(&b[0].recipe, b[0].view));
    longer.network.kind = b[0].recipe.network.kind = &eng_network_resnet;
    assert_true(eng_recipe_identity(&longer, b[0].view) == eng_recipe_identity(&b[0].recipe, b[0].view));
    eng_trainer_destroy(a);
    eng_trainer_destroy(less);
    eng_trainer_destroy(constant);
    eng_trainer_destroy(later);
    for (size_t i = 0; i < 3; i++) bench_destroy(&b[i]);
    check_tmpdir_remove(&dir);
}

/* A linear model on one batch per epoch: gradient descent by hand, in double. */
static void a_linear_model_follows_the_formula(void **state) {
    (void)state;
    enum { F = 10, EPOCHS = 5 };
    base_err err = {0};
    bench b = bench_create("{dataset: friedman, layers: 0, batch_size: 4096, optimizer: sgd, learning_rate: 0.05, "
                           "init: zeros, epochs: 5}");
    eng_trainer *trainer = bench_trainer(&b);
    CHECK_OK(eng_trainer_fit(trainer, EPOCHS, NULL, &err));
    const eng_part train = b.view->split.train;
    const eng_normalizer *norm = &b.view->normalizer;
    double w[F + 1] = {0}, n = (double)train.count;
    for (size_t epoch = 0; epoch < EPOCHS; epoch++) {
        double gradient[F + 1] = {0}, loss = 0;
        for (size_t i = 0; i < train.count; i++) {
            const float *x = b.set->reals + train.index[i] * F;
            double z[F + 1], y = w[F],
                             target = ((double)b.set->targets[train.index[i]] - (double)norm->target_offset) *
                                      (double)norm->target_scale;
            z[F] = 1;
            for (size_t j = 0; j < F; j++) {
                z[j] = ((double)x[j] - (double)norm->offset[j]) * (double)norm->scale[j];
                y += w[j] * z[j];
            }
            loss += (y - target) * (y - target) / n;
            for (size_t j = 0; j <= F; j++) gradient[j] += 2 * (y - target) * z[j] / n;
        }
        CHECK_CLOSE(eng_trainer_progress(trainer)->history[epoch].train_loss, loss, 1e-5);
        for (size_t j = 0; j <= F; j++) w[j] -= 0.05 * gradient[j];
    }
    eng_params *params = eng_model_params(eng_trainer_model(trainer));
    const float *weight = eng_params_values(params);
    for (size_t j = 0; j < F; j++) CHECK_NEAR((double)weight[j], w[j], 1e-5);
    assert_int_equal(eng_trainer_parameters(trainer), F + 1);
    eng_trainer_destroy(trainer);
    bench_destroy(&b);
}

/* Batches of 30 whose gradients are averaged four at a time are batches of 120, but for rounding. */
static void accumulated_batches_are_one(void **state) {
    (void)state;
    base_err err = {0};
    bench one = bench_create("{dataset: digits, hidden: [16], batch_size: 120, optimizer: momentum, activation: tanh, "
                             "schedule: cosine, epochs: 4, l2: 0.01, seed: 3}");
    bench four = bench_create("{dataset: digits, hidden: [16], batch_size: 30, accumulate: 4, optimizer: momentum, "
                              "activation: tanh, schedule: cosine, epochs: 4, l2: 0.01, seed: 3}");
    eng_trainer *a = bench_trainer(&one), *b = bench_trainer(&four);
    CHECK_OK(eng_trainer_fit(a, 2, NULL, &err));
    CHECK_OK(eng_trainer_fit(b, 2, NULL, &err));
    eng_params *u = eng_model_params(eng_trainer_model(a)), *v = eng_model_params(eng_trainer_model(b));
    for (size_t i = 0; i < eng_params_size(u); i++)
        CHECK_NEAR((double)eng_params_values(v)[i], (double)eng_params_values(u)[i], 2e-6);
    for (size_t i = 0; i < 2; i++) {
        const eng_epoch *x = &eng_trainer_progress(a)->history[i], *y = &eng_trainer_progress(b)->history[i];
        CHECK_CLOSE(y->train_loss, x->train_loss, 1e-5);
        CHECK_SAME_DOUBLE(y->learning_rate, x->learning_rate); /* the schedule counts steps, not batches */
    }
    eng_trainer_destroy(a);
    eng_trainer_destroy(b);
    bench_destroy(&one);
    bench_destroy(&four);
}

/* One step per epoch: the average follows its formula, it is what is scored, and training does not see it. */
static void averaged_weights_are_what_is_scored(void **state) {
    (void)state;
    enum { STEPS = 30 };
    base_err err = {0};
    const char *const plain_text = "{dataset: blobs, hidden: [3], batch_size: 4096, learning_rate: 0.05, seed: 3}";
    bench plain = bench_create(plain_text), with = bench_create("{dataset: blobs, hidden: [3], batch_size: 4096, "
                                                                "learning_rate: 0.05, seed: 3, ema: 0.8}");
    eng_trainer *a = bench_trainer(&plain), *b = bench_trainer(&with);
    eng_params *u = eng_model_params(eng_trainer_model(a)), *v = eng_model_params(eng_trainer_model(b));
    const size_t size = eng_params_size(u);
    double *average = base_calloc(size, sizeof *average);
    float *kept = base_calloc(size, sizeof *kept);
    for (size_t i = 0; i < size; i++) average[i] = (double)eng_params_values(u)[i];
    for (uint64_t step = 1; step <= STEPS; step++) {
        CHECK_OK(eng_trainer_fit(a, step, NULL, &err));
        CHECK_OK(eng_trainer_fit(b, step, NULL, &err));
        assert_memory_equal(eng_params_values(u), eng_params_values(v), size * sizeof(float));
        double decay = fmin(0.8, (1 + (double)step) / (10 + (double)step));
        for (size_t i = 0; i < size; i++) {
            average[i] = decay * average[i] + (1 - decay) * (double)eng_params_values(u)[i];
            CHECK_NEAR((double)eng_trainer_average(b)[i], average[i], 1e-5);
        }
    }
    memcpy(kept, eng_trainer_average(b), size * sizeof *kept);
    const double scored = eng_scores_get(&eng_trainer_progress(b)->history[STEPS - 1].valid, "loss");
    memcpy(eng_params_values(u), kept, size * sizeof *kept);
    const eng_scores swapped = eng_trainer_evaluate(a, plain.view->split.valid);
    CHECK_SAME_DOUBLE(scored, eng_scores_get(&swapped, "loss"));
    assert_true(scored != eng_scores_get(&eng_trainer_progress(a)->history[STEPS - 1].valid, "loss"));
    assert_null(eng_trainer_average(a));
    free(average);
    free(kept);
    eng_trainer_destroy(a);
    eng_trainer_destroy(b);
    bench_destroy(&plain);
    bench_destroy(&with);
}

/* Weights that decay by a tenth in every step pass 1e-38 after some 800 steps: they end as zero, not as numbers that
 * make every further step slow. Without a fused multiply-add the tenth is zero first, so that they stay at ten times
 * the smallest normal number. */
static void weights_that_vanish_are_never_subnormal(void **state) {
    (void)state;
    base_err err = {0};
    bench b = bench_create("{dataset: digits, hidden: [16, 16], epochs: 10, batch_size: 10, optimizer: sgd, "
                           "learning_rate: 0.1, weight_decay: 1.0, activation: relu, init: he_normal}");
    eng_trainer *trainer = bench_trainer(&b);
    CHECK_OK(eng_trainer_fit(trainer, 10, NULL, &err));
    eng_params *params = eng_model_params(eng_trainer_model(trainer));
    size_t vanished = 0;
    for (size_t i = 0; i < eng_params_size(params); i++) {
        const float w = eng_params_values(params)[i];
        assert_true(fpclassify(w) == FP_ZERO || fpclassify(w) == FP_NORMAL);
        vanished += fabsf(w) <= 11 * FLT_MIN;
    }
    assert_true(vanished > 500);
    eng_trainer_destroy(trainer);
    bench_destroy(&b);
}

/* The same steps as with a validation part, and no scores; patience has nothing to wait for. */
static void without_a_validation_part_nothing_is_scored(void **state) {
    (void)state;
    base_err err = {0};
    bench b = bench_create("{dataset: digits, hidden: [16], epochs: 4, early_stopping: 1, seed: 3, dropout: 0.2}");
    eng_view bare = *b.view;
    eng_trainer *with = bench_trainer(&b), *without;
    bare.split.valid.count = 0;
    CHECK_OK(eng_trainer_create(&b.recipe, &bare, &without, &err));
    CHECK_OK(eng_trainer_fit(without, 4, NULL, &err));
    CHECK_OK(eng_trainer_fit(with, 4, NULL, &err));
    const eng_progress *p = eng_trainer_progress(without);
    assert_int_equal(p->epochs, 4);
    assert_int_equal(p->history[3].valid.count, 0);
    assert_true(p->history[3].train_loss < p->history[0].train_loss);
    assert_int_equal(eng_trainer_progress(with)->epochs, 4); /* it gets better from epoch to epoch */
    eng_params *u = eng_model_params(eng_trainer_model(with)), *v = eng_model_params(eng_trainer_model(without));
    assert_memory_equal(eng_params_values(u), eng_params_values(v), eng_params_size(u) * sizeof(float));
    eng_trainer_destroy(with);
    eng_trainer_destroy(without);
    bench_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_learned),
        cmocka_unit_test(convolutions_learn_digits),
        cmocka_unit_test(made_sets_are_learned_to_their_limits),
        cmocka_unit_test(a_diverging_training_names_its_step),
        cmocka_unit_test(early_stopping_ends_a_training_and_stays),
        cmocka_unit_test(rates_of_drop_path_grow_over_the_epochs),
        cmocka_unit_test(a_linear_model_follows_the_formula),
        cmocka_unit_test(accumulated_batches_are_one),
        cmocka_unit_test(averaged_weights_are_what_is_scored),
        cmocka_unit_test(weights_that_vanish_are_never_subnormal),
        cmocka_unit_test(without_a_validation_part_nothing_is_scored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

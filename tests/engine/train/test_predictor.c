/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trained network from its checkpoint alone answers what the trainer's answers, and says what a file lacks. */
#include "tests/engine/train/support.h"

#include "engine/train/predictor.h"

static double error_of(eng_predictor *p, const bench *b) {
    const eng_part test = b->view->split.test;
    float answers[10];
    size_t wrong = 0;
    for (size_t i = 0; i < test.count; i++) {
        eng_predictor_answer(p, b->set, test.index[i], 1, answers);
        size_t best = 0;
        double sum = 0.0;
        for (size_t c = 0; c < p->answers; c++) {
            if (answers[c] > answers[best]) best = c;
            sum += (double)answers[c];
        }
        CHECK_NEAR(sum, 1.0, 1e-6);
        wrong += (int32_t)best != b->set->labels[test.index[i]];
    }
    return (double)wrong / (double)test.count;
}

static void a_classifier_answers_as_in_its_training(void **state) {
    (void)state;
    static const char *const recipes[] = {
        "dataset: digits, model: mlp, hidden: [16], epochs: 3, seed: 2, fraction: 0.5",
        "dataset: digits, model: resnet, width: 4, blocks: 1, epochs: 1, seed: 2, fraction: 0.3, ema: 0.9",
        "dataset: spirals, model: mlp, hidden: [8], epochs: 3, seed: 2, loss: binary_cross_entropy",
    };
    check_tmpdir dir = check_tmpdir_create();
    for (size_t i = 0; i < CHECK_COUNT(recipes); i++) {
        base_err err = {0};
        base_buf text = {0};
        base_buf_printf(&text, "{%s}", recipes[i]);
        bench b = bench_create(text.data);
        eng_trainer *trainer = bench_trainer(&b);
        eng_predictor *p, *own;
        CHECK_OK(eng_trainer_fit(trainer, (uint64_t)b.recipe.course.epochs, NULL, &err));
        const double wanted =
            eng_scores_get(&(eng_scores[]){eng_trainer_evaluate(trainer, b.view->split.test)}[0], "error");
        const char *path = check_tmpdir_file(&dir, "a.ckpt"), *other = check_tmpdir_file(&dir, "b.model");
        CHECK_OK(eng_trainer_save(trainer, path, &err));
        CHECK_OK(eng_predictor_save(other, eng_trainer_model(trainer), eng_trainer_average(trainer), b.view, &err));
        CHECK_OK(eng_predictor_load(path, 1, &p, &err));
        CHECK_OK(eng_predictor_load(other, 1, &own, &err));
        assert_int_equal(p->answers, b.set->classes);
        assert_string_equal(p->class_names[1], b.set->class_names ? b.set->class_names[1] : "1");
        assert_int_equal(p->sample.ndim, b.set->rank);
        CHECK_NEAR(error_of(p, &b), wanted, 1e-12);
        CHECK_NEAR(error_of(own, &b), wanted, 1e-12);
        eng_predictor_destroy(p);
        eng_predictor_destroy(own);
        eng_trainer_destroy(trainer);
        bench_destroy(&b);
        base_buf_fini(&text);
    }
    check_tmpdir_remove(&dir);
}

/* In the target's own unit: the mean squared error over the test part is that of the trainer. */
static void numbers_are_in_their_own_unit(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    bench b = bench_create("{dataset: friedman, model: mlp, hidden: [8], epochs: 3, seed: 1}");
    eng_trainer *trainer = bench_trainer(&b);
    eng_predictor *p;
    CHECK_OK(eng_trainer_fit(trainer, 3, NULL, &err));
    const eng_scores scores = eng_trainer_evaluate(trainer, b.view->split.test);
    const char *path = check_tmpdir_file(&dir, "a.ckpt");
    CHECK_OK(eng_trainer_save(trainer, path, &err));
    CHECK_OK(eng_predictor_load(path, 4, &p, &err));
    assert_null(p->class_names);
    double sum = 0.0;
    for (size_t i = 0; i < b.view->split.test.count; i++) {
        const uint32_t at = b.view->split.test.index[i];
        float y;
        eng_predictor_answer(p, b.set, at, 1, &y);
        sum += ((double)y - (double)b.set->targets[at]) * ((double)y - (double)b.set->targets[at]);
    }
    CHECK_CLOSE(sum / (double)b.view->split.test.count, eng_scores_get(&scores, "mse"), 1e-5);
    eng_predictor_destroy(p);
    eng_trainer_destroy(trainer);
    bench_destroy(&b);
    check_tmpdir_remove(&dir);
}

static void what_a_file_lacks_is_said(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "old.ckpt");
    eng_sections *to;
    eng_predictor *p;
    CHECK_OK(eng_sections_create(path, &to, &err));
    eng_sections_put(to, "weights", 1, "12345678", 8);
    CHECK_OK(eng_sections_finish(to, &err));
    CHECK_FAILS(eng_predictor_load(path, 1, &p, &err), BASE_INVALID, "old.ckpt has no section 'network'");
    CHECK_STATUS(eng_predictor_load(check_tmpdir_file(&dir, "none"), 1, &p, &err), BASE_NOTFOUND);
    CHECK_STATUS(eng_predictor_load(check_tmpdir_write(&dir, "text", "a text"), 1, &p, &err), BASE_CORRUPT);
    CHECK_OK(eng_sections_create(path, &to, &err));
    eng_sections_put(to, "network", 1, "graph: [}", 9);
    CHECK_OK(eng_sections_finish(to, &err));
    CHECK_FAILS(eng_predictor_load(path, 1, &p, &err), BASE_INVALID, "old.ckpt (network):1:");
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_classifier_answers_as_in_its_training),
        cmocka_unit_test(numbers_are_in_their_own_unit),
        cmocka_unit_test(what_a_file_lacks_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

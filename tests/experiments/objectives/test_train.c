/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trials that go on: promoted, interrupted, without their files, over epochs, folds and shares of the data. */
#include "tests/experiments/objectives/train_study.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/gzfile.h"

static void a_promoted_trial_equals_one_that_ran_through(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create(digits, epochs);
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two");
    listener whole = {0}, part = {0};
    hpo_result at_once, promoted, again;
    CHECK_OK(evaluate(&s, one, 0, 9, &whole, &at_once, &err));
    assert_int_equal(whole.count, 9);
    evaluate_elsewhere(&s, two, 0, 3, &part, BASE_OK);
    assert_true(exists(two, "checkpoint-3.ckpt"));
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &promoted, &err));
    assert_int_equal(part.count, 6);
    CHECK_SAME_DOUBLE(part.step[0], 4);
    check_same_end(&part, &whole);
    check_same_metrics(&promoted.metrics, &at_once.metrics);
    CHECK_SAME_DOUBLE(metric(&at_once.metrics, "valid_loss"), metric(&whole.metrics[8], "valid_loss"));
    CHECK_NEAR(metric(&at_once.metrics, "epochs_run"), 9, 0);
    CHECK_NEAR(metric(&at_once.metrics, "parameters"), 64 * 32 + 32 + 32 * 10 + 10, 0);
    assert_true(metric(&at_once.metrics, "test_error") < 0.2);
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &again, &err)); /* another attempt: the result was lost on its way */
    assert_int_equal(part.count, 6);
    check_same_metrics(&again.metrics, &at_once.metrics);
    obj_train.forget(two, 3);
    assert_false(exists(two, "checkpoint-3.ckpt"));
    assert_true(exists(two, "checkpoint-9.ckpt"));
    study_end(&s);
    check_tmpdir_remove(&dir);
}

static base_status inherit(study *s, const char *own, const char *parent, listener *l, hpo_result *out, base_err *err) {
    const hpo_job job = {.trial = 8,
                         .config = s->config,
                         .from = 3,
                         .fidelity = 9,
                         .seed = 77,
                         .parent = 3,
                         .parent_fidelity = 3,
                         .folder = own,
                         .parent_folder = parent};
    const hpo_reporter reporter = {.report = on_report, .verdict = on_question, .self = l};
    *l = (listener){0};
    *out = (hpo_result){.cost = NAN};
    return obj_train.evaluate(s->state, &job, &reporter, out, err);
}

/* With its parent's values it is what the parent would have become; with others it is neither that nor a new one. */
static void a_trial_inherits_what_another_has_learned(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create(digits, epochs);
    const char *parent = folder(&dir, "parent"), *same = folder(&dir, "same"), *other = folder(&dir, "other");
    listener l = {0};
    hpo_result result, ran_through, inherited, changed;
    CHECK_OK(evaluate(&s, folder(&dir, "through"), 0, 9, &l, &ran_through, &err));
    CHECK_OK(evaluate(&s, parent, 0, 3, &l, &result, &err));
    CHECK_FAILS(inherit(&s, same, other, &l, &inherited, &err), BASE_NOTFOUND, "checkpoint-3.ckpt");
    CHECK_OK(inherit(&s, same, parent, &l, &inherited, &err));
    assert_int_equal(l.count, 6);
    CHECK_SAME_DOUBLE(l.step[0], 4);
    check_same_metrics(&inherited.metrics, &ran_through.metrics);
    s.config[0] *= 3;
    CHECK_OK(inherit(&s, other, parent, &l, &changed, &err));
    CHECK_OK(evaluate(&s, folder(&dir, "anew"), 0, 9, &l, &result, &err));
    assert_true(metric(&changed.metrics, "valid_loss") != metric(&inherited.metrics, "valid_loss"));
    assert_true(metric(&changed.metrics, "valid_loss") != metric(&result.metrics, "valid_loss"));
    assert_true(exists(other, "checkpoint-9.ckpt") && exists(parent, "checkpoint-3.ckpt"));
    study_end(&s);
    s = study_create("{dataset: digits, hidden: [16]}", epochs);
    CHECK_FAILS(inherit(&s, folder(&dir, "smaller"), parent, &l, &result, &err), BASE_INVALID,
                "cannot inherit from trial 3 (network and optimizer must be the same)");
    study_end(&s);
    check_tmpdir_remove(&dir);
}

static void an_interrupted_trial_equals_one_that_ran_through(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create(digits, epochs);
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two");
    listener whole = {0}, part = {.stop_at = 2};
    hpo_result at_once, result;
    CHECK_OK(evaluate(&s, one, 0, 9, &whole, &at_once, &err));
    evaluate_elsewhere(&s, two, 0, 9, &part, BASE_CANCELLED);
    assert_true(exists(two, "partial-9.ckpt"));
    part.stop_at = 5; /* two of the five are repeated */
    CHECK_STATUS(evaluate(&s, two, 0, 9, &part, &result, &err), BASE_CANCELLED);
    assert_int_equal(part.count, 5);
    part.stop_at = 1; /* told to stop while it repeats: nothing gets lost */
    CHECK_STATUS(evaluate(&s, two, 0, 9, &part, &result, &err), BASE_CANCELLED);
    part.stop_at = 9; /* after the last epoch: it is done */
    CHECK_OK(evaluate(&s, two, 0, 9, &part, &result, &err));
    assert_int_equal(part.count, 9);
    check_same_end(&part, &whole);
    check_same_metrics(&result.metrics, &at_once.metrics);
    assert_false(exists(two, "partial-9.ckpt"));
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* And one that goes on from the file that another number of threads left. */
static void threads_change_nothing(void **state) {
    (void)state;
    static const char *const settings[] = {
        "{dataset: digits, hidden: [256, 256], dropout: 0.1, batch_size: 250, optimizer: adam, clip_norm: 1}",
        "{dataset: digits, model: resnet, width: 16, batch_size: 100, fraction: 0.3, l2: 1e-4}",
        "{dataset: digits, model: separable, width: 16, stages: 2, batch_size: 100, fraction: 0.3, accumulate: 2}",
    };
    const hpo_fidelity few = {.name = "epochs", .min = 1, .max = 3, .integer = true};
    check_tmpdir dir = check_tmpdir_create();
    for (size_t i = 0; i < CHECK_COUNT(settings); i++) {
        base_err err = {0};
        study s = study_create(settings[i], few);
        char name[2][32];
        listener whole = {0}, part = {0};
        hpo_result alone, shared;
        snprintf(name[0], sizeof name[0], "alone-%zu", i);
        CHECK_OK(evaluate(&s, folder(&dir, name[0]), 0, 3, &whole, &alone, &err));
        snprintf(name[1], sizeof name[1], "shared-%zu", i);
        const char *in = folder(&dir, name[1]);
        s.threads = 3;
        CHECK_OK(evaluate(&s, in, 0, 1, &part, &shared, &err));
        s.threads = 2;
        CHECK_OK(evaluate(&s, in, 1, 3, &part, &shared, &err));
        check_same_end(&part, &whole);
        check_same_metrics(&shared.metrics, &alone.metrics);
        study_end(&s);
    }
    check_tmpdir_remove(&dir);
}

static void damage(const char *in, const char *name) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", in, name);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "damage", 6, 100), 6);
    assert_int_equal(close(fd), 0);
}

static void missing_and_damaged_files_cost_time_only(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create(digits, epochs);
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two"), *none = folder(&dir, "none");
    listener whole = {0}, part = {0};
    hpo_result at_once, result;
    CHECK_OK(evaluate(&s, one, 0, 9, &whole, &at_once, &err));
    evaluate_elsewhere(&s, two, 0, 3, &part, BASE_OK);
    damage(two, "checkpoint-3.ckpt");
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &result, &err));
    check_same_metrics(&result.metrics, &at_once.metrics);
    assert_int_equal(part.count, 6);
    check_same_end(&part, &whole);
    damage(two, "checkpoint-9.ckpt");
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &result, &err));
    check_same_metrics(&result.metrics, &at_once.metrics);
    CHECK_OK(evaluate(&s, none, 3, 9, &part, &result, &err));
    check_same_metrics(&result.metrics, &at_once.metrics);
    CHECK_OK(evaluate(&s, "/no/such/folder", 3, 9, &part, &result, &err)); /* nor can it be saved */
    check_same_metrics(&result.metrics, &at_once.metrics);
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* As the program wrote them before checkpoints had sections: a header, and one checksum behind everything. */
static void write_former(const char *in, const char *name) {
    unsigned char old[300] = {'H', 'P', 'O', 'C', 'K', 'P', 'T', '\n', 2, 0, 0, 0, 4, 3, 2, 1};
    const uint64_t length = sizeof old;
    char path[600];
    memcpy(old + 16, &length, sizeof length);
    const uint32_t crc = base_crc32(0, old, sizeof old - 4);
    memcpy(old + sizeof old - 4, &crc, sizeof crc);
    snprintf(path, sizeof path, "%s/%s", in, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, old, sizeof old), sizeof old);
    assert_int_equal(close(fd), 0);
}

/* The same result, and who reads the summary learns why it took longer. */
static void a_checkpoint_of_the_former_format_starts_again(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create(digits, epochs);
    const char *one = folder(&dir, "one"), *two = folder(&dir, "two");
    listener whole = {0}, part = {0};
    hpo_result at_once, result;
    CHECK_OK(evaluate(&s, one, 0, 9, &whole, &at_once, &err));
    assert_int_equal(at_once.notices, 0);
    evaluate_elsewhere(&s, two, 0, 3, &part, BASE_OK);
    write_former(two, "checkpoint-3.ckpt");
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &result, &err));
    assert_int_equal(result.notices, HPO_NOTICE_BIT(STARTED_AGAIN));
    CHECK_CONTAINS(result.note, "started again and is charged in full");
    assert_int_equal(part.count, 6); /* what was reported before is not reported again */
    check_same_end(&part, &whole);
    check_same_metrics(&result.metrics, &at_once.metrics);
    write_former(two, "checkpoint-3.ckpt"); /* the new one is what counts from now on */
    CHECK_OK(evaluate(&s, two, 3, 9, &part, &result, &err));
    assert_int_equal(result.notices, 0);
    const char *three = folder(&dir, "three");
    write_former(three, "partial-9.ckpt"); /* nothing was to be gone on from */
    CHECK_OK(evaluate(&s, three, 0, 9, &part, &result, &err));
    assert_int_equal(result.notices, 0);
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* Every fold is 1/K of the samples: the mean over four jobs of one fold each is that of one job of four. */
static void folds_are_a_fidelity(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    const hpo_fidelity folds = {.name = "folds", .min = 1, .max = 4, .integer = true};
    static const char settings[] = "{dataset: blobs, hidden: [8], epochs: 3}";
    study s = study_create(settings, folds);
    listener l = {0}, more = {0};
    hpo_result four, two, rest, cv;
    CHECK_OK(evaluate(&s, folder(&dir, "a"), 0, 4, &l, &four, &err));
    assert_int_equal(l.count, 4);
    const char *b = folder(&dir, "b");
    CHECK_OK(evaluate(&s, b, 0, 2, &more, &two, &err));
    CHECK_SAME_DOUBLE(metric(&two.metrics, "valid_loss"), metric(&l.metrics[1], "valid_loss"));
    CHECK_OK(evaluate(&s, b, 2, 4, &more, &rest, &err));
    assert_int_equal(more.count, 2);
    check_same_end(&more, &l);
    check_same_metrics(&rest.metrics, &four.metrics);
    study_end(&s);

    s = study_create("{dataset: blobs, hidden: [8], epochs: 3, folds: 4}", (hpo_fidelity){0}); /* all, as a setting */
    CHECK_OK(evaluate(&s, folder(&dir, "c"), 0, 1, &l, &cv, &err));
    check_same_metrics(&cv.metrics, &four.metrics);
    study_end(&s);

    double sum = 0;
    for (int fold = 1; fold <= 4; fold++) {
        char text[100], name[16];
        snprintf(text, sizeof text, "{dataset: blobs, hidden: [8], epochs: 3, folds: 4, fold: %d}", fold);
        snprintf(name, sizeof name, "d%d", fold);
        s = study_create(text, (hpo_fidelity){0});
        CHECK_OK(evaluate(&s, folder(&dir, name), 0, 1, &l, &cv, &err));
        assert_int_equal(l.count, 3);
        CHECK_CLOSE(l.step[2], 1, 1e-12); /* on the scale of a study without fidelity */
        sum += metric(&cv.metrics, "valid_loss");
        study_end(&s);
    }
    CHECK_CLOSE(metric(&four.metrics, "valid_loss"), sum / 4, 1e-12);
    check_tmpdir_remove(&dir);
}

static void epochs_of_a_cross_validation_go_on(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create("{dataset: blobs, hidden: [8], folds: 3}", epochs);
    listener l = {0};
    hpo_result at_once, promoted;
    const char *two = folder(&dir, "two");
    CHECK_OK(evaluate(&s, folder(&dir, "one"), 0, 4, &l, &at_once, &err));
    CHECK_OK(evaluate(&s, two, 0, 2, &l, &promoted, &err));
    assert_true(exists(two, "checkpoint-2.fold-3.ckpt"));
    CHECK_OK(evaluate(&s, two, 2, 4, &l, &promoted, &err));
    check_same_metrics(&promoted.metrics, &at_once.metrics);
    assert_int_equal(obj_train.forget(two, 2), 3);
    for (int fold = 1; fold <= 3; fold++) {
        char name[64];
        snprintf(name, sizeof name, "checkpoint-2.fold-%d.ckpt", fold);
        assert_false(exists(two, name));
    }
    assert_true(exists(two, "checkpoint-4.fold-3.ckpt"));
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* Every name that a checkpoint can have, next to names that are not of one. */
static void forgetting_knows_checkpoints_by_name(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool of_two, any;
    } files[] = {{"checkpoint-2.ckpt", true, true},
                 {"checkpoint-2.fold-12.ckpt", true, true},
                 {"partial-2.ckpt", true, true},
                 {"partial-2.fold-1.ckpt.tmp", true, true},
                 {"checkpoint-2.5.ckpt", false, true},
                 {"checkpoint-27.ckpt", false, true},
                 {"checkpoint-fold-2.ckpt", false, true},
                 {"partial-fold-2.ckpt", false, true},
                 {"log", false, false},
                 {"my-checkpoint-2.ckpt", false, false}};
    check_tmpdir dir = check_tmpdir_create();
    const char *in = folder(&dir, "in");
    base_err err = {0};
    for (size_t all = 0; all < 2; all++) {
        size_t expected = 0;
        for (size_t i = 0; i < CHECK_COUNT(files); i++) {
            char path[600];
            snprintf(path, sizeof path, "%s/%s", in, files[i].name);
            CHECK_OK(base_write_file(path, "x", 1, &err));
            expected += all ? files[i].any : files[i].of_two;
        }
        assert_int_equal(obj_train.forget(in, all ? INFINITY : 2), expected);
        for (size_t i = 0; i < CHECK_COUNT(files); i++)
            assert_int_equal(exists(in, files[i].name), !(all ? files[i].any : files[i].of_two));
    }
    assert_int_equal(obj_train.forget("/no/such/folder", INFINITY), 0);
    check_tmpdir_remove(&dir);
}

static void an_abandoned_trial_leaves_no_checkpoint(void **state) {
    (void)state;
    static const hpo_fidelity folds = {.name = "folds", .min = 1, .max = 4, .integer = true};
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    for (size_t i = 0; i < 2; i++) {
        for (size_t abandons = 0; abandons < 2; abandons++) {
            study s = study_create(i ? "{dataset: blobs, hidden: [8], epochs: 3}" : "{dataset: blobs, hidden: [8]}",
                                   i ? folds : epochs);
            listener l = {0};
            hpo_result result;
            char name[16];
            snprintf(name, sizeof name, "%zu-%zu", i, abandons);
            const char *in = folder(&dir, name);
            CHECK_OK(evaluate(&s, in, 0, 2, &l, &result, &err));
            l = (listener){.stop_at = 1, .abandons = abandons};
            assert_int_equal(evaluate(&s, in, 2, 4, &l, &result, &err), BASE_CANCELLED);
            assert_int_equal(obj_train.forget(in, INFINITY) > 0, !abandons);
            study_end(&s);
        }
    }
    check_tmpdir_remove(&dir);
}

static void a_fraction_of_the_data_is_a_fidelity(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_create("{dataset: digits, hidden: [16], epochs: 4}",
                           (hpo_fidelity){.name = "fraction", .min = 0.1, .max = 1});
    listener l = {0};
    hpo_result tenth, all, plain;
    const char *in = folder(&dir, "in");
    CHECK_OK(evaluate(&s, in, 0, 0.1, &l, &tenth, &err));
    CHECK_CLOSE(l.step[3], 0.1, 1e-12);
    CHECK_OK(evaluate(&s, in, 0.1, 1, &l, &all, &err));
    assert_true(metric(&all.metrics, "valid_loss") < metric(&tenth.metrics, "valid_loss") / 2);
    study_end(&s);
    s = study_create("{dataset: digits, hidden: [16], epochs: 4}", (hpo_fidelity){0});
    CHECK_OK(evaluate(&s, folder(&dir, "plain"), 0, 1, &l, &plain, &err));
    check_same_metrics(&plain.metrics, &all.metrics);
    study_end(&s);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgetting_knows_checkpoints_by_name),
        cmocka_unit_test(an_abandoned_trial_leaves_no_checkpoint),
        cmocka_unit_test(a_promoted_trial_equals_one_that_ran_through),
        cmocka_unit_test(a_trial_inherits_what_another_has_learned),
        cmocka_unit_test(an_interrupted_trial_equals_one_that_ran_through),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(missing_and_damaged_files_cost_time_only),
        cmocka_unit_test(a_checkpoint_of_the_former_format_starts_again),
        cmocka_unit_test(folds_are_a_fidelity),
        cmocka_unit_test(epochs_of_a_cross_validation_go_on),
        cmocka_unit_test(a_fraction_of_the_data_is_a_fidelity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

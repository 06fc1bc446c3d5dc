/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trials of the objective darts that go on: promoted, interrupted in search and in retraining, without their files; and
 * what they cost. */
#define STUDY_OBJECTIVE obj_darts
#include "tests/experiments/objectives/train_study.h"

#include "base/buf.h"

static const hpo_fidelity search_epochs = {.name = "search_epochs", .min = 1, .max = 3, .integer = true};
#define SMALL                                                                                                          \
    "dataset: digits, fraction: 0.2, space: toy, search: darts-first, channels: 4, batch_size: 32, "                   \
    "retrain: {epochs: 2, batch_size: 32, channels: 4}"
#define LARGE                                                                                                          \
    "dataset: digits, fraction: 0.2, space: toy, search: darts-first, channels: 4, batch_size: 32, "                   \
    "retrain: {epochs: 1, batch_size: 512, channels: 64}"
/* Alphas that hardly move: the genotype is that of the first ones on every rung. */
#define STILL SMALL ", alpha_learning_rate: 1e-12"

static study create(const char *settings, hpo_fidelity fidelity, const char *wanted) {
    base_err err = {0};
    study s = study_describe(settings, "{learning_rate: {min: 1e-3, max: 1e-1, log: true}}", fidelity, wanted);
    CHECK_OK(obj_darts.check(&s.env, &err));
    CHECK_OK(study_start(&s, &err));
    return s;
}

/* A study, and the folders of two trials that are compared. */
typedef struct bench {
    check_tmpdir dir;
    study s;
    const char *one, *two;
} bench;

/* *state: the settings. */
static int set_up(void **state) {
    bench *b = base_calloc(1, sizeof *b);
    b->dir = check_tmpdir_create();
    b->s = create(*state, search_epochs, "valid_error");
    b->one = folder(&b->dir, "one");
    b->two = folder(&b->dir, "two");
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    bench *b = *state;
    study_end(&b->s);
    check_tmpdir_remove(&b->dir);
    free(b);
    return 0;
}

/* The evaluation of a trial that must succeed. */
static hpo_result result_of(bench *b, const char *in, double from, double to, listener *l) {
    base_err err = {0};
    hpo_result result;
    CHECK_OK(evaluate(&b->s, in, from, to, l, &result, &err));
    return result;
}

static base_buf text_of(const char *in, const char *name) {
    char path[600];
    base_buf text = {0};
    base_err err;
    snprintf(path, sizeof path, "%s/%s", in, name);
    CHECK_OK(base_read_file(path, &text, &err));
    return text;
}

static void check_same_file(const char *one, const char *two, const char *name) {
    base_buf a = text_of(one, name), b = text_of(two, name);
    assert_true(a.length > 0);
    assert_string_equal(base_buf_text(&a), base_buf_text(&b));
    base_buf_fini(&a);
    base_buf_fini(&b);
}

/* Metrics, genotype and alphas, bit for bit. */
static void check_same_result(const char *one, const hpo_result *a, const char *two, const hpo_result *b) {
    check_same_metrics(&a->metrics, &b->metrics);
    assert_string_equal(a->artefact, b->artefact);
    check_same_file(one, two, "genotype.json");
    check_same_file(one, two, "alphas.csv");
}

static void a_trial_searches_and_retrains(void **state) {
    bench *b = *state;
    listener l = {0}, again = {0};
    const hpo_result result = result_of(b, b->one, 0, 3, &l);
    assert_int_equal(l.count, 3);
    CHECK_SAME_DOUBLE(l.step[2], 3);
    CHECK_SAME_DOUBLE(metric(&l.metrics[2], "supernet_error"), metric(&result.metrics, "supernet_error"));
    assert_true(metric(&l.metrics[0], "entropy") > 0.99); /* alphas begin equal but for 1e-3 */
    assert_null(hpo_metrics_get(&l.metrics[0], "valid_error"));
    assert_true(metric(&result.metrics, "valid_error") < 0.9 && metric(&result.metrics, "valid_error") >= 0);
    assert_true(metric(&result.metrics, "test_error") < 0.9);
    assert_true(metric(&result.metrics, "parameters") > 1000 && metric(&result.metrics, "flops") > 1000);
    assert_true(metric(&result.metrics, "search_seconds") > 0);
    assert_int_equal(result.notices, 0);
    CHECK_CONTAINS(result.artefact, "conv");
    CHECK_NEAR(result.cost, obj_darts.cost(&b->s.env, b->s.config, 0, 3, true), 1e-9);
    const hpo_result repeated = result_of(b, b->two, 0, 3, &again);
    check_same_result(b->one, &result, b->two, &repeated);
    check_same_end(&again, &l);
}

static void a_promoted_trial_equals_one_that_ran_through(void **state) {
    bench *b = *state;
    const char *two = b->two;
    listener whole = {0}, part = {0};
    const hpo_result at_once = result_of(b, b->one, 0, 3, &whole);
    evaluate_elsewhere(&b->s, two, 0, 1, &part, BASE_OK);
    assert_true(exists(two, "search-1.ckpt") && exists(two, "retrained-1.json"));
    const hpo_result promoted = result_of(b, two, 1, 3, &part);
    assert_int_equal(part.count, 2);
    check_same_end(&part, &whole);
    check_same_result(b->one, &at_once, two, &promoted);
    const hpo_result again = result_of(b, two, 1, 3, &part); /* another attempt: the result was lost on its way */
    check_same_result(b->one, &at_once, two, &again);
    CHECK_SAME_DOUBLE(again.cost, promoted.cost);
    obj_darts.forget(two, 1);
    assert_false(exists(two, "search-1.ckpt") || exists(two, "retrained-1.json"));
    assert_true(exists(two, "search-3.ckpt"));
    obj_darts.forget(two, INFINITY);
    assert_false(exists(two, "search-3.ckpt") || exists(two, "retrain-3.ckpt") || exists(two, "retrained-3.json"));
    for (size_t i = 0; obj_darts.files[i]; i++) assert_true(exists(two, obj_darts.files[i]));
}

/* What a rung has found and the one before had found, too, is not trained again, and not paid for. */
static void the_same_genotype_is_retrained_once(void **state) {
    bench *b = *state;
    const hpo_objective_env *env = &b->s.env;
    listener l = {0};
    const hpo_result first = result_of(b, b->one, 0, 1, &l), second = result_of(b, b->one, 1, 3, &l);
    assert_string_equal(first.artefact, second.artefact);
    CHECK_SAME_DOUBLE(metric(&first.metrics, "valid_error"), metric(&second.metrics, "valid_error"));
    const double declared = obj_darts.cost(env, b->s.config, 1, 3, true);
    CHECK_NEAR(second.cost, declared - 2, 1e-9); /* two epochs of retraining */
    CHECK_NEAR(second.cost, obj_darts.cost(env, b->s.config, 1, 3, false), 1e-9);
    const hpo_result at_once = result_of(b, b->two, 0, 3, &l);
    check_same_result(b->one, &second, b->two, &at_once);
    CHECK_NEAR(at_once.cost, obj_darts.cost(env, b->s.config, 0, 3, true), 1e-9);
    /* A rung whose note is lost trains again: the same result, paid in full. */
    obj_darts.forget(b->one, 3);
    char path[600];
    snprintf(path, sizeof path, "%s/retrained-1.json", b->one);
    assert_int_equal(unlink(path), 0);
    const hpo_result paid = result_of(b, b->one, 1, 3, &l);
    check_same_result(b->one, &paid, b->two, &at_once);
    CHECK_NEAR(paid.cost, declared, 1e-9);
}

/* Stopped at every report and at many questions, in the search and in the retraining, and continued each time. */
static void an_interrupted_trial_equals_one_that_ran_through(void **state) {
    bench *b = *state;
    base_err err = {0};
    listener whole = {0}, part = {0};
    hpo_result result;
    const hpo_result at_once = result_of(b, b->one, 0, 3, &whole);
    for (size_t stop = 1; stop <= 2; stop++) {
        part = (listener){.stop_at = stop};
        CHECK_STATUS(evaluate(&b->s, b->two, 0, 3, &part, &result, &err), BASE_CANCELLED);
        assert_int_equal(part.count, stop);
    }
    size_t stops = 0;
    for (base_status status = BASE_CANCELLED; status == BASE_CANCELLED; stops++) {
        part = (listener){.stop_at_question = 1};
        status = evaluate(&b->s, b->two, 0, 3, &part, &result, &err);
        if (status != BASE_CANCELLED) CHECK_OK(status);
        assert_true(stops < 1000);
    }
    assert_true(stops > 1);
    check_same_result(b->one, &at_once, b->two, &result);
    check_same_end(&part, &whole);
    CHECK_SAME_DOUBLE(result.cost, at_once.cost);
}

static void missing_files_cost_time_only(void **state) {
    bench *b = *state;
    base_err err = {0};
    listener whole = {0}, part = {.stop_at = 1};
    hpo_result result;
    const hpo_result at_once = result_of(b, b->one, 0, 3, &whole);
    /* Begun again, and stopped before it was where it should have gone on from. */
    CHECK_STATUS(evaluate(&b->s, b->two, 0, 3, &part, &result, &err), BASE_CANCELLED);
    part = (listener){0};
    result = result_of(b, b->two, 2, 3, &part);
    assert_int_equal(part.count, 1); /* what was reported before is not reported again */
    check_same_end(&part, &whole);
    check_same_result(b->one, &at_once, b->two, &result);
    assert_true(result.notices & HPO_NOTICE_BIT(STARTED_AGAIN));
    CHECK_SAME_DOUBLE(result.cost, at_once.cost);
    result = result_of(b, "/no/such/folder", 0, 3, &part); /* nor can it be saved */
    check_same_metrics(&result.metrics, &at_once.metrics);
}

static void an_abandoned_trial_leaves_nothing(void **state) {
    bench *b = *state;
    base_err err = {0};
    listener l = {0};
    hpo_result result = result_of(b, b->one, 0, 1, &l);
    l = (listener){.stop_at = 1, .abandons = true};
    CHECK_STATUS(evaluate(&b->s, b->one, 1, 3, &l, &result, &err), BASE_CANCELLED);
    assert_false(exists(b->one, "search-1.ckpt") || exists(b->one, "search-3.ckpt") ||
                 exists(b->one, "retrained-1.json"));
    assert_true(exists(b->one, "genotype.json")); /* of the rung that it had reached */
}

/* retrain: none stops at the genotype. */
static void a_search_alone_is_worth_its_supernet(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s =
        create("{dataset: digits, fraction: 0.2, space: toy, search: random-sharing, channels: 4, batch_size: 32, "
               "search_epochs: 2, retrain: none}",
               (hpo_fidelity){0}, "supernet_error");
    const char *in = folder(&dir, "in");
    listener l = {0};
    hpo_result result;
    CHECK_OK(evaluate(&s, in, 0, 1, &l, &result, &err));
    assert_int_equal(l.count, 2); /* without a fidelity a step is a part of the whole */
    CHECK_SAME_DOUBLE(l.step[0], 0.5);
    CHECK_NEAR(obj_darts.cost(&s.env, s.config, 0, 0.5, false), obj_darts.cost(&s.env, s.config, 0, 1, true) / 2,
               1e-12);
    assert_int_equal(result.metrics.count, 2);
    assert_true(metric(&result.metrics, "supernet_error") <= 1);
    assert_true(exists(in, "genotype.json") && exists(in, "alphas.csv"));
    CHECK_NEAR(result.cost, obj_darts.cost(&s.env, s.config, 0, 1, true), 1e-9);
    assert_string_equal(obj_darts.metrics(s.env.settings)[0], "supernet_error");
    study_end(&s);
    check_tmpdir_remove(&dir);
}

/* Another seed is another search; the retraining's settings are its own. */
static void seeds_and_settings_count(void **state) {
    bench *b = *state;
    listener l = {0};
    const hpo_result one = result_of(b, b->one, 0, 1, &l);
    b->s.seed = 99;
    const hpo_result two = result_of(b, b->two, 0, 1, &l);
    assert_true(metric(&one.metrics, "supernet_error") != metric(&two.metrics, "supernet_error"));
}

/* The same genotype, alphas and errors by one thread and by two. */
static void threads_change_no_bit(void **state) {
    bench *b = *state;
    listener l = {0};
    const hpo_result alone = result_of(b, b->one, 0, 3, &l);
    b->s.threads = 2;
    const hpo_result shared = result_of(b, b->two, 0, 3, &l);
    check_same_result(b->one, &alone, b->two, &shared);
}

/* Better told at once than found out by the kernel: the search, or what comes after it. */
static void a_search_that_does_not_fit_fails_with_both_numbers(void **state) {
    bench *b = *state;
    listener l = {0};
    b->s.memory = 1 << 20;
    const hpo_result result = result_of(b, b->one, 0, 1, &l);
    assert_int_equal(result.failure, HPO_FAILURE_OOM);
    CHECK_CONTAINS(result.reason, "the search takes ");
    CHECK_CONTAINS(result.reason, "but trial.memory is 1.0 MiB");
}

static void a_retraining_that_does_not_fit_fails(void **state) {
    bench *b = *state;
    listener l = {0};
    b->s.memory = 32 << 20;
    const hpo_result result = result_of(b, b->one, 0, 1, &l);
    assert_int_equal(result.failure, HPO_FAILURE_OOM);
    CHECK_CONTAINS(result.reason, "the retraining takes ");
}

/* ---- limits ---- */

#define LIMITED                                                                                                        \
    "dataset: digits, fraction: 0.2, space: toy, search: darts-first, channels: 4, batch_size: 32, "                   \
    "alpha_learning_rate: 0.3, limits: {parameters: 9000}, "

static void what_is_found_is_within_the_limits(void **state) {
    (void)state;
    static const char *const settings[] = {"{" LIMITED "retrain: {epochs: 1, channels: 8}}",
                                           "{" LIMITED "retrain: none}"};
    static const char *const metrics[] = {"valid_error", "supernet_error"};
    base_err err = {0};
    for (size_t i = 0; i < 2; i++) {
        check_tmpdir dir = check_tmpdir_create();
        study s = create(settings[i], search_epochs, metrics[i]);
        listener l = {0};
        hpo_result result;
        CHECK_OK(evaluate(&s, folder(&dir, "one"), 0, 1, &l, &result, &err));
        assert_true(metric(&result.metrics, "parameters") <= 9000);
        assert_true(metric(&result.metrics, "flops") > 0);
        study_end(&s);
        check_tmpdir_remove(&dir);
    }
}

/* Before any trial; where the size of the network is searched, only the trials that cannot keep it fail. */
static void a_limit_that_no_network_meets_is_refused(void **state) {
    (void)state;
    base_err err = {0};
    check_tmpdir dir = check_tmpdir_create();
    study s = study_describe("{dataset: digits, space: toy, search: darts-first, channels: 4, limits: {parameters: "
                             "8000}, retrain: {epochs: 1, channels: 8}}",
                             "{learning_rate: {min: 1e-3, max: 1e-1}}", search_epochs, "valid_error");
    CHECK_FAILS(study_start(&s, &err), BASE_INVALID, "the smallest has 8178 parameters");
    study_end(&s);
    s = study_describe("{dataset: digits, fraction: 0.2, space: toy, search: darts-first, channels: 4, limits: "
                       "{parameters: 8000}, retrain: {epochs: 1}}",
                       "{retrain.channels: {values: [4, 8]}}", search_epochs, "valid_error");
    CHECK_OK(study_start(&s, &err));
    listener l = {0};
    hpo_result result;
    s.config[0] = 0;
    CHECK_OK(evaluate(&s, folder(&dir, "four"), 0, 1, &l, &result, &err));
    assert_true(metric(&result.metrics, "parameters") <= 8000);
    s.config[0] = 1;
    CHECK_FAILS(evaluate(&s, folder(&dir, "eight"), 0, 1, &l, &result, &err), BASE_INVALID, "the smallest has 8178");
    study_end(&s);
    check_tmpdir_remove(&dir);
}

#define WITH(settings, test) cmocka_unit_test_prestate_setup_teardown(test, set_up, tear_down, (void *)(settings))

int main(void) {
    static const char small[] = "{" SMALL "}", still[] = "{" STILL "}", large[] = "{" LARGE "}";
    const struct CMUnitTest tests[] = {
        WITH(small, a_trial_searches_and_retrains),
        WITH(small, a_promoted_trial_equals_one_that_ran_through),
        WITH(still, the_same_genotype_is_retrained_once),
        WITH(small, an_interrupted_trial_equals_one_that_ran_through),
        WITH(small, missing_files_cost_time_only),
        WITH(small, an_abandoned_trial_leaves_nothing),
        cmocka_unit_test(a_search_alone_is_worth_its_supernet),
        WITH(small, seeds_and_settings_count),
        WITH(small, threads_change_no_bit),
        WITH(small, a_search_that_does_not_fit_fails_with_both_numbers),
        WITH(large, a_retraining_that_does_not_fit_fails),
        cmocka_unit_test(what_is_found_is_within_the_limits),
        cmocka_unit_test(a_limit_that_no_network_meets_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/trials/result.h"

#include "tests/support/check.h"

static void test_failures(void **state) {
    (void)state;
    const char *const words[] = {"none",   "nan",   "crash", "exit",    "timeout",    "oom",
                                 "output", "error", "lost",  "storage", "interrupted"};
    assert_int_equal(CHECK_COUNT(words), HPO_FAILURE_COUNT);
    for (unsigned i = 0; i < HPO_FAILURE_COUNT; i++) {
        hpo_failure found = HPO_FAILURE_COUNT;
        assert_string_equal(hpo_failure_text((hpo_failure)i), words[i]);
        assert_true(hpo_failure_find(words[i], &found));
        assert_int_equal(found, i);
    }
    hpo_failure untouched = HPO_FAILURE_OOM;
    assert_false(hpo_failure_find("", &untouched));
    assert_false(hpo_failure_find("Crash", &untouched));
    assert_int_equal(untouched, HPO_FAILURE_OOM);
}

static void test_clear(void **state) {
    (void)state;
    hpo_result result;
    memset(&result, 0xFF, sizeof result);
    hpo_result_clear(&result);
    assert_int_equal(result.failure, HPO_FAILURE_NONE);
    assert_int_equal(result.code, 0);
    assert_int_equal(result.metrics.count, 0);
    CHECK_SAME_DOUBLE(result.cost, 0);
    CHECK_SAME_DOUBLE(result.seconds, 0);
    CHECK_SAME_DOUBLE(result.reached, 0);
    assert_int_equal(result.notices, 0);
    assert_string_equal(result.note, "");
    assert_string_equal(result.reason, "");
    assert_string_equal(result.artefact, "");
}

static void test_metrics(void **state) {
    (void)state;
    hpo_metrics metrics = {0};
    const char *longest = "a23456789012345678901234567890x", *too_long = "a234567890123456789012345678901x";
    assert_int_equal(strlen(longest), HPO_METRIC_NAME - 1);
    assert_null(hpo_metrics_get(&metrics, "loss"));
    assert_true(hpo_metrics_set(&metrics, "loss", 1.5));
    assert_true(hpo_metrics_set(&metrics, longest, 2.5));
    assert_false(hpo_metrics_set(&metrics, too_long, 3.5));
    assert_true(hpo_metrics_set(&metrics, "loss", 0.5));
    assert_int_equal(metrics.count, 2);
    CHECK_SAME_DOUBLE(*hpo_metrics_get(&metrics, "loss"), 0.5);
    CHECK_SAME_DOUBLE(*hpo_metrics_get(&metrics, longest), 2.5);
    for (int i = 0; i < HPO_MAX_METRICS - 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        assert_true(hpo_metrics_set(&metrics, name, i));
    }
    assert_false(hpo_metrics_set(&metrics, "one more", 1));
    assert_true(hpo_metrics_set(&metrics, "m3", -3)); /* what exists can still be replaced */
    CHECK_SAME_DOUBLE(*hpo_metrics_get(&metrics, "m3"), -3.0);
    assert_int_equal(metrics.count, HPO_MAX_METRICS);
}

static void test_an_early_end(void **state) {
    (void)state;
    hpo_result result = {.reached = 7};
    assert_true(hpo_result_ended_early(&result, 9));
    assert_false(hpo_result_ended_early(&result, 7));
    assert_false(hpo_result_ended_early(&result, 3)); /* it went further than it was asked to */
    result.failure = HPO_FAILURE_EXIT;
    assert_false(hpo_result_ended_early(&result, 9));
    static const double as_asked[] = {NAN, 0};
    for (size_t i = 0; i < CHECK_COUNT(as_asked); i++)
        assert_false(hpo_result_ended_early(&(hpo_result){.reached = as_asked[i]}, 9));
}

static const hpo_goal two[] = {{.name = "error"}, {.name = "speed", .maximize = true}};

static hpo_result with(double error, double speed) {
    hpo_result result = {0};
    hpo_metrics_set(&result.metrics, "other", 5);
    hpo_metrics_set(&result.metrics, "error", error);
    hpo_metrics_set(&result.metrics, "speed", speed);
    return result;
}

static void test_every_metric_is_needed(void **state) {
    (void)state;
    double values[2];
    hpo_result result = with(0.25, 12);
    assert_true(hpo_result_judge(&result, two, 2, values));
    CHECK_SAME_DOUBLE(values[0], 0.25);
    CHECK_SAME_DOUBLE(values[1], 12.0);

    result = with(0.25, 12);
    result.metrics.count = 2;
    assert_true(hpo_result_judge(&result, two, 1, values));
    assert_false(hpo_result_judge(&result, two, 2, values));
    assert_int_equal(result.failure, HPO_FAILURE_OUTPUT);
    assert_non_null(strstr(result.reason, "no metric 'speed'; it has other, error"));
    assert_true(isnan(values[0]) && isnan(values[1]));

    result = with(0.25, -INFINITY);
    assert_false(hpo_result_judge(&result, two, 2, values));
    assert_int_equal(result.failure, HPO_FAILURE_NAN);
    assert_string_equal(result.reason, "speed is minus infinity");
    assert_true(isnan(values[0]) && isnan(values[1]));

    result = with(NAN, INFINITY); /* the first of them is named */
    assert_false(hpo_result_judge(&result, two, 2, values));
    assert_string_equal(result.reason, "error is not a number");
    assert_false(hpo_result_judge(&result, two, 2, values)); /* judged again: the same */
    assert_string_equal(result.reason, "error is not a number");
}

static void test_an_artefact_is_short_and_utf8(void **state) {
    (void)state;
    hpo_result result = {0};
    char text[HPO_ARTEFACT + 1];
    memset(text, 'x', sizeof text);
    text[HPO_ARTEFACT] = '\0';
    assert_true(hpo_result_set_artefact(&result, "k\xc3\xb6ln"));
    assert_string_equal(result.artefact, "k\xc3\xb6ln");
    assert_false(hpo_result_set_artefact(&result, text));
    assert_string_equal(result.artefact, "");
    text[HPO_ARTEFACT - 1] = '\0';
    assert_true(hpo_result_set_artefact(&result, text));
    assert_string_equal(result.artefact, text);
    assert_false(hpo_result_set_artefact(&result, "k\xf6ln"));
    assert_string_equal(result.artefact, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_failures),
                                       cmocka_unit_test(test_clear),
                                       cmocka_unit_test(test_metrics),
                                       cmocka_unit_test(test_an_early_end),
                                       cmocka_unit_test(test_every_metric_is_needed),
                                       cmocka_unit_test(test_an_artefact_is_short_and_utf8)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

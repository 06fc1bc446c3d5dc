/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "base/rng.h"
#include "engine/train/scores.h"

/* All pairs of a positive and a negative sample. */
static double auc_by_pairs(const eng_ranked *items, size_t count) {
    double wins = 0, pairs = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            if (!items[i].positive || items[j].positive) continue;
            pairs += 1;
            wins += items[i].score > items[j].score ? 1 : items[i].score == items[j].score ? 0.5 : 0;
        }
    return wins / pairs;
}

static void auc_equals_the_count_of_pairs(void **state) {
    (void)state;
    for (uint32_t trial = 0; trial < 200; trial++) {
        eng_ranked items[40];
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, trial, 0);
        size_t count = 2 + base_rng_below(&rng, 38);
        for (size_t i = 0; i < count; i++) /* few values: many ties */
            items[i] =
                (eng_ranked){(float)base_rng_below(&rng, 1 + trial), i == 0 || (i > 1 && base_rng_below(&rng, 3) == 0)};
        double expected = auc_by_pairs(items, count);
        CHECK_NEAR(eng_auc(items, count), expected, 1e-12);
    }
}

static void auc_needs_both_kinds(void **state) {
    (void)state;
    eng_ranked items[] = {{1, true}, {2, true}}, odd[] = {{NAN, true}, {2, false}, {NAN, false}};
    assert_true(isnan(eng_auc(items, 2)));
    assert_true(isnan(eng_auc(items, 0)));
    assert_true(isnan(eng_auc(odd, 3)));
}

static void classes_are_scored_over_batches(void **state) {
    (void)state;
    static const float out[] = {1, 3, 2, /* answer 1 */ 5, 5, 0, /* a tie: the first */ 0, 0, 9};
    static const int32_t labels[] = {1, 1, 2};
    eng_scorer scorer = eng_scorer_begin(ENG_MULTICLASS, 3, 1);
    eng_scorer_add(&scorer, &(eng_batch){.n = 2, .labels = labels}, 0.5, out);
    eng_scorer_add(&scorer, &(eng_batch){.n = 1, .labels = labels + 2}, 2, out + 6);
    eng_scores s = eng_scorer_end(&scorer);
    CHECK_NEAR(eng_scores_get(&s, "error"), 1.0 / 3, 1e-15);
    CHECK_NEAR(eng_scores_get(&s, "loss"), 1, 1e-15); /* (2 * 0.5 + 1 * 2) / 3 */
    assert_true(isnan(eng_scores_get(&s, "auc")) && isnan(eng_scores_get(&s, "mse")) &&
                isnan(eng_scores_get(&s, "mae")));
}

/* Seven classes; the label's output is the k-th largest in sample k, for k = 1 .. 7: two of seven are not among five.
 */
static void the_five_likeliest_are_counted(void **state) {
    (void)state;
    float out[7][7];
    int32_t labels[7];
    for (int k = 0; k < 7; k++) {
        labels[k] = (3 * k + 2) % 7;
        for (int c = 0; c < 7; c++) out[k][(labels[k] + c) % 7] = (float)(c <= k ? c : -c); /* k are above 0 */
    }
    eng_scorer scorer = eng_scorer_begin(ENG_MULTICLASS, 7, 1);
    eng_scorer_add(&scorer, &(eng_batch){.n = 7, .labels = labels}, 0, out[0]);
    eng_scores s = eng_scorer_end(&scorer);
    CHECK_NEAR(eng_scores_get(&s, "error_top5"), 2.0 / 7, 1e-15);
    CHECK_NEAR(eng_scores_get(&s, "error"), 6.0 / 7, 1e-15);
}

/* Labels 0 0 0 1 1 2, answers 0 0 1 1 1 1 of four classes: F1 is 4/5, 4/6, 0, and class 3 does not occur. */
static void f1_is_the_mean_over_classes(void **state) {
    (void)state;
    static const int32_t labels[] = {0, 0, 0, 1, 1, 2}, answers[] = {0, 0, 1, 1, 1, 1};
    float out[6][4] = {{0}};
    for (size_t i = 0; i < 6; i++) out[i][answers[i]] = 1;
    eng_scorer scorer = eng_scorer_begin(ENG_MULTICLASS, 4, 1);
    eng_scorer_add(&scorer, &(eng_batch){.n = 4, .labels = labels}, 0, out[0]);
    eng_scorer_add(&scorer, &(eng_batch){.n = 2, .labels = labels + 4}, 0, out[4]);
    eng_scores s = eng_scorer_end(&scorer);
    CHECK_NEAR(eng_scores_get(&s, "f1"), (4.0 / 5 + 4.0 / 6 + 0) / 3, 1e-15);
    assert_true(isnan(eng_scores_get(&s, "error_top5")));
}

/* Confidence 0.9 three times, right twice, and 0.6 once, right: |2 - 2.7| / 4 + |1 - 0.6| / 4. */
static void calibration_is_by_bins(void **state) {
    (void)state;
    const float sure = (float)log(9.0), unsure = (float)log(1.5);
    const float pairs[] = {0, sure, 0, sure, sure, 0, unsure, 0}, logits[] = {sure, sure, -sure, -unsure};
    static const int32_t labels[] = {1, 0, 0, 0};
    static const float values[] = {1, 0, 0, 0};
    eng_scorer multi = eng_scorer_begin(ENG_MULTICLASS, 2, 1), binary = eng_scorer_begin(ENG_BINARY, 1, 1);
    eng_scorer_add(&multi, &(eng_batch){.n = 4, .labels = labels}, 0, pairs);
    eng_scorer_add(&binary, &(eng_batch){.n = 4, .values = values}, 0, logits);
    const eng_scores a = eng_scorer_end(&multi), b = eng_scorer_end(&binary);
    CHECK_NEAR(eng_scores_get(&a, "ece"), (0.7 + 0.4) / 4, 1e-7);
    CHECK_NEAR(eng_scores_get(&b, "ece"), (0.7 + 0.4) / 4, 1e-7);
}

static void two_classes_have_an_auc_in_both_forms(void **state) {
    (void)state;
    static const float logits[] = {-1, 2, 0.5f, -3}, pairs[] = {0, -1, 0, 2, 0, 0.5f, 0, -3}, values[] = {0, 1, 0, 1};
    static const int32_t labels[] = {0, 1, 0, 1};
    eng_scorer binary = eng_scorer_begin(ENG_BINARY, 1, 1), multi = eng_scorer_begin(ENG_MULTICLASS, 2, 1);
    eng_scorer_add(&binary, &(eng_batch){.n = 4, .values = values}, 0, logits);
    eng_scorer_add(&multi, &(eng_batch){.n = 4, .labels = labels}, 0, pairs);
    eng_scores a = eng_scorer_end(&binary), b = eng_scorer_end(&multi);
    CHECK_NEAR(eng_scores_get(&a, "error"), 0.5, 0);
    CHECK_NEAR(eng_scores_get(&b, "error"), 0.5, 0);
    CHECK_NEAR(eng_scores_get(&a, "auc"), 0.5, 1e-15); /* 2 beats both, -3 loses to both */
    CHECK_NEAR(eng_scores_get(&b, "auc"), 0.5, 1e-15);
}

static void numbers_are_scored_in_their_own_unit(void **state) {
    (void)state;
    static const float out[] = {1, -1, 0}, values[] = {0.5f, 1, 0};
    eng_scorer scorer = eng_scorer_begin(ENG_REGRESSION, 1, 10);
    eng_scorer_add(&scorer, &(eng_batch){.n = 3, .values = values}, 0.25, out);
    eng_scores s = eng_scorer_end(&scorer);
    CHECK_NEAR(eng_scores_get(&s, "mse"), (25.0 + 400) / 3, 1e-9);
    CHECK_NEAR(eng_scores_get(&s, "mae"), (5.0 + 20) / 3, 1e-9);
    CHECK_NEAR(eng_scores_get(&s, "loss"), 0.25, 1e-15);
    assert_true(isnan(eng_scores_get(&s, "error")) && isnan(eng_scores_get(&s, "auc")));
}

static void scores_are_numbers_by_name(void **state) {
    (void)state;
    eng_scores s = {0};
    assert_true(isnan(eng_scores_get(&s, "loss")));
    eng_scores_set(&s, "loss", 2);
    eng_scores_set(&s, "entropy", 3);
    eng_scores_set(&s, "loss", 4); /* another value, the same place */
    assert_int_equal(s.count, 2);
    assert_string_equal(s.score[0].name, "loss");
    assert_true(eng_scores_get(&s, "loss") == 4 && eng_scores_get(&s, "entropy") == 3);
    assert_true(isnan(eng_scores_get(&s, "los")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_numbers_by_name),
        cmocka_unit_test(auc_equals_the_count_of_pairs),
        cmocka_unit_test(auc_needs_both_kinds),
        cmocka_unit_test(classes_are_scored_over_batches),
        cmocka_unit_test(two_classes_have_an_auc_in_both_forms),
        cmocka_unit_test(the_five_likeliest_are_counted),
        cmocka_unit_test(f1_is_the_mean_over_classes),
        cmocka_unit_test(calibration_is_by_bins),
        cmocka_unit_test(numbers_are_scored_in_their_own_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

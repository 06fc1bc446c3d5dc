/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The incumbent by posterior mean: better than the luckiest value where values are noisy, the same where they are not.
 */
#include "hpo/models/recommend.h"

#include <math.h>

#include "base/rng.h"
#include "tests/support/check.h"

enum { SEEDS = 40, TRIALS = 80 };

static hpo_space *plane(void) {
    base_err err;
    hpo_space *space = hpo_space_create();
    const hpo_param x = {.name = "x", .kind = HPO_FLOAT, .min = 0, .max = 1};
    const hpo_param y = {.name = "y", .kind = HPO_FLOAT, .min = 0, .max = 1};
    CHECK_OK(hpo_space_add(space, &x, &err));
    CHECK_OK(hpo_space_add(space, &y, &err));
    CHECK_OK(hpo_space_seal(space, &err));
    return space;
}

/* Branin on the unit square, above its minimum. */
static double regret(const double *config) {
    const double pi = acos(-1), x = 15 * config[0] - 5, y = 15 * config[1];
    const double a = y - 5.1 * x * x / (4 * pi * pi) + 5 * x / pi - 6;
    return a * a + 10 * (1 - 1 / (8 * pi)) * cos(x) + 10 - 0.39788735772973816;
}

static void evaluate(hpo_history *history, const double *config, double fidelity, double value, hpo_failure failure) {
    base_err err;
    const uint64_t id = hpo_view_trials(hpo_history_view(history));
    hpo_record start = {.kind = HPO_RECORD_START, .trial = id, .fidelity = fidelity, .parent = UINT64_MAX};
    start.config = config;
    hpo_record result = {.kind = HPO_RECORD_RESULT, .trial = id, .fidelity = fidelity, .parent = UINT64_MAX};
    result.final = fidelity >= 1;
    result.value = failure == HPO_FAILURE_NONE ? value : (double)NAN;
    result.result.failure = failure;
    CHECK_OK(hpo_history_apply(history, &start, &err));
    CHECK_OK(hpo_history_apply(history, &result, &err));
}

static hpo_history *search(const hpo_space *space, uint32_t seed, size_t trials, double noise, bool maximize) {
    hpo_history *history = hpo_history_create(space, maximize, 1);
    base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < trials; i++) {
        const double config[] = {base_rng_uniform(&rng), base_rng_uniform(&rng)};
        const double value = regret(config) + noise * base_rng_normal(&rng);
        evaluate(history, config, 1, maximize ? 5 - value : value, HPO_FAILURE_NONE);
    }
    return history;
}

static double regret_of(hpo_view view, const hpo_incumbent *who) {
    return regret(hpo_view_trial(view, who->trial).config);
}

static void with_noise_it_is_better_than_the_luckiest(void **state) {
    (void)state;
    hpo_space *space = plane();
    double lucky = 0, recommended = 0;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        hpo_history *history = search(space, seed, TRIALS, 10, false);
        const hpo_view view = hpo_history_view(history);
        hpo_recommendation r;
        hpo_incumbent best;
        assert_true(hpo_recommend(view, &r) && hpo_view_incumbent(view, &best));
        lucky += regret_of(view, &best) / SEEDS;
        recommended += regret_of(view, &r.who) / SEEDS;
        hpo_history_destroy(history);
    }
    print_message("mean regret: luckiest %.3f, recommended %.3f\n", lucky, recommended);
    assert_true(recommended < 0.75 * lucky);
    hpo_space_destroy(space);
}

/* And its mean is what was measured, whichever way is better. */
static void without_noise_it_is_the_incumbent(void **state) {
    (void)state;
    hpo_space *space = plane();
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        hpo_history *history = search(space, seed, TRIALS / 2, 0, seed % 2);
        const hpo_view view = hpo_history_view(history);
        hpo_recommendation r;
        hpo_incumbent best;
        assert_true(hpo_recommend(view, &r) && hpo_view_incumbent(view, &best));
        assert_int_equal(r.who.trial, best.trial);
        CHECK_NEAR(r.mean, best.eval->value, 0.5);
        hpo_history_destroy(history);
    }
    hpo_space_destroy(space);
}

/* What failed or is evaluated lower is no candidate; of few there is no model. */
static void only_what_could_be_the_incumbent_is_recommended(void **state) {
    (void)state;
    hpo_space *space = plane();
    hpo_history *history = hpo_history_create(space, false, 1);
    hpo_recommendation r;
    assert_false(hpo_recommend(hpo_history_view(history), &r));
    for (size_t i = 0; i < 6; i++) {
        const double config[] = {0.1 * (double)i, 0.5}, below[] = {0.1 * (double)i, 0.4},
                     failed[] = {0.9, 0.1 * (double)i};
        evaluate(history, config, 1, 2 - 0.1 * (double)i, HPO_FAILURE_NONE);
        evaluate(history, below, 0.5, 1, HPO_FAILURE_NONE);
        evaluate(history, failed, 1, 0, HPO_FAILURE_CRASH);
        assert_true(hpo_recommend(hpo_history_view(history), &r));
        assert_true(r.who.eval->failure == HPO_FAILURE_NONE && r.who.eval->fidelity == 1);
        assert_int_equal(isnan(r.mean), i + 1 < 5);
        if (isnan(r.mean)) assert_int_equal(r.who.trial, 3 * i);
    }
    hpo_history_destroy(history);
    hpo_space_destroy(space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_noise_it_is_better_than_the_luckiest),
        cmocka_unit_test(without_noise_it_is_the_incumbent),
        cmocka_unit_test(only_what_could_be_the_incumbent_is_recommended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

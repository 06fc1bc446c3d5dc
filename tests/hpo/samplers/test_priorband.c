/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: numbers computed from the paper's formulas with NumPy and SciPy; counting. */
#include <math.h>
#include <stdlib.h>

#include "hpo/samplers/ensemble.h"
#include "tests/support/toy_space.h"

static void uniform_shares(void **state) {
    (void)state;
    static const double expected[3][5] = {
        {.5, .333333333333, .2, .111111111111, .058823529412},
        {.5, .25, .1, .035714285714, .012195121951},
        {.5, .2, .058823529412, .015384615385, .003891050584},
    };
    for (uint32_t eta = 2; eta <= 4; eta++) {
        for (uint32_t rung = 0; rung < 5; rung++) {
            CHECK_NEAR(hpo_ensemble_uniform(eta, rung), expected[eta - 2][rung], 1e-11);
        }
    }
}

static void costs_of_the_widest_bracket(void **state) {
    (void)state;
    CHECK_NEAR(hpo_ensemble_bracket_cost(1, 81, false, 3), 297, 1e-9);
    CHECK_NEAR(hpo_ensemble_bracket_cost(1, 81, true, 3), 297, 1e-9);
    CHECK_NEAR(hpo_ensemble_bracket_cost(3, 100, false, 3), 300, 1e-9);
    CHECK_NEAR(hpo_ensemble_bracket_cost(3, 100, true, 3), 304, 1e-9);
    CHECK_NEAR(hpo_ensemble_bracket_cost(1, 1, false, 3), 1, 1e-12);
    CHECK_NEAR(hpo_ensemble_bracket_cost(1, 243, true, 3), 243 + 5 * 162, 1e-9);
}

static const char one_number[] = "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.8, confidence: medium}}}";

static void beliefs_against_the_incumbent(void **state) {
    (void)state;
    static const double expected[5][3] = {
        {.5, .0926958361, .4073041639},          {.25, .1390437542, .6109562458},
        {.1, .1668525050, .7331474950},          {.0357142857, .1787705411, .7855151732},
        {.0121951220, .1831307982, .8046740799},
    };
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, one_number);
    const double points[] = {.30, .35, .45}, incumbent = .3, *best[] = {&points[0], &points[1], &points[2]};
    double log_prior, log_incumbent;
    hpo_ensemble_scores(s.space, best, 3, &incumbent, &log_prior, &log_incumbent);
    CHECK_NEAR(exp(log_prior), 2.38540215087977, 1e-12);
    CHECK_NEAR(exp(log_incumbent), 10.481422567151945, 1e-12);
    for (uint32_t rung = 0; rung < 5; rung++) {
        const hpo_ensemble e = hpo_ensemble_weigh(3, rung, log_prior, log_incumbent);
        CHECK_ARRAY_NEAR(((double[]){e.uniform, e.prior, e.incumbent}), expected[rung], 3, 1e-10);
        CHECK_NEAR(e.prior / (e.prior + e.incumbent), 0.18539167223882674, 1e-12);
    }
    const double none = -(double)INFINITY;
    CHECK_NEAR(hpo_ensemble_weigh(3, 0, none, none).prior, 0.25, 0);
    toy_sampling_close(&s);
}

/* ---- through views ---- */

static void add_result(hpo_history *history, uint64_t id, const double *config, double fidelity, double value) {
    base_err err;
    hpo_record record = {.kind = HPO_RECORD_START,
                         .trial = id,
                         .fidelity = fidelity,
                         .as_of = hpo_history_view(history).as_of,
                         .parent = UINT64_MAX,
                         .config = config};
    CHECK_OK(hpo_history_apply(history, &record, &err));
    record = (hpo_record){.kind = HPO_RECORD_RESULT,
                          .trial = id,
                          .fidelity = fidelity,
                          .parent = UINT64_MAX,
                          .value = value,
                          .final = fidelity >= 9,
                          .result = {.cost = fidelity}};
    CHECK_OK(hpo_history_apply(history, &record, &err));
}

static hpo_ensemble at(const toy_sampling *s, hpo_observations *observations, uint64_t *incumbent) {
    return hpo_ensemble_at(observations, s->space, hpo_history_view(s->history), 3, 1, 9,
                           hpo_ensemble_bracket_cost(1, 9, true, 3), NULL, incumbent);
}

/* Fidelities 1, 3, 9: one bracket costs 27. The incumbent counts from the first result at 9 with 27 spent on. */
static void the_incumbent_is_activated(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, one_number);
    hpo_observations *observations = hpo_observations_create(s.space);
    uint64_t id = 0, incumbent;
    for (; id < 30; id++) { /* spent, but never at the highest fidelity */
        add_result(s.history, id, (double[]){(double)id / 30}, 1, fabs((double)id - 15));
        const hpo_ensemble e = at(&s, observations, &incumbent);
        CHECK_ARRAY_NEAR(((double[]){e.uniform, e.prior, e.incumbent}), ((double[]){.25, .75, 0}), 3, 1e-15);
        assert_true(incumbent == UINT64_MAX);
    }
    add_result(s.history, id, (double[]){0.9}, 9, 5); /* only one at 9: the best 10 of 30 at 1 speak */
    const hpo_ensemble e = at(&s, observations, &incumbent);
    assert_int_equal(incumbent, 15); /* no fidelity is preferred */
    double points[10];
    const double *best[10];
    static const uint64_t order[] = {15, 14, 16, 13, 17, 12, 18, 11, 19, 10};
    for (size_t i = 0; i < 10; i++) {
        points[i] = (double)order[i] / 30;
        best[i] = &points[i];
    }
    double log_prior, log_incumbent;
    hpo_ensemble_scores(s.space, best, 10, &points[0], &log_prior, &log_incumbent);
    const hpo_ensemble expected = hpo_ensemble_weigh(3, 1, log_prior, log_incumbent);
    CHECK_NEAR(e.prior, expected.prior, 1e-12);
    CHECK_NEAR(e.incumbent, expected.incumbent, 1e-12);
    hpo_observations_destroy(observations);
    toy_sampling_close(&s);
}

/* Three results at 9 cost 27: one rung has eta results, all of them speak (K = 3), although 3/3 = 1. */
static void at_least_eta_results_speak(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, one_number);
    hpo_observations *observations = hpo_observations_create(s.space);
    const double points[] = {.30, .35, .45};
    uint64_t incumbent;
    for (uint64_t id = 0; id < 3; id++) add_result(s.history, id, &points[id], 9, points[id]);
    const hpo_ensemble e = at(&s, observations, &incumbent);
    assert_int_equal(incumbent, 0);
    CHECK_NEAR(e.prior, .1390437542, 1e-10);
    CHECK_NEAR(e.incumbent, .6109562458, 1e-10);
    hpo_observations_destroy(observations);
    toy_sampling_close(&s);
}

/* On the front a^2 + b^2 = 1 with the centre of the circle beyond it: the weights say who is the best. */
static void weights_choose_the_incumbent(void **state) {
    (void)state;
    static const hpo_goal goals[] = {{.name = "a", .reference = 1}, {.name = "b", .reference = 1}};
    static const double weights[][2] = {{1, 0}, {0, 1}, {0.5, 0.5}};
    static const uint64_t expected[] = {0, 4, 2};
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, one_number);
    hpo_history_destroy(s.history);
    s.history = hpo_history_create_for(s.space, goals, 2, 9);
    hpo_observations *observations = hpo_observations_create(s.space);
    for (uint64_t id = 0; id < 5; id++) {
        const double x = 0.1 + 0.2 * (double)id, angle = 0.25 * (double)id * acos(0);
        base_err err;
        hpo_record record = {.kind = HPO_RECORD_START, .trial = id, .fidelity = 9, .parent = UINT64_MAX, .config = &x};
        record.as_of = hpo_history_view(s.history).as_of;
        CHECK_OK(hpo_history_apply(s.history, &record, &err));
        record = (hpo_record){.kind = HPO_RECORD_RESULT, .trial = id, .fidelity = 9, .n_values = 2, .final = true};
        record.values[0] = 1 - cos(angle);
        record.values[1] = 1 - sin(angle);
        record.result.cost = 9;
        CHECK_OK(hpo_history_apply(s.history, &record, &err));
    }
    for (size_t i = 0; i < CHECK_COUNT(expected); i++) {
        uint64_t incumbent;
        const double cost = hpo_ensemble_bracket_cost(1, 9, true, 3);
        hpo_ensemble_at(observations, s.space, hpo_history_view(s.history), 3, 1, 9, cost, weights[i], &incumbent);
        assert_int_equal(incumbent, expected[i]);
    }
    hpo_observations_destroy(observations);
    toy_sampling_close(&s);
}

static const char of_each_metric[] = "{parameters: {x: {min: 0.0, max: 1.0, prior: {a: 0.2, b: 0.9}, confidence: {a: "
                                     "high, b: low}}, c: {values: [p, q, r], "
                                     "prior: {b: q}}}}";

static void tell_metrics(toy_sampling *s) {
    static const char *const names[] = {"a", "b"};
    base_err err;
    CHECK_OK(hpo_space_set_metrics(s->space, names, 2, &err));
}

static double normal_within(double x, double center, double deviation) {
    const double z = (x - center) / deviation, below = erfc(center / deviation / sqrt(2)) / 2;
    const double above = erfc((1 - center) / deviation / sqrt(2)) / 2;
    return exp(-z * z / 2) / (deviation * sqrt(4 * acos(0))) / (1 - below - above);
}

/* The density of a number for each metric, times that of a choice among three: 1, or 4 to 1 to 1 for q. */
static double naive_mixture(double x, double a, double b, double c) {
    const double of_c = c == 1 ? 3 * 4.0 / 6 : 3 * 1.0 / 6;
    return (normal_within(x, a, 0.125) + normal_within(x, b, 0.5) * of_c) / 2;
}

static void beliefs_of_metrics_are_mixed(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, of_each_metric);
    tell_metrics(&s);
    for (size_t i = 0; i < 33; i++) {
        const double config[] = {(double)(i / 3) / 10, (double)(i % 3)};
        CHECK_NEAR(exp(hpo_ensemble_log_prior(s.space, config)), naive_mixture(config[0], 0.2, 0.9, config[1]), 1e-12);
    }
    const double first[] = {0.3, 1}, second[] = {0.6, 2}, *best[] = {first, second}, incumbent[] = {0.4, 2};
    double log_prior, log_incumbent;
    hpo_ensemble_scores(s.space, best, 2, incumbent, &log_prior, &log_incumbent);
    CHECK_NEAR(exp(log_prior), 2 * naive_mixture(0.3, 0.2, 0.9, 1) + naive_mixture(0.6, 0.2, 0.9, 2), 1e-12);
    /* Moved to the incumbent r is what q was. */
    CHECK_NEAR(exp(log_incumbent), 2 * naive_mixture(0.3, 0.4, 0.4, 2) + naive_mixture(0.6, 0.4, 0.4, 1), 1e-12);
    toy_sampling_close(&s);
}

/* Half of the trials are uniform on rung 0, a quarter comes from either metric, told by the chances of q and of x below
 * 0.4. */
static void each_metric_has_its_share_of_the_draws(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, of_each_metric);
    tell_metrics(&s);
    size_t q = 0, low = 0, low_q = 0, modes = 0;
    for (uint64_t trial = 1; trial <= DRAWS; trial++) {
        const double *config = toy_sampling_point(&s, trial, 0);
        q += config[1] == 1;
        low += config[0] < 0.4;
        low_q += config[1] == 1 && config[0] < 0.4;
    }
    double below[2] = {0};
    for (size_t i = 0; i < 4000; i++) {
        const double x = (0.5 + (double)i) * 1e-4;
        below[0] += 1e-4 * normal_within(x, 0.2, 0.125);
        below[1] += 1e-4 * normal_within(x, 0.9, 0.5);
    }
    CHECK_NEAR((double)q / DRAWS, 0.5 / 3 + 0.25 / 3 + 0.25 * 4 / 6, 0.012);
    CHECK_NEAR((double)low / DRAWS, 0.5 * 0.4 + 0.25 * below[0] + 0.25 * below[1], 0.012);
    CHECK_NEAR((double)low_q / DRAWS, 0.5 * 0.4 / 3 + 0.25 * below[0] / 3 + 0.25 * below[1] * 4 / 6, 0.012);
    toy_sampling_close(&s);
    for (uint64_t seed = 1; seed <= 200; seed++) {
        toy_sampling_open(&s, "priorband", seed, of_each_metric);
        tell_metrics(&s);
        const double *config = toy_sampling_point(&s, 0, 0);
        const bool a = fabs(config[0] - 0.2) < 1e-12, b = fabs(config[0] - 0.9) < 1e-12 && config[1] == 1;
        assert_true(a || b);
        modes += a;
        toy_sampling_close(&s);
    }
    assert_in_range(modes, 75, 125);
}

static const char mixed[] =
    "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.3}, c: {values: [p, q, r], prior: q}, only: {values: [z]}, "
    "y: {min: 0.0, max: 1.0, when: {c: r}}, n: {min: 1, max: 1000}}}";

static void the_first_trial_is_the_mode(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, mixed);
    const double *config = toy_sampling_point(&s, 0, 0);
    CHECK_NEAR(config[0], 0.3, 1e-12);
    CHECK_NEAR(config[1], 1, 0);
    assert_true(isnan(config[3]));
    const double n = config[4];
    toy_sampling_close(&s);
    toy_sampling_open(&s, "priorband", 2, mixed);
    assert_true(toy_sampling_point(&s, 0, 0)[4] != n); /* no prior: uniform */
    toy_sampling_close(&s);
}

/* Each parameter changes half of the time, choices never to themselves; the whole never stays the same. */
static void mutations_are_local(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    toy_sampling s;
    toy_sampling_open(&s, "priorband", 1, mixed);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    double from[] = {0.5, 1, 0, (double)NAN, 500}, unit[8], config[8], spread = 0;
    hpo_space_activate(s.space, from);
    size_t x = 0, c = 0, n = 0, x_alone = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        assert_true(hpo_ensemble_mutate(s.space, from, &rng, unit, config));
        const bool moved = config[0] != 0.5;
        x += moved;
        c += config[1] != 1;
        n += config[4] != 500;
        x_alone += moved && config[1] == 1 && config[4] == 500;
        assert_true(isnan(config[3]) == (config[1] != 2));
        if (moved) spread += (config[0] - 0.5) * (config[0] - 0.5);
        assert_true(moved || config[1] != 1 || config[4] != 500);
    }
    /* Of the 8 combinations the empty one is drawn again. */
    CHECK_NEAR((double)x / DRAWS, 4.0 / 7, 0.02);
    CHECK_NEAR((double)c / DRAWS, 4.0 / 7, 0.02);
    CHECK_NEAR((double)n / DRAWS, 4.0 / 7, 0.02);
    CHECK_NEAR((double)x_alone / DRAWS, 1.0 / 7, 0.02);
    /* N(1/2, 1/4) within two deviations has the variance 0.7737 / 16. */
    CHECK_NEAR(spread / (double)x, 0.7737413 / 16, 0.0015);
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_shares),
        cmocka_unit_test(costs_of_the_widest_bracket),
        cmocka_unit_test(beliefs_against_the_incumbent),
        cmocka_unit_test(the_incumbent_is_activated),
        cmocka_unit_test(at_least_eta_results_speak),
        cmocka_unit_test(weights_choose_the_incumbent),
        cmocka_unit_test(beliefs_of_metrics_are_mixed),
        cmocka_unit_test(each_metric_has_its_share_of_the_draws),
        cmocka_unit_test(the_first_trial_is_the_mode),
        cmocka_unit_test(mutations_are_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: random search on functions whose optimum is known; binomial shares; what the rules say must not matter. */
#include "tests/hpo/samplers/told.h"

static const char *const square =
    "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.9}, y: {min: 1e-4, max: 1.0, log: true}, z: {min: 0.0, max: 1.0}}";

static void open_square(toy_sampling *s, const char *sampler, uint64_t seed, const char *options) {
    base_buf text = {0};
    base_buf_printf(&text, "%s%s}", square, options);
    toy_sampling_open(s, sampler, seed, base_buf_text(&text));
    base_buf_fini(&text);
}

/* Least at x = 0.3, y = 0.01, z = 0.7. */
static double bowl(const double *c) {
    return pow(c[0] - 0.3, 2) + pow(log10(c[1]) / 4 + 0.5, 2) + pow(c[2] - 0.7, 2);
}

static double best_of(const char *sampler, uint64_t seed, const char *space, const char *options, size_t n,
                      double (*loss)(const double *)) {
    static toy_sampling s;
    base_buf text = {0};
    base_buf_printf(&text, "%s%s}", space, options);
    toy_sampling_open(&s, sampler, seed, base_buf_text(&text));
    base_buf_fini(&text);
    double best = INFINITY;
    while (n-- > 0) best = fmin(best, told_step(&s, loss));
    toy_sampling_close(&s);
    return best;
}

static void it_beats_random_search(void **state) {
    (void)state;
    double rf = 0, random = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        const double mine = best_of("rf", seed, square, "", 60, bowl);
        assert_true(mine < 0.005);
        rf += mine;
        random += best_of("random", seed, square, "", 60, bowl);
    }
    assert_true(rf < random / 3);
}

static void every_acquisition_beats_random_search(void **state) {
    (void)state;
    double lcb = 0, thompson = 0, random = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        lcb += best_of("rf", seed, square, ", options: {acquisition: lcb, kappa: 1}", 60, bowl);
        thompson += best_of("rf", seed, square, ", options: {acquisition: thompson}", 60, bowl);
        random += best_of("random", seed, square, "", 60, bowl);
    }
    assert_true(lcb < random / 3);
    assert_true(thompson < random / 1.5);
}

/* 4^6 cells; choices interact in pairs; where c0 is 3 three more parameters appear and do not matter. */
static const char *const table = "{parameters: {c0: {values: [0, 1, 2, 3]}, c1: {values: [0, 1, 2, 3]}, c2: {values: "
                                 "[0, 1, 2, 3]}, c3: {values: [0, 1, 2, 3]}, c4: {values: [0, 1, 2, 3]}, c5: {values: "
                                 "[0, 1, 2, 3]}, d: {min: 0.0, max: 1.0, when: {c0: 3}}, e: {values: [p, q], when: "
                                 "{c0: 3}}}";
static double table_loss(const double *c) {
    double loss = 0;
    for (size_t i = 0; i < 6; i++) loss += fabs(c[i] - (double)(i % 4)) + (i % 2 && c[i] == c[i - 1] ? 2 : 0);
    return loss;
}

static void it_learns_choices(void **state) {
    (void)state;
    double rf = 0, random = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        rf += best_of("rf", seed, table, "", 80, table_loss);
        random += best_of("random", seed, table, "", 80, table_loss);
    }
    assert_true(rf <= 2); /* the sum over five seeds; the optimum is 0 */
    assert_true(rf < random / 3);
}

static void fill(toy_sampling *s, size_t n, double (*loss)(const double *)) {
    for (size_t i = 0; i < n; i++) {
        base_err err;
        const uint64_t trial = hpo_view_trials(hpo_history_view(s->history));
        base_rng rng = base_rng_stream(5, BASE_RNG_TEST, (uint32_t)trial, 0);
        CHECK_OK(hpo_space_sample(s->space, &rng, s->config, &err));
        told_start(s, s->config, "random");
        told_result(s, trial, loss(s->config));
    }
}

static void origins_and_shares(void **state) {
    (void)state;
    enum { N = 400 };
    static toy_sampling s;
    open_square(&s, "rf", 1, ", options: {startup: 12, candidates: 20}");
    fill(&s, 11, bowl);
    for (uint64_t i = 0; i < 50; i++) assert_string_equal(told_try(&s, 100 + i, 0), "random");
    fill(&s, 1, bowl);
    size_t random = 0;
    for (uint64_t i = 0; i < N; i++) random += strcmp(told_try(&s, 100 + i, 0), "random") == 0;
    CHECK_NEAR((double)random / N, 0.2, 4 * sqrt(0.2 * 0.8 / N));
    toy_sampling_close(&s);
    open_square(&s, "rf", 1, ", options: {startup: 12, candidates: 20, random: 0}");
    fill(&s, 12, bowl);
    for (uint64_t i = 0; i < 50; i++) assert_string_equal(told_try(&s, 100 + i, 0), "model");
    toy_sampling_close(&s);
}

static double fails_on_the_left(const double *c) {
    return c[0] < 0.5 ? (double)INFINITY : bowl(c);
}

/* Failed results do not count for the startup, and the model stays away from where they are. */
/* From one history: with one tree every trial asks one that is drawn for it, of two whose minima are apart. */
static void thompson_asks_one_tree(void **state) {
    (void)state;
    toy_sampling s;
    open_square(&s, "rf", 4, ", options: {acquisition: thompson, trees: 2, random: 0, startup: 5}");
    fill(&s, 30, bowl);
    double low = 1, high = 0;
    for (uint32_t attempt = 0; attempt < 12; attempt++) {
        assert_string_equal(told_try(&s, 30, attempt), "model");
        low = fmin(low, s.config[0]);
        high = fmax(high, s.config[0]);
        const double there = s.config[0];
        told_try(&s, 30, attempt);
        CHECK_SAME_DOUBLE(s.config[0], there);
    }
    assert_true(high > low);
    toy_sampling_close(&s);
}

static void failures_are_the_worst(void **state) {
    (void)state;
    static toy_sampling s;
    open_square(&s, "rf", 1, ", options: {startup: 30, random: 0}");
    size_t successes = 0, n = 0;
    while (successes < 30) {
        assert_string_equal(told_try(&s, 500, 0), "random");
        fill(&s, 1, fails_on_the_left);
        n++;
        successes = (size_t)hpo_view_count(hpo_history_view(s.history), HPO_TRIAL_COMPLETE);
    }
    assert_true(n > 40);
    size_t left = 0;
    for (uint64_t i = 0; i < 40; i++) {
        assert_string_equal(told_try(&s, 500 + i, 0), "model");
        left += s.config[0] < 0.5;
    }
    assert_true(left < 4); /* half of the space */
    toy_sampling_close(&s);
}

/* What came after the last multiple of 8 changes nothing; the 24th result does. */
static void retraining_waits(void **state) {
    (void)state;
    static toy_sampling s;
    double first[3];
    open_square(&s, "rf", 1, ", options: {retrain_after: 8, random: 0}");
    fill(&s, 16, bowl);
    told_try(&s, 100, 0);
    memcpy(first, s.config, sizeof first);
    for (size_t late = 1; late < 8; late++) {
        fill(&s, 1, bowl);
        told_try(&s, 100, 0);
        assert_memory_equal(s.config, first, sizeof first);
    }
    fill(&s, 1, bowl);
    told_try(&s, 100, 0);
    assert_memory_not_equal(s.config, first, sizeof first);
    toy_sampling_close(&s);
}

/* 12 trials run in the valley that the model wants to look into: proposals keep away from them, not from the valley.
 * The median, which says that all that runs is bad, raises their mean loss to 2.3 times what it was. */
static void running_trials_are_seen(void **state) {
    (void)state;
    enum { ASKS = 30 };
    static toy_sampling s;
    double near[2] = {0};
    open_square(&s, "rf", 3, ", options: {random: 0}");
    fill(&s, 60, bowl);
    for (int running = 0; running < 2; running++) {
        for (uint64_t i = 0; i < ASKS; i++) {
            told_try(&s, 1000 + i, 0);
            near[running] += bowl(s.config) / ASKS;
        }
        for (uint64_t i = 0; i < 12; i++) {
            told_try(&s, 2000 + i, 0);
            told_start(&s, s.config, "model");
        }
    }
    assert_true(near[1] > near[0]);
    assert_true(near[1] < 1.8 * near[0]);
    toy_sampling_close(&s);
}

/* The belief (x = 0.9) is misleading: it draws proposals towards itself, and needs a prior. */
static void priors_weigh(void **state) {
    (void)state;
    static toy_sampling s;
    base_err err;
    double mean[2] = {0};
    for (int weighed = 0; weighed < 2; weighed++) {
        open_square(&s, "rf", 3, weighed ? ", options: {random: 0, prior: true}" : ", options: {random: 0}");
        fill(&s, 12, bowl);
        for (uint64_t i = 0; i < 30; i++) {
            told_try(&s, 100 + i, 0);
            mean[weighed] += s.config[0] / 30;
        }
        toy_sampling_close(&s);
    }
    assert_true(mean[1] > mean[0] + 0.05);
    CHECK_STATUS(toy_sampling_try(&s, "rf", 1, "{parameters: {x: {min: 0.0, max: 1.0}}, options: {prior: true}}", &err),
                 BASE_INVALID);
    CHECK_CONTAINS(err.text, "needs a parameter with a prior");
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_beats_random_search),
        cmocka_unit_test(it_learns_choices),
        cmocka_unit_test(every_acquisition_beats_random_search),
        cmocka_unit_test(origins_and_shares),
        cmocka_unit_test(thompson_asks_one_tree),
        cmocka_unit_test(failures_are_the_worst),
        cmocka_unit_test(retraining_waits),
        cmocka_unit_test(running_trials_are_seen),
        cmocka_unit_test(priors_weigh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a proposal depends on: how many results, which ones, and what is running. */
#include "tests/hpo/samplers/results.h"

static const char one[] = "{parameters: {x: {min: 0.0, max: 1.0}}, options: {%s}}";

static void open_one(toy_sampling *s, uint64_t seed, const char *options) {
    char yaml[200];
    snprintf(yaml, sizeof yaml, one, options);
    toy_sampling_open(s, "tpe", seed, yaml);
}

static double grid_loss(double x) {
    return (x - 0.3) * (x - 0.3);
}

/* Ten successes are needed; failures do not count towards them. */
static void it_begins_at_random(void **state) {
    (void)state;
    static toy_sampling s;
    open_one(&s, 1, "");
    for (size_t i = 0; i < 5; i++) add_finished(&s, (double[]){0.1 * (double)i}, 1, (double)NAN);
    for (size_t i = 0; i < 10; i++) {
        assert_string_equal(propose(&s, 0), "random");
        add_finished(&s, (double[]){0.1 * (double)i}, 1, (double)i);
    }
    assert_string_equal(propose(&s, 0), "model");
    toy_sampling_close(&s);
}

/* Mean proposal over seeds, after 40 results on a grid and what `then` adds. */
static double mean_distance(const char *options, double from, void (*then)(toy_sampling *s)) {
    static toy_sampling s;
    double sum = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        open_one(&s, seed, options);
        for (size_t i = 0; i < 40; i++) {
            const double x = ((double)i + 0.5) / 40;
            add_finished(&s, &x, 1, grid_loss(x));
        }
        if (then) then(&s);
        assert_string_equal(propose(&s, 0), "model");
        sum += fabs(s.config[0] - from) / 200;
        toy_sampling_close(&s);
    }
    return sum;
}

static void run_many_at_the_best(toy_sampling *s) {
    for (size_t i = 0; i < 20; i++) add_running(s, (double[]){0.28 + 0.002 * (double)i}, 1);
}

static void fail_at_the_best(toy_sampling *s) {
    for (size_t i = 0; i < 20; i++) add_finished(s, (double[]){0.28 + 0.002 * (double)i}, 1, (double)NAN);
}

static void proposals_lie_near_the_best(void **state) {
    (void)state;
    assert_true(mean_distance("", 0.3, NULL) < 0.1);
}

/* Twenty running trials at the optimum push proposals away, unless the lie is switched off: then they change nothing.
 */
static void running_trials_push_away(void **state) {
    (void)state;
    const double alone = mean_distance("", 0.3, NULL), beside = mean_distance("", 0.3, run_many_at_the_best);
    assert_true(beside > 1.3 * alone);
    const double honest = mean_distance("constant_liar: false", 0.3, NULL);
    const double ignored = mean_distance("constant_liar: false", 0.3, run_many_at_the_best);
    assert_true(fabs(ignored - honest) < 0.3 * honest);
}

static void failures_push_away(void **state) {
    (void)state;
    assert_true(mean_distance("", 0.3, fail_at_the_best) > 1.3 * mean_distance("", 0.3, NULL));
}

/* Results at a higher fidelity come first: the best set is theirs, although the losses of lower ones are smaller. */
static void higher_fidelities_come_first(void **state) {
    (void)state;
    double mean[2] = {0, 0};
    for (uint64_t seed = 0; seed < 100; seed++) {
        for (int high = 0; high < 2; high++) {
            static toy_sampling s;
            open_one(&s, seed, "");
            for (size_t i = 0; i < 40; i++) {
                const double x = ((double)i + 0.5) / 80;
                add_finished(&s, &x, 0.1, grid_loss(x) - 100);
            }
            for (size_t i = 0; i < 5; i++) add_finished(&s, (double[]){0.85 + 0.01 * (double)i}, high ? 1 : 0.1, 5);
            propose(&s, 0);
            mean[high] += s.config[0] / 100;
            toy_sampling_close(&s);
        }
    }
    assert_true(mean[0] < 0.5);
    assert_true(mean[1] > 0.7);
}

/* In a joint density two parameters that were good together stay together: with separate ones they mix. */
static void a_joint_density_keeps_pairs(void **state) {
    (void)state;
    static const char yaml[] =
        "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}, options: {gamma: 0.5, density: %s}}";
    double apart[2] = {0, 0};
    for (int mode = 0; mode < 2; mode++) {
        for (uint64_t seed = 0; seed < 100; seed++) {
            static toy_sampling s;
            char text[200];
            snprintf(text, sizeof text, yaml, mode == 0 ? "multivariate" : "univariate");
            toy_sampling_open(&s, "tpe", seed, text);
            for (size_t i = 0; i < 50; i++) {
                const double e = 0.002 * (double)i, low = 0.1 + e, high = 0.9 - e;
                const bool flip = i % 2, good = i < 25;
                const double a = flip ? high : low, b = good ? a : flip ? low : high;
                add_finished(&s, (double[]){a, b}, 1, good ? 0 : 1);
            }
            propose(&s, 0);
            apart[mode] += fabs(s.config[0] - s.config[1]) / 100;
            toy_sampling_close(&s);
        }
    }
    assert_true(apart[0] < 0.7 * apart[1]);
}

static void it_beats_random_search(void **state) {
    (void)state;
    double tpe = 0, random = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        tpe += log(best_distance("tpe", seed, 4, 80)) / 10;
        random += log(best_distance("random", seed, 4, 80)) / 10;
    }
    assert_true(tpe < random - log(3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_at_random),          cmocka_unit_test(proposals_lie_near_the_best),
        cmocka_unit_test(running_trials_push_away),     cmocka_unit_test(failures_push_away),
        cmocka_unit_test(higher_fidelities_come_first), cmocka_unit_test(a_joint_density_keeps_pairs),
        cmocka_unit_test(it_beats_random_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a proposal depends on: how many results at which fidelity, and the share that is random. */
#include "tests/hpo/samplers/results.h"

static const char plane[] = "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}, options: {%s}}";

static void open_plane(toy_sampling *s, uint64_t seed, const char *options) {
    char yaml[200];
    snprintf(yaml, sizeof yaml, plane, options);
    toy_sampling_open(s, "kde", seed, yaml);
}

static void add_many(toy_sampling *s, size_t count, double fidelity, double best) {
    for (size_t i = 0; i < count; i++) {
        const double x = (double)(i * 7 % 20) / 20, y = (double)(i * 3 % 20) / 20;
        add_finished(s, (double[]){x, y}, fidelity, (x - best) * (x - best) + (y - best) * (y - best));
    }
}

/* In two dimensions six results make a model: three good and three bad ones. Failures count among the bad. */
static void six_results_make_a_model(void **state) {
    (void)state;
    static toy_sampling s;
    open_plane(&s, 1, "random_fraction: 0");
    add_many(&s, 3, 1, 0.5);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(propose(&s, 0), "random");
        add_finished(&s, (double[]){0.9, 0.1 * (double)i}, 1, (double)NAN);
    }
    assert_string_equal(propose(&s, 0), "model");
    toy_sampling_close(&s);
}

/* Also when a lower fidelity has many more results. */
static void the_highest_fidelity_with_enough_is_modelled(void **state) {
    (void)state;
    double mean[2] = {0, 0};
    for (uint64_t seed = 0; seed < 100; seed++) {
        for (size_t more = 0; more < 2; more++) {
            static toy_sampling s;
            open_plane(&s, seed, "random_fraction: 0, trust: false");
            add_many(&s, 100, 0.1, 0.1);
            add_many(&s, more == 0 ? 5 : 20, 1, 0.9);
            assert_string_equal(propose(&s, 0), "model");
            mean[more] += (s.config[0] + s.config[1]) / 200;
            toy_sampling_close(&s);
        }
    }
    assert_true(mean[0] < 0.35);
    assert_true(mean[1] > 0.6);
}

static void one_in_three_is_random(void **state) {
    (void)state;
    enum { N = 600 };
    size_t random = 0;
    for (uint64_t seed = 0; seed < N; seed++) {
        static toy_sampling s;
        open_plane(&s, seed, "");
        add_many(&s, 20, 1, 0.5);
        random += strcmp(propose(&s, 0), "random") == 0;
        toy_sampling_close(&s);
    }
    CHECK_NEAR((double)random / N, 1.0 / 3, 4 * sqrt(2.0 / 9 / N));
}

/* Asked again, it does not repeat what was tried. */
static void tried_choices_are_passed_over(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "kde", 1, "{parameters: {a: {min: 1, max: 8}}, options: {random_fraction: 0}}");
    for (size_t i = 1; i < 8; i++) add_finished(&s, (double[]){(double)i}, 1, (double)i);
    for (uint32_t attempt = 1; attempt < 10; attempt++) {
        if (strcmp(propose(&s, attempt), "model") == 0) CHECK_NEAR(s.config[0], 8, 0);
    }
    toy_sampling_close(&s);
}

static void it_beats_random_search(void **state) {
    (void)state;
    double kde = 0, random = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        kde += log(best_distance("kde", seed, 4, 100)) / 10;
        random += log(best_distance("random", seed, 4, 100)) / 10;
    }
    assert_true(kde < random - log(1.5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_results_make_a_model), cmocka_unit_test(the_highest_fidelity_with_enough_is_modelled),
        cmocka_unit_test(one_in_three_is_random),   cmocka_unit_test(tried_choices_are_passed_over),
        cmocka_unit_test(it_beats_random_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

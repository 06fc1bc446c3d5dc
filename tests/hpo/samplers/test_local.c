/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the rule of first improvement followed by hand on a table; neighbourhoods counted by hand; random search. */
#include "tests/hpo/samplers/results.h"
#include "tests/hpo/samplers/told.h"

static const char *const table =
    "{parameters: {a: {min: 0, max: 9}, b: {values: [0, 1, 2, 3, 4, 5, 6, 7], ordered: true}, c: {values: [p, q, r, s, "
    "t]}, d: {values: [u, v, w, x]}, e: {min: 1, max: 10}}, options: {startup: 5}}";
enum { WIDTH = 5 };

/* One optimum, (7, 2, r, u, 4); choices interact. */
static double table_loss(const double *x) {
    return pow(x[0] - 7, 2) + pow(x[1] - 2, 2) + 3 * fabs(x[2] - 2) +
           (x[3] == 0   ? 0
            : x[2] == 2 ? 9
                        : 4) +
           pow(x[4] - 4, 2) / 2;
}

static size_t evaluations_to_optimum(const char *sampler, uint64_t seed, size_t limit) {
    static toy_sampling s;
    toy_sampling_open(&s, sampler, seed,
                      strcmp(sampler, "local") == 0
                          ? table
                          : "{parameters: {a: {min: 0, max: 9}, b: {values: [0, 1, 2, 3, 4, 5, 6, 7], "
                            "ordered: true}, c: {values: [p, q, r, s, t]}, d: {values: [u, v, w, x]}, "
                            "e: {min: 1, max: 10}}}");
    size_t n = 1;
    while (n < limit && told_step(&s, table_loss) > 0) n++;
    toy_sampling_close(&s);
    return n;
}

/* 16,000 cells: random search without repetition needs 8,000 evaluations on average. */
static void it_finds_the_optimum_of_a_table_long_before_random_search(void **state) {
    (void)state;
    size_t local = 0, random = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        const size_t n = evaluations_to_optimum("local", seed, 1000);
        assert_true(n < 300);
        local += n;
        random += evaluations_to_optimum("random", seed, 3000);
    }
    assert_true(10 * local < random);
}

/* Each proposal differs from the best trial of the climb so far in one parameter, by hand; nothing twice. */
static void proposals_are_neighbours_of_the_best(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "local", 9, table);
    double best[WIDTH] = {0}, least = INFINITY;
    size_t steps = 0, starts = 0;
    for (uint64_t trial = 0; trial < 400; trial++) {
        const char *origin = told_try(&s, trial, 0);
        assert_false(hpo_view_has_config(hpo_history_view(s.history), s.config));
        if (strcmp(origin, "start") == 0) {
            if (starts == 5) { /* a new climb */
                starts = 0;
                least = INFINITY;
            }
            starts++;
        } else {
            assert_string_equal(origin, "local");
            assert_int_equal(starts, 5);
            size_t different = 0;
            for (size_t i = 0; i < WIDTH; i++) different += s.config[i] != best[i];
            assert_int_equal(different, 1);
            steps++;
        }
        const double loss = table_loss(s.config);
        if (loss < least) {
            least = loss;
            memcpy(best, s.config, sizeof best);
        }
        told_start(&s, s.config, origin);
        told_result(&s, trial, loss);
    }
    assert_true(steps > 300);
    toy_sampling_close(&s);
}

/* A table of 3 x 2 x 4 where nothing is better than the start: its 2 + 1 + 3 neighbours, then a new climb. */
static void a_climb_ends_when_all_neighbours_were_tried(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "local", 2,
                      "{parameters: {a: {values: [p, q, r]}, b: {values: [p, q]}, c: {values: [p, q, r, s]}}, options: "
                      "{startup: 1}}");
    for (uint64_t trial = 0; trial < 8; trial++) {
        const char *origin = told_ask(&s);
        assert_string_equal(origin, trial == 0 || trial == 7 ? "start" : "local");
        told_start(&s, s.config, origin);
        told_result(&s, trial, (double)trial);
    }
    toy_sampling_close(&s);
}

/* With everything running the neighbours are handed out one by one, and then nobody waits. A result that fails is no
 * centre. A result that improves moves the centre at once. */
static void running_and_failed_trials(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "local", 2,
                      "{parameters: {a: {values: [p, q, r]}, b: {values: [p, q]}, c: {values: [p, q, r, s]}}, options: "
                      "{startup: 2}}");
    told_start(&s, (double[]){0, 0, 0}, "start");
    assert_string_equal(told_ask(&s), "start");
    told_start(&s, (double[]){1, 1, 1}, "start");
    assert_string_equal(told_ask(&s), "start"); /* no result yet */
    told_result(&s, 1, (double)NAN);
    assert_string_equal(told_ask(&s), "start"); /* none that worked */
    told_result(&s, 0, 5);
    for (uint64_t n = 0; n < 6; n++) {
        assert_string_equal(told_try(&s, 2 + n, 0), "local");
        assert_int_equal((s.config[0] != 0) + (s.config[1] != 0) + (s.config[2] != 0), 1);
        assert_false(hpo_view_has_config(hpo_history_view(s.history), s.config));
        told_start(&s, s.config, "local");
    }
    assert_string_equal(told_ask(&s), "start");
    told_result(&s, 4, 1);
    double centre[3];
    memcpy(centre, hpo_view_trial(hpo_history_view(s.history), 4).config, sizeof centre);
    assert_string_equal(told_ask(&s), "local");
    assert_int_equal((s.config[0] != centre[0]) + (s.config[1] != centre[1]) + (s.config[2] != centre[2]), 1);
    toy_sampling_close(&s);
}

/* In a continuum a neighbourhood is finite, too: 4 draws for each of 3 numbers. */
static void numbers_have_finitely_many_neighbours(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "local", 7,
                      "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}, z: {min: 0.0, max: 1.0}}, "
                      "options: {startup: 3}}");
    for (uint64_t trial = 0; trial < 16; trial++) {
        const char *origin = told_ask(&s);
        assert_string_equal(origin, trial < 3 || trial == 15 ? "start" : "local");
        told_start(&s, s.config, origin);
        told_result(&s, trial, trial == 1 ? 0 : 1);
    }
    toy_sampling_close(&s);
}

/* The best at a low fidelity looks better than it is: the centre is the best at the highest one, told first or last. */
static void the_highest_fidelity_makes_the_centre(void **state) {
    (void)state;
    static const double points[5][WIDTH] = {
        {0, 0, 0, 0, 1}, {5, 5, 2, 2, 5}, {9, 7, 4, 3, 9}, {2, 6, 1, 3, 8}, {7, 1, 3, 1, 3}};
    for (size_t centre = 0; centre < 5; centre++) {
        static toy_sampling s;
        toy_sampling_open(&s, "local", 3, table);
        for (size_t i = 0; i < 5; i++) {
            const bool full = i == centre || i == (centre + 2) % 5;
            add_finished(&s, points[i], full ? 1 : 0.1, i == centre ? 5 : full ? 6 : (double)i);
        }
        for (uint32_t attempt = 0; attempt < 8; attempt++) {
            assert_string_equal(propose(&s, attempt), "local");
            size_t differ = 0;
            for (size_t d = 0; d < WIDTH; d++) differ += s.config[d] != points[centre][d];
            assert_int_equal(differ, 1);
        }
        toy_sampling_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_the_optimum_of_a_table_long_before_random_search),
        cmocka_unit_test(proposals_are_neighbours_of_the_best),
        cmocka_unit_test(a_climb_ends_when_all_neighbours_were_tried),
        cmocka_unit_test(running_and_failed_trials),
        cmocka_unit_test(numbers_have_finitely_many_neighbours),
        cmocka_unit_test(the_highest_fidelity_makes_the_centre),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the population by its definition, which every child must be one exchange away from; how often the best of
 * it is the parent, by the closed form; random search. */
#include "tests/hpo/samplers/results.h"

enum { POPULATION = 8 };

static const char MIXED[] = "{parameters: {c: {values: [a, b, c, d]}, n: {min: 1, max: 100, log: true},"
                            " x: {min: 0.0, max: 1.0}, y: {min: 0.001, max: 1.0, log: true, when: {c: [a, b]}}},"
                            " options: {population: 8, tournament: 3}}";

/* How many parameters differ, not counting what the parent lacks. */
static size_t changes(const toy_sampling *s, const double *parent) {
    size_t count = 0;
    for (size_t i = 0; i < hpo_space_count(s->space); i++)
        count += !isnan(parent[i]) && !isnan(s->config[i]) && parent[i] != s->config[i];
    return count;
}

/* The youngest that have succeeded. */
static size_t members(hpo_view view, uint64_t *out) {
    size_t n = 0;
    for (uint64_t id = hpo_view_trials(view); id-- > 0 && n < POPULATION;) {
        const hpo_trial trial = hpo_view_trial(view, id);
        if (trial.n_evals > 0 && trial.evals[0].failure == HPO_FAILURE_NONE) out[n++] = id;
    }
    return n;
}

static void a_child_is_one_mutation_of_a_member(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "evolution", 2, MIXED);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    size_t children = 0, changed[4] = {0};
    for (uint64_t id = 0; id < 300; id++) {
        const hpo_view view = hpo_history_view(s.history);
        uint64_t member[POPULATION];
        const size_t n = members(view, member);
        const char *origin = propose(&s, 0);
        if (id < POPULATION) assert_string_equal(origin, "random");
        if (strcmp(origin, "child") == 0) {
            bool found = false;
            for (size_t i = 0; i < n && !found; i++) {
                const double *parent = hpo_view_trial(view, member[i]).config;
                found = changes(&s, parent) == 1;
                for (size_t p = 0; p < 4 && found; p++)
                    changed[p] += !isnan(parent[p]) && !isnan(s.config[p]) && parent[p] != s.config[p];
            }
            assert_true(found);
            assert_false(hpo_view_has_config(view, s.config));
            children++;
        }
        const double draw = base_rng_uniform(&rng);
        if (draw < 0.1)
            add_running(&s, s.config, 1);
        else
            add_finished(&s, s.config, 1, draw < 0.2 ? NAN : draw);
    }
    assert_true(children > 250);
    for (size_t p = 0; p < 4; p++) assert_true(changed[p] > 20); /* each of 4, 72 on average; y is not always there */
    toy_sampling_close(&s);
}

/* The best of 3 that are drawn of 8 with replacement is the best of all with probability 1 - (7/8)^3 = 0.330. */
static void the_best_is_the_parent_as_often_as_drawn(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "evolution", 3,
                      "{parameters: {x: {min: 0.0, max: 1.0}, n: {min: 0, max: 1000000}},"
                      " options: {population: 8, tournament: 3, deviation: 1e-7}}");
    for (uint64_t id = 0; id < POPULATION; id++) {
        const double config[] = {0.1 + 0.1 * (double)id, 1000 * (double)id};
        add_finished(&s, config, 1, id == 5 ? -1 : (double)id);
    }
    enum { DRAWS = 4000 };
    size_t best = 0;
    for (uint32_t attempt = 0; attempt < DRAWS; attempt++) {
        assert_string_equal(propose(&s, attempt), "child");
        best += fabs(s.config[0] - 0.6) < 0.01 && fabs(s.config[1] - 5000) < 10;
    }
    const double p = 1 - pow(7.0 / 8, 3);
    assert_true(fabs((double)best / DRAWS - p) < 4 * sqrt(p * (1 - p) / DRAWS));
    toy_sampling_close(&s);
}

/* Whoever is older than the population is no parent, however good; with a population of one there is no other. */
static void the_old_die(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "evolution", 4,
                      "{parameters: {x: {min: 0.0, max: 1.0}}, options: {population: 4, deviation: 0.001}}");
    for (uint64_t id = 0; id < 5; id++) add_finished(&s, &(double){0.1 + 0.2 * (double)id}, 1, (double)id);
    for (uint32_t attempt = 0; attempt < 200; attempt++) {
        assert_string_equal(propose(&s, attempt), "child");
        assert_true(s.config[0] > 0.29);
    }
    toy_sampling_close(&s);
}

static void duplicates_are_made_only_when_asked_for(void **state) {
    (void)state;
    static toy_sampling s;
    for (int duplicates = 0; duplicates < 2; duplicates++) {
        toy_sampling_open(&s, "evolution", 5,
                          duplicates
                              ? "{parameters: {c: {values: [a, b, c]}}, options: {population: 2, duplicates: true}}"
                              : "{parameters: {c: {values: [a, b, c]}}, options: {population: 2}}");
        add_finished(&s, &(double){0}, 1, 0);
        add_finished(&s, &(double){1}, 1, 1);
        size_t old = 0;
        for (uint32_t attempt = 0; attempt < 100; attempt++) {
            assert_string_equal(propose(&s, attempt), "child");
            old += s.config[0] < 2;
        }
        if (duplicates)
            assert_true(old > 20 && old < 80);
        else
            assert_int_equal(old, 0);
        toy_sampling_close(&s);
    }
}

static void it_beats_random_search(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++)
        assert_true(3 * best_distance("evolution", seed, 5, 400) < best_distance("random", seed, 5, 400));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_is_one_mutation_of_a_member),
        cmocka_unit_test(the_best_is_the_parent_as_often_as_drawn),
        cmocka_unit_test(the_old_die),
        cmocka_unit_test(duplicates_are_made_only_when_asked_for),
        cmocka_unit_test(it_beats_random_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

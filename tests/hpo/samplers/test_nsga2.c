/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the population worked out from the definition, which children must be made of; a front that is known, and
 * random search. */
#include "hpo/trials/order.h"
#include "tests/hpo/samplers/many_goals.h"

enum { DIMS = 5, MOST = 600 };

static const hpo_goal *const goals = zdt1_goals;

/* After 600 trials nsga2 lacks 1.5 to 2.7 of the front, random search 7.1 to 9.7. */
static void it_comes_close_to_a_front(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        const double mine = zdt1_lack("nsga2", "{}", seed, DIMS, MOST);
        const double random = zdt1_lack("random", "{}", seed, DIMS, MOST);
        assert_true(mine > 0 && mine < 3);
        assert_true(2.5 * mine < random);
    }
}

/* By the definition: generations of `size` trials, each followed by the selection of as many from it and the last. */
static size_t naive_population(hpo_view view, size_t size, hpo_member *out) {
    const size_t whole = (size_t)hpo_view_trials(view) / size * size;
    hpo_member all[MOST];
    size_t n = 0;
    for (size_t id = 0; id < whole; id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        if (trial.n_evals == 1 && trial.evals[0].failure == HPO_FAILURE_NONE)
            all[n++] =
                (hpo_member){.trial = id, .loss = trial.evals[0].loss, .losses = hpo_eval_losses(&trial.evals[0])};
        if (id % size != size - 1) continue;
        hpo_order_members(all, n, 2, hpo_spread_crowding, NULL);
        if (n > size) n = size;
    }
    memcpy(out, all, n * sizeof *out);
    return n;
}

static bool is_gene(const toy_sampling *s, const hpo_member *population, size_t n, size_t d) {
    for (size_t i = 0; i < n; i++) {
        const hpo_trial parent = hpo_view_trial(hpo_history_view(s->history), population[i].trial);
        if (fabs(parent.config[d] - s->config[d]) < 1e-12) return true;
    }
    return false;
}

/* With some trials that fail, and some that still run. Nearly without mutation every coordinate of a child is one of
 * the population's. */
static void children_are_made_of_the_population(void **state) {
    (void)state;
    static toy_sampling s;
    enum { SIZE = 8 };
    open_goals(&s, "nsga2", 3, DIMS, "{population: 8, mutation: 1e-12}", goals, 2);
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 0, 0);
    size_t children = 0;
    for (uint64_t id = 0; id < 200; id++) {
        hpo_member population[MOST];
        const char *origin = propose(&s, 0);
        const size_t n = naive_population(hpo_history_view(s.history), SIZE, population);
        if (id < SIZE) assert_string_equal(origin, "random");
        if (strcmp(origin, "child") == 0) {
            for (size_t d = 0; d < DIMS; d++) assert_true(is_gene(&s, population, n, d));
            children++;
        }
        double f[2];
        zdt1(s.config, DIMS, f);
        add_running(&s, s.config, 1);
        if (base_rng_uniform(&rng) < 0.9) finish(&s, id, f, 2, base_rng_uniform(&rng) < 0.1);
    }
    assert_true(children > 100);
    toy_sampling_close(&s);
}

/* What was evaluated at a higher fidelity comes first, however it compares. */
static void a_higher_fidelity_comes_first(void **state) {
    (void)state;
    static toy_sampling s;
    base_err err;
    open_goals(&s, "nsga2", 5, DIMS, "{population: 2, mutation: 1e-12, crossover: 0}", goals, 2);
    for (uint64_t id = 0; id < 4; id++) {
        const double x[DIMS] = {0.1 * (double)id, 0.2, 0.3, 0.4, 0.5}, good[] = {0, 0}, bad[] = {9, 9};
        add_running(&s, x, id < 2 ? 1 : 0.5);
        hpo_record record = {.kind = HPO_RECORD_RESULT, .trial = id, .n_values = 2, .result = {.cost = 1}};
        record.fidelity = id < 2 ? 1 : 0.5;
        memcpy(record.values, id < 2 ? bad : good, sizeof good);
        CHECK_OK(hpo_history_apply(s.history, &record, &err));
    }
    /* clones of 0 and 1 are all that could come, and they are there: a child with nothing new is none */
    assert_string_equal(propose(&s, 0), "random");
    toy_sampling_close(&s);
    open_goals(&s, "nsga2", 5, DIMS, "{population: 2, mutation: 1e-12, crossover: 1}", goals, 2);
    for (uint64_t id = 0; id < 4; id++) {
        const double a = id < 2 ? 0.1 : 0.8, b = (double)(id % 2), bad[] = {9, 9}, good[] = {0, 0};
        const double x[DIMS] = {a + 0.1 * b, a + 0.1 * b, a + 0.1 * b, a + 0.1 * b, a + 0.1 * b};
        add_running(&s, x, id < 2 ? 1 : 0.5);
        hpo_record record = {.kind = HPO_RECORD_RESULT, .trial = id, .n_values = 2, .result = {.cost = 1}};
        record.fidelity = id < 2 ? 1 : 0.5;
        memcpy(record.values, id < 2 ? bad : good, sizeof good);
        CHECK_OK(hpo_history_apply(s.history, &record, &err));
    }
    assert_string_equal(propose(&s, 0), "child");
    for (size_t d = 0; d < DIMS; d++) assert_true(s.config[d] < 0.3);
    toy_sampling_close(&s);
}

/* One goal: a genetic algorithm. */
static void one_goal_is_enough(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        const double mine = best_distance("nsga2", seed, DIMS, 400), random = best_distance("random", seed, DIMS, 400);
        assert_true(1.5 * mine < random);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_close_to_a_front),
        cmocka_unit_test(children_are_made_of_the_population),
        cmocka_unit_test(a_higher_fidelity_comes_first),
        cmocka_unit_test(one_goal_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

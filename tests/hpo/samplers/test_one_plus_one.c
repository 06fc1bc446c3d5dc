/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the published recursion of the step size, which the lengths of steps must have; the rate of success; a bowl;
 * random search. */
#include "tests/hpo/samplers/results.h"
#include "tests/hpo/samplers/told.h"

enum { DIMS = 40 }; /* so that the length of one step tells its deviation to a fifth */

static void add_child(toy_sampling *s, double loss) {
    const uint64_t trial = hpo_view_trials(hpo_history_view(s->history));
    told_start(s, s->config, "child");
    told_result(s, trial, loss);
}

/* The deviation of 50 proposals from the parent. */
static double deviation_of(toy_sampling *s, const double *parent) {
    double sum = 0;
    for (uint32_t attempt = 0; attempt < 50; attempt++) {
        assert_string_equal(propose(s, attempt), "child");
        for (size_t d = 0; d < DIMS; d++) sum += (s->config[d] - parent[d]) * (s->config[d] - parent[d]);
    }
    return sqrt(sum / (50 * DIMS));
}

static void steps_have_the_published_size(void **state) {
    (void)state;
    static toy_sampling s;
    char *yaml = toy_cube(DIMS, "{startup: 1, sigma: 0.01}");
    toy_sampling_open(&s, "one-plus-one", 3, yaml);
    double parent[DIMS], sigma = 0.01, rate = 2.0 / 11, loss = 1000;
    for (size_t d = 0; d < DIMS; d++) parent[d] = 0.5;
    add_finished(&s, parent, 1, loss);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (int t = 0; t < 120; t++) {
        const double measured = deviation_of(&s, parent);
        assert_true(fabs(measured / sigma - 1) < 5 / sqrt(2.0 * 50 * DIMS));
        propose(&s, 0);
        const double draw = base_rng_uniform(&rng);
        const bool success = draw < 0.25 || t < 10; /* grows first */
        if (success) memcpy(parent, s.config, sizeof parent);
        add_child(&s, success ? --loss : draw < 0.4 ? NAN : loss + 1);
        rate = rate * 11 / 12 + success / 12.0; /* c_p = (2/11) / (2 + 2/11) = 1/12 */
        sigma *= exp((rate - 2.0 / 11) / (1 - 2.0 / 11) / (1 + DIMS / 2.0));
    }
    assert_true(sigma > 0.01);
    toy_sampling_close(&s);
    free(yaml);
}

/* Every choice and level can be reached from any parent. */
static void levels_and_choices_change(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "one-plus-one", 4,
                      "{parameters: {c: {values: [a, b, c]}, n: {min: 1, max: 9}, y: {min: 0.0, max: 1.0, when: {c: "
                      "b}}}, options: {startup: 1, sigma: 0.001}}");
    add_finished(&s, (const double[]){0, 5, NAN}, 1, 0);
    size_t choices[3] = {0}, levels[10] = {0};
    for (uint32_t attempt = 0; attempt < 1000; attempt++) {
        propose(&s, attempt);
        assert_true(s.config[0] != 0 || s.config[1] != 5);
        assert_int_equal(isnan(s.config[2]), s.config[0] != 1);
        choices[(size_t)s.config[0]]++;
        levels[(size_t)s.config[1]]++;
    }
    for (size_t i = 0; i < 3; i++) assert_true(choices[i] > 100);
    assert_true(levels[4] > 100 && levels[6] > 100 && levels[5] > 100);
    toy_sampling_close(&s);
}

static void a_bowl_is_solved(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        static toy_sampling s;
        char *yaml = toy_cube(5, "{}");
        toy_sampling_open(&s, "one-plus-one", seed, yaml);
        double best = INFINITY;
        for (size_t i = 0; i < 600; i++) {
            const char *origin = propose(&s, 0);
            double loss = 0;
            for (size_t d = 0; d < 5; d++) loss += (s.config[d] - 0.7) * (s.config[d] - 0.7);
            if (strcmp(origin, "child") == 0)
                add_child(&s, loss);
            else
                add_finished(&s, s.config, 1, loss);
            best = fmin(best, loss);
        }
        assert_true(best < 1e-10);
        toy_sampling_close(&s);
        free(yaml);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_have_the_published_size),
        cmocka_unit_test(levels_and_choices_change),
        cmocka_unit_test(a_bowl_is_solved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

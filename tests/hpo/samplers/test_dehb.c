/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the populations by their definition, of which every child must be a combination; that a place goes to
 * whoever is no worse. */
#include "tests/hpo/samplers/results.h"

enum { DIMS = 3, SIZE = 9 /* of rung 0 of fidelities 1, 3, 9 */ };

static void open_rungs(toy_sampling *s) {
    base_err err;
    char *yaml = toy_cube(DIMS, "{}");
    toy_sampling_open(s, "dehb", 1, yaml);
    free(yaml);
    hpo_sampler_destroy(s->sampler);
    hpo_history_destroy(s->history);
    s->history = hpo_history_create(s->space, false, 9);
    const hpo_sampler_env env = {.space = s->space, .seed = 1, .min_fidelity = 1, .max_fidelity = 9};
    CHECK_OK(hpo_sampler_create(hpo_sampler_find("dehb"), NULL, &env, &s->sampler, &err));
}

static void ask(toy_sampling *s, uint32_t bracket, double fidelity, uint32_t attempt) {
    base_err err;
    const char *origin;
    const hpo_view view = hpo_history_view(s->history);
    const hpo_request request = {
        .trial = hpo_view_trials(view), .attempt = attempt, .bracket = bracket, .fidelity = fidelity};
    CHECK_OK(hpo_sampler_ask(s->sampler, view, &request, s->config, &origin, &err));
    assert_string_equal(origin, "child");
}

static void add(toy_sampling *s, const double *config, double fidelity, double loss) {
    base_err err;
    add_running(s, config, fidelity);
    const hpo_record record = {.kind = HPO_RECORD_RESULT,
                               .trial = hpo_view_trials(hpo_history_view(s->history)) - 1,
                               .fidelity = fidelity,
                               .value = loss,
                               .final = fidelity >= 9,
                               .result = {.cost = 1}};
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

/* Whether each coordinate is the target's, or that of a + (b - c) / 2 with three of the pool, or was drawn anew. */
static bool is_combination(const double *x, double pool[][DIMS], size_t n, const double *target) {
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
            for (size_t c = 0; c < n; c++) {
                if (a == b || a == c || b == c) continue;
                bool fits = true;
                for (size_t d = 0; d < DIMS; d++) {
                    const double mutant = pool[a][d] + 0.5 * (pool[b][d] - pool[c][d]);
                    fits = fits &&
                           (mutant < 0 || mutant > 1 || fabs(x[d] - mutant) < 1e-12 || fabs(x[d] - target[d]) < 1e-12);
                }
                if (fits) return true;
            }
    return false;
}

/* Nine results at fidelity 1 and three at 3. The second stage of the first bracket after Hyperband's three, number 4,
 * has three trials: its parents are the best three of fidelity 1, its target is who came first at 3. */
static void parents_come_from_the_rung_below(void **state) {
    (void)state;
    static toy_sampling s;
    open_rungs(&s);
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    double low[SIZE][DIMS], high[3][DIMS];
    for (size_t i = 0; i < SIZE; i++) {
        for (size_t d = 0; d < DIMS; d++) low[i][d] = 0.3 + 0.4 * base_rng_uniform(&rng);
        add(&s, low[i], 1, (double)((i + 4) % SIZE)); /* the best are 5, 6, 7 */
    }
    for (size_t i = 0; i < 3; i++) {
        for (size_t d = 0; d < DIMS; d++) high[i][d] = 0.3 + 0.4 * base_rng_uniform(&rng);
        add(&s, high[i], 3, 1);
    }
    for (uint32_t attempt = 0; attempt < 50; attempt++) {
        ask(&s, 4, 3, attempt);
        assert_true(is_combination(s.config, &low[5], 3, high[0]));
        ask(&s, 3, 1, attempt); /* on the first stage all nine are parents */
        assert_true(is_combination(s.config, low, SIZE, low[0]));
    }
    add(&s, (const double[DIMS]){0.5, 0.5, 0.5}, 3, 2); /* is worse than the first, so that that stays */
    add(&s, (const double[DIMS]){0.4, 0.4, 0.4}, 3, 1); /* is as good as the second, whose place it takes */
    add(&s, high[2], 3, 1);
    for (uint32_t attempt = 0; attempt < 50; attempt++) {
        ask(&s, 4, 3, attempt);
        assert_true(is_combination(s.config, &low[5], 3, high[0]));
    }
    add_running(&s, high[2], 3); /* is for the first place: the next one is for the second */
    for (uint32_t attempt = 0; attempt < 50; attempt++) {
        ask(&s, 4, 3, attempt);
        assert_true(is_combination(s.config, &low[5], 3, (const double[DIMS]){0.4, 0.4, 0.4}));
    }
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parents_come_from_the_rung_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: the search distribution (which test_cma.c tests) driven by hand beside the sampler, with the same streams;
 * functions whose minimum is known. */
#include "hpo/models/cma.h"
#include "tests/hpo/samplers/results.h"

enum { SEED = 7 };

/* The point of a trial, drawn until it lies in the unit square. */
static void draw_inside(const hpo_cma *cma, uint32_t trial, double x[2]) {
    base_rng rng = base_rng_stream(SEED, BASE_RNG_SAMPLER, trial, 0);
    do hpo_cma_sample(cma, &rng, x);
    while (!(x[0] >= 0 && x[0] <= 1 && x[1] >= 0 && x[1] <= 1));
}

static hpo_cma *make_by_hand(size_t lambda, const double *mean) {
    return hpo_cma_create(&(hpo_cma_config){.n = 2, .lambda = lambda, .mean = mean, .sigma = 0.1});
}

static double bowl(const double *x) {
    return (x[0] - 0.6) * (x[0] - 0.6) + 10 * (x[1] - 0.4) * (x[1] - 0.4);
}

static int by_loss(const void *a, const void *b) {
    const hpo_cma_point *x = a, *y = b;
    return (x->loss > y->loss) - (x->loss < y->loss);
}

/* One worker: it is CMA-ES to the last bit but those that the unit cube costs. */
static void one_worker_runs_the_algorithm(void **state) {
    (void)state;
    static toy_sampling s;
    char *yaml = toy_cube(2, "{sigma: 0.1}");
    toy_sampling_open(&s, "cma-es", SEED, yaml);
    enum { LAMBDA = 6, GENERATIONS = 40 };
    const double middle[] = {0.5, 0.5};
    hpo_cma *cma = make_by_hand(LAMBDA, middle);
    double x[LAMBDA][2];
    hpo_cma_point points[LAMBDA];
    for (uint32_t trial = 0; trial < LAMBDA * GENERATIONS; trial++) {
        const uint32_t k = trial % LAMBDA;
        draw_inside(cma, trial, x[k]);
        assert_string_equal(propose(&s, 0), "cma-es");
        assert_true(fabs(s.config[0] - x[k][0]) < 1e-12 && fabs(s.config[1] - x[k][1]) < 1e-12);
        points[k] = (hpo_cma_point){.x = x[k], .loss = bowl(x[k])};
        base_err err;
        const hpo_view view = hpo_history_view(s.history);
        const hpo_record start = {.kind = HPO_RECORD_START,
                                  .trial = trial,
                                  .fidelity = 1,
                                  .as_of = view.as_of,
                                  .parent = UINT64_MAX,
                                  .origin = "cma-es",
                                  .config = s.config};
        CHECK_OK(hpo_history_apply(s.history, &start, &err));
        const hpo_record end = {.kind = HPO_RECORD_RESULT,
                                .trial = trial,
                                .fidelity = 1,
                                .value = points[k].loss,
                                .final = true,
                                .result = {.cost = 1}};
        CHECK_OK(hpo_history_apply(s.history, &end, &err));
        if (k < LAMBDA - 1) continue;
        qsort(points, LAMBDA, sizeof *points, by_loss);
        hpo_cma_update(cma, points);
    }
    assert_true(bowl(s.config) < 1e-6);
    hpo_cma_destroy(cma);
    toy_sampling_close(&s);
    free(yaml);
}

/* Equal losses end a run after 10 + 30 n / lambda = 20 generations; the next one has twice the population and begins
 * somewhere else, or does not begin. */
static void a_run_that_has_ended_is_followed(void **state) {
    (void)state;
    enum { FIRST = 6 * 20 };
    static toy_sampling s;
    for (int restarts = 0; restarts < 2; restarts++) {
        char *yaml = toy_cube(2, restarts ? "{sigma: 0.1, restarts: ipop}" : "{sigma: 0.1, restarts: none}");
        toy_sampling_open(&s, "cma-es", SEED, yaml);
        base_rng rng = base_rng_stream(SEED, BASE_RNG_SAMPLER, 1, UINT32_C(0xfffffffe));
        const double mean[] = {base_rng_uniform(&rng), base_rng_uniform(&rng)};
        hpo_cma *cma = make_by_hand(12, mean);
        for (uint32_t trial = 0; trial < FIRST + 12; trial++) {
            double x[2];
            propose(&s, 0);
            draw_inside(cma, trial, x);
            const bool same = fabs(s.config[0] - x[0]) < 1e-12 && fabs(s.config[1] - x[1]) < 1e-12;
            assert_int_equal(same, restarts && trial >= FIRST);
            add_finished(&s, s.config, 1, 3);
        }
        hpo_cma_destroy(cma);
        toy_sampling_close(&s);
        free(yaml);
    }
}

/* Results of two fidelities do not make a generation together, nor do failures move the mean: they come last. */
static void fidelities_fill_generations_of_their_own(void **state) {
    (void)state;
    static toy_sampling s;
    char *yaml = toy_cube(2, "{sigma: 0.1}");
    toy_sampling_open(&s, "cma-es", SEED, yaml);
    const double middle[] = {0.5, 0.5};
    hpo_cma *cma = make_by_hand(6, middle);
    for (uint32_t trial = 0; trial < 11; trial++) {
        double x[2];
        propose(&s, 0);
        draw_inside(cma, trial, x);
        assert_true(fabs(s.config[0] - x[0]) < 1e-12); /* as it was at the beginning */
        add_finished(&s, s.config, trial % 2 ? 1 : 0.5, trial == 5 ? NAN : bowl(s.config));
    }
    double x[2];
    propose(&s, 0); /* six at 0.5 are there */
    draw_inside(cma, 11, x);
    assert_true(fabs(s.config[0] - x[0]) > 1e-12);
    hpo_cma_destroy(cma);
    toy_sampling_close(&s);
    free(yaml);
}

static double mixed_loss(const double *config) {
    double loss = (config[0] - 0.3) * (config[0] - 0.3) + fabs(log(config[1] / 40)) + fabs(config[2] - 3) / 4;
    loss += config[3] != 2;
    return loss + (isnan(config[4]) ? 1 : (config[4] - 0.8) * (config[4] - 0.8)) + (config[5] != 1);
}

/* Numbers, levels on a logarithm's scale, an ordered choice, choices, a conditional number; some fail, and four run at
 * once. */
static void mixed_spaces_are_solved(void **state) {
    (void)state;
    static toy_sampling s;
    double worst = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        toy_sampling_open(
            &s, "cma-es", seed,
            "{parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 1000, log: true}, o: {values: [1, 2, "
            "4, 8, 16], ordered: true}, c: {values: [a, b, c]}, y: {min: 0.0, max: 1.0, when: {c: [b, "
            "c]}}, b: {values: [false, true]}}, forbid: [{c: a, x: {gt: 0.5}}]}");
        base_err err;
        base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
        double best = INFINITY;
        for (uint64_t trial = 0; trial < 1000; trial++) {
            propose(&s, 0);
            CHECK_OK(hpo_space_check(s.space, s.config, &err));
            add_running(&s, s.config, 1);
            const uint64_t late = trial < 4 ? 0 : trial - base_rng_below(&rng, 4);
            for (uint64_t id = late; id <= trial; id++) {
                const hpo_trial it = hpo_view_trial(hpo_history_view(s.history), id);
                if (it.n_evals > 0) continue;
                const bool fails = base_rng_uniform(&rng) < 0.05;
                const hpo_record end = {.kind = HPO_RECORD_RESULT,
                                        .trial = id,
                                        .fidelity = 1,
                                        .value = mixed_loss(it.config),
                                        .final = true,
                                        .result = {.cost = 1, .failure = fails ? HPO_FAILURE_CRASH : HPO_FAILURE_NONE}};
                if (!fails) best = fmin(best, end.value);
                CHECK_OK(hpo_history_apply(s.history, &end, &err));
                break;
            }
        }
        worst = fmax(worst, best);
        toy_sampling_close(&s);
    }
    assert_true(worst < 1e-3);
}

/* The mean of many first draws. */
static void it_begins_at_the_priors_when_asked(void **state) {
    (void)state;
    static toy_sampling s;
    for (int asked = 0; asked < 2; asked++) {
        char yaml[200];
        snprintf(yaml, sizeof yaml,
                 "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.7}, c: {values: [a, b, c, d], prior: b}}, options: "
                 "{sigma: 0.05, prior: %s}}",
                 asked ? "true" : "false");
        toy_sampling_open(&s, "cma-es", SEED, yaml);
        double sum = 0, preferred = 0;
        for (uint32_t attempt = 0; attempt < 2000; attempt++) {
            propose(&s, attempt);
            sum += s.config[0] / 2000;
            preferred += (s.config[1] == 1) / 2000.0;
        }
        assert_true(fabs(sum - (asked ? 0.7 : 0.5)) < 0.005);
        assert_true(asked ? preferred > 0.5 : fabs(preferred - 0.25) < 0.05);
        toy_sampling_close(&s);
    }
}

static void a_bowl_is_solved(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) assert_true(best_distance("cma-es", seed, 5, 900) < 1e-8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_worker_runs_the_algorithm),
        cmocka_unit_test(a_run_that_has_ended_is_followed),
        cmocka_unit_test(fidelities_fill_generations_of_their_own),
        cmocka_unit_test(mixed_spaces_are_solved),
        cmocka_unit_test(it_begins_at_the_priors_when_asked),
        cmocka_unit_test(a_bowl_is_solved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

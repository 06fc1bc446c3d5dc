/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The GP sampler finds the optimum of known functions in fewer trials than random search, keeps its distance from what
 * is running, and answers the same from a cold start. */
#include "tests/support/toy_space.h"

static const double PI = 3.14159265358979323846;

typedef double function(const double *x);

static double branin(const double *x) {
    const double b = x[1] - 5.1 / (4 * PI * PI) * x[0] * x[0] + 5 / PI * x[0] - 6;
    return b * b + 10 * (1 - 1 / (8 * PI)) * cos(x[0]) + 10;
}

static double hartmann6(const double *x) {
    static const double alpha[4] = {1, 1.2, 3, 3.2};
    static const double a[4][6] = {
        {10, 3, 17, 3.5, 1.7, 8}, {.05, 10, 17, .1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, .05, 10, .1, 14}};
    static const double p[4][6] = {{.1312, .1696, .5569, .0124, .8283, .5886},
                                   {.2329, .4135, .8307, .3736, .1004, .9991},
                                   {.2348, .1451, .3522, .2883, .3047, .6650},
                                   {.4047, .8828, .8732, .5743, .1091, .0381}};
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double r = 0;
        for (int j = 0; j < 6; j++) r += a[i][j] * (x[j] - p[i][j]) * (x[j] - p[i][j]);
        sum -= alpha[i] * exp(-r);
    }
    return sum;
}

#define BRANIN_SPACE "{parameters: {x: {min: -5.0, max: 10.0}, y: {min: 0.0, max: 15.0}}"
#define CUBE6                                                                                                          \
    "{parameters: {a: {min: 0.0, max: 1.0}, b: {min: 0.0, max: 1.0}, c: {min: 0.0, max: 1.0}, d: {min: 0.0, max: "     \
    "1.0}, e: {min: 0.0, max: 1.0}, f: {min: 0.0, max: 1.0}}"
/* A choice between two branches, each with a number of its own, and an integer. */
#define MIXED_SPACE                                                                                                    \
    "{parameters: {branch: {values: [p, q, r]}, u: {min: 0.0, max: 1.0, when: {branch: p}}, v: {min: 0.0, max: 1.0, "  \
    "when: {branch: q}}, k: {min: 1, max: 40}, lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2}}"

static double mixed(const double *x) {
    const double own = x[0] == 0 ? (x[1] - 0.8) * (x[1] - 0.8) : x[0] == 1 ? 0.3 + (x[2] - 0.1) * (x[2] - 0.1) : 0.6;
    const double lr = log10(x[4]) + 2;
    return own + (x[3] - 17) * (x[3] - 17) / 400 + 0.1 * lr * lr;
}

static void start(toy_sampling *s, uint64_t id) {
    base_err err;
    const hpo_record record = {.kind = HPO_RECORD_START,
                               .trial = id,
                               .fidelity = 1,
                               .as_of = hpo_history_view(s->history).as_of,
                               .parent = UINT64_MAX,
                               .config = s->config};
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

static void tell(toy_sampling *s, uint64_t id, double value) {
    base_err err;
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = id,
                         .fidelity = 1,
                         .parent = UINT64_MAX,
                         .value = value,
                         .final = true,
                         .result = {.cost = 1}};
    if (isnan(value)) record.result.failure = HPO_FAILURE_NAN;
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

static double search(const char *sampler, const char *yaml, function *f, uint64_t seed, uint64_t trials) {
    toy_sampling s;
    toy_sampling_open(&s, sampler, seed, yaml);
    double best = (double)INFINITY;
    for (uint64_t id = 0; id < trials; id++) {
        const double value = f(toy_sampling_point(&s, id, 0));
        best = fmin(best, value);
        start(&s, id);
        tell(&s, id, value);
    }
    toy_sampling_close(&s);
    return best;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { SEEDS = 5 };

static double median_best(const char *sampler, const char *yaml, function *f, uint64_t trials) {
    double best[SEEDS];
    for (uint64_t seed = 0; seed < SEEDS; seed++) best[seed] = search(sampler, yaml, f, seed, trials);
    qsort(best, SEEDS, sizeof *best, by_value);
    return best[SEEDS / 2];
}

/* Known minima: Branin 0.397887, Hartmann 6 -3.32237. */
static void finds_the_optimum_of_branin(void **state) {
    (void)state;
    const double gp = median_best("gp", BRANIN_SPACE "}", branin, 40) - 0.397887;
    const double random = median_best("random", BRANIN_SPACE "}", branin, 40) - 0.397887;
    assert_true(gp < 0.01 && gp < random / 10);
}

static void is_ahead_of_random_on_hartmann6(void **state) {
    (void)state;
    const double gp = median_best("gp", CUBE6 "}", hartmann6, 60) + 3.32237;
    const double random = median_best("random", CUBE6 "}", hartmann6, 60) + 3.32237;
    assert_true(gp < 0.3 && gp < random / 3);
}

static void is_ahead_of_random_on_a_mixed_conditional_space(void **state) {
    (void)state;
    const double gp = median_best("gp", MIXED_SPACE "}", mixed, 40);
    const double random = median_best("random", MIXED_SPACE "}", mixed, 40);
    assert_true(gp < 0.02 && gp < random / 2);
}

static void a_good_prior_helps(void **state) {
    (void)state;
    const double with = median_best("gp", MIXED_SPACE ", options: {prior: true, startup: 5}}", mixed, 12);
    const double without = median_best("gp", MIXED_SPACE ", options: {startup: 5}}", mixed, 12);
    assert_true(with < without);
}

static void every_acquisition_and_kernel_is_ahead_of_random(void **state) {
    (void)state;
    static const char *const options[] = {"acquisition: ei",  "acquisition: pi",       "acquisition: lcb",
                                          "acquisition: nei", "acquisition: thompson", "kernel: rbf"};
    const double random = median_best("random", BRANIN_SPACE "}", branin, 30) - 0.397887;
    for (size_t i = 0; i < CHECK_COUNT(options); i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "%s, options: {%s}}", BRANIN_SPACE, options[i]);
        assert_true(median_best("gp", yaml, branin, 30) - 0.397887 < random / 10);
    }
}

/* From one result on, all of them equal, one of them a failure, two running: points of the model, each a new one. */
static void one_result_is_enough(void **state) {
    (void)state;
    static const char *const acquisitions[] = {"logei", "ei", "pi", "lcb", "nei", "thompson"};
    for (size_t i = 0; i < CHECK_COUNT(acquisitions); i++) {
        char yaml[400];
        snprintf(yaml, sizeof yaml, "%s, options: {startup: 1, acquisition: %s}}", MIXED_SPACE, acquisitions[i]);
        toy_sampling s;
        toy_sampling_open(&s, "gp", 3, yaml);
        for (uint64_t id = 0; id < 10; id++) {
            base_err err;
            const char *origin;
            const hpo_view view = hpo_history_view(s.history);
            const hpo_request request = {.trial = id, .fidelity = 1};
            CHECK_OK(hpo_sampler_ask(s.sampler, view, &request, s.config, &origin, &err));
            assert_string_equal(origin, id < 3 ? "random" : "model");
            assert_false(hpo_view_has_config(view, s.config));
            start(&s, id);
            if (id >= 2) tell(&s, id - 2, id == 5 ? (double)NAN : 4);
        }
        toy_sampling_close(&s);
    }
}

/* 30 results, among them failures, and 4 running trials. */
static void a_past(toy_sampling *s) {
    for (uint64_t id = 0; id < 34; id++) {
        base_err err;
        base_rng rng = base_rng_stream(5, BASE_RNG_TEST, (uint32_t)id, 0);
        CHECK_OK(hpo_space_sample(s->space, &rng, s->config, &err));
        start(s, id);
        if (id < 30) tell(s, id, id % 7 == 3 ? (double)NAN : mixed(s->config));
    }
}

/* A sampler that saw every prefix of a history, one that saw only its end: the grown factor has the bits of a new one.
 */
static void a_cold_start_gives_the_same_bits(void **state) {
    (void)state;
    toy_sampling warm, cold;
    toy_sampling_open(&warm, "gp", 9, MIXED_SPACE "}");
    toy_sampling_open(&cold, "gp", 9, MIXED_SPACE "}");
    a_past(&warm);
    double configs[40][5];
    for (uint64_t id = 34; id < 74; id++) {
        memcpy(configs[id - 34], toy_sampling_point(&warm, id, 0), sizeof configs[0]);
        start(&warm, id);
        if (id > 36) tell(&warm, id - 3, mixed(configs[id - 37]));
    }
    a_past(&cold);
    for (uint64_t id = 34; id < 74; id++) {
        if (id % 13 == 0 || id == 73) {
            assert_memory_equal(toy_sampling_point(&cold, id, 0), configs[id - 34], sizeof configs[0]);
        }
        memcpy(cold.config, configs[id - 34], sizeof configs[0]);
        start(&cold, id);
        if (id > 36) tell(&cold, id - 3, mixed(configs[id - 37]));
    }
    toy_sampling_close(&warm);
    toy_sampling_close(&cold);
}

/* Eight suggestions from the same results, each running while the next is made: no two close together. */
static void running_trials_are_kept_away_from(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "gp", 2, BRANIN_SPACE "}");
    double points[8][2];
    for (uint64_t id = 0; id < 28; id++) {
        const double *x = toy_sampling_point(&s, id, 0);
        start(&s, id);
        if (id < 20) {
            tell(&s, id, branin(x));
            continue;
        }
        memcpy(points[id - 20], x, sizeof points[0]);
        for (uint64_t other = 20; other < id; other++) {
            const double dx = (x[0] - points[other - 20][0]) / 15, dy = (x[1] - points[other - 20][1]) / 15;
            assert_true(dx * dx + dy * dy > 1e-6);
        }
    }
    toy_sampling_close(&s);
}

/* From one history: each trial's function has a minimum of its own, the same when it is asked again. */
static void thompson_draws_a_function_for_each_trial(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "gp", 9, BRANIN_SPACE ", options: {acquisition: thompson}}");
    for (uint64_t id = 0; id < 12; id++) {
        const double value = branin(toy_sampling_point(&s, id, 0));
        start(&s, id);
        tell(&s, id, value);
    }
    double points[8][2];
    for (uint64_t id = 12; id < 20; id++) {
        memcpy(points[id - 12], toy_sampling_point(&s, id, 0), sizeof points[0]);
        assert_memory_equal(toy_sampling_point(&s, id, 0), points[id - 12], sizeof points[0]);
        for (uint64_t other = 12; other < id; other++) {
            assert_true(hypot(points[id - 12][0] - points[other - 12][0], points[id - 12][1] - points[other - 12][1]) >
                        1e-4);
        }
    }
    toy_sampling_close(&s);
}

/* Losses with noise of deviation 10 on Branin, which is below 10 on a fifteenth of its square: judged by what there is
 * without it at the last ten points. */
static double last_ten(const char *sampler, const char *yaml, uint64_t seed) {
    toy_sampling s;
    toy_sampling_open(&s, sampler, seed, yaml);
    double sum = 0;
    for (uint64_t id = 0; id < 45; id++) {
        base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, (uint32_t)id, 0);
        const double value = branin(toy_sampling_point(&s, id, 0));
        start(&s, id);
        tell(&s, id, value + 10 * base_rng_normal(&rng));
        if (id >= 35) sum += value / 10;
    }
    toy_sampling_close(&s);
    return sum;
}

static void noisy_improvement_stands_noise(void **state) {
    (void)state;
    double nei = 0, random = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        nei += last_ten("gp", BRANIN_SPACE ", options: {acquisition: nei}}", seed) / SEEDS;
        random += last_ten("random", BRANIN_SPACE "}", seed) / SEEDS;
    }
    assert_true(nei < random / 3);
}

/* 12 of 12 points, each once, and the best one early. */
static void a_small_finite_space_is_walked_through(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "gp", 1,
                      "{parameters: {a: {values: [p, q, r]}, b: {min: 1, max: 4}}, options: {startup: 3}}");
    for (uint64_t id = 0; id < 12; id++) {
        uint32_t attempt = 0;
        while (hpo_view_has_config(hpo_history_view(s.history), toy_sampling_point(&s, id, attempt))) {
            assert_true(++attempt < 100 && id < 3); /* only while points are random */
        }
        start(&s, id);
        tell(&s, id, s.config[0] + s.config[1]);
    }
    toy_sampling_close(&s);
}

/* 40 results at fidelity 1, 8 at fidelity 9, where the losses are shifted and halved: each policy finds the bottom,
 * which is the same; and the same again from a sampler that remembers nothing. */
static void low_fidelities_inform(void **state) {
    (void)state;
    base_err err;
    toy_sampling s;
    toy_sampling_open(&s, "random", 4, CUBE6 "}");
    for (uint64_t id = 0; id < 48; id++) {
        const double *x = toy_sampling_point(&s, id, 0);
        double loss = 0;
        for (size_t i = 0; i < 6; i++) loss += (x[i] - 0.4) * (x[i] - 0.4);
        hpo_record record = {.kind = HPO_RECORD_START,
                             .trial = id,
                             .rung = id < 40 ? 0 : 2,
                             .fidelity = id < 40 ? 1 : 9,
                             .as_of = hpo_history_view(s.history).as_of,
                             .parent = UINT64_MAX,
                             .config = s.config};
        CHECK_OK(hpo_history_apply(s.history, &record, &err));
        record.kind = HPO_RECORD_RESULT;
        record.value = id < 40 ? loss : loss / 2 - 3;
        record.final = true;
        record.result = (hpo_result){.cost = 1};
        CHECK_OK(hpo_history_apply(s.history, &record, &err));
    }
    const hpo_sampler_env env = {.space = s.space, .seed = 4, .min_fidelity = 1, .max_fidelity = 9};
    for (int joint = 0; joint < 2; joint++) {
        base_yaml_node *options;
        const char *text = joint ? "{data: joint}" : "{data: highest}";
        CHECK_OK(base_yaml_parse(s.arena, "yaml", text, strlen(text), &options, &err));
        double configs[2][6];
        for (int again = 0; again < 2; again++) {
            hpo_sampler *sampler;
            const char *origin;
            CHECK_OK(hpo_sampler_create(hpo_sampler_find("gp"), options, &env, &sampler, &err));
            const hpo_request request = {.trial = 48, .rung = 2, .fidelity = 9};
            CHECK_OK(hpo_sampler_ask(sampler, hpo_history_view(s.history), &request, configs[again], &origin, &err));
            assert_string_equal(origin, "model");
            hpo_sampler_destroy(sampler);
        }
        assert_memory_equal(configs[0], configs[1], sizeof configs[0]);
        for (size_t i = 0; i < 6; i++) CHECK_NEAR(configs[0][i], 0.4, 0.3);
    }
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_optimum_of_branin),
        cmocka_unit_test(is_ahead_of_random_on_hartmann6),
        cmocka_unit_test(is_ahead_of_random_on_a_mixed_conditional_space),
        cmocka_unit_test(a_good_prior_helps),
        cmocka_unit_test(every_acquisition_and_kernel_is_ahead_of_random),
        cmocka_unit_test(one_result_is_enough),
        cmocka_unit_test(a_cold_start_gives_the_same_bits),
        cmocka_unit_test(running_trials_are_kept_away_from),
        cmocka_unit_test(thompson_draws_a_function_for_each_trial),
        cmocka_unit_test(noisy_improvement_stands_noise),
        cmocka_unit_test(a_small_finite_space_is_walked_through),
        cmocka_unit_test(low_fidelities_inform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

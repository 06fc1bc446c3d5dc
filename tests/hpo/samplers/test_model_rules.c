/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules by which samplers choose what their models are made of, each seen in what is proposed: histories in which the
 * rule and its neglect point to different places. */
#include "tests/hpo/samplers/results.h"

enum { ASKS = 30 };
static const double NONE = (double)NAN;

static const char *const line = "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.9, confidence: high}}, options: %s}";

static void open_line(toy_sampling *s, const char *sampler, const char *options, double least_fidelity) {
    base_err err;
    base_buf text = {0};
    base_buf_printf(&text, line, options);
    toy_sampling_open(s, sampler, 5, base_buf_text(&text));
    if (least_fidelity < 1) {
        base_yaml_node *root;
        const hpo_sampler_env env = {.space = s->space, .seed = 5, .min_fidelity = least_fidelity, .max_fidelity = 1};
        CHECK_OK(base_yaml_parse(s->arena, "yaml", base_buf_text(&text), text.length, &root, &err));
        hpo_sampler_destroy(s->sampler);
        const base_yaml_node *given = base_yaml_get(root, "options");
        CHECK_OK(hpo_sampler_create(hpo_sampler_find(sampler), given, &env, &s->sampler, &err));
    }
    base_buf_fini(&text);
}

/* Of ASKS proposals at the highest fidelity those that are the model's, and of these those within 0.1 of a place. */
static size_t count_near(toy_sampling *s, double place, size_t *model) {
    size_t near = 0;
    *model = 0;
    for (uint64_t i = 0; i < ASKS; i++) {
        base_err err;
        const char *origin;
        const hpo_request request = {.trial = 1000 + i, .fidelity = 1};
        CHECK_OK(hpo_sampler_ask(s->sampler, hpo_history_view(s->history), &request, s->config, &origin, &err));
        if (strcmp(origin, "model") != 0) continue;
        ++*model;
        near += fabs(s->config[0] - place) < 0.1;
    }
    return near;
}

static double spread(uint64_t i) {
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, (uint32_t)i, 0);
    return base_rng_uniform(&rng);
}

/* The exponent of the priors is prior_weight/n: a wrong belief (0.9) is gone after many results. */
static void beliefs_fade(void **state) {
    (void)state;
    static const char *const samplers[] = {"gp", "rf"};
    for (size_t k = 0; k < CHECK_COUNT(samplers); k++) {
        size_t near[2], model;
        for (size_t many = 0; many < 2; many++) {
            static toy_sampling s;
            open_line(&s, samplers[k], "{prior: true, prior_weight: 30}", 1);
            for (uint64_t i = 0; i < (many ? 120 : 11); i++) {
                const double x = spread(i);
                add_finished(&s, &x, 1, (x - 0.3) * (x - 0.3) + 0.05 * spread(1000 + i));
            }
            near[many] = count_near(&s, 0.3, &model);
            assert_true(model > ASKS / 2);
            toy_sampling_close(&s);
        }
        assert_true(near[1] > model / 2 && near[1] > 2 * near[0]);
    }
}

/* The 15 % that are good lie at 0.1, the next 15 % at 0.9. */
static void the_share_of_the_good(void **state) {
    (void)state;
    static toy_sampling s;
    size_t model;
    open_line(&s, "kde", "{}", 1);
    for (uint64_t i = 0; i < 40; i++) {
        const double x = i < 6 ? 0.1 + 0.002 * (double)i : i < 12 ? 0.9 + 0.002 * (double)i : 0.3 + 0.4 * spread(i);
        add_finished(&s, &x, 1, (double)i);
    }
    const size_t near = count_near(&s, 0.1, &model);
    assert_true(model > ASKS / 3);
    assert_int_equal(near, model);
    toy_sampling_close(&s);
}

/* data: highest sees one fidelity: whatever was found below it changes nothing. */
static void one_fidelity_alone(void **state) {
    (void)state;
    static const char *const samplers[][2] = {{"tpe", "{data: highest}"}, {"gp", "{}"}, {"rf", "{}"}, {"kde", "{}"}};
    for (size_t k = 0; k < CHECK_COUNT(samplers); k++) {
        double x[2][ASKS];
        for (size_t cheap = 0; cheap < 2; cheap++) {
            static toy_sampling s;
            open_line(&s, samplers[k][0], samplers[k][1], 0.1);
            for (uint64_t i = 0; i < 15; i++) {
                const double at = spread(i);
                add_finished(&s, &at, 1, (at - 0.3) * (at - 0.3));
            }
            for (uint64_t i = 0; cheap && i < 25; i++) {
                const double at = spread(100 + i);
                add_finished(&s, &at, 0.1, (at - 0.8) * (at - 0.8) - 5);
            }
            for (uint64_t i = 0; i < ASKS; i++) {
                base_err err;
                const char *origin;
                const hpo_request request = {.trial = 1000 + i, .fidelity = 1};
                CHECK_OK(
                    hpo_sampler_ask(s.sampler, hpo_history_view(s.history), &request, &x[cheap][i], &origin, &err));
            }
            toy_sampling_close(&s);
        }
        CHECK_ARRAY_NEAR(x[1], x[0], ASKS, 1e-9);
    }
}

/* data: joint asks at the highest fidelity with enough results: the optimum is at 0.2 there, and at 0.8 at the lowest.
 */
static void the_fidelity_that_is_asked_about(void **state) {
    (void)state;
    static toy_sampling s;
    size_t model;
    open_line(&s, "gp", "{data: joint}", 0.1);
    for (uint64_t i = 0; i < 45; i++) {
        const bool cheap = i % 3 != 0;
        const double x = spread(i), optimum = cheap ? 0.8 : 0.2;
        add_finished(&s, &x, cheap ? 0.1 : 1, (x - optimum) * (x - optimum));
    }
    const size_t near = count_near(&s, 0.2, &model);
    assert_true(model > ASKS / 2);
    assert_true(near > model / 2);
    toy_sampling_close(&s);
}

/* One success (0.2); failures at 0.8 come first, but are never the best; many more at 0.05 leave 0.8 nearly free of
 * them. */
static void failures_are_never_the_best(void **state) {
    (void)state;
    static toy_sampling s;
    size_t model;
    open_line(&s, "tpe", "{n_startup: 1}", 1);
    for (uint64_t i = 0; i < 40; i++) {
        const double x = i == 20 ? 0.2 : i < 4 ? 0.8 : 0.05;
        add_finished(&s, &x, 1, i == 20 ? 1 : NONE);
    }
    const size_t near = count_near(&s, 0.8, &model);
    assert_true(model > ASKS / 2);
    assert_true(near < model / 4);
    toy_sampling_close(&s);
}

/* max_best: 1 of 20 results is the best (0.2), although half of them (0.8) would be within gamma. */
static void so_many_are_the_best_at_most(void **state) {
    (void)state;
    static toy_sampling s;
    size_t model;
    open_line(&s, "tpe", "{gamma: 0.5, max_best: 1}", 1);
    for (uint64_t i = 0; i < 20; i++) {
        const double x = i == 0 ? 0.2 : i < 10 ? 0.8 : 0.5;
        add_finished(&s, &x, 1, (double)i);
    }
    const size_t near = count_near(&s, 0.8, &model);
    assert_true(model > ASKS / 2);
    assert_true(near < model / 4);
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beliefs_fade),
        cmocka_unit_test(the_share_of_the_good),
        cmocka_unit_test(one_fidelity_alone),
        cmocka_unit_test(the_fidelity_that_is_asked_about),
        cmocka_unit_test(failures_are_never_the_best),
        cmocka_unit_test(so_many_are_the_best_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

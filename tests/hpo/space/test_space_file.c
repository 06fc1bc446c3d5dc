/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Good study files: what each spelling means, shown by the canonical text; and that this text reads back. */
#include "hpo/space/space_file.h"

#include "tests/hpo/space/space_text.h"

typedef struct good_space {
    const char *written, *means;
} good_space;

static const good_space GOOD[] = {
    /* kinds of numbers */
    {"x: {min: 1, max: 4}", "x: {min: 1, max: 4}"},
    {"x: {min: 1, max: 4.0}", "x: {min: 1.0, max: 4.0}"},
    {"x: {min: 1e-5, max: 1.0, log: true}", "x: {min: 1e-05, max: 1.0, log: true}"},
    {"x: {min: 0.5, max: 0.999, logit: true}", "x: {min: 0.5, max: 0.999, logit: true}"},
    {"x: {min: 1, max: 1024, log: true}", "x: {min: 1, max: 1024, log: true}"},
    {"x: {min: 0.0, max: 1.0, log: false}", "x: {min: 0.0, max: 1.0}"},
    {"x: {min: -0.0, max: 1.0}", "x: {min: 0.0, max: 1.0}"},
    /* steps: max is the last value that is reached */
    {"x: {min: 0.0, max: 0.5, step: 0.1}", "x: {min: 0.0, max: 0.5, step: 0.1}"},
    {"x: {min: 0.0, max: 0.55, step: 0.1}", "x: {min: 0.0, max: 0.5, step: 0.1}"},
    {"x: {min: 0.1, max: 0.35, q: 0.1}", "x: {min: 0.1, max: 0.3, step: 0.1}"},
    {"x: {min: 1, max: 10, step: 4}", "x: {min: 1, max: 9, step: 4}"},
    {"x: {min: 1, max: 4, step: 1}", "x: {min: 1, max: 4}"},
    /* beliefs */
    {"x: {min: 0.0, max: 1.0, prior: 0.25}", "x: {min: 0.0, max: 1.0, prior: 0.25, confidence: medium}"},
    {"x: {min: 0, max: 8, prior: 3.0, confidence: low}", "x: {min: 0, max: 8, prior: 3, confidence: low}"},
    {"x: {min: 0.0, max: 0.5, step: 0.1, prior: 0.3}",
     "x: {min: 0.0, max: 0.5, step: 0.1, prior: 0.3, confidence: medium}"},
    {"x: {values: [a, b], prior: b, confidence: high}", "x: {values: [a, b], prior: b, confidence: high}"},
    /* of each metric */
    {"x: {min: 0, max: 8, prior: {error: 3.0, time: 1}, confidence: {time: low}}",
     "x: {min: 0, max: 8, prior: {error: 3, time: 1}, confidence: {error: medium, time: low}}"},
    {"x: {values: [a, b], prior: {time: b}, confidence: high}",
     "x: {values: [a, b], prior: {time: b}, confidence: {time: high}}"},
    /* choices keep their spelling and their kind */
    {"x: {values: [sgd, 1, 2.5, true, null, \"1e3\"]}", "x: {values: [sgd, 1, 2.5, true, null, \"1e3\"]}"},
    {"x: {values: [32, 64], ordered: true}", "x: {values: [32, 64], ordered: true}"},
    {"x: {values: [small, large, huge], ordered: true}", "x: {values: [small, large, huge], ordered: true}"},
    {"x: {values: [a, b], probabilities: [0.25, 0.75]}", "x: {values: [a, b], probabilities: [0.25, 0.75]}"},
    {"x: {values: [a, b], probabilities: [0, 1]}", "x: {values: [a, b], probabilities: [0.0, 1.0]}"},
    {"x: {value: 64}", "x: {value: 64}"},
    {"x: {value: adam}", "x: {value: adam}"},
    /* W&B's distributions */
    {"x: {distribution: uniform, min: 0, max: 1}", "x: {min: 0.0, max: 1.0}"},
    {"x: {distribution: int_uniform, min: 0, max: 9}", "x: {min: 0, max: 9}"},
    {"x: {distribution: log_uniform_values, min: 1, max: 100}", "x: {min: 1.0, max: 100.0, log: true}"},
    {"x: {distribution: q_uniform, q: 0.25, min: 0.5, max: 2}", "x: {min: 0.5, max: 2.0, step: 0.25}"},
    {"x: {distribution: q_uniform, q: 8, min: 16, max: 64}", "x: {min: 16, max: 64, step: 8}"},
    {"x: {distribution: categorical, values: [1, 2]}", "x: {values: [1, 2]}"},
    {"x: {distribution: constant, value: 3}", "x: {value: 3}"},
    /* names */
    {"conv1/kernel: {min: 1, max: 3}", "conv1/kernel: {min: 1, max: 3}"},
};

static void check_described(hpo_space *space, const char *wanted) {
    base_buf text = {0};
    hpo_space_describe(space, &text);
    assert_string_equal(base_buf_text(&text), wanted);
    base_buf_fini(&text);
}

static void test_spellings(void **state) {
    (void)state;
    for (size_t i = 0; i < CHECK_COUNT(GOOD); i++) {
        char written[512], means[512];
        snprintf(written, sizeof written, "parameters: {%s}", GOOD[i].written);
        snprintf(means, sizeof means, "{parameters: {%s}}", GOOD[i].means);
        space_text in = space_text_read(written);
        check_described(in.space, means);
        space_text again = space_text_read(means);
        check_described(again.space, means);
        space_text_fini(&again);
        space_text_fini(&in);
    }
}

static const char STUDY[] =
    "parameters:\n"
    "  learning_rate: {min: 1e-5, max: 1.0, log: true, prior: 1e-2, confidence: high}\n"
    "  batch_size:    {values: [32, 64, 128, 256], ordered: true, prior: 64}\n"
    "  layers:        {min: 1, max: 4}\n"
    "  optimizer:     {values: [sgd, adam, adamw], probabilities: [0.4, 0.3, 0.3]}\n"
    "  momentum:      {min: 0.0, max: 0.99, when: {optimizer: sgd}}\n"
    "  nesterov:      {values: [false, true], when: {optimizer: sgd, momentum: {gt: 0.5}}}\n"
    "  beta2:         {min: 0.9, max: 0.9999, when: {any: [{optimizer: adam}, {optimizer: adamw}]}}\n"
    "  width:         {value: 64}\n"
    "forbid:\n"
    "  - {optimizer: sgd, learning_rate: {gt: 0.5}}\n"
    "  - {batch_size: {lt: {parameter: width}}, layers: [3, 4]}\n";

static void test_whole_study(void **state) {
    (void)state;
    space_text in = space_text_read(STUDY);
    assert_int_equal(hpo_space_count(in.space), 8);
    assert_int_equal(hpo_space_dims(in.space), 7);
    assert_int_equal(hpo_space_find(in.space, "layers"), 2);
    assert_true(hpo_space_find(in.space, "layer") == SIZE_MAX);
    assert_int_equal(hpo_space_dim_param(in.space, 6), 6);
    assert_true(hpo_space_has_prior(in.space));
    const hpo_param *rate = hpo_space_param(in.space, 0), *batch = hpo_space_param(in.space, 1);
    assert_int_equal(rate->kind, HPO_FLOAT);
    assert_int_equal(rate->scale, HPO_LOG);
    CHECK_SAME_DOUBLE(rate->prior.center, 0.01);
    CHECK_SAME_DOUBLE(rate->prior.deviation, 0.125);
    assert_int_equal(batch->kind, HPO_ORDINAL);
    CHECK_SAME_DOUBLE(batch->prior.center, 1);
    CHECK_SAME_DOUBLE(batch->prior.weight, 4);
    assert_int_equal(hpo_space_param(in.space, 2)->kind, HPO_INT);
    assert_int_equal(hpo_space_param(in.space, 3)->kind, HPO_CATEGORICAL);
    assert_int_equal(hpo_space_param(in.space, 7)->kind, HPO_CONSTANT);
    base_buf text = {0};
    hpo_space_describe(in.space, &text);
    CHECK_CONTAINS(text.data, "when: {all: [{optimizer: {eq: sgd}}, {momentum: {gt: 0.5}}]}");
    CHECK_CONTAINS(text.data, "when: {any: [{optimizer: {eq: adam}}, {optimizer: {eq: adamw}}]}");
    CHECK_CONTAINS(text.data, "forbid: [{all: [{optimizer: {eq: sgd}}, {learning_rate: {gt: 0.5}}]}, "
                              "{all: [{batch_size: {lt: {parameter: width}}}, {layers: {in: [3, 4]}}]}]}");
    space_text again = space_text_read(text.data);
    check_described(again.space, text.data);
    space_text_fini(&again);
    base_buf_fini(&text);
    space_text_fini(&in);
}

static void test_steps_have_no_binary_dust(void **state) {
    (void)state;
    static const struct {
        const char *range;
        int decimals;
        double first, units; /* first value and distance in units of the last decimal */
        uint64_t levels;
    } cases[] = {
        {"{min: 0.0, max: 0.5, step: 0.1}", 1, 0, 1, 6},
        {"{min: 0.0, max: 1.0, step: 0.05}", 2, 0, 5, 21},
        {"{min: -0.3, max: 0.3, step: 0.1}", 1, -3, 1, 7},
        {"{min: 0.07, max: 0.99, step: 0.01}", 2, 7, 1, 93},
        {"{min: 0.001, max: 1.0, step: 0.003}", 3, 1, 3, 334},
        {"{min: 1e-5, max: 1e-3, step: 1e-5}", 5, 1, 1, 100},
        {"{min: 0.0, max: 100000.0, step: 0.1}", 1, 0, 1, 1000001},
        {"{min: 2.5, max: 1000.0, step: 2.5}", 1, 25, 25, 400},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        char text[256];
        snprintf(text, sizeof text, "parameters: {x: %s}", cases[i].range);
        space_text in = space_text_read(text);
        const hpo_param *x = hpo_space_param(in.space, 0);
        uint64_t n = hpo_param_levels(x);
        assert_int_equal(n, cases[i].levels);
        for (uint64_t k = 0; k<n; k += n> 1000 ? 977 : 1) {
            char
                decimal[64]; /* the value as decimal arithmetic has it: an integer with a point put in by the printer */
            long long units = (long long)(cases[i].first + (double)k * cases[i].units);
            snprintf(decimal, sizeof decimal, "%llde-%d", units, cases[i].decimals);
            double unit = ((double)k + 0.5) / (double)n;
            CHECK_SAME_DOUBLE(hpo_param_from_unit(x, unit), strtod(decimal, NULL));
            CHECK_NEAR(hpo_param_to_unit(x, strtod(decimal, NULL)), unit, 1e-15);
        }
        CHECK_SAME_DOUBLE(hpo_param_from_unit(x, 1), x->max);
        space_text_fini(&in);
    }
}

static void test_probabilities_are_normalized(void **state) {
    (void)state;
    space_text in =
        space_text_read("parameters: {x: {values: [a, b, c], probabilities: [0.3333333, 0.3333333, 0.3333333]}}");
    const double *p = hpo_space_param(in.space, 0)->probabilities;
    CHECK_NEAR(p[0] + p[1] + p[2], 1, 1e-15);
    CHECK_NEAR(p[0], 1.0 / 3, 1e-15);
    space_text_fini(&in);
}

static void test_built_by_an_objective(void **state) {
    (void)state;
    base_err err = {0};
    hpo_space *space = hpo_space_create();
    hpo_param x = {.name = "x", .kind = HPO_FLOAT, .min = 0, .max = 1};
    CHECK_OK(hpo_space_add(space, &x, &err));
    CHECK_FAILS(hpo_space_add(space, &x, &err), BASE_INVALID, "parameter \"x\" exists already");
    hpo_param bad = {.name = "y", .kind = HPO_FLOAT, .scale = HPO_LOG, .max = 1};
    CHECK_STATUS(hpo_space_add(space, &bad, &err), BASE_INVALID);
    assert_string_equal(err.text, "y: on a log scale min must be above 0, not 0.0"); /* no position to name */
    /* its own condition, and a clause from the user's file */
    const hpo_value tenth = hpo_value_real(0.1);
    hpo_cond when = {.op = HPO_COND_GT, .param = 0, .values = &tenth, .n_values = 1};
    hpo_param n = {.name = "n", .kind = HPO_INT, .min = 1, .max = 3, .when = &when};
    CHECK_OK(hpo_space_add(space, &n, &err));
    base_arena *arena = base_arena_create();
    base_yaml_node *root = space_text_parse(arena, "- {n: 2, x: {lt: 0.5}}\n- {m: 2}\n");
    CHECK_STATUS(hpo_space_read_forbid(space, root, &err), BASE_INVALID);
    assert_string_equal(err.text, "s.yaml:2:4: there is no parameter \"m\": did you mean \"x\"?");
    CHECK_OK(hpo_space_seal(space, &err));
    check_described(space, "{parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 3, when: {x: {gt: 0.1}}}}, "
                           "forbid: [{all: [{n: {eq: 2}}, {x: {lt: 0.5}}]}]}");
    assert_false(hpo_space_allowed(space, (double[]){0.3, 2}));
    assert_true(hpo_space_allowed(space, (double[]){0.6, 2}));
    base_arena_destroy(arena);
    hpo_space_destroy(space);
    hpo_space_destroy(NULL);
}

static void test_seal_checks_declared_conditions(void **state) {
    (void)state;
    base_err err = {0};
    const hpo_value two = hpo_value_real(2);
    hpo_cond impossible = {.op = HPO_COND_GT, .param = 0, .values = &two, .n_values = 1};
    hpo_space *space = hpo_space_create();
    hpo_param x = {.name = "x", .kind = HPO_FLOAT, .min = 0, .max = 1};
    hpo_param y = {.name = "y", .kind = HPO_FLOAT, .min = 0, .max = 1, .when = &impossible};
    CHECK_OK(hpo_space_add(space, &x, &err));
    CHECK_OK(hpo_space_add(space, &y, &err));
    CHECK_FAILS(hpo_space_seal(space, &err), BASE_INVALID, "x cannot be 2.0: its bounds are 0.0 and 1.0");
    hpo_space_destroy(space);
}

/* A belief is the space with the priors of one metric; the order of metrics is the study's. */
static void test_beliefs_of_metrics(void **state) {
    (void)state;
    static const char *const metrics[] = {"error", "time", "size"};
    base_err err = {0};
    space_text in =
        space_text_read("parameters: {x: {min: 0.0, max: 1.0, prior: {time: 0.2, error: 0.8}}, y: {min: 0.0, "
                        "max: 1.0, prior: 0.5}, c: {values: [p, q], prior: {size: q}, confidence: high}}");
    assert_true(hpo_space_has_metric_priors(in.space));
    assert_true(hpo_space_has_prior(in.space)); /* y */
    assert_int_equal(hpo_space_n_beliefs(in.space), 1);
    CHECK_OK(hpo_space_set_metrics(in.space, metrics, 3, &err));
    check_described(in.space,
                    "{parameters: {x: {min: 0.0, max: 1.0, prior: {error: 0.8, time: 0.2}, confidence: {error: "
                    "medium, time: medium}}, y: {min: 0.0, max: 1.0, prior: 0.5, confidence: medium}, c: "
                    "{values: [p, q], prior: {size: q}, confidence: {size: high}}}}");
    assert_int_equal(hpo_space_n_beliefs(in.space), 3);
    for (size_t k = 0; k < 3; k++) {
        const hpo_space *belief = hpo_space_belief(in.space, k);
        const hpo_param *x = hpo_space_param(belief, 0), *y = hpo_space_param(belief, 1),
                        *c = hpo_space_param(belief, 2);
        assert_true(x->prior.given == (k < 2));
        if (k < 2) CHECK_SAME_DOUBLE(x->prior.center, k == 0 ? 0.8 : 0.2);
        assert_true(y->prior.given);
        assert_true(c->prior.given == (k == 2));
        if (k == 2) CHECK_SAME_DOUBLE(c->prior.weight, 6);
        assert_false(hpo_space_has_metric_priors(belief));
    }
    space_text_fini(&in);
    in = space_text_read("parameters: {y: {min: 0.0, max: 1.0, prior: 0.5}}");
    CHECK_OK(hpo_space_set_metrics(in.space, metrics, 3, &err));
    assert_int_equal(hpo_space_n_beliefs(in.space), 1);
    assert_ptr_equal(hpo_space_belief(in.space, 0), in.space);
    space_text_fini(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_whole_study),
        cmocka_unit_test(test_beliefs_of_metrics),
        cmocka_unit_test(test_steps_have_no_binary_dust),
        cmocka_unit_test(test_probabilities_are_normalized),
        cmocka_unit_test(test_built_by_an_objective),
        cmocka_unit_test(test_seal_checks_declared_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

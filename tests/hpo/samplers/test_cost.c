/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Improvement per unit of cost: which costs are seen, what is refused, and where the samplers go then. */
#include "hpo/samplers/cost.h"

#include "tests/support/toy_space.h"

#define LINE "{parameters: {x: {min: 0.0, max: 1.0}}}"

/* price NaN: not reported. loss NaN: a failure. */
static void add(toy_sampling *s, double x, double fidelity, double loss, double price, double seconds) {
    base_err err;
    const hpo_view view = hpo_history_view(s->history);
    hpo_record record = {.kind = HPO_RECORD_START,
                         .trial = hpo_view_trials(view),
                         .fidelity = fidelity,
                         .as_of = view.as_of,
                         .parent = UINT64_MAX,
                         .config = &x};
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
    record.kind = HPO_RECORD_RESULT;
    record.value = loss;
    record.final = true;
    record.result = (hpo_result){.cost = fidelity, .seconds = seconds};
    if (isnan(loss)) record.result.failure = HPO_FAILURE_CRASH;
    if (!isnan(price)) hpo_metrics_set(&record.result.metrics, "price", price);
    hpo_metrics_set(&record.result.metrics, "size", -1);
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

static void known_costs_are_collected(void **state) {
    (void)state;
    base_err err;
    toy_sampling s;
    toy_sampling_open(&s, "random", 1, LINE);
    const double none = (double)NAN;
    add(&s, 0.1, 4, 1, 8, 12);
    add(&s, 0.2, 4, none, 8, 12); /* failed */
    add(&s, 0.3, 4, 1, none, 20);
    add(&s, 0.4, 4, 1, 0, 0); /* not positive */
    add(&s, 0.5, 4, 1, 2, 4);
    hpo_observations *observations = hpo_observations_create(s.space);
    const hpo_view view = hpo_history_view(s.history);
    const hpo_data_query query = {.policy = HPO_DATA_JOINT};
    const hpo_dataset data = hpo_observations_collect(observations, view, &query);
    hpo_selection costs = {0};
    hpo_dataset known;
    CHECK_OK(hpo_costs_collect(&costs, view, &data, "price", &known, &err));
    assert_int_equal(known.n, 2);
    assert_int_equal(known.n_pending, 0);
    CHECK_NEAR(known.unit[0], 0.1, 1e-15);
    CHECK_NEAR(known.unit[1], 0.5, 1e-15);
    CHECK_NEAR(known.loss[0], log(8), 1e-15);
    CHECK_NEAR(known.loss[1], log(2), 1e-15);
    CHECK_OK(hpo_costs_collect(&costs, view, &data, "seconds", &known, &err)); /* per unit of fidelity charged */
    assert_int_equal(known.n, 3);
    CHECK_NEAR(known.loss[0], log(3), 1e-15);
    CHECK_NEAR(known.loss[1], log(5), 1e-15);
    CHECK_NEAR(known.loss[2], log(1), 1e-15);
    CHECK_FAILS(hpo_costs_collect(&costs, view, &data, "prize", &known, &err), BASE_INVALID, "price, size");
    CHECK_FAILS(hpo_costs_collect(&costs, view, &data, "size", &known, &err), BASE_INVALID, "size");
    hpo_selection_fini(&costs);
    hpo_observations_destroy(observations);
    toy_sampling_close(&s);
}

static base_status make(toy_sampling *s, const char *sampler, const char *options, bool deterministic, base_err *out) {
    base_err err;
    base_yaml_node *map;
    hpo_sampler *made;
    const hpo_sampler_env env = {
        .space = s->space, .seed = 1, .min_fidelity = 1, .max_fidelity = 1, .deterministic = deterministic};
    CHECK_OK(base_yaml_parse(s->arena, "options", options, strlen(options), &map, &err));
    const base_status status = hpo_sampler_create(hpo_sampler_find(sampler), map, &env, &made, out);
    hpo_sampler_destroy(made);
    return status;
}

static void what_cannot_be_divided_is_refused(void **state) {
    (void)state;
    base_err err;
    toy_sampling s;
    toy_sampling_open(&s, "random", 1, LINE);
    static const char *const samplers[] = {"gp", "rf"};
    for (size_t i = 0; i < CHECK_COUNT(samplers); i++) {
        CHECK_FAILS(make(&s, samplers[i], "{cost: seconds}", true, &err), BASE_INVALID, "deterministic");
        CHECK_FAILS(make(&s, samplers[i], "{cost: price, acquisition: lcb}", false, &err), BASE_INVALID, "lcb");
        CHECK_FAILS(make(&s, samplers[i], "{cost: price, acquisition: thompson}", false, &err), BASE_INVALID,
                    "promise");
        CHECK_OK(make(&s, samplers[i], "{cost: none, acquisition: lcb}", true, &err));
        CHECK_OK(make(&s, samplers[i], "{cost: seconds}", false, &err));
        CHECK_OK(make(&s, samplers[i], "{cost: price, acquisition: logei}", true, &err));
    }
    CHECK_OK(make(&s, "gp", "{cost: price, acquisition: nei}", true, &err));
    toy_sampling_close(&s);
}

/* Two equal valleys, of which the right one costs 50 times as much. How many of 20 proposals lie left. */
static size_t proposals_on_the_left(const char *sampler, const char *options) {
    base_err err;
    toy_sampling s;
    char yaml[200];
    snprintf(yaml, sizeof yaml, "{parameters: {x: {min: 0.0, max: 1.0}}, options: {%s}}", options);
    toy_sampling_open(&s, sampler, 3, yaml);
    for (size_t i = 0; i < 21; i++) {
        const double x = (double)i / 20, valley = fmin(fabs(x - 0.23), fabs(x - 0.77));
        add(&s, x, 1, valley, exp(x < 0.5 ? 0 : log(50)), x < 0.5 ? 1 : 50);
    }
    size_t left = 0;
    for (uint64_t trial = 21; trial < 41; trial++) {
        CHECK_OK(toy_sampling_ask(&s, trial, 0, &err));
        left += s.config[0] < 0.5;
    }
    toy_sampling_close(&s);
    return left;
}

static void cheap_valleys_are_preferred(void **state) {
    (void)state;
    static const struct {
        const char *sampler, *plain, *priced;
    } cases[] = {
        {"gp", "acquisition: logei", "acquisition: logei, cost: price"},
        {"gp", "acquisition: ei", "acquisition: ei, cost: seconds"},
        {"gp", "acquisition: nei", "acquisition: nei, cost: price"},
        {"rf", "random: 0", "random: 0, cost: price"},
        {"gp", "acquisition: pi", "acquisition: pi, cost: seconds"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        assert_int_equal(proposals_on_the_left(cases[i].sampler, cases[i].priced), 20);
    }
    size_t left = 0;
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) left += proposals_on_the_left(cases[i].sampler, cases[i].plain);
    assert_true(left < 80);
}

static void a_metric_that_nobody_reports_is_an_error(void **state) {
    (void)state;
    base_err err;
    static const char *const samplers[] = {"gp", "rf"};
    for (size_t i = 0; i < CHECK_COUNT(samplers); i++) {
        toy_sampling s;
        toy_sampling_open(&s, samplers[i], 1,
                          "{parameters: {x: {min: 0.0, max: 1.0}}, options: {cost: prize, random: 0}}");
        for (size_t k = 0; k < 12; k++) add(&s, (double)k / 12, 1, (double)k, 1, 1);
        CHECK_FAILS(toy_sampling_ask(&s, 12, 0, &err), BASE_INVALID, "prize");
        toy_sampling_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_costs_are_collected),
        cmocka_unit_test(what_cannot_be_divided_is_refused),
        cmocka_unit_test(cheap_valleys_are_preferred),
        cmocka_unit_test(a_metric_that_nobody_reports_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shared library against the problems that it is made of: the same spaces, values and optima. */
#include "benchmarks/problems/api.h"
#include "tests/benchmarks/problems/bind.h"

static bench_api_problem *open_api(const char *settings) {
    char error[200] = "";
    bench_api_problem *problem = bench_api_open(settings, error, sizeof error);
    if (!problem) fail_msg("%s", error);
    return problem;
}

static void refused(const char *settings, const char *sentence) {
    char error[200] = "";
    assert_null(bench_api_open(settings, error, sizeof error));
    if (!strstr(error, sentence)) fail_msg("'%s' lacks '%s'", error, sentence);
}

static void hypervolume(void **state) {
    (void)state;
    const double losses[] = {1, 3, 2, 2, 3, 1, 3, 3, 9, 0};
    CHECK_NEAR(bench_api_hypervolume(losses, 5, 2, (const double[]){4, 4}), 6, 0);
    CHECK_NEAR(bench_api_hypervolume(losses, 0, 2, (const double[]){4, 4}), 0, 0);
}

static void list(void **state) {
    (void)state;
    size_t count;
    const bench_problem *const *problems = bench_problems(&count);
    assert_int_equal(bench_api_version(), BENCH_API_VERSION);
    assert_int_equal(bench_api_count(), count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(bench_api_name(i), problems[i]->name);
        assert_string_equal(bench_api_summary(i), problems[i]->summary);
    }
}

/* Whatever can be asked of a problem, at random points of its own space. */
static void compare(const char *settings, const char *name, const bench_settings *same) {
    enum { POINTS = 20, MAX_ARGUMENTS = 9 };
    base_err err = {0};
    bench_api_problem *api = open_api(settings);
    bound_problem ours = bind_with(name, same);
    const bench_problem *problem = ours.binding.instance.problem;
    const size_t count = bench_api_parameters(api);
    assert_int_equal(count, hpo_space_count(ours.space));
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    double x[MAX_ARGUMENTS], y[MAX_ARGUMENTS], values[8], expected[8], best, min, max;
    int integer;
    const char *fidelity = bench_api_fidelity(api, &min, &max, &integer);
    assert_int_equal(fidelity == NULL, problem->fidelity.name == NULL);
    for (size_t i = 0; i < POINTS; i++) {
        CHECK_OK(hpo_space_sample(ours.space, &rng, x, &err));
        const double z = i % 2 == 0 ? problem->fidelity.min : problem->fidelity.max;
        assert_int_equal(bench_api_evaluate(api, x, z, i, values), 0);
        bench_evaluate_all(&ours.binding, x, z, i, expected);
        for (size_t m = 0; m < bench_api_metrics(api); m++) CHECK_SAME_DOUBLE(values[m], expected[m]);
    }
    assert_int_equal(bench_api_evaluate(api, x, NAN, 1, values), 0);
    bench_evaluate_all(&ours.binding, x, problem->fidelity.max, 1, expected);
    CHECK_SAME_DOUBLE(values[0], expected[0]);
    const bool known = problem->optimum && problem->optimum(&ours.binding.instance, 0, x, &best);
    assert_int_equal(bench_api_optimum(api, 0, y, &min), known);
    if (known) {
        CHECK_SAME_DOUBLE(min, best);
        CHECK_ARRAY_NEAR(y, x, count, 0);
    }
    for (size_t m = 0; m < bench_api_metrics(api); m++) {
        assert_string_equal(bench_api_metric(api, m), problem->metric[m]);
        assert_int_equal(bench_api_maximize(api, m), problem->maximize >> m & 1);
    }
    assert_null(problem->metric[bench_api_metrics(api)]);
    bind_release(&ours);
    bench_api_close(api);
}

static void problems(void **state) {
    (void)state;
    compare("{problem: branin}", "branin", &(bench_settings){0});
    compare("{\"problem\": \"bbob-f17\", \"dimensions\": 5, \"instance\": 3}", "bbob-f17",
            &(bench_settings){.dimensions = 5, .instance = 3});
    compare("{problem: mf-hartmann6-bad}", "mf-hartmann6-bad", &(bench_settings){0});
    compare("{problem: counting-ones, n_categorical: 3, n_continuous: 2}", "counting-ones",
            &(bench_settings){.n_categorical = 3, .n_continuous = 2});
    compare("{problem: fcnet-naval}", "fcnet-naval", &(bench_settings){0});
    compare("{problem: nasbench201-cifar10, average: true}", "nasbench201-cifar10", &(bench_settings){.average = true});
    const size_t task = bench_task_find(bench_problem_find("lcbench"), "segment");
    compare("{problem: lcbench, task: segment}", "lcbench", &(bench_settings){.task = task});
}

static void parameters(void **state) {
    (void)state;
    bench_api_parameter parameter;
    bench_api_problem *problem = open_api("{problem: fcnet-naval}");
    bench_api_describe(problem, 0, &parameter);
    assert_string_equal(parameter.name, "activation_fn_1");
    assert_int_equal(parameter.kind, BENCH_API_CATEGORICAL);
    assert_int_equal(parameter.n_choices, 2);
    assert_string_equal(bench_api_choice(problem, 0, 1), "tanh");
    bench_api_describe(problem, 3, &parameter);
    assert_int_equal(parameter.kind, BENCH_API_ORDINAL);
    assert_string_equal(bench_api_choice(problem, 3, 1), "0.3");
    bench_api_close(problem);
    problem = open_api("{problem: lcbench, task: adult}");
    bench_api_describe(problem, 0, &parameter);
    assert_int_equal(parameter.kind, BENCH_API_INT);
    assert_true(parameter.log && parameter.min == 16 && parameter.max == 512 && !parameter.has_prior);
    assert_non_null(strstr(bench_api_space(problem), "num_layers: {min: 1, max: 5}"));
    bench_api_close(problem);
    problem = open_api("{problem: hartmann3, prior: bad}");
    bench_api_describe(problem, 2, &parameter);
    assert_int_equal(parameter.kind, BENCH_API_FLOAT);
    assert_true(parameter.has_prior);
    CHECK_NEAR(parameter.center, .01720182552, 0);
    CHECK_NEAR(parameter.deviation, 0.25, 0);
    bench_api_close(problem);
}

static void fidelities(void **state) {
    (void)state;
    double min, max;
    int integer;
    bench_api_problem *problem = open_api("{problem: mf-hartmann3}");
    assert_string_equal(bench_api_fidelity(problem, &min, &max, &integer), "z");
    assert_true(min == 1 && max == 100 && !integer);
    CHECK_NEAR(bench_api_cost(problem, 3), .050855, 1e-12);
    assert_int_equal(bench_api_continues(problem), 0);
    bench_api_close(problem);
    problem = open_api("{problem: lcbench, task: adult}");
    CHECK_NEAR(bench_api_cost(problem, 13), 0.25, 1e-15);
    assert_int_equal(bench_api_continues(problem), 1);
    bench_api_close(problem);
    problem = open_api("{problem: counting-ones}");
    assert_true(isnan(bench_api_cost(problem, 9)));
    bench_api_close(problem);
    problem = open_api("{problem: ackley}");
    CHECK_NEAR(bench_api_cost(problem, 1), 1, 0);
    bench_api_close(problem);
}

static void wrong(void **state) {
    (void)state;
    double values[8];
    refused("{problem: brannin}", "settings:1:11: there is no problem 'brannin'; did you mean 'branin'?");
    refused("{problem: branin, dimensions: 3}", "has one size: remove dimensions");
    refused("{dimensions: 3}", "'problem' is missing");
    refused("{problem: lcbench, task: adult, prior: {time: good}}",
            "settings:1:40: here a parameter has one prior, e.g. prior: good");
    refused("{problem: ", "settings:");
    refused("[1, 2]", "settings:1:1:");
    assert_null(bench_api_open("{problem: x}", NULL, 0));
    bench_api_close(NULL);
    bench_api_problem *problem = open_api("{problem: counting-ones, n_categorical: 1, n_continuous: 1}");
    assert_int_equal(bench_api_evaluate(problem, (double[]){2, 0.5}, NAN, 1, values), -1);
    assert_int_equal(bench_api_evaluate(problem, (double[]){0.5, 0.5}, NAN, 1, values), -1);
    assert_int_equal(bench_api_evaluate(problem, (double[]){1, NAN}, NAN, 1, values), -1);
    assert_int_equal(bench_api_evaluate(problem, (double[]){1, 0.5}, 0.5, 1, values), -1);
    assert_int_equal(bench_api_evaluate(problem, (double[]){1, 0.5}, NAN, 1, values), 0);
    CHECK_NEAR(values[0], -1.5, 1e-15);
    bench_api_close(problem);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(list),       cmocka_unit_test(hypervolume),
                                       cmocka_unit_test(problems),   cmocka_unit_test(parameters),
                                       cmocka_unit_test(fidelities), cmocka_unit_test(wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

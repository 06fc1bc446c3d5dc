/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cell whose study has several metrics: its value is the hypervolume of the front, from the first result on. */
#include "benchmarks/suite/cell.h"

#include "hpo/models/hypervolume.h"
#include "tests/support/check.h"

enum { TRIALS = 30 };

static double losses[2 * TRIALS];
static size_t evaluated;

/* x is to be small and y = x - 0.3 bend large: not all results are on the front. Those of random points that a suite
 * looks at first are not kept. */
static base_status two_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                base_err *err) {
    (void)self, (void)reporter, (void)err;
    const double x = job->config[0], y = x - 0.3 * job->config[1];
    hpo_metrics_set(&out->metrics, "x", x);
    hpo_metrics_set(&out->metrics, "y", y);
    if (evaluated < TRIALS) {
        losses[2 * evaluated] = x;
        losses[2 * evaluated + 1] = -y;
    }
    evaluated++;
    return BASE_OK;
}

static const hpo_objective_type two = {
    .name = "two", .summary = "two metrics", .flags = HPO_OBJECTIVE_IN_RANK, .evaluate = two_evaluate};
static const hpo_objective_type *const types[] = {&two};
static const hpo_catalog catalog = {.objectives = types, .n_objectives = 1, .version = "1"};

static bench_suite *read_suite(const char *metrics) {
    char text[1024];
    base_err err;
    bench_suite *s;
    snprintf(text, sizeof text,
             "suite: s\nproblems:\n  - {name: a, objective: two, metrics: %s, parameters: {x: {min: 0.0, max: 1.0}, "
             "bend: {min: 0.0, max: 1.0}}}\nmethods: [random]\nbudget: {trials: %d}\n",
             metrics, TRIALS);
    CHECK_OK(bench_suite_read("s.yaml", text, strlen(text), NULL, 0, &s, &err));
    return s;
}

static void test_the_value_is_the_hypervolume(void **state) {
    (void)state;
    base_err err;
    bench_opened *opened;
    bench_cell_end end;
    bench_suite *s = read_suite("[{name: x, goal: minimize, reference: 2}, {name: y, goal: maximize, reference: -1}]");
    CHECK_OK(bench_opened_create(s, &catalog, &opened, &err));
    evaluated = 0;
    CHECK_OK(bench_cell_run(s, opened, (bench_cell){.seed = 1}, &catalog, NULL, &end, &err));
    assert_int_equal(evaluated, TRIALS);
    assert_true(end.maximize && !end.simulated.knows_optimum);
    assert_true(end.trace.count > 3 && end.trace.count < TRIALS);
    /* one result has (2 - x)(1 + x - 0.3 bend), of which the median over the square is near 2 */
    CHECK_NEAR(end.median, 2, 0.1);
    const double reference[] = {2, 1};
    for (size_t i = 0; i < end.trace.count; i++) {
        const bench_point *p = &end.trace.points[i];
        CHECK_NEAR(p->value, hpo_hypervolume(losses, (size_t)p->evaluations, 2, reference), 1e-12);
        assert_true(p->exact == p->value && (i == 0 || p->value > end.trace.points[i - 1].value));
    }
    CHECK_NEAR(end.trace.points[end.trace.count - 1].value, hpo_hypervolume(losses, TRIALS, 2, reference), 1e-12);
    bench_trace_fini(&end.trace);
    bench_opened_destroy(opened);
    bench_suite_destroy(s);
}

static void test_a_reference_is_needed(void **state) {
    (void)state;
    base_err err;
    bench_opened *opened;
    bench_suite *s = read_suite("[{name: x, goal: minimize, reference: 2}, {name: y, goal: maximize}]");
    assert_int_equal(bench_opened_create(s, &catalog, &opened, &err), BASE_INVALID);
    CHECK_CONTAINS(err.text, "s.yaml:3:");
    CHECK_CONTAINS(err.text, "each of several metrics needs a reference, e.g. {name: y, reference: 1}");
    bench_suite_destroy(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_value_is_the_hypervolume),
        cmocka_unit_test(test_a_reference_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

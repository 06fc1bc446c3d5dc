/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problems that are opened once: what a random configuration is worth there, whoever asks. */
#include "benchmarks/suite/opened.h"

#include "tests/support/check.h"

static unsigned inits, finis;

static base_status line_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    (void)self, (void)env, (void)arena, (void)err;
    inits++;
    return BASE_OK;
}

static void line_fini(void *self) {
    (void)self;
    finis++;
}

/* What is seen is not what it is worth; a tenth fails. */
static base_status line_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                 base_err *err) {
    (void)self, (void)reporter;
    const double x = job->config[0];
    if (x > 0.9) return BASE_FAIL(err, BASE_NUMERIC, "it broke");
    hpo_metrics_set(&out->metrics, "y", 1000);
    hpo_metrics_set(&out->metrics, "exact", x * job->fidelity);
    return BASE_OK;
}

#define LINE(name_, flags_)                                                                                            \
    {                                                                                                                  \
        .name = (name_), .summary = "a line", .flags = (flags_), .init = line_init, .evaluate = line_evaluate,         \
        .fini = line_fini                                                                                              \
    }
static const hpo_objective_type quick = LINE("quick", HPO_OBJECTIVE_IN_RANK), slow = LINE("slow", 0);

static bench_suite *read_suite(const char *methods, const char *prior) {
    char text[1024];
    base_err err;
    bench_suite *s;
    snprintf(
        text, sizeof text,
        "suite: s\nproblems:\n"
        "  - {name: a, objective: quick, parameters: {x: {min: 0.0, max: 1.0%s}}, metric: {name: y, goal: minimize}}\n"
        "  - {name: b, objective: quick, parameters: {x: {min: 0.0, max: 1.0}}, metric: {name: y, goal: maximize},\n"
        "     fidelity: {z: {min: 1, max: 9}}}\n"
        "  - {name: c, objective: slow, parameters: {x: {min: 0.0, max: 1.0}}, metric: {name: y, goal: minimize}}\n"
        "methods: [%s]\nbudget: {full: 3}\n",
        prior, methods);
    CHECK_OK(bench_suite_read("s.yaml", text, strlen(text), NULL, 0, &s, &err));
    return s;
}

static hpo_catalog catalog(void) {
    static const hpo_objective_type *const types[] = {&quick, &slow};
    return (hpo_catalog){.objectives = types, .n_objectives = 2, .version = "1"};
}

static void medians(const char *methods, const char *prior, double out[3]) {
    const hpo_catalog all = catalog();
    base_err err;
    bench_opened *opened;
    bench_suite *s = read_suite(methods, prior);
    inits = finis = 0;
    CHECK_OK(bench_opened_create(s, &all, &opened, &err));
    assert_int_equal(inits, 3);
    for (size_t i = 0; i < 3; i++) out[i] = bench_opened_get(opened, i)->median;
    bench_opened_destroy(opened);
    assert_int_equal(finis, 3);
    bench_suite_destroy(s);
}

/* The median of 1,001 uniform numbers is 0.5 with a standard deviation of 0.016. A failure is the worst there
 * is: with a tenth of all below every value, the median lies at 0.4 where larger is better. */
static void test_the_median_of_random_configurations(void **state) {
    (void)state;
    double at[3];
    medians("random", "", at);
    CHECK_NEAR(at[0], 0.5, 0.05);
    CHECK_NEAR(at[1] / 9, 0.4, 0.05);
    assert_true(isnan(at[2]));
}

static void test_it_is_the_same_for_all(void **state) {
    (void)state;
    double one[3], other[3];
    medians("random", "", one);
    medians("tpe, gp", ", prior: 0.1", other);
    CHECK_SAME_DOUBLE(one[0], other[0]);
    CHECK_SAME_DOUBLE(one[1], other[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_median_of_random_configurations),
        cmocka_unit_test(test_it_is_the_same_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

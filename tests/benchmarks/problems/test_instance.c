/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What settings add to a problem: noise of the promised size around the exact value, and the names of both. */
#include "tests/benchmarks/problems/bind.h"

enum { DRAWS = 20000, MAX_ARGUMENTS = 13 };

/* The deviation of random points' values, from draws of its own. */
static double deviation_of(const bound_problem *problem) {
    base_err err = {0};
    double x[MAX_ARGUMENTS], sum = 0, squares = 0;
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        CHECK_OK(hpo_space_sample(problem->space, &rng, x, &err));
        const double value = bench_evaluate(&problem->binding, x, problem->binding.instance.problem->fidelity.max, 1);
        sum += value;
        squares += value * value;
    }
    return sqrt(squares / DRAWS - sum / DRAWS * (sum / DRAWS));
}

/* Around the value without noise lies a normal distribution: mean, deviation, and as many within one deviation. */
static void check_noise(const char *name, bench_settings settings, double fidelity) {
    base_err err = {0};
    bound_problem plain = bind_with(name, &settings);
    settings.noise = 0.25;
    bound_problem noisy = bind_with(name, &settings);
    const bench_instance *instance = &noisy.binding.instance;
    const double deviation = instance->noise, full = instance->problem->fidelity.max;
    CHECK_CLOSE(deviation, 0.25 * deviation_of(&plain), 0.15); /* of 1,000 points, with heavy tails */
    double x[MAX_ARGUMENTS], values[8], sum = 0, squares = 0, within = 0;
    base_rng rng = base_rng_stream(6, BASE_RNG_TEST, 0, 0);
    CHECK_OK(hpo_space_sample(noisy.space, &rng, x, &err));
    const double value = bench_evaluate(&plain.binding, x, fidelity, 1);
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        bench_evaluate_all(&noisy.binding, x, fidelity, seed, values);
        CHECK_SAME_DOUBLE(values[1], bench_evaluate(&plain.binding, x, full, 1));
        const double off = (values[0] - value) / deviation;
        sum += off;
        squares += off * off;
        within += fabs(off) < 1;
    }
    CHECK_NEAR(sum / DRAWS, 0, 5 / sqrt(DRAWS));
    CHECK_NEAR(squares / DRAWS, 1, 5 * sqrt(2.0 / DRAWS));
    CHECK_NEAR(within / DRAWS, erf(sqrt(0.5)), 5 * sqrt(0.22 / DRAWS));
    bind_release(&plain);
    bind_release(&noisy);
}

static void noise(void **state) {
    (void)state;
    check_noise("branin", (bench_settings){0}, 1);
    check_noise("hartmann6", (bench_settings){0}, 1);
    check_noise("tuning", (bench_settings){0}, 1);
    check_noise("bbob-f15", (bench_settings){.dimensions = 4, .instance = 1}, 1);
    check_noise("levy", (bench_settings){.dimensions = 5, .choices = 2, .levels = 4}, 1);
    check_noise("currin", (bench_settings){0}, 2);
    check_noise("currin", (bench_settings){0}, 1); /* exact is the full evaluation's */
}

static void metrics(void **state) {
    (void)state;
    const bench_instance plain = {.problem = bench_problem_find("borehole")};
    const bench_instance noisy = {.problem = plain.problem, .settings.noise = 0.1};
    assert_string_equal(bench_metrics(&plain)[0], "value");
    assert_null(bench_metrics(&plain)[1]);
    assert_string_equal(bench_metrics(&noisy)[1], "exact");
    assert_null(bench_metrics(&noisy)[2]);
    assert_true(bench_maximizes(&plain, 0) && bench_maximizes(&noisy, 0) && bench_maximizes(&noisy, 1));
    const bench_instance branin = {.problem = bench_problem_find("branin"), .settings.noise = 0.1};
    assert_false(bench_maximizes(&branin, 0) || bench_maximizes(&branin, 1));
}

static void unknown_optimum(void **state) {
    (void)state;
    double x[MAX_ARGUMENTS], value;
    bound_problem problem = bind_own("lcbench");
    assert_false(bench_optimum(&problem.binding.instance, 0, x, &value));
    bind_release(&problem);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(noise), cmocka_unit_test(metrics),
                                       cmocka_unit_test(unknown_optimum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

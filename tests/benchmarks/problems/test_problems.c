/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every problem of the registry promises. */
#include "tests/benchmarks/problems/bind.h"

typedef void (*visit)(const bound_problem *bound);

static void each(visit check) {
    size_t count;
    const bench_problem *const *problems = bench_problems(&count);
    for (size_t i = 0; i < count; i++) {
        bound_problem bound = bind_sized(problems[i]->name, 3, 2);
        check(&bound);
        bind_release(&bound);
    }
}

static void check_names(const bound_problem *bound) {
    const bench_problem *problem = bound->binding.problem;
    assert_ptr_equal(bench_problem_find(problem->name), problem); /* no name twice */
    assert_true(strlen(problem->summary) <= 100);
    assert_non_null(problem->metric[0]);
    assert_null(problem->metric[1]);
}

static void names(void **state) {
    (void)state;
    each(check_names);
    assert_null(bench_problem_find("no-such-problem"));
    assert_string_equal(bench_problem_nearest("Branim"), "branin");
    assert_string_equal(bench_problem_nearest("mf_hartmann6_god"), "mf-hartmann6-good");
    assert_null(bench_problem_nearest("rosenbrock"));
}

/* No random point of the space is better than the optimum, and each of its places has its value. */
static void check_optimum(const bound_problem *bound) {
    enum { POINTS = 20000, MAX_ARGUMENTS = 8 };
    const bench_problem *problem = bound->binding.problem;
    const double full = problem->fidelity.max;
    base_err err = {0};
    double x[MAX_ARGUMENTS], best = NAN;
    assert_true(bound->binding.count <= MAX_ARGUMENTS);
    for (size_t which = 0; problem->optimum(problem, &bound->binding.size, which, x, &best); which++) {
        CHECK_NEAR(bench_evaluate(&bound->binding, x, full, 1), best, 1e-9);
    }
    double found = INFINITY;
    base_rng rng = base_rng_stream(7, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < POINTS; i++) {
        CHECK_OK(hpo_space_sample(bound->space, &rng, x, &err));
        found = fmin(found, bench_evaluate(&bound->binding, x, full, i));
    }
    assert_true(found >= best - 1e-9);
    assert_true(found < best + 1.5); /* and the search comes near it, so it is no mere lower bound */
}

static void optimum(void **state) {
    (void)state;
    each(check_optimum);
}

/* The value is a function of (configuration, fidelity, seed): evaluating others in between changes nothing; and below
 * the highest fidelity the seed and the fidelity count. */
static void check_pure(const bound_problem *bound) {
    const bench_problem *problem = bound->binding.problem;
    const bool cheap = problem->fidelity.name != NULL;
    const double low = cheap ? problem->fidelity.min + 8 : problem->fidelity.max;
    base_err err = {0};
    double a[8], b[8];
    base_rng rng = base_rng_stream(9, BASE_RNG_TEST, 0, 0);
    CHECK_OK(hpo_space_sample(bound->space, &rng, a, &err));
    CHECK_OK(hpo_space_sample(bound->space, &rng, b, &err));
    const double first = bench_evaluate(&bound->binding, a, low, 11);
    size_t different = 0;
    for (uint64_t seed = 20; seed < 40; seed++) {
        bench_evaluate(&bound->binding, b, low, seed);
        different += bench_evaluate(&bound->binding, a, low, seed) != first;
    }
    CHECK_SAME_DOUBLE(bench_evaluate(&bound->binding, a, low, 11), first);
    assert_true(cheap ? different > 5 : different == 0);
    CHECK_SAME_DOUBLE(bench_evaluate(&bound->binding, a, problem->fidelity.max, 1),
                      bench_evaluate(&bound->binding, a, problem->fidelity.max, 2));
}

static void pure(void **state) {
    (void)state;
    each(check_pure);
}

static void check_cost(const bound_problem *bound) {
    const bench_problem *problem = bound->binding.problem;
    if (!problem->cost) return;
    CHECK_NEAR(problem->cost(problem->fidelity.max), 1, 1e-12);
    assert_true(problem->cost(problem->fidelity.min) > 0);
    assert_true(problem->cost(problem->fidelity.min) < 1);
}

static void cost(void **state) {
    (void)state;
    each(check_cost);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(optimum), cmocka_unit_test(pure),
                                       cmocka_unit_test(cost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every problem of the registry promises. */
#include "tests/benchmarks/problems/bind.h"
#include "tests/support/suite.h"

typedef void (*visit)(const bound_problem *bound);

static void each(visit check) {
    const bench_settings settings = {.n_categorical = 3, .n_continuous = 2, .dimensions = 2, .instance = 1};
    size_t count;
    const bench_problem *const *problems = bench_problems(&count);
    for (size_t i = 0; i < count; i++) {
        if (!suite_begins("problem", problems[i]->name)) continue;
        bound_problem bound = bind_with(problems[i]->name, &settings);
        check(&bound);
        bind_release(&bound);
    }
}

static const bench_problem *problem_of(const bound_problem *bound) {
    return bound->binding.instance.problem;
}

static bool has_exact(const bench_problem *problem) {
    return problem->metric[1] && strcmp(problem->metric[1], "exact") == 0;
}

/* Tables of repeated trainings, and formulas; those that have constraints behind it are not. */
static bool is_noisy(const bench_problem *problem) {
    return has_exact(problem) && (!problem->metric[2] || problem->takes & BENCH_TAKES_AVERAGE);
}

static void check_names(const bound_problem *bound) {
    const bench_problem *problem = problem_of(bound);
    assert_ptr_equal(bench_problem_find(problem->name), problem); /* no name twice */
    assert_true(strlen(problem->summary) <= 100);
    assert_non_null(problem->metric[0]);
    assert_null(problem->metric[7]); /* the list ends */
    if (!problem->family) return;
    const size_t stem = strcspn(problem->family, "{");
    assert_memory_equal(problem->name, problem->family, stem);
}

static void names(void **state) {
    (void)state;
    each(check_names);
    assert_null(bench_problem_find("no-such-problem"));
    assert_string_equal(bench_problem_nearest("Branim"), "branin");
    assert_string_equal(bench_problem_nearest("mf_hartmann6_god"), "mf-hartmann6-good");
    assert_null(bench_problem_nearest("schwefel"));
}

/* No random point of the space is better than the optimum, and each of its places has its value. */
static void check_optimum(const bound_problem *bound) {
    enum { POINTS = 20000, MAX_ARGUMENTS = 13 };
    const bench_problem *problem = problem_of(bound);
    const double full = problem->fidelity.max, sign = problem->maximize ? -1 : 1;
    const size_t exact = has_exact(problem) ? 1 : 0;
    base_err err = {0};
    double x[MAX_ARGUMENTS], values[8], best = NAN;
    if (!problem->optimum) return;
    assert_true(bound->binding.count <= MAX_ARGUMENTS);
    for (size_t which = 0; problem->optimum(&bound->binding.instance, which, x, &best); which++) {
        bench_evaluate_all(&bound->binding, x, full, 1, values);
        CHECK_NEAR(values[exact], best, 1e-9);
    }
    double found = INFINITY, sum = 0;
    base_rng rng = base_rng_stream(7, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < POINTS; i++) {
        CHECK_OK(hpo_space_sample(bound->space, &rng, x, &err));
        bench_evaluate_all(&bound->binding, x, full, i, values);
        found = fmin(found, sign * values[exact]);
        sum += sign * values[exact];
    }
    assert_true(found >= sign * best - 1e-9);
    /* and the search comes near it, so it is no mere lower bound */
    assert_true(found - sign * best < 0.4 * (sum / POINTS - sign * best));
}

static void optimum(void **state) {
    (void)state;
    each(check_optimum);
}

/* The values are functions of (configuration, fidelity, seed): evaluating others in between changes nothing. Where
 * there is noise, the seed counts; where there is none, it does not; and it never counts for what is called exact. */
static void check_pure(const bound_problem *bound) {
    const bench_problem *problem = problem_of(bound);
    const bool table = problem->takes & BENCH_TAKES_AVERAGE;
    const double low = table ? problem->fidelity.max : problem->fidelity.min;
    base_err err = {0};
    double a[13], b[13], one[8], two[8];
    base_rng rng = base_rng_stream(9, BASE_RNG_TEST, 0, 0);
    size_t most = 0; /* a row of a table may have been trained to the same value every time: look at several */
    for (size_t i = 0; i < 20; i++) {
        CHECK_OK(hpo_space_sample(bound->space, &rng, a, &err));
        CHECK_OK(hpo_space_sample(bound->space, &rng, b, &err));
        const double first = bench_evaluate(&bound->binding, a, low, 11);
        size_t different = 0;
        for (uint64_t seed = 20; seed < 40; seed++) {
            bench_evaluate(&bound->binding, b, low, seed);
            different += bench_evaluate(&bound->binding, a, low, seed) != first;
        }
        CHECK_SAME_DOUBLE(bench_evaluate(&bound->binding, a, low, 11), first);
        most = different > most ? different : most;
    }
    assert_true(is_noisy(problem) ? most > 5 : most == 0);
    bench_evaluate_all(&bound->binding, a, low, 1, one);
    bench_evaluate_all(&bound->binding, a, problem->fidelity.max, 2, two);
    for (size_t m = 1; is_noisy(problem) && problem->metric[m]; m++) CHECK_SAME_DOUBLE(one[m], two[m]);
}

static void pure(void **state) {
    (void)state;
    each(check_pure);
}

static void check_cost(const bound_problem *bound) {
    const bench_problem *problem = problem_of(bound);
    if (!problem->cost) return;
    CHECK_NEAR(problem->cost(problem->fidelity.max), 1, 1e-12);
    assert_true(problem->cost(problem->fidelity.min) > 0);
    assert_true(problem->cost(problem->fidelity.min) < 1);
}

static void cost(void **state) {
    (void)state;
    each(check_cost);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(optimum), cmocka_unit_test(pure),
                                       cmocka_unit_test(cost)};
    return SUITE_MAIN(tests);
}

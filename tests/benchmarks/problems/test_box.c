/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mixed variants: their spaces, that no point of them is outside of the box, and that the optimum is kept. */
#include "tests/benchmarks/problems/bind.h"

enum { DIMS = 8 };
static const bench_settings mixed = {
    .dimensions = DIMS, .instance = 2, .integers = 2, .choices = 3, .logs = 2, .levels = 6};

static void spaces(void **state) {
    (void)state;
    bound_problem problem = bind_with("levy", &mixed);
    static const hpo_param_kind kinds[DIMS] = {HPO_INT,         HPO_INT,   HPO_CATEGORICAL, HPO_CATEGORICAL,
                                               HPO_CATEGORICAL, HPO_FLOAT, HPO_FLOAT,       HPO_FLOAT};
    for (size_t i = 0; i < DIMS; i++) {
        const hpo_param *param = hpo_space_param(problem.space, i);
        assert_int_equal(param->kind, kinds[i]);
        assert_int_equal(param->scale, i == 5 || i == 6 ? HPO_LOG : HPO_LINEAR);
        if (i < 5) assert_int_equal(hpo_param_levels(param), 6);
    }
    CHECK_NEAR(hpo_space_param(problem.space, 7)->min, -10, 0);
    bind_release(&problem);
}

/* A random point stands for one of the box, equally far apart on the grid, and the evaluation is the formula's there.
 */
static void check_places(const char *name) {
    base_err err = {0};
    bound_problem problem = bind_with(name, &mixed),
                  plain = bind_with(name, &(bench_settings){.dimensions = DIMS, .instance = 2});
    const bench_instance *instance = &problem.binding.instance;
    const double min = instance->problem->box.min, max = instance->problem->box.max;
    double x[DIMS], config[DIMS];
    base_rng rng = base_rng_stream(6, BASE_RNG_TEST, 0, 0);
    for (size_t n = 0; n < 500; n++) {
        CHECK_OK(hpo_space_sample(problem.space, &rng, config, &err));
        memcpy(x, config, sizeof x);
        bench_box_decode(instance, x);
        for (size_t i = 0; i < DIMS; i++) assert_true(x[i] >= min - 1e-12 && x[i] <= max + 1e-12);
        CHECK_SAME_DOUBLE(bench_evaluate(&problem.binding, config, 1, 1), bench_evaluate(&plain.binding, x, 1, 1));
    }
    for (size_t k = 1; k < 6; k++) /* of the first integer */
        CHECK_NEAR(instance->grid[k] - instance->grid[k - 1], (max - min) / 6, 1e-9 * (max - min));
    bind_release(&problem);
    bind_release(&plain);
}

static void places(void **state) {
    (void)state;
    static const char *const names[] = {"levy",    "rastrigin", "griewank", "michalewicz",
                                        "bbob-f3", "bbob-f5",   "bbob-f21"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) check_places(names[i]);
}

/* The optimum of the box is a point of every variant, with the same value, and its neighbours are worse. */
static void optima(void **state) {
    (void)state;
    size_t count;
    const bench_problem *const *problems = bench_problems(&count);
    for (size_t p = 0; p < count; p++) {
        if (!(bench_takes(problems[p]) & BENCH_TAKES_MIXED)) continue;
        base_err err = {0};
        bound_problem problem = bind_with(problems[p]->name, &mixed);
        double x[DIMS], y[DIMS], best;
        assert_true(bench_optimum(&problem.binding.instance, 0, x, &best));
        CHECK_OK(hpo_space_check(problem.space, x, &err));
        CHECK_NEAR(bench_evaluate(&problem.binding, x, 1, 1), best, 1e-9);
        assert_false(bench_optimum(&problem.binding.instance, 1, y, &best));
        base_rng rng = base_rng_stream(8, BASE_RNG_TEST, (uint32_t)p, 0);
        for (size_t n = 0; n < 2000; n++) {
            CHECK_OK(hpo_space_sample(problem.space, &rng, y, &err));
            assert_true(bench_evaluate(&problem.binding, y, 1, 1) > best);
        }
        bind_release(&problem);
    }
}

/* The indices of choices are in another order than the places they stand for; those of integers are not. */
static void order(void **state) {
    (void)state;
    bound_problem problem = bind_with("ackley", &mixed);
    const double *grid = problem.binding.instance.grid;
    size_t falls[5] = {0};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 1; k < 6; k++) falls[i] += grid[6 * i + k] < grid[6 * i + k - 1];
    assert_true(falls[0] == 0 && falls[1] == 0);
    assert_true(falls[2] > 0 && falls[2] < 5 && falls[3] > 0 && falls[3] < 5 && falls[4] > 0 && falls[4] < 5);
    bind_release(&problem);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(spaces), cmocka_unit_test(places), cmocka_unit_test(optima),
                                       cmocka_unit_test(order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

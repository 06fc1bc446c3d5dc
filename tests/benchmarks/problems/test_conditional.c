/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Problems with conditions: values by hand, which parameters count, and that the good branch of tuning hides. */
#include "tests/benchmarks/problems/bind.h"

static const double no = NAN;

static void tree(void **state) {
    (void)state;
    bound_problem jenatton = bind_own("jenatton");
    CHECK_NEAR(value_at(&jenatton, (double[]){0, 0, no, 0.5, no, no, no, 0.25, no}, 1, 1), 0.6, 1e-15);
    CHECK_NEAR(value_at(&jenatton, (double[]){0, 1, no, no, -1, no, no, 0.25, no}, 1, 1), 1.45, 1e-15);
    CHECK_NEAR(value_at(&jenatton, (double[]){1, no, 0, no, no, 2, no, no, 0.5}, 1, 1), 4.8, 1e-15);
    CHECK_NEAR(value_at(&jenatton, (double[]){1, no, 1, no, no, no, 0, no, 0}, 1, 1), 0.4, 1e-15);
    bind_release(&jenatton);
}

/* optimizer, learning_rate, momentum, beta2, history, layers, units_1 to units_4, dropout, augment, strength */
static void tuning(void **state) {
    (void)state;
    bound_problem tuning = bind_own("tuning");
    const double sgd[] = {0, 0.1, 0.8, no, no, 2, 256, 64, no, no, 0.5, 0, no};
    /* 0.1 is exactly right for this momentum; units_2 is off by one octave */
    CHECK_NEAR(value_at(&tuning, sgd, 1, 1), 1.5 * 0.01 + 0.1 + 0.05 / 2 + 0.04 + 0.1, 1e-12);
    const double adam[] = {1, 1e-4, no, 0.95, no, 1, 128, no, no, no, no, 1, 1};
    CHECK_NEAR(value_at(&tuning, adam, 1, 1), 0.15 + 0.05 + 0.2 + 0.05 + 0.1 + 0.4 * 0.16, 1e-12);
    const double lbfgs[] = {2, no, no, no, 64, 4, 256, 128, 64, 8, 0.3, 1, 0.6};
    CHECK_NEAR(value_at(&tuning, lbfgs, 1, 1), 0.35 + 0.02 * 4 + 0.1 + 0.05 * 4 / 4, 1e-12);
    bind_release(&tuning);
}

/* What is inactive does not count, and what is active does. */
static void check_activity(const char *name) {
    enum { POINTS = 200, MAX_ARGUMENTS = 13 };
    base_err err = {0};
    bound_problem problem = bind_own(name);
    double x[MAX_ARGUMENTS], y[MAX_ARGUMENTS];
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    const size_t count = hpo_space_count(problem.space);
    for (size_t n = 0; n < POINTS; n++) {
        CHECK_OK(hpo_space_sample(problem.space, &rng, x, &err));
        const double value = bench_evaluate(&problem.binding, x, 1, 1);
        assert_true(isfinite(value));
        for (size_t i = 0; i < count; i++) {
            const hpo_param *param = hpo_space_param(problem.space, i);
            const double other = hpo_param_from_unit(param, base_rng_uniform(&rng));
            if (other == x[i]) continue;
            memcpy(y, x, sizeof x);
            y[i] = other;
            if (isnan(x[i])) {
                CHECK_SAME_DOUBLE(bench_evaluate(&problem.binding, y, 1, 1), value);
            } else {
                hpo_space_activate(problem.space, y);
                assert_true(param->kind == HPO_CATEGORICAL || isnan(bench_evaluate(&problem.binding, y, 1, 1)) ||
                            bench_evaluate(&problem.binding, y, 1, 1) != value);
            }
        }
    }
    bind_release(&problem);
}

static void activity(void **state) {
    (void)state;
    check_activity("jenatton");
    check_activity("tuning");
}

/* Random points with sgd are the worst on average, although the best point of all is one of them. */
static void hidden_branch(void **state) {
    (void)state;
    base_err err = {0};
    bound_problem tuning = bind_own("tuning");
    double x[13], sum[3] = {0}, best;
    size_t seen[3] = {0};
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 0, 0);
    for (size_t n = 0; n < 6000; n++) {
        CHECK_OK(hpo_space_sample(tuning.space, &rng, x, &err));
        sum[(size_t)x[0]] += bench_evaluate(&tuning.binding, x, 1, 1);
        seen[(size_t)x[0]]++;
    }
    assert_true(sum[0] / (double)seen[0] > 1.5 * sum[1] / (double)seen[1]);
    assert_true(sum[0] / (double)seen[0] > 1.5 * sum[2] / (double)seen[2]);
    assert_true(bench_optimum(&tuning.binding.instance, 0, x, &best));
    assert_true(x[0] == 0 && best == 0);
    CHECK_NEAR(bench_evaluate(&tuning.binding, x, 1, 1), 0, 1e-14);
    hpo_space_activate(tuning.space, x);
    CHECK_OK(hpo_space_check(tuning.space, x, &err));
    bind_release(&tuning);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(tree), cmocka_unit_test(tuning), cmocka_unit_test(activity),
                                       cmocka_unit_test(hidden_branch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

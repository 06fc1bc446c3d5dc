/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting ones against its definition: the exact sum, and the mean and variance of a sum of binomial means. */
#include "tests/benchmarks/problems/bind.h"

static const double x[] = {1, 0, 1, 1, .5, .25, 1, 0};

static void exact_sum(void **state) {
    (void)state;
    bound_problem ones = bind_sized("counting-ones", 4, 4);
    const double value = value_at(&ones, x, INFINITY, 1);
    CHECK_NEAR(value, -4.75, 1e-15);
    CHECK_NEAR(1 + value / 8, .40625, 1e-15); /* the regret that papers plot */
    bind_release(&ones);
}

static void moments(void **state) {
    (void)state;
    enum { DRAWS = 40000 };
    bound_problem ones = bind_sized("counting-ones", 4, 4);
    double sum = 0, squares = 0;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        const double value = bench_evaluate(&ones.binding, x, 9, seed);
        CHECK_NEAR(rint(value * 9), value * 9, 1e-9); /* a mean of nine draws */
        assert_true(value <= -4 && value >= -6);      /* 1 and 0 are certain */
        sum += value + 4.75;
        squares += (value + 4.75) * (value + 4.75);
    }
    const double variance = (.25 + .1875) / 9;
    CHECK_NEAR(variance, .04861111111, 1e-10);
    CHECK_NEAR(sum / DRAWS, 0, 5 * sqrt(variance / DRAWS));
    CHECK_CLOSE(squares / DRAWS, variance, 5 * sqrt(2.0 / DRAWS));
    bind_release(&ones);
}

/* More samples, less noise: the deviation falls with the square root. */
static void more_samples(void **state) {
    (void)state;
    enum { DRAWS = 4000 };
    bound_problem ones = bind_sized("counting-ones", 4, 4);
    double squares = 0;
    for (uint64_t seed = 0; seed < DRAWS; seed++) squares += pow(bench_evaluate(&ones.binding, x, 729, seed) + 4.75, 2);
    CHECK_CLOSE(squares / DRAWS, (.25 + .1875) / 729, 5 * sqrt(2.0 / DRAWS));
    bind_release(&ones);
}

/* Where it believes: all ones, all zeros, and a random point that is better than most but far from both. */
static void priors(void **state) {
    (void)state;
    static const struct {
        bench_prior prior;
        double least, most;
    } cases[] = {{BENCH_PRIOR_GOOD, 16, 16}, {BENCH_PRIOR_BAD, 0, 0}, {BENCH_PRIOR_AT25, 9, 14}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const bench_settings settings = {.n_categorical = 8, .n_continuous = 8, .prior = (int)cases[i].prior};
        bound_problem ones = bind_with("counting-ones", &settings);
        double sum = 0;
        for (size_t k = 0; k < 16; k++) {
            const hpo_prior *prior = &hpo_space_param(ones.space, k)->prior;
            assert_true(prior->given);
            CHECK_NEAR(k < 8 ? prior->weight : prior->deviation, k < 8 ? 4 : .25, 0);
            sum += prior->center;
        }
        assert_true(sum >= cases[i].least && sum <= cases[i].most);
        bind_release(&ones);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(exact_sum), cmocka_unit_test(moments),
                                       cmocka_unit_test(more_samples), cmocka_unit_test(priors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hartmann's functions and their fidelities against values computed from the published constants in another program.
 */
#include "tests/benchmarks/problems/bind.h"

static double hartmann(const char *name, const double *x, double z) {
    bound_problem problem = bind_own(name);
    const double value = value_at(&problem, x, z, 3);
    bind_release(&problem);
    return value;
}

static void values3(void **state) {
    (void)state;
    CHECK_NEAR(hartmann("hartmann3", (double[]){.5, .5, .5}, 1), -0.6280220150705937, 1e-12);
    CHECK_NEAR(hartmann("hartmann3", (double[]){0, 0, 0}, 1), -0.06797411659013464, 1e-12);
    CHECK_NEAR(hartmann("hartmann3", (double[]){1, 1, 1}, 1), -0.3004760740554009, 1e-12);
    CHECK_NEAR(hartmann("hartmann3", (double[]){.2, .4, .6}, 1), -1.0023086415041336, 1e-12);
}

static void values6(void **state) {
    (void)state;
    CHECK_NEAR(hartmann("hartmann6", (double[]){.5, .5, .5, .5, .5, .5}, 1), -0.5053149917022333, 1e-12);
    CHECK_NEAR(hartmann("hartmann6", (double[]){0, 0, 0, 0, 0, 0}, 1), -0.005089112883664439, 1e-14);
    CHECK_CLOSE(hartmann("hartmann6", (double[]){1, 1, 1, 1, 1, 1}, 1), -3.408539273427753e-05, 1e-10);
    CHECK_NEAR(hartmann("hartmann6", (double[]){.1, .2, .3, .4, .5, .6}, 1), -1.4069105761385297, 1e-12);
}

/* The highest fidelity is the function itself, whatever the seed: no bias, no noise. */
static void full_fidelity(void **state) {
    (void)state;
    static const char *const names[] = {"mf-hartmann3", "mf-hartmann3-good", "mf-hartmann3-moderate",
                                        "mf-hartmann3-bad", "mf-hartmann3-terrible"};
    const double x[] = {.2, .4, .6};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) CHECK_NEAR(hartmann(names[i], x, 100), -1.0023086415041336, 1e-12);
    CHECK_NEAR(hartmann("mf-hartmann6-bad", (double[]){.1, .2, .3, .4, .5, .6}, 100), -1.4069105761385297, 1e-12);
}

static const double z_of[] = {1, 3, 10, 11, 33, 100};
typedef struct bias_row {
    const char *name;
    double noise;
    double value[CHECK_COUNT(z_of)]; /* at the minimizer, without noise */
} bias_row;
static const bias_row bias_rows[] = {
    {"mf-hartmann3-good", 2, {0.070187566, -0.868063593, -1.896296110, -1.977694150, -2.915945309, -3.862779787}},
    {"mf-hartmann3-bad", 4, {1.643374507, 0.329822885, -1.109702640, -1.223659895, -2.537211518, -3.862779787}},
    {"mf-hartmann3-terrible", 5, {2.429967978, 0.928766123, -0.716405904, -0.846642768, -2.347844623, -3.862779787}},
    {"mf-hartmann6-good", 2, {0.140651496, -0.685488610, -1.590858257, -1.662530096, -2.488670202, -3.322368011}},
    {"mf-hartmann6-bad", 4, {1.525859300, 0.369263151, -0.898254356, -0.998594929, -2.155191078, -3.322368011}},
    {"mf-hartmann6-terrible", 5, {2.218463201, 0.896639031, -0.551952405, -0.666627346, -1.988451516, -3.322368011}},
};

/* The noise is never negative, so the least of many draws comes near the noiseless value from above; its mean is
 * E|N(0,1)| = sqrt(2/pi) times noise * (1 - t). */
static void bias_and_noise(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    for (size_t r = 0; r < CHECK_COUNT(bias_rows); r++) {
        bound_problem problem = bind_own(bias_rows[r].name);
        double x[6], best;
        assert_true(problem.binding.instance.problem->optimum(&problem.binding.instance, 0, x, &best));
        for (size_t i = 0; i < CHECK_COUNT(z_of); i++) {
            const double scale = bias_rows[r].noise * (1 - log(z_of[i]) / log(100));
            const double expected = bias_rows[r].value[i];
            double least = INFINITY, mean = 0;
            for (uint64_t seed = 0; seed < DRAWS; seed++) {
                const double value = bench_evaluate(&problem.binding, x, z_of[i], seed);
                least = fmin(least, value);
                mean += (value - expected) / DRAWS;
            }
            assert_true(least > expected - 2e-9);
            CHECK_NEAR(least, expected, 2e-9 + scale * 1e-3);
            CHECK_NEAR(mean, scale * sqrt(2 / M_PI), 2e-9 + scale * 5 * 0.603 / sqrt(DRAWS)); /* 5 deviations */
        }
        bind_release(&problem);
    }
}

static void cost(void **state) {
    (void)state;
    double (*lambda)(double) = bench_problem_find("mf-hartmann6-bad")->cost;
    CHECK_NEAR(lambda(1), .050095, 1e-12);
    CHECK_NEAR(lambda(3), .050855, 1e-12);
    CHECK_NEAR(lambda(11), .061495, 1e-12);
    CHECK_NEAR(lambda(33), .153455, 1e-12);
    CHECK_NEAR(lambda(100), 1, 1e-12);
}

static void minimum(void **state) {
    (void)state;
    const double place3[] = {0.114614, 0.555649, 0.852547};
    const double place6[] = {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573};
    CHECK_NEAR(hartmann("hartmann3", place3, 1), -3.8627797869493365, 1e-12);
    CHECK_NEAR(hartmann("hartmann6", place6, 1), -3.322368011391339, 1e-12);
}

/* The value at the middle of the believed region, at full fidelity. */
static double believed(const char *name, bench_prior prior) {
    bound_problem problem = bind_with(name, &(bench_settings){.prior = (int)prior});
    double x[6];
    for (size_t i = 0; i < hpo_space_count(problem.space); i++) {
        const hpo_param *param = hpo_space_param(problem.space, i);
        assert_true(param->prior.given);
        CHECK_NEAR(param->prior.deviation, 0.25, 0);
        x[i] = param->prior.center;
    }
    const double value = value_at(&problem, x, 100, 1);
    bind_release(&problem);
    return value;
}

/* The published errors of the priors at z = 100. */
static void priors(void **state) {
    (void)state;
    CHECK_NEAR(believed("mf-hartmann3-good", BENCH_PRIOR_GOOD), -3.862780, 1e-6);
    CHECK_NEAR(believed("mf-hartmann3-terrible", BENCH_PRIOR_GOOD), -3.862780, 1e-6);
    CHECK_NEAR(believed("mf-hartmann3-bad", BENCH_PRIOR_GOOD), -3.861277, 1e-6);
    CHECK_NEAR(believed("mf-hartmann3-good", BENCH_PRIOR_MEDIUM), -3.803557, 1e-6);
    CHECK_NEAR(believed("mf-hartmann3-moderate", BENCH_PRIOR_MEDIUM), -3.859106, 1e-6);
    CHECK_NEAR(believed("mf-hartmann6-terrible", BENCH_PRIOR_MEDIUM), -3.258242, 1e-6);
    CHECK_NEAR(believed("mf-hartmann6-bad", BENCH_PRIOR_MEDIUM), -3.318313, 1e-6);
    CHECK_NEAR(believed("mf-hartmann3-bad", BENCH_PRIOR_AT25), -2.551854489630721, 1e-9);
    CHECK_NEAR(believed("mf-hartmann3-terrible", BENCH_PRIOR_BAD), -8.026181522e-5, 1e-13);
    CHECK_NEAR(believed("mf-hartmann6-good", BENCH_PRIOR_GOOD), -3.322368, 1e-6);
    CHECK_NEAR(believed("mf-hartmann6-moderate", BENCH_PRIOR_GOOD), -3.320706, 1e-6);
    CHECK_NEAR(believed("mf-hartmann6-good", BENCH_PRIOR_AT25), -1.339834484275339, 1e-7); /* 8 printed digits */
    CHECK_NEAR(believed("mf-hartmann6", BENCH_PRIOR_BAD), -1.801460865e-6, 1e-12);
    bound_problem none = bind_own("mf-hartmann3");
    assert_false(hpo_space_has_prior(none.space));
    bind_release(&none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values3),        cmocka_unit_test(values6), cmocka_unit_test(full_fidelity),
        cmocka_unit_test(bias_and_noise), cmocka_unit_test(cost),    cmocka_unit_test(minimum),
        cmocka_unit_test(priors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

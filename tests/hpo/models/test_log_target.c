/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: values computed with SciPy; the closed form in long double where it does not cancel; the integral
 * of max(e^best - e^y, 0) under the normal density by Simpson's rule. */
#include "hpo/models/log_target.h"
#include "tests/support/check.h"

static void published_values(void **state) {
    (void)state;
    CHECK_CLOSE(exp(hpo_log_target_log_ei(0, 0, 1)), 0.23842170813487656, 1e-12);
    CHECK_CLOSE(exp(hpo_log_target_log_ei(-1.2, -1, 0.25)), 0.02705730138342799, 1e-12);
}

/* log of the integral over y = best - t, t > 0; the largest exponent is taken out. */
static double by_quadrature(double best, double mean, double sigma) {
    enum { STEPS = 200000 };
    const double v = (best - mean) / sigma;
    /* the density falls like exp(-(t/sigma) |v|) below best: go far enough */
    const double end = v < 0 ? 60 * sigma / (1 + fabs(v)) : sigma * (v + 12);
    double sum = 0;
    const double step = end / STEPS, top = v < 0 ? -v * v / 2 : 0;
    for (int i = 0; i <= STEPS; i++) {
        const double t = step * i, z = v - t / sigma;
        const double f = -expm1(-t) * exp(-z * z / 2 - top);
        sum += f * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
    }
    return best + top + log(sum * step / 3 / sigma) - log(sqrt(2 * acos(-1)));
}

static void it_is_the_expected_improvement(void **state) {
    (void)state;
    static const double sigmas[] = {3, 0.5, 0.03, 1e-3, 2e-5, 5e-6, 1e-8};
    static const double vs[] = {-1000, -60, -21, -19.9, -8, -3.1, -2.9, -0.5, 0, 0.5, 3, 9};
    for (size_t s = 0; s < CHECK_COUNT(sigmas); s++) {
        for (size_t k = 0; k < CHECK_COUNT(vs); k++) {
            const double best = -2, mean = best - vs[k] * sigmas[s];
            const double got = hpo_log_target_log_ei(best, mean, sigmas[s] * sigmas[s]);
            /* the best and the mean are rounded before they meet: v is known to 4e-16 / sigma only */
            const double tolerance = 1e-6 + (sigmas[s] < 1e-5 ? sigmas[s] : 0) + fabs(vs[k]) * 1e-15 / sigmas[s];
            CHECK_NEAR(got, by_quadrature(best, mean, sigmas[s]), tolerance);
        }
    }
}

/* Finite and rising with the promise, however far away: a search can compare any two points. */
static void it_orders_hopeless_points(void **state) {
    (void)state;
    double last = 0;
    for (double mean = -700; mean < 700; mean += 0.7) {
        const double now = hpo_log_target_log_ei(-700, mean, 1e-10);
        assert_true(isfinite(now));
        if (mean > -700) assert_true(now < last);
        last = now;
    }
    for (double sigma = 1e-9; sigma < 10; sigma *= 1.3) {
        assert_true(hpo_log_target_log_ei(-5, -1, sigma * sigma * 1.69) > hpo_log_target_log_ei(-5, -1, sigma * sigma));
    }
}

static void targets_by_the_definition(void **state) {
    (void)state;
    /* numpy.percentile(losses, 5) = 0.3 + 0.25 * (0.5 - 0.3): position 0.05 * 5 between the two least */
    const double losses[7] = {2, 0.3, INFINITY, 1, 0.5, 4, 0.7};
    const double fifth = 0.35, m = 0.3 - (fifth - 0.3) - 1e-10;
    double targets[7];
    assert_true(hpo_log_targets(losses, 7, targets));
    for (size_t i = 0; i < 7; i++) {
        if (isfinite(losses[i])) CHECK_NEAR(targets[i], log((losses[i] - m) / (4 - m)), 1e-12);
    }
    CHECK_NEAR(targets[5], 0, 0);
    CHECK_NEAR(targets[2], 0, 0); /* failed: as the worst */
}

static void unkind_losses(void **state) {
    (void)state;
    double targets[3];
    const double none[3] = {INFINITY, (double)NAN, INFINITY};
    assert_false(hpo_log_targets(none, 3, targets));
    const double equal[3] = {1e6, 1e6, 1e6};
    assert_true(hpo_log_targets(equal, 3, targets));
    for (size_t i = 0; i < 3; i++) CHECK_NEAR(targets[i], 0, 0);
    const double wide[3] = {-1.7e308, 0, 1.7e308}, large[3] = {1e15, 1e15 + 1, 1e15 + 2}, far[3] = {0.1, 0.2, 1e300};
    const double *const all[] = {wide, large, far};
    for (size_t k = 0; k < 3; k++) {
        assert_true(hpo_log_targets(all[k], 3, targets));
        for (size_t i = 0; i < 3; i++) assert_true(isfinite(targets[i]));
        assert_true(targets[0] < targets[1] && targets[1] < targets[2]);
        CHECK_NEAR(targets[2], 0, 1e-15);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values),
        cmocka_unit_test(it_is_the_expected_improvement),
        cmocka_unit_test(it_orders_hopeless_points),
        cmocka_unit_test(targets_by_the_definition),
        cmocka_unit_test(unkind_losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

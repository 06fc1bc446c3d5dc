/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Acquisition functions against values computed elsewhere in higher precision, finite differences, and each other. */
#include "hpo/models/acquisition.h"

#include "tests/support/check.h"

typedef struct known {
    double mean, sigma, best, ei, logei, pi;
} known;

static double value(hpo_acquisition_kind kind, double best, double mean, double variance) {
    const hpo_acquisition a = {.kind = kind, .best = best, .kappa = 1.5};
    return hpo_acquisition_value(&a, mean, variance, NULL, NULL);
}

static void published_values(void **state) {
    (void)state;
    static const known cases[] = {
        {0, 1, 0, .398942280401433, -.918938533204673, .5},
        {1, 1, 0, .0833154705876863, -2.48512102571264, .158655253931457},
        {.5, .2, .4, .0395593114802612, -3.22995417682142, .308537538725987},
        {-1, .5, 0, 1.00424535130841, .00423636522828308, .977249868051821},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const known *c = &cases[i];
        const double variance = c->sigma * c->sigma;
        CHECK_NEAR(value(HPO_ACQUISITION_EI, c->best, c->mean, variance), c->ei, 1e-13);
        CHECK_NEAR(value(HPO_ACQUISITION_LOGEI, c->best, c->mean, variance), c->logei, 1e-13);
        CHECK_NEAR(value(HPO_ACQUISITION_PI, c->best, c->mean, variance), c->pi, 1e-13);
    }
    CHECK_CLOSE(value(HPO_ACQUISITION_EI, 0, 3, .25), 7.81784897985595e-11, 1e-9);
    CHECK_NEAR(value(HPO_ACQUISITION_LOGEI, 0, 3, .25), -23.2720265727298, 1e-11);
    CHECK_NEAR(value(HPO_ACQUISITION_LOGEI, -1, 0, .01), -57.8557071291164, 1e-11);
    CHECK_NEAR(value(HPO_ACQUISITION_LOGEI, -4, 0, .01), -810.601153449614, 1e-10);
    assert_true(value(HPO_ACQUISITION_EI, -4, 0, .01) == 0); /* underflow */
    CHECK_NEAR(value(HPO_ACQUISITION_LCB, 0, 2, .25), -2 + .75, 1e-15);
}

/* Far out h(z) = phi(z)/z^2 (1 - 3/z^2 + 15/z^4 - ...), and Phi(z) = phi(z)/|z| (1 - 1/z^2 + 3/z^4 - ...). */
static void tails(void **state) {
    (void)state;
    for (double z = -100; z > -1e9; z *= 3) {
        const double q = 1 / (z * z), log_pdf = -z * z / 2 - 0.91893853320467274178;
        CHECK_CLOSE(hpo_log_improvement(z), log_pdf + log(q) + log1p(-3 * q + 15 * q * q - 105 * q * q * q), 1e-13);
        CHECK_CLOSE(hpo_log_normal_cdf(z), log_pdf - log(-z) + log1p(-q + 3 * q * q - 15 * q * q * q), 1e-13);
    }
    assert_true(isfinite(value(HPO_ACQUISITION_LOGEI, 0, 1, 0)));
    CHECK_CLOSE(value(HPO_ACQUISITION_EI, 3, 1, 0), 2, 1e-9);
}

/* Without a jump where the formula changes: the derivative of log h is Phi/h. */
static void seam(void **state) {
    (void)state;
    const double step = 1e-6, rise = hpo_log_improvement(-3 + step) - hpo_log_improvement(-3 - step);
    CHECK_CLOSE(rise / (2 * step), exp(hpo_log_normal_cdf(-3) - hpo_log_improvement(-3)), 1e-8);
    CHECK_NEAR(hpo_log_normal_cdf(-3 + 1e-13), hpo_log_normal_cdf(-3 - 1e-13), 1e-11);
}

static void derivatives(void **state) {
    (void)state;
    for (int kind = 0; kind <= HPO_ACQUISITION_LCB; kind++) {
        for (double mean = -2; mean <= 6; mean += 0.7) {
            const hpo_acquisition a = {.kind = (hpo_acquisition_kind)kind, .best = 0.3, .kappa = 1.5};
            const double variance = 0.4, h = 1e-6;
            double d_mean, d_variance;
            const double at = hpo_acquisition_value(&a, mean, variance, &d_mean, &d_variance);
            CHECK_SAME_DOUBLE(hpo_acquisition_value(&a, mean, variance, NULL, NULL), at);
            const double by_mean = (hpo_acquisition_value(&a, mean + h, variance, NULL, NULL) -
                                    hpo_acquisition_value(&a, mean - h, variance, NULL, NULL)) /
                                   (2 * h);
            const double by_variance = (hpo_acquisition_value(&a, mean, variance + h, NULL, NULL) -
                                        hpo_acquisition_value(&a, mean, variance - h, NULL, NULL)) /
                                       (2 * h);
            CHECK_NEAR(d_mean, by_mean, 1e-7 * (1 + fabs(by_mean)));
            CHECK_NEAR(d_variance, by_variance, 1e-7 * (1 + fabs(by_variance)));
        }
    }
}

/* Against the logarithm of the sum of exponentials of each log EI, and finite differences: near, in between, and where
 * every EI underflows; a certain prediction has no slope by its variance. */
static void mean_of_improvements(void **state) {
    (void)state;
    enum { DRAWS = 5 };
    static const double offsets[] = {2, 0, -1, -4, -9.9, -10.1, -14, -60, -500};
    for (size_t c = 0; c < CHECK_COUNT(offsets); c++) {
        const double variance = 0.4;
        double gap[DRAWS], d_gap[DRAWS], d_variance, values[DRAWS], most = (double)-INFINITY, sum = 0;
        for (size_t j = 0; j < DRAWS; j++) {
            gap[j] = (offsets[c] + 0.3 * (double)j * (j % 2 ? 1 : -1)) * sqrt(variance);
            values[j] = value(HPO_ACQUISITION_LOGEI, gap[j], 0, variance);
            most = fmax(most, values[j]);
        }
        for (size_t j = 0; j < DRAWS; j++) sum += exp(values[j] - most) / DRAWS;
        const double expected = most + log(sum), at = hpo_log_mean_ei(gap, DRAWS, variance, d_gap, &d_variance);
        CHECK_CLOSE(at, expected, 1e-12);
        CHECK_SAME_DOUBLE(hpo_log_mean_ei(gap, DRAWS, variance, NULL, NULL), at);
        for (size_t j = 0; j <= DRAWS; j++) {
            const double h = 1e-6;
            double side[2], moved[DRAWS];
            for (int up = 0; up < 2; up++) {
                memcpy(moved, gap, sizeof moved);
                if (j < DRAWS) moved[j] += up ? h : -h;
                side[up] = hpo_log_mean_ei(moved, DRAWS, variance + (j < DRAWS ? 0 : up ? h : -h), NULL, NULL);
            }
            const double slope = (side[1] - side[0]) / (2 * h), got = j < DRAWS ? d_gap[j] : d_variance;
            CHECK_NEAR(got, slope, 1e-5 * (1 + fabs(slope)));
        }
    }
    double d_gap, d_variance, gap = 2;
    CHECK_NEAR(hpo_log_mean_ei(&gap, 1, 0, &d_gap, &d_variance), log(2), 1e-9);
    assert_true(d_variance == 0);
    CHECK_NEAR(d_gap, 0.5, 1e-9);
}

/* By integration: the mean of an improvement, of its indicator. */
static void integrals(void **state) {
    (void)state;
    for (double mean = -1; mean <= 2; mean += 0.37) {
        const double sigma = 0.6, best = 0.2, step = 1e-4;
        double ei = 0, pi = 0;
        for (double z = -10 + step / 2; z < 10; z += step) {
            const double y = mean + sigma * z, mass = exp(-z * z / 2) / 2.50662827463100050 * step;
            if (y >= best) continue;
            ei += mass * (best - y);
            pi += mass;
        }
        CHECK_NEAR(value(HPO_ACQUISITION_EI, best, mean, sigma * sigma), ei, 1e-7);
        CHECK_NEAR(exp(value(HPO_ACQUISITION_LOGEI, best, mean, sigma * sigma)), ei, 1e-7);
        CHECK_NEAR(value(HPO_ACQUISITION_PI, best, mean, sigma * sigma), pi, 1e-4);
    }
}

/* Weighing the logarithm and weighing the value agree. */
static void weighing(void **state) {
    (void)state;
    const hpo_acquisition ei = {.kind = HPO_ACQUISITION_EI}, log_ei = {.kind = HPO_ACQUISITION_LOGEI};
    const double a = 0.2;
    CHECK_CLOSE(log(hpo_acquisition_weigh(&ei, a, -1.5, 0.7)), hpo_acquisition_weigh(&log_ei, log(a), -1.5, 0.7),
                1e-14);
    CHECK_CLOSE(hpo_acquisition_weigh(&ei, a, 0, log(4)), a / 4, 1e-14);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values), cmocka_unit_test(tails),    cmocka_unit_test(seam),
        cmocka_unit_test(derivatives),      cmocka_unit_test(weighing), cmocka_unit_test(mean_of_improvements),
        cmocka_unit_test(integrals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

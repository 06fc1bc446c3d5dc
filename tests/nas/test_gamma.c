/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quantiles of gamma variables and their derivatives against GSL's functions. */
#include "tests/support/check.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sf_psi.h>

#include "nas/gamma.h"

static const double shapes[] = {.02, .3, .9, 1, 1.2, 2, 7.5, 40, 1001};
static const double fractions[] = {1e-12, 1e-3, .1, .4, .5, .63, .9, .999, 1 - 1e-9};

/* Where the quantile is a double, and both tails of it. */
static void quantiles_have_their_probability(void **state) {
    (void)state;
    for (size_t s = 0; s < CHECK_COUNT(shapes); s++)
        for (size_t f = 0; f < CHECK_COUNT(fractions); f++) {
            double slope;
            const double c = shapes[s], u = fractions[f], y = nas_gamma_log_quantile(c, u, &slope), z = exp(y);
            if (z < 1e-290) continue;
            CHECK_NEAR(gsl_cdf_gamma_P(z, c, 1) / u, 1, 1e-10);
            CHECK_NEAR(gsl_cdf_gamma_Q(z, c, 1) / (1 - u), 1, 1e-6); /* GSL's tail beside 1 has seven digits */
        }
}

/* dy/dlog c by differences of the quantile itself, which the test above checks. */
static void slopes_are_those_of_differences(void **state) {
    (void)state;
    for (size_t s = 0; s < CHECK_COUNT(shapes); s++)
        for (size_t f = 0; f < CHECK_COUNT(fractions); f++) {
            double slope, unused;
            const double c = shapes[s], u = fractions[f], h = 1e-3;
            const double far = nas_gamma_log_quantile(c * exp(2 * h), u, &unused) -
                               nas_gamma_log_quantile(c * exp(-2 * h), u, &unused);
            const double near =
                nas_gamma_log_quantile(c * exp(h), u, &unused) - nas_gamma_log_quantile(c * exp(-h), u, &unused);
            (void)nas_gamma_log_quantile(c, u, &slope);
            CHECK_NEAR(slope, (8 * near - far) / (12 * h), 1e-8 * (1 + fabs(slope)));
        }
}

/* An exponential variable: z = -log(1 - u). */
static void a_shape_of_1_is_the_exponential_distribution(void **state) {
    (void)state;
    for (size_t f = 0; f < CHECK_COUNT(fractions); f++) {
        double slope;
        CHECK_NEAR(nas_gamma_log_quantile(1, fractions[f], &slope), log(-log1p(-fractions[f])), 1e-12);
    }
}

/* z = (u Gamma(c + 1))^(1/c) but for z itself: a logarithm that is no exponent of a double. */
static void tiny_shapes_have_huge_logarithms(void **state) {
    (void)state;
    static const double tiny[] = {1e-4, 1e-12, 1e-26};
    for (size_t i = 0; i < CHECK_COUNT(tiny); i++)
        for (size_t f = 0; f < CHECK_COUNT(fractions); f++) {
            double slope;
            const double c = tiny[i], u = fractions[f], y = nas_gamma_log_quantile(c, u, &slope);
            assert_true(isfinite(y) && isfinite(slope));
            if (c * 1e4 > 1 - u) continue; /* z is not small there */
            CHECK_NEAR(y / ((log(u) + lgamma(c + 1)) / c), 1, 1e-9);
            CHECK_NEAR(slope / (-log(u) / c), 1, 1e-2);
        }
}

static void derivatives_of_log_gamma(void **state) {
    (void)state;
    static const double at[] = {1e-8, .01, .5, 1, 1.7, 9.99, 10, 55, 1e4};
    for (size_t i = 0; i < CHECK_COUNT(at); i++) {
        CHECK_NEAR(nas_digamma(at[i]), gsl_sf_psi(at[i]), 1e-13 * (1 + fabs(gsl_sf_psi(at[i]))));
        CHECK_NEAR(nas_trigamma(at[i]) / gsl_sf_psi_1(at[i]), 1, 1e-13);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_have_their_probability),
        cmocka_unit_test(slopes_are_those_of_differences),
        cmocka_unit_test(a_shape_of_1_is_the_exponential_distribution),
        cmocka_unit_test(tiny_shapes_have_huge_logarithms),
        cmocka_unit_test(derivatives_of_log_gamma),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

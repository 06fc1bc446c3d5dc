/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's belief: densities against scipy's truncated normal, and draws against the densities. */
#include <gsl/gsl_cdf.h>

#include "tests/hpo/space/space_text.h"

static double density(const hpo_space *space, double value) {
    return exp(hpo_space_log_prior(space, &value));
}

static hpo_space *one_param(hpo_param param) {
    base_err err = {0};
    hpo_space *space = hpo_space_create();
    param.name = "x";
    param.prior.given = true;
    CHECK_OK(hpo_space_add(space, &param, &err));
    CHECK_OK(hpo_space_seal(space, &err));
    return space;
}

/* scipy.stats.truncnorm.pdf(0.3, -mu/s, (1 - mu)/s, mu, s) */
static void test_truncated_normal(void **state) {
    (void)state;
    static const struct {
        double mu, s, pdf;
    } cases[] = {
        {0.5, 0.25, 1.2140036997559835}, {0.5, 0.5, 1.0788803534986113},  {0.5, 0.75, 1.0370242868104882},
        {0.5, 0.125, 0.887422889005496}, {0.1, 0.25, 1.7683996502365313},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        hpo_space *space = one_param(
            (hpo_param){.kind = HPO_FLOAT, .max = 1, .prior = {.center = cases[i].mu, .deviation = cases[i].s}});
        CHECK_CLOSE(density(space, 0.3), cases[i].pdf, 1e-12);
        hpo_space_destroy(space);
    }
    space_text words = space_text_read("parameters: {x: {min: 0.0, max: 1.0, prior: 0.5, confidence: low}}");
    CHECK_CLOSE(density(words.space, 0.3), cases[1].pdf, 1e-12);
    space_text_fini(&words);
}

/* On a log scale belief and density live on the unit coordinate: 1e-3 lies at 0.25 of 1e-4 .. 1. */
static void test_scaled(void **state) {
    (void)state;
    space_text log_scale =
        space_text_read("parameters: {x: {min: 1e-4, max: 1.0, log: true, prior: 1e-2, confidence: medium}}");
    space_text linear = space_text_read("parameters: {x: {min: 0.0, max: 1.0, prior: 0.5, confidence: medium}}");
    CHECK_CLOSE(density(log_scale.space, 1e-3), density(linear.space, 0.25), 1e-12);
    space_text_fini(&linear);
    space_text_fini(&log_scale);
}

/* The density integrates to one over the unit coordinate (Simpson). */
static void test_normalized_continuum(void **state) {
    (void)state;
    static const double centers[] = {0, 0.02, 0.5, 0.9, 1}, deviations[] = {0.02, 0.125, 0.5, 3};
    for (size_t i = 0; i < CHECK_COUNT(centers); i++) {
        for (size_t k = 0; k < CHECK_COUNT(deviations); k++) {
            hpo_space *space = one_param(
                (hpo_param){.kind = HPO_FLOAT, .max = 1, .prior = {.center = centers[i], .deviation = deviations[k]}});
            const int n = 2000;
            double sum = density(space, 0) + density(space, 1);
            for (int j = 1; j < n; j++) sum += density(space, (double)j / n) * (j % 2 ? 4 : 2);
            CHECK_NEAR(sum / (3.0 * n), 1, 1e-8);
            hpo_space_destroy(space);
        }
    }
}

/* Levels and choices: densities times widths of the bins are probabilities, which sum to one and are what is drawn. */
static void check_levels(const char *param, const double *values, const double *widths, size_t count, uint32_t stream) {
    enum { DRAWS = 100000, MOST = 64 };
    char text[512];
    snprintf(text, sizeof text, "parameters: {x: %s}", param);
    space_text in = space_text_read(text);
    size_t drawn[MOST] = {0};
    double sum = 0, chi_square = 0;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, stream, 0);
    base_err err = {0};
    for (int i = 0; i < DRAWS; i++) {
        double x;
        CHECK_OK(hpo_space_sample_prior(in.space, &rng, &x, &err));
        size_t k = 0;
        while (k < count && values[k] != x) k++;
        assert_true(k < count);
        drawn[k]++;
    }
    for (size_t k = 0; k < count; k++) {
        double p = density(in.space, values[k]) * widths[k], expected = p * DRAWS;
        sum += p;
        chi_square += ((double)drawn[k] - expected) * ((double)drawn[k] - expected) / expected;
    }
    CHECK_NEAR(sum, 1, 1e-12);
    assert_true(gsl_cdf_chisq_Q(chi_square, (double)count - 1) > 1e-3);
    space_text_fini(&in);
}

static void test_levels(void **state) {
    (void)state;
    double values[64], widths[64];
    for (int k = 0; k < 9; k++) values[k] = 2 + k, widths[k] = 1.0 / 9;
    check_levels("{min: 2, max: 10, prior: 9, confidence: high}", values, widths, 9, 1);
    for (int k = 0; k < 16; k++) { /* log scale: bins of ln(k + 1/2) - ln(k - 1/2) */
        values[k] = 1 + k;
        widths[k] = log((k + 1.5) / (k + 0.5)) / log(16.5 / 0.5);
    }
    check_levels("{min: 1, max: 16, log: true, prior: 4, confidence: low}", values, widths, 16, 2);
    const double tenths[] = {0, 0.1, 0.2, 0.3, 0.4, 0.5};
    for (int k = 0; k < 6; k++) widths[k] = 1.0 / 6;
    check_levels("{min: 0.0, max: 0.5, step: 0.1, prior: 0.1}", tenths, widths, 6, 3);
    for (int k = 0; k < 4; k++) values[k] = k, widths[k] = 1.0 / 4;
    check_levels("{values: [a, b, c, d], prior: b, confidence: high}", values, widths, 4, 4);
    check_levels("{values: [a, b, c, d], prior: d, confidence: low}", values, widths, 4, 5);
    check_levels("{values: [a, b, c, d], prior: a, probabilities: [0, 0, 0.5, 0.5]}", values, widths, 4, 6);
    check_levels("{values: [1, 2], ordered: true, prior: 1}", values, (double[]){0.5, 0.5}, 2, 7);
}

/* Weights 2, 4, 6 against 1: n w / (w + n - 1) on the unit coordinate. */
static void test_choice_weights(void **state) {
    (void)state;
    static const struct {
        const char *word;
        double weight;
    } cases[] = {{"low", 2}, {"medium", 4}, {"high", 6}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        char text[256];
        snprintf(text, sizeof text, "parameters: {x: {values: [a, b, c], prior: c, confidence: %s}}", cases[i].word);
        space_text in = space_text_read(text);
        double total = cases[i].weight + 2;
        CHECK_CLOSE(density(in.space, 2), 3 * cases[i].weight / total, 1e-14);
        CHECK_CLOSE(density(in.space, 0), 3 / total, 1e-14);
        space_text_fini(&in);
    }
}

/* Draws of a continuum against the truncated normal's distribution function, by libm's erfc. */
static void test_draws_of_a_continuum(void **state) {
    (void)state;
    enum { DRAWS = 100000, BINS = 20 };
    static const double centers[] = {0, 0.3, 1}, deviations[] = {0.125, 0.5};
    uint32_t stream = 100;
    for (size_t i = 0; i < CHECK_COUNT(centers); i++) {
        for (size_t k = 0; k < CHECK_COUNT(deviations); k++) {
            double c = centers[i], s = deviations[k];
            hpo_space *space =
                one_param((hpo_param){.kind = HPO_FLOAT, .max = 1, .prior = {.center = c, .deviation = s}});
            size_t drawn[BINS] = {0};
            base_rng rng = base_rng_stream(2, BASE_RNG_TEST, stream++, 0);
            base_err err = {0};
            for (int n = 0; n < DRAWS; n++) {
                double x;
                CHECK_OK(hpo_space_sample_prior(space, &rng, &x, &err));
                assert_true(x >= 0 && x <= 1);
                drawn[x < 1 ? (size_t)(x * BINS) : BINS - 1]++;
            }
            double mass = erfc(-(1 - c) / s / sqrt(2)) - erfc(c / s / sqrt(2)), chi_square = 0;
            int bins = 0;
            for (int b = 0; b < BINS; b++) {
                double low = ((double)b / BINS - c) / s / sqrt(2), high = ((double)(b + 1) / BINS - c) / s / sqrt(2);
                double p = low > 0 ? erfc(low) - erfc(high) : erfc(-high) - erfc(-low);
                double expected = p / mass * DRAWS;
                if (expected < 5) continue;
                chi_square += ((double)drawn[b] - expected) * ((double)drawn[b] - expected) / expected;
                bins++;
            }
            assert_true(gsl_cdf_chisq_Q(chi_square, bins - 1) > 1e-3);
            hpo_space_destroy(space);
        }
    }
}

/* A belief a thousand times narrower than the range, right at the bound: mean of a half-normal. */
static void test_narrow_at_the_bound(void **state) {
    (void)state;
    for (int side = 0; side < 2; side++) {
        hpo_space *space =
            one_param((hpo_param){.kind = HPO_FLOAT, .max = 1, .prior = {.center = side, .deviation = 1e-3}});
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, (uint32_t)side, 0);
        base_err err = {0};
        double sum = 0;
        const int draws = 20000;
        for (int i = 0; i < draws; i++) {
            double x;
            CHECK_OK(hpo_space_sample_prior(space, &rng, &x, &err));
            assert_true(x >= 0 && x <= 1);
            sum += fabs(x - side);
        }
        CHECK_CLOSE(sum / draws, 1e-3 * sqrt(2 / acos(-1)), 0.02);
        hpo_space_destroy(space);
    }
}

/* Narrow bins of a huge integer range: density of the bin is the density at its middle. */
static void test_narrow_bins(void **state) {
    (void)state;
    space_text integers = space_text_read("parameters: {x: {min: 0, max: 1000000000, prior: 500000000}}");
    space_text reals = space_text_read("parameters: {x: {min: 0.0, max: 1.0, prior: 0.5}}");
    CHECK_CLOSE(density(integers.space, 300000000), density(reals.space, 0.3), 1e-8);
    space_text_fini(&reals);
    space_text_fini(&integers);
}

static void test_product_over_active_parameters(void **state) {
    (void)state;
    space_text in = space_text_read("parameters:\n"
                                    "  opt: {values: [sgd, adam], prior: adam}\n"
                                    "  lr: {min: 0.0, max: 1.0, prior: 0.5}\n"
                                    "  m: {min: 0.0, max: 1.0, prior: 0.1, when: {opt: sgd}}\n"
                                    "  free: {min: 0.0, max: 1.0}\n");
    const double adam = log(2 * 4.0 / 5), sgd = log(2 * 1.0 / 5);
    const double half = log(1.2140036997559835), tenth = log(1.7683996502365313);
    CHECK_NEAR(hpo_space_log_prior(in.space, (double[]){0, 0.3, 0.3, 0.9}), sgd + half + tenth, 1e-12);
    CHECK_NEAR(hpo_space_log_prior(in.space, (double[]){1, 0.3, (double)NAN, 0.9}), adam + half, 1e-12);
    space_text_fini(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated_normal),
        cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_normalized_continuum),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_choice_weights),
        cmocka_unit_test(test_draws_of_a_continuum),
        cmocka_unit_test(test_narrow_at_the_bound),
        cmocka_unit_test(test_narrow_bins),
        cmocka_unit_test(test_product_over_active_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

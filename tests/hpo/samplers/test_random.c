/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracle: moments of the declared distributions. */
#include "tests/support/toy_space.h"

enum { N = 20000 };

static void draws_follow_the_base_measure(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "random", 11,
                      "{parameters: {x: {min: 0.0, max: 1.0}, l: {min: 1e-4, max: 1.0, log: true}, c: {values: [a, b, "
                      "c], probabilities: [0.2, 0.5, 0.3]}, n: {min: 1, max: 4}}}");
    double x = 0, l = 0, c[3] = {0}, n[5] = {0};
    for (uint64_t t = 0; t < N; t++) {
        const double *config = toy_sampling_point(&s, t, 0);
        x += config[0] / N;
        l += log10(config[1]) / N;
        c[(size_t)config[2]] += 1.0 / N;
        n[(size_t)config[3]] += 1.0 / N;
    }
    CHECK_NEAR(x, 0.5, 4 * sqrt(1.0 / 12 / N));
    CHECK_NEAR(l, -2, 4 * 4 * sqrt(1.0 / 12 / N));
    CHECK_NEAR(c[0], 0.2, 4 * sqrt(0.16 / N));
    CHECK_NEAR(c[1], 0.5, 4 * sqrt(0.25 / N));
    for (size_t k = 1; k <= 4; k++) CHECK_NEAR(n[k], 0.25, 4 * sqrt(0.1875 / N));
    toy_sampling_close(&s);
}

/* With prior: true a normal at 0.5 of deviation 0.125 (its truncation at 4 sigma does not show), and a choice of weight
 * 6 against 1 and 1. */
static void prior_true_draws_from_the_priors(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(
        &s, "random", 12,
        "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.5, confidence: high}, c: {values: [a, b, c], prior: "
        "b, confidence: high}, u: {min: 0.0, max: 1.0}}, options: {prior: true}}");
    double mean = 0, square = 0, b = 0, u = 0;
    for (uint64_t t = 0; t < N; t++) {
        const double *config = toy_sampling_point(&s, t, 0);
        mean += config[0] / N;
        square += (config[0] - 0.5) * (config[0] - 0.5) / N;
        b += (config[1] == 1) * 1.0 / N;
        u += (config[2] - 0.5) * (config[2] - 0.5) / N;
    }
    CHECK_NEAR(mean, 0.5, 4 * 0.125 / sqrt(N));
    CHECK_NEAR(sqrt(square), 0.125, 4 * 0.125 / sqrt(2.0 * N));
    CHECK_NEAR(b, 0.75, 4 * sqrt(0.1875 / N));
    CHECK_NEAR(u, 1.0 / 12, 4 * sqrt(1.0 / 180 / N));
    toy_sampling_close(&s);
}

static void prior_true_needs_a_prior(void **state) {
    (void)state;
    static toy_sampling s;
    base_err err;
    CHECK_STATUS(
        toy_sampling_try(&s, "random", 1, "{parameters: {x: {min: 0.0, max: 1.0}}, options: {prior: true}}", &err),
        BASE_INVALID);
    CHECK_CONTAINS(err.text, "needs a parameter with a prior");
    CHECK_CONTAINS(err.text, "yaml:1:");
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_follow_the_base_measure),
        cmocka_unit_test(prior_true_draws_from_the_priors),
        cmocka_unit_test(prior_true_needs_a_prior),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dirichlet draws: published numbers, moments, regularizers, and alphas far from where a search has them. */
#include "tests/nas/weights/rule_support.h"

static const double alphas[] = {0, 1, -1}; /* concentrations 1, 2 and 1/e */

static void the_mean_has_the_published_values(void **state) {
    (void)state;
    static const double expected[] = {.29692274, .59384548, .10923177};
    double weights[3];
    rule_bench b = rule_create("dirichlet", "{}");
    b.rule->mean(b.state, alphas, 3, weights);
    CHECK_ARRAY_NEAR(weights, expected, 3, 1e-8);
    rule_destroy(&b);
}

/* E w_k = m_k = c_k / S, E w_j w_k = (S m_j m_k + m_j [j = k]) / (S + 1). */
static void draws_have_the_moments_of_the_distribution(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    const double S = 1 + 2 + exp(-1);
    double m[3], noise[3], weights[3], sum[3] = {0}, products[3][3] = {{0}};
    rule_bench b = rule_create("dirichlet", "{}");
    b.rule->mean(b.state, alphas, 3, m);
    for (uint32_t i = 0; i < DRAWS; i++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, i, 0);
        b.rule->noise(b.state, alphas, 3, &rng, noise);
        b.rule->draw(b.state, .5, alphas, noise, 3, weights);
        for (size_t j = 0; j < 3; j++) {
            sum[j] += weights[j] / DRAWS;
            for (size_t k = 0; k < 3; k++) products[j][k] += weights[j] * weights[k] / DRAWS;
        }
    }
    for (size_t j = 0; j < 3; j++) {
        CHECK_NEAR(sum[j], m[j], 4.5 * sqrt(m[j] * (1 - m[j]) / (S + 1) / DRAWS));
        for (size_t k = 0; k < 3; k++)
            CHECK_NEAR(products[j][k], (S * m[j] * m[k] + (j == k ? m[j] : 0)) / (S + 1), 4.5 * .3 / sqrt(DRAWS));
    }
    rule_destroy(&b);
}

/* d/da E[f(w)] from gradients through the draws, against the derivative of the second moment above: the estimate has no
 * bias. f = w_1^2. */
static void gradients_through_draws_have_the_right_mean(void **state) {
    (void)state;
    enum { DRAWS = 40000 };
    rule_bench b = rule_create("dirichlet", "{}");
    double sum[3] = {0}, squares[3] = {0};
    for (uint32_t i = 0; i < DRAWS; i++) {
        base_rng rng = base_rng_stream(2, BASE_RNG_TEST, i, 0);
        double noise[3], weights[3], slopes[3] = {0}, out[3] = {0};
        b.rule->noise(b.state, alphas, 3, &rng, noise);
        b.rule->draw(b.state, 0, alphas, noise, 3, weights);
        slopes[1] = 2 * weights[1];
        b.rule->draw_back(b.state, 0, alphas, noise, weights, 3, slopes, out);
        for (size_t k = 0; k < 3; k++) {
            sum[k] += out[k] / DRAWS;
            squares[k] += out[k] * out[k] / DRAWS;
        }
    }
    for (size_t k = 0; k < 3; k++) {
        /* E w_1^2 = c_1 (c_1 + 1) / (S (S + 1)); dc/da = 1, 1, 1/e. */
        static const double by_alpha[] = {1, 1, .36787944117144233};
        const double S = 3 + exp(-1), second = 6 / (S * (S + 1));
        const double by_c = (k == 1 ? 5 / (S * (S + 1)) : 0) - second * (1 / S + 1 / (S + 1));
        CHECK_NEAR(sum[k], by_c * by_alpha[k], 4.5 * sqrt((squares[k] - sum[k] * sum[k]) / DRAWS));
    }
    rule_destroy(&b);
}

/* Where the concentration is tiny or large; one such operation among usual ones. */
static void extreme_alphas_stay_finite(void **state) {
    (void)state;
    static const double extremes[] = {-1000, -59, -20, -5, 5, 60, 1000};
    rule_bench b = rule_create("dirichlet", "{regularizer: kl}");
    const nas_space *space = space_of_one_edge(b.arena, 3);
    for (uint32_t i = 0; i < 400; i++) {
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, i, 0);
        double a[3], noise[3], weights[3], slopes[3] = {1, -2, .5}, out[3] = {0}, gradient[3] = {0}, sum = 0;
        const double *block = a;
        double *to = gradient;
        for (size_t k = 0; k < 3; k++) a[k] = extremes[base_rng_below(&rng, 7)];
        if (i % 2 == 0) a[i % 3] = 0;
        b.rule->noise(b.state, a, 3, &rng, noise);
        b.rule->draw(b.state, 0, a, noise, 3, weights);
        b.rule->draw_back(b.state, 0, a, noise, weights, 3, slopes, out);
        assert_true(isfinite(b.rule->penalty(b.state, space, &block, &to)));
        for (size_t k = 0; k < 3; k++) {
            assert_true(weights[k] >= 0 && isfinite((float)out[k]) && isfinite((float)gradient[k]));
            sum += weights[k];
        }
        CHECK_NEAR(sum, 1, 1e-12);
    }
    rule_destroy(&b);
}

/* ---- regularizers ---- */

static void check_penalty(const char *options, double expected, double tolerance) {
    rule_bench b = rule_create("dirichlet", options);
    const nas_space *space = space_of_one_edge(b.arena, 3);
    double at[3] = {.1, 1, -1}, gradient[3] = {0}, unused[3] = {0};
    const double *block = at;
    double *to = gradient, *nowhere = unused;
    (void)b.rule->penalty(b.state, space, &block, &to);
    for (size_t k = 0; k < 3; k++) {
        const double x = at[k], h = 1e-4;
        at[k] = x + h;
        const double above = b.rule->penalty(b.state, space, &block, &nowhere);
        at[k] = x - h;
        const double below = b.rule->penalty(b.state, space, &block, &nowhere);
        at[k] = x;
        CHECK_NEAR(gradient[k], (above - below) / (2 * h), 1e-7);
    }
    memcpy(at, alphas, sizeof at);
    CHECK_NEAR(b.rule->penalty(b.state, space, &block, &nowhere), expected, tolerance);
    rule_destroy(&b);
}

/* KL(Dir(c) || Dir(1)) = 1.29371175; ||alpha|| = sqrt 2. */
static void regularizers_have_the_published_values(void **state) {
    (void)state;
    check_penalty("{regularizer: kl, regularizer_weight: 1}", 1.29371175, 1e-8);
    check_penalty("{regularizer: kl}", 1.29371175e-3, 1e-11);
    check_penalty("{regularizer: l2, regularizer_weight: 1}", sqrt(2), 1e-12);
    check_penalty("{}", 0, 0);
    rule_refuses("dirichlet", "{regularizer: l1}", "regularizer");
}

/* The distance of alphas that are all 0 has no gradient, and no NaN. */
static void a_length_of_zero_has_no_gradient(void **state) {
    (void)state;
    rule_bench b = rule_create("dirichlet", "{regularizer: l2}");
    const nas_space *space = space_of_one_edge(b.arena, 3);
    double at[3] = {0}, gradient[3] = {0};
    const double *block = at;
    double *to = gradient;
    CHECK_SAME_DOUBLE(b.rule->penalty(b.state, space, &block, &to), 0);
    for (size_t k = 0; k < 3; k++) CHECK_SAME_DOUBLE(gradient[k], 0);
    rule_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_has_the_published_values),
        cmocka_unit_test(draws_have_the_moments_of_the_distribution),
        cmocka_unit_test(gradients_through_draws_have_the_right_mean),
        cmocka_unit_test(extreme_alphas_stay_finite),
        cmocka_unit_test(regularizers_have_the_published_values),
        cmocka_unit_test(a_length_of_zero_has_no_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

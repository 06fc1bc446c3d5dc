/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Independent weights and what drives them apart, by the published numbers. */
#include "tests/nas/weights/rule_support.h"

static const double alphas[] = {0, 2, -1}, sigma[] = {.5, .88079708, .26894142};

static void weights_of_three_operations(void **state) {
    (void)state;
    double weights[3];
    rule_bench b = rule_create("sigmoid", "{}");
    b.rule->mean(b.state, alphas, 3, weights);
    CHECK_ARRAY_NEAR(weights, sigma, 3, 1e-8);
    assert_true(b.rule->independent);
    rule_destroy(&b);
}

/* -mean (sigma - 0.5)^2 = -.06613149 and -mean |sigma - 0.5| = -.20395189, times the weight. */
static void check_penalty(const char *options, double expected, double tolerance) {
    rule_bench b = rule_create("sigmoid", options);
    const nas_space *space = space_of_one_edge(b.arena, 3);
    double at[3], gradient[3] = {0}, unused[3] = {0};
    const double *block = at;
    double *to = gradient, *nowhere = unused;
    memcpy(at, alphas, sizeof at);
    CHECK_NEAR(b.rule->penalty(b.state, space, &block, &to), expected, tolerance);
    for (size_t k = 0; k < 3; k++) {
        const double h = 1e-4;
        at[k] = alphas[k] + h;
        const double above = b.rule->penalty(b.state, space, &block, &nowhere);
        at[k] = alphas[k] - h;
        const double below = b.rule->penalty(b.state, space, &block, &nowhere);
        at[k] = alphas[k];
        CHECK_NEAR(gradient[k], (above - below) / (2 * h), 1e-6); /* at 0, a kink of l1, both are 0 */
    }
    rule_destroy(&b);
}

static void penalties_have_the_published_values(void **state) {
    (void)state;
    check_penalty("{}", -.6613149, 1e-7);
    check_penalty("{regularizer: l1}", -2.0395189, 1e-7);
    check_penalty("{regularizer: l2, regularizer_weight: 1}", -.06613149, 1e-8);
    check_penalty("{regularizer: none}", 0, 0);
    rule_refuses("sigmoid", "{regularizer: l3}", "regularizer");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_of_three_operations),
        cmocka_unit_test(penalties_have_the_published_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Relaxed draws: their temperature, their distribution. */
#include "tests/nas/weights/rule_support.h"

static void the_temperature_falls_from_the_first_epoch_to_the_last(void **state) {
    (void)state;
    static const double alphas[] = {.2, -.1, .4}, noise[] = {.5, 1, -.3};
    static const struct { double progress, tau; } cases[] = {{0, 1}, {.5, .665}, {1, .33}};
    rule_bench b = rule_create("gumbel", "{}");
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        double weights[3];
        b.rule->draw(b.state, cases[i].progress, alphas, noise, 3, weights);
        CHECK_NEAR(weights[0] / weights[1], exp((.7 - .9) / cases[i].tau), 1e-12);
        CHECK_NEAR(weights[0] / weights[2], exp((.7 - .1) / cases[i].tau), 1e-12);
    }
    rule_destroy(&b);
}

/* At temperature 2 the numbers that GDAS has before it makes them hard. */
static void temperatures_are_options(void **state) {
    (void)state;
    static const double alphas[] = {.2, -.1, .4}, noise[] = {.5, 1, -.3};
    static const double expected[] = {.35137169, .38832577, .26030255};
    double weights[3];
    rule_bench b = rule_create("gumbel", "{tau_start: 2, tau_end: 1}");
    b.rule->draw(b.state, 0, alphas, noise, 3, weights);
    CHECK_ARRAY_NEAR(weights, expected, 3, 1e-8);
    rule_destroy(&b);
    rule_refuses("gumbel", "{tau_end: 0}", "tau_end");
}

/* The largest is k with probability softmax(alpha)_k, whatever the temperature. */
static void the_largest_is_distributed_as_the_softmax(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    static const double alphas[] = {1, 0, -1, .5};
    double p[4], noise[4], weights[4], count[4] = {0};
    rule_bench b = rule_create("gumbel", "{}");
    b.rule->mean(b.state, alphas, 4, p);
    for (uint32_t i = 0; i < DRAWS; i++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, i, 0);
        size_t best = 0;
        b.rule->noise(b.state, alphas, 4, &rng, noise);
        b.rule->draw(b.state, .3, alphas, noise, 4, weights);
        for (size_t k = 1; k < 4; k++)
            if (weights[k] > weights[best]) best = k;
        count[best]++;
    }
    for (size_t k = 0; k < 4; k++) CHECK_NEAR(count[k], DRAWS * p[k], 4.5 * sqrt(DRAWS * p[k] * (1 - p[k])));
    rule_destroy(&b);
}

/* Mean .5772 and deviation pi / sqrt 6. */
static void the_noise_is_gumbels(void **state) {
    (void)state;
    enum { DRAWS = 40000 };
    const double deviation = 3.14159265358979323846 / sqrt(6);
    double noise[2], sum = 0, squares = 0;
    rule_bench b = rule_create("gumbel", "{}");
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    for (uint32_t i = 0; i < DRAWS; i++) {
        b.rule->noise(b.state, NULL, 1, &rng, noise);
        sum += noise[0];
        squares += noise[0] * noise[0];
    }
    const double mean = sum / DRAWS;
    CHECK_NEAR(mean, .5772156649, 4.5 * deviation / sqrt(DRAWS));
    CHECK_NEAR(sqrt(squares / DRAWS - mean * mean), deviation, .03);
    rule_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_temperature_falls_from_the_first_epoch_to_the_last),
        cmocka_unit_test(temperatures_are_options),
        cmocka_unit_test(the_largest_is_distributed_as_the_softmax),
        cmocka_unit_test(the_noise_is_gumbels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

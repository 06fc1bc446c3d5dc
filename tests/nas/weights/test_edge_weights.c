/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edge weights and the mixture that they weigh. */
#include "tests/support/check.h"

#include "nas/supernet.h"
#include "nas/edge_weights.h"

static const nas_space *space_of(base_arena *arena, const char *name) {
    const nas_space *space;
    base_err err = {0};
    CHECK_OK(nas_space_find(name, arena, &space, &err));
    return space;
}

/* alpha = (.2, -.1, .4), candidates that give 1, 2, -1: y = .42543541 and dy/da_j = p_j (f_j - y). */
static void a_mixture_of_three_scalars(void **state) {
    (void)state;
    static const double alphas[] = {.2, -.1, .4}, f[] = {1, 2, -1};
    static const double p[] = {.33758454, .25008878, .41232669}, slope[] = {.19396412, .39378093, -.58774506};
    const nas_edge_weights *rule = nas_edge_weights_find("softmax");
    double weights[3], got[3] = {0}, y = 0;
    rule->mean(NULL, alphas, 3, weights);
    rule->mean_back(NULL, alphas, weights, 3, f, got);
    for (size_t k = 0; k < 3; k++) y += weights[k] * f[k];
    CHECK_NEAR(y, .42543541, 1e-8);
    CHECK_ARRAY_NEAR(weights, p, 3, 1e-8);
    CHECK_ARRAY_NEAR(got, slope, 3, 1e-8);
}

/* alpha[e][k] = sin(1 + 0.7 (8 e + k)): the first edge of the normal cell. */
static void softmax_of_the_first_edge(void **state) {
    (void)state;
    static const double expected[] = {.230987, .268421, .195655, .103801, .054003, .037463, .041159, .068512};
    double alphas[8], weights[8];
    for (size_t i = 0; i < 8; i++) alphas[i] = sin(1 + .7 * (double)i);
    nas_edge_weights_find("softmax")->mean(NULL, alphas, 8, weights);
    CHECK_ARRAY_NEAR(weights, expected, 8, 1e-6);
    alphas[3] = 800; /* no overflow */
    nas_edge_weights_find("softmax")->mean(NULL, alphas, 8, weights);
    CHECK_NEAR(weights[3], 1, 1e-12);
}

/* Two sources per node and one of seven operations each, every one of them equally often. */
static void uniform_draws_networks_of_the_space(void **state) {
    (void)state;
    enum { DRAWS = 3000 };
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of(arena, "darts");
    double **weights = nas_operation_blocks(space, arena), **sum = nas_operation_blocks(space, arena);
    for (uint32_t i = 0; i < DRAWS; i++) {
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, i, 0);
        size_t ones = 0;
        nas_edge_weights_find("uniform")->network(NULL, space, &rng, weights);
        for (size_t t = 0; t < 2; t++)
            for (size_t k = 0; k < 112; k++) {
                assert_true(weights[t][k] == 0 || weights[t][k] == 1);
                ones += weights[t][k] == 1;
                sum[t][k] += weights[t][k];
            }
        assert_int_equal(ones, 2 * 8);
    }
    for (size_t k = 0; k < 16; k++) { /* of the first node, whose two edges are always there */
        const double p = k % 8 == 0 ? 0 : 1.0 / 7, deviation = sqrt(DRAWS * p * (1 - p));
        CHECK_NEAR(sum[0][k], DRAWS * p, 5 * deviation);
    }
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mixture_of_three_scalars),
        cmocka_unit_test(softmax_of_the_first_edge),
        cmocka_unit_test(uniform_draws_networks_of_the_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edge weights and the mixture that they weigh. */
#include "tests/support/check.h"

#include "engine/tensor/plan.h"
#include "nas/supernet.h"
#include "nas/edge_weights.h"

static const nas_space *space_of(base_arena *arena, const char *name) {
    const nas_space *space;
    base_err err = {0};
    CHECK_OK(nas_space_find(name, arena, &space, &err));
    return space;
}

/* alpha = (.2, -.1, .4), candidates that give 1, 2, -1: y = .42543541 and dy/da_j = p_j (f_j - y). The target of a
 * squared error makes dL/dy = 1. */
static void a_mixture_of_three_scalars(void **state) {
    (void)state;
    static const double p[] = {.33758454, .25008878, .41232669}, slope[] = {.19396412, .39378093, -.58774506};
    base_err err = {0};
    eng_graph *graph = eng_graph_create();
    const eng_parameter_config table = {.shape = eng_shape_2d(1, 3)};
    const eng_mix_config config = {.column = {0, 1, 2}};
    eng_net net = {.graph = graph, .err = &err};
    eng_value in[4], alphas, y, none;
    for (size_t k = 0; k < 3; k++) in[k] = eng_graph_input(graph, eng_shape_1d(1), ENG_F32);
    eng_value loss[2] = {ENG_NO_VALUE, eng_graph_input(graph, eng_shape_1d(1), ENG_F32)};
    eng_graph_set_group(graph, 1);
    CHECK_OK(eng_graph_add(graph, &eng_op_parameter, &table, "alphas", NULL, &alphas, &err));
    CHECK_OK(nas_edge_weights_find("softmax")->build(NULL, &net, alphas, "weights", &in[3]));
    CHECK_OK(eng_graph_add_many(graph, &eng_op_mix, &config, "mix", in, 4, &y, &err));
    eng_graph_keep(graph, in[3]);
    eng_graph_keep(graph, y);
    loss[0] = y;
    CHECK_OK(eng_graph_add(graph, &eng_op_mean_squared_error, NULL, NULL, loss, &none, &err));
    eng_params *params;
    eng_plan *plan;
    CHECK_OK(eng_graph_params(graph, 1, &params, &err));
    CHECK_OK(eng_plan_create(graph, params, 1, eng_kernels_find(NULL), &plan, &err));
    float *at = eng_params_values(params) + eng_params_at(params, 0)->offset;
    at[0] = .2f, at[1] = -.1f, at[2] = .4f;
    const float f[] = {1, 2, -1}, target = (float)(.42543541 - .5);
    for (size_t k = 0; k < 3; k++) eng_plan_bind(plan, in[k], &f[k]);
    eng_plan_bind(plan, loss[1], &target);
    CHECK_NEAR(eng_plan_run(plan, &(eng_pass){.n = 1, .training = true}), .25, 1e-6);
    eng_plan_backward_groups(plan, 2);
    CHECK_NEAR(*eng_plan_value(plan, y), .42543541, 1e-6);
    for (size_t k = 0; k < 3; k++) {
        CHECK_NEAR(eng_plan_value(plan, in[3])[k], p[k], 1e-6);
        CHECK_NEAR(eng_params_gradients(params)[eng_params_at(params, 0)->offset + k], slope[k], 1e-6);
    }
    eng_plan_destroy(plan);
    eng_params_destroy(params);
    eng_graph_destroy(graph);
}

/* alpha[e][k] = sin(1 + 0.7 (8 e + k)): the first edge of the normal cell. */
static void softmax_of_the_first_edge(void **state) {
    (void)state;
    static const double expected[] = {.230987, .268421, .195655, .103801, .054003, .037463, .041159, .068512};
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of(arena, "darts");
    double **alphas = nas_operation_blocks(space, arena), **weights = nas_operation_blocks(space, arena);
    for (size_t i = 0; i < 112; i++) alphas[0][i] = sin(1 + .7 * (double)i);
    nas_edge_weights_find("softmax")->mean(NULL, space, (const double *const *)alphas, weights);
    CHECK_ARRAY_NEAR(weights[0], expected, 8, 1e-6);
    alphas[0][3] = 800; /* no overflow */
    nas_edge_weights_find("softmax")->mean(NULL, space, (const double *const *)alphas, weights);
    CHECK_NEAR(weights[0][3], 1, 1e-12);
    base_arena_destroy(arena);
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
        nas_edge_weights_find("uniform")->draw(NULL, space, NULL, &rng, weights);
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

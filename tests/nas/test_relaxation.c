/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The relaxation of a space: where weights come from, and what their slopes are for alphas and betas. */
#include "tests/nas/supernet_support.h"

static double **filled(const nas_space *space, base_arena *arena, uint32_t who) {
    double **blocks = nas_operation_blocks(space, arena);
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, who, 0);
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t k = 0; k < space->cells[t].weights; k++) blocks[t][k] = base_rng_normal(&rng);
    return blocks;
}

static double dot(const nas_space *space, double *const *a, double *const *b) {
    double sum = 0;
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t k = 0; k < space->cells[t].weights; k++) sum += a[t][k] * b[t][k];
    return sum;
}

static double mean_at(const bench *b, double *const *slopes) {
    const nas_relaxation *r = nas_supernet_relaxation(b->net);
    double **alphas = nas_operation_blocks(b->space, b->arena), **weights = nas_operation_blocks(b->space, b->arena);
    double **edges = nas_edge_blocks(b->space, b->arena);
    nas_relaxation_alphas(r, alphas);
    nas_relaxation_edges(r, edges);
    nas_relaxation_mean(r, (const double *const *)alphas, (const double *const *)edges, weights);
    return dot(b->space, weights, slopes);
}

/* Of a linear function of the mean weights, added to the gradient that is there. */
static void slopes_reach_what_is_trained(void **state) {
    (void)state;
    size_t count;
    const nas_mixed *const *mixed = nas_mixed_list(&count);
    for (size_t m = 0; m < count; m++) {
        char search[64];
        snprintf(search, sizeof search, "{step: first, mixed: %s}", mixed[m]->name);
        bench b = bench_create("darts", search, 4, 3, 8, 2);
        eng_params *params = nas_supernet_params(b.net);
        const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
        double **slopes = filled(b.space, b.arena, 1);
        base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 2, 0);
        for (size_t i = range.first; i < range.end; i++) {
            eng_params_values(params)[i] = (float)base_rng_normal(&rng);
            eng_params_gradients(params)[i] = 2;
        }
        nas_relaxation_add_slopes(nas_supernet_relaxation(b.net), (const double *const *)slopes);
        for (size_t i = range.first; i < range.end; i += 7) {
            float *at = eng_params_values(params) + i;
            const float x = *at, h = 1.f / 256;
            *at = x + h;
            const double above = mean_at(&b, slopes);
            *at = x - h;
            const double below = mean_at(&b, slopes);
            *at = x;
            CHECK_NEAR(eng_params_gradients(params)[i] - 2, (above - below) / (2 * (double)h), 2e-5);
        }
        bench_destroy(&b);
    }
}

/* What is given is what passes are weighted by, until they are told to take the mean again. */
static void given_weights_replace_the_mean_for_a_while(void **state) {
    (void)state;
    bench b = bench_create("darts", "darts-first", 4, 3, 8, 4);
    nas_relaxation *r = nas_supernet_relaxation(b.net);
    const eng_params *params = nas_supernet_params(b.net);
    const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
    double **weights = filled(b.space, b.arena, 3);
    const double before = nas_supernet_train(b.net, &b.batch[0], false, 1);
    nas_relaxation_use(r, (const double *const *)weights, NULL);
    assert_true(nas_supernet_train(b.net, &b.batch[0], false, 1) != before);
    nas_supernet_backward(b.net, 1u << NAS_GROUP_ALPHAS);
    for (size_t i = range.first; i < range.end; i++) assert_true(eng_params_gradients(params)[i] == 0);
    nas_relaxation_use_mean(r);
    CHECK_SAME_DOUBLE(nas_supernet_train(b.net, &b.batch[0], false, 1), before);
    nas_supernet_draw(b.net, 1, NAS_DRAW_TRAIN, 0); /* nothing is random here */
    CHECK_SAME_DOUBLE(nas_supernet_train(b.net, &b.batch[0], false, 1), before);
    bench_destroy(&b);
}

/* An operation without weight is not computed, though the loss is as if it were; the same in evaluation. */
static void what_has_no_weight_is_left_out(void **state) {
    (void)state;
    bench b = bench_create("s2", "darts-first", 4, 3, 8, 4);
    double **weights = nas_operation_blocks(b.space, b.arena);
    nas_relaxation *r = nas_supernet_relaxation(b.net);
    for (size_t k = 0; k < 28; k++) weights[0][k] = weights[1][k] = k % 2 == 0 ? 1 : 1e-30;
    nas_relaxation_use(r, (const double *const *)weights, NULL);
    const double tiny = nas_supernet_train(b.net, &b.batch[0], false, 1);
    for (size_t k = 0; k < 28; k++) weights[0][k] = weights[1][k] = k % 2 == 0;
    nas_relaxation_use(r, (const double *const *)weights, NULL);
    CHECK_NEAR(nas_supernet_train(b.net, &b.batch[0], false, 1), tiny, 1e-6);
    nas_supernet_backward(b.net, 1u << NAS_GROUP_WEIGHTS);
    const eng_params *params = nas_supernet_params(b.net);
    size_t convolutions = 0;
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *p = eng_params_at(params, i);
        if (!strstr(p->name, "sep_conv_3x3") || p->flags & ENG_PARAM_STATE) continue;
        convolutions++;
        for (size_t k = 0; k < p->count; k++) assert_true(eng_params_gradients(params)[p->offset + k] == 0);
    }
    assert_true(convolutions > 20);
    bench_destroy(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slopes_reach_what_is_trained),
        cmocka_unit_test(given_weights_replace_the_mean_for_a_while),
        cmocka_unit_test(what_has_no_weight_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

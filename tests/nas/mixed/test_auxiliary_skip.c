/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The auxiliary skip: what it adds, and how it fades. */
#include "tests/nas/mixed/edge_support.h"
#include "tests/nas/supernet_support.h"

static const char *const skip[] = {"skip_connect", NULL}, *const none[] = {"none", "max_pool_3x3", NULL};

/* At stride 1 the input itself, outside of the weights. */
static void the_input_is_added(void **state) {
    (void)state;
    const float coefficients[] = {1, .75f};
    edge_bench *b = base_malloc(sizeof *b);
    base_err err = {0};
    CHECK_OK(edge_build(b, "auxiliary-skip", "{}", eng_shape_3d(4, 4, 3), 1, 3, skip, &err));
    edge_compile(b);
    eng_plan_bind(b->plan, b->coefficient, coefficients);
    b->w[0] = .5f;
    const float *y = edge_run(b);
    for (size_t i = 0; i < SAMPLES * 48; i++) CHECK_NEAR(y[i], 1.25f * b->x[i], 1e-6);
    edge_destroy(b);
    free(b);
}

/* At stride 2 a reduction with weights of its own, even where the space has no skip connection. */
static void a_reduction_is_added_at_stride_2(void **state) {
    (void)state;
    const float with[] = {1, .5f}, twice[] = {1, 1}, without[] = {1, 0};
    float y[3][SAMPLES * 3 * 4 * 4];
    edge_bench *b = base_malloc(sizeof *b);
    base_err err = {0};
    CHECK_OK(edge_build(b, "auxiliary-skip", "{}", eng_shape_3d(5, 6, 4), 2, 4, none, &err));
    edge_compile(b);
    assert_non_null(eng_params_find(b->params, "cell0.e0.auxiliary.skip_connect.conv1.weight"));
    assert_int_equal(eng_graph_numbers(b->net.graph), 4 * 4 + 4 * 3 + 3);
    const float *const coefficients[] = {without, with, twice};
    b->w[1] = 1;
    for (size_t c = 0; c < 3; c++) {
        eng_plan_bind(b->plan, b->coefficient, coefficients[c]);
        memcpy(y[c], edge_run(b), SAMPLES * 3 * 3 * 4 * sizeof(float));
    }
    double moved = 0;
    for (size_t i = 0; i < SAMPLES * 3 * 3 * 4; i++) {
        CHECK_NEAR(y[2][i] - y[0][i], 2 * (y[1][i] - y[0][i]), 1e-5);
        moved += fabs((double)(y[1][i] - y[0][i]));
    }
    assert_true(moved > 1);
    edge_destroy(b);
    free(b);
}

/* The authors' code at the epochs 0, 25 and 49 of 50, and behind the last. */
static void coefficients_fade(void **state) {
    (void)state;
    static const struct {
        const char *options;
        double at[4];
    } cases[] = {
        {"{schedule: linear}", {1, .5, .02, 0}},
        {"{schedule: cosine}", {1, .5, .0009866357858642, 0}},
        {"{schedule: slow-cosine}", {1, .7071067811865476, .0314107590781283, 0}},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        base_err err = {0};
        const nas_mixed *kind = nas_mixed_find("auxiliary-skip");
        void *options = base_arena_alloc(arena, kind->state_size);
        base_yaml_node *node;
        CHECK_OK(base_yaml_parse(arena, "o.yaml", cases[i].options, strlen(cases[i].options), &node, &err));
        CHECK_OK(base_options_read(kind->options, node, options, arena, &err));
        static const double epochs[] = {0, 25, 49, 50};
        for (size_t e = 0; e < 4; e++) CHECK_NEAR(kind->coefficient(options, epochs[e] / 50), cases[i].at[e], 1e-12);
        base_arena_destroy(arena);
    }
}

/* In steps and in evaluation a supernet has the coefficient of its place in the search. */
static void a_supernet_follows_the_search(void **state) {
    (void)state;
    bench b = bench_create("toy", "darts-minus", 4, 0, 28, 2), plain = bench_create("toy", "darts-first", 4, 0, 28, 2);
    const double first = nas_supernet_evaluate(b.net, &b.batch[0]);
    nas_supernet_progress(b.net, .5);
    const double later = nas_supernet_evaluate(b.net, &b.batch[0]);
    nas_supernet_progress(b.net, 0);
    CHECK_SAME_DOUBLE(nas_supernet_evaluate(b.net, &b.batch[0]), first);
    assert_true(later != first);
    assert_int_equal(nas_supernet_alpha_count(b.net), nas_supernet_alpha_count(plain.net));
    bench_destroy(&b);
    bench_destroy(&plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_input_is_added),
        cmocka_unit_test(a_reduction_is_added_at_stride_2),
        cmocka_unit_test(coefficients_fade),
        cmocka_unit_test(a_supernet_follows_the_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

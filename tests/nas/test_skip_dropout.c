/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dropout behind skips whose rate changes between passes. */
#include "tests/nas/supernet_support.h"

#include "engine/tensor/plan.h"

enum { N = 64 };

static size_t dropouts(const nas_supernet *net) {
    const eng_graph *graph = nas_supernet_graph(net);
    size_t count = 0;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++)
        count += strcmp(eng_graph_node(graph, i)->op->name, "skip_dropout") == 0;
    return count;
}

typedef struct skips {
    base_arena *arena;
    nas_supernet *net;
    eng_batch batch;
} skips;

static skips create(void) {
    skips s = {.arena = base_arena_create()};
    base_err err = {0};
    const nas_supernet_options options = {
        .space = read_space(s.arena, "darts"),
        .settings = {.channels = 4, .cells = 3},
        .choices = read_choices(s.arena, "p-darts"),
        .net = {.input = eng_shape_3d(8, 8, 1), .task = ENG_MULTICLASS, .outputs = 3},
        .batch = N,
        .seed = 5,
        .skip_dropout = true,
    };
    CHECK_OK(nas_supernet_create(&options, &s.net, &err));
    s.batch = random_batch(s.arena, N, 64, 3, 0);
    return s;
}

static void destroy(skips *s) {
    nas_supernet_destroy(s->net);
    base_arena_destroy(s->arena);
}

/* A normal cell has 14 edges; a reduction 8 that leave its inputs with stride 2, and 6 others. */
static void dropout_stands_behind_identities(void **state) {
    (void)state;
    skips s = create();
    bench plain = bench_create("darts", "darts-first", 4, 3, 8, N);
    assert_int_equal(dropouts(s.net), 14 + 2 * 6);
    assert_int_equal(dropouts(plain.net), 0);
    bench_destroy(&plain);
    destroy(&s);
}

static void the_rate_is_that_of_the_pass(void **state) {
    (void)state;
    skips s = create();
    const double whole = nas_supernet_train(s.net, &s.batch, false, 1);
    nas_supernet_set_skip_dropout(s.net, .4);
    const double less = nas_supernet_train(s.net, &s.batch, false, 1);
    assert_true(whole != less);
    CHECK_SAME_DOUBLE(nas_supernet_train(s.net, &s.batch, false, 1), less); /* the same key, the same mask */
    assert_true(nas_supernet_train(s.net, &s.batch, false, 2) != less);
    nas_supernet_set_skip_dropout(s.net, 0);
    CHECK_SAME_DOUBLE(nas_supernet_train(s.net, &s.batch, false, 1), whole);
    const double scored = nas_supernet_evaluate(s.net, &s.batch);
    nas_supernet_set_skip_dropout(s.net, .4);
    CHECK_SAME_DOUBLE(nas_supernet_evaluate(s.net, &s.batch), scored);
    destroy(&s);
}

/* The slope along the gradient by the alphas is its length. */
static void gradients_go_through_it(void **state) {
    (void)state;
    static const double rates[] = {0, .4};
    skips s = create();
    eng_params *params = nas_supernet_params(s.net);
    const eng_param_range range = eng_params_group(params, NAS_GROUP_ALPHAS);
    const size_t count = range.end - range.first;
    float *alphas = eng_params_values(params) + range.first, *g = eng_params_gradients(params) + range.first;
    float *start = BASE_NEW_ARRAY(s.arena, count, float), *way = BASE_NEW_ARRAY(s.arena, count, float);
    memcpy(start, alphas, count * sizeof *start);
    for (size_t r = 0; r < 2; r++) {
        double length = 0, loss[2];
        nas_supernet_set_skip_dropout(s.net, rates[r]);
        (void)nas_supernet_train(s.net, &s.batch, false, 3);
        nas_supernet_backward(s.net, 1u << NAS_GROUP_ALPHAS);
        for (size_t k = 0; k < count; k++) length += (double)g[k] * (double)g[k];
        length = sqrt(length);
        for (size_t k = 0; k < count; k++) way[k] = g[k] / (float)length;
        for (size_t side = 0; side < 2; side++) {
            for (size_t k = 0; k < count; k++) alphas[k] = start[k] + (side == 0 ? .05f : -.05f) * way[k];
            loss[side] = nas_supernet_train(s.net, &s.batch, false, 3);
        }
        memcpy(alphas, start, count * sizeof *start);
        CHECK_NEAR((loss[0] - loss[1]) / .1, length, .01 * length);
    }
    destroy(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout_stands_behind_identities),
        cmocka_unit_test(the_rate_is_that_of_the_pass),
        cmocka_unit_test(gradients_go_through_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

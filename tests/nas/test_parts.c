/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operations are made of: names of their nodes, the rectified input that they share, parameters that are counted,
 * and a factorized reduction of an image of odd size. */
#include "tests/support/check.h"

#include "engine/modules/summary.h"
#include "engine/tensor/plan.h"
#include "nas/parts.h"

typedef struct fixture {
    eng_net net;
    eng_net_config config;
    base_err err;
    eng_value relu;
    nas_edge edge;
} fixture;

static void start(fixture *f, size_t size, size_t channels) {
    *f = (fixture){.config = {.input = eng_shape_3d(size, size, channels), .task = ENG_MULTICLASS, .outputs = 3}};
    f->relu = ENG_NO_VALUE;
    base_err err;
    CHECK_OK(eng_net_begin(&f->net, &f->config, &err));
    f->net.err = &f->err;
    f->edge = (nas_edge){
        .input = f->net.x, .relu = &f->relu, .channels = channels, .stride = 1, .affine = true, .name = "cell0.e0"};
}

static eng_value put(fixture *f, const char *name) {
    const nas_operation *operation;
    eng_value out;
    base_err err;
    CHECK_OK(nas_operation_find(name, &operation, &err));
    if (nas_operation_build(operation, &f->net, &f->edge, &out) != BASE_OK) fail_msg("%s", f->err.text);
    return out;
}

static bool has_node(const eng_graph *graph, const char *name) {
    for (size_t i = 0; i < eng_graph_nodes(graph); i++)
        if (strcmp(eng_graph_node(graph, i)->name, name) == 0) return true;
    return false;
}

static size_t nodes_of(const eng_graph *graph, const eng_op *op) {
    size_t count = 0;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) count += eng_graph_node(graph, i)->op == op;
    return count;
}

/* A node's parameters are found by its name, which must not depend on what stands before it. */
static void names_do_not_depend_on_the_rest(void **state) {
    (void)state;
    static const char *const orders[][3] = {{"sep_conv_3x3", "max_pool_3x3", "dil_conv_5x5"},
                                            {"dil_conv_5x5", "sep_conv_3x3", "max_pool_3x3"}};
    static const char *const names[] = {"cell0.e0.sep_conv_3x3.depthwise1", "cell0.e0.sep_conv_3x3.norm2",
                                        "cell0.e0.dil_conv_5x5.pointwise", "cell0.e0.max_pool_3x3.pool"};
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        start(&f, 6, 4);
        for (size_t k = 0; k < 3; k++) put(&f, orders[i][k]);
        for (size_t k = 0; k < CHECK_COUNT(names); k++) assert_true(has_node(f.net.graph, names[k]));
        eng_graph_destroy(f.net.graph);
    }
}

static void the_rectified_input_is_shared(void **state) {
    (void)state;
    fixture f;
    start(&f, 6, 4);
    put(&f, "sep_conv_3x3");
    put(&f, "sep_conv_5x5");
    put(&f, "dil_conv_3x3");
    put(&f, "nor_conv_3x3");
    assert_int_equal(nodes_of(f.net.graph, &eng_op_relu), 1);
    eng_graph_destroy(f.net.graph);
}

/* 7 x 7 becomes 4 x 4 in both branches. */
static void odd_images_are_reduced(void **state) {
    (void)state;
    fixture f;
    start(&f, 7, 6);
    f.edge.stride = 2;
    const eng_value out = put(&f, "skip_connect");
    const eng_shape want = eng_shape_3d(4, 4, 6);
    assert_true(eng_shape_equal(&eng_graph_value(f.net.graph, out)->shape, &want));
    assert_int_equal(eng_graph_numbers(f.net.graph), 6 * 6 + 2 * 6);
    eng_graph_destroy(f.net.graph);
}

static void an_identity_is_no_node(void **state) {
    (void)state;
    fixture f;
    start(&f, 6, 4);
    f.edge.drop_path = 0.3;
    const size_t before = eng_graph_nodes(f.net.graph);
    assert_int_equal(put(&f, "skip_connect"), f.edge.input);
    assert_int_equal(eng_graph_nodes(f.net.graph), before);
    put(&f, "dil_conv_3x3");
    assert_int_equal(nodes_of(f.net.graph, &eng_op_drop_path), 1);
    eng_graph_destroy(f.net.graph);
}

static void pools_are_normalized_in_a_search(void **state) {
    (void)state;
    fixture f;
    start(&f, 6, 4);
    put(&f, "avg_pool_3x3");
    assert_int_equal(nodes_of(f.net.graph, &eng_op_batch_norm), 0);
    f.edge.pool_norm = true;
    put(&f, "max_pool_3x3");
    assert_int_equal(nodes_of(f.net.graph, &eng_op_batch_norm), 1);
    assert_int_equal(eng_graph_numbers(f.net.graph), 0);
    eng_graph_destroy(f.net.graph);
}

/* The padding does not count: means of 3 x 3 pixels of the ramp 0 .. 8, with stride 1 and 2. */
static void the_padding_of_a_mean_does_not_count(void **state) {
    (void)state;
    static const float ramp[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const float means[2][9] = {{2.0f, 2.5f, 3.0f, 3.5f, 4.0f, 4.5f, 5.0f, 5.5f, 6.0f}, {2.0f, 3.0f, 5.0f, 6.0f}};
    for (size_t stride = 1; stride <= 2; stride++) {
        fixture f;
        base_err err;
        eng_params *params;
        eng_plan *plan;
        start(&f, 3, 1);
        f.edge.stride = stride;
        const eng_value out = put(&f, "avg_pool_3x3");
        eng_graph_keep(f.net.graph, out);
        CHECK_OK(eng_graph_params(f.net.graph, 1, &params, &err));
        CHECK_OK(eng_plan_create(f.net.graph, params, 1, eng_kernels_find(NULL), &plan, &err));
        eng_plan_bind(plan, f.net.x, ramp);
        (void)eng_plan_run(plan, &(eng_pass){.n = 1});
        const size_t count = eng_shape_count(&eng_graph_value(f.net.graph, out)->shape);
        assert_int_equal(count, stride == 1 ? 9 : 4);
        for (size_t i = 0; i < count; i++)
            CHECK_NEAR((double)eng_plan_value(plan, out)[i], (double)means[stride - 1][i], 1e-6);
        eng_plan_destroy(plan);
        eng_params_destroy(params);
        eng_graph_destroy(f.net.graph);
    }
}

static void unknown_operations_and_shapes_are_refused(void **state) {
    (void)state;
    const nas_operation *operation;
    base_err err;
    fixture f;
    eng_value out;
    CHECK_FAILS(nas_operation_find("sep_conv_3", &operation, &err), BASE_NOTFOUND, "did you mean 'sep_conv_3x3'?");
    CHECK_OK(nas_operation_find("identity", &operation, &err));
    assert_string_equal(operation->name, "skip_connect");
    start(&f, 6, 4);
    f.edge.channels = 8;
    CHECK_OK(nas_operation_find("max_pool_3x3", &operation, &err));
    assert_int_equal(nas_operation_build(operation, &f.net, &f.edge, &out), BASE_INVALID);
    CHECK_CONTAINS(f.err.text, "cell0.e0.max_pool_3x3: with stride 1 max_pool_3x3 turns [6, 6, 4] into [6, 6, 4] where "
                               "[6, 6, 8] must come out");
    eng_graph_destroy(f.net.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_do_not_depend_on_the_rest),
        cmocka_unit_test(the_rectified_input_is_shared),
        cmocka_unit_test(odd_images_are_reduced),
        cmocka_unit_test(an_identity_is_no_node),
        cmocka_unit_test(pools_are_normalized_in_a_search),
        cmocka_unit_test(the_padding_of_a_mean_does_not_count),
        cmocka_unit_test(unknown_operations_and_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

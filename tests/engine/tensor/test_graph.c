/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "engine/ops/ops.h"
#include "engine/tensor/graph.h"
#include "engine/tensor/plan.h"

static void nodes_infer_shapes_and_name_parameters(void **state) {
    (void)state;
    base_err err;
    eng_graph *graph = eng_graph_create();
    eng_value x = eng_graph_input(graph, eng_shape_2d(4, 3), ENG_F32), at = x;
    eng_dense_config dense = {.width = 5};
    CHECK_OK(eng_graph_add(graph, &eng_op_dense, &dense, "first", &at, &at, &err));
    dense.width = 99; /* the node has its own copy */
    CHECK_OK(eng_graph_add(graph, &eng_op_prelu, NULL, NULL, &at, &at, &err));
    assert_int_equal(eng_graph_nodes(graph), 2);
    assert_int_equal(eng_graph_values(graph), 3);
    assert_int_equal(eng_graph_value(graph, at)->shape.dim[0], 5);
    assert_int_equal(eng_graph_value(graph, at)->producer, 1);
    assert_int_equal(eng_graph_value(graph, at)->groups, 1);
    assert_int_equal(eng_graph_value(graph, x)->groups, 0);
    assert_int_equal(eng_graph_value(graph, x)->readers, 1);
    assert_string_equal(eng_graph_node(graph, 1)->name, "prelu1");

    eng_params *params;
    CHECK_OK(eng_graph_params(graph, 1, &params, &err));
    static const char *const names[] = {"first.weight", "first.bias", "prelu1.slope"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) assert_string_equal(eng_params_at(params, i)->name, names[i]);
    assert_int_equal(eng_params_numbers(params), 12 * 5 + 5 + 1);
    assert_true(eng_params_view(params, 2, eng_params_values(params)).data[0] == 0.25f);
    eng_params_destroy(params);
    eng_graph_destroy(graph);
    eng_graph_destroy(NULL);
}

static void a_value_may_have_many_readers(void **state) {
    (void)state;
    base_err err;
    eng_graph *graph = eng_graph_create();
    eng_value x = eng_graph_input(graph, eng_shape_1d(3), ENG_F32), y, z, sum;
    const eng_dense_config dense = {.width = 2};
    CHECK_OK(eng_graph_add(graph, &eng_op_dense, &dense, "a", &x, &y, &err));
    CHECK_OK(eng_graph_add(graph, &eng_op_dense, &dense, "b", &x, &z, &err));
    CHECK_OK(eng_graph_add_many(graph, &eng_op_add, NULL, NULL, (eng_value[]){y, z, y}, 3, &sum, &err));
    assert_int_equal(eng_graph_value(graph, y)->readers, 2);
    assert_int_equal(eng_graph_value(graph, z)->readers, 1);
    assert_int_equal(eng_graph_node(graph, 2)->inputs, 3);
    assert_int_equal(eng_graph_value(graph, sum)->shape.dim[0], 2);
    eng_graph_destroy(graph);
}

static void an_error_names_its_node(void **state) {
    (void)state;
    base_err err;
    eng_graph *graph = eng_graph_create();
    eng_value x = eng_graph_input(graph, eng_shape_1d(3), ENG_F32), y;
    CHECK_FAILS(eng_graph_add(graph, &eng_op_dense, NULL, "hidden2", &x, &y, &err), BASE_INVALID, "hidden2: the width");
    eng_dense_config huge = {.width = (size_t)1 << 62};
    CHECK_FAILS(eng_graph_add(graph, &eng_op_dense, &huge, "hidden2", &x, &y, &err), BASE_INVALID, "too large");
    eng_graph_destroy(graph);
}

static void a_loose_end_is_refused(void **state) {
    (void)state;
    base_err err;
    eng_graph *graph = eng_graph_create();
    eng_value x = eng_graph_input(graph, eng_shape_1d(3), ENG_F32), y;
    const eng_dense_config dense = {.width = 2};
    CHECK_OK(eng_graph_add(graph, &eng_op_dense, &dense, "lost", &x, &y, &err));
    eng_params *params;
    eng_plan *plan;
    CHECK_OK(eng_graph_params(graph, 1, &params, &err));
    CHECK_FAILS(eng_plan_create(graph, params, 4, eng_kernels_find(NULL), &plan, &err), BASE_INVALID,
                "the output of lost leads to no loss");
    eng_params_destroy(params);
    eng_graph_destroy(graph);
}

/* Names are keys: of parameters in a graph, and of those that graphs share. */
static void parameters_go_by_name(void **state) {
    (void)state;
    base_err err;
    eng_graph *first = eng_graph_create();
    const eng_value x = eng_graph_input(first, eng_shape_1d(3), ENG_F32);
    eng_value y;
    const eng_dense_config three = {.width = 3}, two = {.width = 2};
    CHECK_OK(eng_graph_add(first, &eng_op_dense, &three, "a", &x, &y, &err));
    CHECK_OK(eng_graph_add_tied(first, &eng_op_dense, &three, "b", "a", &y, 1, &y, &err));
    assert_int_equal(eng_graph_node(first, 1)->param_id[0], eng_graph_node(first, 0)->param_id[0]);
    CHECK_FAILS(eng_graph_add(first, &eng_op_dense, &three, "a", &y, &y, &err), BASE_INVALID,
                "a: another node has that name");
    CHECK_FAILS(eng_graph_add_tied(first, &eng_op_dense, &two, "c", "a", &y, 1, &y, &err), BASE_INVALID,
                "parameter a.weight is [3, 3] and cannot be [3, 2]");
    CHECK_FAILS(eng_graph_add_tied(first, &eng_op_dense, &two, "c", "z", &y, 1, &y, &err), BASE_INVALID,
                "c: no node has a parameter z.weight");
    assert_int_equal(eng_graph_param_count(first), 2);

    eng_graph *second = eng_graph_create_sharing(first);
    const eng_value u = eng_graph_input(second, eng_shape_1d(3), ENG_F32);
    eng_value v;
    CHECK_OK(eng_graph_add(second, &eng_op_dense, &three, "a", &u, &v, &err));
    CHECK_OK(eng_graph_add(second, &eng_op_dense, &two, "d", &v, &v, &err));
    CHECK_OK(eng_graph_add(second, &eng_op_prelu, NULL, "e", &v, &v, &err));
    assert_int_equal(eng_graph_param_count(first), 5);
    assert_true(eng_graph_has_param(second, 2) && !eng_graph_has_param(first, 2));
    eng_graph_destroy(first); /* any of them may go first */
    eng_params *params;
    CHECK_OK(eng_graph_params(second, 1, &params, &err));
    assert_int_equal(eng_params_numbers(params), 12 + 8 + 1);
    eng_params_destroy(params);
    eng_graph_destroy(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_infer_shapes_and_name_parameters),
        cmocka_unit_test(a_value_may_have_many_readers),
        cmocka_unit_test(an_error_names_its_node),
        cmocka_unit_test(a_loose_end_is_refused),
        cmocka_unit_test(parameters_go_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

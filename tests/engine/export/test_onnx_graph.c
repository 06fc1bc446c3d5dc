/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes and tensors as bytes, by hand. That ONNX reads them is what tests/cli/test_model_export.py shows. */
#include "tests/support/check.h"

#include "engine/export/onnx_graph.h"

static void a_node_ends_with_its_attributes(void **state) {
    (void)state;
    eng_onnx onnx;
    base_arena *arena = base_arena_create();
    eng_onnx_begin(&onnx, arena);
    eng_onnx_map(&onnx, "Elu", "x", "y");
    eng_onnx_float(&onnx, "alpha", 1.0f);
    eng_onnx_end(&onnx);
    static const char bytes[] = "\x0a\x23"           /* node, 35 bytes */
                                "\x0a\x01x\x12\x01y" /* input, output */
                                "\x1a\x05y:Elu"      /* name */
                                "\x22\x03"           /* op_type */
                                "Elu"
                                "\x2a\x0f" /* attribute: f, name, type FLOAT */
                                "\x15\x00\x00\x80\x3f\x0a\x05"
                                "alpha\xa0\x01\x01";
    assert_int_equal(onnx.graph.length, sizeof bytes - 1);
    assert_memory_equal(onnx.graph.data, bytes, sizeof bytes - 1);
    eng_onnx_fini(&onnx);
    base_arena_destroy(arena);
}

/* [2, 3] becomes [3, 2]: numbers 0 3 1 4 2 5. */
static void tensors_are_permuted(void **state) {
    (void)state;
    const float values[] = {0, 1, 2, 3, 4, 5}, wanted[] = {0, 3, 1, 4, 2, 5};
    const eng_shape shape = eng_shape_2d(2, 3);
    eng_onnx onnx;
    base_arena *arena = base_arena_create();
    eng_onnx_begin(&onnx, arena);
    assert_string_equal(eng_onnx_permuted(&onnx, values, &shape, (const unsigned[]){1, 0}), "c0");
    eng_onnx_end(&onnx);
    static const char head[] = "\x2a\x24\x08\x03\x08\x02\x10\x01\x42\x02"
                               "c0\x4a\x18"; /* dims, FLOAT, name, raw_data */
    assert_int_equal(onnx.graph.length, sizeof head - 1 + sizeof wanted);
    assert_memory_equal(onnx.graph.data, head, sizeof head - 1);
    assert_memory_equal(onnx.graph.data + sizeof head - 1, wanted, sizeof wanted);
    eng_onnx_fini(&onnx);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_ends_with_its_attributes),
        cmocka_unit_test(tensors_are_permuted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

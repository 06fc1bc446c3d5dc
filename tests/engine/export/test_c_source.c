/* SPDX-License-Identifier: GPL-3.0-or-later */
/* C source that grows: functions once, names with their prefix. */
#include "tests/support/check.h"

#include "engine/export/c_source.h"

static void functions_are_written_once(void **state) {
    (void)state;
    static const char text[] = "void @_f(void) {}\n", map[] = "v * v";
    eng_c_source source = {.prefix = "net"};
    for (size_t i = 0; i < 2; i++) {
        eng_c_function(&source, text);
        eng_c_map(&source, "square", map, 4 + i, "x", "y");
        eng_c_statement(&source, "@_f(%d);", (int)i);
    }
    assert_string_equal(source.functions.data, "void net_f(void) {}\n\n"
                                               "static inline void net_square(int n, const float *x, float *y) {\n"
                                               "    for (int i = 0; i < n; i++) {\n"
                                               "        const float v = x[i];\n"
                                               "        y[i] = v * v;\n"
                                               "    }\n"
                                               "}\n\n");
    assert_string_equal(source.statements.data, "    net_square(4, x, y);\n    net_f(0);\n"
                                                "    net_square(5, x, y);\n    net_f(1);\n");
    eng_c_source_fini(&source);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(functions_are_written_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

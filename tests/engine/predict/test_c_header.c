/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Headers of every op and of whole networks go through the C compiler without a warning and answer as the engine does.
 */
#include "tests/support/check.h"

#include "base/buf.h"
#include "engine/ops/ops.h"
#include "engine/predict/c_header.h"
#include "tests/support/case_nets.h"
#include "tests/support/predictors.h"

static void write_header(const check_tmpdir *dir, const named_predictor *n, size_t number) {
    base_err err = {0};
    base_buf text = {0};
    char prefix[32], file[40];
    snprintf(prefix, sizeof prefix, "net%zu", number);
    snprintf(file, sizeof file, "net%zu.h", number);
    CHECK_OK(eng_c_header_write(n->predictor, prefix, &text, &err));
    CHECK_CONTAINS(text.data, "any purpose with or without fee");
    CHECK_OK(base_write_file(check_tmpdir_file(dir, file), text.data, text.length, &err));
    base_buf_fini(&text);
}

/* A program that reads a sample for each network and writes what it answers. */
static void write_main(const check_tmpdir *dir, size_t count) {
    base_buf text = {0};
    for (size_t i = 0; i < count; i++) base_buf_printf(&text, "#include \"net%zu.h\"\n", i);
    base_buf_puts(&text, "#include <stdio.h>\nint main(void) {\n");
    for (size_t i = 0; i < count; i++)
        base_buf_printf(&text,
                        "    {\n        static float x[NET%zu_INPUTS], work[NET%zu_WORK], y[NET%zu_OUTPUTS];\n"
                        "        if (fread(x, sizeof x, 1, stdin) != 1) return 1;\n"
                        "        net%zu_predict(x, work, y);\n"
                        "        if (fwrite(y, sizeof y, 1, stdout) != 1) return 1;\n    }\n",
                        i, i, i, i);
    base_buf_puts(&text, "    return 0;\n}\n");
    check_tmpdir_write(dir, "main.c", text.data);
    base_buf_fini(&text);
}

static void write_samples(const check_tmpdir *dir, const named_predictor *list, size_t count) {
    FILE *file = fopen(check_tmpdir_file(dir, "x"), "wb");
    assert_non_null(file);
    for (size_t i = 0; i < count; i++) {
        const size_t n = list[i].predictor->normalizer.features;
        assert_int_equal(fwrite(list[i].x, sizeof(float), n, file), n);
    }
    assert_int_equal(fclose(file), 0);
}

static void shell(const char *fmt, const char *path) {
    char command[1024];
    snprintf(command, sizeof command, fmt, path, path, path, path);
    assert_int_equal(system(command), 0);
}

static void check_answers(const check_tmpdir *dir, const named_predictor *list, size_t count) {
    base_err err = {0};
    base_buf bytes = {0};
    CHECK_OK(base_read_file(check_tmpdir_file(dir, "y"), &bytes, &err));
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < list[i].predictor->answers; k++, at += sizeof(float)) {
            float y;
            assert_true(at + sizeof y <= bytes.length);
            memcpy(&y, bytes.data + at, sizeof y);
            const double wanted = (double)list[i].answer[k], error = fabs((double)y - wanted);
            if (error <= 1e-5 * fmax(1.0, fabs(wanted))) continue;
            print_error("%s: answer %zu is %.9g, not %.9g\n", list[i].name, k, (double)y, wanted);
            fail();
        }
    assert_int_equal(at, bytes.length);
    base_buf_fini(&bytes);
}

static void headers_answer_as_the_engine_does(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    size_t count;
    named_predictor *list = predictors_create(&count);
    assert_true(count > 40);
    for (size_t i = 0; i < count; i++) write_header(&dir, &list[i], i);
    write_main(&dir, count);
    write_samples(&dir, list, count);
    shell(C_COMPILER " -std=c99 -Wall -Wextra -Wpedantic -Werror -O1 -o %s/main %s/main.c -lm", dir.path);
    shell("%s/main < %s/x > %s/y", dir.path);
    check_answers(&dir, list, count);
    predictors_destroy(list, count);
    check_tmpdir_remove(&dir);
}

/* Ops of searches, and noise, which is no function of its input. A new op stands here or has an export. */
static void ops_without_export_are_known(void **state) {
    (void)state;
    const eng_op *const none[] = {&eng_op_dense_given, &eng_op_conv2d_given, &eng_op_parameter,
                                  &eng_op_superpose,   &eng_op_mix,          &eng_op_noise};
    for (const eng_op *const *op = eng_ops; *op != NULL; op++) {
        bool known = ((*op)->traits & ENG_IS_LOSS) != 0;
        for (size_t i = 0; i < CHECK_COUNT(none); i++) known = known || *op == none[i];
        assert_int_equal((*op)->exporter == NULL, known);
    }
}

static void what_cannot_be_written_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < op_cases_count; i++) {
        if (op_cases[i].op != &eng_op_noise && op_cases[i].op != &eng_op_relu) continue;
        base_err err = {0};
        base_buf text = {0};
        eng_predictor p = {.model = case_net_model(&op_cases[i], 1)};
        if (op_cases[i].op == &eng_op_noise) {
            CHECK_FAILS(eng_c_header_write(&p, "p", &text, &err), BASE_UNSUPPORTED, "its op noise (node 'case')");
        } else {
            eng_params_values(eng_model_params(p.model))[0] = (float)INFINITY;
            CHECK_FAILS(eng_c_header_write(&p, "p", &text, &err), BASE_NUMERIC, "output.weight is inf");
        }
        assert_int_equal(text.length, 0);
        eng_model_destroy(p.model);
    }
}

static void prefixes_are_identifiers(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"a/my-net.h", "my_net"}, {"8x8.h", "model_8x8"}, {".h", "model__h"}, {"net", "net"}, {"a.b.h", "a_b"}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf prefix = {0};
        eng_c_header_prefix(cases[i][0], &prefix);
        assert_string_equal(prefix.data, cases[i][1]);
        base_buf_fini(&prefix);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_answer_as_the_engine_does),
        cmocka_unit_test(ops_without_export_are_known),
        cmocka_unit_test(what_cannot_be_written_is_named),
        cmocka_unit_test(prefixes_are_identifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

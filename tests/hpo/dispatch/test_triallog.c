/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bounded log: whatever comes in whatever pieces, the file holds the first 64 KiB, a line about what is missing,
 * and the last 1 MiB. */
#include "hpo/dispatch/triallog.h"

#include "base/buf.h"
#include "base/rng.h"
#include "tests/support/check.h"

#define SEPARATOR "--- attempt 1, rung 2 ---\n"

/* Byte i of the output: a number per line, so that every position is recognized. */
static void make_output(base_buf *out, size_t length) {
    while (out->length < length) base_buf_printf(out, "%zu\n", out->length);
    out->length = length;
    out->data[length - 1] = '\n';
}

/* What the file must hold, said in the plainest way. */
static void expect(const base_buf *output, base_buf *want) {
    base_buf_puts(want, SEPARATOR);
    size_t head = output->length < HPO_TRIALLOG_HEAD ? output->length : HPO_TRIALLOG_HEAD;
    base_buf_append(want, output->data, head);
    size_t tail = output->length - head < HPO_TRIALLOG_TAIL ? output->length - head : HPO_TRIALLOG_TAIL;
    size_t missing = output->length - head - tail;
    if (missing) base_buf_printf(want, "\n... %zu bytes left out ...\n", missing);
    base_buf_append(want, output->data + output->length - tail, tail);
}

static void check_log(size_t length, size_t largest_piece) {
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "log");
    base_rng rng = base_rng_stream(length, BASE_RNG_TEST, 1, 0);
    base_buf output = {0}, want = {0}, got = {0};
    base_err err;
    make_output(&output, length);
    expect(&output, &want);
    hpo_triallog *log = hpo_triallog_create(path, 1, 2);
    for (size_t at = 0; at < length;) {
        size_t piece = 1 + (size_t)base_rng_below(&rng, largest_piece);
        if (piece > length - at) piece = length - at;
        hpo_triallog_append(log, HPO_TRIALLOG_OUTPUT, output.data + at, piece);
        at += piece;
    }
    hpo_triallog_destroy(log);
    CHECK_OK(base_read_file(path, &got, &err));
    assert_int_equal(got.length, want.length);
    assert_memory_equal(got.data, want.data, want.length);
    base_buf_fini(&output);
    base_buf_fini(&want);
    base_buf_fini(&got);
    check_tmpdir_remove(&dir);
}

static void test_sizes(void **state) {
    (void)state;
    const size_t head = HPO_TRIALLOG_HEAD, tail = HPO_TRIALLOG_TAIL;
    const size_t sizes[] = {10,
                            head - 1,
                            head,
                            head + 1,
                            tail - 1,
                            tail,
                            tail + 1,
                            head + tail,
                            head + tail + 1,
                            head + 2 * tail - 1,
                            head + 2 * tail + 7,
                            5 * tail + 13};
    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        check_log(sizes[i], 5000);
        check_log(sizes[i], 3 * tail);
    }
}

static void test_quiet_makes_no_file(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "log");
    hpo_triallog_destroy(hpo_triallog_create(path, 0, 0));
    assert_int_not_equal(access(path, F_OK), 0);
    check_tmpdir_remove(&dir);
}

static void test_appends(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "log");
    base_buf got = {0};
    base_err err;
    for (uint32_t rung = 0; rung < 2; rung++) {
        hpo_triallog *log = hpo_triallog_create(path, 0, rung);
        hpo_triallog_append(log, HPO_TRIALLOG_OUTPUT, "no newline", 10);
        hpo_triallog_destroy(log);
    }
    CHECK_OK(base_read_file(path, &got, &err));
    assert_string_equal(got.data, "--- attempt 0, rung 0 ---\nno newline\n--- attempt 0, rung 1 ---\nno newline\n");
    base_buf_fini(&got);
    check_tmpdir_remove(&dir);
}

static void check_last_line(const char *output, const char *errors, const char *want) {
    check_tmpdir dir = check_tmpdir_create();
    for (size_t piece = 1; piece < 8; piece += 6) { /* however the bytes are cut */
        hpo_triallog *log = hpo_triallog_create(check_tmpdir_file(&dir, "log"), 0, 0);
        assert_true(hpo_triallog_is_empty(log));
        for (size_t at = 0; at < strlen(errors); at += piece)
            hpo_triallog_append(log, HPO_TRIALLOG_ERRORS, errors + at, strnlen(errors + at, piece));
        for (size_t at = 0; at < strlen(output); at += piece)
            hpo_triallog_append(log, HPO_TRIALLOG_OUTPUT, output + at, strnlen(output + at, piece));
        assert_string_equal(hpo_triallog_last_line(log), want);
        hpo_triallog_destroy(log);
    }
    check_tmpdir_remove(&dir);
}

static void test_last_line(void **state) {
    (void)state;
    check_last_line("", "", "");
    check_last_line(" \n\n", "", "");
    check_last_line("one", "", "one");
    check_last_line("one\ntwo\n\n  \n", "", "two");
    check_last_line("10%\r20%\r", "", "20%");
    check_last_line("10%\r20%\r\n", "", "20%");
    check_last_line("a\tb\n", "", "a b");
    check_last_line("epoch 7\n", "error\n", "error"); /* errors say more than output */
    check_last_line("epoch 7\n", "  indented\n\tthis, too\n", "epoch 7");
    check_last_line("",
                    "Traceback (most recent call last):\n  File \"train.py\", line 3\n    fit(lr)\n"
                    "ValueError: learning_rate\n    is too brave\n",
                    "ValueError: learning_rate");
    char line[1000] = "", want[128] = "";
    memset(line, 'x', sizeof line - 1);
    memset(want, 'x', sizeof want - 1);
    check_last_line(line, "", want);
}

static void test_unwritable(void **state) {
    (void)state;
    hpo_triallog *log = hpo_triallog_create("/nonexistent/folder/log", 0, 0);
    hpo_triallog_append(log, HPO_TRIALLOG_ERRORS, "still heard\n", 12);
    assert_string_equal(hpo_triallog_last_line(log), "still heard");
    hpo_triallog_destroy(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),     cmocka_unit_test(test_quiet_makes_no_file), cmocka_unit_test(test_appends),
        cmocka_unit_test(test_last_line), cmocka_unit_test(test_unwritable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

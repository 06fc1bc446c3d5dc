/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables as RFC 4180 has them, and what is wrong with others. */
#include "benchmarks/report/csv.h"

#include "tests/support/check.h"

static void quotes_commas_and_line_breaks(void **state) {
    (void)state;
    static const char text[] = "a,\"b,c\",\r\n\"say \"\"so\"\"\",\"two\nlines\",\r\n\n1,2,3";
    base_arena *arena = base_arena_create();
    base_err err;
    bench_csv t;
    CHECK_OK(bench_csv_parse(arena, "t.csv", text, strlen(text), &t, &err));
    assert_int_equal(t.columns, 3);
    assert_int_equal(t.rows, 2);
    assert_string_equal(t.names[1], "b,c");
    assert_string_equal(t.names[2], "");
    assert_string_equal(bench_csv_field(&t, 0, 0), "say \"so\"");
    assert_string_equal(bench_csv_field(&t, 0, 1), "two\nlines");
    assert_string_equal(bench_csv_field(&t, 0, 2), "");
    assert_string_equal(bench_csv_field(&t, 1, 2), "3");
    assert_int_equal(t.lines[0], 2);
    assert_int_equal(t.lines[1], 5); /* behind a field of two lines and an empty line */
    base_arena_destroy(arena);
}

static void check_fault(const char *text, const char *part) {
    base_arena *arena = base_arena_create();
    base_err err;
    bench_csv t;
    CHECK_FAILS(bench_csv_parse(arena, "t.csv", text, strlen(text), &t, &err), BASE_CORRUPT, part);
    base_arena_destroy(arena);
}

static void faults_have_a_line(void **state) {
    (void)state;
    check_fault("", "t.csv:1: ");
    check_fault("\n\n", "t.csv:1: ");
    check_fault("a,b\n1,2\n1\n", "t.csv:3: 1 fields, but the heading has 2");
    check_fault("a\n\"x\ny", "t.csv:2: a quote is opened");
    check_fault("a\n\"x\ny\"z\n", "t.csv:3: text behind");
    check_fault("a\nx\"\n", "t.csv:2: a quote in a field");
}

static void numbers_and_columns(void **state) {
    (void)state;
    static const char text[] = "x,n\n1.5e3,7\n,x\n";
    base_arena *arena = base_arena_create();
    base_err err;
    bench_csv t;
    size_t x, n, none;
    double number;
    int64_t integer;
    CHECK_OK(bench_csv_parse(arena, "t.csv", text, strlen(text), &t, &err));
    CHECK_OK(bench_csv_column(&t, "x", &x, &err));
    CHECK_OK(bench_csv_column(&t, "n", &n, &err));
    CHECK_FAILS(bench_csv_column(&t, "y", &none, &err), BASE_CORRUPT, "t.csv:1: there is no column \"y\"");
    CHECK_OK(bench_csv_number(&t, 0, x, &number, &err));
    CHECK_NEAR(number, 1500, 0);
    CHECK_OK(bench_csv_number(&t, 1, x, &number, &err));
    assert_true(isnan(number));
    CHECK_OK(bench_csv_integer(&t, 0, n, &integer, &err));
    assert_int_equal(integer, 7);
    CHECK_FAILS(bench_csv_integer(&t, 1, n, &integer, &err), BASE_CORRUPT, "t.csv:3: n should be an integer");
    CHECK_FAILS(bench_csv_number(&t, 1, n, &number, &err), BASE_CORRUPT, "but is \"x\"");
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_commas_and_line_breaks),
        cmocka_unit_test(faults_have_a_line),
        cmocka_unit_test(numbers_and_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

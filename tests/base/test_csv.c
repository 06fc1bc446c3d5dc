/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comma-separated values as people and programs write them, and the places of what is wrong. */
#include "base/csv.h"

#include "tests/support/check.h"

static base_status parse(const char *text, base_arena *arena, base_csv *csv, base_err *err) {
    return base_csv_parse("t.csv", base_arena_strdup(arena, text), strlen(text), arena, csv, err);
}

/* "a|b|c;d|e|f": the cells of all rows. */
static void reads_as(const char *text, const char *names, const char *cells) {
    base_err err = {0};
    base_arena *arena = base_arena_create();
    base_csv csv;
    base_buf out = {0};
    CHECK_OK(parse(text, arena, &csv, &err));
    for (size_t i = 0; i < csv.n_columns; i++) base_buf_printf(&out, "%s%s", i ? "|" : "", csv.names[i].text);
    assert_string_equal(base_buf_text(&out), names);
    base_buf_clear(&out);
    for (size_t i = 0; i < csv.n_rows * csv.n_columns; i++)
        base_buf_printf(&out, "%s%s", i == 0 ? "" : i % csv.n_columns ? "|" : ";", csv.cells[i].text);
    assert_string_equal(base_buf_text(&out), cells);
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

static void files(void **state) {
    (void)state;
    reads_as("a,b\n1,2\n3,4\n", "a|b", "1|2;3|4");
    reads_as("a,b\n", "a|b", "");
    reads_as("a,b\r\n1,2\r\n3,4", "a|b", "1|2;3|4");
    reads_as("\xEF\xBB\xBF"
             "a\n\n x \n\n",
             "a", "x");
    reads_as(" a , b\n 1 ,\n,2\n,\n", "a|b", "1|;|2;|");
    reads_as("a,\"b, c\"\n\"say \"\"x\"\"\" , \"two\nlines\"\n", "a|b, c", "say \"x\"|two\nlines");
    reads_as("a,b\n\"\",two words\n", "a|b", "|two words");
}

static void places(void **state) {
    (void)state;
    base_err err = {0};
    base_arena *arena = base_arena_create();
    base_csv csv;
    CHECK_OK(parse("a,b\n\"x\ny\", 2\n  7,8\n", arena, &csv, &err));
    const int expected[][2] = {{2, 1}, {3, 5}, {4, 3}, {4, 5}};
    for (size_t i = 0; i < CHECK_COUNT(expected); i++) {
        assert_int_equal(csv.cells[i].line, expected[i][0]);
        assert_int_equal(csv.cells[i].column, expected[i][1]);
    }
    assert_int_equal(base_csv_find(&csv, "b"), 1);
    assert_int_equal(base_csv_find(&csv, "c"), SIZE_MAX);
    base_arena_destroy(arena);
}

static void refused(const char *text, const char *sentence) {
    base_err err = {0};
    base_arena *arena = base_arena_create();
    base_csv csv;
    CHECK_FAILS(parse(text, arena, &csv, &err), BASE_INVALID, sentence);
    base_arena_destroy(arena);
}

static void sentences(void **state) {
    (void)state;
    refused("", "t.csv is empty");
    refused("\n \n", "t.csv is empty");
    refused(",b\n1,2\n", "t.csv:1:1: column 1 has no name");
    refused("a,b,a\n1,2,3\n", "t.csv:1:5: two columns are called 'a'");
    refused("a,b\n1,2\n3\n", "t.csv:3:1: this line has 1 fields, but the first has 2");
    refused("a,b\n1,2,3\n", "t.csv:2:1: this line has 3 fields, but the first has 2");
    refused("a,b\n1,\"2\n", "t.csv:2:3: this quote is never closed");
    refused("a,b\n1,\"2\" 3\n", "t.csv:2:7: a comma or the end of the line must follow a value");
}

static void from_disk(void **state) {
    (void)state;
    base_err err = {0};
    base_arena *arena = base_arena_create();
    base_csv csv;
    CHECK_FAILS(base_csv_read("/no/such/file.csv", arena, &csv, &err), BASE_NOTFOUND, "/no/such/file.csv");
    base_arena_destroy(arena);
}

/* A sanitizer sees what is read behind a copy that ended at the zero. */
static void zeros_in_a_file(void **state) {
    (void)state;
    base_err err = {0};
    base_arena *arena = base_arena_create();
    base_csv csv;
    const check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "zero.csv");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    static const char text[] = "a,b\n1,\0\"2\"\n";
    assert_int_equal(fwrite(text, 1, sizeof text - 1, file), sizeof text - 1);
    assert_int_equal(fclose(file), 0);
    CHECK_FAILS(base_csv_read(path, arena, &csv, &err), BASE_INVALID,
                "zero.csv:2:3: a comma or the end of the line must follow a value");
    check_tmpdir_remove(&dir);
    base_arena_destroy(arena);
}

static void numbers_and_columns(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_err err;
    base_csv csv;
    size_t x, n, none;
    double number;
    int64_t integer;
    CHECK_OK(parse("x,n\n1.5e3,7\n,x\n", arena, &csv, &err));
    CHECK_OK(base_csv_column(&csv, "x", &x, &err));
    CHECK_OK(base_csv_column(&csv, "n", &n, &err));
    CHECK_FAILS(base_csv_column(&csv, "y", &none, &err), BASE_INVALID, "t.csv:1: there is no column 'y'");
    CHECK_OK(base_csv_number(&csv, 0, x, &number, &err));
    CHECK_NEAR(number, 1500, 0);
    CHECK_OK(base_csv_number(&csv, 1, x, &number, &err));
    assert_true(isnan(number));
    CHECK_OK(base_csv_integer(&csv, 0, n, &integer, &err));
    assert_int_equal(integer, 7);
    CHECK_FAILS(base_csv_integer(&csv, 1, n, &integer, &err), BASE_INVALID, "t.csv:3:2: n should be an integer");
    CHECK_FAILS(base_csv_number(&csv, 1, n, &number, &err), BASE_INVALID, "but is 'x'");
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(files),           cmocka_unit_test(places),
                                       cmocka_unit_test(sentences),       cmocka_unit_test(from_disk),
                                       cmocka_unit_test(zeros_in_a_file), cmocka_unit_test(numbers_and_columns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

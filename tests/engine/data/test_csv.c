/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/check.h"

#include "base/buf.h"
#include "engine/data/csv.h"
#include "engine/data/registry.h"

static eng_dataset *read_text(const char *text, const eng_dataset_source *source) {
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    const eng_dataset_source nothing = {0};
    CHECK_OK(eng_csv_load("t", check_tmpdir_write(&dir, "t.csv", text), source ? source : &nothing, &set, &err));
    check_tmpdir_remove(&dir);
    return set;
}

static void a_table_with_quotes_blanks_and_crlf(void **state) {
    (void)state;
    static const char text[] =
        "\xEF\xBB\xBF\n\"a, b\" ,c,  kind\r\n 1 , -2.5e1,\"say \"\"x\"\"\"\r\n\r\n   \n\"3\",0x,y\n";
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_write(&dir, "t.csv", text);
    CHECK_FAILS(eng_csv_load("t", path, &(eng_dataset_source){0}, &set, &err), BASE_INVALID,
                "t.csv:6:5: '0x' in column 'c' is not a number");
    check_tmpdir_remove(&dir);
    set = read_text("\n\"a, b\" ,c,  kind\r\n 1 , -2.5e1,\"say \"\"x\"\"\"\r\n\r\n   \n\"3\",7,y", NULL);
    assert_int_equal(set->count, 2);
    assert_int_equal(set->features, 2);
    assert_string_equal(set->feature_names[0], "a, b");
    assert_string_equal(set->feature_names[1], "c");
    assert_string_equal(set->target_name, "kind");
    assert_memory_equal(set->reals, ((float[]){1, -25, 3, 7}), 4 * sizeof(float));
    assert_int_equal(set->classes, 2);
    assert_string_equal(set->class_names[0], "say \"x\"");
    assert_string_equal(set->class_names[1], "y");
    assert_int_equal(set->labels[1], 1);
    eng_dataset_destroy(set);
}

static void the_target_is_chosen_by_name_and_its_kind_by_its_values(void **state) {
    (void)state;
    static const char text[] = "size,rooms,price\n1.5,2,10\n2.5,10,2\n3.5,2,10\n";
    eng_dataset *set = read_text(text, NULL); /* integers, few: classes in numeric, not in text order */
    assert_int_equal(set->target, ENG_TARGET_CLASSES);
    assert_string_equal(set->class_names[0], "2");
    assert_memory_equal(set->labels, ((int32_t[]){1, 0, 1}), 3 * sizeof(int32_t));
    eng_dataset_destroy(set);

    set = read_text(text, &(eng_dataset_source){.target = "size"}); /* fractions: numbers */
    assert_int_equal(set->target, ENG_TARGET_NUMBERS);
    assert_memory_equal(set->targets, ((float[]){1.5f, 2.5f, 3.5f}), 3 * sizeof(float));
    assert_memory_equal(set->reals, ((float[]){2, 10, 10, 2, 2, 10}), 6 * sizeof(float));
    assert_string_equal(set->feature_names[1], "price");
    eng_dataset_destroy(set);

    set = read_text(text, &(eng_dataset_source){.target_is = ENG_TARGET_AS_NUMBERS});
    assert_memory_equal(set->targets, ((float[]){10, 2, 10}), 3 * sizeof(float));
    eng_dataset_destroy(set);

    base_buf many = {0}; /* 101 different integers: numbers */
    base_buf_puts(&many, "x,y\n");
    for (int i = 0; i <= 100; i++) base_buf_printf(&many, "0,%d\n", i);
    set = read_text(many.data, NULL);
    assert_int_equal(set->target, ENG_TARGET_NUMBERS);
    eng_dataset_destroy(set);
    set = read_text(many.data, &(eng_dataset_source){.target_is = ENG_TARGET_AS_CLASSES});
    assert_int_equal(set->classes, 101);
    assert_int_equal(set->labels[100], 100);
    eng_dataset_destroy(set);
    base_buf_fini(&many);
}

static void faults_name_line_column_and_remedy(void **state) {
    (void)state;
    static const struct {
        const char *text, *target;
        eng_target_hint target_is;
        const char *part;
    } faults[] = {
        {"", NULL, 0, "t.csv:1:1: the file is empty"},
        {" \n \n", NULL, 0, "t.csv:1:1: the file is blank"},
        {"a,b\n", NULL, 0, "t.csv:2:1: no line of values follows"},
        {"a\n1\n", NULL, 0, "t.csv:1:1: one column only"},
        {"1,2\n3,4\n", NULL, 0, "t.csv:1:1: '1' is a number where the name of a column belongs"},
        {"a,,b\n1,2,3\n", NULL, 0, "t.csv:1:3: a column without a name"},
        {"a,b,a\n1,2,3\n", NULL, 0, "t.csv:1:5: a second column is called 'a' (the first is at column 1)"},
        {"a,b\n1,2\n3,\n", NULL, 0, "t.csv:3:3: no value in the target's column 'b'"},
        {"a,b\n1,2\n,4\n", NULL, 0, "t.csv:3:1: no value in column 'a'; fill it in"},
        {"a,b\n1,2\nred,4\n", NULL, 0, "t.csv:3:1: 'red' in column 'a' is not a number; features must be numbers"},
        {"a,b\nnan,2\n", NULL, 0, "t.csv:2:1: 'nan' in column 'a' is not a finite"},
        {"a,b\n1e39,2\n", NULL, 0, "t.csv:2:1: '1e39' in column 'a' is not a finite 32-bit number"},
        {"a,b\n1,2,3\n", NULL, 0, "t.csv:2:5: more values than the 2 columns of the header"},
        {"a,b,c\n1,2,3\n1,2\n", NULL, 0, "t.csv:3:3: the line ends after 2 values; the header names 3 columns"},
        {"a,b\n\"1,2\n", NULL, 0, "t.csv:2:1: this quote is not closed on its line"},
        {"a,b\n\"1\" x,2\n", NULL, 0, "t.csv:2:5: a comma or the end of the line must follow"},
        {"a,b\n1,2\r3,4\n", NULL, 0, "t.csv:2:4: byte 0x0d"},
        {"a,b\n1,2\n3,2\n", NULL, 0, "t.csv:2:3: every line has '2'"},
        {"a,b\n1,x\n2,y\n", NULL, ENG_TARGET_AS_NUMBERS, "t.csv:2:3: 'x' in the target's column 'b' is not a finite"},
        {"size,price\n1,2\n2,3\n", "pricee", 0, "t.csv:1:1: there is no column 'pricee'; did you mean 'price'?"},
        {"size,price\n1,2\n2,3\n", "zzzzzzz", 0, "there is no column 'zzzzzzz'; the last of 2 columns is 'price'"},
    };
    base_err err = {0};
    eng_dataset *set;
    check_tmpdir dir = check_tmpdir_create();
    for (size_t i = 0; i < CHECK_COUNT(faults); i++) {
        const eng_dataset_source source = {.target = faults[i].target, .target_is = faults[i].target_is};
        CHECK_FAILS(eng_csv_load("t", check_tmpdir_write(&dir, "t.csv", faults[i].text), &source, &set, &err),
                    BASE_INVALID, faults[i].part);
        assert_null(set);
    }
    CHECK_STATUS(eng_csv_load("t", check_tmpdir_file(&dir, "no"), &(eng_dataset_source){0}, &set, &err), BASE_NOTFOUND);
    CHECK_FAILS(eng_dataset_load("csv", NULL, &set, &err), BASE_INVALID, "data set csv needs a path");
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_with_quotes_blanks_and_crlf),
        cmocka_unit_test(the_target_is_chosen_by_name_and_its_kind_by_its_values),
        cmocka_unit_test(faults_name_line_column_and_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of a trial's folder: which ones go when nobody goes on from a fidelity. */
#include "experiments/objectives/trial_folder.h"

#include "tests/support/check.h"

static const char *const kinds[] = {"search", "retrain", NULL};
static const char *const names[] = {"search-2.ckpt",  "search-2.ckpt.tmp",     "search-2.5.ckpt",  "search-25.ckpt",
                                    "retrain-2.json", "retrain-2.fold-1.ckpt", "retrained-2.json", "research-2.ckpt",
                                    "search2.ckpt",   "genotype.json"};

/* 1 for every name that is still there, in their order. */
static void check_left(const check_tmpdir *dir, const char *want) {
    char left[CHECK_COUNT(names) + 1] = "";
    for (size_t i = 0; i < CHECK_COUNT(names); i++)
        left[i] = access(check_tmpdir_file(dir, names[i]), F_OK) == 0 ? '1' : '0';
    assert_string_equal(left, want);
}

static void only_what_goes_on_from_there_goes(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    for (size_t i = 0; i < CHECK_COUNT(names); i++) check_tmpdir_write(&dir, names[i], "x");
    assert_int_equal(trial_forget(dir.path, kinds, 3), 0);
    check_left(&dir, "1111111111");
    assert_int_equal(trial_forget(dir.path, kinds, 2.5), 1);
    check_left(&dir, "1101111111");
    assert_int_equal(trial_forget(dir.path, kinds, 2), 4);
    check_left(&dir, "0001001111");
    assert_int_equal(trial_forget(dir.path, kinds, INFINITY), 1);
    check_left(&dir, "0000001111");
    check_tmpdir_remove(&dir);
    assert_int_equal(trial_forget(dir.path, kinds, INFINITY), 0); /* nor is there a folder */
}

static void fidelities_have_short_names(void **state) {
    (void)state;
    base_buf text = {0};
    trial_put_fidelity(&text, 27);
    base_buf_putc(&text, ' ');
    trial_put_fidelity(&text, 0.25);
    assert_string_equal(base_buf_text(&text), "27 0.25");
    base_buf_fini(&text);
}

/* What cannot be written is told in the log, and nothing else happens. */
static void a_file_that_cannot_be_written_costs_nothing_else(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    base_buf text = {0}, read = {0};
    base_err err;
    base_buf_puts(&text, "words");
    trial_write(check_tmpdir_file(&dir, "file"), &text);
    trial_write(check_tmpdir_file(&dir, "no/such/folder"), &text);
    CHECK_OK(base_read_file(check_tmpdir_file(&dir, "file"), &read, &err));
    assert_string_equal(base_buf_text(&read), "words");
    base_buf_fini(&text);
    base_buf_fini(&read);
    check_tmpdir_remove(&dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_goes_on_from_there_goes),
        cmocka_unit_test(fidelities_have_short_names),
        cmocka_unit_test(a_file_that_cannot_be_written_costs_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

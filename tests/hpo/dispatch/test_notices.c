/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notices: each kind is said once, however often it is raised, and the summary names the first trials. */
#include "hpo/dispatch/notices.h"

#include "base/log.h"
#include "tests/support/check.h"

static size_t lines_said(FILE *sink) {
    char line[512];
    size_t count = 0;
    rewind(sink);
    while (fgets(line, sizeof line, sink)) count++;
    return count;
}

/* The summary's lines without their breaks. */
static void print_unbroken(const hpo_notices *notices, const char *fidelity, base_buf *out) {
    base_buf lines = {0};
    hpo_notices_print(notices, fidelity, &lines);
    base_buf_clear(out);
    for (const char *c = base_buf_text(&lines); *c; c++) {
        const bool space = *c == '\n' || *c == ' ';
        if (space && out->length > 0 && out->data[out->length - 1] == ' ') continue;
        base_buf_putc(out, space ? ' ' : *c);
    }
    base_buf_fini(&lines);
}

static void each_kind_is_said_once(void **state) {
    (void)state;
    hpo_notices notices = {0};
    FILE *sink = tmpfile();
    assert_non_null(sink);
    base_log_setup(sink, BASE_LOG_INFO, -1);
    for (uint64_t t = 0; t < 10; t++) hpo_notices_raise(&notices, HPO_NOTICE_EARLY_END, t, "trial %d ended", (int)t);
    hpo_notices_raise(&notices, HPO_NOTICE_LATE, 3, "too late");
    hpo_notices_count(&notices, HPO_NOTICE_STEP_NAME, 4); /* an earlier run has said it */
    assert_int_equal(lines_said(sink), 2);
    base_log_setup(NULL, BASE_LOG_INFO, -1);
    fclose(sink);
    base_buf out = {0};
    print_unbroken(&notices, "epochs", &out);
    CHECK_CONTAINS(base_buf_text(&out), "10 evaluations ended before the step asked for");
    CHECK_CONTAINS(base_buf_text(&out), "0, 1, 2, 3, 4, 5, 6, 7, ...)");
    CHECK_CONTAINS(base_buf_text(&out), "1 evaluation had finished before they could be stopped (trial 3): does the");
    CHECK_CONTAINS(base_buf_text(&out), "(trial 4)");
    assert_null(strstr(base_buf_text(&out), "deleted"));
    base_buf_clear(&out);
    hpo_notices_print_json(&notices, &out);
    CHECK_CONTAINS(base_buf_text(&out), "\"late\": {\"count\": 1, \"trials\": [3]}");
    CHECK_CONTAINS(base_buf_text(&out), "\"early_end\": {\"count\": 10, \"trials\": [0, 1, 2, 3, 4, 5, 6, 7]}");
    base_buf_fini(&out);
}

static void what_is_spent_beyond_the_books_is_told(void **state) {
    (void)state;
    hpo_notices notices = {.late_cost = 12.5, .deleted = 3};
    base_buf out = {0};
    hpo_notices_count(&notices, HPO_NOTICE_LATE, 0);
    hpo_notices_count(&notices, HPO_NOTICE_LATE, 1);
    print_unbroken(&notices, "epochs", &out);
    CHECK_CONTAINS(base_buf_text(&out), "12.5 epochs more than they are charged for");
    assert_null(strstr(base_buf_text(&out), "flush"));
    CHECK_CONTAINS(base_buf_text(&out), "3 files of trials that will never go on deleted");
    base_buf_clear(&out);
    hpo_notices_print(&(hpo_notices){0}, NULL, &out);
    assert_int_equal(out.length, 0);
    hpo_notices_print_json(&(hpo_notices){0}, &out);
    assert_string_equal(base_buf_text(&out), "{}");
    base_buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_said_once),
        cmocka_unit_test(what_is_spent_beyond_the_books_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

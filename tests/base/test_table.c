/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables at 80 columns and as HTML. */
#include "base/table.h"

#include "tests/support/check.h"

static void lines(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    static const char *const names[] = {"method", "", "x", "long name"};
    base_table t = base_table_begin(arena, "A title", 2, 4, names);
    const char **row = base_table_row(&t);
    row[0] = "ä", row[1] = "median", row[2] = "1.25", row[3] = "3";
    row = base_table_row(&t);
    row[0] = "ä", row[1] = "mean", row[2] = "10";
    t.note = "a note";
    base_buf out = {0};
    base_table_print(&t, &out);
    assert_string_equal(base_buf_text(&out), "A title\n"
                                             "method             x  long name\n"
                                             "ä       median  1.25          3\n"
                                             "        mean      10\n"
                                             "a note\n\n");
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

static void check_width(const char *text) {
    for (; *text; text += strcspn(text, "\n") + 1) assert_true(strcspn(text, "\n") <= BASE_TABLE_WIDTH);
}

/* Columns beyond the width go on below, long labels are cut. */
static void too_wide(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const char *names[20];
    for (size_t i = 0; i < 20; i++) names[i] = base_arena_printf(arena, "number %zu", i);
    base_table t = base_table_begin(arena, NULL, 2, 20, names);
    const char **row = base_table_row(&t);
    row[0] = "a label that is much longer than anybody can read on one line of a terminal";
    row[1] = "another one of the same kind, no shorter at all than the first one is";
    for (size_t i = 2; i < 20; i++) row[i] = base_arena_printf(arena, "%zu", 1000 + i);
    t.note = "Many words that do not fit on a line of eighty columns, so that they are broken where a line is full, "
             "and nowhere else.";
    base_buf out = {0};
    base_table_print(&t, &out);
    check_width(base_buf_text(&out));
    CHECK_CONTAINS(base_buf_text(&out), "~  another");
    for (size_t i = 2; i < 20; i++) CHECK_CONTAINS(base_buf_text(&out), base_arena_printf(arena, "%zu", 1000 + i));
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

/* Three columns would fit, and the fourth would be alone below. */
static void parted_evenly(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    static const char *const names[] = {"method", "10", "25", "50", "a hundred evaluations"};
    base_table t = base_table_begin(arena, NULL, 1, 5, names);
    const char **row = base_table_row(&t);
    for (size_t i = 0; i < 5; i++) row[i] = i == 0 ? "a" : "0.0209 [0.0178, 0.02]";
    base_buf out = {0};
    base_table_print(&t, &out);
    assert_string_equal(base_buf_text(&out), "method                     10                     25\n"
                                             "a       0.0209 [0.0178, 0.02]  0.0209 [0.0178, 0.02]\n"
                                             "method                     50  a hundred evaluations\n"
                                             "a       0.0209 [0.0178, 0.02]  0.0209 [0.0178, 0.02]\n\n");
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

static void html(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    static const char *const names[] = {"method", "a<b"};
    base_table t = base_table_begin(arena, "T & U", 1, 2, names);
    base_table_row(&t)[0] = "\"x\"";
    base_buf out = {0};
    base_table_html(&t, &out);
    CHECK_CONTAINS(base_buf_text(&out), "<caption>T &amp; U</caption>");
    CHECK_CONTAINS(base_buf_text(&out), "<th>a&lt;b</th>");
    CHECK_CONTAINS(base_buf_text(&out), "<td class=\"label\">&quot;x&quot;</td><td></td>");
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

static void texts(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    assert_string_equal(base_table_number(arena, 0.012345), "0.0123");
    assert_string_equal(base_table_number(arena, NAN), "");
    assert_string_equal(base_table_number(arena, INFINITY), "none");
    assert_string_equal(base_table_fixed(arena, 0.666, 2), "0.67");
    assert_string_equal(base_table_p(arena, 0.04), "0.0400");
    assert_string_equal(base_table_p(arena, 9e-5), "<0.0001");
    assert_string_equal(base_table_cost(arena, 30), "30");
    assert_string_equal(base_table_cost(arena, 10 / 3.0), "3.333");
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines), cmocka_unit_test(too_wide), cmocka_unit_test(parted_evenly),
        cmocka_unit_test(html),  cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

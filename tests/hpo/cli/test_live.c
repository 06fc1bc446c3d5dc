/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The view on a terminal: it fits, it is text alone where nothing else can be shown, and says what is to be seen. */
#include "base/buf.h"
#include "hpo/cli/cli_impl.h"
#include "tests/support/check.h"
#include "tests/support/toy_objective.h"

#define STUDY                                                                                                          \
    "study: toy\nseed: 3\nobjective: {toy: {}}\nmetric: loss\nmethod: hyperband\n"                                     \
    "fidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 200}\n"                                                    \
    "parameters: {x: {min: 0.0, max: 1.0}, n: {min: 1, max: 7}}\n"

/* What is seen of a study after so many records; the number of lines. */
static size_t view_of(uint64_t records, uint32_t reports, size_t workers, cli_terminal terminal, base_buf *out) {
    base_err err;
    hpo_study_spec *spec = toy_spec(STUDY);
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    toy_drive_study(study, &(toy_drive){.workers = workers,
                                        .seed = 1,
                                        .max_records = records,
                                        .reports = reports,
                                        .fail_share = records > 100 ? 0.2 : 0});
    cli_pace *pace = cli_pace_create(spec);
    const hpo_progress now = {.study = study, .elapsed = 123456, .workers = workers, .running = workers};
    const double improvements[] = {3, 2, 1};
    const cli_live what = {.spec = spec, .now = &now, .pace = pace, .improvements = improvements, .n_improvements = 3};
    const size_t lines = cli_put_live(&what, &terminal, out);
    base_buf_puts(out, "");
    cli_pace_destroy(pace);
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
    return lines;
}

/* Cells of the widest line, and the number of lines; what is between ESC and m takes none. */
static size_t widest(const base_buf *text, size_t *lines) {
    size_t width = 0, most = 0;
    *lines = 1;
    for (const char *at = base_buf_text(text); *at; at++) {
        if (*at == '\033') at += strcspn(at, "m");
        if (*at == '\n') {
            *lines += 1;
            width = 0;
        } else if (*at != 'm' && ((unsigned char)*at & 0xc0) != 0x80) {
            width++;
        }
        most = width > most ? width : most;
    }
    return most;
}

static void test_it_fits(void **state) {
    (void)state;
    static const size_t columns[] = {10, 20, 40, 60, 80, 200}, rows[] = {5, 10, 24};
    for (size_t i = 0; i < CHECK_COUNT(columns) * CHECK_COUNT(rows); i++) {
        const cli_terminal terminal = {.live = true,
                                       .utf8 = i % 2,
                                       .colour = i % 3,
                                       .columns = columns[i / CHECK_COUNT(rows)],
                                       .rows = rows[i % CHECK_COUNT(rows)]};
        base_buf text = {0};
        size_t lines;
        const size_t said = view_of(300, 2, 30, terminal, &text), width = widest(&text, &lines);
        assert_true(width < terminal.columns && (terminal.columns > 40 || width == terminal.columns - 1));
        assert_int_equal(lines, said);
        assert_true(lines < terminal.rows);
        base_buf_fini(&text);
    }
}

static void test_plain_terminals_get_plain_text(void **state) {
    (void)state;
    base_buf text = {0};
    view_of(300, 2, 3, (cli_terminal){.live = true, .columns = 100, .rows = 24}, &text);
    for (const char *at = base_buf_text(&text); *at; at++) assert_true(*at == '\n' || (*at >= ' ' && *at < 127));
    base_buf_fini(&text);
}

static void test_what_is_seen(void **state) {
    (void)state;
    const cli_terminal terminal = {.live = true, .utf8 = true, .columns = 100, .rows = 24};
    base_buf before = {0}, after = {0};
    view_of(1, 0, 1, terminal, &before);
    CHECK_CONTAINS(base_buf_text(&before), "no result yet");
    CHECK_CONTAINS(base_buf_text(&before), "  trial 0, rung 0: 0/1 epochs, 0.0s");
    CHECK_CONTAINS(base_buf_text(&before), "1 trials: 1 running, 0 failed");
    assert_null(strstr(base_buf_text(&before), " left")); /* nobody knows how long anything takes */
    view_of(300, 2, 3, terminal, &after);
    CHECK_CONTAINS(base_buf_text(&after), "░] ");
    CHECK_CONTAINS(base_buf_text(&after), ", about ");
    CHECK_CONTAINS(base_buf_text(&after), " left\n");
    CHECK_CONTAINS(base_buf_text(&after), "best loss ");
    CHECK_CONTAINS(base_buf_text(&after), " stopped, ");
    CHECK_CONTAINS(base_buf_text(&after), "3 running, ");
    CHECK_CONTAINS(base_buf_text(&after), "/3 epochs");
    CHECK_CONTAINS(base_buf_text(&after), " a minute; cost ");
    base_buf_fini(&before);
    base_buf_fini(&after);
}

static void check_spark(const double *values, size_t count, size_t room, bool utf8, const char *want) {
    base_buf text = {0};
    cli_put_sparkline(values, count, room, utf8, &text);
    assert_string_equal(base_buf_text(&text), want);
    base_buf_fini(&text);
}

static void test_sparklines(void **state) {
    (void)state;
    static const double values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, holes[] = {1, (double)NAN, 0}, same[] = {2, 2};
    check_spark(values, 9, 20, true, "▁▂▃▄▅▆▇██");
    check_spark(values, 9, 20, false, "_.-=+*#@@");
    check_spark(values, 9, 3, false, "_+@"); /* the last ones, between their own extremes */
    check_spark(holes, 3, 20, false, "@ _");
    check_spark(same, 2, 20, false, "__");
    check_spark(values, 1, 20, true, "");
    check_spark(holes, 2, 20, true, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_fits),
        cmocka_unit_test(test_plain_terminals_get_plain_text),
        cmocka_unit_test(test_what_is_seen),
        cmocka_unit_test(test_sparklines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Series in a chart: their scales, steps, bands and names. */
#include "benchmarks/report/plot.h"

#include "tests/support/check.h"

static base_scale scale_of(const double *y, const double *low, const double *high, size_t n, bool may) {
    const bench_series series = {.y = y, .low = low, .high = high};
    return bench_plot_y_scale(&series, 1, n, may);
}

static void scales(void **state) {
    (void)state;
    const double wide[] = {INFINITY, 40, 1, 0.02, 0}, narrow[] = {5, 4, 3}, negative[] = {10, -1, 0.01};
    const double low[] = {NAN, 20, 0.5, 1e-9, 0}, high[] = {INFINITY, 70, 3, 1, 0};
    base_scale s = scale_of(wide, NULL, NULL, 5, true);
    assert_true(s.logarithmic);
    CHECK_CLOSE(s.low, 0.02, 1e-12); /* 0 lies at the edge */
    CHECK_CLOSE(s.high, 50, 1e-12);
    s = scale_of(wide, low, high, 5, true);
    CHECK_CLOSE(s.low, 0.002, 1e-12); /* a band goes a decade below the lines at most */
    CHECK_CLOSE(s.high, 100, 1e-12);
    assert_false(scale_of(wide, NULL, NULL, 5, false).logarithmic);
    assert_false(scale_of(narrow, NULL, NULL, 3, true).logarithmic);
    assert_false(scale_of(negative, NULL, NULL, 3, true).logarithmic);
}

/* In pixels: the frame is 380 x 230 from (68, 54) on. */
static void steps_and_bands(void **state) {
    (void)state;
    const double x[] = {0, 1, 2, 3, 4}, y[] = {INFINITY, 2, 2, 1, 1}, low[] = {2, 1, 1, 1, 1},
                 high[] = {INFINITY, 9, 9, 1, 1};
    const bench_series series[] = {{.name = "a & b", .colour = 9, .y = y, .low = low, .high = high}};
    const bench_plot plot = {.title = "T",
                             .x_name = "costs",
                             .y_name = "regret",
                             .x = x,
                             .n_points = 5,
                             .n_series = 1,
                             .series = series,
                             .x_scale = base_scale_of(0, 4, 4),
                             .y_scale = base_scale_of(0, 2, 2)};
    base_buf out = {0};
    bench_plot_draw(&plot, &out);
    const char *text = base_buf_text(&out);
    CHECK_CONTAINS(text, "<title>T</title>");
    CHECK_CONTAINS(text, "<polyline class=\"s1 dashed\" points=\"163,54 353,54 353,169 448,169\"/>");
    /* Cut at the upper edge, and nothing where the line is not. */
    CHECK_CONTAINS(text,
                   "<polygon class=\"b1\" points=\"163,54 353,54 353,169 448,169 448,169 353,169 353,169 163,169\"/>");
    CHECK_CONTAINS(text, ">a &amp; b</text>");
    CHECK_CONTAINS(text, ">costs</text>");
    CHECK_CONTAINS(text, ">regret</text>");
    base_buf_fini(&out);
}

static void bands_of_a_crowd(void **state) {
    (void)state;
    const double x[] = {0, 1}, y[] = {1, 1}, low[] = {0, 0}, high[] = {2, 2};
    bench_series series[9];
    for (size_t i = 0; i < 9; i++)
        series[i] = (bench_series){.name = "m", .colour = i, .y = y, .low = low, .high = high};
    bench_plot plot = {.title = "T", .x_name = "", .y_name = "", .x = x, .n_points = 2, .series = series};
    plot.x_scale = base_scale_of(0, 1, 2);
    plot.y_scale = base_scale_of(0, 2, 2);
    for (plot.n_series = 8; plot.n_series <= 9; plot.n_series++) {
        base_buf out = {0};
        size_t bands = 0;
        bench_plot_draw(&plot, &out);
        for (const char *at = base_buf_text(&out); (at = strstr(at, "<polygon")) != NULL; at++) bands++;
        assert_int_equal(bands, plot.n_series == 8 ? 8 : 5);
        base_buf_fini(&out);
    }
}

static void sixteen_lines(void **state) {
    (void)state;
    for (size_t a = 0; a < 16; a++)
        for (size_t b = 0; b < a; b++) assert_string_not_equal(bench_plot_line(a), bench_plot_line(b));
    assert_string_equal(bench_plot_line(17), bench_plot_line(1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales),
        cmocka_unit_test(steps_and_bands),
        cmocka_unit_test(bands_of_a_crowd),
        cmocka_unit_test(sixteen_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

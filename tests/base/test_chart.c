/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scales have round ticks around what they must show; charts put values where they belong. */
#include "tests/support/check.h"

#include <math.h>

#include "base/chart.h"
#include "base/rng.h"

static void check_scale(double a, double b, size_t ticks, double low, double high, double step) {
    const base_scale scale = base_scale_of(a, b, ticks);
    CHECK_NEAR(scale.low, low, 1e-9 * (1 + fabs(low)));
    CHECK_NEAR(scale.high, high, 1e-9 * (1 + fabs(high)));
    CHECK_NEAR(scale.step, step, 1e-9 * step);
}

static void scales_have_round_ticks(void **state) {
    (void)state;
    check_scale(0, 1, 4, 0, 1, .5);
    check_scale(0.13, 0.87, 4, 0, 1, .2);
    check_scale(-3, 17, 5, -5, 20, 5);
    check_scale(1, 50, 10, 0, 50, 5);
    check_scale(17, -3, 5, -5, 20, 5); /* either order */
    check_scale(2e7, 2.1e7, 4, 2e7, 2.1e7, 5e5);
    check_scale(3, 3, 4, 1, 5, 1);
    check_scale(0, 0, 2, -.5, .5, .5);
    check_scale((double)NAN, 1, 2, 0, 1, .5);
}

static void every_scale_covers_what_it_is_of(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (int i = 0; i < 2000; i++) {
        const double unit = pow(10, floor(10 * base_rng_normal(&rng)));
        const double a = unit * base_rng_normal(&rng), b = a + unit * fabs(base_rng_normal(&rng));
        const base_scale scale = base_scale_of(a, b, 1 + (size_t)i % 9);
        assert_true(scale.low <= a + 1e-6 * unit && scale.high >= b - 1e-6 * unit);
        assert_true(scale.high > scale.low && (scale.high - scale.low) / scale.step < 13);
        CHECK_NEAR(scale.low / scale.step, round(scale.low / scale.step), 1e-6 * (1 + fabs(scale.low / scale.step)));
    }
}

static void check_text(base_scale scale, double value, const char *expected) {
    char text[32];
    base_scale_text(&scale, value, text);
    assert_string_equal(text, expected);
}

static void ticks_are_as_exact_as_their_step(void **state) {
    (void)state;
    check_text(base_scale_of(0, 1, 4), .5, "0.5");
    check_text(base_scale_of(0, 100, 4), 50, "50");
    check_text(base_scale_of(.98, .99, 4), .985, "0.985");
    check_text(base_scale_of(-1, 1, 4), -1e-17, "0.0");
    check_text(base_scale_of(0, 4e-7, 4), 2e-7, "2e-07");
    check_text(base_scale_of(2e7, 2.1e7, 4), 2.05e7, "2.05e+07");
}

static void values_are_where_they_belong(void **state) {
    (void)state;
    const base_chart chart = {.left = 50,
                              .top = 10,
                              .width = 200,
                              .height = 100,
                              .x = {.low = 0, .high = 10, .step = 5},
                              .y = {.low = 0, .high = 1, .step = .5}};
    CHECK_NEAR(base_chart_x(&chart, 0), 50, 1e-12);
    CHECK_NEAR(base_chart_x(&chart, 10), 250, 1e-12);
    CHECK_NEAR(base_chart_y(&chart, 0), 110, 1e-12); /* upwards */
    CHECK_NEAR(base_chart_y(&chart, .25), 85, 1e-12);
    base_buf out = {0};
    base_svg svg = base_svg_begin(&out, 300, 130, "a chart");
    const double x[] = {0, 5, 10}, y[] = {0, (double)NAN, 1};
    base_chart_frame(&svg, &chart);
    base_chart_line(&svg, &chart, "s3", x, y, 3);
    base_chart_line(&svg, &chart, "s4", x, y, 1);
    base_chart_mark(&svg, &chart, 5);
    base_svg_end(&svg);
    CHECK_CONTAINS(base_buf_text(&out), "<polyline class=\"s3\" points=\"50,110 250,10\"/>");
    CHECK_CONTAINS(base_buf_text(&out), "<circle class=\"f4\" cx=\"50\" cy=\"110\" r=\"3\"/>");
    CHECK_CONTAINS(base_buf_text(&out), "<line class=\"rule dashed\" x1=\"150\" y1=\"10\" x2=\"150\" y2=\"110\"/>");
    CHECK_CONTAINS(base_buf_text(&out), ">0.5</text>");
    base_buf_fini(&out);
}

static void check_log(double a, double b, size_t ticks, double low, double high, double step) {
    const base_scale scale = base_scale_log(a, b, ticks);
    assert_true(scale.logarithmic);
    CHECK_CLOSE(scale.low, low, 1e-12);
    CHECK_CLOSE(scale.high, high, 1e-12);
    CHECK_NEAR(scale.step, step, 1e-12);
}

static void logarithmic_scales_end_at_1_2_or_5(void **state) {
    (void)state;
    check_log(0.13, 15, 6, .1, 20, 1);
    check_log(15, 0.13, 6, .1, 20, 1);
    check_log(1, 30, 6, 1, 50, 0);
    check_log(3e-9, 700, 6, 2e-9, 1000, 2);
    check_log(.2, .5, 6, .2, .5, 0);
    check_log(.01, 1, 6, .01, 1, 1);
    check_log(1, 1, 6, .1, 10, 1);
    check_log(0, 1, 6, .1, 1, 0);
    check_text(base_scale_log(1e-3, 1, 4), 1e-3, "0.001");
    check_text(base_scale_log(1e-3, 1e3, 4), 100, "100");
    check_text(base_scale_log(1e-9, 1, 4), 1e-8, "1e-08");
    check_text(base_scale_log(1, 9, 4), .5, "0.5");
}

static void logarithms_are_where_they_belong(void **state) {
    (void)state;
    const base_chart chart = {.left = 50,
                              .top = 10,
                              .width = 200,
                              .height = 100,
                              .x = base_scale_log(.1, 10, 4),
                              .y = base_scale_log(.2, 5, 4)};
    CHECK_NEAR(base_chart_x(&chart, .1), 50, 1e-12);
    CHECK_NEAR(base_chart_x(&chart, 1), 150, 1e-12);
    CHECK_NEAR(base_chart_x(&chart, 10), 250, 1e-12);
    CHECK_NEAR(base_chart_y(&chart, 1), 60, 1e-12); /* the middle of 1/5 and 5 */
    CHECK_NEAR(base_chart_y(&chart, 5), 10, 1e-12);
    CHECK_NEAR(base_chart_y(&chart, 0), 110, 1e-12); /* at the edge */
    CHECK_NEAR(base_chart_x(&chart, -1), 50, 1e-12);
    base_buf out = {0};
    base_svg svg = base_svg_begin(&out, 300, 130, "a chart");
    const double x[] = {.1, 1, 10}, low[] = {.2, (double)NAN, 1}, high[] = {1, 1, (double)INFINITY};
    base_chart_frame(&svg, &chart);
    base_chart_band(&svg, &chart, "b2", x, low, high, 3);
    base_svg_end(&svg);
    static const char *const texts[] = {">0.1<", ">1<", ">10<", ">0.2<", ">0.5<", ">2<", ">5<"};
    for (size_t i = 0; i < CHECK_COUNT(texts); i++) CHECK_CONTAINS(base_buf_text(&out), texts[i]);
    CHECK_CONTAINS(base_buf_text(&out), "<polygon class=\"b2\" points=\"50,60 250,10 250,60 50,110\"/>");
    base_buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_have_round_ticks),
        cmocka_unit_test(every_scale_covers_what_it_is_of),
        cmocka_unit_test(ticks_are_as_exact_as_their_step),
        cmocka_unit_test(values_are_where_they_belong),
        cmocka_unit_test(logarithmic_scales_end_at_1_2_or_5),
        cmocka_unit_test(logarithms_are_where_they_belong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

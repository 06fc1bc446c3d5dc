/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures: numbers without dust and without a locale, text that XML can hold, elements that close. */
#include "tests/support/check.h"

#include <locale.h>

#include "base/svg.h"

/* What one call appends. */
#define CHECK_WRITES(call, expected)                                                                                   \
    do {                                                                                                               \
        base_buf_clear(&buf);                                                                                          \
        call;                                                                                                          \
        assert_string_equal(base_buf_text(&buf), expected);                                                            \
    } while (0)

static void elements_are_written(void **state) {
    (void)state;
    base_buf buf = {0};
    base_svg svg = {.out = &buf};
    const double points[] = {0, 1.5, -2.25, 3};
    CHECK_WRITES(base_svg_rect(&svg, "panel", 1, 2, 3, 4, 0),
                 "<rect class=\"panel\" x=\"1\" y=\"2\" width=\"3\" height=\"4\"/>\n");
    CHECK_WRITES(base_svg_rect(&svg, NULL, 1, 2, 3, 4, 6),
                 "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" rx=\"6\"/>\n");
    CHECK_WRITES(base_svg_tint(&svg, "f0", 0, 0, 1, 1, 0.125),
                 "<rect class=\"f0\" x=\"0\" y=\"0\" width=\"1\" height=\"1\" fill-opacity=\"0.13\"/>\n");
    CHECK_WRITES(base_svg_circle(&svg, "s1", 1, 2, 3), "<circle class=\"s1\" cx=\"1\" cy=\"2\" r=\"3\"/>\n");
    CHECK_WRITES(base_svg_line(&svg, "rule", 1, 2, 3, 4),
                 "<line class=\"rule\" x1=\"1\" y1=\"2\" x2=\"3\" y2=\"4\"/>\n");
    CHECK_WRITES(base_svg_polyline(&svg, "s0", points, 2), "<polyline class=\"s0\" points=\"0,1.5 -2.25,3\"/>\n");
    CHECK_WRITES(base_svg_polygon(&svg, "ink", points, 2), "<polygon class=\"ink\" points=\"0,1.5 -2.25,3\"/>\n");
    CHECK_WRITES(base_svg_path(&svg, "s0", 1, 2); base_svg_path_line(&svg, 3, 4);
                 base_svg_path_curve(&svg, 1, 2, 3, 4, 5, 6);
                 base_svg_path_end(&svg), "<path class=\"s0\" d=\"M1 2L3 4C1 2 3 4 5 6\"/>\n");
    CHECK_WRITES(base_svg_text(&svg, "ink", 1, 2, BASE_SVG_MIDDLE, "a"),
                 "<text class=\"ink\" x=\"1\" y=\"2\" text-anchor=\"middle\">a</text>\n");
    CHECK_WRITES(base_svg_text(&svg, NULL, 1, 2, BASE_SVG_END, "a"),
                 "<text x=\"1\" y=\"2\" text-anchor=\"end\">a</text>\n");
    CHECK_WRITES(base_svg_group(&svg, NULL, 1, 2), "<g transform=\"translate(1 2)\">\n");
    CHECK_WRITES(base_svg_group_end(&svg), "</g>\n");
    base_buf_fini(&buf);
}

static void numbers_have_two_decimals(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.0, "0"},           {-0.0, "0"},      {-0.004, "0"},    {0.005, "0.01"},
                 {1.999, "2"},         {-1.25, "-1.25"}, {1e-9, "0"},      {0.1 + 0.2, "0.3"},
                 {123456.0, "123456"}, {-0.5, "-0.5"},   {10.05, "10.05"}, {0.07, "0.07"}};
    base_buf buf = {0}, want = {0};
    base_svg svg = {.out = &buf};
    /* A locale with a decimal comma, where there is one. */
    const bool comma = setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf_clear(&buf);
        base_buf_clear(&want);
        base_buf_printf(&want, "<circle cx=\"%s\" cy=\"0\" r=\"1\"/>\n", cases[i].text);
        base_svg_circle(&svg, NULL, cases[i].value, 0, 1);
        assert_string_equal(base_buf_text(&buf), base_buf_text(&want));
    }
    if (comma) setlocale(LC_ALL, "C");
    base_buf_fini(&buf);
    base_buf_fini(&want);
}

static void text_is_escaped(void **state) {
    (void)state;
    static const struct {
        const char *text, *written;
    } cases[] = {{"a<b & \"c\">", "a&lt;b &amp; &quot;c&quot;&gt;"},
                 {"\x01\x1f\x7f", "??\x7f"},
                 {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
                 {"\xc3", "?"},
                 {"\xc0\x80", "??"},
                 {"\xe0\x80\x80", "???"},
                 {"\xed\xa0\x80", "???"},
                 {"\xef\xbf\xbf", "???"},
                 {"\xf4\x90\x80\x80", "????"},
                 {"\xf5", "?"},
                 {"\xe2\x82", "??"},
                 {"", ""}};
    base_buf buf = {0}, want = {0};
    base_svg svg = {.out = &buf};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf_clear(&buf);
        base_buf_clear(&want);
        base_buf_printf(&want, "<text x=\"0\" y=\"0\">%s</text>\n", cases[i].written);
        base_svg_text(&svg, NULL, 0, 0, BASE_SVG_START, cases[i].text);
        assert_string_equal(base_buf_text(&buf), base_buf_text(&want));
    }
    base_buf_fini(&buf);
    base_buf_fini(&want);
}

/* A picture says how large it is, has a background, a style for either, and ends. */
static void a_picture_is_whole(void **state) {
    (void)state;
    base_buf buf = {0};
    base_svg svg = base_svg_begin(&buf, 100, 50.5, "a < b");
    base_svg_end(&svg);
    const char *text = base_buf_text(&buf);
    CHECK_CONTAINS(text, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"50.5\" viewBox=\"0 0 100 "
                         "50.5\">\n<title>a &lt; b</title>\n<style>\n");
    CHECK_CONTAINS(text, "@media(prefers-color-scheme:dark){");
    CHECK_CONTAINS(text, "<rect class=\"paper\" x=\"0\" y=\"0\" width=\"100\" height=\"50.5\"/>\n</svg>\n");
    for (int i = 0; i < BASE_SVG_SERIES; i++) {
        char name[16];
        snprintf(name, sizeof name, ".s%d{", i);
        const char *light = strstr(text, name);
        assert_non_null(light);
        assert_non_null(strstr(light + 1, name)); /* and for dark */
    }
    base_buf_fini(&buf);
}

static void widths_are_rather_more(void **state) {
    (void)state;
    /* Of Helvetica at 12 pixels: 64.0 and 35.4. */
    assert_in_range((size_t)base_svg_text_width("sep_conv_3x3", false), 68, 90);
    assert_in_range((size_t)base_svg_text_width("normal", false), 36, 50);
    CHECK_NEAR(base_svg_text_width("\xc3\xa4", false), base_svg_text_width("a", false), 0.0);
    CHECK_CLOSE(base_svg_text_width("abc", true) * 1.2, base_svg_text_width("abc", false), 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_written),   cmocka_unit_test(numbers_have_two_decimals),
        cmocka_unit_test(text_is_escaped),        cmocka_unit_test(a_picture_is_whole),
        cmocka_unit_test(widths_are_rather_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

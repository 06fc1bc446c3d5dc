/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as text and back, against glibc's printf and strtod, which are exact. */
#include "tests/support/check.h"

#include <locale.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"

static void integers_are_decimal(void **state) {
    (void)state;
    static const int64_t values[] = {0, 1, -1, 9, 10, -10, 99, 100, 1234567890123, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    base_buf buf = {0};
    for (size_t i = 0; i < CHECK_COUNT(values); i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
        base_buf_clear(&buf);
        base_buf_put_i64(&buf, values[i]);
        assert_string_equal(buf.data, expected);
        int64_t back = 77;
        assert_true(base_parse_i64(buf.data, &back));
        assert_true(back == values[i]);
    }
    base_buf_clear(&buf);
    base_buf_put_u64(&buf, UINT64_MAX);
    assert_string_equal(buf.data, "18446744073709551615");
    base_buf_fini(&buf);
}

static void integers_are_read_strictly(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999",
                                      "18446744073709551616"};
    int64_t value = 77;
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        if (base_parse_i64(bad[i], &value)) fail_msg("'%s' was read as an integer", bad[i]);
    }
    assert_true(value == 77);
    assert_true(base_parse_i64("+0012", &value) && value == 12);
    assert_true(base_parse_i64("-0", &value) && value == 0);
}

/* What base/buf.h promises, said in the slow way. Whole numbers below 2^53 are never written with an exponent. */
static void expected_text(double value, char *out, size_t size) {
    if (!isfinite(value)) {
        snprintf(out, size, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    if (value == floor(value) && fabs(value) < 0x1p53) {
        snprintf(out, size, "%.1f", value);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(out, size, "%.*g", precision, value);
        if (strtod(out, NULL) == value) break;
    }
    if (!strpbrk(out, ".e")) strcat(out, ".0");
}

static void check_written(base_buf *buf, double value) {
    char expected[64];
    expected_text(value, expected, sizeof expected);
    base_buf_clear(buf);
    base_buf_put_double(buf, value);
    if (strcmp(buf->data, expected) != 0) fail_msg("%a: got %s, expected %s", value, buf->data, expected);
    double back = 0;
    if (!base_parse_double(buf->data, &back)) fail_msg("%s was not read", buf->data);
    if (isnan(value)) {
        assert_true(isnan(back));
    } else {
        CHECK_SAME_DOUBLE(back, value);
    }
}

static double of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void json_has_no_number_beyond_the_finite(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.5, "0.5"}, {-3, "-3.0"}, {INFINITY, "null"}, {-INFINITY, "null"}, {NAN, "null"}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf buf = {0};
        base_buf_put_json_number(&buf, cases[i].value);
        assert_string_equal(base_buf_text(&buf), cases[i].text);
        base_buf_fini(&buf);
    }
}

static void special_doubles(void **state) {
    (void)state;
    static const double values[] = {0.0,
                                    -0.0,
                                    1,
                                    -1,
                                    0.1,
                                    0.5,
                                    0.25,
                                    1e-4,
                                    9.9999e-5,
                                    1e-5,
                                    1e15,
                                    1e16,
                                    0x1p53,
                                    0x1p52,
                                    1e17,
                                    1e22,
                                    1e23,
                                    1e100,
                                    1e300,
                                    1e-300,
                                    5e-324,
                                    0.3,
                                    2.0 / 3,
                                    1.0 / 3,
                                    123.456,
                                    1e-33,
                                    1e-34,
                                    NAN,
                                    INFINITY,
                                    -INFINITY,
                                    0x1.fffffffffffffp1023,
                                    0x1p-1022,
                                    3.14159265358979323};
    base_buf buf = {0};
    for (size_t i = 0; i < CHECK_COUNT(values); i++) check_written(&buf, values[i]);
    /* Powers of two, where the gap below is half of the gap above, powers of ten, and their neighbours. */
    for (int e = -1074; e <= 1023; e++) {
        double power = ldexp(1, e);
        check_written(&buf, power);
        check_written(&buf, nextafter(power, 0));
        check_written(&buf, nextafter(power, INFINITY));
    }
    for (int e = -320; e <= 308; e++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        double power = strtod(text, NULL);
        check_written(&buf, power);
        check_written(&buf, nextafter(power, 0));
        check_written(&buf, nextafter(power, INFINITY));
    }
    base_buf_fini(&buf);
}

static void known_texts(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{1, "1.0"},
                 {-0.0, "-0.0"},
                 {0.1, "0.1"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1e-5, "1e-05"},
                 {1.5e-7, "1.5e-07"},
                 {100, "100.0"},
                 {1e20, "1e+20"},
                 {-2.5e-10, "-2.5e-10"},
                 {0x1p53, "9007199254740992.0"},
                 {0.0001, "0.0001"},
                 {12345.678, "12345.678"}};
    base_buf buf = {0};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf_clear(&buf);
        base_buf_put_double(&buf, cases[i].value);
        assert_string_equal(buf.data, cases[i].text);
    }
    base_buf_fini(&buf);
}

static void random_bits_are_written_as_printf_does(void **state) {
    (void)state;
    base_buf buf = {0};
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 1, 0);
    for (size_t i = 0; i < 50000; i++) check_written(&buf, of_bits(base_rng_u64(&rng)));
    base_buf_fini(&buf);
}

static void random_results_are_written_as_printf_does(void **state) {
    (void)state;
    base_buf buf = {0};
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 2, 0);
    for (size_t i = 0; i < 100000; i++) {
        check_written(&buf, pow(10, 52 * base_rng_uniform(&rng) - 35)); /* the exact path and its edges */
        check_written(&buf, round(1e4 * base_rng_normal(&rng)) / 1e3);  /* few decimals */
        check_written(&buf, (double)base_rng_uniformf(&rng));           /* 24 bits: ties happen */
    }
    base_buf_fini(&buf);
}

static void a_million_random_doubles_read_back(void **state) {
    (void)state;
    base_buf buf = {0};
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 3, 0);
    for (size_t i = 0; i < 1000000; i++) {
        /* Every sign and mantissa, exponents -80 to 80. */
        uint64_t bits = base_rng_u64(&rng);
        double value = of_bits((bits & ~(UINT64_C(0x7FF) << 52)) | (1023 - 80 + base_rng_below(&rng, 161)) << 52), back;
        base_buf_clear(&buf);
        base_buf_put_double(&buf, value);
        if (!base_parse_double(buf.data, &back) || back != value) fail_msg("%a became %s", value, buf.data);
    }
    base_buf_fini(&buf);
}

static void decimals_are_rounded_as_strtod_does(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 4, 0);
    char text[96];
    for (size_t i = 0; i < 200000; i++) {
        uint64_t digits = base_rng_u64(&rng) >> base_rng_below(&rng, 64);
        uint64_t more = base_rng_below(&rng, 4) == 0 ? base_rng_u64(&rng) : 0;
        int exponent = (int)base_rng_below(&rng, 81) - 40;
        snprintf(text, sizeof text, more ? "-0.0%llu%llue%d" : "%llu.%llue%d", (unsigned long long)digits,
                 (unsigned long long)more, exponent);
        double value = 0;
        if (!base_parse_double(text, &value)) fail_msg("%s was not read", text);
        double expected = strtod(text, NULL);
        if (value != expected) fail_msg("%s: got %a, expected %a", text, value, expected);
    }
}

/* Halfway between two doubles and one unit beside it: what a reader that rounds twice gets wrong. */
static void halfway_decimals_are_rounded_to_even(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 5, 0);
    char text[64];
    for (size_t i = 0; i < 50000; i++) {
        uint64_t m = (uint64_t)1 << 53 | base_rng_u64(&rng) >> 11; /* 54 bits: odd ones are ties */
        int places = (int)base_rng_below(&rng, 4);
        uint64_t scaled = m | 1;
        for (int k = 0; k < places; k++) scaled *= 5; /* m / 2^places = m 5^places / 10^places */
        for (int beside = -1; beside <= 1; beside++) {
            snprintf(text, sizeof text, "%llue-%d", (unsigned long long)scaled + (unsigned long long)beside, places);
            double value = 0;
            assert_true(base_parse_double(text, &value));
            if (value != strtod(text, NULL)) fail_msg("%s: got %a, expected %a", text, value, strtod(text, NULL));
        }
    }
}

/* The 19 digits next to a point halfway between two doubles: only the remainder of a division tells the side. */
static void decimals_beside_halfway_are_rounded_by_the_remainder(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 7, 0);
    char text[64];
    for (size_t i = 0; i < 100000; i++) {
        uint64_t odd = (uint64_t)1 << 53 | base_rng_u64(&rng) >> 11 | 1;
        int e = -(int)base_rng_below(&rng, 70) - 24;
        snprintf(text, sizeof text, "%.18Le", ldexpl((long double)odd, e));
        double value = 0;
        assert_true(base_parse_double(text, &value));
        if (value != strtod(text, NULL)) fail_msg("%s: got %a, expected %a", text, value, strtod(text, NULL));
    }
}

static void doubles_are_read_strictly(void **state) {
    (void)state;
    static const char *const bad[] = {"",    "-",     ".",     "e5",  "1e",    "1e+",    " 1",
                                      "1 ",  "1.2.3", "0x1p3", "1,5", "1_0",   "nanx",   "in",
                                      "--1", "1e5.0", "1f",    "+-1", "1e999", "-1e309", ".e1"};
    double value = 77;
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        if (base_parse_double(bad[i], &value)) fail_msg("'%s' was read as %g", bad[i], value);
    }
    CHECK_SAME_DOUBLE(value, 77);
    static const struct {
        const char *text;
        double value;
    } good[] = {{"1", 1},
                {"+1.", 1},
                {".5", 0.5},
                {"-0", -0.0},
                {"0e999999999999", 0},
                {"1E5", 1e5},
                {"1e-05", 1e-5},
                {"1e-999", 0},
                {"5e-324", 5e-324},
                {"0.000000000000000000000000000000000001", 1e-36},
                {"100000000000000000000000000000000000000000", 1e41},
                {"9007199254740993", 9007199254740992},
                {"9007199254740993.00000000000000000000000000001", 9007199254740994},
                {"1.7976931348623157e308", 1.7976931348623157e308},
                {"-INF", -INFINITY},
                {"Infinity", INFINITY}};
    for (size_t i = 0; i < CHECK_COUNT(good); i++) {
        if (!base_parse_double(good[i].text, &value)) fail_msg("'%s' was not read", good[i].text);
        CHECK_SAME_DOUBLE(value, good[i].value);
    }
    assert_true(base_parse_double("NaN", &value) && isnan(value));
}

/* An exponent cannot be saved by zeros that a clamped counter forgot: "0.00...01e100000" against "...e1000000". */
static void absurd_exponents_are_not_clamped_into_range(void **state) {
    (void)state;
    base_buf text = {0};
    double value = 0;
    base_buf_puts(&text, "0.");
    for (size_t i = 0; i < 99999; i++) base_buf_putc(&text, '0');
    size_t length = text.length;
    base_buf_puts(&text, "1e100000");
    assert_true(base_parse_double(text.data, &value));
    CHECK_SAME_DOUBLE(value, 1);
    text.length = length;
    base_buf_puts(&text, "1e1000000");
    assert_false(base_parse_double(text.data, &value));
    base_buf_fini(&text);
}

/* A locale with a decimal comma: an installed one, else one made here; skipped where localedef has no sources. */
static void the_locale_changes_nothing(void **state) {
    (void)state;
    check_tmpdir dir = check_tmpdir_create();
    const char *found = setlocale(LC_NUMERIC, "de_DE.UTF-8");
    if (!found) {
        char command[600];
        snprintf(command, sizeof command, "localedef -i de_DE -f ISO-8859-1 '%s/de_DE' >/dev/null 2>&1", dir.path);
        bool made = system(command) == 0 && setenv("LOCPATH", dir.path, 1) == 0;
        found = made ? setlocale(LC_NUMERIC, "de_DE") : NULL;
    }
    check_tmpdir_remove(&dir);
    if (!found) skip();
    assert_string_equal(localeconv()->decimal_point, ",");
    base_buf buf = {0};
    double value = 0;
    base_buf_put_double(&buf, 1.5e-200); /* by printf */
    base_buf_putc(&buf, ' ');
    base_buf_put_double(&buf, 1.5);
    assert_string_equal(buf.data, "1.5e-200 1.5");
    assert_true(base_parse_double("1.5e-200", &value)); /* by strtod */
    CHECK_SAME_DOUBLE(value, 1.5e-200);
    assert_false(base_parse_double("1,5", &value));
    setlocale(LC_NUMERIC, "C");
    unsetenv("LOCPATH");
    base_buf_fini(&buf);
}

/* A journal of 100,000 trials holds about a million doubles. The bound is loose: machines and sanitizers differ. */
static void a_million_doubles_take_little_time(void **state) {
    (void)state;
    enum { COUNT = 1000000 };
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 6, 0);
    base_buf buf = {0};
    double start = base_monotonic(), sum = 0, value;
    for (size_t i = 0; i < COUNT; i++) base_rng_uniform(&rng);
    double drawn = base_monotonic();
    for (size_t i = 0; i < COUNT; i++) {
        base_buf_put_double(&buf, base_rng_uniform(&rng));
        base_buf_putc(&buf, '\0');
    }
    double written = base_monotonic();
    for (const char *at = buf.data; at < buf.data + buf.length; at += strlen(at) + 1) {
        sum += base_parse_double(at, &value) ? value : NAN;
    }
    double read = base_monotonic();
    print_message("           17 digits: %.0f ns to write, %.0f ns to read\n",
                  1e9 * (written - drawn - (drawn - start)) / COUNT, 1e9 * (read - written) / COUNT);
    CHECK_NEAR(sum / COUNT, 0.5, 0.01);
    assert_true(read - start < 3);
    base_buf_fini(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_decimal),
        cmocka_unit_test(integers_are_read_strictly),
        cmocka_unit_test(known_texts),
        cmocka_unit_test(special_doubles),
        cmocka_unit_test(json_has_no_number_beyond_the_finite),
        cmocka_unit_test(random_bits_are_written_as_printf_does),
        cmocka_unit_test(random_results_are_written_as_printf_does),
        cmocka_unit_test(a_million_random_doubles_read_back),
        cmocka_unit_test(decimals_are_rounded_as_strtod_does),
        cmocka_unit_test(halfway_decimals_are_rounded_to_even),
        cmocka_unit_test(decimals_beside_halfway_are_rounded_by_the_remainder),
        cmocka_unit_test(doubles_are_read_strictly),
        cmocka_unit_test(absurd_exponents_are_not_clamped_into_range),
        cmocka_unit_test(the_locale_changes_nothing),
        cmocka_unit_test(a_million_doubles_take_little_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

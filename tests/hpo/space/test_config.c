/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points: frequencies of draws, the unit cube, the grid, equality, what a check refuses. */
#include <gsl/gsl_cdf.h>

#include "tests/hpo/space/space_text.h"

enum { MOST = 256 };

/* Counts of the first parameter's levels over many draws, against expected shares. */
static void check_frequencies(const char *param, const double *values, const double *shares, size_t count,
                              uint32_t stream) {
    enum { DRAWS = 200000 };
    char text[512];
    snprintf(text, sizeof text, "parameters: {x: %s}", param);
    space_text in = space_text_read(text);
    base_rng rng = base_rng_stream(11, BASE_RNG_TEST, stream, 0);
    base_err err = {0};
    size_t drawn[MOST] = {0};
    for (int i = 0; i < DRAWS; i++) {
        double x;
        CHECK_OK(hpo_space_sample(in.space, &rng, &x, &err));
        size_t k = 0;
        while (k < count && values[k] != x) k++;
        if (k == count) print_error("%s: %.17g is none of its values\n", param, x);
        assert_true(k < count);
        drawn[k]++;
    }
    double chi_square = 0;
    size_t bins = 0;
    for (size_t k = 0; k < count; k++) {
        double expected = shares[k] * DRAWS;
        if (expected == 0) assert_int_equal(drawn[k], 0);
        if (expected == 0) continue;
        chi_square += ((double)drawn[k] - expected) * ((double)drawn[k] - expected) / expected;
        bins++;
    }
    double p = gsl_cdf_chisq_Q(chi_square, (double)bins - 1);
    if (!(p > 1e-3)) print_error("%s: chi-square %g, p %g\n", param, chi_square, p);
    assert_true(p > 1e-3);
    space_text_fini(&in);
}

static void test_frequencies(void **state) {
    (void)state;
    double values[MOST], shares[MOST];
    for (int k = 0; k < 10; k++) values[k] = 1 + k, shares[k] = 0.1;
    check_frequencies("{min: 1, max: 10}", values, shares, 10, 1); /* the ends have the mass of the others */
    for (int k = 0; k < 3; k++) values[k] = -5 + 4 * k, shares[k] = 1.0 / 3;
    check_frequencies("{min: -5, max: 5, step: 4}", values, shares, 3, 2);
    const double tenths[] = {0, 0.1, 0.2, 0.3, 0.4, 0.5};
    for (int k = 0; k < 6; k++) shares[k] = 1.0 / 6;
    check_frequencies("{min: 0.0, max: 0.5, step: 0.1}", tenths, shares, 6, 3);
    for (int k = 0; k < 64; k++) values[k] = 1 + k, shares[k] = log((k + 1.5) / (k + 0.5)) / log(64.5 / 0.5);
    check_frequencies("{min: 1, max: 64, log: true}", values, shares, 64, 4);
    for (int k = 0; k < 7; k++) values[k] = k, shares[k] = 1.0 / 7;
    check_frequencies("{values: [a, b, c, d, e, f, g]}", values, shares, 7, 5);
    check_frequencies("{values: [1, 2, 3, 4, 5, 6, 7], ordered: true}", values, shares, 7, 6);
    check_frequencies("{values: [a, b, c, d], probabilities: [0.4, 0.1, 0, 0.5]}", values, (double[]){0.4, 0.1, 0, 0.5},
                      4, 7);
    check_frequencies("{values: [a, b, c], probabilities: [0.7, 0.3, 0]}", values, (double[]){0.7, 0.3, 0}, 3, 8);
    check_frequencies("{values: [a, b, c], prior: a, confidence: high}", values, (double[]){1 / 3.0, 1 / 3.0, 1 / 3.0},
                      3, 9); /* a belief is not the base measure */
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Draws of a scaled continuum are uniform on the scale: Kolmogorov-Smirnov. */
static void test_scales_are_uniform(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    space_text in = space_text_read("parameters:\n"
                                    "  linear: {min: -3.0, max: 5.0}\n"
                                    "  log: {min: 1e-6, max: 10.0, log: true}\n"
                                    "  logit: {min: 0.01, max: 0.999, logit: true}\n");
    static double scaled[3][DRAWS];
    base_rng rng = base_rng_stream(12, BASE_RNG_TEST, 0, 0);
    base_err err = {0};
    for (int i = 0; i < DRAWS; i++) {
        double x[3];
        CHECK_OK(hpo_space_sample(in.space, &rng, x, &err));
        CHECK_OK(hpo_space_check(in.space, x, &err));
        scaled[0][i] = (x[0] + 3) / 8;
        scaled[1][i] = (log10(x[1]) + 6) / 7;
        scaled[2][i] = (log(x[2] / (1 - x[2])) - log(0.01 / 0.99)) / (log(0.999 / 0.001) - log(0.01 / 0.99));
    }
    for (int d = 0; d < 3; d++) {
        qsort(scaled[d], DRAWS, sizeof scaled[d][0], by_value);
        double distance = 0;
        for (int i = 0; i < DRAWS; i++) {
            distance = fmax(distance, fabs(scaled[d][i] - (double)i / DRAWS));
            distance = fmax(distance, fabs(scaled[d][i] - (double)(i + 1) / DRAWS));
        }
        assert_true(distance * sqrt(DRAWS) < 1.95); /* p = 0.001 */
    }
    space_text_fini(&in);
}

static void test_forbidden_points_are_drawn_again(void **state) {
    (void)state;
    space_text in = space_text_read("parameters: {a: {min: 1, max: 10}, b: {min: 1, max: 10}}\n"
                                    "forbid: [{a: {gt: {parameter: b}}}]\n");
    base_rng rng = base_rng_stream(13, BASE_RNG_TEST, 0, 0);
    base_err err = {0};
    size_t drawn[11][11] = {{0}};
    for (int i = 0; i < 55000; i++) {
        double x[2];
        CHECK_OK(hpo_space_sample(in.space, &rng, x, &err));
        drawn[(int)x[0]][(int)x[1]]++;
    }
    double chi_square = 0; /* uniform over the 55 allowed ones */
    for (int a = 1; a <= 10; a++) {
        for (int b = 1; b <= 10; b++) {
            if (a > b)
                assert_int_equal(drawn[a][b], 0);
            else
                chi_square += ((double)drawn[a][b] - 1000) * ((double)drawn[a][b] - 1000) / 1000;
        }
    }
    assert_true(gsl_cdf_chisq_Q(chi_square, 54) > 1e-3);
    space_text_fini(&in);
}

static void test_streams(void **state) {
    (void)state;
    space_text in = space_text_read("parameters: {a: {min: 0.0, max: 1.0}, k: {value: 3}, b: {min: 1, max: 1000000}}");
    base_err err = {0};
    double x[3], y[3], z[3];
    base_rng one = base_rng_stream(1, BASE_RNG_SAMPLER, 5, 0), same = one,
             other = base_rng_stream(1, BASE_RNG_SAMPLER, 6, 0);
    CHECK_OK(hpo_space_sample(in.space, &one, x, &err));
    CHECK_OK(hpo_space_sample(in.space, &same, y, &err));
    CHECK_OK(hpo_space_sample(in.space, &other, z, &err));
    assert_true(hpo_space_equal(in.space, x, y));
    assert_false(hpo_space_equal(in.space, x, z));
    space_text_fini(&in);
}

/* ---- the unit cube ---- */

static void test_unit_coordinates(void **state) {
    (void)state;
    space_text in = space_text_read("parameters:\n"
                                    "  f: {min: 2.0, max: 4.0}\n"
                                    "  g: {min: 1e-4, max: 1.0, log: true}\n"
                                    "  h: {min: 0.1, max: 0.9, logit: true}\n"
                                    "  i: {min: 1, max: 4}\n"
                                    "  j: {min: 1, max: 7, log: true}\n"
                                    "  k: {value: x}\n"
                                    "  c: {values: [a, b, c, d, e]}\n");
    const double config[] = {2.5, 1e-3, 0.5, 2, 3, 0, 4};
    double unit[6], back[7];
    hpo_space_to_unit(in.space, config, unit);
    const double wanted[] = {0.25, 0.25, 0.5, 1.5 / 4, log(3 / 0.5) / log(7.5 / 0.5), 0.9};
    CHECK_ARRAY_NEAR(unit, wanted, 6, 1e-14);
    hpo_space_from_unit(in.space, unit, back);
    CHECK_ARRAY_NEAR(back, config, 7, 1e-14);
    /* ends, and what lies beyond them, are the bounds exactly; an unknown coordinate is the middle */
    hpo_space_from_unit(in.space, (double[]){0, 0, 0, 0, 0, 0}, back);
    assert_true(hpo_space_equal(in.space, back, (double[]){2, 1e-4, 0.1, 1, 1, 0, 0}));
    hpo_space_from_unit(in.space, (double[]){1, 1, 1, 1, 1, 1}, back);
    assert_true(hpo_space_equal(in.space, back, (double[]){4, 1, 0.9, 4, 7, 0, 4}));
    hpo_space_from_unit(in.space, (double[]){-1, 7, -0.5, 3, -2, 9}, back);
    assert_true(hpo_space_equal(in.space, back, (double[]){2, 1, 0.1, 4, 1, 0, 4}));
    double n = (double)NAN;
    hpo_space_from_unit(in.space, (double[]){n, n, n, n, n, n}, back);
    CHECK_ARRAY_NEAR(back, ((double[]){3, 1e-2, 0.5, 3, 2, 0, 2}), 7, 1e-14);
    space_text_fini(&in);
}

/* Bins of equal width, closed below: the first coordinate that decodes to level k is k/n. */
static void test_bins(void **state) {
    (void)state;
    space_text in = space_text_read("parameters: {i: {min: 0, max: 7}, c: {values: [a, b, c, d, e, f, g, h]}}");
    for (int k = 0; k < 8; k++) {
        double x[2], first = k / 8.0, last = nextafter((k + 1) / 8.0, 0);
        hpo_space_from_unit(in.space, (double[]){first, first}, x);
        assert_true(x[0] == k && x[1] == k);
        hpo_space_from_unit(in.space, (double[]){last, last}, x);
        assert_true(x[0] == k && x[1] == k);
    }
    space_text_fini(&in);
}

static void test_large_integers_come_back(void **state) {
    (void)state;
    space_text in = space_text_read("parameters: {a: {min: 0, max: 9007199254740992}, "
                                    "b: {min: 1, max: 1000000000000, log: true}, c: {min: -1000000, max: 1000000}}");
    base_rng rng = base_rng_stream(14, BASE_RNG_TEST, 0, 0);
    for (int i = 0; i < 20000; i++) {
        double config[3], unit[3], back[3];
        base_err err = {0};
        CHECK_OK(hpo_space_sample(in.space, &rng, config, &err));
        CHECK_OK(hpo_space_check(in.space, config, &err));
        hpo_space_to_unit(in.space, config, unit);
        hpo_space_from_unit(in.space, unit, back);
        CHECK_CLOSE(back[0], config[0], 1e-15); /* a coordinate has 53 bits, as many as the range */
        assert_true(back[1] == config[1] && back[2] == config[2]);
    }
    space_text_fini(&in);
}

/* ---- the grid ---- */

static void test_cardinality(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double cardinality, grid5;
    } cases[] = {
        {"{a: {min: 1, max: 4}, b: {values: [x, y, z]}}", 12, 12},
        {"{a: {min: 0.0, max: 0.5, step: 0.1}, k: {value: 1}}", 6, 6},
        {"{a: {min: 0.0, max: 0.5}, b: {values: [x, y]}}", (double)INFINITY, 10},
        {"{a: {min: 1.0, max: 2.0, log: true}, b: {min: 0.1, max: 0.2}, c: {min: 1, max: 10, step: 3}}",
         (double)INFINITY, 100},
        {"{k: {value: 1}}", 1, 1},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        char text[512];
        snprintf(text, sizeof text, "parameters: %s", cases[i].text);
        space_text in = space_text_read(text);
        CHECK_SAME_DOUBLE(hpo_space_cardinality(in.space), cases[i].cardinality);
        CHECK_SAME_DOUBLE(hpo_space_grid_size(in.space, 5), cases[i].grid5);
        space_text_fini(&in);
    }
}

static void test_grid(void **state) {
    (void)state;
    space_text in = space_text_read("parameters:\n"
                                    "  g: {min: 1e-4, max: 1.0, log: true}\n"
                                    "  k: {value: 9}\n"
                                    "  i: {min: 3, max: 5}\n"
                                    "  c: {values: [a, b]}\n");
    assert_true(hpo_space_grid_size(in.space, 5) == 30);
    uint64_t index = 0;
    for (int g = 0; g < 5; g++) {
        for (int i = 3; i <= 5; i++) {
            for (int c = 0; c < 2; c++) { /* the last parameter runs fastest */
                double x[4];
                base_err err = {0};
                hpo_space_grid_point(in.space, 5, index++, x);
                CHECK_CLOSE(x[0], pow(10, g - 4), 1e-13);
                assert_true(x[1] == 0 && x[2] == i && x[3] == c);
                if (g == 0 || g == 4) CHECK_SAME_DOUBLE(x[0], g == 0 ? 1e-4 : 1.0);
                CHECK_OK(hpo_space_check(in.space, x, &err));
            }
        }
    }
    double x[4];
    hpo_space_grid_point(in.space, 1, 0, x);
    CHECK_CLOSE(x[0], 1e-2, 1e-13); /* one point of a continuum is its middle */
    space_text_fini(&in);
}

static void test_grid_of_conditions(void **state) {
    (void)state;
    space_text in = space_text_read("parameters: {a: {values: [x, y]}, b: {min: 1, max: 3, when: {a: x}}}");
    assert_true(hpo_space_grid_size(in.space, 5) == 6);
    size_t active = 0;
    for (uint64_t k = 0; k < 6; k++) {
        double x[2];
        hpo_space_grid_point(in.space, 5, k, x);
        active += isnan(x[1]) ? 0 : 1;
        assert_true(isnan(x[1]) == (x[0] == 1));
    }
    assert_int_equal(active, 3);
    space_text_fini(&in);
}

/* ---- equality, checks, text ---- */

static void test_equality_and_hash(void **state) {
    (void)state;
    space_text in = space_text_read(
        "parameters: {a: {values: [x, y]}, b: {min: 1, max: 3, when: {a: x}}, c: {min: 0.0, max: 1.0}}");
    double nan_a, nan_b;
    uint64_t bits = UINT64_C(0xfff8000000000001);
    memcpy(&nan_a, &bits, sizeof bits);
    nan_b = (double)NAN;
    const double p[] = {1, nan_a, 0.5}, q[] = {1, nan_b, 0.5}, r[] = {1, nan_b, nextafter(0.5, 1)}, s[] = {0, 1, 0.5};
    assert_true(hpo_space_equal(in.space, p, q));
    assert_true(hpo_space_hash(in.space, p) == hpo_space_hash(in.space, q));
    assert_false(hpo_space_equal(in.space, q, r));
    assert_false(hpo_space_equal(in.space, q, s));
    assert_true(hpo_space_hash(in.space, q) != hpo_space_hash(in.space, r));
    /* 4096 neighbours on a lattice fall into 4096 different hashes and fill 64 buckets evenly */
    static uint64_t hashes[4096];
    size_t buckets[64] = {0};
    for (size_t i = 0; i < 4096; i++) {
        hashes[i] = hpo_space_hash(in.space, (double[]){(double)(i % 2), (double)(i / 2 % 16), (double)(i / 32)});
        for (size_t k = 0; k < i; k++) assert_true(hashes[k] != hashes[i]);
        buckets[hashes[i] % 64]++;
    }
    double chi_square = 0;
    for (size_t b = 0; b < 64; b++) chi_square += ((double)buckets[b] - 64) * ((double)buckets[b] - 64) / 64;
    assert_true(gsl_cdf_chisq_Q(chi_square, 63) > 1e-3);
    space_text_fini(&in);
}

static void test_check(void **state) {
    (void)state;
    space_text in = space_text_read("parameters:\n"
                                    "  opt: {values: [sgd, adam]}\n"
                                    "  lr: {min: 0.0, max: 1.0}\n"
                                    "  n: {min: 1, max: 4}\n"
                                    "  d: {min: 0.0, max: 0.5, step: 0.1}\n"
                                    "  m: {min: 0.0, max: 1.0, when: {opt: sgd}}\n"
                                    "  k: {value: 5}\n"
                                    "forbid: [{n: 4, opt: sgd}]\n");
    const double none = (double)NAN;
    static const struct {
        size_t index;
        double value;
        const char *message;
    } cases[] = {
        {0, 2, "opt: 2 is not the index of one of its 2 values"},
        {0, 0.5, "opt: 0.5 is not the index of one of its 2 values"},
        {0, -1, "opt: -1 is not the index of one of its 2 values"},
        {1, 1.5, "lr: 1.5 lies outside of 0 to 1"},
        {1, -1e-9, "lr: -1.0000000000000001e-09 lies outside of 0 to 1"},
        {2, 2.25, "n: 2.25 is not a step: the nearest is 2"},
        {2, 5, "n: 5 lies outside of 1 to 4"},
        {3, 0.1 + 0.2, "d: 0.30000000000000004 is not a step: the nearest is 0.29999999999999999"},
        {5, 1, "k: 1 is not the index of one of its 1 values"},
        {2, 4, "forbidden by {all: [{n: {eq: 4}}, {opt: {eq: sgd}}]}"},
    };
    const double good[] = {0, 0.5, 2, 0.3, 0.25, 0};
    base_err err = {0};
    CHECK_OK(hpo_space_check(in.space, good, &err));
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        double bad[6];
        memcpy(bad, good, sizeof bad);
        bad[cases[i].index] = cases[i].value;
        CHECK_STATUS(hpo_space_check(in.space, bad, &err), BASE_INVALID);
        assert_string_equal(err.text, cases[i].message);
    }
    CHECK_FAILS(hpo_space_check(in.space, (double[]){1, 0.5, 2, 0.3, 0.25, 0}, &err), BASE_INVALID,
                "m has the value 0.25 but its condition does not hold");
    CHECK_FAILS(hpo_space_check(in.space, (double[]){0, 0.5, 2, 0.3, none, 0}, &err), BASE_INVALID,
                "m has no value but is active");
    CHECK_FAILS(hpo_space_check(in.space, (double[]){0, none, 2, 0.3, 0.25, 0}, &err), BASE_INVALID,
                "lr has no value but is active");
    CHECK_OK(hpo_space_check(in.space, (double[]){1, 0.5, 4, 0.3, none, 0}, &err));
    space_text_fini(&in);
}

static void test_print(void **state) {
    (void)state;
    space_text in = space_text_read("parameters:\n"
                                    "  lr: {min: 0.0, max: 1.0}\n"
                                    "  n: {min: 1, max: 4}\n"
                                    "  opt: {values: [sgd, \"a, b\", \"1\", true, null]}\n"
                                    "  m: {min: 0.0, max: 1.0, when: {opt: sgd}}\n"
                                    "  w: {value: 64}\n");
    static const struct {
        double opt;
        const char *yaml, *json;
    } cases[] = {
        {0, "{lr: 0.01, n: 2, opt: sgd, m: 0.5, w: 64}",
         "{\"lr\": 0.01, \"n\": 2, \"opt\": \"sgd\", \"m\": 0.5, \"w\": 64}"},
        {1, "{lr: 0.01, n: 2, opt: \"a, b\", w: 64}", "{\"lr\": 0.01, \"n\": 2, \"opt\": \"a, b\", \"w\": 64}"},
        {2, "{lr: 0.01, n: 2, opt: \"1\", w: 64}", "{\"lr\": 0.01, \"n\": 2, \"opt\": \"1\", \"w\": 64}"},
        {3, "{lr: 0.01, n: 2, opt: true, w: 64}", "{\"lr\": 0.01, \"n\": 2, \"opt\": true, \"w\": 64}"},
        {4, "{lr: 0.01, n: 2, opt: null, w: 64}", "{\"lr\": 0.01, \"n\": 2, \"opt\": null, \"w\": 64}"},
    };
    base_buf out = {0};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        double config[] = {0.01, 2, cases[i].opt, 0.5, 0};
        hpo_space_activate(in.space, config);
        base_buf_clear(&out);
        hpo_space_print(in.space, config, &out);
        assert_string_equal(base_buf_text(&out), cases[i].yaml);
        base_buf_clear(&out);
        hpo_space_print_json(in.space, config, &out);
        assert_string_equal(base_buf_text(&out), cases[i].json);
    }
    base_buf_fini(&out);
    space_text_fini(&in);
}

static double size_of(const char *text, bool exact) {
    bool counted;
    space_text in = space_text_read(text);
    const double size = hpo_space_size(in.space, &counted);
    assert_true(counted == exact);
    space_text_fini(&in);
    return size;
}

/* Inactive parameters make no difference, forbidden points none either; large spaces are estimated. */
static void test_size(void **state) {
    (void)state;
    assert_true(size_of("parameters: {a: {min: 1, max: 1000}, b: {min: 1, max: 1000}, c: {value: 3}}", true) == 1e6);
    assert_true(isinf(size_of("parameters: {a: {min: 1, max: 1000}, x: {min: 0.0, max: 1.0}}", true)));
    assert_true(size_of("parameters: {a: {values: [p, q]}, b: {min: 1, max: 10, when: {a: p}}}", true) == 11);
    assert_true(size_of("parameters: {a: {values: [p, q]}, b: {min: 1, max: 10, when: {a: p}}, c: {value: 1}}\n"
                        "forbid: [{a: p, b: {gt: 3}}, {b: 1}]",
                        true) == 3);
    assert_true(size_of("parameters: {x: {min: 1, max: 100}, y: {min: 1, max: 100}}\n"
                        "forbid: [{x: {ne: 5}}, {x: {ne: {parameter: y}}}]",
                        true) == 1);
    const double large =
        size_of("parameters: {a: {values: [p, q]}, b: {min: 1, max: 1000}, c: {min: 1, max: 1000, when: "
                "{a: p}}, d: {min: 1, max: 10}}\nforbid: [{b: {gt: 500}}]",
                false);
    CHECK_CLOSE(large, 500.0 * 10 * (1000 + 1), 0.05);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frequencies),
        cmocka_unit_test(test_scales_are_uniform),
        cmocka_unit_test(test_forbidden_points_are_drawn_again),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_unit_coordinates),
        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_large_integers_come_back),
        cmocka_unit_test(test_cardinality),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_grid_of_conditions),
        cmocka_unit_test(test_equality_and_hash),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

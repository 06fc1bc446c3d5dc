/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: values computed with NumPy from the definitions; the definitions written down plainly. */
#include <math.h>
#include <stdlib.h>

#include "hpo/models/kde.h"
#include "tests/support/toy_space.h"

typedef struct rig {
    base_arena *arena;
    hpo_space *space;
    hpo_kde *kde;
} rig;

static rig rig_open(const char *yaml) {
    base_err err;
    base_yaml_node *root;
    rig r = {.arena = base_arena_create()};
    CHECK_OK(base_yaml_parse(r.arena, "yaml", yaml, strlen(yaml), &root, &err));
    CHECK_OK(hpo_space_read(root, NULL, NULL, &r.space, &err));
    r.kde = hpo_kde_create(r.space, 1e-3);
    return r;
}

static void rig_close(rig *r) {
    hpo_kde_destroy(r->kde);
    hpo_space_destroy(r->space);
    base_arena_destroy(r->arena);
}

static void fit(rig *r, const double *unit, size_t n, uint64_t seed) {
    size_t rows[1000];
    uint64_t trials[1000];
    for (size_t i = 0; i < n; i++) trials[i] = rows[i] = i;
    hpo_kde_fit(r->kde, unit, rows, trials, n, seed);
}

static double density(rig *r, const double *point) {
    double out;
    hpo_kde_log_density(r->kde, point, 1, &out);
    return exp(out);
}

static void sizes_of_the_two_sets(void **state) {
    (void)state;
    static const struct {
        size_t dims, n, good, bad;
        bool model;
    } cases[] = {{2, 5, 3, 2, false}, {2, 6, 3, 3, true},    {2, 50, 7, 42, true},   {5, 11, 6, 5, false},
                 {5, 12, 6, 6, true}, {5, 27, 6, 21, true},  {5, 100, 15, 85, true}, {8, 17, 9, 8, false},
                 {8, 18, 9, 9, true}, {8, 81, 12, 68, true}, {8, 200, 30, 170, true}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        size_t good, bad;
        assert_true(hpo_kde_split(cases[i].dims, cases[i].n, 0, 15, &good, &bad) == cases[i].model);
        assert_int_equal(good, cases[i].good);
        assert_int_equal(bad, cases[i].bad);
    }
}

static void four_points_in_the_plane(void **state) {
    (void)state;
    rig r = rig_open("{x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}");
    fit(&r, (double[]){.1, .2, .3, .1, .2, .4, .25, .3}, 4, 1);
    CHECK_NEAR(hpo_kde_bandwidth(r.kde, 0), 0.0622166422, 1e-10);
    CHECK_NEAR(hpo_kde_bandwidth(r.kde, 1), 0.0940627215, 1e-10);
    CHECK_NEAR(density(&r, (double[]){.2, .25}), 8.326611511744446, 1e-9);
    rig_close(&r);
}

static double of_choice(size_t k, double n) {
    return ((double)k + 0.5) / n;
}

/* Choices 0, 1, 1, 2 of three; and of five, where the two unseen ones share the kernel's rest as well. */
static void choices_that_were_declared_count(void **state) {
    (void)state;
    static const size_t seen[] = {0, 1, 1, 2};
    const double h = 0.5680399351442355;
    for (size_t c = 3; c <= 5; c += 2) {
        rig r = rig_open(c == 3 ? "{c: {values: [p, q, r]}}" : "{c: {values: [p, q, r, s, t]}}");
        double unit[4], sum = 0;
        for (size_t i = 0; i < 4; i++) unit[i] = of_choice(seen[i], (double)c);
        fit(&r, unit, 4, 1);
        CHECK_NEAR(hpo_kde_bandwidth(r.kde, 0), h, 1e-12);
        const double one = of_choice(1, (double)c);
        if (c == 3) CHECK_NEAR(density(&r, &one), .3579900162139411, 1e-12);
        CHECK_NEAR(density(&r, &one), 0.5 * (1 - h) + 0.5 * h / ((double)c - 1), 1e-12);
        for (size_t k = 0; k < c; k++) sum += density(&r, (double[]){of_choice(k, (double)c)});
        CHECK_NEAR(sum, 1, 1e-12);
        rig_close(&r);
    }
}

/* Where only one choice was seen the original divides by zero; where two far apart were seen it is negative. */
static void densities_of_choices_stay_densities(void **state) {
    (void)state;
    rig r = rig_open("{c: {values: [a, b, c, d, e, f, g, h, i, j]}}");
    for (size_t far = 0; far < 10; far += 9) {
        double unit[6], sum = 0;
        for (size_t i = 0; i < 6; i++) unit[i] = of_choice(i % 2 ? far : 0, 10);
        fit(&r, unit, 6, 1);
        for (size_t k = 0; k < 10; k++) {
            const double p = density(&r, (double[]){of_choice(k, 10)});
            assert_true(p > 0 && p < 1);
            sum += p;
        }
        CHECK_NEAR(sum, 1, 1e-12);
    }
    rig_close(&r);
    r = rig_open("{x: {min: 0.0, max: 1.0}, only: {values: [a]}}");
    fit(&r, (double[]){.2, .5, .3, .5, .7, .5}, 3, 1);
    assert_true(isfinite(log(density(&r, (double[]){.4, .5}))));
    rig_close(&r);
}

/* The mean of products of kernels, without tiles or left-out points. */
static void a_mixed_density_is_its_definition(void **state) {
    (void)state;
    enum { N = 203, DIMS = 4 };
    static double unit[N * DIMS];
    rig r = rig_open("{x: {min: 0.0, max: 1.0}, c: {values: [p, q, r]}, y: {min: 0.0, max: 1.0}, n: {min: 1, max: 9}}");
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < N * DIMS; i++) {
        unit[i] = base_rng_uniform(&rng);
        if (i % DIMS == 1) unit[i] = of_choice((size_t)(unit[i] * 3), 3);
    }
    for (size_t n = 1; n <= N; n += 101) {
        fit(&r, unit, n, 1);
        for (size_t t = 0; t < 30; t++) {
            double x[DIMS], sum = 0;
            for (size_t d = 0; d < DIMS; d++) x[d] = base_rng_uniform(&rng);
            x[1] = of_choice((size_t)(x[1] * 3), 3);
            for (size_t i = 0; i < n; i++) {
                double product = 1;
                for (size_t d = 0; d < DIMS; d++) {
                    const double h = hpo_kde_bandwidth(r.kde, d), z = (x[d] - unit[i * DIMS + d]) / h;
                    product *= d != 1                                   ? exp(-z * z / 2) / (h * sqrt(2 * acos(-1)))
                               : fabs(x[d] - unit[i * DIMS + d]) < 1e-9 ? 1 - h
                                                                        : h / 2;
                }
                sum += product / (double)n;
            }
            const double actual = density(&r, x);
            CHECK_NEAR(actual, sum, 1e-11 * sum);
        }
    }
    rig_close(&r);
}

/* Holes, also in the first column alone: none is left, donors are of the same set, nobody's column is drawn. */
static void no_hole_is_left(void **state) {
    (void)state;
    rig r = rig_open("{x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}, z: {min: 0.0, max: 1.0}, "
                     "c: {values: [p, q]}}");
    const double nan = (double)NAN;
    const double unit[] = {nan, .1,  .2,  nan, /* only x from (2) or (3) */
                           nan, nan, nan, nan, /**/
                           .5,  nan, .7,  nan, /**/
                           .9,  .3,  nan, nan};
    double first = nan;
    for (uint64_t seed = 0; seed < 50; seed++) {
        fit(&r, unit, 4, seed);
        for (size_t i = 0; i < 4; i++) {
            const double x = hpo_kde_coordinate(r.kde, i, 0), y = hpo_kde_coordinate(r.kde, i, 1);
            const double z = hpo_kde_coordinate(r.kde, i, 2), c = hpo_kde_coordinate(r.kde, i, 3);
            assert_true(x == .5 || x == .9);
            assert_true(y == .1 || y == .3);
            assert_true(z == .2 || z == .7);
            assert_true(c == 0 || c == 1);
        }
        if (seed == 0) first = hpo_kde_coordinate(r.kde, 0, 0);
    }
    fit(&r, unit, 4, 0);
    CHECK_NEAR(hpo_kde_coordinate(r.kde, 0, 0), first, 0);
    rig_close(&r);
}

/* The original asks whether any index of a hole is true: the hole of index 0 alone stays, and makes every density NaN.
 */
static void a_hole_at_the_first_place_alone_is_filled(void **state) {
    (void)state;
    rig r = rig_open("{x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}, c: {values: [p, q]}}");
    const double nan = (double)NAN, unit[] = {nan, .1, .25, .5, .2, .75, .9, .3, .25, nan, .4, .75};
    for (uint64_t seed = 0; seed < 20; seed++) {
        fit(&r, unit, 4, seed);
        for (size_t i = 0; i < 4; i++) {
            const double x = hpo_kde_coordinate(r.kde, i, 0);
            assert_true(x == .5 || x == .9);
            CHECK_NEAR(hpo_kde_coordinate(r.kde, i, 1), unit[3 * i + 1], 0);
        }
        assert_true(density(&r, (double[]){.5, .2, .25}) > 0);
    }
    rig_close(&r);
}

/* Draws lie around the points with `factor` bandwidths, and a choice changes with probability h (c - 1) / c. */
static void draws_are_around_the_points(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    rig r = rig_open("{x: {min: 0.0, max: 1.0}, c: {values: [p, q, r, s]}}");
    double unit[20];
    for (size_t i = 0; i < 10; i++) {
        unit[2 * i] = 0.5 + (i % 2 ? 0.01 : -0.01);
        unit[2 * i + 1] = of_choice(i == 0 ? 1 : 0, 4);
    }
    fit(&r, unit, 10, 1);
    const double h = hpo_kde_bandwidth(r.kde, 0), hc = hpo_kde_bandwidth(r.kde, 1);
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, 0, 0);
    double sum = 0, changed = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        double point[2];
        hpo_kde_draw(r.kde, 3, &rng, 1, point);
        assert_true(point[0] >= 0 && point[0] <= 1);
        sum += (point[0] - 0.5) * (point[0] - 0.5);
        changed += point[1] > 0.5;
    }
    const double variance = 9 * h * h + 1e-4, p = hc / 2; /* choices 2 and 3 were never seen */
    CHECK_NEAR(sum / DRAWS, variance, 5 * variance * sqrt(2.0 / DRAWS));
    CHECK_NEAR(changed / DRAWS, p, 5 * sqrt(p * (1 - p) / DRAWS));
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_the_two_sets),
        cmocka_unit_test(four_points_in_the_plane),
        cmocka_unit_test(choices_that_were_declared_count),
        cmocka_unit_test(densities_of_choices_stay_densities),
        cmocka_unit_test(a_mixed_density_is_its_definition),
        cmocka_unit_test(no_hole_is_left),
        cmocka_unit_test(a_hole_at_the_first_place_alone_is_filled),
        cmocka_unit_test(draws_are_around_the_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

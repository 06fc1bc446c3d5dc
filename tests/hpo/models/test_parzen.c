/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Oracles: numbers computed from the rules of Optuna 5 with NumPy and SciPy, and numerical integration. */
#include <math.h>
#include <stdlib.h>

#include "hpo/models/best.h"
#include "hpo/models/parzen.h"
#include "tests/support/toy_space.h"

typedef struct rig {
    base_arena *arena;
    hpo_space *space;
    hpo_parzen *parzen;
} rig;

static rig rig_open(const char *yaml) {
    base_err err;
    base_yaml_node *root;
    rig r = {.arena = base_arena_create()};
    CHECK_OK(base_yaml_parse(r.arena, "yaml", yaml, strlen(yaml), &root, &err));
    CHECK_OK(hpo_space_read(root, NULL, NULL, &r.space, &err));
    r.parzen = hpo_parzen_create(r.space);
    return r;
}

static void rig_close(rig *r) {
    hpo_parzen_destroy(r->parzen);
    hpo_space_destroy(r->space);
    base_arena_destroy(r->arena);
}

static const size_t first_two[] = {0, 1};

static void the_size_of_the_good_set(void **state) {
    (void)state;
    static const size_t pairs[][2] = {{1, 1},    {10, 1},   {11, 2},   {25, 3},   {50, 5},
                                      {100, 10}, {250, 25}, {300, 25}, {1000, 25}};
    for (size_t i = 0; i < CHECK_COUNT(pairs); i++) {
        assert_int_equal(hpo_best_count(pairs[i][0], 0.1, 25), pairs[i][1]);
    }
}

static void weights_fall_with_age(void **state) {
    (void)state;
    double w[30], sum = 0;
    hpo_parzen_weights(27, w);
    CHECK_NEAR(w[0], 1.0 / 27, 1e-12);
    for (size_t i = 1; i < 27; i++) CHECK_NEAR(w[i], 1, 0);
    hpo_parzen_weights(30, w);
    static const double first[] = {0.0333333333333, 0.275, 0.5166666666667, 0.7583333333333, 1};
    CHECK_ARRAY_NEAR(w, first, 5, 1e-12);
    for (size_t i = 0; i < 30; i++) sum += w[i];
    CHECK_NEAR(sum, 27.5833333333333, 1e-12);
    hpo_parzen_weights(25, w);
    for (size_t i = 0; i < 25; i++) CHECK_NEAR(w[i], 1, 0);
}

static void check_sigmas(const double *points, size_t n, const double *expected) {
    rig r = rig_open("{x: {min: 0.0, max: 1.0}}");
    hpo_parzen_add(r.parzen, points, n);
    hpo_parzen_fit(r.parzen, first_two, 1, NULL);
    for (size_t i = 0; i < n; i++) CHECK_NEAR(hpo_parzen_sigma(r.parzen, 0, i), expected[i], 1e-12);
    rig_close(&r);
}

static void deviations_follow_the_neighbours(void **state) {
    (void)state;
    check_sigmas((double[]){.2, .6, .9}, 3, (double[]){.4, .4, .3});
    check_sigmas((double[]){.9, .2, .6}, 3, (double[]){.3, .4, .4});
    check_sigmas((double[]){.4}, 1, (double[]){.6});
    check_sigmas((double[]){.1, .12, .15, .7}, 4, (double[]){1.0 / 6, 1.0 / 6, .55, .55});
}

static double density(hpo_parzen *p, double x) {
    double out;
    hpo_parzen_log_density(p, &x, 1, &out);
    return exp(out);
}

static void the_mixture_of_three_points(void **state) {
    (void)state;
    rig r = rig_open("{x: {min: 0.0, max: 1.0}}");
    hpo_parzen_add(r.parzen, (double[]){.2, .6, .9}, 3);
    hpo_parzen_fit(r.parzen, first_two, 1, NULL);
    CHECK_NEAR(density(r.parzen, .5), 1.0711426159199386, 1e-12);
    double sum = 0;
    for (size_t i = 0; i < 20000; i++) sum += density(r.parzen, ((double)i + 0.5) / 20000) / 20000;
    CHECK_NEAR(sum, 1, 1e-8);
    rig_close(&r);
}

static void choices_are_smoothed(void **state) {
    (void)state;
    rig r = rig_open("{c: {values: [p, q, r]}}");
    const double u[] = {0.5 / 3, 0.5 / 3, 2.5 / 3};
    hpo_parzen_add(r.parzen, u, 3);
    hpo_parzen_fit(r.parzen, first_two, 1, NULL);
    CHECK_NEAR(density(r.parzen, 0.5 / 3), .4761904761904762, 1e-12);
    CHECK_NEAR(density(r.parzen, 1.5 / 3), .1904761904761905, 1e-12);
    CHECK_NEAR(density(r.parzen, 2.5 / 3), .3333333333333333, 1e-12);
    rig_close(&r);
}

/* On every kind of parameter the masses of all values add up to 1, in a joint density too, and draws follow them. */
static void masses_add_up_and_draws_follow(void **state) {
    (void)state;
    enum { POINTS = 40, DRAWS = 40000 };
    rig r = rig_open("{n: {min: 1, max: 9, log: true}, c: {values: [p, q, r, s]}}");
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    double config[2], unit[2], mass[9][4] = {{0}}, sum = 0;
    for (size_t i = 0; i < POINTS; i++) {
        config[0] = 1 + floor(base_rng_uniform(&rng) * base_rng_uniform(&rng) * 9);
        config[1] = (double)base_rng_below(&rng, 2);
        hpo_space_to_unit(r.space, config, unit);
        hpo_parzen_add(r.parzen, unit, 1);
    }
    hpo_parzen_fit(r.parzen, first_two, 2, NULL);
    for (size_t n = 0; n < 9; n++) {
        for (size_t c = 0; c < 4; c++) {
            double out;
            hpo_space_to_unit(r.space, (double[]){(double)n + 1, (double)c}, unit);
            hpo_parzen_log_density(r.parzen, unit, 1, &out);
            sum += mass[n][c] = exp(out);
        }
    }
    CHECK_NEAR(sum, 1, 1e-12);
    size_t counts[9][4] = {{0}};
    for (size_t i = 0; i < DRAWS; i++) {
        hpo_parzen_draw(r.parzen, &rng, 1, unit);
        hpo_space_from_unit(r.space, unit, config);
        counts[(size_t)config[0] - 1][(size_t)config[1]]++;
    }
    for (size_t n = 0; n < 9; n++) {
        for (size_t c = 0; c < 4; c++) {
            const double p = mass[n][c];
            CHECK_NEAR((double)counts[n][c] / DRAWS, p, 5 * sqrt(p * (1 - p) / DRAWS));
        }
    }
    rig_close(&r);
}

/* The sum of kernels, each times its weight (1 for the prior), is linear in the weights (here they lie on a
 * line), and with weights of 1 it is that of points that are young; draws follow it. */
static void given_weights_count(void **state) {
    (void)state;
    static const double points[] = {0.2, 0.7}, at[] = {0.1, 0.25, 0.5, 0.9}, weights[][2] = {{1, 1}, {2, 0.5}, {3, 0}};
    double sums[3][4], plain[4];
    rig r = rig_open("{x: {min: 0.0, max: 1.0}}");
    hpo_parzen_add(r.parzen, points, 2);
    hpo_parzen_fit(r.parzen, first_two, 1, NULL);
    hpo_parzen_log_density(r.parzen, at, 4, plain);
    for (size_t w = 0; w < 3; w++) {
        hpo_parzen_weigh(r.parzen, weights[w]);
        hpo_parzen_fit(r.parzen, first_two, 1, NULL);
        hpo_parzen_log_density(r.parzen, at, 4, sums[w]);
        for (size_t i = 0; i < 4; i++) sums[w][i] = exp(sums[w][i]) * (1 + weights[w][0] + weights[w][1]);
    }
    for (size_t i = 0; i < 4; i++) {
        CHECK_NEAR(sums[0][i], 3 * exp(plain[i]), 1e-12);
        CHECK_NEAR(sums[2][i] - sums[1][i], sums[1][i] - sums[0][i], 1e-12);
        assert_true(fabs(sums[1][i] - sums[0][i]) > 0.01);
    }
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    hpo_parzen_weigh(r.parzen, (double[]){1e-12, 1});
    hpo_parzen_fit(r.parzen, first_two, 1, (unsigned char[]){1, 1});
    double mean = 0, x, expected = 0;
    for (size_t i = 0; i < 20000; i++) {
        hpo_parzen_draw(r.parzen, &rng, 1, &x);
        mean += x / 20000;
    }
    for (size_t i = 0; i < 1000; i++) {
        double log_density;
        x = ((double)i + 0.5) / 1000;
        hpo_parzen_log_density(r.parzen, &x, 1, &log_density);
        expected += x * exp(log_density) / 1000;
    }
    CHECK_NEAR(mean, expected, 0.01);
    rig_close(&r);
}

/* The definition, written down once more without blocks, caches or skipped kernels. */
static double plain_log_density(double (*points)[2], double (*sigma)[2], const unsigned char *member, size_t n,
                                const double *x) {
    size_t members = 0;
    for (size_t i = 0; i < n; i++) members += member[i];
    double weights[400], sum = 0, total = 1;
    hpo_parzen_weights(members, weights);
    for (size_t i = 0, k = 0; i < n; i++) {
        if (!member[i]) continue;
        double kernel = weights[k];
        total += weights[k++];
        for (size_t d = 0; d < 2; d++) {
            const double mu = points[i][d], s = sigma[i][d], z = (x[d] - mu) / s;
            const double cut = 1 - 0.5 * erfc(mu / s / sqrt(2)) - 0.5 * erfc((1 - mu) / s / sqrt(2));
            kernel *= exp(-z * z / 2) / (s * sqrt(2 * 3.14159265358979323846) * cut);
        }
        sum += kernel;
    }
    double prior = 1;
    for (size_t d = 0; d < 2; d++) {
        const double z = x[d] - 0.5, cut = 1 - erfc(0.5 / sqrt(2));
        prior *= exp(-z * z / 2) / (sqrt(2 * 3.14159265358979323846) * cut);
    }
    return log((sum + prior) / total);
}

/* Growing by single points and by many, with changing members: the same as a fresh estimator, bit for bit, and as the
 * definition. */
static void what_is_kept_changes_nothing(void **state) {
    (void)state;
    enum { N = 400 };
    static double points[N][2], sigma[N][2];
    static unsigned char member[N];
    rig r = rig_open("{x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}");
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < N; i++) {
        for (size_t d = 0; d < 2; d++) points[i][d] = floor(base_rng_uniform(&rng) * 500) / 500; /* some are equal */
    }
    for (size_t n = 0; n < N; n += n % 50 == 20 ? 30 : 1) {
        hpo_parzen_add(r.parzen, points[hpo_parzen_points(r.parzen)], n - hpo_parzen_points(r.parzen));
        for (size_t i = 0; i < n; i++) member[i] = (i * 7 + n) % 11 != 0;
        hpo_parzen_fit(r.parzen, first_two, 2, member);
        if (n % 10 != 0) continue;
        hpo_parzen *fresh = hpo_parzen_create(r.space);
        hpo_parzen_add(fresh, points[0], n);
        hpo_parzen_fit(fresh, first_two, 2, member);
        double x[40][2], a[40], b[40];
        for (size_t i = 0; i < 80; i++) x[i / 2][i % 2] = base_rng_uniform(&rng);
        hpo_parzen_log_density(r.parzen, x[0], 40, a);
        hpo_parzen_log_density(fresh, x[0], 40, b);
        assert_memory_equal(a, b, sizeof a);
        for (size_t i = 0; i < n; i++) {
            for (size_t d = 0; d < 2; d++) sigma[i][d] = hpo_parzen_sigma(fresh, d, i);
        }
        for (size_t i = 0; i < 40; i++) CHECK_NEAR(a[i], plain_log_density(points, sigma, member, n, x[i]), 1e-12);
        hpo_parzen_destroy(fresh);
    }
    rig_close(&r);
}

/* Points without one of the coordinates do not count. */
static void inactive_points_are_left_out(void **state) {
    (void)state;
    rig r = rig_open("{x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}");
    hpo_parzen_add(r.parzen, (double[]){.2, .1, .5, (double)NAN, .6, .3, .9, .9}, 4);
    hpo_parzen_fit(r.parzen, first_two, 2, NULL);
    assert_int_equal(hpo_parzen_kernels(r.parzen), 3);
    CHECK_NEAR(hpo_parzen_sigma(r.parzen, 0, 0), .4, 1e-12);
    hpo_parzen_fit(r.parzen, first_two, 1, NULL);
    assert_int_equal(hpo_parzen_kernels(r.parzen), 4);
    CHECK_NEAR(hpo_parzen_sigma(r.parzen, 0, 0), .3, 1e-12);
    rig_close(&r);
}

static void the_best_are_selected(void **state) {
    (void)state;
    enum { N = 300 };
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    for (size_t round = 0; round < 200; round++) {
        hpo_ranked rows[N], sorted[N];
        const size_t n = 1 + base_rng_below(&rng, N), count = base_rng_below(&rng, n + 1);
        for (size_t i = 0; i < n; i++) {
            const bool failed = base_rng_below(&rng, 10) == 0;
            rows[i] = (hpo_ranked){.fidelity = (double)base_rng_below(&rng, 3),
                                   .loss = failed ? (double)INFINITY : (double)base_rng_below(&rng, 20),
                                   .trial = i,
                                   .row = i};
        }
        hpo_ranked first[N];
        memcpy(sorted, rows, sizeof rows);
        memcpy(first, rows, sizeof rows);
        hpo_ranked_sort(sorted, n);
        hpo_ranked_first(first, n, count);
        for (size_t i = 0; i < count; i++) assert_int_equal(first[i].trial, sorted[i].trial);
        hpo_ranked_sort(first, n); /* the others are still there */
        for (size_t i = 0; i < n; i++) assert_int_equal(first[i].trial, sorted[i].trial);
        hpo_ranked_select(rows, n, count);
        hpo_ranked_sort(rows, count);
        for (size_t i = 0; i < count; i++) assert_int_equal(rows[i].trial, sorted[i].trial);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_size_of_the_good_set),
        cmocka_unit_test(weights_fall_with_age),
        cmocka_unit_test(deviations_follow_the_neighbours),
        cmocka_unit_test(the_mixture_of_three_points),
        cmocka_unit_test(choices_are_smoothed),
        cmocka_unit_test(masses_add_up_and_draws_follow),
        cmocka_unit_test(given_weights_count),
        cmocka_unit_test(what_is_kept_changes_nothing),
        cmocka_unit_test(inactive_points_are_left_out),
        cmocka_unit_test(the_best_are_selected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

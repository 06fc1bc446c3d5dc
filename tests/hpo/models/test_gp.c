/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Gaussian process against a dense reference that inverts its matrix by elimination; gradients against finite
 * differences; the grown factor against one made anew, bit by bit. */
#include "hpo/models/gp.h"

#include "hpo/models/gp_fit.h"
#include "hpo/models/subset.h"
#include "hpo/models/transform.h"
#include "tests/hpo/models/dense_gp.h"

/* One dimension, three points: values computed elsewhere. */
static void published_values(void **state) {
    (void)state;
    toy_sampling s;
    toy_sampling_open(&s, "random", 1, "{parameters: {x: {min: 0.0, max: 1.0}}}");
    hpo_embedding embedding = hpo_embedding_make(s.space, 0);
    const double unit[] = {0, .5, 1}, y[] = {1, -1, .5}, theta[] = {log(.3), 0, log(1e-6)}, at = .25;
    hpo_gp *gp = hpo_gp_create(&embedding, HPO_KERNEL_MATERN52);
    hpo_gp_condition(gp, theta, &(hpo_gp_points){.unit = unit, .y = y, .n = 3, .block = 3});
    const hpo_surrogate surrogate = hpo_gp_predictions(gp, 1, NULL);
    double mean, variance;
    surrogate.predict(surrogate.self, &at, 1, &mean, &variance);
    CHECK_NEAR(mean, -.048044352143622585, 1e-9);
    CHECK_NEAR(variance, .3610955413969067, 1e-9);
    const hpo_gp_data data = {.embedding = &embedding, .kernel = HPO_KERNEL_MATERN52, .unit = unit, .y = y, .n = 3};
    CHECK_NEAR(hpo_gp_log_marginal(&data, theta, NULL), -4.307879886920117, 1e-9);
    hpo_gp_destroy(gp);
    hpo_embedding_free(&embedding);
    toy_sampling_close(&s);
}

static void agrees_with_a_dense_reference(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    hpo_gp *gp = hpo_gp_create(&r.embedding, HPO_KERNEL_MATERN52);
    const size_t n = N - 15, pending = 5; /* the other 10 are asked about */
    hpo_gp_condition(
        gp, r.theta,
        &(hpo_gp_points){
            .unit = r.unit, .y = r.y, .n = n, .block = 20, .pending = r.unit + n * DIMS, .n_pending = pending});
    const hpo_surrogate surrogate = hpo_gp_predictions(gp, DIMS, NULL);
    double mean[10], variance[10], expected_mean, expected_variance;
    surrogate.predict(surrogate.self, r.unit + 30 * DIMS, 10, mean, variance);
    for (size_t i = 0; i < 10; i++) {
        reference_predict(&r, n, n + pending, r.unit + (30 + i) * DIMS, &expected_mean, &expected_variance);
        CHECK_NEAR(mean[i], expected_mean, 1e-9);
        CHECK_NEAR(variance[i], expected_variance, 1e-9);
    }
    double inverse[N * N], log_marginal = -(double)N / 2 * log(2 * 3.14159265358979323846);
    log_marginal -= reference_inverse(&r, N, inverse) / 2;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) log_marginal -= r.y[i] * inverse[i * N + j] * r.y[j] / 2;
    const hpo_gp_data data = {
        .embedding = &r.embedding, .kernel = HPO_KERNEL_MATERN52, .unit = r.unit, .y = r.y, .n = N};
    CHECK_NEAR(hpo_gp_log_marginal(&data, r.theta, NULL), log_marginal, 1e-9);
    surrogate.predict(surrogate.self, r.unit, 1, mean, variance);
    CHECK_NEAR(hpo_gp_fitted(gp, 0), mean[0], 1e-9);
    hpo_gp_destroy(gp);
    rig_close(&r);
}

/* A running point is believed to return the mean: observing just that leaves the mean where it was. */
static void believing_changes_no_mean(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    double mean, variance, believed[N], before, after;
    hpo_gp *gp = hpo_gp_create(&r.embedding, HPO_KERNEL_RBF);
    hpo_gp_condition(gp, r.theta, &(hpo_gp_points){.unit = r.unit, .y = r.y, .n = 20, .block = 20});
    hpo_surrogate surrogate = hpo_gp_predictions(gp, DIMS, NULL);
    memcpy(believed, r.y, sizeof believed);
    surrogate.predict(surrogate.self, r.unit + 20 * DIMS, 1, &believed[20], &variance);
    surrogate.predict(surrogate.self, r.unit + 30 * DIMS, 1, &before, &variance);
    hpo_gp_condition(gp, r.theta, &(hpo_gp_points){.unit = r.unit, .y = believed, .n = 21, .block = 20});
    surrogate.predict(surrogate.self, r.unit + 30 * DIMS, 1, &mean, &after);
    CHECK_NEAR(mean, before, 1e-10);
    assert_true(after < variance);
    hpo_gp_destroy(gp);
    rig_close(&r);
}

static void derivatives_of_predictions(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    for (int kind = HPO_KERNEL_MATERN52; kind <= HPO_KERNEL_RBF; kind++) {
        hpo_gp *gp = hpo_gp_create(&r.embedding, (hpo_kernel_kind)kind);
        hpo_gp_condition(
            gp, r.theta,
            &(hpo_gp_points){
                .unit = r.unit, .y = r.y, .n = 20, .block = 20, .pending = r.unit + 20 * DIMS, .n_pending = 3});
        const hpo_surrogate surrogate = hpo_gp_predictions(gp, DIMS, NULL);
        for (size_t i = 25; i < N; i++) {
            double point[DIMS], mean, variance, d_mean[DIMS], d_variance[DIMS], plain[2], m[2], v[2];
            memcpy(point, r.unit + i * DIMS, sizeof point);
            surrogate.gradient(surrogate.self, point, &mean, &variance, d_mean, d_variance);
            surrogate.predict(surrogate.self, point, 1, &plain[0], &plain[1]);
            CHECK_NEAR(mean, plain[0], 1e-12);
            CHECK_NEAR(variance, plain[1], 1e-12);
            for (size_t d = 0; d < DIMS; d++) {
                if (d == 0 || isnan(point[d])) {
                    assert_true(d_mean[d] == 0 && d_variance[d] == 0);
                    continue;
                }
                const double h = 1e-5, at = point[d];
                for (int side = 0; side < 2; side++) {
                    point[d] = at + (side ? h : -h);
                    surrogate.predict(surrogate.self, point, 1, &m[side], &v[side]);
                }
                point[d] = at;
                CHECK_NEAR(d_mean[d], (m[1] - m[0]) / (2 * h), 1e-7);
                CHECK_NEAR(d_variance[d], (v[1] - v[0]) / (2 * h), 1e-7);
            }
        }
        hpo_gp_destroy(gp);
    }
    rig_close(&r);
}

static void derivatives_of_the_posterior(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    for (int kind = HPO_KERNEL_MATERN52; kind <= HPO_KERNEL_RBF; kind++) {
        const hpo_gp_data data = {
            .embedding = &r.embedding, .kernel = (hpo_kernel_kind)kind, .unit = r.unit, .y = r.y, .n = N};
        double gradient[DIMS + 2] = {0}, value[2];
        hpo_gp_log_marginal(&data, r.theta, gradient);
        hpo_gp_log_prior(DIMS, r.theta, gradient);
        for (size_t i = 0; i < DIMS + 2; i++) {
            const double h = 1e-5, at = r.theta[i];
            for (int side = 0; side < 2; side++) {
                r.theta[i] = at + (side ? h : -h);
                value[side] = hpo_gp_log_marginal(&data, r.theta, NULL) + hpo_gp_log_prior(DIMS, r.theta, NULL);
            }
            r.theta[i] = at;
            CHECK_NEAR(gradient[i], (value[1] - value[0]) / (2 * h), 1e-6 * (1 + fabs(gradient[i])));
        }
    }
    rig_close(&r);
}

/* LogNormal(sqrt 2 + ln(d)/2, sqrt 3): its mode, its median, and its integral. */
static void prior_of_length_scales(void **state) {
    (void)state;
    static const struct {
        size_t d;
        double mode;
    } cases[] = {{1, .2047866778}, {6, .5016228668}, {10, .6475923363}, {100, 2.0478667778}};
    for (size_t c = 0; c < CHECK_COUNT(cases); c++) {
        double theta[102] = {0}, gradient[102] = {0};
        hpo_gp_default(cases[c].d, theta);
        CHECK_NEAR(exp(theta[0]), cases[c].mode, 1e-9);
        hpo_gp_log_prior(cases[c].d, theta, gradient);
        CHECK_NEAR(gradient[0], 0, 1e-12);
    }
    double theta[3] = {0}, rest[3] = {0}, below = 0, all = 0;
    const double offset = hpo_gp_log_prior(0, rest + 1, NULL);
    for (double t = -12; t < 16; t += 1e-3) {
        theta[0] = t;
        const double mass = exp(hpo_gp_log_prior(1, theta, NULL) - offset + t) * 1e-3;
        all += mass;
        if (exp(t) < 4.1132503788) below += mass;
    }
    CHECK_NEAR(all, 1, 1e-6);
    CHECK_NEAR(below, 0.5, 1e-3);
}

static void a_fit_climbs_and_finds_what_matters(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    for (size_t i = 0; i < N; i++) r.y[i] = sin(6 * r.unit[i * DIMS + 2]); /* of x alone */
    const hpo_gp_data data = {
        .embedding = &r.embedding, .kernel = HPO_KERNEL_MATERN52, .unit = r.unit, .y = r.y, .n = N};
    double start[DIMS + 2], theta[DIMS + 2], warm[DIMS + 2];
    hpo_gp_default(DIMS, start);
    hpo_gp_fit(&data, NULL, theta);
    const double before = hpo_gp_log_marginal(&data, start, NULL) + hpo_gp_log_prior(DIMS, start, NULL);
    const double after = hpo_gp_log_marginal(&data, theta, NULL) + hpo_gp_log_prior(DIMS, theta, NULL);
    assert_true(after > before + 10);
    for (size_t i = 0; i < DIMS; i++) assert_true(i == 2 || theta[i] > theta[2] + 1);
    assert_true(theta[DIMS + 1] < log(1e-3));
    hpo_gp_fit(&data, theta, warm);
    assert_true(hpo_gp_log_marginal(&data, warm, NULL) + hpo_gp_log_prior(DIMS, warm, NULL) >= after - 1e-9);
    rig_close(&r);
}

/* Row by row through many calls, with points that were running in between; and at once. */
static void growth_keeps_the_bits(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    hpo_gp *grown = hpo_gp_create(&r.embedding, HPO_KERNEL_MATERN52);
    for (size_t n = 10; n <= 30; n++) {
        hpo_gp_condition(
            grown, r.theta,
            &(hpo_gp_points){
                .unit = r.unit, .y = r.y, .n = n, .block = 10, .pending = r.unit + (n + 3) * DIMS, .n_pending = n % 4});
        hpo_gp *fresh = hpo_gp_create(&r.embedding, HPO_KERNEL_MATERN52);
        hpo_gp_condition(
            fresh, r.theta,
            &(hpo_gp_points){
                .unit = r.unit, .y = r.y, .n = n, .block = 10, .pending = r.unit + (n + 3) * DIMS, .n_pending = n % 4});
        double mean[2][6], variance[2][6];
        const hpo_surrogate a = hpo_gp_predictions(grown, DIMS, NULL), b = hpo_gp_predictions(fresh, DIMS, NULL);
        a.predict(a.self, r.unit + 34 * DIMS, 6, mean[0], variance[0]);
        b.predict(b.self, r.unit + 34 * DIMS, 6, mean[1], variance[1]);
        assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
        assert_memory_equal(variance[0], variance[1], sizeof variance[0]);
        hpo_gp_destroy(fresh);
    }
    hpo_gp_destroy(grown);
    rig_close(&r);
}

static void transforms(void **state) {
    (void)state;
    enum { M = 9 };
    const double inf = (double)INFINITY, loss[M] = {3, 1, 2, 1e300, -1, inf, 2.5, (double)NAN, 4};
    double y[M], mean = 0, square = 0;
    hpo_transform_losses(loss, M, y);
    for (size_t i = 0; i < M; i++) {
        assert_true(isfinite(y[i]));
        mean += y[i] / M;
        square += y[i] * y[i] / M;
    }
    CHECK_NEAR(mean, 0, 1e-12);
    CHECK_NEAR(square, 1, 1e-12);
    assert_true(y[5] == y[3] && y[7] == y[3]);
    /* order, without failures, and a good half that keeps its proportions beside an outlier */
    const double tail[8] = {0, 1, 2, 3, 4, 5, 6, 1e12};
    hpo_transform_losses(tail, 8, y);
    for (size_t i = 1; i < 8; i++) assert_true(y[i] > y[i - 1]);
    CHECK_NEAR((y[2] - y[1]) / (y[1] - y[0]), 1, 1e-3);
    assert_true(y[7] - y[0] < 100 * (y[4] - y[0]));
    const double huge[3] = {-1.7e308, 0, 1.7e308}, same[3] = {5, 5, inf}, none[2] = {inf, (double)NAN};
    hpo_transform_losses(huge, 3, y);
    assert_true(y[0] < y[1] && y[1] < y[2] && isfinite(y[0]) && isfinite(y[2]));
    hpo_transform_losses(same, 3, y);
    assert_true(y[0] == 0 && y[1] == 0 && y[2] == 0);
    hpo_transform_losses(none, 2, y);
    assert_true(y[0] == 0 && y[1] == 0);
}

static void subsets(void **state) {
    (void)state;
    enum { ROWS = 200, LIMIT = 30 };
    double unit[ROWS], loss[ROWS];
    size_t chosen[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        unit[i] = i == 77 ? 0.95 : 0.5 * (double)i / ROWS; /* 77 lies alone */
        loss[i] = (double)((i * 37) % ROWS);
    }
    assert_int_equal(hpo_subset(unit, 1, loss, LIMIT, LIMIT, chosen), LIMIT);
    const size_t count = hpo_subset(unit, 1, loss, ROWS, LIMIT, chosen);
    assert_int_equal(count, LIMIT);
    bool in[ROWS] = {false};
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || chosen[i] > chosen[i - 1]);
        in[chosen[i]] = true;
    }
    assert_true(in[77]);
    for (size_t i = 0; i < ROWS; i++) assert_true(in[i] || (loss[i] >= LIMIT / 3 && i < ROWS - LIMIT / 6));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values),
        cmocka_unit_test(agrees_with_a_dense_reference),
        cmocka_unit_test(believing_changes_no_mean),
        cmocka_unit_test(derivatives_of_predictions),
        cmocka_unit_test(derivatives_of_the_posterior),
        cmocka_unit_test(prior_of_length_scales),
        cmocka_unit_test(a_fit_climbs_and_finds_what_matters),
        cmocka_unit_test(growth_keeps_the_bits),
        cmocka_unit_test(transforms),
        cmocka_unit_test(subsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Functions drawn from a posterior: their mean and covariance over many draws are those of the dense reference. */
#include "hpo/models/gp_sample.h"

#include "tests/hpo/models/dense_gp.h"

enum { ROWS = 15, POINTS = 5, SAMPLES = 1500 };

static hpo_gp *conditioned(rig *r, hpo_kernel_kind kernel, size_t n) {
    hpo_gp *gp = hpo_gp_create(&r->embedding, kernel);
    hpo_gp_condition(gp, r->theta, &(hpo_gp_points){.unit = r->unit, .y = r->y, .n = n, .block = n});
    (void)hpo_gp_predictions(gp, DIMS, NULL);
    return gp;
}

static void draw(hpo_gp *gp, uint32_t which, const double *points, size_t count, double *values) {
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, which, 0);
    double variance[N];
    hpo_gp_sample *sample = hpo_gp_sample_draw(gp, &rng);
    const hpo_surrogate surrogate = hpo_gp_sample_surrogate(sample);
    surrogate.predict(surrogate.self, points, count, values, variance);
    for (size_t i = 0; i < count; i++) assert_true(variance[i] == 0);
    hpo_gp_sample_destroy(sample);
}

/* Within 4.5 standard errors; the points differ in choices, and in whether the conditional number is there. */
static void mean_and_covariance_are_those_of_the_posterior(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    r.theta[DIMS + 1] = log(0.1);
    for (size_t n = 0; n <= ROWS; n += ROWS) {
        hpo_gp *gp = conditioned(&r, HPO_KERNEL_MATERN52, n);
        const double *points = r.unit + (N - POINTS) * DIMS;
        double mean[POINTS] = {0}, product[POINTS][POINTS] = {{0}}, expected[POINTS], values[POINTS], ignored;
        for (size_t i = 0; i < POINTS; i++) reference_predict(&r, n, n, points + i * DIMS, &expected[i], &ignored);
        for (uint32_t s = 0; s < SAMPLES; s++) {
            draw(gp, s, points, POINTS, values);
            for (size_t i = 0; i < POINTS; i++) {
                mean[i] += values[i] / SAMPLES;
                for (size_t j = 0; j <= i; j++) {
                    product[i][j] += (values[i] - expected[i]) * (values[j] - expected[j]) / SAMPLES;
                }
            }
        }
        for (size_t i = 0; i < POINTS; i++) {
            const double own = reference_covariance(&r, n, points + i * DIMS, points + i * DIMS);
            CHECK_NEAR(mean[i], expected[i], 4.5 * sqrt(own / SAMPLES));
            for (size_t j = 0; j <= i; j++) {
                const double other = reference_covariance(&r, n, points + j * DIMS, points + j * DIMS);
                const double both = reference_covariance(&r, n, points + i * DIMS, points + j * DIMS);
                CHECK_NEAR(product[i][j], both, 4.5 * sqrt((own * other + both * both) / SAMPLES));
            }
        }
        hpo_gp_destroy(gp);
    }
    rig_close(&r);
}

static void slopes_are_those_of_the_function(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    for (int kernel = HPO_KERNEL_MATERN52; kernel <= HPO_KERNEL_RBF; kernel++) {
        hpo_gp *gp = conditioned(&r, (hpo_kernel_kind)kernel, ROWS);
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
        hpo_gp_sample *sample = hpo_gp_sample_draw(gp, &rng);
        const hpo_surrogate surrogate = hpo_gp_sample_surrogate(sample);
        for (size_t i = ROWS; i < N; i++) check_slopes(&surrogate, r.unit + i * DIMS, 1e-6);
        hpo_gp_sample_destroy(sample);
        hpo_gp_destroy(gp);
    }
    rig_close(&r);
}

/* Without noise every function goes through what was observed, and two streams give two functions elsewhere. */
static void functions_go_through_the_observations(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    r.theta[DIMS + 1] = log(1e-6);
    hpo_gp *gp = conditioned(&r, HPO_KERNEL_MATERN52, ROWS);
    double a[N], b[N], again[N];
    draw(gp, 1, r.unit, N, a);
    draw(gp, 2, r.unit, N, b);
    draw(gp, 1, r.unit, N, again);
    for (size_t i = 0; i < ROWS; i++) {
        CHECK_NEAR(a[i], r.y[i], 5e-3);
        CHECK_NEAR(b[i], r.y[i], 5e-3);
    }
    assert_memory_equal(a, again, sizeof a);
    double difference = 0;
    for (size_t i = ROWS; i < N; i++) difference = fmax(difference, fabs(a[i] - b[i]));
    assert_true(difference > 0.1);
    hpo_gp_destroy(gp);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_and_covariance_are_those_of_the_posterior),
        cmocka_unit_test(slopes_are_those_of_the_function),
        cmocka_unit_test(functions_go_through_the_observations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

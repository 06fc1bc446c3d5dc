/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Noisy EI against the plain mean of an improvement over many joint draws, and against EI where nothing is uncertain.
 */
#include "hpo/models/noisy_ei.h"

#include "tests/hpo/models/dense_gp.h"

enum { OBSERVED = 5, RUNNING = 2, KNOWN = OBSERVED + RUNNING };

static hpo_gp *conditioned(rig *r, size_t n, size_t running) {
    hpo_gp *gp = hpo_gp_create(&r->embedding, HPO_KERNEL_MATERN52);
    hpo_gp_condition(
        gp, r->theta,
        &(hpo_gp_points){
            .unit = r->unit, .y = r->y, .n = n, .block = n, .pending = r->unit + n * DIMS, .n_pending = running});
    (void)hpo_gp_predictions(gp, DIMS, NULL);
    return gp;
}

static double log_value(hpo_gp *gp, uint32_t seed, const double *point) {
    base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
    double mean, variance;
    hpo_noisy_ei *noisy = hpo_noisy_ei_create(gp, NULL, &rng);
    const hpo_surrogate surrogate = hpo_noisy_ei_surrogate(noisy);
    surrogate.predict(surrogate.self, point, 1, &mean, &variance);
    assert_true(variance == 0);
    hpo_noisy_ei_destroy(noisy);
    return -mean;
}

/* E max(min f(Z) - f(x), 0) by Cholesky's factor of the joint posterior covariance of f(Z) and f(x). */
static double brute_force(const rig *r, const double *point) {
    enum { ALL = KNOWN + 1, DRAWS = 300000 };
    double mean[ALL], factor[ALL][ALL] = {{0}}, sum = 0, ignored;
    const double *at[ALL];
    for (size_t i = 0; i < ALL; i++) at[i] = i < KNOWN ? r->unit + i * DIMS : point;
    for (size_t i = 0; i < ALL; i++) {
        reference_predict(r, OBSERVED, OBSERVED, at[i], &mean[i], &ignored);
        for (size_t j = 0; j <= i; j++) {
            double s = reference_covariance(r, OBSERVED, at[i], at[j]);
            for (size_t k = 0; k < j; k++) s -= factor[i][k] * factor[j][k];
            factor[i][j] = i == j ? sqrt(fmax(s, 0)) : s / factor[j][j];
        }
    }
    base_rng rng = base_rng_stream(77, BASE_RNG_TEST, 0, 0);
    for (size_t d = 0; d < DRAWS; d++) {
        double z[ALL], best = (double)INFINITY, f = 0;
        for (size_t i = 0; i < ALL; i++) {
            z[i] = base_rng_normal(&rng);
            f = mean[i];
            for (size_t k = 0; k <= i; k++) f += factor[i][k] * z[k];
            if (i < KNOWN) best = fmin(best, f);
        }
        sum += fmax(best - f, 0) / DRAWS;
    }
    return sum;
}

/* Length scales and losses such that an improvement is likely everywhere. */
static void rig_open_uncertain(rig *r) {
    rig_open(r);
    for (size_t i = 0; i < DIMS; i++) r->theta[i] -= 1;
    for (size_t i = 0; i < N; i++) r->y[i] /= 2;
}

static void agrees_with_brute_force(void **state) {
    (void)state;
    enum { SEEDS = 200 };
    static const double noise[] = {0.02, 0.3};
    rig r;
    rig_open_uncertain(&r);
    for (size_t c = 0; c < CHECK_COUNT(noise); c++) {
        r.theta[DIMS + 1] = log(noise[c]);
        hpo_gp *gp = conditioned(&r, OBSERVED, RUNNING);
        for (size_t i = N - 3; i < N; i++) {
            double mean = 0;
            for (uint32_t seed = 0; seed < SEEDS; seed++) {
                mean += exp(log_value(gp, seed, r.unit + i * DIMS)) / SEEDS;
            }
            CHECK_CLOSE(mean, brute_force(&r, r.unit + i * DIMS), 0.03);
        }
        hpo_gp_destroy(gp);
    }
    rig_close(&r);
}

/* Without noise and without running points it is log EI over the best observation, wherever that is. */
static void is_ei_without_noise(void **state) {
    (void)state;
    enum { ROWS = 20 };
    rig r;
    rig_open(&r);
    r.theta[DIMS + 1] = log(1e-6);
    hpo_gp *gp = conditioned(&r, ROWS, 0);
    const hpo_surrogate plain = hpo_gp_predictions(gp, DIMS, NULL);
    hpo_acquisition ei = {.kind = HPO_ACQUISITION_LOGEI, .best = (double)INFINITY};
    for (size_t i = 0; i < ROWS; i++) ei.best = fmin(ei.best, r.y[i]);
    for (size_t i = ROWS; i < N; i++) {
        double mean, variance;
        plain.predict(plain.self, r.unit + i * DIMS, 1, &mean, &variance);
        const double expected = hpo_acquisition_value(&ei, mean, variance, NULL, NULL);
        CHECK_NEAR(log_value(gp, 5, r.unit + i * DIMS), expected, 0.01 * (1 + fabs(expected)));
    }
    hpo_gp_destroy(gp);
    rig_close(&r);
}

/* Near, far and so far that every EI underflows. */
static void slopes_are_those_of_the_logarithm(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    for (int far = 0; far < 2; far++) {
        if (far) {
            for (size_t i = 0; i < 20; i++) r.y[i] = i == 0 ? -40 : 1;
        }
        hpo_gp *gp = conditioned(&r, 20, 3);
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
        hpo_noisy_ei *noisy = hpo_noisy_ei_create(gp, NULL, &rng);
        const hpo_surrogate surrogate = hpo_noisy_ei_surrogate(noisy);
        for (size_t i = 23; i < N; i++) check_slopes(&surrogate, r.unit + i * DIMS, 1e-6);
        if (far) {
            double mean, variance;
            surrogate.predict(surrogate.self, r.unit + (N - 1) * DIMS, 1, &mean, &variance);
            assert_true(mean > 800 && isfinite(mean));
        }
        hpo_noisy_ei_destroy(noisy);
        hpo_gp_destroy(gp);
    }
    rig_close(&r);
}

/* Nothing is known: EI of the prior over its mean. Only running points; one observation; one of them five times. */
static void few_and_repeated_points(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    const hpo_acquisition ei = {.kind = HPO_ACQUISITION_LOGEI};
    hpo_gp *gp = conditioned(&r, 0, 0);
    CHECK_NEAR(log_value(gp, 1, r.unit), hpo_acquisition_value(&ei, 0, exp(r.theta[DIMS]), NULL, NULL), 1e-12);
    hpo_gp_destroy(gp);
    gp = conditioned(&r, 0, 2);
    const double near = log_value(gp, 1, r.unit), away = log_value(gp, 1, r.unit + (N - 1) * DIMS);
    assert_true(isfinite(near) && near < away);
    hpo_gp_destroy(gp);
    for (size_t i = 1; i < 5; i++) memcpy(r.unit + i * DIMS, r.unit, DIMS * sizeof *r.unit);
    for (size_t n = 1; n <= 5; n += 4) {
        gp = conditioned(&r, n, 0);
        assert_true(isfinite(log_value(gp, 1, r.unit)) && isfinite(log_value(gp, 1, r.unit + (N - 1) * DIMS)));
        hpo_gp_destroy(gp);
    }
    rig_close(&r);
}

/* The last coordinate as a fidelity: where all results are at the one that is asked about it is as if it were not. */
static void a_fidelity_is_held(void **state) {
    (void)state;
    rig r;
    rig_open_uncertain(&r);
    for (size_t i = 0; i < 20; i++) r.unit[i * DIMS + DIMS - 1] = 0.5;
    hpo_gp *gp = conditioned(&r, 18, 2);
    double point[DIMS];
    memcpy(point, r.unit + (N - 1) * DIMS, sizeof point);
    point[DIMS - 1] = 0.5;
    const double inside = log_value(gp, 4, point), tail[2] = {0.5, 0.9};
    (void)hpo_gp_predictions(gp, DIMS - 1, &tail[0]);
    CHECK_NEAR(log_value(gp, 4, point), inside, 1e-3);
    (void)hpo_gp_predictions(gp, DIMS - 1, &tail[1]);
    assert_true(fabs(log_value(gp, 4, point) - inside) > 0.01);
    hpo_gp_destroy(gp);
    rig_close(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_brute_force),
        cmocka_unit_test(is_ei_without_noise),
        cmocka_unit_test(slopes_are_those_of_the_logarithm),
        cmocka_unit_test(few_and_repeated_points),
        cmocka_unit_test(a_fidelity_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a data set to a posterior: against the process conditioned by hand, and cold against warm. */
#include "hpo/models/gp_surrogate.h"

#include "hpo/models/gp.h"
#include "hpo/models/gp_fit.h"
#include "hpo/models/transform.h"
#include "tests/support/toy_space.h"

enum { DIMS = 2, ROWS = 12, MORE = 60, PENDING = 2, MANY = 1130 };

static const char *const SPACE = "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}}";

/* Rows at two fidelities, the cheap ones shifted. */
typedef struct rig {
    toy_sampling s;
    double unit[MORE * DIMS], loss[MORE], fidelity[MORE], pending[PENDING * DIMS], pending_fidelity[PENDING];
    uint64_t trial[MORE];
} rig;

static void rig_open(rig *r) {
    toy_sampling_open(&r->s, "random", 1, SPACE);
    base_rng rng = base_rng_stream(8, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < MORE; i++) {
        const double x = r->unit[2 * i] = base_rng_uniform(&rng), y = r->unit[2 * i + 1] = base_rng_uniform(&rng);
        r->fidelity[i] = i % 3 == 0 ? 9 : 1;
        r->loss[i] = sin(5 * x) + y * y + (r->fidelity[i] < 9 ? 0.5 : 0);
        r->trial[i] = i;
    }
    for (size_t i = 0; i < PENDING * DIMS; i++) r->pending[i] = base_rng_uniform(&rng);
    for (size_t i = 0; i < PENDING; i++) r->pending_fidelity[i] = 9;
}

static hpo_dataset dataset(const rig *r, size_t n, size_t n_pending) {
    return (hpo_dataset){.dims = DIMS,
                         .n = n,
                         .unit = r->unit,
                         .loss = r->loss,
                         .fidelity = r->fidelity,
                         .trial = r->trial,
                         .n_pending = n_pending,
                         .pending_unit = r->pending,
                         .pending_fidelity = r->pending_fidelity};
}

static void is_the_process_of_the_transformed_losses(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    const hpo_dataset data = dataset(&r, ROWS, PENDING);
    hpo_gp_surrogate *model = hpo_gp_surrogate_create(r.s.space, &(hpo_gp_settings){.kernel = HPO_KERNEL_RBF});
    const hpo_surrogate posterior = hpo_gp_surrogate_condition(model, &data, 1);

    hpo_embedding embedding = hpo_embedding_make(r.s.space, 0);
    double y[ROWS], theta[DIMS + 2], least = (double)INFINITY;
    hpo_transform_losses(r.loss, ROWS, y);
    hpo_gp_fit(&(hpo_gp_data){.embedding = &embedding, .kernel = HPO_KERNEL_RBF, .unit = r.unit, .y = y, .n = ROWS},
               NULL, theta);
    hpo_gp *gp = hpo_gp_create(&embedding, HPO_KERNEL_RBF);
    hpo_gp_condition(
        gp, theta,
        &(hpo_gp_points){.unit = r.unit, .y = y, .n = ROWS, .block = ROWS, .pending = r.pending, .n_pending = PENDING});
    const hpo_surrogate plain = hpo_gp_predictions(gp, DIMS, NULL);
    double mean[2], variance[2];
    for (size_t i = 0; i < MORE; i++) {
        posterior.predict(posterior.self, r.unit + i * DIMS, 1, &mean[0], &variance[0]);
        plain.predict(plain.self, r.unit + i * DIMS, 1, &mean[1], &variance[1]);
        CHECK_NEAR(mean[0], mean[1], 1e-12);
        CHECK_NEAR(variance[0], variance[1], 1e-12);
        if (i < ROWS) least = fmin(least, mean[1]);
    }
    CHECK_NEAR(hpo_gp_surrogate_best(model), least, 1e-9);
    hpo_gp_destroy(gp);
    hpo_embedding_free(&embedding);
    hpo_gp_surrogate_destroy(model);
    toy_sampling_close(&r.s);
}

/* One that saw every prefix, and the rows of another rung in between, and one that saw the last only. */
static void what_was_kept_does_not_show(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    const hpo_gp_settings settings = {.kernel = HPO_KERNEL_MATERN52};
    hpo_gp_surrogate *warm = hpo_gp_surrogate_create(r.s.space, &settings);
    for (size_t n = 1; n < MORE; n++) {
        const hpo_dataset grown = dataset(&r, n, n % 3), other = dataset(&r, n / 2, 0);
        const hpo_surrogate a = hpo_gp_surrogate_condition(warm, &grown, 1);
        if (n % 13 == 5) {
            hpo_gp_surrogate *cold = hpo_gp_surrogate_create(r.s.space, &settings);
            const hpo_surrogate b = hpo_gp_surrogate_condition(cold, &grown, 1);
            double mean[2], variance[2];
            a.predict(a.self, r.unit + (MORE - 1) * DIMS, 1, &mean[0], &variance[0]);
            b.predict(b.self, r.unit + (MORE - 1) * DIMS, 1, &mean[1], &variance[1]);
            assert_memory_equal(&mean[0], &mean[1], sizeof *mean);
            assert_memory_equal(&variance[0], &variance[1], sizeof *variance);
            CHECK_SAME_DOUBLE(hpo_gp_surrogate_best(warm), hpo_gp_surrogate_best(cold));
            hpo_gp_surrogate_destroy(cold);
        }
        (void)hpo_gp_surrogate_condition(warm, &other, 1);
    }
    hpo_gp_surrogate_destroy(warm);
    toy_sampling_close(&r.s);
}

/* More results than rows: a subset of the old ones and all the recent ones. At a recent one the mean is what was seen.
 */
static void of_many_results_the_recent_ones_count(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    static double unit[MANY * DIMS], loss[MANY], y[MANY];
    base_rng rng = base_rng_stream(9, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < MANY * DIMS; i++) unit[i] = base_rng_uniform(&rng);
    for (size_t i = 0; i < MANY; i++) loss[i] = sin(40 * unit[i * DIMS]) + cos(30 * unit[i * DIMS + 1]);
    const hpo_gp_settings settings = {.kernel = HPO_KERNEL_MATERN52};
    hpo_gp_surrogate *warm = hpo_gp_surrogate_create(r.s.space, &settings);
    static const size_t sizes[] = {1000, 1001, 1063, 1064, 1100, MANY};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t n = sizes[i];
        const hpo_dataset data = {.dims = DIMS, .n = n, .unit = unit, .loss = loss};
        hpo_gp_surrogate *cold = hpo_gp_surrogate_create(r.s.space, &settings);
        const hpo_surrogate a = hpo_gp_surrogate_condition(warm, &data, 1);
        const hpo_surrogate b = hpo_gp_surrogate_condition(cold, &data, 1);
        double mean[2], variance[2];
        a.predict(a.self, unit + (n - 1) * DIMS, 1, &mean[0], &variance[0]);
        b.predict(b.self, unit + (n - 1) * DIMS, 1, &mean[1], &variance[1]);
        assert_memory_equal(&mean[0], &mean[1], sizeof *mean);
        assert_memory_equal(&variance[0], &variance[1], sizeof *variance);
        hpo_transform_losses(loss, n, y);
        CHECK_NEAR(mean[0], y[n - 1], 0.02);
        CHECK_SAME_DOUBLE(hpo_gp_surrogate_best(warm), hpo_gp_surrogate_best(cold));
        hpo_gp_surrogate_destroy(cold);
    }
    hpo_gp_surrogate_destroy(warm);
    toy_sampling_close(&r.s);
}

/* Without rows: mean 0 and the variance of the prior, less of it around what is running. */
static void nothing_and_pending_only(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    hpo_gp_surrogate *model = hpo_gp_surrogate_create(r.s.space, &(hpo_gp_settings){0});
    const double far[DIMS] = {0.5, 0.5};
    double mean, variance, d_mean[DIMS], d_variance[DIMS];
    for (size_t n_pending = 0; n_pending <= PENDING; n_pending += PENDING) {
        const hpo_dataset data = dataset(&r, 0, n_pending);
        const hpo_surrogate posterior = hpo_gp_surrogate_condition(model, &data, 1);
        posterior.predict(posterior.self, far, 1, &mean, &variance);
        assert_true(mean == 0 && (n_pending == 0 ? variance == 1 : variance < 1));
        posterior.gradient(posterior.self, far, &mean, &variance, d_mean, d_variance);
        assert_true(mean == 0 && d_mean[0] == 0 && (d_variance[0] == 0) == (n_pending == 0));
        assert_true(hpo_gp_surrogate_best(model) == 0);
        if (n_pending == 0) continue;
        posterior.predict(posterior.self, r.pending, 1, &mean, &variance);
        assert_true(variance < 0.01);
    }
    hpo_gp_surrogate_destroy(model);
    toy_sampling_close(&r.s);
}

/* With the fidelity as an input, the best mean is that at the fidelity asked about: the cheap losses are 0.5 higher. */
static void a_fidelity_is_an_input(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    const hpo_gp_settings settings = {.fidelity = true, .min_fidelity = 1, .max_fidelity = 9};
    hpo_gp_surrogate *model = hpo_gp_surrogate_create(r.s.space, &settings);
    const hpo_dataset data = dataset(&r, MORE, 0);
    (void)hpo_gp_surrogate_condition(model, &data, 1);
    const double cheap = hpo_gp_surrogate_best(model);
    (void)hpo_gp_surrogate_condition(model, &data, 9);
    const double full = hpo_gp_surrogate_best(model);
    double y[MORE], slope = (double)INFINITY;
    hpo_transform_losses(r.loss, MORE, y);
    for (size_t i = 1; i < MORE; i++) slope = fmin(slope, (y[i] - y[0]) / (r.loss[i] - r.loss[0]));
    CHECK_NEAR(cheap - full, 0.5 * slope, 0.2 * slope);
    hpo_gp_surrogate_destroy(model);
    toy_sampling_close(&r.s);
}

/* Plain: scaling and shifting the losses does that to the predictions, slopes and best mean, and nothing more. */
static void plain_predictions_are_on_the_scale_of_the_losses(void **state) {
    (void)state;
    rig r;
    rig_open(&r);
    double value[2][6], d_variance[2][DIMS];
    for (int scaled = 0; scaled < 2; scaled++) {
        hpo_gp_surrogate *model = hpo_gp_surrogate_create(r.s.space, &(hpo_gp_settings){.plain = true});
        for (size_t i = 0; i < MORE && scaled; i++) r.loss[i] = 7 + 3 * r.loss[i];
        const hpo_dataset data = dataset(&r, ROWS, 0);
        const hpo_surrogate posterior = hpo_gp_surrogate_condition(model, &data, 1);
        double *v = value[scaled];
        posterior.predict(posterior.self, r.unit + 30 * DIMS, 1, &v[0], &v[1]);
        posterior.gradient(posterior.self, r.unit + 30 * DIMS, &v[2], &v[3], &v[4], d_variance[scaled]);
        CHECK_NEAR(v[2], v[0], 1e-9);
        CHECK_NEAR(v[3], v[1], 1e-9);
        posterior.predict(posterior.self, r.unit, 1, &v[2], &v[3]);
        CHECK_NEAR(v[2], r.loss[0], 0.05 * (scaled ? 3 : 1)); /* at an observation: what was observed */
        v[5] = hpo_gp_surrogate_best(model);
        hpo_gp_surrogate_destroy(model);
    }
    CHECK_NEAR(value[1][0], 7 + 3 * value[0][0], 1e-6);
    CHECK_NEAR(value[1][1], 9 * value[0][1], 1e-6);
    CHECK_NEAR(value[1][4], 3 * value[0][4], 1e-6);
    CHECK_NEAR(value[1][5], 7 + 3 * value[0][5], 1e-6);
    CHECK_NEAR(d_variance[1][0], 9 * d_variance[0][0], 1e-6);
    toy_sampling_close(&r.s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_process_of_the_transformed_losses),
        cmocka_unit_test(what_was_kept_does_not_show),
        cmocka_unit_test(of_many_results_the_recent_ones_count),
        cmocka_unit_test(nothing_and_pending_only),
        cmocka_unit_test(a_fidelity_is_an_input),
        cmocka_unit_test(plain_predictions_are_on_the_scale_of_the_losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probability of feasibility in closed form and by differences; the weighted acquisition as a product; what a model
 * of constraints is fitted on. */
#include "hpo/models/feasibility.h"

#include <math.h>

#include "hpo/models/gp_feasibility.h"
#include "tests/support/check.h"

static void probability_is_that_of_a_normal(void **state) {
    (void)state;
    CHECK_NEAR(hpo_log_feasible(0, 1, NULL, NULL), log(0.5), 1e-14);
    CHECK_NEAR(hpo_log_feasible(-2, 4, NULL, NULL), log(0.84134474606854293), 1e-14);
    CHECK_NEAR(hpo_log_feasible(1.5, 0.25, NULL, NULL), log(0.0013498980316300946), 1e-12); /* Phi(-3) */
    CHECK_NEAR(hpo_log_feasible(-1, 0, NULL, NULL), 0, 0);
    assert_true(hpo_log_feasible(20, 1, NULL, NULL) < -200 && isfinite(hpo_log_feasible(1, 0, NULL, NULL)));
    static const double means[] = {-3, -0.5, 0, 0.7, 12}, variances[] = {0.01, 1, 9};
    for (size_t i = 0; i < CHECK_COUNT(means); i++) {
        for (size_t j = 0; j < CHECK_COUNT(variances); j++) {
            const double m = means[i], v = variances[j], h = 1e-6 * v;
            double by_mean, by_variance;
            (void)hpo_log_feasible(m, v, &by_mean, &by_variance);
            const double mean_slope =
                (hpo_log_feasible(m + h, v, NULL, NULL) - hpo_log_feasible(m - h, v, NULL, NULL)) / (2 * h);
            const double variance_slope =
                (hpo_log_feasible(m, v + h, NULL, NULL) - hpo_log_feasible(m, v - h, NULL, NULL)) / (2 * h);
            CHECK_NEAR(by_mean, mean_slope, 1e-5 * (1 + fabs(mean_slope)));
            CHECK_NEAR(by_variance, variance_slope, 1e-5 * (1 + fabs(variance_slope)));
        }
    }
}

static void bilog_keeps_sign_and_order(void **state) {
    (void)state;
    CHECK_NEAR(hpo_bilog(0), 0, 0);
    CHECK_NEAR(hpo_bilog(expm1(2)), 2, 1e-12);
    CHECK_NEAR(hpo_bilog(-expm1(2)), -2, 1e-12);
}

/* A model whose prediction is known: mean = slope * x + shift, with one variance. */
typedef struct line {
    double slope, shift, variance;
} line;

static void predict_line(void *self, const double *points, size_t count, double *mean, double *variance) {
    const line *l = self;
    for (size_t i = 0; i < count; i++) {
        mean[i] = l->slope * points[i] + l->shift;
        variance[i] = l->variance;
    }
}

static void line_gradient(void *self, const double *point, double *mean, double *variance, double *d_mean,
                          double *d_variance) {
    const line *l = self;
    predict_line(self, point, 1, mean, variance);
    *d_mean = l->slope;
    *d_variance = 0;
}

static hpo_space *one_number(void) {
    base_err err;
    hpo_space *space = hpo_space_create();
    CHECK_OK(hpo_space_add(space, &(hpo_param){.name = "x", .kind = HPO_FLOAT, .min = 0, .max = 1}, &err));
    CHECK_OK(hpo_space_seal(space, &err));
    return space;
}

/* log EI + log Phi + log Phi; the least excess where there is no surrogate. */
static void acquisition_is_weighed_by_the_probabilities(void **state) {
    (void)state;
    hpo_space *space = one_number();
    hpo_history *history = hpo_history_create(space, false, 1);
    line loss = {-1, 0, 0.04}, one = {2, -1, 0.09}, two = {0.5, -1, 0.25};
    const hpo_surrogate surrogate = {&loss, 1, predict_line, line_gradient};
    const hpo_surrogate excess[] = {{&one, 1, predict_line, line_gradient}, {&two, 1, predict_line, line_gradient}};
    hpo_maximize problem = {.space = space,
                            .surrogate = &surrogate,
                            .acquisition = {.kind = HPO_ACQUISITION_LOGEI, .best = -0.2},
                            .view = hpo_history_view(history),
                            .excess = excess,
                            .n_excess = 2};
    static const double xs[] = {0, 0.3, 0.5, 0.9};
    double values[4];
    hpo_maximize_values(&problem, xs, 4, values);
    for (size_t i = 0; i < 4; i++) {
        const double x = xs[i];
        const double ei = hpo_log_improvement((-0.2 + x) / 0.2) + log(0.2);
        const double met = hpo_log_normal_cdf((1 - 2 * x) / 0.3) + hpo_log_normal_cdf((1 - 0.5 * x) / 0.5);
        CHECK_NEAR(values[i], ei + met, 1e-12 * (1 + fabs(ei + met)));
    }
    problem.acquisition.kind = HPO_ACQUISITION_EI;
    double products[4];
    hpo_maximize_values(&problem, xs, 4, products);
    for (size_t i = 0; i < 4; i++) CHECK_NEAR(products[i], exp(values[i]), 1e-12 * products[i]);

    bool found;
    double config[1], best = -(double)INFINITY, at = 0;
    problem.acquisition.kind = HPO_ACQUISITION_LOGEI;
    for (int i = 0; i <= 100000; i++) { /* the maximum by looking everywhere */
        const double x = i / 100000.0;
        const double value = hpo_log_improvement((-0.2 + x) / 0.2) + hpo_log_normal_cdf((1 - 2 * x) / 0.3) +
                             hpo_log_normal_cdf((1 - 0.5 * x) / 0.5);
        if (value > best) best = value, at = x;
    }
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    hpo_maximize_run(&problem, &rng, config, &found);
    assert_true(found);
    CHECK_NEAR(config[0], at, 1e-3);
    assert_true(config[0] > 0.3 && config[0] < 0.9);

    problem.surrogate = NULL;
    problem.acquisition = (hpo_acquisition){.kind = HPO_ACQUISITION_LCB};
    hpo_maximize_run(&problem, &rng, config, &found);
    assert_true(found);
    CHECK_NEAR(config[0], 0, 1e-6); /* both excesses grow with x */
    hpo_history_destroy(history);
    hpo_space_destroy(space);
}

/* Results of a history with constraints: rows, what is feasible, and where an improvement is counted from. */
static void models_see_the_excess(void **state) {
    (void)state;
    static const hpo_constraint bound = {"size", 2, true};
    hpo_space *space = one_number();
    hpo_history *history = hpo_history_create(space, false, 1);
    hpo_history_constrain(history, (hpo_constraints){&bound, 1});
    for (uint64_t id = 0; id < 8; id++) {
        base_err err;
        const double x = (double)id / 7;
        const hpo_record start = {
            .kind = HPO_RECORD_START, .trial = id, .parent = UINT64_MAX, .fidelity = 1, .config = &x, .as_of = 2 * id};
        hpo_record end = {.kind = HPO_RECORD_RESULT, .trial = id, .fidelity = 1, .final = true, .value = x};
        hpo_metrics_set(&end.result.metrics, "loss", x);
        hpo_metrics_set(&end.result.metrics, "size", 6 - 6 * x); /* feasible from x = 2/3 on */
        if (id == 7) end.result.failure = HPO_FAILURE_CRASH;
        CHECK_OK(hpo_history_apply(history, &start, &err));
        CHECK_OK(hpo_history_apply(history, &end, &err));
    }
    const hpo_view view = hpo_history_view(history);
    hpo_observations *observations = hpo_observations_create(space);
    const hpo_dataset data =
        hpo_observations_collect(observations, view, &(hpo_data_query){.policy = HPO_DATA_HIGHEST, .needed = 1});
    bool counts[8];
    assert_int_equal(hpo_feasible_rows(&data, counts), 2);
    for (size_t i = 0; i < 8; i++) assert_int_equal(counts[i], i == 5 || i == 6);
    hpo_selection rows = {0};
    const hpo_dataset excess = hpo_excess_collect(&rows, &data, 0);
    assert_int_equal(excess.n, 7);
    for (size_t i = 0; i < 7; i++) {
        const double e = (6 - 6 * (double)i / 7 - 2) / 2;
        CHECK_NEAR(excess.loss[i], e < 0 ? -log1p(-e) : log1p(e), 1e-12);
    }
    const hpo_gp_settings settings = {.kernel = HPO_KERNEL_MATERN52};
    hpo_gp_surrogate *loss = hpo_gp_surrogate_create(space, &settings);
    hpo_gp_feasibility *feasibility = hpo_gp_feasibility_create(space, &settings);
    hpo_surrogate surrogate = hpo_gp_surrogate_condition(loss, &data, 1);
    hpo_maximize problem = {.space = space, .surrogate = &surrogate};
    const double of_all = hpo_gp_surrogate_best(loss);
    bool improves;
    hpo_gp_feasibility_condition(feasibility, view, &data, 1, loss, &problem, &improves);
    assert_true(improves && problem.surrogate == &surrogate && problem.n_excess == 1);
    assert_true(hpo_gp_surrogate_best(loss) > of_all); /* the least feasible loss is 5/7, not 0 */
    double mean, variance, at = 0.1;
    problem.excess[0].predict(problem.excess[0].self, &at, 1, &mean, &variance);
    assert_true(mean > 0.5);
    at = 0.95;
    problem.excess[0].predict(problem.excess[0].self, &at, 1, &mean, &variance);
    assert_true(mean < 0);
    hpo_gp_feasibility_destroy(feasibility);
    hpo_gp_surrogate_destroy(loss);
    hpo_selection_fini(&rows);
    hpo_observations_destroy(observations);
    hpo_history_destroy(history);
    hpo_space_destroy(space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probability_is_that_of_a_normal),
        cmocka_unit_test(bilog_keeps_sign_and_order),
        cmocka_unit_test(acquisition_is_weighed_by_the_probabilities),
        cmocka_unit_test(models_see_the_excess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Gaussian process that forgets, against dense matrices made of the formula of its paper, and what a fit makes of a
 * function that stays or changes. */
#include "hpo/models/gp_fit.h"
#include "tests/hpo/models/dense_gp.h"

/* x, a choice, one more coordinate (a level), and time. */
enum { ROWS = 24, PENDING = 3, WIDTH = 4 };
static const char *const TWO = "{parameters: {x: {min: 0.0, max: 1.0}, c: {values: [p, q]}}}";

typedef struct timed {
    toy_sampling s;
    hpo_embedding embedding;
    double unit[N * WIDTH], y[N], theta[WIDTH + 2], epsilon;
} timed;

static void timed_open(timed *t) {
    toy_sampling_open(&t->s, "random", 1, TWO);
    t->embedding = hpo_embedding_make_timed(t->s.space, 1);
    assert_int_equal(t->embedding.dims, WIDTH);
    base_rng rng = base_rng_stream(7, BASE_RNG_TEST, 0, 0);
    for (size_t i = 0; i < N; i++) {
        double *row = t->unit + i * WIDTH;
        hpo_space_to_unit(t->s.space, toy_sampling_point(&t->s, i, 0), row);
        row[2] = base_rng_uniform(&rng);
        row[3] = (double)(i / 4);
        t->y[i] = base_rng_normal(&rng);
    }
    t->epsilon = 0.2;
    t->theta[0] = log(0.4);
    t->theta[1] = log(0.8);
    t->theta[2] = log(0.6);
    t->theta[3] = log(1 / sqrt(-log(1 - t->epsilon)));
    t->theta[4] = log(1.3);
    t->theta[5] = log(0.02);
}

static void timed_close(timed *t) {
    hpo_embedding_free(&t->embedding);
    toy_sampling_close(&t->s);
}

static double kernel_of(const timed *t, const double *a, const double *b) {
    const double x = (a[0] - b[0]) / 0.4, c = a[1] == b[1] ? 0 : 1 / 0.8, level = (a[2] - b[2]) / 0.6;
    return 1.3 * exp(-(x * x + c * c + level * level) / 2) * pow(1 - t->epsilon, fabs(a[3] - b[3]) / 2);
}

static double inverse_of(const timed *t, size_t rows, double *inverse) {
    double k[N * N];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++)
            k[i * rows + j] = kernel_of(t, t->unit + i * WIDTH, t->unit + j * WIDTH) + (i == j ? 0.02 : 0);
    return invert(k, inverse, rows);
}

static void agrees_with_the_formula(void **state) {
    (void)state;
    timed t;
    timed_open(&t);
    hpo_gp *gp = hpo_gp_create(&t.embedding, HPO_KERNEL_RBF);
    const hpo_gp_points points = {
        .unit = t.unit, .y = t.y, .n = ROWS, .block = ROWS, .pending = t.unit + ROWS * WIDTH, .n_pending = PENDING};
    hpo_gp_condition(gp, t.theta, &points);
    double inverse[N * N], log_marginal = -(double)ROWS / 2 * log(2 * 3.14159265358979323846);
    for (size_t i = ROWS + PENDING; i < N; i++) {
        const double *point = t.unit + i * WIDTH;
        double mean, variance, expected = 0, left = 1.3, k[N];
        const hpo_surrogate surrogate = hpo_gp_predictions(gp, 2, point + 2);
        surrogate.predict(surrogate.self, point, 1, &mean, &variance);
        for (size_t j = 0; j < ROWS + PENDING; j++) k[j] = kernel_of(&t, point, t.unit + j * WIDTH);
        inverse_of(&t, ROWS, inverse);
        for (size_t a = 0; a < ROWS; a++)
            for (size_t b = 0; b < ROWS; b++) expected += k[a] * inverse[a * ROWS + b] * t.y[b];
        inverse_of(&t, ROWS + PENDING, inverse);
        for (size_t a = 0; a < ROWS + PENDING; a++)
            for (size_t b = 0; b < ROWS + PENDING; b++) left -= k[a] * inverse[a * (ROWS + PENDING) + b] * k[b];
        CHECK_NEAR(mean, expected, 1e-10);
        CHECK_NEAR(variance, left, 1e-10);
    }
    log_marginal -= inverse_of(&t, ROWS, inverse) / 2;
    for (size_t a = 0; a < ROWS; a++)
        for (size_t b = 0; b < ROWS; b++) log_marginal -= t.y[a] * inverse[a * ROWS + b] * t.y[b] / 2;
    const hpo_gp_data data = {.embedding = &t.embedding, .kernel = HPO_KERNEL_RBF, .unit = t.unit, .y = t.y, .n = ROWS};
    CHECK_NEAR(hpo_gp_log_marginal(&data, t.theta, NULL), log_marginal, 1e-10);
    hpo_gp_destroy(gp);
    timed_close(&t);
}

static void derivatives(void **state) {
    (void)state;
    timed t;
    timed_open(&t);
    const hpo_gp_data data = {.embedding = &t.embedding, .kernel = HPO_KERNEL_RBF, .unit = t.unit, .y = t.y, .n = ROWS};
    double gradient[WIDTH + 2] = {0}, value[2];
    hpo_gp_log_marginal(&data, t.theta, gradient);
    for (size_t i = 0; i < WIDTH + 2; i++) {
        const double h = 1e-5, at = t.theta[i];
        for (int side = 0; side < 2; side++) {
            t.theta[i] = at + (side ? h : -h);
            value[side] = hpo_gp_log_marginal(&data, t.theta, NULL);
        }
        t.theta[i] = at;
        CHECK_NEAR(gradient[i], (value[1] - value[0]) / (2 * h), 1e-6 * (1 + fabs(gradient[i])));
    }
    timed_close(&t);
}

/* Of one function the past is worth as much as the present; of one that turns around at each step it is worth nothing,
 * and as much is forgotten as is allowed. */
static void a_fit_learns_to_forget(void **state) {
    (void)state;
    timed t;
    timed_open(&t);
    const hpo_gp_data data = {.embedding = &t.embedding, .kernel = HPO_KERNEL_RBF, .unit = t.unit, .y = t.y, .n = N};
    double theta[WIDTH + 2];
    for (size_t i = 0; i < N; i++) t.y[i] = cos(3 * t.unit[i * WIDTH]);
    hpo_gp_fit(&data, NULL, theta);
    assert_true(1 - exp(-exp(-2 * theta[WIDTH - 1])) < 0.01);
    for (size_t i = 0; i < N; i++) t.y[i] *= (i / 4) % 2 ? 1 : -1;
    hpo_gp_fit(&data, NULL, theta);
    CHECK_NEAR(1 - exp(-exp(-2 * theta[WIDTH - 1])), 0.5, 1e-9);
    timed_close(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_formula),
        cmocka_unit_test(derivatives),
        cmocka_unit_test(a_fit_learns_to_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

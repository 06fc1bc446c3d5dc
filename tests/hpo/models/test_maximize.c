/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Maximizing over mixed, conditional and forbidden spaces: surrogates whose best point is known. */
#include "hpo/models/maximize.h"

#include "tests/support/toy_space.h"

/* The lower the mean the better; the variance is the same everywhere, so that the best point is that of least mean. */
static const double *target; /* a point of the unit cube; NaN: this coordinate does not count */
static size_t target_dims;
static size_t predictions;

static double bowl(const double *point) {
    double sum = 0;
    for (size_t i = 0; i < target_dims; i++) {
        if (isnan(target[i])) continue;
        sum += isnan(point[i]) ? 1 : (point[i] - target[i]) * (point[i] - target[i]);
    }
    return sum;
}

static void predict(void *self, const double *points, size_t count, double *mean, double *variance) {
    (void)self;
    predictions += count;
    for (size_t i = 0; i < count; i++) {
        mean[i] = bowl(points + i * target_dims);
        variance[i] = 0.01;
    }
}

static void gradient(void *self, const double *point, double *mean, double *variance, double *d_mean,
                     double *d_variance) {
    (void)self;
    *mean = bowl(point);
    *variance = 0.01;
    for (size_t i = 0; i < target_dims; i++) {
        d_mean[i] = isnan(target[i]) || isnan(point[i]) ? 0 : 2 * (point[i] - target[i]);
        d_variance[i] = 0;
    }
}

typedef struct rig {
    toy_sampling s;
    hpo_surrogate surrogate;
    hpo_maximize problem;
} rig;

static void rig_open(rig *r, const char *yaml, const double *unit, bool smooth) {
    toy_sampling_open(&r->s, "random", 1, yaml);
    target = unit;
    target_dims = hpo_space_dims(r->s.space);
    r->surrogate = (hpo_surrogate){.dims = target_dims, .predict = predict, .gradient = smooth ? gradient : NULL};
    r->problem = (hpo_maximize){
        .space = r->s.space, .surrogate = &r->surrogate, .view = hpo_history_view(r->s.history), .candidates = 200};
}

static bool run(rig *r, uint32_t seed) {
    base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
    bool found;
    r->problem.view = hpo_history_view(r->s.history);
    hpo_maximize_run(&r->problem, &rng, r->s.config, &found);
    return found;
}

static void start(rig *r, uint64_t id) {
    base_err err;
    const hpo_record record = {.kind = HPO_RECORD_START,
                               .trial = id,
                               .fidelity = 1,
                               .as_of = hpo_history_view(r->s.history).as_of,
                               .parent = UINT64_MAX,
                               .config = r->s.config};
    CHECK_OK(hpo_history_apply(r->s.history, &record, &err));
}

static const char *const MIXED =
    "{parameters: {branch: {values: [p, q, r, s]}, u: {min: 0.0, max: 1.0, when: {branch: r}}, k: {min: 1, max: 100}, "
    "x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}}";

/* branch r, its u at 0.3, k = 40, x and y inside: with gradients exactly, without them nearly. */
static void finds_the_best_of_a_conditional_space(void **state) {
    (void)state;
    static const double best[5] = {2.5 / 4, 0.3, 39.5 / 100, 0.77, 0.12};
    for (int smooth = 0; smooth < 2; smooth++) {
        rig r;
        rig_open(&r, MIXED, best, smooth);
        assert_true(run(&r, 1));
        const double tolerance = smooth ? 1e-5 : 0.03;
        assert_true(r.s.config[0] == 2);
        CHECK_NEAR(r.s.config[1], 0.3, tolerance);
        CHECK_NEAR(r.s.config[2], 40, smooth ? 0 : 2);
        CHECK_NEAR(r.s.config[3], 0.77, tolerance);
        CHECK_NEAR(r.s.config[4], 0.12, tolerance);
        toy_sampling_close(&r.s);
    }
}

/* At the bound, where every climb ends in the very same corner: that one once, then others. */
static void never_the_same_point_twice(void **state) {
    (void)state;
    static const double corner[2] = {-1, 2};
    rig r;
    rig_open(&r, "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}}", corner, true);
    for (uint64_t id = 0; id < 12; id++) {
        assert_true(run(&r, 7));
        assert_false(hpo_view_has_config(r.problem.view, r.s.config));
        if (id == 0) assert_true(r.s.config[0] == 0 && r.s.config[1] == 1);
        start(&r, id);
    }
    toy_sampling_close(&r.s);
}

/* Every point in the order of its distance, then nothing. */
static void a_finite_space_is_enumerated(void **state) {
    (void)state;
    static const double corner[2] = {0, 0};
    rig r;
    rig_open(&r, "{parameters: {a: {min: 1, max: 4}, b: {min: 1, max: 3}}, forbid: [{a: 2, b: 2}]}", corner, false);
    double before = -1;
    for (uint64_t id = 0; id < 11; id++) {
        assert_true(run(&r, 1));
        double unit[2];
        hpo_space_to_unit(r.s.space, r.s.config, unit);
        assert_true(bowl(unit) >= before);
        before = bowl(unit);
        start(&r, id);
    }
    r.s.config[0] = 99;
    assert_false(run(&r, 1));
    assert_true(r.s.config[0] == 99);
    toy_sampling_close(&r.s);
}

/* The bowl's bottom is forbidden: the answer lies at the border, allowed. */
static void forbidden_points_are_never_answers(void **state) {
    (void)state;
    static const double best[2] = {0.3, 0.3};
    rig r;
    rig_open(&r,
             "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}, forbid: [{x: {lt: 0.4}, y: {lt: 0.4}}]}",
             best, true);
    for (uint32_t seed = 0; seed < 5; seed++) {
        assert_true(run(&r, seed));
        assert_true(r.s.config[0] >= 0.4 || r.s.config[1] >= 0.4);
        double value, inside[2] = {0.4, 0.3};
        hpo_maximize_values(&r.problem, r.s.config, 1, &value);
        double at_border;
        hpo_maximize_values(&r.problem, inside, 1, &at_border);
        assert_true(value > at_border - 1);
    }
    toy_sampling_close(&r.s);
}

/* A flat model: the prior alone decides, up to its exponent; and an elite's neighbourhood is looked at. */
static void priors_pull(void **state) {
    (void)state;
    static const double nowhere[2] = {(double)NAN, (double)NAN};
    rig r;
    rig_open(&r,
             "{parameters: {x: {min: 0.0, max: 1.0, prior: 0.2, confidence: high}, y: {min: 1e-4, max: 1.0, log: true, "
             "prior: 1e-3}}}",
             nowhere, true);
    r.problem.prior_exponent = 0.5;
    assert_true(run(&r, 3));
    CHECK_NEAR(r.s.config[0], 0.2, 1e-3);
    CHECK_CLOSE(r.s.config[1], 1e-3, 0.02);
    const double other[2] = {0.45, 1e-3}, top[2] = {0.2, 1e-3};
    double a, b;
    hpo_maximize_values(&r.problem, other, 1, &a);
    hpo_maximize_values(&r.problem, top, 1, &b);
    CHECK_NEAR(b - a, 0.5 * (0.25 / 0.125) * (0.25 / 0.125) / 2, 1e-9); /* two deviations, to the power of a half */
    toy_sampling_close(&r.s);
}

/* A model of log cost that doubles with x: the promise is divided by it. */
static void dear(void *self, const double *points, size_t count, double *mean, double *variance) {
    (void)self;
    for (size_t i = 0; i < count; i++) {
        mean[i] = points[i] * log(2);
        variance[i] = 0;
    }
}

static void promise_per_cost(void **state) {
    (void)state;
    static const double nowhere[1] = {(double)NAN};
    rig r;
    rig_open(&r, "{parameters: {x: {min: 0.0, max: 1.0}}}", nowhere, true);
    const hpo_surrogate cost = {.dims = 1, .predict = dear};
    r.problem.cost = &cost;
    const double ends[2] = {0, 1};
    double values[2];
    hpo_maximize_values(&r.problem, ends, 2, values);
    CHECK_NEAR(values[0] - values[1], log(2), 1e-12);
    assert_true(run(&r, 1));
    assert_true(r.s.config[0] < 0.01);
    toy_sampling_close(&r.s);
}

/* log cost = 0.4 x + const, with its slope. */
static void dear_slope(void *self, const double *point, double *mean, double *variance, double *d_mean,
                       double *d_variance) {
    (void)self;
    *mean = 3 + 0.4 * point[0];
    *variance = d_variance[0] = d_variance[1] = d_mean[1] = 0;
    d_mean[0] = 0.4;
}

static void dearer(void *self, const double *points, size_t count, double *mean, double *variance) {
    (void)self;
    for (size_t i = 0; i < count; i++) {
        mean[i] = 3 + 0.4 * points[2 * i];
        variance[i] = 0;
    }
}

/* -(x - 0.7)^2 - 0.4 x is greatest at 0.5: the climb ends there, because it knows the slope of the cost. EI per cost, a
 * product, against a fine grid. */
static void climbs_know_the_slope_of_the_cost(void **state) {
    (void)state;
    static const double best[2] = {0.7, 0.2};
    rig r;
    rig_open(&r, "{parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}}", best, true);
    const hpo_surrogate cost = {.dims = 2, .predict = dearer, .gradient = dear_slope};
    r.problem.cost = &cost;
    r.problem.acquisition = (hpo_acquisition){.kind = HPO_ACQUISITION_LCB};
    assert_true(run(&r, 1));
    CHECK_NEAR(r.s.config[0], 0.5, 1e-5);
    CHECK_NEAR(r.s.config[1], 0.2, 1e-5);
    r.problem.acquisition = (hpo_acquisition){.kind = HPO_ACQUISITION_EI, .best = 0.3};
    assert_true(run(&r, 1));
    double place = 0, most = 0;
    for (size_t i = 0; i <= 100000; i++) {
        const double point[2] = {(double)i / 100000, 0.2}, mean = (point[0] - 0.7) * (point[0] - 0.7);
        const double value = hpo_acquisition_value(&r.problem.acquisition, mean, 0.01, NULL, NULL);
        if (value / exp(3 + 0.4 * point[0]) > most) {
            most = value / exp(3 + 0.4 * point[0]);
            place = point[0];
        }
    }
    double value;
    hpo_maximize_values(&r.problem, r.s.config, 1, &value);
    CHECK_CLOSE(value, most, 1e-6); /* EI divided by the cost */
    CHECK_NEAR(r.s.config[0], place, 1e-3);
    assert_true(place < 0.69);
    toy_sampling_close(&r.s);
}

static void the_stream_decides(void **state) {
    (void)state;
    static const double best[5] = {2.5 / 4, 0.3, 39.5 / 100, 0.77, 0.12};
    rig r;
    double first[5];
    rig_open(&r, MIXED, best, false);
    assert_true(run(&r, 5));
    memcpy(first, r.s.config, sizeof first);
    assert_true(run(&r, 5));
    assert_memory_equal(first, r.s.config, sizeof first);
    assert_true(run(&r, 6));
    assert_memory_not_equal(first, r.s.config, sizeof first);
    assert_true(predictions < 3 * 20000); /* and not by looking everywhere */
    toy_sampling_close(&r.s);
}

int main(void) {
    predictions = 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_decides),
        cmocka_unit_test(finds_the_best_of_a_conditional_space),
        cmocka_unit_test(never_the_same_point_twice),
        cmocka_unit_test(a_finite_space_is_enumerated),
        cmocka_unit_test(forbidden_points_are_never_answers),
        cmocka_unit_test(priors_pull),
        cmocka_unit_test(promise_per_cost),
        cmocka_unit_test(climbs_know_the_slope_of_the_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Population-based bandits: what counts as an interval, and a proposal against the acquisition computed densely. */
#include "hpo/models/gp_fit.h"
#include "hpo/models/intervals.h"
#include "hpo/models/transform.h"
#include "tests/hpo/models/dense_gp.h"
#include "tests/support/toy_space.h"

static const char *const LINE = "{parameters: {x: {min: 0.0, max: 1.0}}}";

static void apply(toy_sampling *s, hpo_record record) {
    base_err err;
    CHECK_OK(hpo_history_apply(s->history, &record, &err));
}

/* Trains a trial, a new one with configuration x or one that goes on, from one step to the next; not its result. */
static uint64_t begin(toy_sampling *s, const double *config, uint64_t parent, uint32_t step) {
    const uint64_t trial = hpo_view_trials(hpo_history_view(s->history));
    apply(s, (hpo_record){.kind = HPO_RECORD_START,
                          .trial = trial,
                          .rung = step,
                          .fidelity = step + 1.0,
                          .from = parent == UINT64_MAX ? 0 : step,
                          .parent = parent,
                          .config = config});
    return trial;
}

static void go_on(toy_sampling *s, uint64_t trial, uint32_t step) {
    apply(s, (hpo_record){.kind = HPO_RECORD_PROMOTE,
                          .trial = trial,
                          .rung = step,
                          .fidelity = step + 1.0,
                          .from = step,
                          .parent = UINT64_MAX});
}

static void end(toy_sampling *s, uint64_t trial, uint32_t step, double loss) {
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = trial,
                         .rung = step,
                         .fidelity = step + 1.0,
                         .parent = UINT64_MAX,
                         .value = loss,
                         .result = {.cost = 1}};
    if (!isfinite(loss)) record.result.failure = HPO_FAILURE_NAN;
    apply(s, record);
}

/* Into s->config, a child of the trial on that step; its origin. */
static const char *explore(toy_sampling *s, uint64_t number, uint64_t parent, uint32_t step) {
    base_err err;
    const char *origin;
    const hpo_request request = {
        .trial = number, .rung = step, .fidelity = step + 1.0, .inherits = true, .parent = parent};
    CHECK_OK(hpo_sampler_ask(s->sampler, hpo_history_view(s->history), &request, s->config, &origin, &err));
    CHECK_OK(hpo_space_check(s->space, s->config, &err));
    return origin;
}

static void intervals_are_read(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "tv-gp-ucb", 1, LINE);
    const double x[] = {0.1, 0.2, 0.3};
    hpo_intervals in = {0};
    for (uint64_t i = 0; i < 2; i++) begin(&s, &x[i], UINT64_MAX, 0);
    end(&s, 0, 0, 5);
    end(&s, 1, 0, 7);
    hpo_intervals_collect(&in, hpo_history_view(s.history), 10);
    assert_true(in.n == 0 && in.n_running == 0); /* nothing went before */
    go_on(&s, 0, 1);
    assert_int_equal(begin(&s, &x[2], 0, 1), 2); /* from where trial 0 was */
    hpo_intervals_collect(&in, hpo_history_view(s.history), 10);
    assert_true(in.n == 0 && in.n_running == 2);
    assert_true(in.running[1].trial == 2 && in.running[1].step == 1 && in.running[1].before->loss == 5);
    end(&s, 2, 1, 4);
    end(&s, 0, 1, 3);
    go_on(&s, 2, 2);
    end(&s, 2, 2, (double)INFINITY);
    hpo_intervals_collect(&in, hpo_history_view(s.history), 10);
    assert_true(in.n == 3 && in.n_running == 0);
    assert_true(in.ended[0].trial == 2 && in.ended[0].before->loss == 5 && in.ended[0].after->loss == 4);
    assert_true(in.ended[1].trial == 0 && in.ended[1].before->loss == 5 && in.ended[1].after->loss == 3);
    assert_true(in.ended[2].trial == 2 && in.ended[2].before->loss == 4 && in.ended[2].step == 2);
    assert_int_equal(in.ended[2].after->failure, HPO_FAILURE_NAN);
    assert_true(hpo_interval_state(hpo_history_view(s.history), 2)->loss == 4);
    hpo_intervals_collect(&in, hpo_history_view(s.history), 2);
    assert_true(in.n == 2 && in.ended[0].trial == 0);
    hpo_intervals_fini(&in);
    toy_sampling_close(&s);
}

/* ---- the acquisition ---- */

enum { ENDED = 12, RUNNING = 2 };

typedef struct oracle {
    double rows[ENDED + RUNNING][3], y[ENDED], theta[5]; /* x, the level, the step */
} oracle;

static double kernel_of(const oracle *o, const double *a, const double *b) {
    const double x = (a[0] - b[0]) / exp(o->theta[0]), level = (a[1] - b[1]) / exp(o->theta[1]);
    const double epsilon = 1 - exp(-exp(-2 * o->theta[2]));
    return exp(o->theta[3]) * exp(-(x * x + level * level) / 2) * pow(1 - epsilon, fabs(a[2] - b[2]) / 2);
}

static void inverse_of(const oracle *o, size_t n, double *inverse) {
    double k[N * N];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            k[i * n + j] = kernel_of(o, o->rows[i], o->rows[j]) + (i == j ? exp(o->theta[4]) : 0);
    invert(k, inverse, n);
}

static double acquisition(const oracle *o, const double *point) {
    static double known[N * N], all[N * N];
    const size_t rows = ENDED + RUNNING;
    double k[ENDED + RUNNING], mean = 0, variance = exp(o->theta[3]);
    inverse_of(o, ENDED, known);
    inverse_of(o, rows, all);
    for (size_t i = 0; i < rows; i++) k[i] = kernel_of(o, point, o->rows[i]);
    for (size_t i = 0; i < ENDED; i++)
        for (size_t j = 0; j < ENDED; j++) mean += k[i] * known[i * ENDED + j] * o->y[j];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++) variance -= k[i] * all[i * rows + j] * k[j];
    return -mean + sqrt(0.2 * log(0.4 * ENDED)) * sqrt(variance);
}

/* How much is gained in a step of that number from that loss: most at a place that moves. */
static double gain(double x, uint32_t step) {
    const double best = 0.3 + 0.05 * step;
    return 1 - 3 * (x - best) * (x - best);
}

/* Four members with constant values, four steps; two have begun the fifth. Losses are such that no transformation is
 * needed but scaling: none is far above the others. */
static void a_proposal_maximizes_the_acquisition(void **state) {
    (void)state;
    static toy_sampling s;
    static oracle o;
    toy_sampling_open(&s, "tv-gp-ucb", 3, LINE);
    const double x[] = {0.05, 0.35, 0.6, 0.95};
    double loss[4], level[ENDED + RUNNING + 1], low = (double)INFINITY, high = -(double)INFINITY;
    size_t n = 0;
    for (uint64_t m = 0; m < 4; m++) begin(&s, &x[m], UINT64_MAX, 0);
    for (uint64_t m = 0; m < 4; m++) end(&s, m, 0, loss[m] = 10 - gain(x[m], 0));
    for (uint32_t step = 1; step < 4; step++) {
        for (uint64_t m = 0; m < 4; m++) go_on(&s, m, step);
        for (uint64_t m = 0; m < 4; m++) {
            const double fall = gain(x[m], step);
            o.rows[n][0] = x[m];
            o.rows[n][2] = step;
            o.y[n] = -fall;
            level[n++] = loss[m];
            end(&s, m, step, loss[m] -= fall);
        }
    }
    for (uint64_t m = 0; m < RUNNING; m++) {
        go_on(&s, m, 4);
        o.rows[n][0] = x[m];
        o.rows[n][2] = 4;
        level[n++] = loss[m];
    }
    level[n] = loss[1];
    hpo_transform_losses(level, n + 1, level);
    for (size_t i = 0; i <= n; i++) {
        low = fmin(low, level[i]);
        high = fmax(high, level[i]);
    }
    for (size_t i = 0; i < n; i++) o.rows[i][1] = (level[i] - low) / (high - low);
    hpo_transform_losses(o.y, ENDED, o.y);
    for (size_t i = 0; i < ENDED; i++) o.y[i] = fmin(fmax(o.y[i], -2), 2);
    hpo_embedding embedding = hpo_embedding_make_timed(s.space, 1);
    const hpo_gp_data data = {
        .embedding = &embedding, .kernel = HPO_KERNEL_RBF, .unit = o.rows[0], .y = o.y, .n = ENDED};
    hpo_gp_fit(&data, NULL, o.theta);
    double point[3] = {0, (level[n] - low) / (high - low), 4}, best = -(double)INFINITY, at = 0;
    for (int i = 0; i <= 2000; i++) {
        point[0] = i / 2000.0;
        const double value = acquisition(&o, point);
        if (value > best) at = point[0];
        best = fmax(best, value);
    }
    assert_string_equal(explore(&s, 4, 1, 4), "model");
    point[0] = s.config[0];
    assert_true(acquisition(&o, point) >= best - 1e-6);
    CHECK_NEAR(s.config[0], at, 1e-2);
    assert_true(at > 0.3 && at < 0.7);
    hpo_embedding_free(&embedding);
    toy_sampling_close(&s);
}

/* ---- a population that is told what it gains ---- */

/* One lineage: each child begins where the last one is. The mean distance of the last `count` children to the best. */
static double distance(const char *options, double (*fall)(double x, uint32_t step), double best, uint32_t steps,
                       uint32_t count) {
    static toy_sampling s;
    double loss = 0, sum = 0;
    base_buf yaml = {0};
    base_buf_printf(&yaml, "{parameters: {x: {min: 0.0, max: 1.0}}, options: %s}", options);
    toy_sampling_open(&s, "tv-gp-ucb", 5, base_buf_text(&yaml));
    for (uint32_t step = 0; step < steps; step++) {
        const uint64_t parent = step == 0 ? UINT64_MAX : step - 1;
        if (step == 0) s.config[0] = 0.5;
        if (step > 0) explore(&s, step, parent, step);
        const uint64_t trial = begin(&s, s.config, parent, step);
        if (step >= steps - count) sum += fabs(s.config[0] - best) / count;
        end(&s, trial, step, loss -= fall(s.config[0], step));
    }
    base_buf_fini(&yaml);
    toy_sampling_close(&s);
    return sum;
}

static double constant(double x, uint32_t step) {
    (void)step;
    return 1 - (x - 0.8) * (x - 0.8);
}

static double turns(double x, uint32_t step) {
    const double best = step < 15 ? 0.8 : 0.2;
    return 1 - (x - best) * (x - best);
}

/* Drawn at random children would be 0.34 away from 0.8 or 0.2 in the mean. */
static void children_go_where_most_is_gained(void **state) {
    (void)state;
    assert_true(distance("{}", constant, 0.8, 20, 10) < 0.05);
    assert_true(distance("{}", turns, 0.2, 40, 10) < 0.1);
    assert_true(distance("{kappa: 50}", constant, 0.8, 20, 10) > 0.1); /* who hopes for much looks everywhere */
}

/* Two children of one step: the second knows that the first one runs. */
static void children_of_a_step_differ(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(&s, "tv-gp-ucb", 5, "{parameters: {x: {min: 0.0, max: 1.0}}, options: {kappa: 3}}");
    const double x[] = {0.1, 0.4, 0.6, 0.9};
    for (uint64_t m = 0; m < 4; m++) begin(&s, &x[m], UINT64_MAX, 0);
    for (uint64_t m = 0; m < 4; m++) end(&s, m, 0, 1);
    assert_string_equal(explore(&s, 4, 0, 1), "random"); /* no interval yet */
    for (uint64_t m = 0; m < 4; m++) go_on(&s, m, 1);
    for (uint64_t m = 0; m < 4; m++) end(&s, m, 1, constant(x[m], 0) * -1);
    assert_string_equal(explore(&s, 4, 3, 2), "model");
    const double first = s.config[0];
    begin(&s, &first, 3, 2);
    assert_string_equal(explore(&s, 5, 3, 2), "model");
    assert_true(fabs(s.config[0] - first) > 0.05);
    toy_sampling_close(&s);
}

/* Training that fails counts as the least that was gained. */
static double fails_high(double x, uint32_t step) {
    (void)step;
    return x > 0.6 ? -(double)INFINITY : 0.5 + x / 10;
}

static void failures_are_kept_away_from(void **state) {
    (void)state;
    static toy_sampling s;
    size_t high = 0;
    toy_sampling_open(&s, "tv-gp-ucb", 5, LINE);
    const double start = 0.3;
    double loss = 0;
    begin(&s, &start, UINT64_MAX, 0);
    end(&s, 0, 0, loss);
    uint64_t parent = 0;
    uint32_t reached = 0;
    for (uint64_t i = 1; i < 30; i++) {
        explore(&s, i, parent, reached + 1);
        const double fall = fails_high(s.config[0], 0);
        const uint64_t trial = begin(&s, s.config, parent, reached + 1);
        end(&s, trial, reached + 1, loss - fall);
        high += i >= 15 && !isfinite(fall) ? 1 : 0;
        if (!isfinite(fall)) continue;
        loss -= fall;
        parent = trial;
        reached++;
    }
    assert_true(high <= 4); /* of 15; at random 6 would be */
    toy_sampling_close(&s);
}

/* Choices and what hangs on them are the model's, too: 40 children of a space where one branch gains more. */
static void choices_are_chosen(void **state) {
    (void)state;
    static toy_sampling s;
    toy_sampling_open(
        &s, "tv-gp-ucb", 6,
        "{parameters: {c: {values: [p, q, r]}, y: {min: 0.0, max: 1.0, when: {c: q}}}, forbid: [{c: q, y: "
        "{gt: 0.9}}]}");
    size_t right = 0;
    double loss = 0;
    const double start[] = {0, NAN};
    begin(&s, start, UINT64_MAX, 0);
    end(&s, 0, 0, loss);
    for (uint32_t step = 1; step < 40; step++) {
        explore(&s, step, step - 1, step);
        assert_true(isnan(s.config[1]) == (s.config[0] != 1));
        if (step >= 25) right += s.config[0] == 1 && s.config[1] > 0.6;
        begin(&s, s.config, step - 1, step);
        end(&s, step, step, loss -= s.config[0] == 1 ? s.config[1] : 0.2);
    }
    assert_true(right >= 12); /* of 15 */
    toy_sampling_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_read),
        cmocka_unit_test(a_proposal_maximizes_the_acquisition),
        cmocka_unit_test(children_go_where_most_is_gained),
        cmocka_unit_test(children_of_a_step_differ),
        cmocka_unit_test(failures_are_kept_away_from),
        cmocka_unit_test(choices_are_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

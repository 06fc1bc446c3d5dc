/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Median, percentile and patience stopping: small cases by hand, and random curves against the rules written down
 * naively (the quantile by sorting). */
#include "base/rng.h"
#include "tests/hpo/schedulers/by_hand.h"

enum { STEPS = 9 };

/* Runs a trial through the curve; returns the step that it was stopped at, 0 if it completed. */
static size_t run(bench *b, const double *curve, size_t n) {
    const uint64_t id = hpo_view_trials(hpo_history_view(b->history));
    const hpo_decision d = expect(b, true, HPO_DECIDE_START, id);
    CHECK_NEAR(d.fidelity, (double)n, 0);
    for (size_t i = 0; i < n; i++) {
        if (report(b, id, (double)(i + 1), curve[i])) return i + 1;
    }
    finish(b, id, curve[n - 1], (double)n);
    return 0;
}

/* Running averages of the completed: (4 3 2), (5 5 5), (6 4 2); their medians are 5, 4, 2. */
static void median_of_running_averages(void **state) {
    (void)state;
    static const double done[][3] = {{4, 2, 0}, {5, 5, 5}, {6, 2, -2}};
    static const struct {
        double curve[3];
        size_t stops;
    } cases[] = {
        {{5.5, 0, 0}, 1}, /* worse than 5 */
        {{5, 5, 0}, 2},   /* 5 is not worse than 5, but than 4 */
        {{4, 9, 9}, 0},   /* the best so far counts; the last report saves nothing and stops nobody */
        {{(double)NAN, 1, 1}, 1},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = bench_open("median-stop", "{min_trials: 3}", 3);
        for (size_t k = 0; k < 3; k++) assert_int_equal(run(&b, done[k], 3), 0);
        assert_int_equal(run(&b, cases[i].curve, 3), cases[i].stops);
        bench_close(&b);
    }
}

/* The same with two infeasible ones, much better: they are no bar to others, and without feasible ones there is none.
 */
static void infeasible_trials_are_no_bar(void **state) {
    (void)state;
    static const double done[][3] = {{4, 2, 0}, {5, 5, 5}, {6, 2, -2}};
    static const hpo_constraint bound = {.metric = "size", .bound = 10, .is_max = true};
    static const struct {
        double sizes[3];
        const char *options;
        double first;
        bool stops;
    } cases[] = {
        {{1, 1, 1}, "{min_trials: 3}", 5.5, true},
        {{11, 1, 12}, "{min_trials: 3}", 5.5, false}, /* one feasible trial is not enough */
        {{11, 1, 1}, "{min_trials: 2}", 5.5, false},  /* half-way between 5 and 6 */
        {{11, 1, 1}, "{min_trials: 2}", 5.6, true},
        {{11, 12, 13}, "{min_trials: 1}", 100, false},
    };
    static const char *const rules[] = {"median-stop", "percentile-stop"};
    for (size_t i = 0; i < 2 * CHECK_COUNT(cases); i++) {
        const size_t c = i / 2;
        bench b = bench_open(rules[i % 2], cases[c].options, 3);
        hpo_history_constrain(b.history, (hpo_constraints){&bound, 1});
        for (uint64_t id = 0; id < 3; id++) {
            expect(&b, true, HPO_DECIDE_START, id);
            for (size_t k = 0; k < 3; k++) report(&b, id, (double)k + 1, done[id][k]);
            hpo_record record = {.kind = HPO_RECORD_RESULT,
                                 .trial = id,
                                 .fidelity = 3,
                                 .parent = UINT64_MAX,
                                 .value = done[id][2],
                                 .final = true,
                                 .result = {.cost = 1}};
            hpo_metrics_set(&record.result.metrics, "size", cases[c].sizes[id]);
            apply(&b, &record);
        }
        expect(&b, true, HPO_DECIDE_START, 3);
        assert_int_equal(report(&b, 3, 1, cases[c].first), cases[c].stops);
        bench_close(&b);
    }
}

/* The same curves, their values at the step: (4 2 0), (5 5 5), (6 2 -2). */
static void percentile_of_values(void **state) {
    (void)state;
    static const double done[][3] = {{4, 2, 0}, {5, 5, 5}, {6, 2, -2}};
    static const struct {
        const char *options;
        double curve[3];
        size_t stops;
    } cases[] = {
        {"{min_trials: 3}", {5, 3, 0}, 2}, /* medians 5, 2 */
        {"{min_trials: 3}", {5, 2, 0}, 0},
        {"{min_trials: 3, percentile: 25}", {4.5, 2, 0}, 0}, /* 4.5 = half-way between 4 and 5 */
        {"{min_trials: 3, percentile: 25}", {4.6, 2, 0}, 1},
        {"{min_trials: 3, percentile: 0}", {4.1, 2, 0}, 1},
        {"{min_trials: 3, percentile: 100}", {6, 5, 0}, 0},
        {"{min_trials: 3, percentile: 100}", {6.1, 5, 0}, 1},
        {"{min_trials: 4}", {100, 100, 100}, 0},
        {"{min_trials: 3, warmup: 2}", {100, 100, 100}, 2},
        {"{min_trials: 3, interval: 2}", {100, 100, 100}, 2},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = bench_open("percentile-stop", cases[i].options, 3);
        for (size_t k = 0; k < 3; k++) assert_int_equal(run(&b, done[k], 3), 0);
        assert_int_equal(run(&b, cases[i].curve, 3), cases[i].stops);
        bench_close(&b);
    }
}

/* ---- naive rules ---- */

typedef struct curve {
    double loss[STEPS];
    size_t n;
    bool complete;
} curve;

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t n, double share) {
    qsort(values, n, sizeof *values, ascending);
    const double at = (double)(n - 1) * share;
    const size_t below = (size_t)at;
    return below + 1 < n ? values[below] + (at - (double)below) * (values[below + 1] - values[below]) : values[below];
}

/* Whether the rule stops trial `id` at its newest report. */
static bool naive(const curve *curves, size_t trials, size_t id, bool mean, double share, size_t min_trials,
                  size_t warmup, size_t interval) {
    const size_t step = curves[id].n;
    double values[200], best = (double)INFINITY;
    size_t n = 0;
    if (step < warmup || step % interval != 0 || step == STEPS) return false;
    for (size_t t = 0; t < trials; t++) {
        double sum = 0, last = 0;
        size_t count = 0;
        for (size_t i = 0; i < step && curves[t].complete; i++) {
            if (!isfinite(curves[t].loss[i])) continue;
            last = curves[t].loss[i];
            sum += last;
            count++;
        }
        if (count > 0) values[n++] = mean ? sum / (double)count : last;
    }
    for (size_t i = 0; i < step; i++) best = fmin(best, isfinite(curves[id].loss[i]) ? curves[id].loss[i] : best);
    return n >= min_trials && best > quantile(values, n, share);
}

static void any_order_against_the_naive_rules(void **state) {
    (void)state;
    static const struct {
        const char *scheduler, *options;
        bool mean;
        double share;
        size_t min_trials, warmup, interval;
    } cases[] = {
        {"median-stop", NULL, true, 0.5, 5, 0, 1},
        {"median-stop", "{min_trials: 1, warmup: 3}", true, 0.5, 1, 3, 1},
        {"median-stop", "{min_trials: 2, interval: 3}", true, 0.5, 2, 0, 3},
        {"percentile-stop", NULL, false, 0.5, 5, 0, 1},
        {"percentile-stop", "{percentile: 30, min_trials: 2}", false, 0.3, 2, 0, 1},
        {"percentile-stop", "{percentile: 80, warmup: 2, interval: 2}", false, 0.8, 5, 2, 2},
    };
    for (size_t c = 0; c < CHECK_COUNT(cases); c++) {
        bench b = bench_open(cases[c].scheduler, cases[c].options, STEPS);
        base_rng rng = base_rng_stream(c, BASE_RNG_TEST, 2, 0);
        curve curves[200] = {0};
        uint64_t running[5], stopped = 0, trials = 0;
        for (size_t n = 0; trials < 190;) {
            for (; n < 5; n++, trials++) expect(&b, true, HPO_DECIDE_START, running[n] = trials);
            const size_t pick = (size_t)base_rng_below(&rng, n);
            const uint64_t id = running[pick];
            curve *mine = &curves[id];
            const bool bad = base_rng_below(&rng, 15) == 0;
            const double loss = bad ? (double)NAN : (double)(base_rng_below(&rng, 10) + id * 5 % 31);
            mine->loss[mine->n++] = loss;
            const bool stop = naive(curves, trials, id, cases[c].mean, cases[c].share, cases[c].min_trials,
                                    cases[c].warmup, cases[c].interval);
            assert_int_equal(report(&b, id, (double)mine->n, loss), stop);
            stopped += stop;
            if (!stop && mine->n < STEPS) continue;
            if (!stop) {
                const bool fails = base_rng_below(&rng, 6) == 0;
                finish(&b, id, fails ? (double)NAN : loss == loss ? loss : 1, STEPS);
                mine->complete = !fails;
            }
            running[pick] = running[--n];
        }
        assert_true(stopped > 10 && stopped < 180);
        bench_close(&b);
    }
}

/* Two trials that report at different steps: a trial's value at a step is the one that it had by then. */
static void steps_need_not_agree(void **state) {
    (void)state;
    bench b = bench_open("percentile-stop", "{min_trials: 1}", 10);
    expect(&b, true, HPO_DECIDE_START, 0);
    assert_false(report(&b, 0, 2, 5) || report(&b, 0, 6, 3) || report(&b, 0, 10, 1));
    finish(&b, 0, 1, 10);
    for (uint64_t id = 1; id < 4; id++) expect(&b, true, HPO_DECIDE_START, id);
    assert_false(report(&b, 1, 1.5, 99)); /* nobody had reported by then */
    assert_false(report(&b, 1, 5.5, 5));
    assert_true(report(&b, 1, 6.5, 4));
    assert_true(report(&b, 2, 4, 5.5));
    assert_true(report(&b, 3, 3, 5.5)); /* a step before one that was asked about already */
    bench_close(&b);
}

/* Another attempt that begins anew repeats its reports: they are neither judged nor counted again. */
static void repeated_reports_do_not_count(void **state) {
    (void)state;
    bench b = bench_open("median-stop", "{min_trials: 1}", 4);
    expect(&b, true, HPO_DECIDE_START, 0);
    static const double steps[] = {1, 2, 1, 2, 3, 4}, losses[] = {10, 4, 10, 4, 4, 4}; /* means 10, 7, 6 */
    for (size_t i = 0; i < CHECK_COUNT(steps); i++) assert_false(report(&b, 0, steps[i], losses[i]));
    finish(&b, 0, 4, 4);
    for (uint64_t id = 1; id < 3; id++) expect(&b, true, HPO_DECIDE_START, id);
    assert_false(report(&b, 1, 1, 10));
    assert_false(report(&b, 1, 2, 7));
    assert_false(report(&b, 1, 2, 7));
    assert_true(report(&b, 1, 3, 6.5));
    bench_close(&b);
}

static void patience_waits_for_an_improvement(void **state) {
    (void)state;
    static const struct {
        const char *options;
        double curve[STEPS];
        size_t stops;
    } cases[] = {
        {"{patience: 3}", {5, 4, 4, 4, 4, 1, 1, 1, 1}, 5}, /* three reports after the best */
        {"{patience: 3}", {5, 4, 4, 4, 3, 3, 3, 2, 2}, 0},
        {"{patience: 1}", {5, 4, 3, 2, 1, 1, 0, 0, 0}, 6},
        {"{patience: 3}", {5, 4, 4, (double)NAN, 4, 1, 1, 1, 1}, 5},
        {"{patience: 2}", {(double)NAN, (double)NAN, 1, 1, 1, 1, 1, 1, 1}, 2},
        {"{patience: 2, min_delta: 0.5}", {5, 4.4, 4, 3.8, 3.2, 3, 2.95, 2.9, 2}, 7}, /* 3 and 2.95 after 3.2 */
        {"{patience: 2, warmup: 6}", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 6},
        {"{patience: 8}", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 0}, /* at the last report nothing is saved */
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = bench_open("patience", cases[i].options, STEPS);
        assert_int_equal(run(&b, cases[i].curve, STEPS), cases[i].stops);
        bench_close(&b);
    }
}

/* Lines through three completed trials, and points on either side of where the best of them can be reached. */
static void curves_are_extrapolated(void **state) {
    (void)state;
    static const struct {
        const char *options;
        double final[3], now;
        bool stops;
    } cases[] = {
        /* (2, 4, 6) come to (1, 2, 3): y = x / 2 without residuals */
        {"{min_curves: 3}", {1, 2, 3}, 1.99, false},
        {"{min_curves: 3}", {1, 2, 3}, 2, false}, /* as good as the best */
        {"{min_curves: 3}", {1, 2, 3}, 2.01, true},
        {"{min_curves: 4}", {1, 2, 3}, 100, false},
        {"{min_curves: 3}", {1, 2, 3}, (double)NAN, false},
        /* to (1, 3, 2): y = 1 + x / 4, residuals -1/2, 1, -1/2, times sqrt(3): 4 may come to 2 - 0.87 */
        {"{min_curves: 3}", {1, 3, 2}, 3.4, false},
        {"{min_curves: 3}", {1, 3, 2}, 3.5, true},
        {"{min_curves: 3, probability: 0.6}", {1, 3, 2}, 3.4, false}, /* two of three */
        {"{min_curves: 3, probability: 0.7}", {1, 3, 2}, 3.4, true},
        /* to (3, 2, 1): who is behind is not expected to win by that; all come to 2, residuals sqrt(3) (1, 0, -1) */
        {"{min_curves: 3}", {3, 2, 1}, 100, false},
        {"{min_curves: 3, probability: 0.4}", {3, 2, 1}, -100, true},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = bench_open("curve-stop", cases[i].options, 3);
        for (uint64_t id = 0; id < 3; id++) {
            expect(&b, true, HPO_DECIDE_START, id);
            assert_false(report(&b, id, 1, 2 + 2 * (double)id));
            finish(&b, id, cases[i].final[id], 3);
        }
        expect(&b, true, HPO_DECIDE_START, 3);
        assert_int_equal(report(&b, 3, 1, cases[i].now), cases[i].stops);
        bench_close(&b);
    }
}

/* A verdict is about the view that it was asked for: asked again in any order, of a scheduler that has read more or
 * nothing, it is the same. Some trials report steps again. */
static void verdicts_can_be_asked_again(void **state) {
    (void)state;
    static const char *const schedulers[] = {"median-stop", "percentile-stop", "patience", "curve-stop"};
    static const char *const options[] = {"{interval: 2}", NULL, "{patience: 3, min_delta: 1}", "{probability: 0.3}"};
    enum { TRIALS = 120, ASKED = 400 };
    static struct {
        uint64_t event, trial;
        bool stop;
    } asked[4096];
    for (size_t c = 0; c < CHECK_COUNT(schedulers); c++) {
        bench b = bench_open(schedulers[c], options[c], STEPS), fresh;
        base_rng rng = base_rng_stream(c, BASE_RNG_TEST, 3, 0);
        size_t n = 0, stopped = 0;
        for (uint64_t id = 0; id < TRIALS; id++) {
            double step = 1, loss = 0;
            bool stop = false;
            expect(&b, true, HPO_DECIDE_START, id);
            for (; step < STEPS && !stop; step++) {
                if (base_rng_below(&rng, 5) == 0) step = 1 + (double)base_rng_below(&rng, (uint64_t)step);
                asked[n].event = hpo_history_view(b.history).as_of;
                asked[n].trial = id;
                loss = (double)base_rng_below(&rng, 10);
                asked[n++].stop = stop = report(&b, id, step, loss);
            }
            stopped += stop;
            if (!stop) finish(&b, id, loss + (double)base_rng_below(&rng, 5), STEPS);
        }
        assert_true(n < CHECK_COUNT(asked) && stopped > TRIALS / 10 && stopped < TRIALS);
        fresh = bench_open(schedulers[c], options[c], STEPS);
        for (size_t i = 0; i < n + ASKED; i++) {
            const size_t at = i < n ? i : (size_t)base_rng_below(&rng, n);
            const hpo_view view = hpo_history_at(b.history, asked[at].event + 1);
            assert_int_equal(hpo_scheduler_should_stop(fresh.scheduler, view, asked[at].trial), asked[at].stop);
        }
        bench_close(&fresh);
        bench_close(&b);
    }
}

static void a_warmup_without_an_end_is_refused(void **state) {
    (void)state;
    static const char *const names[] = {"median-stop", "percentile-stop", "patience", "curve-stop"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        base_err err;
        base_yaml_node *node;
        hpo_scheduler *scheduler;
        base_arena *arena = base_arena_create();
        const hpo_scheduler_env env = {.min_fidelity = 1, .max_fidelity = 9};
        CHECK_OK(base_yaml_parse(arena, "f", "{warmup: 9}", 11, &node, &err));
        CHECK_FAILS(hpo_scheduler_create(hpo_scheduler_find(names[i]), node, &env, &scheduler, &err), BASE_INVALID,
                    "must be below the highest fidelity, which is 9");
        base_arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_of_running_averages),
        cmocka_unit_test(infeasible_trials_are_no_bar),
        cmocka_unit_test(percentile_of_values),
        cmocka_unit_test(any_order_against_the_naive_rules),
        cmocka_unit_test(steps_need_not_agree),
        cmocka_unit_test(repeated_reports_do_not_count),
        cmocka_unit_test(patience_waits_for_an_improvement),
        cmocka_unit_test(curves_are_extrapolated),
        cmocka_unit_test(verdicts_can_be_asked_again),
        cmocka_unit_test(a_warmup_without_an_end_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

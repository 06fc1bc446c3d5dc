/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sequences worked out by hand from the paper's Algorithm 2 and from Syne Tune's stopping rule, and random histories
 * against the two rules written down naively. */
#include "base/rng.h"
#include "hpo/schedulers/ladder.h"
#include "tests/hpo/schedulers/by_hand.h"

/* Gets the next job of a single worker and finishes it. */
static hpo_decision work(bench *b, double loss, double max) {
    hpo_decision d = next(b, true);
    if (d.kind == HPO_DECIDE_START) d.trial = hpo_view_trials(hpo_history_view(b->history));
    expect(b, true, d.kind, d.trial);
    finish(b, d.trial, loss, max);
    return d;
}

/* eta 3, three rungs, one worker. A rule that leaves promoted trials out of the count would promote (2, rung 1) sixth.
 */
static void one_worker_follows_the_paper(void **state) {
    (void)state;
    static const double losses[] = {.9, .5, .7, .45, .8, .3, .6, .25, .4, .2, .1, .95, .15};
    static const uint64_t expected[][2] = {{0, 0}, {1, 0}, {2, 0}, {1, 1}, {3, 0}, {4, 0}, {4, 1},
                                           {5, 0}, {5, 1}, {5, 2}, {6, 0}, {6, 1}, {7, 0}};
    static const double fidelity[] = {1, 3, 9};
    bench b = bench_open("asha", NULL, 9);
    for (size_t i = 0; i < CHECK_COUNT(losses); i++) {
        const hpo_decision d = work(&b, losses[i], 9);
        assert_int_equal(d.trial, expected[i][0]);
        assert_int_equal(d.rung, expected[i][1]);
        assert_int_equal(d.bracket, 0);
        CHECK_NEAR(d.fidelity, fidelity[d.rung], 0);
    }
    bench_close(&b);
}

/* From 3 to 100 by 3: 4, 11, 33, 100; s leaves out the lowest. */
static void rungs_are_rounded_and_left_out(void **state) {
    (void)state;
    static const double fidelity[] = {4, 11, 33, 100};
    for (uint32_t s = 0; s < 4; s++) {
        char options[16];
        snprintf(options, sizeof options, "{s: %u}", s);
        bench b = bench_open_from("asha", options, 3, 100);
        bool seen[4] = {false};
        for (size_t i = 0; i < 100; i++) {
            const hpo_decision d = work(&b, -(double)i, 100);
            assert_in_range(d.rung, s, 3);
            if (d.kind == HPO_DECIDE_START) assert_int_equal(d.rung, s);
            CHECK_NEAR(d.fidelity, fidelity[d.rung], 0);
            seen[d.rung] = true;
        }
        for (uint32_t k = s; k < 4; k++) assert_true(seen[k]);
        bench_close(&b);
    }
    base_err err;
    base_yaml_node *node;
    base_arena *arena = base_arena_create();
    hpo_scheduler *scheduler;
    const hpo_scheduler_env env = {.min_fidelity = 3, .max_fidelity = 100};
    CHECK_OK(base_yaml_parse(arena, "f", "{s: 4}", 6, &node, &err));
    CHECK_FAILS(hpo_scheduler_create(hpo_scheduler_find("asha"), node, &env, &scheduler, &err), BASE_INVALID,
                "at most 3");
    base_arena_destroy(arena);
}

/* Failures count as entries of their rung but never move, whatever share of it they are; nobody waits for the running.
 */
static void failed_trials_are_never_promoted(void **state) {
    (void)state;
    bench b = bench_open("asha", NULL, 9);
    for (uint64_t id = 0; id < 6; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 5; id++) finish(&b, id, (double)NAN, 9);
    expect(&b, true, HPO_DECIDE_START, 6); /* 5/3 = 1, but that one has failed */
    finish(&b, 5, 5, 9);
    expect(&b, true, HPO_DECIDE_PROMOTE, 5);
    finish(&b, 6, 6, 9);
    expect(&b, true, HPO_DECIDE_PROMOTE, 6); /* 7/3 = 2 */
    expect(&b, true, HPO_DECIDE_START, 7);
    finish(&b, 5, (double)NAN, 9);
    finish(&b, 6, (double)NAN, 9);
    finish(&b, 7, 7, 9);
    expect(&b, true, HPO_DECIDE_START, 8);
    bench_close(&b);
}

static void ties_go_to_the_lower_trial(void **state) {
    (void)state;
    bench b = bench_open("asha", NULL, 9);
    for (uint64_t id = 0; id < 9; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 8; id > 2; id--) finish(&b, id, .5, 9);
    expect(&b, true, HPO_DECIDE_PROMOTE, 3);
    expect(&b, true, HPO_DECIDE_PROMOTE, 4);
    for (uint64_t id = 2; id > 0; id--) finish(&b, id, .5, 9);
    expect(&b, true, HPO_DECIDE_PROMOTE, 1); /* 1 and 2 are the top two of eight, whoever has moved before them */
    expect(&b, true, HPO_DECIDE_PROMOTE, 2);
    finish(&b, 0, .6, 9);
    expect(&b, true, HPO_DECIDE_START, 9);
    bench_close(&b);
}

/* No new trials: the top of each rung still goes on; what cannot is closed when nothing runs. A ladder with too few
 * trials for its higher rungs takes the best one up. */
static void the_end_of_a_budget(void **state) {
    (void)state;
    bench b = bench_open("asha", NULL, 27);
    for (uint64_t id = 0; id < 7; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 6; id++) finish(&b, id, (double)(9 - id), 27);
    expect(&b, false, HPO_DECIDE_PROMOTE, 5);
    expect(&b, false, HPO_DECIDE_PROMOTE, 4);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT);
    finish(&b, 5, 2, 27);
    finish(&b, 4, 1, 27);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT); /* 6 may still be among the best */
    finish(&b, 6, 8.5, 27);
    CHECK_NEAR(expect(&b, false, HPO_DECIDE_PROMOTE, 4).fidelity, 9, 0); /* nobody has been there */
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_START);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT);
    finish(&b, 4, (double)NAN, 27); /* it was the only one to go there */
    static const uint64_t closed[] = {5, 3, 2, 1, 6, 0};
    for (size_t i = 0; i < CHECK_COUNT(closed); i++) expect(&b, false, HPO_DECIDE_CLOSE, closed[i]);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_DONE);
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_START); /* the budget has grown: who was closed still counts */
    for (uint64_t id = 7; id < 9; id++) {                    /* the top 2 of 8, then the top 3 of 9 */
        expect(&b, true, HPO_DECIDE_START, id);
        finish(&b, id, 0, 27);
        expect(&b, true, HPO_DECIDE_PROMOTE, id);
    }
    expect(&b, true, HPO_DECIDE_START, 9);
    bench_close(&b);
}

/* ---- naive rules ---- */

static bool less(const hpo_eval *a, uint64_t id_a, const hpo_eval *b, uint64_t id_b) {
    const bool works_a = a->failure == HPO_FAILURE_NONE, works_b = b->failure == HPO_FAILURE_NONE;
    if (works_a != works_b) return works_a;
    if (works_a && a->loss != b->loss) return a->loss < b->loss;
    return id_a < id_b;
}

static const hpo_eval *on_rung(hpo_view view, uint64_t id, uint32_t rung) {
    const hpo_trial trial = hpo_view_trial(view, id);
    for (size_t i = 0; i < trial.n_evals; i++) {
        if (trial.evals[i].rung == rung) return &trial.evals[i];
    }
    return NULL;
}

/* Algorithm 2, get_job: from the top down, the best of the top n/eta that has not moved. UINT64_MAX: none. */
static uint64_t naive_promotion(hpo_view view, uint32_t rungs, size_t eta, uint32_t *rung) {
    const uint64_t trials = hpo_view_trials(view);
    for (uint32_t k = rungs - 1; k-- > 0;) {
        size_t n = 0;
        uint64_t found = UINT64_MAX;
        for (uint64_t id = 0; id < trials; id++) n += on_rung(view, id, k) != NULL;
        for (uint64_t id = 0; id < trials; id++) {
            const hpo_eval *mine = on_rung(view, id, k);
            const hpo_trial trial = hpo_view_trial(view, id);
            if (!mine || mine->failure != HPO_FAILURE_NONE || trial.state != HPO_TRIAL_PAUSED || trial.rung != k)
                continue;
            size_t better = 0;
            for (uint64_t other = 0; other < trials; other++) {
                const hpo_eval *theirs = on_rung(view, other, k);
                better += theirs && less(theirs, other, mine, id);
            }
            if (better >= n / eta) continue;
            if (found == UINT64_MAX || less(mine, id, on_rung(view, found, k), found)) found = id;
        }
        *rung = k;
        if (found != UINT64_MAX) return found;
    }
    return UINT64_MAX;
}

static void many_workers_follow_the_paper(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 12; seed++) {
        const size_t eta = 2 + seed % 3, workers = 1 + seed * 2;
        char options[16];
        snprintf(options, sizeof options, "{eta: %zu}", eta);
        bench b = bench_open("asha", options, 27);
        const uint32_t rungs = eta == 2 ? 5 : eta == 3 ? 4 : 3;
        base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
        uint64_t running[32], promoted = 0;
        size_t n = 0;
        for (size_t step = 0; step < 250; step++) {
            while (n < workers) {
                uint32_t rung = 0;
                const hpo_view view = hpo_history_view(b.history);
                const uint64_t id = naive_promotion(view, rungs, eta, &rung);
                promoted += id != UINT64_MAX;
                running[n++] = id == UINT64_MAX ? hpo_view_trials(view) : id;
                const hpo_decision d =
                    expect(&b, true, id == UINT64_MAX ? HPO_DECIDE_START : HPO_DECIDE_PROMOTE, running[n - 1]);
                assert_int_equal(d.rung, id == UINT64_MAX ? 0 : rung + 1);
            }
            const size_t pick = (size_t)base_rng_below(&rng, n);
            const bool fails = base_rng_below(&rng, 8) == 0;
            finish(&b, running[pick], fails ? (double)NAN : (double)base_rng_below(&rng, 20), 27);
            running[pick] = running[--n];
        }
        assert_true(promoted > 30);
        bench_close(&b);
    }
}

/* ---- stopping ---- */

/* Trials that reach the first rung one after the other; each runs to the top. */
static void stopping_follows_syne_tune(void **state) {
    (void)state;
    static const double losses[] = {.9, .5, .7, .45, .8, .3, .6, .25, .4};
    static const int goes_on[] = {1, 1, 1, 1, 0, 1, 0, 1, 1};
    bench b = bench_open("asha", "{mode: stopping}", 9);
    for (uint64_t id = 0; id < CHECK_COUNT(losses); id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_START, id);
        CHECK_NEAR(d.fidelity, 9, 0);
        assert_int_equal(d.rung, 2);
        assert_int_equal(report(&b, id, 1, losses[id]), !goes_on[id]);
    }
    bench_close(&b);
}

/* The value at the first report on or past each rung, in the order of the reports. */
typedef struct naive_rung {
    double fidelity, values[400];
    size_t n;
} naive_rung;

static bool naive_stop(naive_rung *rungs, double before, double step, double loss, double eta) {
    bool stop = false;
    for (size_t k = 0; k < 3; k++) {
        naive_rung *r = &rungs[k];
        if (before >= r->fidelity || step < r->fidelity) continue;
        r->values[r->n++] = loss;
        size_t smaller = 0;
        for (size_t i = 0; i < r->n; i++) smaller += r->values[i] < loss;
        if ((double)smaller / (double)r->n > 1 / eta) stop = true;
    }
    return stop && step < 27;
}

static void stopping_in_any_order(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 10; seed++) {
        bench b = bench_open("asha", "{mode: stopping}", 27);
        base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 1, 0);
        naive_rung rungs[3] = {{.fidelity = 1}, {.fidelity = 3}, {.fidelity = 9}};
        uint64_t running[6], stopped = 0;
        double step[6];
        for (size_t n = 0, i = 0; i < 600; i++) {
            for (; n < 6; n++) {
                running[n] = hpo_view_trials(hpo_history_view(b.history));
                step[n] = 0;
                expect(&b, true, HPO_DECIDE_START, running[n]);
            }
            const size_t pick = (size_t)base_rng_below(&rng, n);
            const double before = step[pick];
            const double value = base_rng_below(&rng, 20) == 0 ? (double)NAN : (double)base_rng_below(&rng, 9);
            step[pick] = fmin(27, before + 0.5 + (double)base_rng_below(&rng, 8));
            const bool stop = naive_stop(rungs, before, step[pick], isnan(value) ? (double)INFINITY : value, 3);
            assert_int_equal(report(&b, running[pick], step[pick], value), stop);
            stopped += stop;
            if (!stop && step[pick] < 27) continue;
            if (!stop) finish(&b, running[pick], 1, 27);
            running[pick] = running[--n];
            step[pick] = step[n];
        }
        assert_true(stopped > 20);
        bench_close(&b);
    }
}

/* Another attempt repeats its reports: they neither count twice nor stop. */
static void repeated_reports_do_not_count(void **state) {
    (void)state;
    bench b = bench_open("asha", "{mode: stopping, eta: 2}", 8);
    for (uint64_t id = 0; id < 4; id++) expect(&b, true, HPO_DECIDE_START, id);
    assert_false(report(&b, 0, 1, 3));
    for (int again = 0; again < 5; again++) assert_false(report(&b, 1, 1, 1));
    assert_false(report(&b, 2, 1, 2)); /* one of three is smaller, not five of seven */
    assert_true(report(&b, 3, 1, 3.5));
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_worker_follows_the_paper),
        cmocka_unit_test(rungs_are_rounded_and_left_out),
        cmocka_unit_test(failed_trials_are_never_promoted),
        cmocka_unit_test(ties_go_to_the_lower_trial),
        cmocka_unit_test(the_end_of_a_budget),
        cmocka_unit_test(many_workers_follow_the_paper),
        cmocka_unit_test(stopping_follows_syne_tune),
        cmocka_unit_test(stopping_in_any_order),
        cmocka_unit_test(repeated_reports_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

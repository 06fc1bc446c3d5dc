/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replicates by hand: the order of seeds, and the race against a table of Student's t. */
#include "tests/hpo/schedulers/by_hand.h"

static double all_seeds;

/* The trial's next seed has this loss; what is told is the mean. */
static void seed_ends(bench *b, uint64_t id, double loss) {
    const hpo_trial trial = hpo_view_trial(hpo_history_view(b->history), id);
    const double n = (double)trial.n_evals, before = n > 0 ? trial.evals[trial.n_evals - 1].loss : 0;
    finish(b, id, before + (loss - before) / (n + 1), all_seeds);
}

static bench open_race(const char *options, double seeds) {
    bench b = bench_open("replicates", options, seeds);
    hpo_history_average(b.history);
    all_seeds = seeds;
    return b;
}

/* A trial with all its seeds, alone. */
static void run_whole(bench *b, uint64_t id, const double *losses, size_t n) {
    expect(b, true, HPO_DECIDE_START, id);
    for (size_t i = 0; i < n; i++) {
        seed_ends(b, id, losses[i]);
        if (i + 1 < n) expect(b, true, HPO_DECIDE_PROMOTE, id);
    }
}

static void what_has_begun_goes_on_first(void **state) {
    (void)state;
    bench b = open_race(NULL, 3);
    for (uint64_t id = 0; id < 3; id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_START, id);
        assert_true(d.fidelity == 1 && d.rung == 0);
    }
    seed_ends(&b, 2, 0.5);
    seed_ends(&b, 1, 0.5);
    const hpo_decision d = expect(&b, true, HPO_DECIDE_PROMOTE, 1); /* the oldest */
    assert_true(d.fidelity == 2 && d.rung == 1);
    expect(&b, true, HPO_DECIDE_PROMOTE, 2);
    expect(&b, true, HPO_DECIDE_START, 3); /* nobody is paused */
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT);
    finish(&b, 0, (double)NAN, 3); /* gets no further seeds */
    seed_ends(&b, 1, 0.5);
    assert_true(expect(&b, false, HPO_DECIDE_PROMOTE, 1).fidelity == 3);
    seed_ends(&b, 1, 0.5);
    assert_int_equal(hpo_view_trial(hpo_history_view(b.history), 1).state, HPO_TRIAL_COMPLETE);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT);
    for (uint64_t id = 2; id < 4; id++) {
        for (size_t left = id == 2 ? 2 : 3; left > 0; left--) {
            seed_ends(&b, id, 0.5);
            if (left > 1) expect(&b, false, HPO_DECIDE_PROMOTE, id);
        }
    }
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_DONE);
    bench_close(&b);
}

/* Differences of d - s, d and d + s have mean d and standard deviation s, so that t is d sqrt(3) / s, and t of 2
 * degrees of freedom has its upper 5 % at 2.9200 (any table), its upper 10 % at 1.8856. Two seeds give d - s and d + s,
 * with t = d / s, and 6.3138 and 3.0777 of 1 degree. */
static void a_race_is_decided_by_students_t(void **state) {
    (void)state;
    static const double best[] = {5, 3, 4, 6};
    static const struct {
        const char *options;
        double d, s;
        size_t seeds; /* after which it is closed; 4: it is not */
    } cases[] = {
        {"race: true", 2.9201, 1.7320508, 3},
        {"race: true", 2.9199, 1.7320508, 4},
        {"{race: true, significance: 0.1}", 1.8857, 1.7320508, 3},
        {"{race: true, significance: 0.1}", 1.8855, 1.7320508, 4},
        {"race: true", 6.314, 1, 2},
        {"race: true", 6.313, 1, 3},
        {"{race: true, significance: 0.1}", 3.078, 1, 2},
        {"{race: true, significance: 0.1}", 3.077, 1, 3},
        {"race: true", -10, 1, 4}, /* far better */
        {"race: true", 0, 0, 4},   /* the same */
        {"race: true", 0.5, 0, 2}, /* the same with every seed, but worse */
        {"race: false", 10, 1, 4},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = open_race(cases[i].options, 4);
        const double d = cases[i].d, s = cases[i].s, off[] = {d - s, d + s, d, d};
        run_whole(&b, 0, best, 4);
        expect(&b, true, HPO_DECIDE_START, 1);
        for (size_t n = 1; n <= 4; n++) {
            seed_ends(&b, 1, best[n - 1] + off[n - 1]);
            if (n == 4) break;
            expect(&b, true, n == cases[i].seeds ? HPO_DECIDE_CLOSE : HPO_DECIDE_PROMOTE, 1);
            if (n == cases[i].seeds) break;
        }
        expect(&b, true, HPO_DECIDE_START, 2); /* nobody waits for anything */
        bench_close(&b);
    }
}

/* A trial that has only some of the seeds is nobody's measure, however good it looks. */
static void the_measure_has_all_seeds(void **state) {
    (void)state;
    static const double poor[] = {9, 9, 9};
    bench b = open_race("race: true", 3);
    expect(&b, true, HPO_DECIDE_START, 0);
    expect(&b, true, HPO_DECIDE_START, 1);
    seed_ends(&b, 0, 1);
    seed_ends(&b, 1, 5);
    expect(&b, true, HPO_DECIDE_PROMOTE, 0);
    expect(&b, true, HPO_DECIDE_PROMOTE, 1);
    seed_ends(&b, 1, 5); /* always worse by 4 than trial 0, which is not complete */
    expect(&b, true, HPO_DECIDE_PROMOTE, 1);
    seed_ends(&b, 0, 1);
    expect(&b, true, HPO_DECIDE_PROMOTE, 0);
    seed_ends(&b, 0, 1);
    seed_ends(&b, 1, 5);
    assert_int_equal(hpo_view_count(hpo_history_view(b.history), HPO_TRIAL_COMPLETE), 2);
    expect(&b, true, HPO_DECIDE_START, 2);
    seed_ends(&b, 2, poor[0]);
    expect(&b, true, HPO_DECIDE_PROMOTE, 2);
    seed_ends(&b, 2, poor[1]);
    expect(&b, true, HPO_DECIDE_CLOSE, 2);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_DONE);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_begun_goes_on_first),
        cmocka_unit_test(a_race_is_decided_by_students_t),
        cmocka_unit_test(the_measure_has_all_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

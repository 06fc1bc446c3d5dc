/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several goals: who goes on is decided by rank, then epsilon-net; small sets by hand, and random ones against the rule
 * applied to everything that the history has. */
#include "base/arena.h"
#include "base/rng.h"
#include "hpo/trials/order.h"
#include "tests/hpo/schedulers/by_hand.h"

enum { MOST = 400 };

static void finish_both(bench *b, uint64_t id, double first, double second, double max) {
    const hpo_trial trial = hpo_view_trial(hpo_history_view(b->history), id);
    hpo_record record = {.kind = HPO_RECORD_RESULT,
                         .trial = id,
                         .rung = trial.rung,
                         .fidelity = trial.fidelity,
                         .parent = UINT64_MAX,
                         .values = {first, second},
                         .n_values = 2,
                         .final = trial.fidelity >= max,
                         .result = {.cost = 1}};
    if (isnan(first)) record.result.failure = HPO_FAILURE_CRASH;
    apply(b, &record);
}

/* 9@1 3@3 1@9. The front is 8, 2, 5, 0 (from left to right); the net takes its ends and what is farthest from both. */
static void a_bracket_promotes_a_net_of_the_front(void **state) {
    (void)state;
    bench b = bench_open_goals("successive-halving", "{brackets: 1}", 1, 9, 2);
    static const double losses[9][2] = {{9, 0}, {9, 9}, {2, 8}, {5, 9}, {6, 7}, {5, 4}, {9, 5}, {9, 1}, {1, 9}};
    for (uint64_t id = 0; id < 9; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 9; id++) finish_both(&b, id, losses[id][0], losses[id][1], 9);
    size_t closed = 0;
    while (next(&b, true).kind == HPO_DECIDE_CLOSE) {
        const hpo_decision d = next(&b, true);
        assert_true(d.trial != 8 && d.trial != 0 && d.trial != 5);
        expect(&b, true, HPO_DECIDE_CLOSE, d.trial);
        closed++;
    }
    assert_int_equal(closed, 6);
    static const uint64_t promoted[] = {8, 0, 5};
    for (size_t i = 0; i < 3; i++) expect(&b, true, HPO_DECIDE_PROMOTE, promoted[i]);
    for (size_t i = 0; i < 3; i++) finish_both(&b, promoted[i], i == 1 ? 0 : 1, i == 1 ? 0 : 1, 9);
    expect(&b, true, HPO_DECIDE_CLOSE, 8);
    expect(&b, true, HPO_DECIDE_CLOSE, 5);
    expect(&b, true, HPO_DECIDE_PROMOTE, 0); /* dominates the others there */
    finish_both(&b, 0, 1, 1, 9);
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_DONE);
    bench_close(&b);
}

/* What ASHA must answer, from the whole history: from the top down, the first in the order of a rung's members that is
 * paused there, if it is among the first n/3. */
static bool naive_promotion(hpo_view view, uint64_t *who) {
    for (uint32_t k = 2; k-- > 0;) {
        hpo_member members[MOST];
        size_t n = 0;
        for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
            const hpo_trial trial = hpo_view_trial(view, id);
            for (size_t e = 0; e < trial.n_evals; e++)
                if (trial.evals[e].rung == k)
                    members[n++] = (hpo_member){id, trial.evals[e].loss, hpo_eval_losses(&trial.evals[e]), 0};
        }
        hpo_order_members(members, n, 2, hpo_spread_epsilon_net, NULL);
        for (size_t i = 0; i < n; i++) {
            const hpo_trial trial = hpo_view_trial(view, members[i].trial);
            if (trial.state != HPO_TRIAL_PAUSED || trial.rung != k) continue;
            if (i >= n / 3) break;
            *who = trial.id;
            return true;
        }
    }
    return false;
}

static void asha_follows_the_order(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 5; seed++) {
        base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 0, 0);
        bench b = bench_open_goals("asha", NULL, 1, 9, 2);
        uint64_t running[4];
        size_t n_running = 0, promotions = 0;
        for (size_t step = 0; step < MOST; step++) {
            if (n_running == 4 || (n_running > 0 && base_rng_uniform(&rng) < 0.5)) {
                const size_t at = base_rng_below(&rng, n_running);
                const double x = base_rng_uniform(&rng);
                const bool fails = base_rng_uniform(&rng) < 0.05;
                finish_both(&b, running[at], fails ? NAN : floor(50 * x),
                            floor(50 * (1 - x) + 10 * base_rng_uniform(&rng)), 9);
                running[at] = running[--n_running];
                continue;
            }
            uint64_t who = 0;
            const hpo_view view = hpo_history_view(b.history);
            const bool promotes = naive_promotion(view, &who);
            if (!promotes) who = hpo_view_trials(view);
            expect(&b, true, promotes ? HPO_DECIDE_PROMOTE : HPO_DECIDE_START, who);
            running[n_running++] = who;
            promotions += promotes;
        }
        assert_true(promotions > 20);
        bench_close(&b);
    }
}

/* At a report on the first rung a trial goes on if it is among the first n/3 + 1 of the n that were seen there. */
static void stopping_looks_at_all_goals(void **state) {
    (void)state;
    bench b = bench_open_goals("asha", "{mode: stopping}", 1, 9, 2);
    static const double losses[9][2] = {{5, 5}, {1, 9}, {9, 1}, {6, 6}, {7, 7}, {8, 8}, {0, 10}, {6, 4}, {9, 9}};
    for (uint64_t id = 0; id < 9; id++) {
        expect(&b, true, HPO_DECIDE_START, id);
        const hpo_record record = {.kind = HPO_RECORD_REPORT,
                                   .trial = id,
                                   .rung = 2,
                                   .fidelity = 1,
                                   .parent = UINT64_MAX,
                                   .values = {losses[id][0], losses[id][1]},
                                   .n_values = 2,
                                   .result = {.cost = 1}};
        apply(&b, &record);
        const bool stop = hpo_scheduler_should_stop(b.scheduler, hpo_history_view(b.history), id);
        if (stop) hpo_history_stop(b.history, &record);
        hpo_member seen[9];
        for (uint64_t i = 0; i <= id; i++) seen[i] = (hpo_member){i, losses[i][0], losses[i], 0};
        hpo_order_members(seen, (size_t)id + 1, 2, hpo_spread_epsilon_net, NULL);
        size_t place = 0;
        while (seen[place].trial != id) place++;
        assert_int_equal(stop, place > (id + 1) / 3);
    }
    bench_close(&b);
}

/* Errors halve, sizes stay: (4 30), (6 20), (8 10) come to the front (2 30), (3 20), (4 10). */
static void what_cannot_enter_the_front_is_stopped(void **state) {
    (void)state;
    static const struct {
        double error, size;
        bool stops;
    } cases[] = {{6, 20, false}, {6.2, 20, true}, {6.2, 19, false}, {100, 9, false}, {8, 10.5, true}, {3.9, 99, false}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        bench b = bench_open_goals("curve-stop", "{min_curves: 3}", 1, 2, 2);
        for (uint64_t id = 0; id <= 3; id++) {
            const double error = id < 3 ? 4 + 2 * (double)id : cases[i].error;
            const double size = id < 3 ? 30 - 10 * (double)id : cases[i].size;
            expect(&b, true, HPO_DECIDE_START, id);
            const hpo_record record = {.kind = HPO_RECORD_REPORT,
                                       .trial = id,
                                       .fidelity = 1,
                                       .parent = UINT64_MAX,
                                       .values = {error, size},
                                       .n_values = 2,
                                       .result = {.cost = 1}};
            apply(&b, &record);
            const bool stop = hpo_scheduler_should_stop(b.scheduler, hpo_history_view(b.history), id);
            assert_int_equal(stop, id == 3 && cases[i].stops);
            if (id < 3) finish_both(&b, id, error / 2, size, 2);
        }
        bench_close(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_enter_the_front_is_stopped),
        cmocka_unit_test(a_bracket_promotes_a_net_of_the_front),
        cmocka_unit_test(asha_follows_the_order),
        cmocka_unit_test(stopping_looks_at_all_goals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

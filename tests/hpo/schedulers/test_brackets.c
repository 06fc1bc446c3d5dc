/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small brackets by hand: who is promoted, who is closed, in which order, and when a bracket is given up; and many of
 * them at once against the rule written down naively. */
#include "base/rng.h"
#include "hpo/schedulers/ladder.h"
#include "tests/hpo/schedulers/by_hand.h"

/* 9@1 3@3 1@9; losses by trial: best 4, 7, 2; ties between 7 and 2 go to the lower id. */
static void the_best_third_goes_on(void **state) {
    (void)state;
    bench b = bench_open("successive-halving", "{brackets: 1}", 9);
    static const double losses[] = {.9, .8, .3, .7, .1, .6, .5, .3, .4};
    for (uint64_t id = 0; id < 9; id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_START, id);
        assert_int_equal(d.bracket, 0);
        assert_int_equal(d.rung, 0);
        CHECK_NEAR(d.fidelity, 1, 0);
    }
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_WAIT);
    for (uint64_t id = 9; id-- > 0;) {
        assert_int_equal(next(&b, true).kind, HPO_DECIDE_WAIT);
        finish(&b, id, losses[id], 9);
    }
    static const uint64_t closed[] = {0, 1, 3, 5, 6, 8}, promoted[] = {4, 2, 7};
    for (size_t i = 0; i < 6; i++) expect(&b, true, HPO_DECIDE_CLOSE, closed[i]);
    for (size_t i = 0; i < 3; i++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_PROMOTE, promoted[i]);
        assert_int_equal(d.rung, 1);
        CHECK_NEAR(d.fidelity, 3, 0);
    }
    finish(&b, 4, .5, 9);
    finish(&b, 7, .2, 9);
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_WAIT);
    finish(&b, 2, .4, 9);
    expect(&b, true, HPO_DECIDE_CLOSE, 4);
    expect(&b, true, HPO_DECIDE_CLOSE, 2);
    CHECK_NEAR(expect(&b, true, HPO_DECIDE_PROMOTE, 7).fidelity, 9, 0);
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_WAIT);
    finish(&b, 7, .2, 9);
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_DONE);
    bench_close(&b);
}

/* Seven of nine fail: both others go on, then one of them. */
static void failed_trials_shrink_the_rungs(void **state) {
    (void)state;
    bench b = bench_open("successive-halving", "{brackets: 1}", 9);
    for (uint64_t id = 0; id < 9; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 9; id++) finish(&b, id, id == 3 ? .2 : id == 5 ? .1 : (double)NAN, 9);
    expect(&b, true, HPO_DECIDE_PROMOTE, 5);
    expect(&b, true, HPO_DECIDE_PROMOTE, 3);
    finish(&b, 3, (double)NAN, 9);
    finish(&b, 5, .1, 9);
    expect(&b, true, HPO_DECIDE_PROMOTE, 5);
    finish(&b, 5, (double)NAN, 9);
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_DONE);
    bench_close(&b);
}

static void a_bracket_of_failures_ends(void **state) {
    (void)state;
    bench b = bench_open("successive-halving", "{brackets: 1}", 9);
    for (uint64_t id = 0; id < 9; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 9; id++) finish(&b, id, (double)NAN, 9);
    assert_int_equal(next(&b, true).kind, HPO_DECIDE_DONE);
    bench_close(&b);
}

/* Hyperband 1..9: 9@1 3@3 1@9 | 3@3 1@9 | 3@9 | again. Idle workers open the next bracket; when the first rung closes,
 * its promotions come before new trials. */
static void an_idle_worker_opens_the_next_bracket(void **state) {
    (void)state;
    bench b = bench_open("hyperband", NULL, 9);
    static const struct {
        uint32_t bracket, rung;
        double fidelity;
    } starts[] = {{0, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 0, 1},
                  {0, 0, 1}, {1, 1, 3}, {1, 1, 3}, {1, 1, 3}, {2, 2, 9}, {2, 2, 9}, {2, 2, 9}, {3, 0, 1}};
    for (uint64_t id = 0; id < CHECK_COUNT(starts); id++) {
        const hpo_decision d = expect(&b, true, HPO_DECIDE_START, id);
        assert_int_equal(d.bracket, starts[id].bracket);
        assert_int_equal(d.rung, starts[id].rung);
        CHECK_NEAR(d.fidelity, starts[id].fidelity, 0);
    }
    for (uint64_t id = 9; id < 12; id++) finish(&b, id, (double)id, 9);
    for (uint64_t id = 0; id < 9; id++) finish(&b, id, (double)id, 9);
    for (uint64_t id = 8; id >= 3; id--) expect(&b, true, HPO_DECIDE_CLOSE, id);
    for (uint64_t id = 0; id < 3; id++) expect(&b, true, HPO_DECIDE_PROMOTE, id);
    expect(&b, true, HPO_DECIDE_CLOSE, 11);
    expect(&b, true, HPO_DECIDE_CLOSE, 10);
    const hpo_decision d = expect(&b, true, HPO_DECIDE_PROMOTE, 9);
    assert_int_equal(d.bracket, 1);
    assert_int_equal(d.rung, 2);
    assert_int_equal(next(&b, true).bracket, 3);
    bench_close(&b);
}

/* No new trials after five of nine: 5/3 = 1 goes on, and the bracket stays as it is when trials are allowed again. */
static void a_bracket_that_is_not_full_is_finished(void **state) {
    (void)state;
    bench b = bench_open("hyperband", NULL, 9);
    for (uint64_t id = 0; id < 5; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 4; id++) finish(&b, id, (double)(9 - id), 9);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT);
    finish(&b, 4, 7.5, 9);
    for (int again = 0; again < 2; again++) { /* asking alone closes nothing */
        assert_int_equal(next(&b, true).kind, HPO_DECIDE_START);
        assert_int_equal(next(&b, false).kind, HPO_DECIDE_CLOSE);
    }
    static const uint64_t closed[] = {0, 1, 4, 2};
    for (size_t i = 0; i < 4; i++) {
        expect(&b, false, HPO_DECIDE_CLOSE, closed[i]);
        assert_int_equal(next(&b, true).kind, i == 3 ? HPO_DECIDE_PROMOTE : HPO_DECIDE_CLOSE);
    }
    expect(&b, false, HPO_DECIDE_PROMOTE, 3);
    assert_int_equal(next(&b, true).bracket, 1);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT);
    finish(&b, 3, 1, 9);
    CHECK_NEAR(expect(&b, false, HPO_DECIDE_PROMOTE, 3).fidelity, 9, 0);
    finish(&b, 3, 1, 9);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_DONE);
    assert_int_equal(next(&b, true).bracket, 1);
    bench_close(&b);
}

static void a_bracket_of_one_is_finished(void **state) {
    (void)state;
    bench b = bench_open("hyperband", NULL, 9);
    expect(&b, true, HPO_DECIDE_START, 0);
    finish(&b, 0, 1, 9);
    expect(&b, false, HPO_DECIDE_PROMOTE, 0);
    const hpo_decision d = next(&b, true);
    assert_true(d.kind == HPO_DECIDE_START && d.bracket == 1);
    bench_close(&b);
}

/* Six of nine, four of them failed: both others go on, also when new trials are allowed between the two promotions. */
static void a_short_bracket_without_losers_is_finished(void **state) {
    (void)state;
    bench b = bench_open("hyperband", NULL, 9);
    for (uint64_t id = 0; id < 6; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 6; id++) finish(&b, id, id < 4 ? (double)NAN : (double)id, 9);
    expect(&b, false, HPO_DECIDE_PROMOTE, 4);
    expect(&b, true, HPO_DECIDE_PROMOTE, 5);
    bench_close(&b);
}

/* Asked while no new trials are allowed, it takes the rung for closed; a trial that was decided upon before that begins
 * there nevertheless. */
static void a_rung_that_was_taken_for_closed_opens_again(void **state) {
    (void)state;
    bench b = bench_open("successive-halving", NULL, 9);
    for (uint64_t id = 0; id < 5; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 5; id++) finish(&b, id, (double)id, 9);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_CLOSE);
    const double config = 0.5;
    apply(&b,
          &(hpo_record){.kind = HPO_RECORD_START, .trial = 5, .fidelity = 1, .parent = UINT64_MAX, .config = &config});
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT);
    finish(&b, 5, -1, 9);
    for (uint64_t id = 4; id >= 2; id--) expect(&b, false, HPO_DECIDE_CLOSE, id); /* 6/3 go on */
    expect(&b, false, HPO_DECIDE_CLOSE, 1);
    expect(&b, false, HPO_DECIDE_PROMOTE, 5);
    expect(&b, false, HPO_DECIDE_PROMOTE, 0);
    bench_close(&b);
}

/* Asked about an earlier moment, it forgets what came later. */
static void earlier_views_have_their_own_answers(void **state) {
    (void)state;
    base_err err;
    bench b = bench_open("successive-halving", "{brackets: 1}", 3);
    for (uint64_t id = 0; id < 3; id++) expect(&b, true, HPO_DECIDE_START, id);
    for (uint64_t id = 0; id < 3; id++) finish(&b, id, (double)id, 3);
    expect(&b, true, HPO_DECIDE_CLOSE, 2);
    expect(&b, true, HPO_DECIDE_CLOSE, 1);
    expect(&b, true, HPO_DECIDE_PROMOTE, 0);
    finish(&b, 0, 0, 3);
    static const hpo_decision_kind kinds[] = {HPO_DECIDE_START,   HPO_DECIDE_START, HPO_DECIDE_START, HPO_DECIDE_WAIT,
                                              HPO_DECIDE_WAIT,    HPO_DECIDE_WAIT,  HPO_DECIDE_CLOSE, HPO_DECIDE_CLOSE,
                                              HPO_DECIDE_PROMOTE, HPO_DECIDE_WAIT,  HPO_DECIDE_DONE};
    for (uint64_t as_of = CHECK_COUNT(kinds); as_of-- > 0;) {
        hpo_decision d;
        CHECK_OK(hpo_scheduler_next(b.scheduler, hpo_history_at(b.history, as_of), true, &d, &err));
        assert_int_equal(d.kind, kinds[as_of]);
    }
    bench_close(&b);
}

/* ---- many brackets ---- */

typedef struct place {
    uint64_t trial;
    double loss;
} place;

static int by_loss(const void *a, const void *b) {
    const place *x = a, *y = b;
    return hpo_loss_less(x->loss, x->trial, y->loss, y->trial) ? -1 : 1;
}

static const hpo_eval *on_rung(const hpo_trial *trial, uint32_t rung) {
    for (size_t i = 0; i < trial->n_evals; i++)
        if (trial->evals[i].rung == rung) return &trial->evals[i];
    return NULL;
}

/* The first of a closed rung that has not moved: from the worst to the last that goes on, then from the best. */
static bool naive_move(hpo_view view, const place *ended, size_t n, size_t winners, uint32_t rung, hpo_decision *out) {
    for (size_t i = 0; i < n; i++) {
        const bool closes = i < n - winners;
        const hpo_trial trial = hpo_view_trial(view, ended[closes ? n - 1 - i : i - (n - winners)].trial);
        if (trial.state != HPO_TRIAL_PAUSED || trial.rung != rung) continue;
        *out = (hpo_decision){.kind = closes ? HPO_DECIDE_CLOSE : HPO_DECIDE_PROMOTE, .trial = trial.id};
        return true;
    }
    return false;
}

typedef enum naive { NAIVE_ENDED, NAIVE_WAITS, NAIVE_FILLS, NAIVE_MOVES } naive;

/* What a bracket wants, read from its trials alone. New trials are allowed until they no longer are. */
static naive naive_bracket(const hpo_ladder *ladder, hpo_view view, uint32_t number, bool may_start,
                           hpo_decision *out) {
    static uint64_t members[81];
    static place ended[81];
    size_t count;
    const uint64_t *ids = hpo_view_bracket(view, number, &count);
    hpo_bracket_plan plan = hpo_ladder_bracket(ladder, ladder->rungs - 1 - number % ladder->rungs);
    if (may_start && count < plan.size[0]) return NAIVE_FILLS;
    hpo_bracket_plan_shrink(&plan, ladder->eta, count);
    memcpy(members, ids, count * sizeof *ids);
    for (uint32_t stage = 0;; stage++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            const hpo_trial trial = hpo_view_trial(view, members[i]);
            const hpo_eval *eval = on_rung(&trial, plan.first + stage);
            if (!eval) return NAIVE_WAITS;
            if (eval->failure == HPO_FAILURE_NONE) ended[n++] = (place){trial.id, eval->loss};
        }
        if (n == 0 || stage + 1 == plan.stages) return NAIVE_ENDED;
        qsort(ended, n, sizeof *ended, by_loss);
        count = plan.size[stage + 1] < n ? (size_t)plan.size[stage + 1] : n;
        if (naive_move(view, ended, n, count, plan.first + stage, out)) return NAIVE_MOVES;
        for (size_t i = 0; i < count; i++) members[i] = ended[i].trial;
    }
}

static hpo_decision naive_next(const hpo_ladder *ladder, hpo_view view, bool may_start) {
    hpo_decision out = {.kind = may_start ? HPO_DECIDE_START : HPO_DECIDE_DONE};
    const uint32_t brackets = hpo_view_brackets(view);
    uint32_t fill = brackets;
    for (uint32_t number = brackets; number-- > 0;) {
        hpo_decision moves;
        const naive wish = naive_bracket(ladder, view, number, may_start, &moves);
        if (wish == NAIVE_MOVES) out = moves;
        if (wish == NAIVE_WAITS && out.kind == HPO_DECIDE_DONE) out.kind = HPO_DECIDE_WAIT;
        if (wish == NAIVE_FILLS) fill = number;
    }
    if (out.kind == HPO_DECIDE_START) out.bracket = fill;
    return out;
}

/* Some hundred workers, so that dozens of brackets are open at once and end in any order. */
static void many_brackets_follow_the_rule(void **state) {
    (void)state;
    enum { TRIALS = 1500, WORKERS = 400 };
    static uint64_t running[WORKERS];
    base_err err;
    hpo_ladder ladder;
    CHECK_OK(hpo_ladder_init(&ladder, 1, 27, true, 3, &err));
    bench b = bench_open("hyperband", NULL, 27);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    size_t busy = 0, moves = 0;
    for (;;) {
        const hpo_view view = hpo_history_view(b.history);
        const bool may_start = hpo_view_trials(view) < TRIALS;
        hpo_decision d = {.kind = HPO_DECIDE_WAIT};
        if (busy < WORKERS) {
            d = next(&b, may_start);
            const hpo_decision rule = naive_next(&ladder, view, may_start);
            assert_int_equal(d.kind, rule.kind);
            if (d.kind == HPO_DECIDE_START) assert_int_equal(d.bracket, rule.bracket);
            if (d.kind == HPO_DECIDE_START) d.trial = hpo_view_trials(view);
            if (rule.kind == HPO_DECIDE_PROMOTE || rule.kind == HPO_DECIDE_CLOSE) assert_int_equal(d.trial, rule.trial);
        }
        if (d.kind == HPO_DECIDE_DONE) break;
        if (d.kind == HPO_DECIDE_WAIT) {
            const size_t at = (size_t)base_rng_below(&rng, busy);
            const double loss = floor(50 * base_rng_uniform(&rng));
            finish(&b, running[at], base_rng_below(&rng, 10) ? loss : (double)NAN, 27);
            running[at] = running[--busy];
            continue;
        }
        expect(&b, may_start, d.kind, d.trial);
        moves += d.kind != HPO_DECIDE_START;
        if (d.kind != HPO_DECIDE_CLOSE) running[busy++] = d.trial;
    }
    assert_true(busy == 0 && moves > TRIALS / 2);
    bench_close(&b);
}

static void full_never_waits(void **state) {
    (void)state;
    bench b = bench_open("full", NULL, 9);
    for (uint64_t id = 0; id < 4; id++) CHECK_NEAR(expect(&b, true, HPO_DECIDE_START, id).fidelity, 9, 0);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_WAIT);
    for (uint64_t id = 0; id < 4; id++) finish(&b, id, 1, 9);
    assert_int_equal(next(&b, false).kind, HPO_DECIDE_DONE);
    bench_close(&b);
}

/* 100/27 is 4, or 3 as the published comparisons have it. */
static void rungs_are_rounded_as_the_option_says(void **state) {
    (void)state;
    static const char *const shown[][2] = {{"{}", "rungs 4, 11, 33, 100;"},
                                           {"{rounding: down}", "rungs 3, 11, 33, 100;"}};
    for (size_t i = 0; i < CHECK_COUNT(shown); i++) {
        bench b = bench_open_from("hyperband", shown[i][0], 3, 100);
        base_buf text = {0};
        hpo_scheduler_describe(b.scheduler, &text);
        CHECK_CONTAINS(base_buf_text(&text), shown[i][1]);
        base_buf_fini(&text);
        bench_close(&b);
    }
}

static void what_check_shows(void **state) {
    (void)state;
    bench b = bench_open("hyperband", "{eta: 3}", 9);
    base_buf text = {0};
    hpo_scheduler_describe(b.scheduler, &text);
    assert_string_equal(base_buf_text(&text), "rungs 1, 3, 9; brackets: 9@1 3@3 1@9 | 3@3 1@9 | 3@9");
    base_buf_clear(&text);
    hpo_scheduler_print(b.scheduler, &text);
    assert_string_equal(base_buf_text(&text), "{eta: 3, brackets: 0, full_first: false, rounding: nearest}");
    base_buf_fini(&text);
    assert_false(hpo_scheduler_ends(b.scheduler));
    bench_close(&b);
}

/* Of fidelities 1, 3, 9: hyperband's three brackets (9@1 3@3 1@9 | 3@3 1@9 | 3@9), then the same six stages with new
 * trials only, all below the top closed. */
static void dehb_begins_every_stage_anew(void **state) {
    (void)state;
    bench b = bench_open("dehb", NULL, 9);
    uint64_t began[2][3] = {{0}}, promoted = 0, closed = 0, stages[6] = {0};
    static const uint32_t rungs[] = {0, 1, 2, 1, 2, 2}, sizes[] = {9, 3, 1, 3, 1, 3};
    for (int steps = 0; steps < 1000 && hpo_view_trials(hpo_history_view(b.history)) < 15 + 20; steps++) {
        const hpo_decision d = next(&b, true);
        const uint64_t new_id = hpo_view_trials(hpo_history_view(b.history));
        const bool starts = d.kind == HPO_DECIDE_START;
        expect(&b, true, d.kind, starts ? new_id : d.trial);
        if (d.kind == HPO_DECIDE_CLOSE) {
            closed++;
            continue;
        }
        finish(&b, starts ? new_id : d.trial, (double)((7 * new_id) % 11), 9);
        if (starts)
            began[new_id >= 15][d.rung]++;
        else
            assert_true(promoted++ < 5 && new_id < 15); /* 3 and 1, then 1 */
        if (new_id < 15) continue;
        assert_true(d.bracket >= 3 && d.bracket < 9);
        assert_int_equal(d.rung, rungs[d.bracket - 3]);
        stages[d.bracket - 3]++;
    }
    assert_int_equal(began[0][0], 9);
    assert_int_equal(began[0][1], 3);
    assert_int_equal(began[0][2], 3);
    for (size_t i = 0; i < 6; i++) assert_int_equal(stages[i], sizes[i]);
    assert_int_equal(promoted, 5);
    assert_int_equal(closed, 6 + 2 + 2 + 9 + 3 + 3);
    bench_close(&b);
}

static void options_are_checked(void **state) {
    (void)state;
    base_err err;
    base_arena *arena = base_arena_create();
    base_yaml_node *node;
    hpo_scheduler *scheduler;
    hpo_scheduler_env env = {.min_fidelity = 1, .max_fidelity = 9};
    CHECK_OK(base_yaml_parse(arena, "f", "{eta: 1}", 8, &node, &err));
    CHECK_FAILS(hpo_scheduler_create(hpo_scheduler_find("hyperband"), node, &env, &scheduler, &err), BASE_INVALID,
                "f:1:7");
    assert_null(scheduler);
    CHECK_OK(base_yaml_parse(arena, "f", "{eta: 2}", 8, &node, &err));
    env.max_fidelity = 1e12;
    CHECK_FAILS(hpo_scheduler_create(hpo_scheduler_find("hyperband"), node, &env, &scheduler, &err), BASE_INVALID,
                "f:1:1");
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_third_goes_on),
        cmocka_unit_test(failed_trials_shrink_the_rungs),
        cmocka_unit_test(a_bracket_of_failures_ends),
        cmocka_unit_test(an_idle_worker_opens_the_next_bracket),
        cmocka_unit_test(a_bracket_that_is_not_full_is_finished),
        cmocka_unit_test(a_bracket_of_one_is_finished),
        cmocka_unit_test(a_short_bracket_without_losers_is_finished),
        cmocka_unit_test(a_rung_that_was_taken_for_closed_opens_again),
        cmocka_unit_test(many_brackets_follow_the_rule),
        cmocka_unit_test(earlier_views_have_their_own_answers),
        cmocka_unit_test(full_never_waits),
        cmocka_unit_test(rungs_are_rounded_as_the_option_says),
        cmocka_unit_test(what_check_shows),
        cmocka_unit_test(dehb_begins_every_stage_anew),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

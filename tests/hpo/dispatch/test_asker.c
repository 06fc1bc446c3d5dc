/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The asker by itself: it proposes what the study's own sampler proposes, bit for bit, from the same records; one
 * proposal at a time; and it ends whether or not a proposal does. */
#include "hpo/dispatch/asker.h"

#include <poll.h>
#include <signal.h>

#include "tests/support/check.h"
#include "tests/support/gate_sampler.h"
#include "tests/support/toy_objective.h"

#define SPACE                                                                                                          \
    "parameters: {lr: {min: 1e-5, max: 1.0, log: true, prior: 1e-2}, n: {min: 1, max: 4}, opt: {values: [sgd, "        \
    "adam]}, "                                                                                                         \
    "momentum: {min: 0.0, max: 0.99, when: {opt: sgd}}}\n"
#define STUDY "objective: toy\nseed: 11\nfidelity: {e: {min: 1, max: 9}}\nbudget: {trials: 40}\n" SPACE
#define SMALL "objective: toy\nseed: 3\nmethod: random\nbudget: {trials: 40}\nparameters: {n: {min: 1, max: 6}}\n"

static hpo_answer wait_for(hpo_asker *asker) {
    struct pollfd fd = {.fd = hpo_asker_fd(asker), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 120 * 1000), 1);
    hpo_answer answer;
    assert_true(hpo_asker_is_busy(asker));
    assert_true(hpo_asker_take(asker, &answer));
    assert_false(hpo_asker_is_busy(asker));
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_false(hpo_asker_take(asker, &answer));
    assert_true(answer.seconds >= 0);
    return answer;
}

/* What next gives for a record that ask gave. */
static hpo_record bare(const hpo_record *start) {
    hpo_record copy = *start;
    copy.config = NULL;
    copy.origin = NULL;
    return copy;
}

static hpo_study *open_study(const hpo_study_spec *spec) {
    base_err err;
    hpo_study *study;
    CHECK_OK(hpo_study_create(spec, &study, &err));
    return study;
}

/* The records of a study are shown to an asker, which is asked for the configuration of every START. */
static void check_proposes_the_same(const char *text) {
    base_err err;
    toy_tape tape = {0};
    hpo_study_spec *spec = toy_spec(text);
    hpo_study *study = open_study(spec);
    toy_drive_study(study, &(toy_drive){.workers = 3, .seed = 1, .fail_share = 0.1, .reports = 2, .tape = &tape});
    hpo_study_destroy(study);
    hpo_asker *asker;
    CHECK_OK(hpo_asker_create(spec, &asker, &err));
    size_t starts = 0;
    for (size_t i = 0; i < tape.count; i++) {
        const hpo_record *record = &tape.records[i];
        if (record->kind == HPO_RECORD_START) {
            const hpo_record request = bare(record);
            hpo_asker_request(asker, &request);
            hpo_answer answer = wait_for(asker);
            CHECK_OK(answer.status == BASE_OK ? BASE_OK : (err = answer.err, answer.status));
            assert_non_null(answer.start.origin);
            assert_string_equal(answer.start.origin, record->origin);
            assert_true(toy_same_record(spec->space, &answer.start, record));
            starts++;
        }
        hpo_asker_feed(asker, record);
    }
    assert_true(starts > 5);
    assert_true(hpo_asker_end(asker, 60));
    toy_tape_fini(&tape);
    hpo_study_spec_destroy(spec);
}

static void test_every_sampler_proposes_the_same_beside(void **state) {
    (void)state;
    size_t count;
    const hpo_sampler_type *const *types = hpo_samplers(&count);
    for (size_t i = 0; i < count; i++) {
        base_buf text = {0};
        base_buf_printf(&text, STUDY "method: {sampler: %s, scheduler: asha}\n", types[i]->name);
        check_proposes_the_same(base_buf_text(&text));
        base_buf_fini(&text);
    }
}

/* The last ones are found by going through the space, and then there is none: both are said by the asker, too. */
static void test_a_finite_space_is_exhausted_beside(void **state) {
    (void)state;
    base_err err;
    hpo_study_spec *spec = toy_spec(SMALL);
    hpo_study *study = open_study(spec);
    hpo_asker *asker;
    CHECK_OK(hpo_asker_create(spec, &asker, &err));
    bool seen[7] = {false};
    for (uint64_t trial = 0; trial <= 6; trial++) {
        hpo_ask_kind kind;
        hpo_record start;
        CHECK_OK(hpo_study_next(study, &kind, &start, &err));
        assert_int_equal(kind, HPO_ASK_JOB);
        hpo_asker_request(asker, &start);
        hpo_answer answer = wait_for(asker);
        if (trial == 6) {
            assert_int_equal(answer.status, BASE_END);
            CHECK_CONTAINS(answer.err.text, "all 6 configurations");
            hpo_study_exhaust(study, answer.start.as_of, answer.err.text);
            break;
        }
        assert_int_equal(answer.status, BASE_OK);
        const size_t n = (size_t)answer.start.config[0];
        assert_true(n >= 1 && n <= 6 && !seen[n]);
        seen[n] = true;
        hpo_study_accept(study, &answer.start);
        hpo_asker_feed(asker, &answer.start);
    }
    hpo_ask_kind kind;
    hpo_record none;
    CHECK_OK(hpo_study_next(study, &kind, &none, &err));
    assert_int_equal(kind, HPO_ASK_WAIT); /* six are running */
    assert_true(hpo_asker_end(asker, 60));
    hpo_study_destroy(study);
    hpo_study_spec_destroy(spec);
}

/* ---- while a proposal is under way ---- */

typedef struct gated {
    hpo_study_spec *spec;
    hpo_study *study;
    hpo_asker *asker;
} gated;

static gated open_gated(size_t passes) {
    base_err err;
    gated g = {.spec = toy_spec("objective: toy\nseed: 3\nbudget: {trials: 40}\n" SPACE)};
    gate_reset(passes, SIZE_MAX);
    g.spec->sampler = &gate_slow_sampler;
    g.study = open_study(g.spec);
    CHECK_OK(hpo_asker_create(g.spec, &g.asker, &err));
    return g;
}

static void close_gated(gated *g) {
    hpo_study_destroy(g->study);
    hpo_study_spec_destroy(g->spec);
}

static hpo_record request_next(gated *g) {
    base_err err;
    hpo_ask_kind kind;
    hpo_record start;
    CHECK_OK(hpo_study_next(g->study, &kind, &start, &err));
    assert_int_equal(kind, HPO_ASK_JOB);
    hpo_asker_request(g->asker, &start);
    return start;
}

static void accept(gated *g, const hpo_record *start) {
    hpo_study_accept(g->study, start);
    hpo_asker_feed(g->asker, start);
}

static hpo_record tell(gated *g, uint64_t trial, double loss) {
    hpo_result result = {.cost = (double)NAN};
    hpo_metrics_set(&result.metrics, "loss", loss);
    hpo_record record;
    hpo_study_tell(g->study, trial, &result, 0, 0, &record);
    hpo_asker_feed(g->asker, &record);
    return record;
}

static void test_what_is_fed_meanwhile_counts_afterwards(void **state) {
    (void)state;
    gated g = open_gated(2);
    for (int i = 0; i < 2; i++) {
        request_next(&g);
        hpo_answer answer = wait_for(g.asker);
        accept(&g, &answer.start);
    }
    const hpo_record asked = request_next(&g); /* the gate is shut */
    hpo_answer answer;
    assert_false(hpo_asker_take(g.asker, &answer));
    tell(&g, 1, 0.5);
    tell(&g, 0, 0.25);
    assert_false(hpo_asker_take(g.asker, &answer));
    gate_open(1);
    answer = wait_for(g.asker);
    assert_int_equal(answer.start.as_of, asked.as_of);
    assert_int_equal(gate_get_call(2).running, 2);
    /* The same as when it is asked again from the view of then, now that the history goes on. */
    base_err err;
    hpo_record again = asked;
    gate_open(1);
    CHECK_OK(hpo_study_propose(g.study, &again, &err));
    assert_true(toy_same_record(g.spec->space, &answer.start, &again));
    accept(&g, &answer.start);
    request_next(&g); /* asserts that the asker has seen as many records as the study */
    gate_open(1);
    answer = wait_for(g.asker);
    assert_int_equal(gate_get_call(4).running, 1);
    assert_int_equal(answer.start.as_of, 5);
    assert_true(hpo_asker_end(g.asker, 60));
    close_gated(&g);
}

static void test_signals_are_for_others(void **state) {
    (void)state;
    gated g = open_gated(SIZE_MAX);
    request_next(&g);
    wait_for(g.asker);
    assert_true(gate_get_call(0).signals_blocked);
    sigset_t mine; /* and mine are as they were */
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
    assert_true(hpo_asker_end(g.asker, 60));
    close_gated(&g);
}

static void test_a_proposal_without_end_holds_up_nobody(void **state) {
    (void)state;
    gated g = open_gated(0);
    request_next(&g);
    gate_await_calls(1);
    assert_false(hpo_asker_end(g.asker, 0.01));
    gate_open(1);
    gate_await_ends(1); /* the thread cleans up behind itself */
    close_gated(&g);

    g = open_gated(0); /* one that was never asked ends, as does one that was not created */
    assert_true(hpo_asker_end(g.asker, 60));
    assert_true(hpo_asker_end(NULL, 0));
    close_gated(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_sampler_proposes_the_same_beside),
        cmocka_unit_test(test_a_finite_space_is_exhausted_beside),
        cmocka_unit_test(test_what_is_fed_meanwhile_counts_afterwards),
        cmocka_unit_test(test_signals_are_for_others),
        cmocka_unit_test(test_a_proposal_without_end_holds_up_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

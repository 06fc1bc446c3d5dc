/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every scheduler that stops trials at reports, through the real controller. In the deterministic order whoever
 * computes and however its messages arrive, the same trials are stopped at the same reports, and what they computed
 * beyond does not count; by arrival a stopped trial ends at its report, unless it had finished before it could be
 * stopped, and the journal tells the same story as the run. */
#include "base/rng.h"
#include "tests/hpo/dispatch/rig.h"

#define HEAD                                                                                                           \
    "study: rig\nseed: 5\nmetric: loss\nworkers: 4\nobjective: {fake: {}}\n"                                           \
    "parameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b, c]}}\nfailure: {heartbeat: 0.01s, lost_after: 0.1s}\n"   \
    "fidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 24}\n"
#define FIXED HEAD "deterministic: true\n"

typedef struct method {
    const char *fixed, *arrival; /* the study in both orders */
    bool stops;                  /* not only pauses */
} method;
#define METHOD(text, stops)                                                                                            \
    { FIXED "method: " text "\n", HEAD "method: " text "\n", stops }
static const method methods[] = {
    METHOD("{scheduler: asha}", false),
    METHOD("{scheduler: asha, mode: stopping}", true),
    METHOD("{scheduler: async-hyperband}", false),
    METHOD("{scheduler: async-hyperband, mode: stopping}", true),
    METHOD("{scheduler: median-stop, min_trials: 2}", true),
    METHOD("{scheduler: percentile-stop, percentile: 30, min_trials: 2, warmup: 2}", true),
    METHOD("{scheduler: patience, patience: 4}", true),
    METHOD("{sampler: tpe, n_startup: 4, scheduler: median-stop, min_trials: 2}", true),
    METHOD("{sampler: rf, startup: 4, scheduler: asha, mode: stopping}", true),
};

static fake_fate fail_some(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    if (job->trial % 7 != 6) return (fake_fate){.deed = FAKE_ANSWERS};
    return (fake_fate){.deed = FAKE_FAILS, .reports = job->trial % 3, .failure = HPO_FAILURE_OUTPUT};
}

/* First attempts of some crash after a few reports: another attempt repeats them. */
static fake_fate crash_some(void *self, size_t worker, const hpo_message *job) {
    base_rng *rng = self;
    const fake_fate fate = fail_some(NULL, worker, job);
    if (fate.deed != FAKE_ANSWERS || job->attempt > 0 || base_rng_below(rng, 3) > 0) return fate;
    const size_t reports = (size_t)base_rng_below(rng, 6);
    return (fake_fate){.deed = FAKE_FAILS, .reports = reports, .failure = HPO_FAILURE_CRASH};
}

/* Some have finished before a stop reaches them. */
static fake_fate hurry_some(void *self, size_t worker, const hpo_message *job) {
    const fake_fate fate = fail_some(self, worker, job);
    return fate.deed == FAKE_ANSWERS && job->trial % 3 == 0 ? (fake_fate){.deed = FAKE_HURRIES} : fate;
}

static void check_done(const rig_end *end) {
    base_err err = end->err;
    CHECK_OK(end->status);
    assert_int_equal(end->outcome, HPO_OUTCOME_DONE);
    assert_int_equal(end->trials, 24);
    assert_int_equal(end->running + end->paused, 0);
    assert_int_equal(end->complete + end->stopped + end->failed, 24);
}

/* ---- what a record says ---- */

static bool is_stop(const hpo_entry *entry, void *self) {
    (void)self;
    return entry->kind == HPO_ENTRY_RECORD && entry->record.kind == HPO_RECORD_REPORT && entry->record.stop;
}

typedef struct account {
    bool stopped[64], open[64], wrong;
    double cost, begun[64];
    size_t late;
} account;

/* Adds up what was charged; notices what is told of a trial after its stop. By arrival that is its close, or the result
 * that it had before. */
static bool keep_account(const hpo_entry *entry, void *self) {
    account *a = self;
    const hpo_record *record = &entry->record;
    if (entry->kind != HPO_ENTRY_RECORD) return false;
    const bool late = a->open[record->trial] && record->kind == HPO_RECORD_RESULT;
    const bool closed = a->open[record->trial] && record->kind == HPO_RECORD_CLOSE;
    if (a->stopped[record->trial] && !late && !closed) a->wrong = true;
    a->open[record->trial] = false;
    a->late += late;
    if (record->kind == HPO_RECORD_START || record->kind == HPO_RECORD_PROMOTE) a->begun[record->trial] = record->from;
    if (record->kind == HPO_RECORD_RESULT || (record->kind == HPO_RECORD_REPORT && record->stop)) {
        const double cost = record->fidelity - a->begun[record->trial];
        if (record->result.cost != cost) a->wrong = true;
        a->cost += cost;
    }
    if (record->kind == HPO_RECORD_REPORT && record->stop) {
        a->stopped[record->trial] = true;
        a->open[record->trial] = record->open;
        a->begun[record->trial] = record->fidelity;
    }
    return false;
}

/* Returns how many had finished before they could be stopped. */
static size_t check_account(const char *yaml, const char *journal, const rig_end *end, bool stops) {
    account a = {0};
    rig_count(yaml, journal, keep_account, &a);
    assert_false(a.wrong);
    for (size_t i = 0; i < CHECK_COUNT(a.open); i++) assert_false(a.open[i]);
    CHECK_NEAR(end->cost, a.cost, 1e-9);
    const size_t n = rig_count(yaml, journal, is_stop, NULL);
    if (stops) {
        assert_int_equal(end->stopped + a.late, n);
        assert_in_range(n, 1, 23);
    } else {
        assert_int_equal(n, 0);
    }
    return a.late;
}

/* ---- the tests ---- */

static void the_order_of_arrival_does_not_matter(void **state) {
    (void)state;
    for (size_t m = 0; m < CHECK_COUNT(methods); m++) {
        const char *whole = rig_new_journal();
        rig_run run = {.yaml = methods[m].fixed, .journal = whole, .workers = 1, .fate = fail_some};
        rig_end want, end;
        rig_go(&run, &want);
        check_done(&want);
        check_account(run.yaml, whole, &want, methods[m].stops);
        for (uint64_t seed = 0; seed < 24; seed++) {
            base_rng rng = base_rng_stream(seed, BASE_RNG_TEST, 6, 0);
            run.journal = rig_new_journal();
            run.workers = 1 + seed % 7;
            run.seed = seed;
            run.fate = seed % 2 ? crash_some : fail_some;
            run.self = &rng;
            rig_go(&run, &end);
            check_done(&end);
            rig_check_same_text(&end.history, &want.history);
            rig_end_fini(&end);
        }
        const size_t lines = rig_cut(whole, rig_new_journal(), SIZE_MAX);
        for (size_t cut = 2; cut < lines; cut += 5) {
            base_rng rng = base_rng_stream(cut, BASE_RNG_TEST, 7, 0);
            run.journal = rig_new_journal();
            run.workers = 1 + cut % 5;
            run.self = &rng;
            rig_cut(whole, run.journal, cut);
            rig_go(&run, &end);
            check_done(&end);
            rig_check_same_text(&end.history, &want.history);
            rig_end_fini(&end);
        }
        rig_end_fini(&want);
    }
}

static void by_arrival_a_stop_is_the_end_unless_it_came_too_late(void **state) {
    (void)state;
    for (size_t m = 0; m < CHECK_COUNT(methods); m++) {
        size_t late = 0;
        for (uint64_t seed = 0; seed < 10; seed++) {
            rig_run run = {.yaml = methods[m].arrival,
                           .journal = rig_new_journal(),
                           .workers = 3,
                           .seed = seed,
                           .fate = seed % 2 ? hurry_some : fail_some};
            rig_end end;
            rig_go(&run, &end);
            check_done(&end);
            const size_t n = check_account(run.yaml, run.journal, &end, methods[m].stops);
            assert_int_equal(end.notices.kind[HPO_NOTICE_LATE].count, n);
            if (seed % 2 == 0) assert_int_equal(n, 0);
            late += n;
            base_buf fold = {0};
            rig_fold(run.yaml, run.journal, &fold);
            rig_check_same_text(&fold, &end.history);
            base_buf_fini(&fold);
            rig_end_fini(&end);
            run.verify = true; /* every decision computed again */
            run.workers = 0;
            rig_go(&run, &end);
            base_err err = end.err;
            CHECK_OK(end.status);
            rig_end_fini(&end);
        }
        assert_int_equal(late > 0, methods[m].stops);
    }
}

/* Cut anywhere, evaluations that were under way begin anew and repeat their reports: the study still ends. */
static void by_arrival_a_run_is_continued(void **state) {
    (void)state;
    for (size_t m = 0; m < CHECK_COUNT(methods); m++) {
        const char *whole = rig_new_journal();
        rig_run run = {.yaml = methods[m].arrival, .journal = whole, .workers = 3, .fate = hurry_some};
        rig_end end;
        rig_go(&run, &end);
        rig_end_fini(&end);
        const size_t lines = rig_cut(whole, rig_new_journal(), SIZE_MAX);
        for (size_t cut = 2; cut < lines; cut += 3) {
            run.journal = rig_new_journal();
            rig_cut(whole, run.journal, cut);
            rig_go(&run, &end);
            check_done(&end);
            check_account(run.yaml, run.journal, &end, methods[m].stops);
            rig_end_fini(&end);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test(by_arrival_a_stop_is_the_end_unless_it_came_too_late),
        cmocka_unit_test(by_arrival_a_run_is_continued),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}

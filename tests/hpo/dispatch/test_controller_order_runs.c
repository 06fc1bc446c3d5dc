/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A deterministic study in several runs: wherever its journal was cut, however its budget has grown, the sequence of
 * records is that of one run that was never disturbed, bit for bit. */
#include "tests/hpo/dispatch/order_rig.h"
#include "tests/hpo/trials/reseal.h"

/* Cut anywhere, continued by any number of workers; some of them are disturbed, too. */
static void test_a_journal_cut_anywhere_is_continued(void **state) {
    (void)state;
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        const char *whole = rig_new_journal();
        reference ref = undisturbed(&kinds[k], whole);
        assert_true(ref.lines > 60);
        size_t step = k == 1 ? 1 : 4; /* every line of the journal that has all kinds of them */
        for (size_t lines = ref.lines % step; lines <= ref.lines; lines += step) {
            disturbance d = {.rng = base_rng_stream(lines, BASE_RNG_TEST, 4, 0)};
            const char *cut = rig_new_journal();
            rig_cut(whole, cut, lines);
            rig_run run = {.yaml = kinds[k].yaml,
                           .scheduler = kinds[k].scheduler,
                           .journal = cut,
                           .workers = 1 + lines % 7,
                           .seed = lines,
                           .fate = lines % 2 ? crash_some : fail_some,
                           .self = &d};
            rig_end end;
            rig_go(&run, &end);
            if (lines == ref.lines) assert_int_equal(end.counts.jobs, 0);
            check_reference(&ref, &run, &end);
        }
        reference_fini(&ref);
    }
}

/* The journal of a disturbed run by many workers, cut, continued, cut again, and so on. */
static void test_cut_and_continued_many_times(void **state) {
    (void)state;
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        reference ref = undisturbed(&kinds[k], rig_new_journal());
        for (uint64_t seed = 0; seed < 12; seed++) {
            disturbance d = {.rng = base_rng_stream(seed, BASE_RNG_TEST, 5, 0)};
            const char *journal = rig_new_journal();
            rig_run run = {.yaml = kinds[k].yaml,
                           .scheduler = kinds[k].scheduler,
                           .journal = journal,
                           .fate = crash_some,
                           .self = &d};
            for (int round = 0; round < 6; round++) {
                run.workers = 1 + (size_t)base_rng_below(&d.rng, 6);
                run.seed = seed * 100 + (uint64_t)round;
                rig_end end;
                rig_go(&run, &end);
                check_reference(&ref, &run, &end);
                size_t lines = rig_cut(journal, journal, SIZE_MAX);
                rig_cut(journal, journal, (size_t)base_rng_below(&d.rng, lines));
            }
        }
        reference_fini(&ref);
    }
}

/* ---- attempts of earlier runs ---- */

typedef struct noted {
    uint32_t next[64][4]; /* by trial and rung: the attempt after the last that the journal knows */
    size_t seen;
} noted;

static bool note(const hpo_entry *entry, void *self) {
    noted *n = self;
    if (entry->kind != HPO_ENTRY_RECORD || entry->record.kind != HPO_RECORD_ATTEMPT) return false;
    uint32_t *next = &n->next[entry->record.trial][entry->record.rung];
    if (*next <= entry->record.attempt) *next = entry->record.attempt + 1;
    return true;
}

static void check_attempt(void *self, size_t worker, const hpo_message *job) {
    noted *n = self;
    (void)worker;
    uint32_t next = n->next[job->trial][job->rung];
    assert_true(job->attempt >= next);
    n->seen += next > 0;
}

static fake_fate crash_first(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    bool crashes = job->attempt == 0 && (job->trial + job->rung) % 2 == 0;
    return crashes ? (fake_fate){.deed = FAKE_FAILS, .reports = 1, .failure = HPO_FAILURE_CRASH}
                   : (fake_fate){.deed = FAKE_ANSWERS};
}

/* A restart gives no trial more attempts than the policy allows, on whatever rung it was. */
static void test_attempts_count_across_runs(void **state) {
    (void)state;
    rig_run run = {.yaml = BANDS, .journal = rig_new_journal(), .workers = 3, .fate = crash_first};
    const char *whole = run.journal;
    rig_end end;
    rig_go(&run, &end);
    rig_end_fini(&end);
    size_t lines = rig_cut(whole, rig_new_journal(), SIZE_MAX), seen = 0;
    for (size_t cut = 3; cut < lines; cut += 2) {
        noted n = {0};
        run.journal = rig_new_journal();
        rig_cut(whole, run.journal, cut);
        rig_count(BANDS, run.journal, note, &n);
        run.fate = NULL;
        run.on_job = check_attempt;
        run.self = &n;
        rig_go(&run, &end);
        assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
        rig_end_fini(&end);
        seen += n.seen;
    }
    assert_true(seen > 20);
}

/* ---- budgets ---- */

/* A larger budget continues to what a run would have been that had it from the start. */
static void test_a_budget_may_grow(void **state) {
    (void)state;
    static const struct {
        const char *small, *large;
    } pairs[] = {
        {HEAD FAKE "budget: {trials: 7}\n", HEAD FAKE "budget: {trials: 30}\n"},
        {HEAD FAKE HYPERBAND "budget: {trials: 7}\n", HEAD FAKE HYPERBAND "budget: {trials: 30}\n"},
        {HEAD FAKE HYPERBAND "budget: {cost: 25}\n", HEAD FAKE HYPERBAND "budget: {cost: 80}\n"},
        {HEAD FAKE "budget: {trials: 50, target: 5}\n", HEAD FAKE "budget: {trials: 50, target: -0.4}\n"},
    };
    for (size_t i = 0; i < CHECK_COUNT(pairs); i++) {
        rig_run fresh = {.yaml = pairs[i].large, .workers = 2};
        rig_end want, end;
        rig_go(&fresh, &want);
        assert_int_equal(want.outcome, HPO_OUTCOME_DONE);
        for (uint64_t seed = 0; seed < 6; seed++) {
            rig_run run = {.yaml = pairs[i].small, .journal = rig_new_journal(), .workers = 1 + seed, .seed = seed};
            rig_go(&run, &end);
            assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
            size_t begun = end.counts.jobs;
            rig_end_fini(&end);
            run.yaml = pairs[i].large;
            rig_go(&run, &end);
            base_err err = end.err;
            CHECK_OK(end.status);
            assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
            assert_true(begun > 0 && end.counts.jobs < want.counts.jobs);
            rig_check_same_text(&end.history, &want.history);
            rig_end_fini(&end);
        }
        rig_end_fini(&want);
    }
}

/* When the time is up, a run still knows what it has found. */
static void test_a_run_whose_time_is_up_knows_its_results(void **state) {
    (void)state;
    rig_run run = {.yaml = RANDOM, .journal = rig_new_journal(), .workers = 2};
    rig_end want, end;
    rig_go(&run, &want);
    run.yaml = HEAD FAKE "budget: {trials: 20, time: 60s}\n";
    run.elapsed_before = 61;
    rig_go(&run, &end);
    assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
    assert_int_equal(end.counts.jobs, 0);
    rig_check_same_text(&end.history, &want.history);
    rig_end_fini(&end);

    run.yaml = HEAD FAKE "budget: {trials: 40, time: 60s}\n"; /* more is wanted, but there is no time */
    rig_go(&run, &end);
    assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
    assert_int_equal(end.counts.jobs, 0);
    assert_int_equal(end.complete, 20);
    CHECK_CONTAINS(end.reason, "budget of");
    rig_end_fini(&end);
    rig_end_fini(&want);
}

/* ---- journals that do not fit ---- */

/* Replaces the first `from` in the line that holds `where`; the checksums then vouch for it. */
static void tamper(const char *path, const char *where, const char *from, const char *to) {
    base_buf text = {0};
    base_err err;
    CHECK_OK(base_read_file(path, &text, &err));
    char *line = strstr(text.data, where);
    assert_non_null(line);
    char *at = strstr(line, from);
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    base_buf sealed = {0};
    reseal(text.data, &sealed);
    CHECK_OK(base_write_file(path, sealed.data, sealed.length, &err));
    base_buf_fini(&sealed);
    base_buf_fini(&text);
}

static void test_a_changed_journal_is_noticed(void **state) {
    (void)state;
    const char *whole = rig_new_journal();
    kind k = {BANDS, NULL};
    reference ref = undisturbed(&k, whole);
    rig_run run = {.yaml = BANDS, .journal = rig_new_journal(), .workers = 0, .verify = true};
    rig_end end;
    rig_cut(whole, run.journal, SIZE_MAX);
    rig_go(&run, &end); /* unchanged: every decision is the same */
    base_err err = end.err;
    CHECK_OK(end.status);
    rig_check_same_text(&end.history, &ref.history);
    rig_end_fini(&end);

    rig_cut(whole, run.journal, SIZE_MAX);
    tamper(run.journal, "\"hpo:start\":{\"trial\":3,", "\"fidelity\":1", "\"fidelity\":2");
    rig_go(&run, &end);
    assert_int_equal(end.status, BASE_CORRUPT);
    CHECK_CONTAINS(end.err.text, "trial 3");
    rig_end_fini(&end);

    rig_cut(whole, run.journal, SIZE_MAX);
    tamper(run.journal, "\"hpo:promote\":{", "\"rung\":1", "\"rung\":2"); /* a decision that is never made again */
    rig_go(&run, &end);
    assert_int_equal(end.status, BASE_CORRUPT);
    rig_end_fini(&end);

    for (size_t lines = 2; lines < ref.lines; lines += 7) { /* a run that was cut is replayed as far as it goes */
        rig_cut(whole, run.journal, lines);
        rig_go(&run, &end);
        err = end.err;
        CHECK_OK(end.status);
        rig_end_fini(&end);
    }
    reference_fini(&ref);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_journal_cut_anywhere_is_continued),
        cmocka_unit_test(test_cut_and_continued_many_times),
        cmocka_unit_test(test_attempts_count_across_runs),
        cmocka_unit_test(test_a_budget_may_grow),
        cmocka_unit_test(test_a_run_whose_time_is_up_knows_its_results),
        cmocka_unit_test(test_a_changed_journal_is_noticed),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}

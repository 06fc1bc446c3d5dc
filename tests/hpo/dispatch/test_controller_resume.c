/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal in the order of arrival, cut after any of its lines and continued: the run ends as a run does, with dense
 * trial ids, every trial evaluated once, nothing that was known computed again, and no decision made twice. And what is
 * kept of checkpoints: all that a later job goes on from, nothing else. */
#include "tests/hpo/dispatch/rig.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/rng.h"

#define BANDS  RIG_HEAD "method: hyperband\nfidelity: {epochs: {min: 1, max: 9}}\nbudget: {trials: 24}\n"
#define RANDOM RIG_RANDOM "fidelity: {epochs: {min: 3, max: 3}}\nbudget: {trials: 15}\n"

/* ---- what the journal says was done ---- */

enum { MAX_TRIALS = 64, MAX_RUNGS = 4 };

typedef struct ledger {
    uint64_t trials;
    bool started[MAX_TRIALS][MAX_RUNGS], ended[MAX_TRIALS][MAX_RUNGS], closed[MAX_TRIALS];
    double last_step[MAX_TRIALS];
    size_t results;
} ledger;

/* Fails on anything that happens twice or out of turn. */
static bool enter(const hpo_entry *entry, void *self) {
    ledger *l = self;
    const hpo_record *r = &entry->record;
    if (entry->kind != HPO_ENTRY_RECORD) return false;
    assert_true(r->trial < MAX_TRIALS && r->rung < MAX_RUNGS);
    switch (r->kind) {
    case HPO_RECORD_START: assert_int_equal(r->trial, l->trials++); /* fall through */
    case HPO_RECORD_PROMOTE:
        assert_false(l->started[r->trial][r->rung]);
        l->started[r->trial][r->rung] = true;
        break;
    case HPO_RECORD_REPORT:
        assert_true(l->started[r->trial][r->rung] && !l->ended[r->trial][r->rung]);
        assert_true(r->fidelity > l->last_step[r->trial]);
        l->last_step[r->trial] = r->fidelity;
        break;
    case HPO_RECORD_RESULT:
        assert_true(l->started[r->trial][r->rung] && !l->ended[r->trial][r->rung]);
        l->ended[r->trial][r->rung] = true;
        l->results++;
        break;
    case HPO_RECORD_CLOSE:
        assert_false(l->closed[r->trial]);
        l->closed[r->trial] = true;
        break;
    case HPO_RECORD_ATTEMPT: assert_false(l->ended[r->trial][r->rung]); break;
    }
    return true;
}

static void check_end(const rig_run *run, const rig_end *end, uint64_t trials) {
    base_err err = end->err;
    CHECK_OK(end->status);
    assert_int_equal(end->outcome, HPO_OUTCOME_DONE);
    assert_int_equal(end->trials, trials);
    assert_int_equal(end->running + end->paused, 0);
    ledger *l = base_calloc(1, sizeof *l);
    rig_count(run->yaml, run->journal, enter, l);
    assert_int_equal(l->trials, trials);
    for (uint64_t t = 0; t < trials; t++) {
        for (size_t rung = 0; rung < MAX_RUNGS; rung++) assert_int_equal(l->started[t][rung], l->ended[t][rung]);
    }
    free(l);
    base_buf folded = {0};
    rig_fold(run->yaml, run->journal, &folded);
    rig_check_same_text(&end->history, &folded);
    base_buf_fini(&folded);
}

static fake_fate crash_some(void *self, size_t worker, const hpo_message *job) {
    (void)self, (void)worker;
    bool fails = job->trial % 7 == 4;
    bool crashes = fails || (job->attempt == 0 && job->trial % 5 == 1);
    return crashes ? (fake_fate){.deed = FAKE_FAILS, .reports = 1, .failure = HPO_FAILURE_CRASH}
                   : (fake_fate){.deed = FAKE_ANSWERS};
}

/* Once more: there is nothing left to do; and every decision can be computed again. */
static void check_again(const rig_run *before, uint64_t trials) {
    rig_run run = *before;
    rig_end end;
    rig_go(&run, &end);
    assert_int_equal(end.counts.jobs, 0);
    check_end(&run, &end, trials);
    rig_end_fini(&end);
    run.verify = true;
    run.workers = 0;
    rig_go(&run, &end);
    base_err err = end.err;
    CHECK_OK(end.status);
    rig_end_fini(&end);
}

static void cut_everywhere(const char *yaml, uint64_t trials) {
    for (size_t workers = 1; workers <= 4; workers += 3) {
        rig_run run = {
            .yaml = yaml, .journal = rig_new_journal(), .workers = workers, .seed = workers, .fate = crash_some};
        const char *whole = run.journal;
        rig_end end;
        rig_go(&run, &end);
        check_end(&run, &end, trials);
        rig_end_fini(&end);
        size_t lines = rig_cut(whole, rig_new_journal(), SIZE_MAX);
        for (size_t cut = 0; cut <= lines; cut++) {
            run.journal = rig_new_journal();
            run.workers = 1 + cut % 4;
            run.seed = cut;
            rig_cut(whole, run.journal, cut);
            ledger *known = base_calloc(1, sizeof *known);
            rig_count(yaml, run.journal, enter, known);
            rig_go(&run, &end);
            check_end(&run, &end, trials);
            if (cut == lines) assert_int_equal(end.counts.jobs, 0);
            rig_end_fini(&end);

            ledger *all = base_calloc(1, sizeof *all);
            rig_count(yaml, run.journal, enter, all);
            assert_true(all->results >= known->results);
            free(all);
            free(known);

            if (cut % 4 == 0) check_again(&run, trials);
            unlink(run.journal);
        }
    }
}

static void test_a_journal_cut_anywhere_is_continued(void **state) {
    (void)state;
    cut_everywhere(BANDS, 24);
    cut_everywhere(RANDOM, 15);
}

/* Jobs that are running when the journal ends are run again first, and nothing that has ended is. */
typedef struct watch {
    const ledger *known;
    size_t jobs, again;
} watch;

static void check_job(void *self, size_t worker, const hpo_message *job) {
    watch *w = self;
    (void)worker;
    assert_false(w->known->ended[job->trial][job->rung]);
    bool begun = w->known->started[job->trial][job->rung];
    if (begun) assert_true(w->jobs == w->again); /* before anything new */
    w->again += begun;
    w->jobs++;
}

static void test_what_was_running_comes_first(void **state) {
    (void)state;
    rig_run run = {.yaml = BANDS, .journal = rig_new_journal(), .workers = 4, .seed = 2};
    const char *whole = run.journal;
    rig_end end;
    rig_go(&run, &end);
    rig_end_fini(&end);
    size_t lines = rig_cut(whole, rig_new_journal(), SIZE_MAX), again = 0;
    for (size_t cut = 0; cut <= lines; cut += 3) {
        ledger *known = base_calloc(1, sizeof *known);
        watch w = {.known = known};
        run.journal = rig_new_journal();
        rig_cut(whole, run.journal, cut);
        rig_count(BANDS, run.journal, enter, known);
        run.on_job = check_job;
        run.self = &w;
        rig_go(&run, &end);
        check_end(&run, &end, 24);
        rig_end_fini(&end);
        again += w.again;
        free(known);
    }
    assert_true(again > 20);
}

static void test_a_budget_may_grow(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 9}\n", .journal = rig_new_journal(), .workers = 3};
    rig_end end;
    rig_go(&run, &end);
    check_end(&run, &end, 9);
    rig_end_fini(&end);
    run.yaml = RIG_RANDOM "budget: {trials: 21}\n";
    rig_go(&run, &end);
    check_end(&run, &end, 21);
    assert_int_equal(end.counts.jobs, 12);
    rig_end_fini(&end);
    run.yaml = RIG_RANDOM "budget: {trials: 5}\n"; /* and shrink: it is spent */
    rig_go(&run, &end);
    check_end(&run, &end, 21);
    assert_int_equal(end.counts.jobs, 0);
    rig_end_fini(&end);
}

static void test_the_time_of_earlier_runs_counts(void **state) {
    (void)state;
    rig_run run = {.yaml = RIG_RANDOM "budget: {trials: 9, time: 100s}\n", .journal = rig_new_journal(), .workers = 3};
    rig_end end;
    run.elapsed_before = 101;
    rig_go(&run, &end);
    assert_int_equal(end.outcome, HPO_OUTCOME_FAILED); /* nothing has succeeded */
    CHECK_CONTAINS(end.reason, "no trial had begun by then");
    assert_int_equal(end.counts.jobs, 0);
    CHECK_CONTAINS(end.reason, "1m 40s");
    rig_end_fini(&end);
    run.elapsed_before = 50;
    rig_go(&run, &end);
    check_end(&run, &end, 9);
    rig_end_fini(&end);
}

/* ---- checkpoints: files named by their fidelity in the trial's folder; the rig's objective forgets them ---- */

static void folder_of(const rig_run *run, uint64_t trial, char out[512]) {
    int n = snprintf(out, 512, "%s/trials/%" PRIu64, run->run_dir, trial);
    assert_true(n > 0 && n < 512);
}

static bool has_checkpoint(const rig_run *run, uint64_t trial, double fidelity) {
    char folder[512], path[600];
    folder_of(run, trial, folder);
    snprintf(path, sizeof path, "%s/%g", folder, fidelity);
    return access(path, F_OK) == 0;
}

static void evaluate_with_checkpoint(void *self, size_t worker, const hpo_message *job) {
    const rig_run *run = self;
    char folder[512], path[600];
    (void)worker;
    if (job->from > 0) assert_true(has_checkpoint(run, job->trial, job->from));
    folder_of(run, job->trial, folder);
    base_err err;
    CHECK_OK(base_make_folder(folder, &err));
    snprintf(path, sizeof path, "%s/%g", folder, job->fidelity);
    CHECK_OK(base_write_file(path, "x", 1, &err));
}

static void check_checkpoints(const rig_run *run, const rig_end *end) {
    static const double rungs[] = {1, 3, 9};
    assert_true(end->best.trial != UINT64_MAX);
    for (uint64_t trial = 0; trial < end->trials; trial++) {
        for (size_t i = 0; i < 3; i++) {
            bool wanted = trial == end->best.trial && rungs[i] == 9;
            assert_int_equal(has_checkpoint(run, trial, rungs[i]), wanted);
        }
    }
}

static void test_checkpoints_live_as_long_as_they_are_needed(void **state) {
    (void)state;
    static const char *const orders[] = {"", "deterministic: true\nworkers: 3\n"};
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t seed = 0; seed < 6; seed++) {
            char yaml[600];
            snprintf(yaml, sizeof yaml, BANDS "%s", orders[i]);
            base_buf folder = {0};
            base_err err;
            base_buf_printf(&folder, "%s.run", rig_new_journal());
            CHECK_OK(base_make_folder(base_buf_text(&folder), &err));
            rig_run run = {.yaml = yaml,
                           .journal = rig_new_journal(),
                           .workers = 1 + seed,
                           .seed = seed,
                           .run_dir = base_buf_text(&folder),
                           .on_job = evaluate_with_checkpoint,
                           .fate = crash_some};
            run.self = &run;
            rig_end end;
            rig_go(&run, &end);
            assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
            check_checkpoints(&run, &end);
            rig_end_fini(&end);
            base_buf_fini(&folder);
        }
    }
}

/* ---- and of whoever inherits ---- */

typedef struct heirs {
    const rig_run *run;
    size_t begun,
        kept; /* of them, whose parent had gone on before their first result, so that it kept what they need */
    struct {
        uint64_t trial, parent;
        double from;
        bool told;
    } of[64];
} heirs;

static void inherit_with_checkpoint(void *self, size_t worker, const hpo_message *job) {
    heirs *h = self;
    (void)worker;
    const bool inherits = job->parent != UINT64_MAX;
    if (job->from > 0) assert_true(has_checkpoint(h->run, inherits ? job->parent : job->trial, job->from));
    if (inherits) {
        assert_true(h->begun < CHECK_COUNT(h->of));
        h->of[h->begun].trial = job->trial;
        h->of[h->begun].parent = job->parent;
        h->of[h->begun++].from = job->from;
    }
    char folder[512], path[600];
    base_err err;
    folder_of(h->run, job->trial, folder);
    CHECK_OK(base_make_folder(folder, &err));
    snprintf(path, sizeof path, "%s/%g", folder, job->fidelity);
    CHECK_OK(base_write_file(path, "x", 1, &err));
}

/* As long as a child of it has no result, a checkpoint is there, wherever its owner is by then. */
static void look_at_parents(void *self, size_t results) {
    heirs *h = self;
    (void)results;
    for (size_t i = 0; i < h->begun; i++)
        if (!h->of[i].told) assert_true(has_checkpoint(h->run, h->of[i].parent, h->of[i].from));
}

static void take_result(void *self, const hpo_record *finished) {
    heirs *h = self;
    if (finished->kind != HPO_RECORD_RESULT) return;
    for (size_t i = 0; i < h->begun; i++) {
        if (!h->of[i].told && h->of[i].parent == finished->trial) h->kept++;
        if (h->of[i].trial == finished->trial) h->of[i].told = true;
    }
}

/* Nothing is left but the best trial's last one: what was kept for a child went with the child's first result. */
static void test_a_parent_keeps_what_its_child_needs_and_no_longer(void **state) {
    (void)state;
    size_t begun = 0, kept = 0;
    for (uint64_t seed = 0; seed < 12; seed++) {
        base_buf folder = {0};
        base_err err;
        base_buf_printf(&folder, "%s.run", rig_new_journal());
        CHECK_OK(base_make_folder(base_buf_text(&folder), &err));
        heirs h = {0};
        rig_run run = {.yaml = RIG_HEAD "method: {name: pbt, population_size: 4, perturbation_interval: 1}\n"
                                        "fidelity: {epochs: {min: 1, max: 6}}\nbudget: {trials: 40}\n",
                       .journal = rig_new_journal(),
                       .workers = 1 + seed % 4,
                       .seed = seed,
                       .run_dir = base_buf_text(&folder),
                       .on_job = inherit_with_checkpoint,
                       .on_listen = look_at_parents,
                       .on_record = take_result,
                       .self = &h};
        h.run = &run;
        rig_end end;
        rig_go(&run, &end);
        assert_int_equal(end.outcome, HPO_OUTCOME_DONE);
        for (uint64_t trial = 0; trial < end.trials; trial++)
            for (int epochs = 1; epochs <= 6; epochs++)
                assert_int_equal(has_checkpoint(&run, trial, epochs), trial == end.best.trial && epochs == 6);
        begun += h.begun;
        kept += h.kept;
        rig_end_fini(&end);
        base_buf_fini(&folder);
    }
    assert_true(begun > 30 && kept > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_journal_cut_anywhere_is_continued),
        cmocka_unit_test(test_what_was_running_comes_first),
        cmocka_unit_test(test_a_budget_may_grow),
        cmocka_unit_test(test_the_time_of_earlier_runs_counts),
        cmocka_unit_test(test_checkpoints_live_as_long_as_they_are_needed),
        cmocka_unit_test(test_a_parent_keeps_what_its_child_needs_and_no_longer),
    };
    return cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
}

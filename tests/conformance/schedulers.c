/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every scheduler must do, whatever order results come in and however many fail. */
#include "hpo/schedulers/ladder.h"
#include "tests/support/suite.h"
#include "tests/support/toy_objective.h"

static const char *const fidelities[] = {
    "fidelity: {e: {min: 1, max: 27}}", "fidelity: {e: {min: 3, max: 100}}",  "fidelity: {e: {min: 0.05, max: 1.0}}",
    "fidelity: {e: {min: 4, max: 4}}",  "fidelity: {e: {min: 1, max: 1000}}",
};

/* spending: a line such as those. */
static hpo_study_spec *make_spec(const char *scheduler, const char *spending, uint64_t trials) {
    base_buf text = {0};
    suite_at("scheduler", "%s", scheduler);
    suite_at("budget", "%llu trials, %s", (unsigned long long)trials, spending);
    base_buf_printf(
        &text,
        "objective: toy\nseed: 3\nmethod: {sampler: random, scheduler: %s}\n%s\n"
        "budget: {trials: %llu}\nfailure: {max_failures: 100000, first: 0}\n"
        "parameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b]}, y: {min: 0.0, max: 1.0, when: {c: a}}}\n",
        scheduler, spending, (unsigned long long)trials);
    hpo_study_spec *spec = toy_spec(base_buf_text(&text));
    base_buf_fini(&text);
    return spec;
}

static hpo_scheduler *make_scheduler(const hpo_study_spec *spec) {
    base_err err;
    hpo_scheduler *scheduler;
    const hpo_scheduler_env env = {
        .space = spec->space,
        .seed = spec->seed,
        .has_fidelity = true,
        .min_fidelity = spec->fidelity.min,
        .max_fidelity = spec->fidelity.max,
        .integer_fidelity = spec->fidelity.integer,
    };
    CHECK_OK(hpo_scheduler_create(spec->scheduler, spec->scheduler_options, &env, &scheduler, &err));
    return scheduler;
}

typedef struct watch {
    double rung_fidelity[HPO_LADDER_MAX_RUNGS]; /* 0 = not seen yet */
    uint64_t starts;
} watch;

static void check_rung(watch *w, const hpo_study_spec *spec, const hpo_record *record) {
    assert_true(record->rung < HPO_LADDER_MAX_RUNGS);
    assert_true(record->fidelity >= spec->fidelity.min && record->fidelity <= spec->fidelity.max);
    if (spec->fidelity.integer) CHECK_NEAR(record->fidelity, floor(record->fidelity), 0);
    double *seen = &w->rung_fidelity[record->rung];
    if (*seen == 0) *seen = record->fidelity;
    CHECK_SAME_DOUBLE(record->fidelity, *seen);
}

/* A scheduler that knows nothing but the view stops the same trials; none at its target, where nothing is saved. */
static void check_report(hpo_study *study, const hpo_record *record) {
    const hpo_study_spec *spec = hpo_study_spec_of(study);
    hpo_scheduler *fresh = make_scheduler(spec);
    const bool stop = hpo_scheduler_should_stop(fresh, hpo_study_view(study), record->trial);
    hpo_scheduler_destroy(fresh);
    assert_int_equal(record->stop, stop);
    if (!stop) return;
    assert_true(spec->scheduler->flags & HPO_SCHEDULER_USES_REPORTS);
    const hpo_trial trial = hpo_view_trial(hpo_study_view(study), record->trial);
    assert_true(record->fidelity < trial.fidelity);
    assert_int_equal(trial.state, HPO_TRIAL_STOPPED);
}

/* Whoever inherits goes on from the last result of a trial that is not over. */
static void check_heir(hpo_view then, const hpo_record *record, const hpo_decision *d) {
    assert_int_equal(record->parent, d->inherits ? d->parent : UINT64_MAX);
    if (!d->inherits) {
        CHECK_SAME_DOUBLE(record->from, 0);
        return;
    }
    const hpo_trial parent = hpo_view_trial(then, d->parent);
    assert_true(parent.n_evals > 0 && (parent.state == HPO_TRIAL_PAUSED || parent.state == HPO_TRIAL_RUNNING));
    const hpo_eval *last = &parent.evals[parent.n_evals - 1];
    assert_int_equal(last->failure, HPO_FAILURE_NONE);
    CHECK_SAME_DOUBLE(record->from, last->fidelity);
    assert_true(record->rung > last->rung && record->fidelity > record->from);
}

/* After every record: the decision was allowed, and a scheduler that knows nothing but the view decides the same. */
static void check_record(void *self, hpo_study *study, const hpo_record *record) {
    watch *w = self;
    const hpo_study_spec *spec = hpo_study_spec_of(study);
    if (record->kind == HPO_RECORD_REPORT) check_report(study, record);
    if (record->kind == HPO_RECORD_RESULT || record->kind == HPO_RECORD_REPORT) return;
    const hpo_view then = hpo_history_at(hpo_study_view(study).history, record->as_of);
    assert_int_equal(then.as_of + 1, hpo_study_view(study).as_of);
    base_err err;
    hpo_decision d;
    hpo_scheduler *fresh = make_scheduler(spec);
    CHECK_OK(hpo_scheduler_next(fresh, then, hpo_view_trials(then) < spec->budget.trials, &d, &err));
    hpo_scheduler_destroy(fresh);
    if (record->kind == HPO_RECORD_START) {
        w->starts++;
        check_rung(w, spec, record);
        assert_true(d.kind == HPO_DECIDE_START && d.bracket == record->bracket && d.rung == record->rung);
        CHECK_SAME_DOUBLE(d.fidelity, record->fidelity);
        check_heir(then, record, &d);
        return;
    }
    const hpo_trial trial = hpo_view_trial(then, record->trial);
    assert_int_equal(trial.state, HPO_TRIAL_PAUSED);
    assert_true(trial.n_evals > 0 && trial.evals[trial.n_evals - 1].failure == HPO_FAILURE_NONE);
    assert_int_equal(d.trial, record->trial);
    if (record->kind == HPO_RECORD_CLOSE) {
        assert_int_equal(d.kind, HPO_DECIDE_CLOSE);
        return;
    }
    check_rung(w, spec, record);
    assert_true(d.kind == HPO_DECIDE_PROMOTE && d.rung == record->rung && d.rung > trial.rung);
    CHECK_SAME_DOUBLE(d.fidelity, record->fidelity);
}

/* Rungs rise in fidelity; nothing runs or waits at the end. toy_drive_study itself fails when the scheduler waits for
 * nothing, and does not return when it never ends. */
static void check_end(const watch *w, const hpo_study *study, double fail_share) {
    double last = 0;
    for (size_t rung = 0; rung < HPO_LADDER_MAX_RUNGS; rung++) {
        if (w->rung_fidelity[rung] == 0) continue;
        assert_true(w->rung_fidelity[rung] > last);
        last = w->rung_fidelity[rung];
    }
    const hpo_view view = hpo_study_view(study);
    toy_check_trials(hpo_study_spec_of(study), w->starts);
    assert_int_equal(hpo_view_count(view, HPO_TRIAL_RUNNING), 0);
    assert_int_equal(hpo_view_count(view, HPO_TRIAL_PAUSED), 0);
    if (fail_share == 0) assert_true(hpo_view_count(view, HPO_TRIAL_COMPLETE) > 0);
    assert_int_equal(hpo_study_failed(study), fail_share == 1); /* a stopped trial has not succeeded either */
}

/* A scheduler's name, and what else stands in the method. */
static void check_decisions(const char *name) {
    static const size_t workers[] = {1, 4, 37};
    static const double shares[] = {0, 0.3, 1};
    static const uint32_t reports[] = {0, 3, 1}; /* the last one is at the target fidelity */
    const bool seeds = strncmp(name, "replicates", strlen("replicates")) == 0;
    for (size_t f = 0; f < CHECK_COUNT(fidelities); f++) {
        const char *spending = seeds ? toy_spending(name, 2 + 7 * (int)f) : fidelities[f];
        for (size_t i = 0; i < 9; i++) {
            base_err err;
            hpo_study *study;
            watch w = {.starts = 0};
            hpo_study_spec *spec = make_spec(name, spending, 75 + 31 * i);
            suite_at("workers", "%zu, a fraction of %g fails, %u reports", workers[i % 3], shares[i / 3],
                     reports[i % 3]);
            CHECK_OK(hpo_study_create(spec, &study, &err));
            toy_drive_study(study, &(toy_drive){.workers = workers[i % 3],
                                                .seed = i,
                                                .fail_share = shares[i / 3],
                                                .nan_share = shares[i / 3] / 2,
                                                .reports = reports[i % 3],
                                                .after = check_record,
                                                .self = &w});
            check_end(&w, study, shares[i / 3]);
            hpo_study_destroy(study);
            hpo_study_spec_destroy(spec);
        }
    }
}

static void every_decision_follows_from_the_view(void **state) {
    (void)state;
    static const struct {
        const char *option, *value;
    } settings[] = {{"mode", "stopping"}, {"race", "true"}}; /* that make another procedure of it */
    size_t count;
    const hpo_scheduler_type *const *types = hpo_schedulers(&count);
    for (size_t t = 0; t < count; t++) {
        if (!suite_wants(types[t]->name)) continue;
        check_decisions(types[t]->name);
        for (size_t i = 0; i < CHECK_COUNT(settings); i++) {
            if (!types[t]->options || !base_options_find(types[t]->options, settings[i].option)) continue;
            base_buf name = {0};
            base_buf_printf(&name, "%s, %s: %s", types[t]->name, settings[i].option, settings[i].value);
            check_decisions(base_buf_text(&name));
            base_buf_fini(&name);
        }
    }
}

/* ---- against the paper ---- */

typedef struct published {
    const char *scheduler;
    uint32_t brackets;
    uint64_t starts;
    double from_scratch, resumed;
    uint64_t runs[5][5]; /* bracket, rung */
} published;

/* R = 81, eta = 3: Table 1 of Li et al. (2018), and the most aggressive bracket twice. */
static const published tables[] = {
    {"hyperband",
     5,
     128,
     1701,
     1404,
     {{81, 27, 9, 3, 1}, {0, 27, 9, 3, 1}, {0, 0, 9, 3, 1}, {0, 0, 0, 6, 2}, {0, 0, 0, 0, 5}}},
    {"successive-halving", 2, 162, 810, 594, {{81, 27, 9, 3, 1}, {81, 27, 9, 3, 1}}},
    {"full", 1, 20, 1620, 1620, {{20}}},
};

static void brackets_are_those_of_the_paper(void **state) {
    (void)state;
    for (size_t t = 0; t < CHECK_COUNT(tables); t++) {
        const published *p = &tables[t];
        if (!suite_wants(p->scheduler)) continue;
        for (size_t workers = 1; workers <= 49; workers += 12) {
            base_err err;
            hpo_study *study;
            hpo_study_spec *spec = make_spec(p->scheduler, toy_spending(p->scheduler, 81), p->starts);
            CHECK_OK(hpo_study_create(spec, &study, &err));
            toy_drive_study(study, &(toy_drive){.workers = workers, .seed = workers});
            const hpo_view view = hpo_study_view(study);
            uint64_t runs[5][5] = {{0}};
            for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
                const hpo_trial trial = hpo_view_trial(view, id);
                for (size_t e = 0; e < trial.n_evals; e++) runs[trial.bracket][trial.evals[e].rung]++;
            }
            assert_memory_equal(runs, p->runs, sizeof runs);
            assert_int_equal(hpo_view_brackets(view), p->brackets);
            CHECK_NEAR(hpo_view_cost_from_scratch(view), 2 * p->from_scratch, 0); /* toy costs 2 per unit */
            CHECK_NEAR(hpo_view_cost(view), 2 * p->resumed, 0);
            hpo_study_destroy(study);
            hpo_study_spec_destroy(spec);
        }
    }
}

/* In every bracket and rung without failures, whoever goes on is no worse than whoever does not. */
static void the_best_go_on(void **state) {
    (void)state;
    size_t count;
    const hpo_scheduler_type *const *types = hpo_schedulers(&count);
    for (size_t t = 0; t < count; t++) {
        if (!suite_wants(types[t]->name)) continue;
        base_err err;
        hpo_study *study;
        hpo_study_spec *spec = make_spec(types[t]->name, toy_spending(types[t]->name, 81), 300);
        CHECK_OK(hpo_study_create(spec, &study, &err));
        toy_drive_study(study, &(toy_drive){.workers = 6, .seed = 1});
        const hpo_view view = hpo_study_view(study);
        const bool waits = (types[t]->flags & HPO_SCHEDULER_NEEDS_FIDELITY) != 0 &&
                           (types[t]->flags & HPO_SCHEDULER_ASYNCHRONOUS) == 0;
        for (uint32_t b = 0; b < hpo_view_brackets(view) && waits; b++) {
            size_t members;
            const uint64_t *ids = hpo_view_bracket(view, b, &members);
            double worst_kept[HPO_LADDER_MAX_RUNGS], best_left[HPO_LADDER_MAX_RUNGS];
            for (size_t rung = 0; rung < HPO_LADDER_MAX_RUNGS; rung++) {
                worst_kept[rung] = -(double)INFINITY;
                best_left[rung] = (double)INFINITY;
            }
            for (size_t m = 0; m < members; m++) {
                const hpo_trial trial = hpo_view_trial(view, ids[m]);
                for (size_t e = 0; e < trial.n_evals; e++) {
                    const hpo_eval *eval = &trial.evals[e];
                    if (e + 1 < trial.n_evals)
                        worst_kept[eval->rung] = fmax(worst_kept[eval->rung], eval->loss);
                    else
                        best_left[eval->rung] = fmin(best_left[eval->rung], eval->loss);
                }
            }
            for (size_t rung = 0; rung < HPO_LADDER_MAX_RUNGS; rung++) assert_true(worst_kept[rung] <= best_left[rung]);
        }
        hpo_study_destroy(study);
        hpo_study_spec_destroy(spec);
    }
}

/* Asynchronous schedulers find something for every worker as long as new configurations are allowed; and when all is
 * over the best share of every rung has gone on, however early the others did. */
typedef struct idle {
    uint64_t trials, waits;
} idle;

static void count_waits(void *self, hpo_study *study, const hpo_record *record) {
    idle *counted = self;
    (void)record;
    const hpo_study_spec *spec = hpo_study_spec_of(study);
    const hpo_view view = hpo_study_view(study);
    base_err err;
    hpo_decision d;
    if (hpo_view_trials(view) >= spec->budget.trials) return;
    hpo_scheduler *fresh = make_scheduler(spec);
    CHECK_OK(hpo_scheduler_next(fresh, view, true, &d, &err));
    hpo_scheduler_destroy(fresh);
    counted->trials++;
    counted->waits += d.kind == HPO_DECIDE_WAIT || d.kind == HPO_DECIDE_DONE || d.kind == HPO_DECIDE_CLOSE;
}

static size_t better_ones(hpo_view view, const uint64_t *ids, size_t n, uint32_t rung, uint64_t id, size_t *entries) {
    size_t better = 0;
    double mine = (double)INFINITY;
    for (int pass = 0; pass < 2; pass++) {
        *entries = 0;
        for (size_t m = 0; m < n; m++) {
            const hpo_trial trial = hpo_view_trial(view, ids[m]);
            for (size_t e = 0; e < trial.n_evals; e++) {
                if (trial.evals[e].rung != rung) continue;
                ++*entries;
                if (ids[m] == id) mine = trial.evals[e].loss;
                if (pass == 1) better += hpo_loss_less(trial.evals[e].loss, ids[m], mine, id);
            }
        }
    }
    return better;
}

static void nobody_waits_and_the_best_get_on(void **state) {
    (void)state;
    size_t count;
    const hpo_scheduler_type *const *types = hpo_schedulers(&count);
    for (size_t t = 0; t < count; t++) {
        if (!suite_wants(types[t]->name) || !(types[t]->flags & HPO_SCHEDULER_ASYNCHRONOUS)) continue;
        base_err err;
        hpo_study *study;
        idle counted = {0};
        hpo_study_spec *spec = make_spec(types[t]->name, toy_spending(types[t]->name, 27), 120);
        CHECK_OK(hpo_study_create(spec, &study, &err));
        toy_drive_study(study, &(toy_drive){.workers = 9, .seed = t, .after = count_waits, .self = &counted});
        assert_true(counted.trials > 120);
        assert_int_equal(counted.waits, 0);
        const hpo_view view = hpo_study_view(study);
        for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
            const hpo_trial trial = hpo_view_trial(view, id);
            size_t n, entries;
            const uint64_t *ids = hpo_view_bracket(view, trial.bracket, &n);
            if (trial.state != HPO_TRIAL_STOPPED || trial.n_evals == 0) continue;
            assert_true(better_ones(view, ids, n, trial.rung, id, &entries) >= entries / 3);
        }
        hpo_study_destroy(study);
        hpo_study_spec_destroy(spec);
    }
}

static void names_are_unique_and_explained(void **state) {
    (void)state;
    size_t count;
    const hpo_scheduler_type *const *types = hpo_schedulers(&count);
    assert_true(count >= 3);
    for (size_t t = 0; t < count; t++) {
        if (!suite_begins("scheduler", types[t]->name)) continue;
        assert_ptr_equal(hpo_scheduler_find(types[t]->name), types[t]);
        assert_true(strlen(types[t]->summary) > 10);
        for (const base_option *o = types[t]->options; o && o->name; o++) assert_non_null(o->help);
    }
    assert_null(hpo_scheduler_find("no-such-scheduler"));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_decision_follows_from_the_view),
        cmocka_unit_test(brackets_are_those_of_the_paper),
        cmocka_unit_test(the_best_go_on),
        cmocka_unit_test(nobody_waits_and_the_best_get_on),
        cmocka_unit_test(names_are_unique_and_explained),
    };
    return SUITE_MAIN(tests);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/report/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

const char *hpo_visible_text(base_arena *arena, const char *text) {
    base_buf out = {0};
    base_buf_put_visible(&out, text);
    const char *copy = base_arena_strdup(arena, base_buf_text(&out));
    base_buf_fini(&out);
    return copy;
}

const char *hpo_plain_number(base_arena *arena, double value) {
    return isnan(value) ? "" : base_arena_printf(arena, "%.6g", value);
}

const char *hpo_account_label(const hpo_account *a) {
    const char *end = strrchr(a->dir, '/');
    return end && end[1] ? end + 1 : a->dir;
}

static const char *count_text(base_arena *arena, uint64_t count) {
    return base_arena_printf(arena, "%llu", (unsigned long long)count);
}

static const char *duration_text(base_arena *arena, double seconds) {
    char text[32];
    base_format_duration(seconds, text);
    return base_arena_strdup(arena, text);
}

/* ---- facts ---- */

static void add(hpo_facts *facts, const char *name, const char *text, base_arena *arena) {
    if (!text || !*text) return;
    BASE_GROW(facts->item, facts->capacity, facts->count + 1);
    facts->item[facts->count++] = (hpo_fact){hpo_visible_text(arena, name), hpo_visible_text(arena, text)};
}

/* They grow outside of the arena. */
static hpo_facts kept(hpo_facts facts, base_arena *arena) {
    hpo_fact *item = BASE_NEW_ARRAY(arena, facts.count + 1, hpo_fact);
    if (facts.count > 0) memcpy(item, facts.item, facts.count * sizeof *item);
    free(facts.item);
    facts.item = item;
    facts.capacity = facts.count;
    return facts;
}

/* What a run that has ended left running is not running any more. */
static const char *states_text(const hpo_account *a, base_arena *arena) {
    const bool runs = !a->state || strcmp(a->state, "running") == 0;
    const struct {
        hpo_trial_state state;
        const char *name;
    } states[] = {{HPO_TRIAL_COMPLETE, "complete"},
                  {HPO_TRIAL_STOPPED, "stopped"},
                  {HPO_TRIAL_PAUSED, "paused"},
                  {HPO_TRIAL_FAILED, "failed"},
                  {HPO_TRIAL_RUNNING, runs ? "running" : "unfinished"}};
    const char *text = count_text(arena, hpo_view_trials(a->view));
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        const uint64_t n = hpo_view_count(a->view, states[i].state);
        if (n > 0) text = base_arena_printf(arena, "%s, %llu %s", text, (unsigned long long)n, states[i].name);
    }
    return text;
}

static const char *fidelity_text(const hpo_account *a, base_arena *arena) {
    const hpo_fidelity *f = &a->run.fidelity;
    return f->name ? base_arena_printf(arena, "%s from %.6g to %.6g", f->name, f->min, f->max) : NULL;
}

static const char *workers_text(const hpo_account *a, base_arena *arena) {
    double busy = 0;
    for (size_t i = 0; i < a->n_workers; i++) busy += a->workers[i].busy;
    if (!(a->seconds > 0) || a->n_workers == 0) return NULL;
    return base_arena_printf(arena, "%zu, busy %.0f %% of the time", a->n_workers,
                             fmin(100, 100 * busy / (a->seconds * (double)a->n_workers)));
}

/* What is told of one metric is told of the first, and that is said. */
static void add_metrics(hpo_facts *f, const hpo_account *a, base_arena *arena) {
    const char *text = base_arena_printf(arena, "%s, %s", a->run.metric, a->run.maximize ? "maximize" : "minimize");
    if (a->run.n_goals == 1) {
        add(f, "metric", text, arena);
        return;
    }
    for (size_t g = 1; g < a->run.n_goals; g++)
        text = base_arena_printf(arena, "%s; %s, %s", text, a->run.goals[g].name,
                                 a->run.goals[g].maximize ? "maximize" : "minimize");
    add(f, "metrics", text, arena);
    add(f, "of the first alone",
        base_arena_printf(arena, "best, incumbents, curves, rungs, correlations and importance tell of %s",
                          a->run.metric),
        arena);
}

hpo_facts hpo_facts_of_run(const hpo_account *a, base_arena *arena) {
    hpo_facts f = {0};
    add(&f, "study", a->run.head.study, arena);
    if (!a->is_anonymous) add(&f, "folder", a->dir, arena);
    add(&f, "state", a->state, arena);
    add(&f, "because", a->ended, arena);
    add_metrics(&f, a, arena);
    add(&f, "trials", states_text(a, arena), arena);
    add(&f, "time", duration_text(arena, a->seconds), arena);
    if (a->run.fidelity.name)
        add(&f, "cost", base_arena_printf(arena, "%.6g %s", a->cost, a->run.fidelity.name), arena);
    add(&f, "workers", workers_text(a, arena), arena);
    add(&f, "fidelity", fidelity_text(a, arena), arena);
    add(&f, "sampler", a->run.sampler, arena);
    add(&f, "scheduler", a->run.scheduler, arena);
    add(&f, "chosen", a->run.head.chosen, arena);
    add(&f, "seed", count_text(arena, a->run.head.seed), arena);
    add(&f, "program", a->run.head.program, arena);
    add(&f, "machine", a->host, arena);
    if (a->runs > 1) add(&f, "runs", count_text(arena, a->runs), arena);
    add(&f, "objective", a->objective, arena);
    add(&f, "settings", a->settings, arena);
    return kept(f, arena);
}

static const char *value_text(const hpo_account *a, const double *config, size_t param, base_arena *arena) {
    if (isnan(config[param])) return ""; /* inactive; null may be a choice */
    const hpo_value value = hpo_space_value(a->run.space, config, param);
    if (value.kind == HPO_VALUE_REAL) return hpo_plain_number(arena, value.real);
    base_buf out = {0}, visible = {0};
    hpo_value_print(&value, &out);
    base_buf_put_visible(&visible, base_buf_text(&out));
    const char *text = base_arena_strdup(arena, base_buf_text(&visible));
    base_buf_fini(&out);
    base_buf_fini(&visible);
    return text;
}

static void add_artefact(hpo_facts *f, const hpo_account *a, const hpo_trial *trial, base_arena *arena) {
    const char *artefact = trial->n_evals > 0 ? trial->evals[trial->n_evals - 1].artefact : NULL;
    if (artefact && !(a->is_anonymous && strchr(artefact, '/'))) add(f, "artefact", artefact, arena);
}

static void add_feasible(hpo_facts *f, const hpo_account *a, base_arena *arena) {
    hpo_incumbent best;
    if (a->run.constraints.count == 0 || !hpo_view_incumbent(a->view, &best)) return;
    base_buf text = {0};
    const bool feasible = hpo_eval_is_feasible(best.eval);
    base_buf_puts(&text, feasible ? "yes" : "no, none is; this one violates least: ");
    hpo_view_put_violations(a->view, best.eval, &text);
    add(f, "feasible", base_arena_strdup(arena, base_buf_text(&text)), arena);
    base_buf_fini(&text);
}

/* Where a model was to decide: what it says, or why it was not asked. */
static void add_recommended(hpo_facts *f, const hpo_account *a, base_arena *arena) {
    const hpo_recommendation *r = &a->recommended;
    hpo_incumbent best;
    if (r->reason) add(f, "recommended by", base_arena_printf(arena, "value: %s", r->reason), arena);
    if (isnan(r->mean) || !hpo_view_incumbent(a->view, &best)) return;
    add(f, "recommended by", "posterior mean", arena);
    add(f, "posterior mean", hpo_plain_number(arena, r->mean), arena);
    add(f, "best value",
        base_arena_printf(arena, "%s, trial %llu", hpo_plain_number(arena, best.eval->value),
                          (unsigned long long)best.trial),
        arena);
}

hpo_facts hpo_facts_of_best(const hpo_account *a, base_arena *arena) {
    hpo_facts f = {0};
    uint64_t id;
    double value, fidelity;
    if (!hpo_account_best(a, &id, &value, &fidelity)) return f;
    const hpo_trial trial = hpo_view_trial(a->view, id);
    add(&f, "trial", count_text(arena, id), arena);
    add(&f, a->run.metric, hpo_plain_number(arena, value), arena);
    add_recommended(&f, a, arena);
    if (a->run.fidelity.name) add(&f, a->run.fidelity.name, hpo_plain_number(arena, fidelity), arena);
    add_feasible(&f, a, arena);
    for (size_t i = 0; i < hpo_space_count(a->run.space); i++)
        add(&f, hpo_space_param(a->run.space, i)->name, value_text(a, trial.config, i, arena), arena);
    const hpo_metrics *metrics = trial.n_evals > 0 ? trial.evals[trial.n_evals - 1].metrics : NULL;
    for (size_t i = 0; metrics && i < metrics->count; i++)
        if (strcmp(metrics->item[i].name, a->run.metric) != 0)
            add(&f, metrics->item[i].name, hpo_plain_number(arena, metrics->item[i].value), arena);
    add_artefact(&f, a, &trial, arena);
    add(&f, "again", hpo_account_command(a, id, arena), arena);
    return kept(f, arena);
}

hpo_facts hpo_facts_of_mishaps(const hpo_account *a, base_arena *arena) {
    hpo_facts f = {0};
    for (size_t i = 0; i < a->n_mishaps; i++) {
        const hpo_mishap *m = &a->mishaps[i];
        const char *repeated = m->attempts == 0 ? "" : base_arena_printf(arena, "%zu repeated, ", m->attempts);
        add(&f, base_arena_printf(arena, "%zu %s", m->count, hpo_failure_text(m->failure)),
            base_arena_printf(arena, "%sfirst trial %llu%s%s", repeated, (unsigned long long)m->first,
                              *m->reason ? ": " : "", m->reason),
            arena);
    }
    return kept(f, arena);
}

/* ---- tables ---- */

base_table hpo_table_of_mishaps(const hpo_account *a, base_arena *arena) {
    static const char *const names[] = {"kind", "reason", "trials", "repeated", "first trial"};
    base_table t = base_table_begin(arena, NULL, 2, 5, names);
    for (size_t i = 0; i < a->n_mishaps; i++) {
        const hpo_mishap *m = &a->mishaps[i];
        const char **row = base_table_row(&t);
        row[0] = hpo_failure_text(m->failure);
        row[1] = hpo_visible_text(arena, m->reason);
        row[2] = count_text(arena, m->count);
        row[3] = count_text(arena, m->attempts);
        row[4] = count_text(arena, m->first);
    }
    t.note = "Trials that ended so, and attempts that were repeated. Reasons that differ in a number of the program's "
             "last words alone are one row.";
    return t;
}

base_table hpo_table_of_steps(const hpo_account *a, base_arena *arena) {
    const char *const names[] = {"trial", "of trials", a->run.metric, "cost", "seconds"};
    base_table t = base_table_begin(arena, "Incumbents", 0, 5, names);
    t.names[2] = hpo_visible_text(arena, a->run.metric);
    for (size_t i = 0; i < a->n_steps; i++) {
        const hpo_step *s = &a->steps[i];
        const char **row = base_table_row(&t);
        row[0] = count_text(arena, s->trial);
        row[1] = count_text(arena, s->trials);
        row[2] = hpo_plain_number(arena, s->value);
        row[3] = hpo_plain_number(arena, s->cost);
        row[4] = base_arena_printf(arena, "%.1f", s->elapsed);
    }
    return t;
}

/* A rung of all brackets together; medians cannot be joined. */
static hpo_rung joined_rung(const hpo_account *a, uint32_t number) {
    hpo_rung all = {.rung = number, .best = NAN, .median = NAN};
    for (size_t i = 0; i < a->n_rungs; i++) {
        const hpo_rung *r = &a->rungs[i];
        if (r->rung != number) continue;
        all.fidelity = fmax(all.fidelity, r->fidelity);
        all.evaluations += r->evaluations;
        all.failed += r->failed;
        all.promoted += r->promoted;
        all.best = a->run.maximize ? fmax(all.best, r->best) : fmin(all.best, r->best);
    }
    return all;
}

/* bracket: "" where it is a rung of all brackets. */
static void put_rung(base_table *t, const char *bracket, const hpo_rung *r) {
    const char **row = base_table_row(t);
    row[0] = bracket;
    row[1] = count_text(t->arena, r->rung);
    row[2] = hpo_plain_number(t->arena, r->fidelity);
    row[3] = count_text(t->arena, r->evaluations);
    row[4] = count_text(t->arena, r->failed);
    row[5] = count_text(t->arena, r->promoted);
    row[6] = hpo_plain_number(t->arena, r->best);
    if (t->columns > 7) row[7] = hpo_plain_number(t->arena, r->median);
}

base_table hpo_table_of_rungs(const hpo_account *a, base_arena *arena) {
    enum { EACH = 24 }; /* more rows than these are joined */
    static const char *const names[] = {"bracket", "rung",     "fidelity", "evaluations",
                                        "failed",  "promoted", "best",     "median"};
    base_table t = base_table_begin(arena, "Rungs and promotions", 0, 8, names);
    if (a->n_rungs <= EACH) {
        for (size_t i = 0; i < a->n_rungs; i++) put_rung(&t, count_text(arena, a->rungs[i].bracket), &a->rungs[i]);
        return t;
    }
    t.columns = 7; /* no medians */
    for (uint32_t rung = 0;; rung++) {
        const hpo_rung all = joined_rung(a, rung);
        if (all.evaluations == 0) break;
        put_rung(&t, "all", &all);
    }
    t.note = base_arena_printf(arena, "Of %u brackets together; --format json has each.", hpo_view_brackets(a->view));
    return t;
}

base_table hpo_table_of_trusts(const hpo_account *a, base_arena *arena) {
    static const char *const names[] = {"low", "high", "trials", "rank correlation"};
    base_table t = base_table_begin(arena, "Do low fidelities rank trials as high ones do?", 0, 4, names);
    for (size_t i = 0; i < a->n_trusts; i++) {
        const hpo_trust *s = &a->trusts[i];
        const char **row = base_table_row(&t);
        row[0] = hpo_plain_number(arena, s->low);
        row[1] = hpo_plain_number(arena, s->high);
        row[2] = count_text(arena, s->trials);
        row[3] = base_table_fixed(arena, s->correlation, 2);
    }
    t.note = "Spearman's correlation over the trials that have a value at both: those that were promoted, so it is "
             "lower than over all trials.";
    return t;
}

base_table hpo_table_of_workers(const hpo_account *a, base_arena *arena) {
    static const char *const names[] = {"worker", "evaluations", "busy seconds", "busy %"};
    base_table t = base_table_begin(arena, "Workers", 0, 4, names);
    for (size_t i = 0; i < a->n_workers; i++) {
        const char **row = base_table_row(&t);
        row[0] = count_text(arena, i);
        row[1] = count_text(arena, a->workers[i].evaluations);
        row[2] = base_arena_printf(arena, "%.1f", a->workers[i].busy);
        if (a->seconds > 0) row[3] = base_table_fixed(arena, fmin(100, 100 * a->workers[i].busy / a->seconds), 1);
    }
    return t;
}

/* ---- trials ---- */

typedef struct place {
    uint64_t id;
    double fidelity, loss, violation;
} place;

/* Of the last evaluation that worked, or else of the last report. */
static double violation_of(const hpo_trial *trial) {
    for (size_t i = trial->n_evals; i-- > 0;)
        if (trial->evals[i].failure == HPO_FAILURE_NONE) return hpo_eval_violation(&trial->evals[i]);
    const hpo_report *report = trial->n_reports > 0 ? &trial->reports[trial->n_reports - 1] : NULL;
    return report ? hpo_report_violation(report) : 0;
}

static int by_place(const void *left, const void *right) {
    const place *a = left, *b = right;
    if ((a->violation == 0) != (b->violation == 0)) return a->violation == 0 ? -1 : 1;
    if (a->fidelity != b->fidelity) return a->fidelity > b->fidelity ? -1 : 1;
    if (a->violation != b->violation) return a->violation < b->violation ? -1 : 1;
    return hpo_loss_less(a->loss, a->id, b->loss, b->id) ? -1 : 1;
}

base_table hpo_table_of_trials(const hpo_account *a, size_t most, base_arena *arena) {
    const size_t n = (size_t)hpo_view_trials(a->view), all = hpo_space_count(a->run.space);
    const size_t goals = a->run.n_goals, fixed = 4 + goals;
    const size_t params = all < HPO_SHOWN_PARAMS ? all : HPO_SHOWN_PARAMS;
    const char **names = BASE_NEW_ARRAY(arena, fixed + params, const char *);
    names[0] = "trial", names[1] = "state", names[2 + goals] = "fidelity", names[3 + goals] = "seconds";
    for (size_t g = 0; g < goals; g++)
        names[2 + g] = hpo_visible_text(arena, g == 0 ? a->run.metric : a->run.goals[g].name);
    for (size_t i = 0; i < params; i++)
        names[fixed + i] = hpo_visible_text(arena, hpo_space_param(a->run.space, i)->name);
    base_table t =
        base_table_begin(arena, goals == 1 ? "Best trials" : base_arena_printf(arena, "Best trials in %s", names[2]), 2,
                         fixed + params, names);
    place *places = base_calloc(n + 1, sizeof *places);
    size_t count = 0;
    for (uint64_t id = 0; id < n; id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        double fidelity;
        const double value = hpo_account_value(&trial, &fidelity);
        if (isfinite(value))
            places[count++] = (place){id, fidelity, a->run.maximize ? -value : value, violation_of(&trial)};
    }
    qsort(places, count, sizeof *places, by_place);
    for (size_t i = 0; i < count && i < most; i++) {
        const hpo_trial trial = hpo_view_trial(a->view, places[i].id);
        const char **row = base_table_row(&t);
        row[0] = count_text(arena, trial.id);
        row[1] = hpo_trial_state_text(trial.state);
        double fidelity;
        const double *values = hpo_account_values(&trial, goals, &fidelity);
        for (size_t g = 0; g < goals; g++) row[2 + g] = hpo_plain_number(arena, values[g]);
        row[2 + goals] = hpo_plain_number(arena, fidelity);
        row[3 + goals] = base_arena_printf(arena, "%.3g", hpo_account_seconds(&trial));
        for (size_t k = 0; k < params; k++) row[fixed + k] = value_text(a, trial.config, k, arena);
    }
    free(places);
    if (params < all) t.note = base_arena_printf(arena, "The first %zu of %zu parameters.", params, all);
    return t;
}

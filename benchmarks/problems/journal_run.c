/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The results of a run, read from its journal. Reports on the way are results at lower fidelities. */
#include "benchmarks/problems/journal_run.h"

#include <math.h>
#include <string.h>

#include "hpo/study/recorded.h"

/* ---- the space ---- */

/* What the features are made with outlives the space. */
static void keep_params(bench_run *run, const hpo_space *space, base_arena *arena) {
    run->n_params = hpo_space_count(space);
    hpo_param *params = BASE_NEW_ARRAY(arena, run->n_params, hpo_param);
    size_t *categories = BASE_NEW_ARRAY(arena, run->n_params + 1, size_t);
    for (size_t i = 0; i < run->n_params; i++) {
        const hpo_param *p = hpo_space_param(space, i);
        params[i] = (hpo_param){.kind = p->kind,
                                .scale = p->scale,
                                .min = p->min,
                                .max = p->max,
                                .step = p->step,
                                .n_choices = p->n_choices};
        if (p->kind == HPO_CONSTANT) continue;
        categories[run->n_features++] = p->kind == HPO_CATEGORICAL ? p->n_choices + 1 : 0;
    }
    run->n_features += run->fidelity.name != NULL;
    run->params = params;
    run->categories = categories;
}

/* A fidelity from 0 to 1 on the logarithm's scale, on which rungs lie evenly. */
static double place(const hpo_fidelity *fidelity, double f) {
    return fidelity->max > fidelity->min ? log(f / fidelity->min) / log(fidelity->max / fidelity->min) : 1;
}

void bench_run_encode(const bench_run *run, const double *x, double fidelity, double *features) {
    for (size_t i = 0; i < run->n_params; i++) {
        const hpo_param *param = &run->params[i];
        if (param->kind == HPO_CONSTANT) continue;
        if (param->kind == HPO_CATEGORICAL)
            *features++ = isnan(x[i]) ? (double)param->n_choices : x[i];
        else
            *features++ = isnan(x[i]) ? -1 : hpo_param_to_unit(param, x[i]);
    }
    if (run->fidelity.name) *features = place(&run->fidelity, fidelity);
}

/* ---- the rows ---- */

typedef struct collector {
    bench_run *run;
    base_arena *arena;
    hpo_view view;
    size_t capacity;
    double *features, *targets, *fidelity;
    uint64_t *trial;
    size_t n;
} collector;

static void begin_rows(collector *c, size_t capacity) {
    c->features = BASE_NEW_ARRAY(c->arena, capacity * c->run->n_features, double);
    c->targets = BASE_NEW_ARRAY(c->arena, capacity, double);
    c->fidelity = BASE_NEW_ARRAY(c->arena, capacity, double);
    c->trial = BASE_NEW_ARRAY(c->arena, capacity, uint64_t);
    c->n = 0;
}

static void add_row(collector *c, const hpo_trial *trial, double fidelity, double target) {
    bench_run_encode(c->run, trial->config, fidelity, c->features + c->n * c->run->n_features);
    c->targets[c->n] = target;
    c->fidelity[c->n] = fidelity;
    c->trial[c->n++] = trial->id;
}

static bench_run_rows end_rows(const collector *c) {
    return (bench_run_rows){
        .n = c->n, .features = c->features, .targets = c->targets, .fidelity = c->fidelity, .trial = c->trial};
}

/* An end that says nothing of the configuration is none. */
static bool is_end(const hpo_eval *eval) {
    return eval->failure != HPO_FAILURE_LOST && eval->failure != HPO_FAILURE_STORAGE &&
           eval->failure != HPO_FAILURE_INTERRUPTED;
}

/* A report counts unless a later one of the same step, or a result, says it better. */
static bool report_counts(const bench_run *run, const hpo_trial *trial, size_t number) {
    const hpo_report *report = &trial->reports[number];
    if (!run->fidelity.name || !(report->step > 0) || report->step > run->fidelity.max || !isfinite(report->value))
        return false;
    for (size_t i = number + 1; i < trial->n_reports; i++)
        if (trial->reports[i].step == report->step) return false;
    for (size_t i = 0; i < trial->n_evals; i++)
        if (trial->evals[i].failure == HPO_FAILURE_NONE && trial->evals[i].fidelity == report->step) return false;
    return true;
}

/* The lowest fidelity that was seen, which reports may bring below that of the study; and how much there is. */
static size_t survey(collector *c) {
    bench_run *run = c->run;
    size_t most = 0;
    for (uint64_t id = 0; id < hpo_view_trials(c->view); id++) {
        const hpo_trial trial = hpo_view_trial(c->view, id);
        most += trial.n_evals + trial.n_reports;
        for (size_t i = 0; i < trial.n_reports; i++)
            if (report_counts(run, &trial, i)) run->fidelity.min = fmin(run->fidelity.min, trial.reports[i].step);
        for (size_t i = 0; i < trial.n_evals && run->fidelity.name; i++)
            if (trial.evals[i].fidelity > 0) run->fidelity.min = fmin(run->fidelity.min, trial.evals[i].fidelity);
    }
    return most;
}

static void collect_values(collector *c, const hpo_trial *trial) {
    for (size_t i = 0; i < trial->n_reports; i++)
        if (report_counts(c->run, trial, i)) add_row(c, trial, trial->reports[i].step, trial->reports[i].value);
    for (size_t i = 0; i < trial->n_evals; i++) {
        const hpo_eval *eval = &trial->evals[i];
        if (eval->failure != HPO_FAILURE_NONE || !(eval->fidelity > 0)) continue;
        add_row(c, trial, eval->fidelity, eval->value);
        c->run->n_evaluations++;
    }
}

static void collect_ends(collector *c, const hpo_trial *trial) {
    for (size_t i = 0; i < trial->n_evals; i++) {
        const hpo_eval *eval = &trial->evals[i];
        if (!is_end(eval)) continue;
        const bool failed = eval->failure != HPO_FAILURE_NONE;
        add_row(c, trial, eval->fidelity > 0 ? eval->fidelity : trial->fidelity, failed);
        c->run->n_failed += failed;
    }
}

/* Drawn without looking at results, so that bad places are among them. */
static bool is_random(const char *origin) {
    static const char *const words[] = {"random", "sobol", "lhs", "grid", "enumerated"};
    for (size_t i = 0; origin && i < sizeof words / sizeof *words; i++)
        if (strcmp(origin, words[i]) == 0) return true;
    return false;
}

static void collect(collector *c) {
    const size_t most = survey(c);
    c->run->n_trials = (size_t)hpo_view_trials(c->view);
    begin_rows(c, most);
    for (uint64_t id = 0; id < c->run->n_trials; id++) {
        const hpo_trial trial = hpo_view_trial(c->view, id);
        collect_values(c, &trial);
        c->run->n_random += is_random(trial.origin);
    }
    c->run->values = end_rows(c);
    begin_rows(c, most);
    for (uint64_t id = 0; id < c->run->n_trials; id++) {
        const hpo_trial trial = hpo_view_trial(c->view, id);
        collect_ends(c, &trial);
    }
    c->run->ends = end_rows(c);
}

/* ---- the journal ---- */

/* Of several metrics the first is searched, so of priors of each its own are those of the problem. */
static const char *text_of_space(const hpo_recorded *recorded, base_arena *arena) {
    if (!hpo_space_has_metric_priors(recorded->space)) return recorded->parameters;
    base_buf text = {0};
    hpo_space_describe(hpo_space_belief(recorded->space, 0), &text);
    const char *copy = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

base_status bench_run_read(const char *path, base_arena *arena, bench_run *run, base_err *err) {
    hpo_recorded recorded;
    BASE_TRY(hpo_recorded_read(path, arena, NULL, NULL, &recorded, err));
    *run = (bench_run){.file = recorded.file,
                       .metric = recorded.metric,
                       .maximize = recorded.maximize,
                       .space = text_of_space(&recorded, arena),
                       .fidelity = recorded.fidelity};
    keep_params(run, recorded.space, arena);
    collector c = {.run = run, .arena = arena, .view = hpo_history_view(recorded.history)};
    collect(&c);
    hpo_recorded_fini(&recorded);
    return BASE_OK;
}

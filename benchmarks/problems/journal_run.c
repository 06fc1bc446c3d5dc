/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a run from its journal: the space, metric and fidelity from the study's identity in the head, the results from
 * the records. Reports on the way are results at lower fidelities. */
#include "benchmarks/problems/journal_run.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "hpo/space/space_file.h"
#include "hpo/trials/history.h"
#include "hpo/trials/journal.h"

/* ---- the head ---- */

/* What stands behind "key: " in a line of the identity; NULL: no such line. */
static const char *line_of(const char *identity, const char *key, base_arena *arena) {
    const size_t length = strlen(key);
    for (const char *line = identity; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && strncmp(line + length, ": ", 2) == 0)
            return base_arena_strndup(arena, line + length + 2, strcspn(line + length + 2, "\n"));
    }
    return NULL;
}

/* "accuracy, maximize" */
static bool read_metric(bench_run *run, char *text) {
    char *comma = text ? strrchr(text, ',') : NULL;
    if (!comma) return false;
    *comma = '\0';
    run->metric = text;
    run->maximize = strcmp(comma + 1, " maximize") == 0;
    return true;
}

/* {epochs: {min: 1, max: 52}} or null */
static base_status read_fidelity(bench_run *run, const char *text, base_arena *arena, base_err *err) {
    base_yaml_node *root;
    run->fidelity = (hpo_fidelity){.min = 1, .max = 1};
    BASE_TRY(base_yaml_parse(arena, run->file, text, strlen(text), &root, err));
    if (root->kind != BASE_YAML_MAP || root->count != 1) return BASE_OK;
    const base_yaml_node *min = base_yaml_get(root->items[0], "min"), *max = base_yaml_get(root->items[0], "max");
    if (!min || !max) return BASE_FAIL(err, BASE_CORRUPT, "%s: its fidelity has no bounds", run->file);
    run->fidelity = (hpo_fidelity){.name = root->keys[0]->text,
                                   .min = min->number,
                                   .max = max->number,
                                   .integer = min->kind == BASE_YAML_INT && max->kind == BASE_YAML_INT};
    return BASE_OK;
}

static base_status read_head(bench_run *run, base_arena *arena, base_err *err) {
    hpo_journal_begun begun;
    BASE_TRY(hpo_journal_peek(run->file, arena, &begun, err));
    const char *metric = line_of(begun.identity, "metric", arena);
    const char *fidelity = line_of(begun.identity, "fidelity", arena);
    run->space = line_of(begun.identity, "space", arena);
    if (!run->space || !fidelity || !read_metric(run, metric ? base_arena_strdup(arena, metric) : NULL))
        return BASE_FAIL(err, BASE_CORRUPT, "%s: its head does not say space, metric and fidelity", run->file);
    return read_fidelity(run, fidelity, arena, err);
}

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

static base_status apply(void *self, const hpo_entry *entry, base_err *err) {
    return entry->kind == HPO_ENTRY_RECORD ? hpo_history_apply(self, &entry->record, err) : BASE_OK;
}

static base_status read_records(bench_run *run, const hpo_space *space, base_arena *arena, base_err *err) {
    hpo_history *history = hpo_history_create(space, run->maximize, run->fidelity.max);
    const base_status status = hpo_journal_read(run->file, space, apply, history, err);
    collector c = {.run = run, .arena = arena, .view = hpo_history_view(history)};
    if (status == BASE_OK) collect(&c);
    hpo_history_destroy(history);
    return status;
}

static const char *journal_at(const char *path, base_arena *arena) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? base_arena_printf(arena, "%s/journal.log", path)
                                                       : base_arena_strdup(arena, path);
}

base_status bench_run_read(const char *path, base_arena *arena, bench_run *run, base_err *err) {
    base_yaml_node *root;
    hpo_space *space;
    *run = (bench_run){.file = journal_at(path, arena)};
    BASE_TRY(read_head(run, arena, err));
    BASE_TRY(base_yaml_parse(arena, run->file, run->space, strlen(run->space), &root, err));
    BASE_TRY(hpo_space_read(base_yaml_get(root, "parameters"), base_yaml_get(root, "forbid"), run->fidelity.name,
                            &space, err));
    keep_params(run, space, arena);
    const base_status status = read_records(run, space, arena, err);
    hpo_space_destroy(space);
    return status;
}

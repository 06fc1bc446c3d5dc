/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One evaluation of the objective `train`: one training, or one per fold, from checkpoint to checkpoint.
 *
 * Whatever an earlier attempt left behind is used: its finished checkpoint, the one of an interrupted training, or the
 * one that this job goes on from. A file that is missing or damaged costs time, never the result: the training is
 * repeated from the nearest sound one, and reports are always those of the whole stretch, so the outcome is bit for bit
 * that of an undisturbed run. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/train/footprint.h"
#include "engine/train/trainer.h"
#include "experiments/objectives/cells_files.h"
#include "experiments/objectives/train_state.h"
#include "experiments/objectives/trial_folder.h"
#include "nas/cells.h"

/* A metric added up over the trainings of a job. */
typedef struct sums {
    eng_scores valid, test;
    double train_loss, epochs, seconds, parameters, flops;
    size_t count;
} sums;

typedef struct evaluation {
    const train_state *state;
    const hpo_job *job;
    const hpo_reporter *reporter;
    eng_recipe recipe;
    eng_threads *threads; /* that share a step; NULL = one */
    size_t fold;          /* 1, 2, ...; 0 = the job is a single training */
    sums sum;
    hpo_verdict verdict; /* the last one of the reporter */
    bool again;          /* a checkpoint to go on from is there, but not for this program */
} evaluation;

/* ---- metrics ---- */

/* A score that does not apply is NaN and is left out. */
static void put(hpo_metrics *metrics, const char *name, double value) {
    if (!isnan(value)) hpo_metrics_set(metrics, name, value);
}

/* Only in the result, and in reports when the study is about them. */
static bool is_of_results(const char *score) {
    static const char *const names[] = {"error_top5", "f1", "ece"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], score) == 0) return true;
    return false;
}

/* metric: the study's, NULL = all scores. */
static void put_scores(hpo_metrics *metrics, const char *part, const eng_scores *s, double n, const char *metric) {
    for (size_t i = 0; i < s->count; i++) {
        char name[HPO_METRIC_NAME];
        snprintf(name, sizeof name, "%s_%s", part, s->score[i].name);
        if (!is_of_results(s->score[i].name) || metric == NULL || strcmp(metric, name) == 0)
            put(metrics, name, s->score[i].value / n);
    }
}

/* Every training of a job has the same scores. */
static void add_scores(eng_scores *sum, const eng_scores *s) {
    if (sum->count == 0) {
        *sum = *s;
        return;
    }
    for (size_t i = 0; i < s->count; i++) sum->score[i].value += s->score[i].value;
}

static void add_training(sums *sum, eng_trainer *trainer, const eng_view *view) {
    const eng_progress *p = eng_trainer_progress(trainer);
    const eng_epoch *last = &p->history[p->epochs - 1];
    const eng_scores test = eng_trainer_evaluate(trainer, view->split.test);
    add_scores(&sum->valid, &last->valid);
    add_scores(&sum->test, &test);
    sum->train_loss += last->train_loss;
    sum->epochs += (double)p->epochs;
    for (size_t i = 0; i < p->epochs; i++) sum->seconds += p->history[i].seconds;
    sum->parameters = (double)eng_model_numbers(eng_trainer_model(trainer));
    sum->flops = eng_model_flops(eng_trainer_model(trainer));
    sum->count++;
}

static void put_means(hpo_metrics *metrics, const sums *sum) {
    const double n = (double)sum->count;
    put_scores(metrics, "valid", &sum->valid, n, NULL);
    put_scores(metrics, "test", &sum->test, n, NULL);
    put(metrics, "train_loss", sum->train_loss / n);
    put(metrics, "parameters", sum->parameters);
    put(metrics, "flops", sum->flops);
    put(metrics, "epochs_run", sum->epochs / n);
    put(metrics, "seconds", sum->seconds);
}

/* ---- reports ---- */

static void heed(evaluation *e, hpo_verdict verdict) {
    if (verdict > e->verdict) e->verdict = verdict;
}

static void report(evaluation *e, double step, const hpo_metrics *metrics) {
    if (e->reporter) heed(e, e->reporter->report(e->reporter->self, step, metrics));
}

/* step: the place of the epoch on the scale of the fidelity. What comes before this job's stretch was reported by an
 * earlier one. */
static void report_epoch(evaluation *e, const eng_epoch *epoch) {
    hpo_metrics metrics = {0};
    double step = (double)epoch->epoch;
    if (e->state->fidelity != TRAIN_EPOCHS)
        step *= e->job->fidelity / (double)e->recipe.course.epochs;
    else if (step <= e->job->from)
        return;
    put_scores(&metrics, "valid", &epoch->valid, 1, e->state->known.metric);
    put(&metrics, "train_loss", epoch->train_loss);
    put(&metrics, "learning_rate", epoch->learning_rate);
    report(e, step, &metrics);
}

static bool on_epoch(void *self, const eng_epoch *epoch) {
    evaluation *e = self;
    if (e->fold == 0) report_epoch(e, epoch); /* with folds, an epoch of one of them is not a result of the trial */
    return e->verdict != HPO_CONTINUE;
}

static bool on_stop(void *self) {
    evaluation *e = self;
    const hpo_reporter *r = e->reporter;
    if (r && r->verdict) heed(e, r->verdict(r->self));
    return e->verdict != HPO_CONTINUE;
}

/* ---- files ---- */

/* folder/kind-fidelity[.fold-n].ckpt, but a fold of TRAIN_FOLDS is the same whatever the fidelity. */
static const char *file_in(const evaluation *e, const char *folder, const char *kind, double fidelity, base_buf *path) {
    bool any_fidelity = e->state->fidelity == TRAIN_FOLDS;
    base_buf_clear(path);
    base_buf_printf(path, "%s/%s-", folder, kind);
    if (!any_fidelity) trial_put_fidelity(path, fidelity);
    if (e->fold) base_buf_printf(path, "%sfold-%zu", any_fidelity ? "" : ".", e->fold);
    base_buf_puts(path, ".ckpt");
    return path->data;
}

static const char *file_of(const evaluation *e, const char *kind, double fidelity, base_buf *path) {
    return file_in(e, e->job->folder, kind, fidelity, path);
}

size_t train_forget(const char *folder, double fidelity) {
    static const char *const kinds[] = {"checkpoint", "partial", NULL};
    return trial_forget(folder, kinds, fidelity);
}

/* Loads the most advanced sound file of this training. A sound one that is of no use (a former version of the program
 * wrote it) is not the run's mishap: what has to be trained again then is told and charged. */
static bool load_own(evaluation *e, eng_trainer *trainer) {
    const struct {
        const char *kind;
        double fidelity;
    } files[] = {{"checkpoint", e->job->fidelity}, {"partial", e->job->fidelity}, {"checkpoint", e->job->from}};
    const bool goes_on = e->state->fidelity == TRAIN_EPOCHS && e->job->from > 0 && e->job->parent == UINT64_MAX;
    size_t count = goes_on ? 3 : 2;
    bool loaded = false, foreign = false;
    base_buf path = {0};
    for (size_t i = 0; i < count && !loaded; i++) {
        base_err err = {0};
        base_status status = eng_trainer_load(trainer, file_of(e, files[i].kind, files[i].fidelity, &path), &err);
        if (status != BASE_OK && status != BASE_NOTFOUND) base_log(BASE_LOG_WARN, "%s; doing without it", err.text);
        loaded = status == BASE_OK;
        foreign = foreign || status == BASE_INVALID;
    }
    e->again = e->again || (count == 3 && !loaded && foreign);
    base_buf_fini(&path);
    return loaded;
}

/* Weights, the optimizer's state and the epochs so far of another trial; from there on by the settings of this one. */
static base_status inherit(evaluation *e, eng_trainer *trainer, base_err *err) {
    base_buf path = {0};
    const char *file = file_in(e, e->job->parent_folder, "checkpoint", e->job->from, &path);
    const base_status status = eng_trainer_inherit(trainer, file, err);
    if (status == BASE_INVALID)
        base_err_prefix(err, "cannot inherit from trial %" PRIu64 " (network and optimizer must be the same)",
                        e->job->parent);
    base_buf_fini(&path);
    return status;
}

static base_status load_best(evaluation *e, eng_trainer *trainer, base_err *err) {
    return load_own(e, trainer) || e->job->parent == UINT64_MAX ? BASE_OK : inherit(e, trainer, err);
}

/* A full disk costs what could have been gone on from, not the result. */
static void save(evaluation *e, const eng_trainer *trainer, const char *kind) {
    base_buf path = {0};
    base_err err = {0};
    base_status status = eng_trainer_save(trainer, file_of(e, kind, e->job->fidelity, &path), &err);
    if (status != BASE_OK) base_log(BASE_LOG_WARN, "%s", err.text);
    base_buf_fini(&path);
}

static void drop_partial(evaluation *e) {
    base_buf path = {0};
    (void)unlink(file_of(e, "partial", e->job->fidelity, &path));
    base_buf_fini(&path);
}

/* ---- one training ---- */

/* The epochs that the loaded checkpoint has already; true = stop. */
static bool repeat_reports(evaluation *e, const eng_trainer *trainer) {
    const eng_progress *p = eng_trainer_progress(trainer);
    for (size_t i = 0; i < p->epochs && e->verdict == HPO_CONTINUE; i++) (void)on_epoch(e, &p->history[i]);
    return e->verdict != HPO_CONTINUE && p->epoch < (uint64_t)e->recipe.course.epochs && !p->stop.stopped;
}

static base_status run_trainer(evaluation *e, eng_trainer *trainer, base_err *err) {
    const eng_watch watch = {.epoch = on_epoch, .stop = on_stop, .self = e};
    BASE_TRY(load_best(e, trainer, err));
    uint64_t loaded = eng_trainer_progress(trainer)->epoch;
    base_status status = BASE_OK;
    if (repeat_reports(e, trainer))
        status = BASE_FAIL(err, BASE_CANCELLED, "the training was told to stop");
    else
        status = eng_trainer_fit(trainer, (uint64_t)e->recipe.course.epochs, &watch, err);
    if (status == BASE_CANCELLED && e->verdict != HPO_ABANDON) save(e, trainer, "partial");
    if (status != BASE_OK) return status;
    if (loaded < (uint64_t)e->recipe.course.epochs) save(e, trainer, "checkpoint");
    drop_partial(e);
    return BASE_OK;
}

static base_status run_training(evaluation *e, base_err *err) {
    const train_state *state = e->state;
    eng_view *own = NULL;
    eng_trainer *trainer = NULL;
    e->recipe.data.fold = (int64_t)e->fold ? (int64_t)e->fold : e->recipe.data.fold;
    const eng_view_settings settings = eng_data_view(&e->recipe.data);
    bool shared = state->view && eng_view_settings_equal(&state->view->settings, &settings);
    base_status status = shared ? BASE_OK : eng_view_create(state->set, &settings, &own, err);
    const eng_view *view = shared ? state->view : own;
    if (status == BASE_OK) status = eng_trainer_create(&e->recipe, view, &trainer, err);
    if (status == BASE_OK) status = eng_trainer_threads(trainer, e->threads, err);
    if (status == BASE_OK) status = run_trainer(e, trainer, err);
    if (status == BASE_OK) add_training(&e->sum, trainer, view);
    eng_trainer_destroy(trainer);
    eng_view_destroy(own);
    return status;
}

/* ---- the job ---- */

static base_status run_folds(evaluation *e, size_t folds, base_err *err) {
    for (e->fold = 1; e->fold <= folds; e->fold++) {
        BASE_TRY(run_training(e, err));
        if (e->state->fidelity != TRAIN_FOLDS || (double)e->fold <= e->job->from) continue;
        hpo_metrics metrics = {0};
        put_means(&metrics, &e->sum);
        report(e, (double)e->fold, &metrics);
        if (e->verdict != HPO_CONTINUE && e->fold < folds)
            return BASE_FAIL(err, BASE_CANCELLED, "the cross-validation was told to stop");
    }
    return BASE_OK;
}

static base_status run_job(evaluation *e, base_err *err) {
    const eng_data_settings *r = &e->recipe.data;
    if (e->state->fidelity == TRAIN_FOLDS) return run_folds(e, (size_t)e->job->fidelity, err);
    if (r->folds > 0 && r->fold == 0) return run_folds(e, (size_t)r->folds, err);
    return run_training(e, err);
}

static size_t threads_of(const hpo_job *job) {
    return job->limits.threads > 1 ? (size_t)job->limits.threads : 1;
}

/* By the threads of the trial, which this process, a child of the fork server, has for itself. */
static base_status run_shared(evaluation *e, base_err *err) {
    if (threads_of(e->job) > 1) BASE_TRY(eng_threads_create(threads_of(e->job), &e->threads, err));
    const base_status status = run_job(e, err);
    eng_threads_destroy(e->threads);
    return status;
}

/* Better told at once than found out by the kernel. */
static base_status fits(const evaluation *e, hpo_result *out, base_err *err) {
    const double mib = 1024.0 * 1024.0;
    const eng_view_settings view = eng_data_view(&e->recipe.data);
    bool folds = e->state->fidelity == TRAIN_FOLDS || (e->recipe.data.folds > 0 && e->recipe.data.fold == 0);
    bool own_view = folds || !e->state->view || !eng_view_settings_equal(&e->state->view->settings, &view);
    uint64_t limit = e->job->limits.memory;
    eng_footprint footprint;
    BASE_TRY(eng_footprint_of(&e->recipe, e->state->set, threads_of(e->job), &footprint, err));
    size_t bytes = eng_footprint_bytes(&footprint, own_view);
    if (limit == 0 || bytes <= limit) return BASE_OK;
    out->failure = HPO_FAILURE_OOM;
    snprintf(out->reason, sizeof out->reason, "the training takes %.1f MiB, but trial.memory is %.1f MiB",
             (double)bytes / mib, (double)limit / mib);
    return BASE_OK;
}

/* A genotype that was given is no finding. */
static void put_result(const evaluation *e, hpo_result *out) {
    const nas_genotype *drawn = nas_cells_drawn(&e->recipe.network);
    put_means(&out->metrics, &e->sum);
    if (!drawn) return;
    cells_put_artefact(drawn, out);
    cells_write_files(drawn, e->job->folder);
}

base_status train_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                           base_err *err) {
    const train_state *state = self;
    evaluation e = {.state = state, .job = job, .reporter = reporter};
    BASE_ASSERT(job->parent == UINT64_MAX || state->fidelity == TRAIN_EPOCHS);
    base_arena *arena = base_arena_create();
    const train_point at = {job->config, job->fidelity, job->seed};
    base_status status = train_recipe(&state->known, state->fidelity, &at, arena, &e.recipe, err);
    if (status == BASE_OK) status = eng_recipe_check(&e.recipe, state->set, err);
    if (status == BASE_OK) {
        if (!e.recipe.course.seed_given) e.recipe.course.seed = (int64_t)(job->seed >> 1);
        status = fits(&e, out, err);
        if (status == BASE_OK && out->failure == HPO_FAILURE_NONE) status = run_shared(&e, err);
    }
    if (status == BASE_OK && out->failure == HPO_FAILURE_NONE) put_result(&e, out);
    if (e.again) {
        out->notices |= HPO_NOTICE_BIT(STARTED_AGAIN);
        snprintf(out->note, sizeof out->note,
                 "was to go on from a checkpoint of another version or network, so it started again and is charged in "
                 "full");
    }
    if (status == BASE_CANCELLED && e.verdict == HPO_ABANDON) train_forget(job->folder, INFINITY);
    base_arena_destroy(arena);
    return status;
}

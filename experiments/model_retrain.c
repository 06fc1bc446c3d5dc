/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "experiments/model_retrain.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "engine/train/predictor.h"
#include "engine/train/trainer.h"
#include "experiments/model_command.h"
#include "experiments/objectives/registry.h"
#include "experiments/objectives/train_state.h"
#include "hpo/models/recommend.h"
#include "hpo/study/study.h"
#include "hpo/trials/journal.h"
#include "nas/cells.h"

typedef struct retraining {
    const model_retrain_request *request;
    base_arena *arena;
    hpo_study_spec *spec;
    hpo_history *history;
    bool by_posterior; /* what the run recommends */
    hpo_trial trial;
    const hpo_eval *eval; /* its last that succeeded */
    eng_recipe recipe;
    eng_dataset *set;
    eng_view *view;
    eng_threads *threads; /* NULL = one */
    FILE *tell;
} retraining;

/* ---- the run ---- */

static const char *in_run(const retraining *r, const char *name) {
    return base_arena_printf(r->arena, "%s/%s", r->request->dir, name);
}

/* What an identity says of the search space, the metric, the objective and the fidelity: all but the method. */
static size_t searched(const char *identity) {
    const char *method = strstr(identity, "\nsampler: ");
    return method != NULL ? (size_t)(method - identity) : strlen(identity);
}

static base_status check_study(retraining *r, const char *file, const char *journal, base_err *err) {
    hpo_journal_begun begun;
    BASE_TRY(hpo_journal_peek(journal, r->arena, &begun, err));
    r->by_posterior = begun.by_posterior && r->spec->n_goals == 1;
    const size_t length = searched(begun.identity);
    if (searched(r->spec->identity) == length && memcmp(r->spec->identity, begun.identity, length) == 0) return BASE_OK;
    return BASE_FAIL(
        err, BASE_INVALID,
        "%s is not the study of %s; give what the run was given: the study file with --study, and its --set", file,
        journal);
}

static base_status read_study(retraining *r, base_err *err) {
    const model_retrain_request *q = r->request;
    size_t count;
    const hpo_objective_type *const *objectives = obj_registry(&count);
    const hpo_catalog catalog = {.objectives = objectives, .n_objectives = count, .version = "hpo"};
    const char *file = q->study != NULL ? q->study : in_run(r, "study.yaml");
    base_buf text = {0};
    base_status status = base_read_file(file, &text, err);
    if (status == BASE_OK)
        status =
            hpo_study_read(&catalog, file, base_buf_text(&text), text.length, q->sets, q->n_sets, NULL, &r->spec, err);
    base_buf_fini(&text);
    return status == BASE_OK ? check_study(r, file, in_run(r, "journal.log"), err) : status;
}

static base_status apply(void *self, const hpo_entry *entry, base_err *err) {
    return entry->kind == HPO_ENTRY_RECORD ? hpo_history_apply(self, &entry->record, err) : BASE_OK;
}

static const hpo_eval *last_success(const hpo_trial *trial) {
    for (size_t i = trial->n_evals; i-- > 0;)
        if (trial->evals[i].failure == HPO_FAILURE_NONE) return &trial->evals[i];
    return NULL;
}

/* As the run has recommended it. */
static bool find_best(const retraining *r, hpo_view view, hpo_recommendation *out) {
    hpo_incumbent best;
    if (r->by_posterior) return hpo_recommend(view, out);
    if (!hpo_view_incumbent(view, &best)) return false;
    *out = hpo_recommend_incumbent(&best);
    return true;
}

static base_status choose_trial(retraining *r, base_err *err) {
    const hpo_view view = hpo_history_view(r->history);
    uint64_t id = r->request->trial;
    hpo_recommendation best;
    if (!r->request->has_trial) {
        if (r->spec->objective == &obj_command)
            return BASE_FAIL(err, BASE_INVALID, "%s is a study of the objective command: name the trial with --trial",
                             r->request->dir);
        if (!find_best(r, view, &best))
            return BASE_FAIL(err, BASE_NOTFOUND,
                             "%s: no trial has a result at the highest fidelity; name another one with --trial",
                             r->request->dir);
        id = best.who.trial;
    }
    if (id >= hpo_view_trials(view))
        return BASE_FAIL(err, BASE_NOTFOUND, "%s has no trial %llu; it has %llu, from 0 on", r->request->dir,
                         (unsigned long long)id, (unsigned long long)hpo_view_trials(view));
    r->trial = hpo_view_trial(view, id);
    r->eval = last_success(&r->trial);
    return BASE_OK;
}

static base_status need_result(const retraining *r, base_err *err) {
    if (r->eval != NULL) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "trial %llu of %s has no result, so nobody knows how long to train it",
                     (unsigned long long)r->trial.id, r->request->dir);
}

static base_status read_run(retraining *r, base_err *err) {
    BASE_TRY(read_study(r, err));
    r->history = hpo_study_history(r->spec);
    BASE_TRY(hpo_journal_read(in_run(r, "journal.log"), r->spec->space, apply, r->history, err));
    return choose_trial(r, err);
}

/* ---- the recipe ---- */

static base_status epochs_of(const retraining *r, int64_t *epochs, base_err *err) {
    const double *run = r->eval->metrics != NULL ? hpo_metrics_get(r->eval->metrics, "epochs_run") : NULL;
    if (run == NULL || !(*run >= 0.5))
        return BASE_FAIL(err, BASE_INVALID, "the journal does not say how many epochs trial %llu took",
                         (unsigned long long)r->trial.id);
    *epochs = llround(*run); /* a mean over the folds of a cross-validation */
    return BASE_OK;
}

/* Nothing is held out but the test part, and nothing stops the training early. What a schedule was laid out for stays,
 * since the trial was good with that. */
static base_status make_recipe(retraining *r, base_err *err) {
    const hpo_objective_env env = hpo_study_objective_env(r->spec);
    train_fidelity kind;
    BASE_TRY(train_fidelity_find(&env, &kind, err));
    const double fidelity = kind == TRAIN_FRACTION ? r->spec->fidelity.max : r->eval->fidelity;
    const train_point at = {r->trial.config, fidelity, r->trial.seed};
    BASE_TRY(train_recipe(&env, kind, &at, r->arena, &r->recipe, err));
    eng_recipe *recipe = &r->recipe;
    if (recipe->schedule.schedule_epochs == 0) recipe->schedule.schedule_epochs = recipe->course.epochs;
    BASE_TRY(epochs_of(r, &recipe->course.epochs, err));
    recipe->course.early_stopping = 0;
    recipe->data.valid_fraction = 0;
    if (r->request->fraction > 0) recipe->data.fraction = r->request->fraction;
    recipe->data.folds = recipe->data.fold = 0;
    if (!recipe->course.seed_given) recipe->course.seed = (int64_t)(r->trial.seed >> 1);
    return BASE_OK;
}

/* The copy of the study file lies elsewhere than the file whose folder a path was relative to. */
static base_status load_data(retraining *r, base_err *err) {
    base_err why = {0};
    const eng_data_settings *data = &r->recipe.data;
    base_status status = eng_data_load(data, r->spec->base_dir, &r->set, &why);
    const bool elsewhere = r->request->study == NULL && data->path != NULL && data->path[0] != '/';
    if (status != BASE_OK)
        return BASE_FAIL(err, status, "%s%s", why.text,
                         elsewhere ? "; the path is relative to the study file: name that with --study" : "");
    BASE_TRY(eng_recipe_check(&r->recipe, r->set, err));
    const eng_view_settings view = eng_data_view(data);
    return eng_view_create(r->set, &view, &r->view, err);
}

/* ---- trainings ---- */

/* Others than the first differ from it, and from each other, in the seed alone. */
static int64_t seed_of(int64_t first, uint64_t number) {
    const uint64_t key[2] = {(uint64_t)first, number};
    return number == 0 ? first : (int64_t)(base_hash64(key, sizeof key) >> 1);
}

static void tell_scores(const retraining *r, const eng_recipe *recipe, const eng_scores *scores) {
    fprintf(r->tell, "seed %lld:", (long long)recipe->course.seed);
    for (size_t i = 0; i < scores->count; i++)
        if (!isnan(scores->score[i].value))
            fprintf(r->tell, "%s test_%s %.6g", i > 0 ? "," : "", scores->score[i].name, scores->score[i].value);
    fputc('\n', r->tell);
    fflush(r->tell);
}

/* Somebody who looks on sees that it goes on. */
static bool on_epoch(void *self, const eng_epoch *epoch) {
    const int64_t *epochs = self;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "epoch %llu of %lld, loss %.4g\x1b[K%c", (unsigned long long)epoch->epoch, (long long)*epochs,
                epoch->train_loss, (int64_t)epoch->epoch < *epochs ? '\r' : '\n');
    return false;
}

static base_status train(retraining *r, uint64_t number, eng_scores *scores, const char *path, base_err *err) {
    eng_recipe recipe = r->recipe;
    eng_trainer *trainer;
    recipe.course.seed = seed_of(recipe.course.seed, number);
    BASE_TRY(eng_trainer_create(&recipe, r->view, &trainer, err));
    const eng_watch watch = {.epoch = on_epoch, .self = &recipe.course.epochs};
    base_status status = eng_trainer_threads(trainer, r->threads, err);
    if (status == BASE_OK) status = eng_trainer_fit(trainer, (uint64_t)recipe.course.epochs, &watch, err);
    if (status == BASE_OK && r->view->split.test.count > 0) {
        *scores = eng_trainer_evaluate(trainer, r->view->split.test);
        tell_scores(r, &recipe, scores);
    }
    if (status == BASE_OK && number == 0)
        status = eng_predictor_save(path, eng_trainer_model(trainer), eng_trainer_average(trainer), r->view, err);
    eng_trainer_destroy(trainer);
    return status;
}

/* Mean and standard deviation (n - 1) over the seeds. */
static void tell_means(const retraining *r, const eng_scores *all, size_t count) {
    fprintf(r->tell, "%zu seeds:", count);
    for (size_t i = 0; i < all[0].count; i++) {
        double mean = 0.0, square = 0.0;
        for (size_t k = 0; k < count; k++) mean += all[k].score[i].value / (double)count;
        for (size_t k = 0; k < count; k++) square += pow(all[k].score[i].value - mean, 2);
        if (!isnan(mean))
            fprintf(r->tell, "%s test_%s %.6g (deviation %.2g)", i > 0 ? "," : "", all[0].score[i].name, mean,
                    sqrt(square / (double)(count - 1)));
    }
    fputc('\n', r->tell);
}

static base_status train_all(retraining *r, base_err *err) {
    const size_t seeds = r->request->seeds;
    const char *path = r->request->out;
    eng_scores *scores = BASE_NEW_ARRAY(r->arena, seeds, eng_scores);
    if (path == NULL)
        path = base_arena_printf(r->arena, "%s/trial-%llu.model", r->request->dir, (unsigned long long)r->trial.id);
    fprintf(r->tell, "trial %llu: %s %.6g; %lld epochs on %zu samples, %zu to test\n", (unsigned long long)r->trial.id,
            r->spec->goals[0].name, r->eval->value, (long long)r->recipe.course.epochs, r->view->split.train.count,
            r->view->split.test.count);
    fflush(r->tell);
    for (size_t i = 0; i < seeds; i++) BASE_TRY(train(r, i, &scores[i], path, err));
    if (seeds > 1 && r->view->split.test.count > 0) tell_means(r, scores, seeds);
    fprintf(r->tell, "%s%s\n", path, seeds > 1 ? ": the network of the first seed" : "");
    return BASE_OK;
}

static base_status retrain_network(retraining *r, base_err *err) {
    const int threads = r->spec->limits.threads;
    BASE_TRY(need_result(r, err));
    BASE_TRY(make_recipe(r, err));
    BASE_TRY(load_data(r, err));
    if (threads > 1) BASE_TRY(eng_threads_create((size_t)threads, &r->threads, err));
    return train_all(r, err);
}

/* ---- programs ---- */

static base_status retrain_command(const retraining *r, base_err *err) {
    const model_retrain_request *q = r->request;
    const char *folder = q->out;
    if (q->seeds > 1)
        return BASE_FAIL(err, BASE_INVALID, "a command is run once, with its trial's seed: --seeds is for networks");
    if (q->fraction > 0) return BASE_FAIL(err, BASE_INVALID, "a command has its own data: --fraction is for networks");
    if (folder == NULL)
        folder = base_arena_printf(r->arena, "%s/retrain-%llu", q->dir, (unsigned long long)r->trial.id);
    BASE_TRY(base_make_folder(folder, err));
    char *absolute = realpath(folder, NULL);
    if (absolute == NULL) return BASE_FAIL(err, BASE_IO, "%s: %s", folder, strerror(errno));
    const base_status status = model_command(r->spec, &r->trial, absolute, err);
    free(absolute);
    return status;
}

static base_status retrain(retraining *r, base_err *err) {
    BASE_TRY(read_run(r, err));
    const hpo_objective_type *objective = r->spec->objective;
    if (objective == &obj_train) return retrain_network(r, err);
    if (objective == &obj_command) return retrain_command(r, err);
    return BASE_FAIL(
        err, BASE_UNSUPPORTED,
        "%s: the objective %s trains no network that could be kept; retrain is for studies of the objectives "
        "train and command (a genotype is trained by train: {model: cells, genotype: FILE})",
        r->request->dir, objective->name);
}

base_status model_retrain(const model_retrain_request *request, FILE *tell, base_err *err) {
    retraining r = {.request = request, .arena = base_arena_create(), .tell = tell};
    const base_status status = retrain(&r, err);
    eng_threads_destroy(r.threads);
    eng_view_destroy(r.view);
    eng_dataset_destroy(r.set);
    hpo_history_destroy(r.history);
    hpo_study_spec_destroy(r.spec);
    base_arena_destroy(r.arena);
    return status;
}

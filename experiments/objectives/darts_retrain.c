/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The retraining of a genotype: a training like any other, on the whole training part. The validation part, which no
 * step, rule or selection of the search has seen, says what the genotype is worth; the test part is only reported. */
#include "base/log.h"
#include "engine/train/footprint.h"
#include "engine/train/trainer.h"
#include "experiments/objectives/darts_state.h"

typedef struct retraining {
    darts_job *d;
    eng_trainer *trainer;
    const char *path;
} retraining;

static void save(const retraining *r) {
    base_err err = {0};
    if (eng_trainer_save(r->trainer, r->path, &err) != BASE_OK) base_log(BASE_LOG_WARN, "%s", err.text);
}

static bool on_epoch(void *self, const eng_epoch *epoch) {
    const retraining *r = self;
    base_log(BASE_LOG_INFO, "retraining: epoch %llu, loss %.4f, valid error %.4f", (unsigned long long)epoch->epoch,
             epoch->train_loss, eng_scores_get(&epoch->valid, "error"));
    if (darts_should_save(r->d)) save(r);
    return darts_must_stop(r->d);
}

static bool on_stop(void *self) {
    return darts_must_stop(((const retraining *)self)->d);
}

static base_status fit(const retraining *r, uint64_t epochs, base_err *err) {
    const eng_watch watch = {.epoch = on_epoch, .stop = on_stop, .self = (void *)r};
    base_err why = {0};
    const base_status loaded = eng_trainer_load(r->trainer, r->path, &why);
    if (loaded != BASE_OK && loaded != BASE_NOTFOUND) base_log(BASE_LOG_WARN, "%s; doing without it", why.text);
    const base_status status = eng_trainer_fit(r->trainer, epochs, &watch, err);
    if (status == BASE_CANCELLED && r->d->verdict != HPO_ABANDON) save(r);
    return status;
}

static void measure(eng_trainer *trainer, const eng_view *view, darts_retrained *out) {
    const eng_progress *p = eng_trainer_progress(trainer);
    const eng_model *model = eng_trainer_model(trainer);
    const eng_scores test = eng_trainer_evaluate(trainer, view->split.test);
    out->valid_error = eng_scores_get(&p->history[p->epochs - 1].valid, "error");
    out->epochs = (double)p->epoch;
    out->test_error = eng_scores_get(&test, "error");
    out->parameters = (double)eng_model_numbers(model);
    out->flops = eng_model_flops(model);
}

static size_t threads_of(const hpo_job *job) {
    return job->limits.threads > 1 ? (size_t)job->limits.threads : 1;
}

/* By the threads of the trial, which this process has for itself. */
static base_status train(retraining *r, const eng_recipe *recipe, darts_retrained *out, base_err *err) {
    const eng_view *view = r->d->state->view;
    const size_t count = threads_of(r->d->job);
    eng_threads *threads = NULL;
    if (count > 1) BASE_TRY(eng_threads_create(count, &threads, err));
    base_status status = eng_trainer_create(recipe, view, &r->trainer, err);
    if (status == BASE_OK) status = eng_trainer_threads(r->trainer, threads, err);
    if (status == BASE_OK) status = fit(r, (uint64_t)recipe->course.epochs, err);
    if (status == BASE_OK) measure(r->trainer, view, out);
    eng_trainer_destroy(r->trainer);
    eng_threads_destroy(threads);
    return status;
}

base_status darts_retrain(darts_job *d, const nas_genotype *genotype, darts_retrained *out, hpo_result *result,
                          base_err *err) {
    retraining r = {.d = d, .path = darts_path(d, "retrain", d->job->fidelity, "ckpt")};
    eng_footprint size;
    eng_recipe recipe;
    *out = (darts_retrained){0};
    BASE_TRY(darts_recipe(&d->settings, genotype, d->job->seed, d->arena, &recipe, err));
    BASE_TRY(eng_recipe_check(&recipe, d->state->set, err));
    BASE_TRY(eng_footprint_of(&recipe, d->state->set, threads_of(d->job), &size, err));
    if (!darts_fits(d, "retraining", eng_footprint_bytes(&size, false), result)) return BASE_OK;
    return train(&r, &recipe, out, err);
}

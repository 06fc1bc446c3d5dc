/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training loop, for any step. */
#include "engine/train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/tensor/subnormal.h"

enum { POLL_INTERVAL = 8 }; /* steps between two looks at the clock, when they are quick */
enum { SAVE_VERSION = 1 };  /* of the sections identity and average */
static const double default_pause = 0.05, slow_step = 0.01; /* seconds */

struct eng_trainer {
    eng_step step;
    eng_trainer_config config;
    eng_progress progress;
    float *average; /* of the weights over steps; NULL = none */
    size_t size;    /* floats of it */
};

/* ---- life ---- */

static base_status create_average(eng_trainer *t, base_err *err) {
    const eng_params *params = t->step.type->params ? t->step.type->params(t->step.self) : NULL;
    void *block = NULL;
    if (t->config.ema <= 0 || !params) return BASE_OK;
    t->size = eng_params_size(params);
    BASE_TRY(eng_alloc(t->size * sizeof(float), &block, err));
    t->average = block;
    memcpy(block, eng_params_values(params), t->size * sizeof(float));
    return BASE_OK;
}

base_status eng_trainer_adopt(eng_step step, const eng_trainer_config *config, eng_trainer **out, base_err *err) {
    eng_trainer *trainer = base_calloc(1, sizeof *trainer);
    *trainer = (eng_trainer){.step = step, .config = *config};
    trainer->progress.stop = eng_early_stop_start(config->early_stopping);
    *out = NULL;
    const base_status status = create_average(trainer, err);
    if (status != BASE_OK) {
        eng_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return BASE_OK;
}

base_status eng_trainer_create(const eng_recipe *recipe, const eng_view *view, eng_trainer **out, base_err *err) {
    const eng_trainer_config config = {
        .identity = eng_recipe_identity(recipe, view),
        .early_stopping = (uint64_t)recipe->course.early_stopping,
        .ema = recipe->course.ema,
        .valid = view->split.valid,
    };
    eng_step step;
    *out = NULL;
    BASE_TRY(eng_supervised_create(recipe, view, &step, err));
    return eng_trainer_adopt(step, &config, out, err);
}

void eng_trainer_destroy(eng_trainer *trainer) {
    if (!trainer) return;
    eng_progress_fini(&trainer->progress);
    eng_free(trainer->average);
    trainer->step.type->destroy(trainer->step.self);
    free(trainer);
}

base_status eng_trainer_threads(eng_trainer *t, eng_threads *threads, base_err *err) {
    return t->step.type->threads ? t->step.type->threads(t->step.self, threads, err) : BASE_OK;
}

/* ---- averaged weights ---- */

static float *values(const eng_trainer *t) {
    return eng_params_values(t->step.type->params(t->step.self));
}

/* avg = d avg + (1 - d) w, with a decay that is small at first, so that the initial values are soon forgotten: d =
 * min(ema, (1 + t) / (10 + t)) at step t, as TensorFlow's ExponentialMovingAverage has it. */
static void update_average(eng_trainer *t) {
    if (t->average == NULL) return;
    const double steps = (double)t->step.type->steps(t->step.self);
    const float gain = (float)(1.0 - fmin(t->config.ema, (1.0 + steps) / (10.0 + steps)));
    const float *w = values(t);
    for (size_t k = 0; k < t->size; k++) t->average[k] += gain * (w[k] - t->average[k]);
}

/* The averaged weights take the place of the trained ones, and back. */
static void exchange(eng_trainer *t) {
    if (t->average == NULL) return;
    float *w = values(t);
    for (size_t k = 0; k < t->size; k++) {
        const float kept = w[k];
        w[k] = t->average[k];
        t->average[k] = kept;
    }
}

/* ---- the loop ---- */

/* The steps of the current epoch that are still to be taken. */
static base_status take_steps(eng_trainer *t, const eng_watch *watch, base_err *err) {
    const eng_step_type *type = t->step.type;
    void *self = t->step.self;
    eng_progress *p = &t->progress;
    const uint64_t batches = type->batches(self);
    double asked = base_monotonic(), pause = watch && watch->pause > 0 ? watch->pause : default_pause;
    if (type->begin_epoch) BASE_TRY(type->begin_epoch(self, p, err));
    bool slow = false; /* as the first step was */
    for (size_t i = 1; p->batch < batches; i++) {
        BASE_TRY(type->step(self, p, err));
        update_average(t);
        if (i == 1) slow = base_monotonic() - asked > slow_step;
        if (!watch || !watch->stop || (i % POLL_INTERVAL != 0 && !slow) || base_monotonic() - asked < pause) continue;
        asked = base_monotonic();
        if (watch->stop(watch->self)) return BASE_FAIL(err, BASE_CANCELLED, "the training was told to stop");
    }
    return BASE_OK;
}

/* begun: when all steps were taken. */
static base_status score_epoch(eng_trainer *t, double begun, eng_epoch *epoch, bool *stop, base_err *err) {
    const eng_step_type *type = t->step.type;
    const bool scored = t->config.valid.count > 0;
    if (scored) epoch->valid = eng_trainer_evaluate(t, t->config.valid);
    epoch->seconds = t->progress.seconds + base_monotonic() - begun;
    const double loss = eng_scores_get(&epoch->valid, "loss");
    if (scored && !isfinite(loss))
        return BASE_FAIL(err, BASE_NUMERIC, "the validation loss became %g at step %llu (epoch %llu, batch %llu)", loss,
                         (unsigned long long)type->steps(t->step.self), (unsigned long long)epoch->epoch,
                         (unsigned long long)t->progress.batch);
    return type->end_epoch ? type->end_epoch(t->step.self, epoch, stop, err) : BASE_OK;
}

/* All steps of the epoch are taken: scores it and opens the next one. */
static base_status close_epoch(eng_trainer *t, base_err *err) {
    eng_progress *p = &t->progress;
    eng_epoch epoch = {
        .epoch = p->epoch + 1,
        .train_loss = p->loss_sum / (double)p->seen,
        .learning_rate = t->step.type->rate(t->step.self),
    };
    const double begun = base_monotonic();
    bool stop = false;
    BASE_TRY(score_epoch(t, begun, &epoch, &stop, err));
    epoch.seconds = p->seconds + base_monotonic() - begun;
    BASE_GROW(p->history, p->capacity, p->epochs + 1);
    p->history[p->epochs++] = epoch;
    p->epoch++;
    p->batch = p->seen = 0;
    p->loss_sum = p->seconds = 0;
    if (t->config.valid.count > 0)
        (void)eng_early_stop_update(&p->stop, epoch.epoch, eng_scores_get(&epoch.valid, "loss"));
    p->stop.stopped = p->stop.stopped || stop;
    return BASE_OK;
}

static base_status fit(eng_trainer *trainer, uint64_t epochs, const eng_watch *watch, base_err *err) {
    eng_progress *p = &trainer->progress;
    while (p->epoch < epochs && !p->stop.stopped) {
        double begun = base_monotonic();
        base_status status = take_steps(trainer, watch, err);
        p->seconds += base_monotonic() - begun;
        if (status != BASE_OK) return status;
        BASE_TRY(close_epoch(trainer, err));
        bool stop = watch && watch->epoch && watch->epoch(watch->self, &p->history[p->epochs - 1]);
        if (stop && p->epoch < epochs && !p->stop.stopped)
            return BASE_FAIL(err, BASE_CANCELLED, "the training was told to stop");
    }
    return BASE_OK;
}

base_status eng_trainer_fit(eng_trainer *trainer, uint64_t epochs, const eng_watch *watch, base_err *err) {
    const uint64_t before = eng_subnormals_flush();
    const base_status status = fit(trainer, epochs, watch, err);
    eng_subnormals_restore(before);
    return status;
}

eng_scores eng_trainer_evaluate(eng_trainer *trainer, eng_part part) {
    const uint64_t before = eng_subnormals_flush();
    exchange(trainer);
    const eng_scores scores = trainer->step.type->evaluate(trainer->step.self, part);
    exchange(trainer);
    eng_subnormals_restore(before);
    return scores;
}

/* ---- checkpoints ---- */

base_status eng_trainer_save(const eng_trainer *trainer, const char *path, base_err *err) {
    const eng_trainer *t = trainer;
    eng_sections *to;
    BASE_TRY(eng_sections_create(path, &to, err));
    eng_sections_put(to, "identity", SAVE_VERSION, &t->config.identity, sizeof t->config.identity);
    eng_checkpoint_put_progress(to, &t->progress);
    t->step.type->save(t->step.self, to);
    if (t->average) eng_sections_put(to, "average", SAVE_VERSION, t->average, t->size * sizeof(float));
    return eng_sections_finish(to, err);
}

/* Is the file of this training, in every part? For one that inherits: of one with the same network and optimizer? */
static base_status fits(const eng_trainer *t, const eng_sections *from, bool inherits, base_err *err) {
    uint64_t identity;
    BASE_TRY(t->step.type->fits(t->step.self, from, err));
    if (t->average) BASE_TRY(eng_sections_expect(from, "average", SAVE_VERSION, t->size * sizeof(float), err));
    BASE_TRY(eng_sections_take(from, "identity", SAVE_VERSION, &identity, sizeof identity, err));
    if (inherits || identity == t->config.identity) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "checkpoint %s was made with other settings or other data",
                     eng_sections_path(from));
}

static base_status load(eng_trainer *t, const eng_sections *from, bool inherits, base_err *err) {
    BASE_TRY(fits(t, from, inherits, err));
    BASE_TRY(eng_checkpoint_take_progress(from, &t->progress, err));
    if (t->average)
        BASE_TRY(eng_sections_take(from, "average", SAVE_VERSION, t->average, t->size * sizeof(float), err));
    return t->step.type->load(t->step.self, from, err);
}

static base_status load_file(eng_trainer *trainer, const char *path, bool inherits, base_err *err) {
    eng_sections *from;
    BASE_TRY(eng_sections_open(path, &from, err));
    const base_status status = load(trainer, from, inherits, err);
    eng_sections_close(from);
    return status;
}

base_status eng_trainer_load(eng_trainer *trainer, const char *path, base_err *err) {
    return load_file(trainer, path, false, err);
}

base_status eng_trainer_inherit(eng_trainer *trainer, const char *path, base_err *err) {
    return load_file(trainer, path, true, err);
}

/* ---- what others ask ---- */

const eng_progress *eng_trainer_progress(const eng_trainer *trainer) {
    return &trainer->progress;
}
const eng_step *eng_trainer_step(const eng_trainer *trainer) {
    return &trainer->step;
}
const float *eng_trainer_average(const eng_trainer *trainer) {
    return trainer->average;
}
const eng_model *eng_trainer_model(const eng_trainer *trainer) {
    return eng_supervised_model(&trainer->step);
}

size_t eng_trainer_parameters(const eng_trainer *trainer) {
    const eng_step_type *type = trainer->step.type;
    return type->params ? eng_params_numbers(type->params(trainer->step.self)) : 0;
}

size_t eng_trainer_bytes(const eng_trainer *trainer) {
    return trainer->step.type->bytes(trainer->step.self) + trainer->size * sizeof(float);
}

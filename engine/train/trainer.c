/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training loop.
 *
 * Everything random is a function of the seed and of a number that the checkpoint holds (epoch, step), and everything
 * else that matters is in the checkpoint, so a training that is interrupted between any two steps and continued
 * elsewhere gives the bits of the uninterrupted one. */
#include "engine/train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/data/loader.h"
#include "engine/tensor/subnormal.h"

enum { LOOK = 8 }; /* steps between two looks at the clock */
static const double default_pause = 0.05;

struct eng_trainer {
    eng_recipe recipe;
    const eng_view *view;
    eng_model *model;
    eng_optimizer *optimizer;
    eng_loader *loader;
    eng_schedule_plan schedule;
    eng_progress progress;
    uint64_t identity;
    size_t batch; /* room of the buffers, in samples */
    float *x;     /* batch x features */
    float *values;
    int32_t *labels;
    float *sum;     /* of the gradients of a step of several batches; NULL = one batch is a step */
    float *average; /* of the weights over steps; NULL = none */
};

static size_t block_size(const eng_trainer *t) {
    return eng_params_size(eng_model_params(t->model));
}

/* A block laid out like the parameters, when it is wanted. */
static base_status create_block(const eng_trainer *t, bool wanted, float **out, base_err *err) {
    void *block = NULL;
    base_status status = wanted ? eng_alloc(block_size(t) * sizeof(float), &block, err) : BASE_OK;
    *out = block;
    return status;
}

static base_status create_blocks(eng_trainer *t, base_err *err) {
    BASE_TRY(create_block(t, t->recipe.course.accumulate > 1, &t->sum, err));
    BASE_TRY(create_block(t, t->recipe.course.ema > 0, &t->average, err));
    if (t->average != NULL)
        memcpy(t->average, eng_params_values(eng_model_params(t->model)), block_size(t) * sizeof(float));
    return BASE_OK;
}

static base_status create_buffers(eng_trainer *t, base_err *err) {
    void *x = NULL, *values = NULL, *labels = NULL;
    t->batch = eng_model_batch(t->model);
    base_status status = eng_alloc(t->batch * t->view->set->features * sizeof *t->x, &x, err);
    if (status == BASE_OK) status = eng_alloc(t->batch * sizeof *t->values, &values, err);
    if (status == BASE_OK) status = eng_alloc(t->batch * sizeof *t->labels, &labels, err);
    t->x = x;
    t->values = values;
    t->labels = labels;
    return status;
}

static base_status create_parts(eng_trainer *t, base_err *err) {
    const eng_recipe *r = &t->recipe;
    const eng_dataset *set = t->view->set;
    BASE_TRY(eng_recipe_check(r, set, err));
    BASE_TRY(eng_recipe_model(r, set, &t->model, err));
    BASE_TRY(eng_recipe_optimizer(r, t->model, &t->optimizer, err));
    BASE_TRY(eng_loader_create(set, &t->view->normaliser, t->view->split.train, (size_t)r->course.batch_size, true,
                               (uint64_t)r->course.seed, &t->loader, err));
    const eng_augment augment = eng_data_augment(&r->data);
    if (eng_augment_is_on(&augment)) eng_loader_augment(t->loader, &augment);
    const size_t together = (size_t)r->course.accumulate,
                 steps = (eng_loader_batches(t->loader) + together - 1) / together;
    BASE_TRY(eng_schedule_plan_make(&r->schedule, (uint64_t)r->course.epochs, steps, &t->schedule, err));
    BASE_TRY(create_blocks(t, err));
    return create_buffers(t, err);
}

base_status eng_trainer_create(const eng_recipe *recipe, const eng_view *view, eng_trainer **out, base_err *err) {
    eng_trainer *trainer = base_calloc(1, sizeof *trainer);
    trainer->recipe = *recipe;
    trainer->view = view;
    trainer->identity = eng_recipe_identity(recipe, view);
    trainer->progress.stop = eng_early_stop_start((uint64_t)recipe->course.early_stopping);
    *out = NULL;
    base_status status = create_parts(trainer, err);
    if (status != BASE_OK) {
        eng_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return BASE_OK;
}

void eng_trainer_destroy(eng_trainer *trainer) {
    if (!trainer) return;
    eng_progress_fini(&trainer->progress);
    eng_loader_destroy(trainer->loader);
    eng_optimizer_destroy(trainer->optimizer);
    eng_model_destroy(trainer->model);
    eng_free(trainer->x);
    eng_free(trainer->values);
    eng_free(trainer->labels);
    eng_free(trainer->sum);
    eng_free(trainer->average);
    free(trainer);
}

/* The n samples that lie in the buffers. A yes/no answer is trained on its label as a number. */
static eng_batch as_batch(const eng_trainer *t, size_t n) {
    if (eng_model_task(t->model) == ENG_BINARY)
        for (size_t i = 0; i < n; i++) t->values[i] = (float)t->labels[i];
    return (eng_batch){.n = n, .x = t->x, .values = t->values, .labels = t->labels};
}

static double rate_at(const eng_trainer *t, uint64_t step) {
    const eng_schedule_plan *s = &t->schedule;
    return t->recipe.optimizer.learning_rate * eng_schedule_factor(s->type, &s->config, step, s->total);
}

static base_status diverged(const eng_trainer *t, const char *what, uint64_t step, double loss, base_err *err) {
    const eng_progress *p = &t->progress;
    return BASE_FAIL(err, BASE_NUMERIC, "%s became %g at step %llu (epoch %llu, batch %llu)", what, loss,
                     (unsigned long long)step, (unsigned long long)p->epoch + 1, (unsigned long long)p->batch);
}

/* Loss and gradients of the next batch of the epoch, or a whole step of the optimizer with it; the number of its
 * samples. */
static base_status take_batch(eng_trainer *t, bool whole_step, size_t *n, base_err *err) {
    eng_progress *p = &t->progress;
    const uint64_t step = eng_optimizer_steps(t->optimizer);
    const uint64_t number = p->epoch * eng_loader_batches(t->loader) + p->batch;
    *n = eng_loader_batch(t->loader, p->epoch, (size_t)p->batch, t->x, t->labels, t->values);
    const eng_batch batch = as_batch(t, *n);
    const double loss = whole_step ? eng_model_step(t->model, &batch, number, t->optimizer, rate_at(t, step))
                                   : eng_model_train(t->model, &batch, number);
    p->batch++;
    p->seen += *n;
    p->loss_sum += loss * (double)*n;
    if (isfinite(loss)) return BASE_OK;
    return diverged(t, "the training loss", step + 1, loss, err);
}

/* The gradient of several batches is that of one which holds all their samples: a mean weighted by their sizes. */
static base_status step_of_batches(eng_trainer *t, base_err *err) {
    const uint64_t batches = eng_loader_batches(t->loader), left = batches - t->progress.batch;
    const uint64_t count = left < (uint64_t)t->recipe.course.accumulate ? left : (uint64_t)t->recipe.course.accumulate;
    const size_t size = block_size(t);
    float *gradients = eng_params_gradients(eng_model_params(t->model));
    size_t samples = 0, n;
    if (count == 1) return take_batch(t, true, &n, err);
    for (uint64_t i = 0; i < count; i++) {
        BASE_TRY(take_batch(t, false, &n, err));
        samples += n;
        const float weight = (float)n;
        for (size_t k = 0; k < size; k++) t->sum[k] = (i == 0 ? 0.0f : t->sum[k]) + weight * gradients[k];
    }
    const float weight = 1.0f / (float)samples;
    for (size_t k = 0; k < size; k++) gradients[k] = weight * t->sum[k];
    eng_optimizer_step(t->optimizer, rate_at(t, eng_optimizer_steps(t->optimizer)));
    return BASE_OK;
}

/* avg = d avg + (1 - d) w, with a decay that is small at first, so that the first values are soon forgotten: d =
 * min(ema, (1 + t) / (10 + t)) at step t, as TensorFlow's ExponentialMovingAverage has it. */
static void update_average(eng_trainer *t) {
    if (t->average == NULL) return;
    const double steps = (double)eng_optimizer_steps(t->optimizer);
    const float gain = (float)(1.0 - fmin(t->recipe.course.ema, (1.0 + steps) / (10.0 + steps)));
    const float *w = eng_params_values(eng_model_params(t->model));
    const size_t size = block_size(t);
    for (size_t k = 0; k < size; k++) t->average[k] += gain * (w[k] - t->average[k]);
}

/* One update of the weights; the progress is that after it. */
static base_status take_step(eng_trainer *t, base_err *err) {
    BASE_TRY(step_of_batches(t, err));
    update_average(t);
    return BASE_OK;
}

/* The steps of the current epoch that are still to be taken. */
static base_status take_steps(eng_trainer *t, const eng_watch *watch, base_err *err) {
    eng_progress *p = &t->progress;
    uint64_t batches = eng_loader_batches(t->loader);
    double asked = base_monotonic(), pause = watch && watch->pause > 0 ? watch->pause : default_pause;
    for (size_t i = 1; p->batch < batches; i++) {
        BASE_TRY(take_step(t, err));
        if (!watch || !watch->stop || i % LOOK != 0 || base_monotonic() - asked < pause) continue;
        asked = base_monotonic();
        if (watch->stop(watch->self)) return BASE_FAIL(err, BASE_CANCELLED, "the training was told to stop");
    }
    return BASE_OK;
}

/* All steps of the epoch are taken: scores it and opens the next one. */
static base_status close_epoch(eng_trainer *t, base_err *err) {
    eng_progress *p = &t->progress;
    eng_epoch epoch = {
        .epoch = p->epoch + 1,
        .train_loss = p->loss_sum / (double)p->seen,
        .learning_rate = rate_at(t, eng_optimizer_steps(t->optimizer) - 1),
    };
    double begun = base_monotonic();
    epoch.valid = eng_trainer_evaluate(t, t->view->split.valid);
    if (!isfinite(epoch.valid.loss))
        return diverged(t, "the validation loss", eng_optimizer_steps(t->optimizer), epoch.valid.loss, err);
    epoch.seconds = p->seconds + base_monotonic() - begun;
    BASE_GROW(p->history, p->capacity, p->epochs + 1);
    p->history[p->epochs++] = epoch;
    p->epoch++;
    p->batch = p->seen = 0;
    p->loss_sum = p->seconds = 0;
    (void)eng_early_stop_update(&p->stop, epoch.epoch, epoch.valid.loss);
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

/* The averaged weights take the place of the trained ones, and back. */
static void exchange(eng_trainer *t) {
    if (t->average == NULL) return;
    float *w = eng_params_values(eng_model_params(t->model));
    for (size_t k = 0; k < block_size(t); k++) {
        const float kept = w[k];
        w[k] = t->average[k];
        t->average[k] = kept;
    }
}

base_status eng_trainer_fit(eng_trainer *trainer, uint64_t epochs, const eng_watch *watch, base_err *err) {
    const uint64_t before = eng_subnormals_flush();
    const base_status status = fit(trainer, epochs, watch, err);
    eng_subnormals_restore(before);
    return status;
}

static eng_scores evaluate(eng_trainer *t, eng_part part) {
    const eng_dataset *set = t->view->set;
    const eng_normaliser *normaliser = &t->view->normaliser;
    eng_scorer scorer = eng_scorer_begin(eng_model_task(t->model), eng_model_output_count(t->model),
                                         1 / (double)normaliser->target_scale);
    exchange(t);
    for (size_t begin = 0; begin < part.count; begin += t->batch) {
        size_t n = part.count - begin < t->batch ? part.count - begin : t->batch;
        const uint32_t *index = part.index + begin;
        eng_normaliser_gather(normaliser, set, index, n, t->x);
        if (set->labels)
            eng_gather_labels(set, index, n, t->labels);
        else
            eng_normaliser_gather_targets(normaliser, set, index, n, t->values);
        const eng_batch batch = as_batch(t, n);
        double loss = eng_model_evaluate(t->model, &batch);
        eng_scorer_add(&scorer, &batch, loss, eng_model_outputs(t->model));
    }
    exchange(t);
    return eng_scorer_end(&scorer);
}

eng_scores eng_trainer_evaluate(eng_trainer *trainer, eng_part part) {
    const uint64_t before = eng_subnormals_flush();
    const eng_scores scores = evaluate(trainer, part);
    eng_subnormals_restore(before);
    return scores;
}

static eng_checkpoint checkpoint_of(const eng_trainer *trainer, eng_progress *progress) {
    return (eng_checkpoint){
        .identity = trainer->identity,
        .params = eng_model_params(trainer->model),
        .optimizer = trainer->optimizer,
        .average = trainer->average,
        .progress = progress,
    };
}

base_status eng_trainer_save(const eng_trainer *trainer, const char *path, base_err *err) {
    eng_progress progress = trainer->progress;
    const eng_checkpoint checkpoint = checkpoint_of(trainer, &progress);
    return eng_checkpoint_save(path, &checkpoint, err);
}

base_status eng_trainer_load(eng_trainer *trainer, const char *path, base_err *err) {
    const eng_checkpoint checkpoint = checkpoint_of(trainer, &trainer->progress);
    return eng_checkpoint_load(path, &checkpoint, err);
}

const eng_progress *eng_trainer_progress(const eng_trainer *trainer) {
    return &trainer->progress;
}
const eng_view *eng_trainer_view(const eng_trainer *trainer) {
    return trainer->view;
}
const float *eng_trainer_average(const eng_trainer *trainer) {
    return trainer->average;
}
const eng_model *eng_trainer_model(const eng_trainer *trainer) {
    return trainer->model;
}

size_t eng_trainer_parameters(const eng_trainer *trainer) {
    return eng_params_numbers(eng_model_params(trainer->model));
}

size_t eng_trainer_bytes(const eng_trainer *trainer) {
    const eng_trainer *t = trainer;
    size_t blocks = eng_optimizer_slots(t->optimizer) + (t->sum != NULL) + (t->average != NULL);
    size_t slots = blocks * block_size(t) * sizeof(float);
    size_t buffers = t->batch * (t->view->set->features + 2) * sizeof(float);
    return eng_model_bytes(t->model) + slots + buffers + 2 * eng_loader_count(t->loader) * sizeof(uint32_t);
}

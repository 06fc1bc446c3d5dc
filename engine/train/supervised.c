/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervised training: one network, one loss, one optimizer.
 *
 * Everything random is a function of the seed and of a number that the checkpoint holds (epoch, step), and everything
 * else that matters is in the checkpoint, so a training that is interrupted between any two steps and continued
 * elsewhere gives the bits of the uninterrupted one. */
#include "engine/train/supervised.h"

#include <math.h>
#include <stdlib.h>

#include "engine/train/feed.h"
#include "engine/train/predictor.h"

typedef struct supervised {
    eng_recipe recipe;
    const eng_view *view;
    eng_model *model;
    eng_optimizer *optimizer;
    eng_feed *feed;
    eng_schedule_plan schedule;
    float *sum; /* of the gradients of a step of several batches; NULL = one batch is a step */
} supervised;

static size_t block_size(const supervised *s) {
    return eng_params_size(eng_model_params(s->model));
}

/* ---- life ---- */

static base_status create_feed(supervised *s, base_err *err) {
    const eng_recipe *r = &s->recipe;
    const eng_feed_config config = {
        .view = s->view,
        .part = s->view->split.train,
        .task = eng_model_task(s->model),
        .batch = (size_t)r->course.batch_size,
        .room = eng_model_batch(s->model),
        .seed = (uint64_t)r->course.seed,
        .augment = eng_data_augment(&r->data),
    };
    return eng_feed_create(&config, &s->feed, err);
}

static base_status create_parts(supervised *s, base_err *err) {
    const eng_recipe *r = &s->recipe;
    void *sum = NULL;
    BASE_TRY(eng_recipe_check(r, s->view->set, err));
    BASE_TRY(eng_recipe_model(r, s->view->set, &s->model, err));
    BASE_TRY(eng_recipe_optimizer(r, s->model, &s->optimizer, err));
    BASE_TRY(create_feed(s, err));
    const size_t together = (size_t)r->course.accumulate, steps = (eng_feed_batches(s->feed) + together - 1) / together;
    BASE_TRY(eng_schedule_plan_make(&r->schedule, (uint64_t)r->course.epochs, steps, &s->schedule, err));
    if (together > 1) BASE_TRY(eng_alloc(block_size(s) * sizeof(float), &sum, err));
    s->sum = sum;
    return BASE_OK;
}

static void destroy(void *self) {
    supervised *s = self;
    eng_free(s->sum);
    eng_feed_destroy(s->feed);
    eng_optimizer_destroy(s->optimizer);
    eng_model_destroy(s->model);
    free(s);
}

base_status eng_supervised_create(const eng_recipe *recipe, const eng_view *view, eng_step *out, base_err *err) {
    supervised *s = base_calloc(1, sizeof *s);
    s->recipe = *recipe;
    s->view = view;
    *out = (eng_step){0};
    const base_status status = create_parts(s, err);
    if (status != BASE_OK) {
        destroy(s);
        return status;
    }
    *out = (eng_step){.type = &eng_step_supervised, .self = s};
    return BASE_OK;
}

static base_status share(void *self, eng_threads *threads, base_err *err) {
    supervised *s = self;
    BASE_TRY(eng_model_threads(s->model, threads, err));
    eng_optimizer_threads(s->optimizer, threads);
    return BASE_OK;
}

const eng_model *eng_supervised_model(const eng_step *step) {
    return step->type == &eng_step_supervised ? ((const supervised *)step->self)->model : NULL;
}

/* ---- steps ---- */

/* DARTS's authors: the rate of epoch e (from 0) of E is e / E of the full one. */
static base_status begin_epoch(void *self, const eng_progress *progress, base_err *err) {
    const supervised *s = self;
    (void)err;
    if (!s->recipe.network.kind->grows_drop_path) return BASE_OK;
    const eng_schedule_settings *schedule = &s->recipe.schedule;
    const int64_t epochs = schedule->schedule_epochs ? schedule->schedule_epochs : s->recipe.course.epochs;
    eng_model_set_drop_path(s->model, fmin((double)progress->epoch / (double)epochs, 1.0));
    return BASE_OK;
}

static double rate_at(const supervised *s, uint64_t step) {
    const eng_schedule_plan *plan = &s->schedule;
    return s->recipe.optimizer.learning_rate * eng_schedule_factor(plan->type, &plan->config, step, plan->total);
}

/* Loss and gradients of the next batch of the epoch, or a whole step of the optimizer with it; the number of its
 * samples. */
static base_status take_batch(supervised *s, eng_progress *p, bool whole_step, size_t *n, base_err *err) {
    const uint64_t step = eng_optimizer_steps(s->optimizer);
    const uint64_t number = p->epoch * eng_feed_batches(s->feed) + p->batch;
    const eng_batch batch = eng_feed_batch(s->feed, p->epoch, (size_t)p->batch);
    const double loss = whole_step ? eng_model_step(s->model, &batch, number, s->optimizer, rate_at(s, step))
                                   : eng_model_train(s->model, &batch, number);
    *n = batch.n;
    p->batch++;
    p->seen += batch.n;
    p->loss_sum += loss * (double)batch.n;
    if (isfinite(loss)) return BASE_OK;
    return BASE_FAIL(err, BASE_NUMERIC, "the training loss became %g at step %llu (epoch %llu, batch %llu)", loss,
                     (unsigned long long)step + 1, (unsigned long long)p->epoch + 1, (unsigned long long)p->batch);
}

/* The gradient of several batches is that of one which holds all their samples: a mean weighted by their sizes. */
static base_status step(void *self, eng_progress *progress, base_err *err) {
    supervised *s = self;
    const uint64_t left = eng_feed_batches(s->feed) - progress->batch;
    const uint64_t most = (uint64_t)s->recipe.course.accumulate, count = left < most ? left : most;
    const size_t size = block_size(s);
    float *gradients = eng_params_gradients(eng_model_params(s->model));
    size_t samples = 0, n;
    if (count == 1) return take_batch(s, progress, true, &n, err);
    for (uint64_t i = 0; i < count; i++) {
        BASE_TRY(take_batch(s, progress, false, &n, err));
        samples += n;
        const float weight = (float)n;
        for (size_t k = 0; k < size; k++) s->sum[k] = (i == 0 ? 0.0f : s->sum[k]) + weight * gradients[k];
    }
    const float weight = 1.0f / (float)samples;
    for (size_t k = 0; k < size; k++) gradients[k] = weight * s->sum[k];
    eng_optimizer_step(s->optimizer, rate_at(s, eng_optimizer_steps(s->optimizer)));
    return BASE_OK;
}

static size_t batches(const void *self) {
    return eng_feed_batches(((const supervised *)self)->feed);
}

static uint64_t steps(const void *self) {
    return eng_optimizer_steps(((const supervised *)self)->optimizer);
}

static double rate(const void *self) {
    return rate_at(self, steps(self) - 1);
}

static eng_params *params(const void *self) {
    return eng_model_params(((const supervised *)self)->model);
}

/* ---- scores ---- */

static eng_scores evaluate(void *self, eng_part part) {
    supervised *s = self;
    eng_scorer scorer = eng_scorer_begin(eng_model_task(s->model), eng_model_output_count(s->model),
                                         1 / (double)s->view->normalizer.target_scale);
    for (size_t begin = 0; begin < part.count; begin += eng_feed_room(s->feed)) {
        const eng_batch batch = eng_feed_gather(s->feed, part, begin);
        const double loss = eng_model_evaluate(s->model, &batch);
        eng_scorer_add(&scorer, &batch, loss, eng_model_outputs(s->model));
    }
    return eng_scorer_end(&scorer);
}

/* ---- checkpoints ---- */

static void save(const void *self, eng_sections *to) {
    const supervised *s = self;
    eng_checkpoint_put_params(to, "weights", eng_model_params(s->model));
    eng_checkpoint_put_optimizer(to, "optimizer", s->optimizer);
    eng_predictor_put(to, s->model, s->view); /* to answer with, not to go on from */
}

static base_status fits(const void *self, const eng_sections *from, base_err *err) {
    const supervised *s = self;
    BASE_TRY(eng_checkpoint_fits_params(from, "weights", eng_model_params(s->model), err));
    return eng_checkpoint_fits_optimizer(from, "optimizer", s->optimizer, err);
}

static base_status load(void *self, const eng_sections *from, base_err *err) {
    const supervised *s = self;
    BASE_TRY(eng_checkpoint_take_params(from, "weights", eng_model_params(s->model), err));
    return eng_checkpoint_take_optimizer(from, "optimizer", s->optimizer, err);
}

static size_t bytes(const void *self) {
    const supervised *s = self;
    const size_t blocks = eng_optimizer_slots(s->optimizer) + (s->sum != NULL);
    return eng_model_bytes(s->model) + blocks * block_size(s) * sizeof(float) + eng_feed_bytes(s->feed);
}

const eng_step_type eng_step_supervised = {
    .name = "supervised",
    .batches = batches,
    .begin_epoch = begin_epoch,
    .step = step,
    .steps = steps,
    .rate = rate,
    .evaluate = evaluate,
    .params = params,
    .save = save,
    .fits = fits,
    .load = load,
    .threads = share,
    .bytes = bytes,
    .destroy = destroy,
};

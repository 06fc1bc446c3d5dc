/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of a search. An epoch is one pass over the half that trains the weights; each step also takes the next batch
 * of the other half, from a shuffled cursor of its own (the authors of DARTS draw a new shuffled batch each time).
 * After an epoch the supernet is evaluated on the alphas' half with running statistics. */
#include "nas/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/tensor/subnormal.h"
#include "nas/halves.h"
#include "nas/hessian.h"
#include "nas/search_impl.h"

static const double DEFAULT_PAUSE = 0.05, PI = 3.14159265358979323846;

#define COUNT(field) .name = #field, .kind = BASE_OPTION_INT, .offset = offsetof(nas_search_settings, field)
#define REAL(field)  .name = #field, .kind = BASE_OPTION_REAL, .offset = offsetof(nas_search_settings, field)
#define NO_LIMIT     .max = (double)INFINITY

const base_option nas_search_options[] = {
    {COUNT(batch_size), .fallback = "64", .min = 1, .max = 1e6, .help = "samples of each half in a step"},
    {COUNT(channels), .fallback = "0", .max = 1e6, .help = "channels of the supernet; 0: those of the space"},
    {COUNT(cells), .fallback = "0", .max = 1e3, .help = "cells of the supernet; 0: those of the space"},
    {REAL(learning_rate), .fallback = "0.025", NO_LIMIT, .open_min = true, .help = "of the weights, at first"},
    {REAL(final_learning_rate), .fallback = "0.001", NO_LIMIT, .help = "of the weights, at the end of a cosine"},
    {REAL(momentum), .fallback = "0.9", .max = 1, .open_max = true, .help = "of the weights"},
    {REAL(weight_decay), .fallback = "0.0003", NO_LIMIT, .help = "of the weights"},
    {REAL(clip_norm), .fallback = "5", NO_LIMIT, .help = "limit of the norm of the weights' gradient; 0: none"},
    {REAL(alpha_learning_rate), .fallback = "0.0003", NO_LIMIT, .open_min = true, .help = "of the alphas (Adam)"},
    {REAL(alpha_weight_decay), .fallback = "0.001", NO_LIMIT, .help = "of the alphas"},
    BASE_OPTIONS_END,
};

/* ---- life ---- */

static eng_task task_of(const eng_dataset *set) {
    return set->target == ENG_TARGET_NUMBERS ? ENG_REGRESSION : ENG_MULTICLASS;
}

static eng_net_config surroundings(const eng_dataset *set) {
    eng_net_config config = {
        .input = {.ndim = set->rank},
        .task = task_of(set),
        .outputs = set->target == ENG_TARGET_NUMBERS ? 1 : set->classes,
    };
    for (size_t i = 0; i < set->rank; i++) config.input.dim[i] = set->shape[i];
    return config;
}

static base_status create_data(nas_search *s, const eng_augment *augment, base_err *err) {
    const eng_dataset *set = s->view->set;
    BASE_TRY(nas_halves(set, s->view->split.train, s->half, &s->indices, err));
    for (uint32_t h = 0; h < 2; h++) {
        const uint64_t seed = base_rng_derive((uint64_t)s->settings.seed, BASE_RNG_ARCHITECTURE, h);
        void *x = NULL, *values = NULL, *labels = NULL;
        BASE_TRY(eng_loader_create(set, &s->view->normaliser, s->half[h], (size_t)s->settings.batch_size, true, seed,
                                   &s->loader[h], err));
        if (augment && eng_augment_is_on(augment)) eng_loader_augment(s->loader[h], augment);
        const size_t batch = eng_loader_batch_size(s->loader[h]);
        base_status status = eng_alloc(batch * set->features * sizeof(float), &x, err);
        if (status == BASE_OK) status = eng_alloc(batch * sizeof(float), &values, err);
        if (status == BASE_OK) status = eng_alloc(batch * sizeof(int32_t), &labels, err);
        s->x[h] = x;
        s->values[h] = values;
        s->labels[h] = labels;
        BASE_TRY(status);
    }
    return BASE_OK;
}

static base_status create_parts(nas_search *s, const eng_augment *augment, base_err *err) {
    if (s->settings.threads > 1) BASE_TRY(eng_threads_create((size_t)s->settings.threads, &s->threads, err));
    BASE_TRY(create_data(s, augment, err));
    const size_t a = eng_loader_batch_size(s->loader[0]), b = eng_loader_batch_size(s->loader[1]);
    const nas_supernet_options net = {
        .space = s->space,
        .settings = {.channels = (size_t)s->settings.channels, .cells = (size_t)s->settings.cells},
        .choices = s->choices,
        .net = surroundings(s->view->set),
        .batch = a > b ? a : b,
        .seed = (uint64_t)s->settings.seed,
        .threads = s->threads,
    };
    const nas_problem_options problem = {
        .momentum = s->settings.momentum,
        .weight_decay = s->settings.weight_decay,
        .clip_norm = s->settings.clip_norm,
        .alpha_weight_decay = s->settings.alpha_weight_decay,
    };
    BASE_TRY(nas_supernet_create(&net, &s->net, err));
    BASE_TRY(nas_problem_create(&problem, s->net, &s->problem, err));
    BASE_TRY(nas_step_create(s->choices->step, s->choices->options[NAS_CHOICE_STEP], nas_problem_bilevel(s->problem),
                             &s->step, err));
    return nas_stop_create(s->choices->stop, s->choices->options[NAS_CHOICE_STOP], &s->stop, err);
}

base_status nas_search_create(const nas_search_settings *settings, const nas_choices *choices, const nas_space *space,
                              const eng_view *view, const eng_augment *augment, nas_search **out, base_err *err) {
    nas_search *s = base_calloc(1, sizeof *s);
    *s = (nas_search){
        .arena = base_arena_create(), .settings = *settings, .choices = choices, .space = space, .view = view};
    s->weights_state = nas_choices_state(choices, NAS_CHOICE_EDGE_WEIGHTS, s->arena);
    s->selection_state = nas_choices_state(choices, NAS_CHOICE_SELECTION, s->arena);
    s->block = nas_operation_blocks(space, s->arena);
    *out = NULL;
    const base_status status = create_parts(s, augment, err);
    if (status != BASE_OK) {
        nas_search_destroy(s);
        return status;
    }
    *out = s;
    return BASE_OK;
}

void nas_search_destroy(nas_search *search) {
    if (!search) return;
    nas_stop_destroy(search->stop);
    nas_step_destroy(search->step);
    nas_problem_destroy(search->problem);
    nas_supernet_destroy(search->net);
    eng_threads_destroy(search->threads);
    for (int h = 0; h < 2; h++) {
        eng_loader_destroy(search->loader[h]);
        eng_free(search->x[h]);
        eng_free(search->values[h]);
        eng_free(search->labels[h]);
    }
    free(search->indices);
    free(search->figures);
    free(search->alphas);
    base_arena_destroy(search->arena);
    free(search);
}

/* ---- batches ---- */

const eng_batch *nas_search_batch(nas_search *s, nas_loss half, uint64_t number) {
    const uint64_t batches = eng_loader_batches(s->loader[half]);
    const size_t n = eng_loader_batch(s->loader[half], number / batches, (size_t)(number % batches), s->x[half],
                                      s->labels[half], s->values[half]);
    s->batch[half] = (eng_batch){.n = n, .x = s->x[half], .values = s->values[half], .labels = s->labels[half]};
    return &s->batch[half];
}

static bool is_wrong(const float *out, size_t outputs, int32_t label) {
    size_t best = 0;
    for (size_t k = 1; k < outputs; k++)
        if (out[k] > out[best]) best = k;
    return best != (size_t)label;
}

double nas_search_errors(const nas_search *s, const eng_batch *batch) {
    const float *out = nas_supernet_outputs(s->net);
    const size_t outputs = nas_supernet_output_count(s->net);
    double sum = 0;
    for (size_t i = 0; i < batch->n; i++, out += outputs) {
        const double off = (double)out[0] - (double)batch->values[i];
        sum += nas_supernet_task(s->net) == ENG_REGRESSION ? off * off : is_wrong(out, outputs, batch->labels[i]);
    }
    return sum;
}

void nas_search_evaluate(nas_search *s, nas_loss half, size_t batches, bool draw, double *loss, double *error) {
    const eng_part part = s->half[half];
    const size_t room = eng_loader_batch_size(s->loader[half]), all = (part.count + room - 1) / room;
    double loss_sum = 0, error_sum = 0;
    size_t count = 0;
    for (size_t k = 0; k < all && (batches == 0 || k < batches); k++) {
        const size_t n = part.count - k * room < room ? part.count - k * room : room;
        const uint32_t *index = part.index + k * room;
        eng_normaliser_gather(&s->view->normaliser, s->view->set, index, n, s->x[half]);
        if (s->view->set->labels)
            eng_gather_labels(s->view->set, index, n, s->labels[half]);
        else
            eng_normaliser_gather_targets(&s->view->normaliser, s->view->set, index, n, s->values[half]);
        const eng_batch batch = {.n = n, .x = s->x[half], .values = s->values[half], .labels = s->labels[half]};
        if (draw) nas_supernet_draw(s->net, (uint32_t)(s->progress.epoch * all + k), NAS_DRAW_EVALUATE);
        loss_sum += nas_supernet_evaluate(s->net, &batch) * (double)n;
        error_sum += nas_search_errors(s, &batch);
        count += n;
    }
    *loss = loss_sum / (double)count;
    *error = error_sum / (double)count;
}

/* ---- the loop ---- */

/* eta(e) = final + (first - final) (1 + cos(pi e / E)) / 2, one rate per epoch (DARTS, A.1). */
static double rate_of_epoch(const nas_search_settings *settings, uint64_t epoch) {
    const double way = (double)epoch / (double)settings->epochs;
    const double first = settings->learning_rate, final = settings->final_learning_rate;
    return final + (first - final) * (1 + cos(PI * way)) / 2;
}

static base_status take_step(nas_search *s, base_err *err) {
    nas_progress *p = &s->progress;
    const uint64_t number = p->epoch * eng_loader_batches(s->loader[NAS_TRAIN]) + p->batch;
    nas_problem_step step = {
        .batch = {*nas_search_batch(s, NAS_TRAIN, number)},
        .number = (uint32_t)number,
        .rate = {rate_of_epoch(&s->settings, p->epoch), s->settings.alpha_learning_rate},
    };
    nas_step_losses losses;
    if (s->choices->step->moves_alphas) step.batch[NAS_VALID] = *nas_search_batch(s, NAS_VALID, number);
    nas_supernet_draw(s->net, (uint32_t)number, NAS_DRAW_TRAIN);
    nas_problem_begin(s->problem, &step);
    BASE_TRY(nas_step_take(s->step, &losses, err));
    p->loss_sum += losses.train * (double)step.batch[NAS_TRAIN].n;
    p->error_sum += nas_search_errors(s, &step.batch[NAS_TRAIN]);
    p->seen += step.batch[NAS_TRAIN].n;
    p->batch++;
    return BASE_OK;
}

static base_status take_steps(nas_search *s, const nas_search_watch *watch, base_err *err) {
    const double pause = watch && watch->pause > 0 ? watch->pause : DEFAULT_PAUSE;
    double asked = base_monotonic();
    while (s->progress.batch < eng_loader_batches(s->loader[NAS_TRAIN])) {
        BASE_TRY(take_step(s, err));
        if (!watch || !watch->stop || base_monotonic() - asked < pause) continue;
        asked = base_monotonic();
        if (watch->stop(watch->self)) return BASE_FAIL(err, BASE_CANCELLED, "the search was told to stop");
    }
    return BASE_OK;
}

/* All steps of the epoch are taken: its figures, and the verdict. */
static base_status close_epoch(nas_search *s, base_err *err) {
    nas_progress *p = &s->progress;
    const double begun = base_monotonic();
    nas_figures figures = {
        .epoch = (uint32_t)p->epoch + 1,
        .train_loss = p->loss_sum / (double)p->seen,
        .train_error = p->error_sum / (double)p->seen,
        .eigenvalue = (double)NAN,
    };
    if (nas_stop_wants_eigenvalue(s->stop, (size_t)p->epoch) && s->choices->step->moves_alphas) {
        const uint64_t seed = base_rng_derive((uint64_t)s->settings.seed, BASE_RNG_ARCHITECTURE, 2);
        BASE_TRY(nas_dominant_eigenvalue(nas_problem_bilevel(s->problem), seed, &figures.eigenvalue, err));
    }
    nas_search_evaluate(s, NAS_VALID, 0, true, &figures.valid_loss, &figures.valid_error);
    if (!isfinite(figures.valid_loss))
        return BASE_FAIL(err, BASE_NUMERIC, "the supernet's validation loss became %g in epoch %llu",
                         figures.valid_loss, (unsigned long long)p->epoch + 1);
    BASE_TRY(nas_search_describe(s, &figures, err));
    figures.seconds = p->seconds + base_monotonic() - begun;
    nas_search_record(s, &figures);
    *p = (nas_progress){.epoch = p->epoch + 1};
    s->verdict = nas_stop_judge(s->stop, s->figures, (size_t)p->epoch, (size_t)s->settings.epochs);
    return BASE_OK;
}

static base_status run(nas_search *s, uint64_t epochs, const nas_search_watch *watch, base_err *err) {
    while (s->progress.epoch < epochs && !s->verdict.stop) {
        const double begun = base_monotonic();
        const base_status status = take_steps(s, watch, err);
        s->progress.seconds += base_monotonic() - begun;
        BASE_TRY(status);
        BASE_TRY(close_epoch(s, err));
        const bool stop = watch && watch->epoch && watch->epoch(watch->self, s);
        if (stop && s->progress.epoch < epochs && !s->verdict.stop)
            return BASE_FAIL(err, BASE_CANCELLED, "the search was told to stop");
    }
    return BASE_OK;
}

base_status nas_search_run(nas_search *search, uint64_t epochs, const nas_search_watch *watch, base_err *err) {
    const uint64_t before = eng_subnormals_flush();
    const base_status status = run(search, epochs, watch, err);
    eng_subnormals_restore(before);
    return status;
}

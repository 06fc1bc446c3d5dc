/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a search is made of. An epoch is one pass over the half that trains the weights; the loop is the trainer's,
 * which drives the step of search_step.c. */
#include "nas/search.h"

#include <math.h>
#include <stdlib.h>

#include "nas/halves.h"
#include "nas/search_impl.h"

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

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* The entropy of the classes. */
static double guess_class(const eng_dataset *set, eng_part part, base_arena *arena) {
    double *share = BASE_NEW_ARRAY(arena, set->classes, double), sum = 0;
    for (size_t i = 0; i < part.count; i++) share[set->labels[part.index[i]]] += 1 / (double)part.count;
    for (size_t k = 0; k < set->classes; k++) sum -= share[k] > 0 ? share[k] * log(share[k]) : 0;
    return sum;
}

/* The variance of the targets. */
static double guess_number(const eng_dataset *set, eng_part part) {
    double mean = 0, sum = 0;
    for (size_t i = 0; i < part.count; i++) mean += (double)set->targets[part.index[i]] / (double)part.count;
    for (size_t i = 0; i < part.count; i++) {
        const double off = (double)set->targets[part.index[i]] - mean;
        sum += off * off / (double)part.count;
    }
    return sum;
}

/* The halves, and a feed for each with a shuffled cursor of its own. */
static base_status create_data(nas_search *s, const eng_augment *augment, base_err *err) {
    const eng_dataset *set = s->view->set;
    BASE_TRY(nas_halves(set, s->view->split.train, s->half, &s->indices, err));
    s->guess = task_of(set) == ENG_REGRESSION ? guess_number(set, s->half[NAS_VALID])
                                              : guess_class(set, s->half[NAS_VALID], s->arena);
    for (uint32_t h = 0; h < 2; h++) {
        const size_t batch = least((size_t)s->settings.batch_size, s->half[h].count);
        const eng_feed_config config = {
            .view = s->view,
            .part = s->half[h],
            .task = task_of(s->view->set),
            .batch = batch,
            .room = batch,
            .seed = base_rng_derive((uint64_t)s->settings.seed, BASE_RNG_ARCHITECTURE, h),
            .augment = augment ? *augment : (eng_augment){0},
        };
        BASE_TRY(eng_feed_create(&config, &s->feed[h], err));
    }
    return BASE_OK;
}

static void put_space(const nas_space *space, base_buf *text) {
    base_buf_puts(text, space->name ? space->name : "");
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t e = 0; e < space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &space->cells[t].edges[e];
            base_buf_printf(text, " %zu-%zu", edge->from, edge->to);
            for (size_t k = 0; k < edge->n_operations; k++) base_buf_printf(text, ",%s", edge->operations[k]->name);
        }
}

/* Of everything that a search depends on; not of threads, which change no bit. */
static uint64_t identity_of(const nas_search *s, const eng_augment *augment) {
    const eng_augment none = {0}, *a = augment ? augment : &none;
    base_buf text = {0};
    base_options_print(nas_search_options, &s->settings, &text);
    nas_choices_print(s->choices, &text);
    put_space(s->space, &text);
    base_buf_printf(&text, " %lld %lld %zu %zu %zu %zu", (long long)s->settings.epochs, (long long)s->settings.seed,
                    s->view->set->count, s->view->set->features, s->half[0].count, s->half[1].count);
    base_buf_printf(&text, " %zu %d %zu", a->crop, a->flip, a->cutout);
    if (s->settings.limits) nas_limits_identify(s->settings.limits, s->settings.limit_penalty, &text);
    const uint64_t identity = base_hash64(text.data, text.length);
    base_buf_fini(&text);
    return identity;
}

static base_status create_parts(nas_search *s, const eng_augment *augment, base_err *err) {
    BASE_TRY(nas_search_create_net(s, 0, err));
    const size_t states = nas_stop_states(s->stop);
    s->weight_decay = s->settings.weight_decay;
    if (states > 0) BASE_TRY(nas_snapshots_create(states, s->net, s->problem, &s->snapshots, err));
    if (s->choices->course->freezing) {
        const nas_course_freezing freezing = s->choices->course->freezing(s->course_state);
        BASE_TRY(nas_agreement_create(freezing.steps, freezing.threshold, s->net,
                                      nas_problem_optimizer(s->problem, NAS_WEIGHTS), &s->agreement, err));
        nas_problem_compare(s->problem, s->agreement);
    }
    const eng_trainer_config config = {.identity = identity_of(s, augment), .valid = s->half[NAS_VALID]};
    return eng_trainer_adopt((eng_step){.type = &nas_search_step, .self = s}, &config, &s->trainer, err);
}

/* With its data, and no network yet; to be destroyed also on failure. */
static base_status begin(const nas_search_settings *settings, const nas_choices *choices, const nas_space *space,
                         const eng_view *view, const eng_augment *augment, nas_search **out, base_err *err) {
    nas_search *s = base_calloc(1, sizeof *s);
    *s = (nas_search){
        .arena = base_arena_create(), .settings = *settings, .choices = choices, .space = space, .view = view};
    *out = s;
    s->selection_state = nas_choices_state(choices, NAS_CHOICE_SELECTION, s->arena);
    s->course_state = nas_choices_state(choices, NAS_CHOICE_COURSE, s->arena);
    s->surroundings = surroundings(view->set);
    nas_search_begin_stages(s);
    s->block = nas_operation_blocks(space, s->arena);
    s->edges = nas_edge_blocks(space, s->arena);
    BASE_TRY(nas_stop_create(choices->stop, choices->options[NAS_CHOICE_STOP], &s->stop, err));
    if (nas_stop_states(s->stop) > 0 && !(settings->weight_decay > 0))
        return BASE_FAIL(err, BASE_INVALID, "stop: %s multiplies weight_decay, which is 0 here; 0.0003 is usual",
                         choices->stop->name);
    if (settings->threads > 1) BASE_TRY(eng_threads_create((size_t)settings->threads, &s->threads, err));
    return create_data(s, augment, err);
}

base_status nas_search_create(const nas_search_settings *settings, const nas_choices *choices, const nas_space *space,
                              const eng_view *view, const eng_augment *augment, nas_search **out, base_err *err) {
    nas_search *s;
    *out = NULL;
    base_status status = begin(settings, choices, space, view, augment, &s, err);
    if (status == BASE_OK) status = create_parts(s, augment, err);
    if (status != BASE_OK) {
        nas_search_destroy(s);
        return status;
    }
    *out = s;
    return BASE_OK;
}

/* Besides the supernet: momentum, Adam's two moments, what the step and the selection keep, states to go back to, and
 * the batches. */
static size_t other_bytes(const nas_search *s, size_t block, size_t alphas) {
    const size_t compared = s->choices->course->freezing != NULL; /* gradients of the other half */
    return (1 + s->choices->step->copies + s->choices->selection->copies + compared) * block +
           nas_stop_states(s->stop) * nas_snapshot_bytes(block, alphas) + eng_feed_bytes(s->feed[0]) +
           eng_feed_bytes(s->feed[1]);
}

base_status nas_search_measure(const nas_search_settings *settings, const nas_choices *choices, const nas_space *space,
                               const eng_view *view, nas_supernet_size *out, base_err *err) {
    nas_search *s;
    base_status status = begin(settings, choices, space, view, NULL, &s, err);
    if (status == BASE_OK) status = nas_search_measure_stages(s, out, err);
    if (status == BASE_OK) out->bytes += other_bytes(s, out->block, out->alphas);
    nas_search_destroy(s);
    return status;
}

size_t nas_search_bytes(const nas_search *search) {
    const size_t block = eng_params_size(nas_supernet_params(search->net)) * sizeof(float);
    return nas_supernet_bytes(search->net) + other_bytes(search, block, nas_supernet_alpha_count(search->net));
}

void nas_search_destroy(nas_search *search) {
    if (!search) return;
    eng_trainer_destroy(search->trainer);
    nas_snapshots_destroy(search->snapshots);
    nas_agreement_destroy(search->agreement);
    nas_stop_destroy(search->stop);
    nas_search_destroy_net(search);
    eng_threads_destroy(search->threads);
    for (int h = 0; h < 2; h++) eng_feed_destroy(search->feed[h]);
    free(search->indices);
    free(search->figures);
    free(search->line);
    free(search->alphas);
    base_arena_destroy(search->arena);
    free(search);
}

/* ---- running ---- */

typedef struct follower {
    const nas_search *search;
    const nas_search_watch *watch;
} follower;

static bool follow_epoch(void *self, const eng_epoch *epoch) {
    const follower *f = self;
    (void)epoch;
    return f->watch->epoch(f->watch->self, f->search);
}

static bool follow_stop(void *self) {
    const follower *f = self;
    return f->watch->stop(f->watch->self);
}

base_status nas_search_run(nas_search *search, uint64_t epochs, const nas_search_watch *watch, base_err *err) {
    const nas_search_watch nobody = {0}, *w = watch ? watch : &nobody;
    follower f = {.search = search, .watch = w};
    const eng_watch follow = {
        .self = &f,
        .epoch = w->epoch ? follow_epoch : NULL,
        .stop = w->stop ? follow_stop : NULL,
        .pause = w->pause,
    };
    return eng_trainer_fit(search->trainer, epochs, &follow, err);
}

base_status nas_search_save(const nas_search *search, const char *path, base_err *err) {
    return eng_trainer_save(search->trainer, path, err);
}

base_status nas_search_load(nas_search *search, const char *path, base_err *err) {
    return eng_trainer_load(search->trainer, path, err);
}

uint64_t nas_search_steps(const nas_search *search) {
    return nas_search_step.steps(search);
}

uint64_t nas_search_epoch_steps(const nas_search *search) {
    return nas_search_step.batches(search);
}

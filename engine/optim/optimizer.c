/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part that all optimizers share: slots, clipping, decay, and one pass over the blocks or over parts of them.
 *
 * The parameters of a group are two runs of memory (decayed, not decayed), so a step is two calls of the rule's kernel
 * whatever the network. A number's new value depends on no other's, so a step in parts has the same bits. Clipping by
 * norm follows R. Pascanu et al., ICML 2013, algorithm 1, with PyTorch's 1e-6 in the divisor.
 */
#include "engine/optim/optimizer.h"

#include <math.h>

#include "base/arena.h"

struct eng_optimizer {
    base_arena *arena;
    const eng_optimizer_type *type;
    eng_optimizer_config config;
    eng_params *params;
    eng_param_range range; /* floats that it moves */
    const eng_kernels *kernels;
    eng_update_fn *update;
    eng_update rest, decayed; /* of the current step: for parameters without and with ENG_PARAM_DECAY */
    eng_updater updater;
    uint64_t steps;
    eng_threads *threads;   /* who shares a step; NULL = nobody */
    const eng_span *frozen; /* what a step leaves alone */
    size_t n_frozen;
    void *memory; /* of the slots */
    float *slots[ENG_OPTIMIZER_MAX_SLOTS];
};

enum { SHARED = 16384 }; /* numbers worth another thread */

typedef struct bound {
    const char *name;
    size_t offset;
    double below; /* 0 <= value < below */
} bound;

static const bound bounds[] = {
    {"momentum", offsetof(eng_optimizer_config, momentum), 1.0},
    {"beta1", offsetof(eng_optimizer_config, beta1), 1.0},
    {"beta2", offsetof(eng_optimizer_config, beta2), 1.0},
    {"rho", offsetof(eng_optimizer_config, rho), 1.0},
    {"epsilon", offsetof(eng_optimizer_config, epsilon), (double)INFINITY},
    {"weight_decay", offsetof(eng_optimizer_config, weight_decay), (double)INFINITY},
    {"clip_norm", offsetof(eng_optimizer_config, clip_norm), (double)INFINITY},
    {"clip_value", offsetof(eng_optimizer_config, clip_value), (double)INFINITY},
};

static base_status check(const eng_optimizer_type *type, const eng_optimizer_config *config, base_err *err) {
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        const bound *b = &bounds[i];
        double value = *(const double *)(const void *)((const char *)config + b->offset);
        if (value >= 0.0 && value < b->below) continue;
        if (b->below == 1.0)
            return BASE_FAIL(err, BASE_INVALID, "%s of %s must be at least 0 and below 1, not %g", b->name, type->name,
                             value);
        return BASE_FAIL(err, BASE_INVALID, "%s of %s must be a number and at least 0, not %g", b->name, type->name,
                         value);
    }
    return BASE_OK;
}

/* Out of step with each other and with values and gradients. */
static base_status create_slots(eng_optimizer *optimizer, base_err *err) {
    const size_t count = optimizer->type->slots, step = eng_block_step(optimizer->range.end - optimizer->range.first);
    if (count == 0) return BASE_OK;
    BASE_TRY(eng_alloc((2 * ENG_STAGGER + count * step) * sizeof(float), &optimizer->memory, err));
    for (size_t i = 0; i < count; i++) optimizer->slots[i] = (float *)optimizer->memory + 2 * ENG_STAGGER + i * step;
    return BASE_OK;
}

static float *slot_at(const eng_optimizer *optimizer, size_t slot, size_t offset) {
    return optimizer->slots[slot] == NULL ? NULL : optimizer->slots[slot] + offset;
}

static void apply(void *self, const float *w, size_t n, const float *g) {
    const eng_optimizer *optimizer = self;
    float *values = eng_params_values(optimizer->params);
    const size_t at = (size_t)(w - values), slot = at - optimizer->range.first;
    const eng_update *u = at < optimizer->range.decayed ? &optimizer->decayed : &optimizer->rest;
    optimizer->update(u, n, values + at, g, slot_at(optimizer, 0, slot), slot_at(optimizer, 1, slot));
}

/* Where there is one group alone, state goes along: its gradients are zero. */
static eng_param_range range_of(const eng_params *params, uint32_t group) {
    eng_param_range range = eng_params_group(params, group);
    if (eng_params_groups(params) <= 1) range.end = eng_params_size(params);
    return range;
}

base_status eng_optimizer_create(const eng_optimizer_type *type, const eng_optimizer_config *config, eng_params *params,
                                 const eng_kernels *kernels, eng_optimizer **out, base_err *err) {
    return eng_optimizer_create_group(type, config, params, 0, kernels, out, err);
}

base_status eng_optimizer_create_group(const eng_optimizer_type *type, const eng_optimizer_config *config,
                                       eng_params *params, uint32_t group, const eng_kernels *kernels,
                                       eng_optimizer **out, base_err *err) {
    *out = NULL;
    BASE_TRY(check(type, config, err));
    base_arena *arena = base_arena_create();
    eng_optimizer *optimizer = BASE_NEW(arena, eng_optimizer);
    *optimizer = (eng_optimizer){.arena = arena,
                                 .type = type,
                                 .config = *config,
                                 .params = params,
                                 .range = range_of(params, group),
                                 .kernels = kernels,
                                 .update = type->kernel(kernels)};
    const base_status status = create_slots(optimizer, err);
    if (status != BASE_OK) {
        eng_optimizer_destroy(optimizer);
        return status;
    }
    optimizer->updater = (eng_updater){
        .apply = apply,
        .self = optimizer,
        .group = group,
        .block = {eng_params_values(params) + optimizer->range.first, optimizer->slots[0], optimizer->slots[1]}};
    *out = optimizer;
    return BASE_OK;
}

void eng_optimizer_destroy(eng_optimizer *optimizer) {
    if (optimizer == NULL) return;
    eng_free(optimizer->memory);
    base_arena_destroy(optimizer->arena);
}

/* The next step, whose gradients are multiplied by `scale` first. */
static void begin(eng_optimizer *optimizer, double rate, float scale) {
    const eng_optimizer_config *config = &optimizer->config;
    eng_update u = {.scale = scale, .limit = INFINITY, .keep = 1.0f};
    optimizer->type->prepare(config, rate, ++optimizer->steps, &u);
    if (config->clip_value > 0.0) u.limit = (float)config->clip_value;
    optimizer->rest = optimizer->decayed = u;
    if (optimizer->type->decoupled)
        optimizer->decayed.keep = (float)(1.0 - rate * config->weight_decay);
    else
        optimizer->decayed.l2 = (float)config->weight_decay;
}

typedef struct share_job {
    eng_optimizer *optimizer;
    const float *w, *g;
} share_job;

static void apply_range(const void *self, size_t thread, size_t begin, size_t end) {
    const share_job *job = self;
    (void)thread;
    apply(job->optimizer, job->w + begin, end - begin, job->g + begin);
}

static void share(eng_optimizer *optimizer, const float *w, size_t n, const float *g) {
    const share_job job = {.optimizer = optimizer, .w = w, .g = g};
    eng_threads_ranges(optimizer->threads, n, SHARED, apply_range, &job);
}

void eng_optimizer_threads(eng_optimizer *optimizer, eng_threads *threads) {
    optimizer->threads = threads;
}

void eng_optimizer_set_decay(eng_optimizer *optimizer, double weight_decay) {
    BASE_ASSERT(weight_decay >= 0.0 && isfinite(weight_decay));
    optimizer->config.weight_decay = weight_decay;
}

void eng_optimizer_freeze(eng_optimizer *optimizer, const eng_span *spans, size_t count) {
    for (size_t i = 0; i < count; i++)
        BASE_ASSERT(spans[i].first < spans[i].end && (i == 0 || spans[i - 1].end <= spans[i].first));
    optimizer->frozen = spans;
    optimizer->n_frozen = count;
}

/* What moves of [at, end), span by span; `next` is the first frozen one that may still be met. */
typedef struct walk {
    size_t at, end, next;
} walk;

static bool next_span(const eng_optimizer *optimizer, walk *w, eng_span *out) {
    const eng_span *frozen = optimizer->frozen;
    while (w->next < optimizer->n_frozen && frozen[w->next].first <= w->at) {
        if (frozen[w->next].end > w->at) w->at = frozen[w->next].end;
        w->next++;
    }
    if (w->at >= w->end) return false;
    const bool ends = w->next < optimizer->n_frozen && frozen[w->next].first < w->end;
    *out = (eng_span){w->at, ends ? frozen[w->next].first : w->end};
    w->at = out->end;
    return true;
}

static double sum_squares(const eng_optimizer *optimizer, const float *g) {
    walk w = {.at = optimizer->range.first, .end = optimizer->range.end};
    eng_span span;
    double sum = 0.0;
    while (next_span(optimizer, &w, &span))
        sum += optimizer->kernels->sum_squares(span.end - span.first, g + span.first);
    return sum;
}

static void move(eng_optimizer *optimizer, size_t first, size_t end) {
    const float *w = eng_params_values(optimizer->params), *g = eng_params_gradients(optimizer->params);
    walk moving = {.at = first, .end = end};
    eng_span span;
    while (next_span(optimizer, &moving, &span))
        share(optimizer, w + span.first, span.end - span.first, g + span.first);
}

double eng_optimizer_step(eng_optimizer *optimizer, double rate) {
    const double limit = optimizer->config.clip_norm;
    const eng_param_range *r = &optimizer->range;
    const double norm = limit > 0.0 ? sqrt(sum_squares(optimizer, eng_params_gradients(optimizer->params))) : 0.0;
    begin(optimizer, rate, norm > limit ? (float)(limit / (norm + 1e-6)) : 1.0f);
    move(optimizer, r->first, r->decayed);
    move(optimizer, r->decayed, r->end);
    return norm;
}

bool eng_optimizer_in_parts(const eng_optimizer *optimizer) {
    return !(optimizer->config.clip_norm > 0.0);
}

const eng_updater *eng_optimizer_begin(eng_optimizer *optimizer, double rate) {
    BASE_ASSERT(eng_optimizer_in_parts(optimizer));
    begin(optimizer, rate, 1.0f);
    return &optimizer->updater;
}

const eng_optimizer_type *eng_optimizer_type_of(const eng_optimizer *optimizer) {
    return optimizer->type;
}

size_t eng_optimizer_size(const eng_optimizer *optimizer) {
    return optimizer->range.end - optimizer->range.first;
}

uint64_t eng_optimizer_steps(const eng_optimizer *optimizer) {
    return optimizer->steps;
}

void eng_optimizer_set_steps(eng_optimizer *optimizer, uint64_t steps) {
    optimizer->steps = steps;
}

size_t eng_optimizer_slots(const eng_optimizer *optimizer) {
    return optimizer->type->slots;
}

const char *eng_optimizer_slot_name(const eng_optimizer *optimizer, size_t slot) {
    BASE_ASSERT(slot < optimizer->type->slots);
    return optimizer->type->slot_names[slot];
}

float *eng_optimizer_slot(const eng_optimizer *optimizer, size_t slot) {
    BASE_ASSERT(slot < optimizer->type->slots);
    return optimizer->slots[slot];
}

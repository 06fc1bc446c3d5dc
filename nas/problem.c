/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A side of the problem is a group of the supernet's parameters: one range of floats in the blocks of values and
 * gradients, so that a vector is an array of that length; a shift is an array of the relaxation. */
#include "nas/problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct nas_vector {
    nas_side side;
    size_t size;
    float *at;
};

struct nas_problem {
    nas_supernet *net;
    nas_problem_options options;
    const eng_kernels *kernels;
    eng_param_range range[NAS_SIDES];
    eng_optimizer *optimizer[NAS_SIDES];
    nas_vector point[NAS_VECTORS], gradient[NAS_VECTORS], momentum;
    nas_problem_step step;
    nas_agreement *agreement; /* NULL = nobody compares gradients */
    nas_bilevel bilevel;
    base_arena *arena;
    double **alphas, **edges, **weights, **slopes; /* scratch of the penalty */
};

static nas_vector *create(void *self, nas_side side) {
    const nas_problem *p = self;
    void *at = NULL;
    if (eng_alloc(p->point[side].size * sizeof(float), &at, NULL) != BASE_OK) return NULL;
    nas_vector *vector = base_calloc(1, sizeof *vector);
    *vector = (nas_vector){.side = side, .size = p->point[side].size, .at = at};
    return vector;
}

static void destroy(void *self, nas_vector *vector) {
    (void)self;
    if (!vector) return;
    eng_free(vector->at);
    free(vector);
}

static void copy(void *self, nas_vector *to, const nas_vector *from) {
    (void)self;
    BASE_ASSERT(to->size == from->size);
    memcpy(to->at, from->at, from->size * sizeof *from->at);
}

static void axpy(void *self, nas_vector *y, double c, const nas_vector *x) {
    const nas_problem *p = self;
    BASE_ASSERT(y->size == x->size);
    p->kernels->axpy(x->size, (float)c, x->at, y->at);
}

static void scale(void *self, nas_vector *x, double c) {
    const float factor = (float)c;
    (void)self;
    for (size_t i = 0; i < x->size; i++) x->at[i] *= factor;
}

static double dot(void *self, const nas_vector *x, const nas_vector *y) {
    const nas_problem *p = self;
    BASE_ASSERT(y->size == x->size);
    return p->kernels->dot(x->size, x->at, y->at);
}

/* The padding between parameters stays zero, as it is in every block. */
static void normal(void *self, nas_vector *x, base_rng *rng) {
    const nas_problem *p = self;
    const eng_params *params = nas_supernet_params(p->net);
    memset(x->at, 0, x->size * sizeof *x->at);
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *param = eng_params_at(params, i);
        const eng_param_range *r = &p->range[x->side];
        if (param->offset < r->first || param->offset >= r->end) continue;
        for (size_t k = 0; k < param->count; k++) x->at[param->offset - r->first + k] = (float)base_rng_normal(rng);
    }
}

static size_t size(void *self, nas_side side) {
    const nas_problem *p = self;
    const size_t weights = nas_supernet_numbers(p->net);
    if (side == NAS_SHIFT) return p->point[side].size;
    return side == NAS_WEIGHTS ? weights : eng_params_numbers(nas_supernet_params(p->net)) - weights;
}

static void draw(const nas_problem *p, nas_loss loss) {
    nas_supernet_draw(p->net, p->step.number, loss == NAS_VALID ? NAS_DRAW_VALID : NAS_DRAW_TRAIN, p->step.way);
}

static void map(void *self, nas_vector *x, double (*f)(void *data, double x), void *data) {
    (void)self;
    for (size_t i = 0; i < x->size; i++) x->at[i] = (float)f(data, (double)x->at[i]);
}

static nas_vector *point(void *self, nas_side side) {
    return &((nas_problem *)self)->point[side];
}

static nas_vector *gradient(void *self, nas_side side) {
    return &((nas_problem *)self)->gradient[side];
}

/* The gradient of the penalty above the limits, through the mean edge weights. */
static void add_limits(nas_problem *p) {
    nas_relaxation *r = nas_supernet_relaxation(p->net);
    const nas_space *space = nas_supernet_space(p->net);
    const bool weighs = nas_relaxation_weighs_edges(r);
    for (size_t t = 0; t < space->n_cells; t++) memset(p->slopes[t], 0, space->cells[t].weights * sizeof *p->slopes[t]);
    nas_relaxation_alphas(r, p->alphas);
    nas_relaxation_edges(r, p->edges);
    nas_relaxation_mean(r, (const double *const *)p->alphas, weighs ? (const double *const *)p->edges : NULL,
                        p->weights);
    const double over =
        nas_limits_penalty(p->step.limits, p->step.limit_penalty, (const double *const *)p->weights, p->slopes);
    if (over > 0.0) nas_relaxation_add_slopes(r, (const double *const *)p->slopes);
}

static base_status pass(void *self, nas_loss loss, unsigned flags, double *value, base_err *err) {
    nas_problem *p = self;
    const bool compares = p->agreement && loss == NAS_VALID && (flags & NAS_BY_ALPHAS);
    const uint32_t key = 2 * p->step.number + (loss == NAS_VALID);
    const unsigned by_alphas = flags & (NAS_BY_ALPHAS | NAS_BY_SHIFT) ? NAS_BY_ALPHAS : 0;
    draw(p, loss);
    if (flags & NAS_SHIFTED) nas_relaxation_use_shift(nas_supernet_relaxation(p->net));
    nas_supernet_progress(p->net, p->step.progress);
    *value = nas_supernet_train(p->net, &p->step.batch[loss], (flags & NAS_MOVE_STATE) != 0, key);
    if (!isfinite(*value))
        return BASE_FAIL(err, BASE_NUMERIC, "the supernet's %s loss became %g at step %u",
                         loss == NAS_TRAIN ? "training" : "validation", *value, (unsigned)p->step.number + 1);
    const unsigned groups = ((flags | (compares ? NAS_BY_WEIGHTS : 0)) & NAS_BY_WEIGHTS) | by_alphas;
    if (groups != 0) nas_supernet_backward(p->net, groups);
    if (compares) nas_agreement_valid(p->agreement);
    /* Not part of the value: losses are those of the data. */
    if (loss == NAS_VALID && (flags & NAS_BY_ALPHAS)) (void)nas_relaxation_add_penalty(nas_supernet_relaxation(p->net));
    if (loss == NAS_VALID && (flags & NAS_BY_ALPHAS) && p->step.limits) add_limits(p);
    return BASE_OK;
}

static void settle(void *self, nas_loss loss) {
    const nas_problem *p = self;
    draw(p, loss);
    nas_relaxation_settle(nas_supernet_relaxation(p->net));
}

static void update(void *self, nas_side side) {
    const nas_problem *p = self;
    if (p->agreement && side == NAS_WEIGHTS) nas_agreement_train(p->agreement);
    eng_optimizer_step(p->optimizer[side], p->step.rate[side]);
}

static double rate(void *self) {
    return ((const nas_problem *)self)->step.rate[NAS_WEIGHTS];
}

static const nas_vector *momentum(void *self, double *mu) {
    const nas_problem *p = self;
    *mu = p->options.momentum;
    return &p->momentum;
}

static void add_decay(void *self, nas_vector *g) {
    const nas_problem *p = self;
    const eng_param_range *r = &p->range[NAS_WEIGHTS];
    p->kernels->axpy(r->decayed - r->first, (float)p->options.weight_decay, p->point[NAS_WEIGHTS].at, g->at);
}

static base_rng random_numbers(void *self) {
    const nas_problem *p = self;
    return base_rng_stream(nas_supernet_seed(p->net), BASE_RNG_ARCHITECTURE, p->step.number, NAS_DRAW_SHIFT);
}

static double progress(void *self) {
    return ((const nas_problem *)self)->step.progress;
}

static const nas_bilevel_ops ops = {
    .create = create,
    .destroy = destroy,
    .copy = copy,
    .axpy = axpy,
    .scale = scale,
    .dot = dot,
    .normal = normal,
    .size = size,
    .map = map,
    .point = point,
    .gradient = gradient,
    .pass = pass,
    .settle = settle,
    .update = update,
    .rate = rate,
    .momentum = momentum,
    .add_decay = add_decay,
    .random = random_numbers,
    .progress = progress,
};

static base_status create_optimizers(nas_problem *p, base_err *err) {
    eng_params *params = nas_supernet_params(p->net);
    eng_optimizer_config weights = eng_optimizer_momentum.defaults, alphas = eng_optimizer_adam.defaults;
    weights.momentum = p->options.momentum;
    weights.weight_decay = p->options.weight_decay;
    weights.clip_norm = p->options.clip_norm;
    alphas.beta1 = 0.5;
    alphas.beta2 = 0.999;
    alphas.weight_decay = p->options.alpha_weight_decay;
    BASE_TRY(eng_optimizer_create_group(&eng_optimizer_momentum, &weights, params, NAS_GROUP_WEIGHTS, p->kernels,
                                        &p->optimizer[NAS_WEIGHTS], err));
    return eng_optimizer_create_group(&eng_optimizer_adam, &alphas, params, NAS_GROUP_ALPHAS, p->kernels,
                                      &p->optimizer[NAS_ALPHAS], err);
}

base_status nas_problem_create(const nas_problem_options *options, nas_supernet *net, nas_problem **out,
                               base_err *err) {
    nas_problem *p = base_calloc(1, sizeof *p);
    eng_params *params = nas_supernet_params(net);
    *p = (nas_problem){.net = net, .options = *options, .kernels = nas_supernet_kernels(net)};
    p->bilevel = (nas_bilevel){.ops = &ops, .self = p};
    p->arena = base_arena_create();
    p->alphas = nas_operation_blocks(nas_supernet_space(net), p->arena);
    p->edges = nas_edge_blocks(nas_supernet_space(net), p->arena);
    p->weights = nas_operation_blocks(nas_supernet_space(net), p->arena);
    p->slopes = nas_operation_blocks(nas_supernet_space(net), p->arena);
    for (int i = 0; i < NAS_SIDES; i++) {
        const nas_side side = (nas_side)i;
        const eng_param_range range = eng_params_group(params, (uint32_t)i);
        const size_t count = range.end - range.first;
        p->range[i] = range;
        p->point[i] = (nas_vector){side, count, eng_params_values(params) + range.first};
        p->gradient[i] = (nas_vector){side, count, eng_params_gradients(params) + range.first};
    }
    const size_t operations = nas_space_weights(nas_supernet_space(net));
    nas_relaxation *relaxation = nas_supernet_relaxation(net);
    p->point[NAS_SHIFT] = (nas_vector){NAS_SHIFT, operations, nas_relaxation_shift(relaxation)};
    p->gradient[NAS_SHIFT] = (nas_vector){NAS_SHIFT, operations, nas_relaxation_shift_slopes(relaxation)};
    *out = NULL;
    const base_status status = create_optimizers(p, err);
    if (status != BASE_OK) {
        nas_problem_destroy(p);
        return status;
    }
    p->momentum = p->point[NAS_WEIGHTS];
    p->momentum.at = eng_optimizer_slot(p->optimizer[NAS_WEIGHTS], 0);
    *out = p;
    return BASE_OK;
}

void nas_problem_destroy(nas_problem *problem) {
    if (!problem) return;
    for (int side = 0; side < NAS_SIDES; side++) eng_optimizer_destroy(problem->optimizer[side]);
    base_arena_destroy(problem->arena);
    free(problem);
}

const nas_bilevel *nas_problem_bilevel(const nas_problem *problem) {
    return &problem->bilevel;
}

void nas_problem_begin(nas_problem *problem, const nas_problem_step *step) {
    problem->step = *step;
    if (problem->agreement) nas_agreement_forget(problem->agreement);
}

void nas_problem_compare(nas_problem *problem, nas_agreement *agreement) {
    problem->agreement = agreement;
}

void nas_problem_set_decay(nas_problem *problem, double weight_decay) {
    problem->options.weight_decay = weight_decay;
    eng_optimizer_set_decay(problem->optimizer[NAS_WEIGHTS], weight_decay);
}

eng_optimizer *nas_problem_optimizer(const nas_problem *problem, nas_side side) {
    return problem->optimizer[side];
}

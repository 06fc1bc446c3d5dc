/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model: what a trainer holds. The passes bind the batch in place, run the plan, and add the penalties.
 *
 * Penalties belong to the loss: their gradient is added before an optimizer clips, as it would be if they were terms of
 * the expression that is differentiated. (Weight decay belongs to the optimizer and comes after clipping.) */
#include "engine/modules/model.h"

#include <math.h>

#include "engine/modules/summary.h"

struct eng_model {
    base_arena *arena;
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_ports ports;
    eng_model_options options;
    const eng_kernels *kernels;
    double drop_path_less; /* share that is taken off its rates */
};

static base_status check(const eng_model_options *options, base_err *err) {
    if (!(options->l1 >= 0.0 && isfinite(options->l1)))
        return BASE_FAIL(err, BASE_INVALID, "the L1 penalty must be a number and at least 0, not %g", options->l1);
    if (!(options->l2 >= 0.0 && isfinite(options->l2)))
        return BASE_FAIL(err, BASE_INVALID, "the L2 penalty must be a number and at least 0, not %g", options->l2);
    return BASE_OK;
}

base_status eng_model_adopt(eng_graph *graph, const eng_ports *ports, const eng_model_options *options, eng_model **out,
                            base_err *err) {
    *out = NULL;
    base_arena *arena = base_arena_create();
    eng_model *model = BASE_NEW(arena, eng_model);
    *model = (eng_model){.arena = arena, .graph = graph, .ports = *ports, .options = *options};
    model->kernels = options->kernels != NULL ? options->kernels : eng_kernels_find(NULL);
    eng_graph_keep(graph, ports->output);
    base_status status = check(options, err);
    if (status == BASE_OK) status = eng_graph_params(graph, options->seed, &model->params, err);
    if (status == BASE_OK)
        status = eng_plan_create(graph, model->params, options->batch, model->kernels, &model->plan, err);
    if (status != BASE_OK) {
        eng_model_destroy(model);
        return status;
    }
    *out = model;
    return BASE_OK;
}

void eng_model_destroy(eng_model *model) {
    if (model == NULL) return;
    eng_plan_destroy(model->plan);
    eng_params_destroy(model->params);
    eng_graph_destroy(model->graph);
    base_arena_destroy(model->arena);
}

base_status eng_model_threads(eng_model *model, eng_threads *threads, base_err *err) {
    return eng_plan_threads(model->plan, threads, err);
}

/* True when the batch carries the targets that the task wants. */
static bool bind(eng_model *model, const eng_batch *batch) {
    const void *target =
        model->ports.task == ENG_MULTICLASS ? (const void *)batch->labels : (const void *)batch->values;
    eng_plan_bind(model->plan, model->ports.x, batch->x);
    eng_plan_bind(model->plan, model->ports.target, target);
    return target != NULL;
}

static double penalize(const eng_model *model) {
    double l1 = model->options.l1, l2 = model->options.l2, loss = 0.0;
    size_t n = eng_params_decayed(model->params);
    const float *w = eng_params_values(model->params);
    if (l1 > 0.0) loss += l1 * model->kernels->sum_abs(n, w);
    if (l2 > 0.0) loss += 0.5 * l2 * model->kernels->sum_squares(n, w);
    if (l1 > 0.0 || l2 > 0.0)
        model->kernels->add_penalty(n, (float)l1, (float)l2, w, eng_params_gradients(model->params));
    return loss;
}

static double forward(eng_model *model, const eng_batch *batch, uint64_t step) {
    bool complete = bind(model, batch);
    BASE_ASSERT(complete);
    const eng_pass pass = {.n = batch->n,
                           .training = true,
                           .seed = model->options.seed,
                           .step = (uint32_t)step,
                           .drop_path_less = model->drop_path_less};
    return eng_plan_run(model->plan, &pass);
}

double eng_model_train(eng_model *model, const eng_batch *batch, uint64_t step) {
    double loss = forward(model, batch, step);
    eng_plan_backward(model->plan);
    return loss + penalize(model);
}

double eng_model_step(eng_model *model, const eng_batch *batch, uint64_t step, eng_optimizer *optimizer, double rate) {
    const bool penalized = model->options.l1 > 0.0 || model->options.l2 > 0.0;
    if (penalized || !eng_optimizer_in_parts(optimizer)) {
        const double loss = eng_model_train(model, batch, step);
        if (isfinite(loss)) eng_optimizer_step(optimizer, rate);
        return loss;
    }
    const double loss = forward(model, batch, step);
    if (isfinite(loss)) eng_plan_backward_update(model->plan, eng_optimizer_begin(optimizer, rate));
    return loss;
}

double eng_model_evaluate(eng_model *model, const eng_batch *batch) {
    bool complete = bind(model, batch);
    double loss = eng_plan_forward(model->plan, batch->n, false, model->options.seed, 0);
    return complete ? loss : (double)NAN;
}

void eng_model_set_drop_path(eng_model *model, double factor) {
    BASE_ASSERT(factor >= 0.0 && factor <= 1.0);
    model->drop_path_less = 1.0 - factor;
}

const float *eng_model_outputs(const eng_model *model) {
    return eng_plan_value(model->plan, model->ports.output);
}

const eng_graph *eng_model_graph(const eng_model *model) {
    return model->graph;
}

const eng_ports *eng_model_ports(const eng_model *model) {
    return &model->ports;
}

eng_plan *eng_model_plan(eng_model *model) {
    return model->plan;
}

eng_params *eng_model_params(const eng_model *model) {
    return model->params;
}

const eng_kernels *eng_model_kernels(const eng_model *model) {
    return model->kernels;
}

size_t eng_model_batch(const eng_model *model) {
    return model->options.batch;
}

size_t eng_model_input_count(const eng_model *model) {
    return eng_shape_count(&eng_graph_value(model->graph, model->ports.x)->shape);
}

size_t eng_model_output_count(const eng_model *model) {
    return eng_shape_count(&eng_graph_value(model->graph, model->ports.output)->shape);
}

eng_task eng_model_task(const eng_model *model) {
    return model->ports.task;
}

size_t eng_model_numbers(const eng_model *model) {
    return eng_graph_numbers_behind(model->graph, model->ports.output);
}

double eng_model_flops(const eng_model *model) {
    return eng_graph_flops_behind(model->graph, model->ports.output);
}

size_t eng_model_bytes(const eng_model *model) {
    return 2 * eng_params_size(model->params) * sizeof(float) + eng_plan_bytes(model->plan) +
           eng_plan_shared_bytes(model->plan) + eng_graph_bytes(model->graph) + eng_plan_calls_bytes(model->graph);
}

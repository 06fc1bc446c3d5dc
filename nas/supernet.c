/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds the supernet with the same skeleton as the network of a genotype, so that names of parameters agree, and runs
 * it. A type of cell has one table of alphas for each number of candidates that its edges have: a single one in all
 * published spaces. */
#include "nas/supernet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/modules/summary.h"
#include "engine/tensor/plan.h"

/* An edge of a cell in the network. */
typedef struct mixing {
    size_t type, edge, node;
    size_t *input; /* by candidate */
} mixing;

struct nas_supernet {
    base_arena *arena;
    nas_supernet_options options;
    const void *mixed_state;
    eng_value coefficient; /* of the mixed operation, or ENG_NO_VALUE */
    float coefficients[2]; /* 1 and the coefficient now */
    nas_relaxation *relaxation;
    mixing *mixings;
    size_t n_mixings, capacity;
    bool masked; /* something may be left out */
    double skip_dropout;
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_ports ports;
};

/* ---- building ---- */

static base_status build_edge(void *self, eng_net *to, const nas_edge *edge, eng_value *out) {
    nas_supernet *net = self;
    const nas_space_edge *candidates = &net->options.space->cells[edge->type].edges[edge->index];
    nas_edge own = *edge;
    own.skip_dropout = net->options.skip_dropout ? &net->skip_dropout : NULL;
    nas_mixture mixture = {
        .edge = &own,
        .candidates = candidates,
        .coefficient = net->coefficient,
        .scalars = nas_relaxation_scalars(net->relaxation),
        .input = BASE_NEW_ARRAY(net->arena, candidates->n_operations, size_t),
    };
    mixture.weights = nas_relaxation_value(net->relaxation, edge->type, edge->index, &mixture.row);
    BASE_TRY(net->options.choices->mixed->build(net->mixed_state, to, &mixture, out));
    BASE_GROW(net->mixings, net->capacity, net->n_mixings + 1);
    net->mixings[net->n_mixings++] =
        (mixing){.type = edge->type, .edge = edge->index, .node = mixture.node, .input = mixture.input};
    return BASE_OK;
}

/* Some of the terms of a node, each times the fraction of its edge. */
static base_status build_terms(eng_net *to, eng_value shares, const nas_sum *sum, size_t first, size_t count,
                               eng_value *out) {
    eng_mix_config config = {.row = 0};
    eng_value in[ENG_OP_MAX_INPUTS];
    for (size_t i = 0; i < count; i++) {
        in[i] = sum->terms[first + i];
        config.column[i] = sum->edges[first + i];
    }
    in[count] = shares;
    return eng_graph_add_many(to->graph, &eng_op_mix, &config, NULL, in, count + 1, out, to->err);
}

static base_status build_sum(void *self, eng_net *to, const nas_sum *sum, eng_value *out) {
    const nas_supernet *net = self;
    const eng_value shares = nas_relaxation_shares(net->relaxation, sum->type);
    eng_value parts[NAS_MAX_INPUTS + NAS_MAX_NODES];
    size_t n_parts = 0;
    if (shares == ENG_NO_VALUE) return nas_sum_build(to, sum->terms, sum->count, out);
    for (size_t done = 0, n; done < sum->count; done += n) {
        n = sum->count - done < ENG_OP_MAX_INPUTS - 1 ? sum->count - done : ENG_OP_MAX_INPUTS - 1;
        BASE_TRY(build_terms(to, shares, sum, done, n, &parts[n_parts++]));
    }
    return nas_sum_build(to, parts, n_parts, out);
}

static base_status build(nas_supernet *net, base_err *err) {
    const nas_supernet_options *o = &net->options;
    const nas_builder builder = {.self = net, .edge = build_edge, .sum = build_sum};
    eng_net to;
    BASE_TRY(eng_net_begin(&to, &o->net, err));
    net->graph = to.graph;
    if (o->choices->mixed->coefficient)
        net->coefficient = eng_graph_input_single(net->graph, eng_shape_2d(1, 2), ENG_F32);
    BASE_TRY(nas_relaxation_build(net->relaxation, &to));
    BASE_TRY(nas_skeleton_build(o->space, &o->settings, &builder, &to, &net->ports));
    eng_graph_keep(net->graph, net->ports.output);
    return BASE_OK;
}

static base_status compile(nas_supernet *net, base_err *err) {
    const nas_supernet_options *o = &net->options;
    BASE_TRY(eng_graph_params(net->graph, o->seed, &net->params, err));
    BASE_TRY(eng_plan_create(net->graph, net->params, o->batch, o->kernels, &net->plan, err));
    if (o->threads) BASE_TRY(eng_plan_threads(net->plan, o->threads, err));
    nas_relaxation_bind(net->relaxation, net->params);
    if (net->coefficient != ENG_NO_VALUE) eng_plan_bind(net->plan, net->coefficient, net->coefficients);
    nas_supernet_progress(net, 0);
    return BASE_OK;
}

/* With nothing built. */
static nas_supernet *begin(const nas_supernet_options *options) {
    base_arena *arena = base_arena_create();
    nas_supernet *net = BASE_NEW(arena, nas_supernet);
    *net = (nas_supernet){.arena = arena, .options = *options, .coefficient = ENG_NO_VALUE};
    net->options.settings.search = true;
    if (!net->options.kernels) net->options.kernels = eng_kernels_find(NULL);
    net->mixed_state = nas_choices_state(options->choices, NAS_CHOICE_MIXED, arena);
    net->relaxation = nas_relaxation_create(options->space, options->choices, arena);
    return net;
}

base_status nas_supernet_create(const nas_supernet_options *options, nas_supernet **out, base_err *err) {
    nas_supernet *net = begin(options);
    *out = NULL;
    base_status status = build(net, err);
    if (status == BASE_OK) status = compile(net, err);
    if (status != BASE_OK) {
        nas_supernet_destroy(net);
        return status;
    }
    *out = net;
    return BASE_OK;
}

void nas_supernet_destroy(nas_supernet *net) {
    if (!net) return;
    eng_plan_destroy(net->plan);
    eng_params_destroy(net->params);
    eng_graph_destroy(net->graph);
    free(net->mixings);
    base_arena_destroy(net->arena);
}

/* Besides parameters and arena: the description, the calls, the rooms of threads. */
static size_t described_bytes(const nas_supernet *net) {
    const size_t threads = eng_threads_count(net->options.threads);
    return eng_graph_bytes(net->graph) + eng_plan_calls_bytes(net->graph) +
           eng_plan_threads_bytes(net->graph, net->options.batch, threads);
}

base_status nas_supernet_measure(const nas_supernet_options *options, nas_supernet_size *out, base_err *err) {
    nas_supernet *net = begin(options);
    size_t arena = 0;
    base_status status = build(net, err);
    if (status == BASE_OK) status = eng_plan_measure(net->graph, options->batch, &arena, err);
    if (status == BASE_OK) {
        out->block = eng_graph_param_size(net->graph) * sizeof(float);
        out->alphas = nas_supernet_alpha_count(net);
        out->numbers = eng_graph_numbers(net->graph) - out->alphas;
        out->bytes = 2 * out->block + arena + described_bytes(net);
        out->flops = eng_graph_flops(net->graph);
    }
    nas_supernet_destroy(net);
    return status;
}

/* ---- what passes are weighted by ---- */

nas_relaxation *nas_supernet_relaxation(const nas_supernet *net) {
    return net->relaxation;
}

uint64_t nas_supernet_seed(const nas_supernet *net) {
    return net->options.seed;
}

void nas_supernet_draw(nas_supernet *net, uint32_t step, uint32_t purpose, double progress) {
    const nas_draw draw = {.seed = net->options.seed, .step = step, .purpose = purpose, .progress = progress};
    nas_relaxation_use_draw(net->relaxation, &draw);
}

void nas_supernet_progress(nas_supernet *net, double progress) {
    const nas_mixed *mixed = net->options.choices->mixed;
    net->coefficients[0] = 1;
    if (mixed->coefficient) net->coefficients[1] = (float)mixed->coefficient(net->mixed_state, progress);
}

void nas_supernet_set_skip_dropout(nas_supernet *net, double rate) {
    net->skip_dropout = rate;
}

/* Whether every candidate that this input stands for has weight 0. */
static bool counts_nothing(const mixing *m, const nas_space_edge *edge, size_t input, const double *weights) {
    for (size_t k = 0; k < edge->n_operations; k++)
        if (m->input[k] == input && weights[edge->offset + k] != 0) return false;
    return true;
}

/* Leaves out what has no weight. */
static void mask(nas_supernet *net, const double *const *weights) {
    for (size_t i = 0; i < net->n_mixings; i++) {
        const mixing *m = &net->mixings[i];
        const nas_space_edge *edge = &net->options.space->cells[m->type].edges[m->edge];
        for (size_t k = 0; k < edge->n_operations; k++)
            if (m->input[k] != NAS_NO_INPUT)
                eng_plan_mask(net->plan, m->node, m->input[k],
                              weights && counts_nothing(m, edge, m->input[k], weights[m->type]));
    }
}

static void prepare(nas_supernet *net) {
    nas_relaxation_prepare(net->relaxation);
    const double *const *drawn = nas_relaxation_drawn(net->relaxation);
    if (drawn || net->masked) mask(net, drawn);
    net->masked = drawn != NULL;
}

/* ---- passes ---- */

static void bind(nas_supernet *net, const eng_batch *batch) {
    const bool classes = net->ports.task == ENG_MULTICLASS;
    eng_plan_bind(net->plan, net->ports.x, batch->x);
    eng_plan_bind(net->plan, net->ports.target, classes ? (const void *)batch->labels : (const void *)batch->values);
}

double nas_supernet_train(nas_supernet *net, const eng_batch *batch, bool move_state, uint32_t key) {
    bind(net, batch);
    prepare(net);
    return eng_plan_run(
        net->plan,
        &(eng_pass){
            .n = batch->n, .training = true, .keep_state = !move_state, .seed = net->options.seed, .step = key});
}

void nas_supernet_backward(nas_supernet *net, unsigned groups) {
    eng_plan_backward_groups(net->plan, groups);
}

double nas_supernet_evaluate(nas_supernet *net, const eng_batch *batch) {
    bind(net, batch);
    prepare(net);
    return eng_plan_run(net->plan, &(eng_pass){.n = batch->n, .seed = net->options.seed});
}

const float *nas_supernet_outputs(const nas_supernet *net) {
    return eng_plan_value(net->plan, net->ports.output);
}

const nas_space *nas_supernet_space(const nas_supernet *net) {
    return net->options.space;
}

const eng_graph *nas_supernet_graph(const nas_supernet *net) {
    return net->graph;
}

eng_plan *nas_supernet_plan(const nas_supernet *net) {
    return net->plan;
}

eng_params *nas_supernet_params(const nas_supernet *net) {
    return net->params;
}

const eng_kernels *nas_supernet_kernels(const nas_supernet *net) {
    return net->options.kernels;
}

eng_task nas_supernet_task(const nas_supernet *net) {
    return net->ports.task;
}

size_t nas_supernet_output_count(const nas_supernet *net) {
    return eng_shape_count(&eng_graph_value(net->graph, net->ports.output)->shape);
}

size_t nas_supernet_alpha_count(const nas_supernet *net) {
    return nas_relaxation_count(net->relaxation);
}

size_t nas_supernet_numbers(const nas_supernet *net) {
    return eng_params_numbers(net->params) - nas_supernet_alpha_count(net);
}

size_t nas_supernet_bytes(const nas_supernet *net) {
    return 2 * eng_params_size(net->params) * sizeof(float) + eng_plan_bytes(net->plan) + described_bytes(net);
}

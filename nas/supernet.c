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

/* Alphas of all edges of a type that have `columns` candidates. */
typedef struct alpha_table {
    size_t type, columns, rows;
    char name[80];
    eng_value weights; /* what the mixtures read: [rows, columns] */
    float *values;     /* of the parameter */
} alpha_table;

/* Where an edge of a type has its alphas. */
typedef struct place {
    size_t table, row;
} place;

/* An edge of a cell in the network. */
typedef struct mixing {
    size_t type, edge, node;
    size_t *input; /* by candidate */
} mixing;

struct nas_supernet {
    base_arena *arena;
    nas_supernet_options options;
    const void *weights_state, *mixed_state;
    alpha_table *tables;
    size_t n_tables;
    place **places; /* by type and edge */
    mixing *mixings;
    size_t n_mixings, capacity;
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_ports ports;
    double **alphas, **weights; /* scratch */
};

/* ---- building ---- */

/* 1e-3 N(0, 1), as in the authors' code. */
static void fill_alphas(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out) {
    (void)fan_in, (void)fan_out;
    for (size_t i = 0; i < count; i++) out[i] = (float)(1e-3 * base_rng_normal(rng));
}

static const eng_init init_alphas = {.name = "alphas", .summary = "normal, deviation 0.001", .fill = fill_alphas};

static size_t table_for(nas_supernet *net, size_t type, size_t columns) {
    size_t i = 0;
    while (i < net->n_tables && (net->tables[i].type != type || net->tables[i].columns != columns)) i++;
    if (i < net->n_tables) return i;
    alpha_table *table = &net->tables[net->n_tables++];
    *table = (alpha_table){.type = type, .columns = columns};
    return i;
}

/* Gives every edge of every type its row. */
static void place_edges(nas_supernet *net) {
    const nas_space *space = net->options.space;
    size_t edges = 0;
    for (size_t t = 0; t < space->n_cells; t++) edges += space->cells[t].n_edges;
    net->tables = BASE_NEW_ARRAY(net->arena, edges, alpha_table);
    net->places = BASE_NEW_ARRAY(net->arena, space->n_cells, place *);
    for (size_t t = 0; t < space->n_cells; t++) {
        const nas_space_cell *cell = &space->cells[t];
        const size_t first = net->n_tables;
        net->places[t] = BASE_NEW_ARRAY(net->arena, cell->n_edges, place);
        for (size_t e = 0; e < cell->n_edges; e++) {
            const size_t table = table_for(net, t, cell->edges[e].n_operations);
            net->places[t][e] = (place){.table = table, .row = net->tables[table].rows++};
        }
        for (size_t i = first; i < net->n_tables; i++) {
            alpha_table *table = &net->tables[i];
            if (net->n_tables - first == 1)
                snprintf(table->name, sizeof table->name, "alphas.%.60s", cell->name);
            else
                snprintf(table->name, sizeof table->name, "alphas.%.50s.of%zu", cell->name, table->columns);
        }
    }
}

static base_status add_table(nas_supernet *net, eng_net *to, alpha_table *table) {
    const nas_edge_weights *kind = net->options.choices->edge_weights;
    const eng_parameter_config config = {
        .shape = eng_shape_2d(table->rows, table->columns),
        .init = kind->learned ? &init_alphas : NULL,
        .decay = true,
    };
    char name[96];
    eng_value value;
    eng_graph_set_group(to->graph, NAS_GROUP_ALPHAS);
    const base_status status = eng_graph_add(to->graph, &eng_op_parameter, &config, table->name, NULL, &value, to->err);
    eng_graph_set_group(to->graph, NAS_GROUP_WEIGHTS);
    BASE_TRY(status);
    table->weights = value;
    if (!kind->build) return BASE_OK;
    snprintf(name, sizeof name, "weights.%s", table->name);
    return kind->build(net->weights_state, to, value, name, &table->weights);
}

static base_status build_edge(void *self, eng_net *to, const nas_edge *edge, eng_value *out) {
    nas_supernet *net = self;
    const place *at = &net->places[edge->type][edge->index];
    const nas_space_edge *candidates = &net->options.space->cells[edge->type].edges[edge->index];
    nas_mixture mixture = {
        .edge = edge,
        .candidates = candidates,
        .weights = net->tables[at->table].weights,
        .row = at->row,
        .input = BASE_NEW_ARRAY(net->arena, candidates->n_operations, size_t),
    };
    BASE_TRY(net->options.choices->mixed->build(net->mixed_state, to, &mixture, out));
    BASE_GROW(net->mixings, net->capacity, net->n_mixings + 1);
    net->mixings[net->n_mixings++] =
        (mixing){.type = edge->type, .edge = edge->index, .node = mixture.node, .input = mixture.input};
    return BASE_OK;
}

static base_status build(nas_supernet *net, base_err *err) {
    const nas_supernet_options *o = &net->options;
    const nas_builder builder = {.self = net, .edge = build_edge};
    eng_net to;
    BASE_TRY(eng_net_begin(&to, &o->net, err));
    net->graph = to.graph;
    place_edges(net);
    for (size_t i = 0; i < net->n_tables; i++) BASE_TRY(add_table(net, &to, &net->tables[i]));
    BASE_TRY(nas_skeleton_build(o->space, &o->settings, &builder, &to, &net->ports));
    eng_graph_keep(net->graph, net->ports.output);
    return BASE_OK;
}

static base_status compile(nas_supernet *net, base_err *err) {
    const nas_supernet_options *o = &net->options;
    BASE_TRY(eng_graph_params(net->graph, o->seed, &net->params, err));
    BASE_TRY(eng_plan_create(net->graph, net->params, o->batch, o->kernels, &net->plan, err));
    if (o->threads) BASE_TRY(eng_plan_threads(net->plan, o->threads, err));
    for (size_t i = 0; i < net->n_tables; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s.value", net->tables[i].name);
        net->tables[i].values = eng_params_values(net->params) + eng_params_find(net->params, name)->offset;
    }
    return BASE_OK;
}

/* With nothing built. */
static nas_supernet *begin(const nas_supernet_options *options) {
    base_arena *arena = base_arena_create();
    nas_supernet *net = BASE_NEW(arena, nas_supernet);
    *net = (nas_supernet){.arena = arena, .options = *options};
    net->options.settings.search = true;
    if (!net->options.kernels) net->options.kernels = eng_kernels_find(NULL);
    net->weights_state = nas_choices_state(options->choices, NAS_CHOICE_EDGE_WEIGHTS, arena);
    net->mixed_state = nas_choices_state(options->choices, NAS_CHOICE_MIXED, arena);
    net->alphas = nas_operation_blocks(options->space, arena);
    net->weights = nas_operation_blocks(options->space, arena);
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

double **nas_operation_blocks(const nas_space *space, base_arena *arena) {
    double **blocks = BASE_NEW_ARRAY(arena, space->n_cells, double *);
    for (size_t t = 0; t < space->n_cells; t++) blocks[t] = BASE_NEW_ARRAY(arena, space->cells[t].weights, double);
    return blocks;
}

/* ---- architecture ---- */

/* The parameters of an edge. */
static float *row_of(const nas_supernet *net, size_t type, size_t edge) {
    const place *at = &net->places[type][edge];
    return net->tables[at->table].values + at->row * net->tables[at->table].columns;
}

void nas_supernet_alphas(const nas_supernet *net, double *const *out) {
    const nas_space *space = net->options.space;
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t e = 0; e < space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &space->cells[t].edges[e];
            for (size_t k = 0; k < edge->n_operations; k++) out[t][edge->offset + k] = row_of(net, t, e)[k];
        }
}

void nas_supernet_weights(const nas_supernet *net, double *const *out) {
    nas_supernet_alphas(net, net->alphas);
    net->options.choices->edge_weights->mean(net->weights_state, net->options.space, (const double *const *)net->alphas,
                                             out);
}

void nas_supernet_restrict(nas_supernet *net, const double *const *weights) {
    const nas_space *space = net->options.space;
    BASE_ASSERT(!net->options.choices->edge_weights->build);
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t e = 0; e < space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &space->cells[t].edges[e];
            for (size_t k = 0; k < edge->n_operations; k++) row_of(net, t, e)[k] = (float)weights[t][edge->offset + k];
        }
    for (size_t i = 0; i < net->n_mixings; i++) {
        const mixing *m = &net->mixings[i];
        const nas_space_edge *edge = &space->cells[m->type].edges[m->edge];
        for (size_t k = 0; k < edge->n_operations; k++)
            if (m->input[k] != NAS_NO_INPUT)
                eng_plan_mask(net->plan, m->node, m->input[k], weights[m->type][edge->offset + k] == 0);
    }
}

void nas_supernet_draw(nas_supernet *net, uint32_t step, uint32_t purpose) {
    const nas_edge_weights *kind = net->options.choices->edge_weights;
    if (!kind->draw) return;
    base_rng rng = base_rng_stream(net->options.seed, BASE_RNG_ARCHITECTURE, step, purpose);
    nas_supernet_alphas(net, net->alphas);
    kind->draw(net->weights_state, net->options.space, (const double *const *)net->alphas, &rng, net->weights);
    nas_supernet_restrict(net, (const double *const *)net->weights);
}

/* ---- passes ---- */

static void bind(nas_supernet *net, const eng_batch *batch) {
    const bool classes = net->ports.task == ENG_MULTICLASS;
    eng_plan_bind(net->plan, net->ports.x, batch->x);
    eng_plan_bind(net->plan, net->ports.target, classes ? (const void *)batch->labels : (const void *)batch->values);
}

double nas_supernet_train(nas_supernet *net, const eng_batch *batch, bool move_state, uint32_t key) {
    bind(net, batch);
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

size_t nas_supernet_batch(const nas_supernet *net) {
    return net->options.batch;
}

eng_task nas_supernet_task(const nas_supernet *net) {
    return net->ports.task;
}

size_t nas_supernet_output_count(const nas_supernet *net) {
    return eng_shape_count(&eng_graph_value(net->graph, net->ports.output)->shape);
}

size_t nas_supernet_alpha_count(const nas_supernet *net) {
    size_t alphas = 0;
    for (size_t i = 0; i < net->n_tables; i++) alphas += net->tables[i].rows * net->tables[i].columns;
    return alphas;
}

size_t nas_supernet_numbers(const nas_supernet *net) {
    return eng_params_numbers(net->params) - nas_supernet_alpha_count(net);
}

size_t nas_supernet_bytes(const nas_supernet *net) {
    return 2 * eng_params_size(net->params) * sizeof(float) + eng_plan_bytes(net->plan) + described_bytes(net);
}

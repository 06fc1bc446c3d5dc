/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The relaxation in a graph: nodes that hand on the weights of a pass and turn the gradient by them into that by alphas
 * and betas, which are parameters. */
#include <stdio.h>
#include <string.h>

#include "nas/relaxation_impl.h"

/* ---- weights of operations ---- */

typedef struct edge_config {
    const nas_table *table;
} edge_config;

static const nas_table *table_of(const eng_call *call) {
    return ((const edge_config *)call->node->config)->table;
}

static base_status infer(eng_node *node, base_err *err) {
    const nas_table *t = ((const edge_config *)node->config)->table;
    (void)err;
    node->out_shape = eng_shape_2d(t->rows, t->columns);
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    const nas_table *t = table_of(call);
    if (nas_relaxation_in_tables(t->owner))
        t->owner->rule->table(run->k, t->rows, t->columns, call->x[0], call->y);
    else
        memcpy(call->y, t->made, t->rows * t->columns * sizeof *call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    const nas_table *t = table_of(call);
    if (call->node->inputs == 0) return;
    if (t->owner->shifted) nas_relaxation_shift_back(t->owner, t, call->dy);
    if (call->dx[0] && nas_relaxation_in_tables(t->owner))
        t->owner->rule->table_back(run->k, t->rows, t->columns, call->y, call->dy, call->dx[0]);
    else if (call->dx[0])
        nas_relaxation_alphas_back(t->owner, t, call->dy, call->dx[0]);
}

const eng_op nas_op_edge_weights = {
    .name = "edge_weights",
    .summary = "weights of operations from alphas, by a rule",
    .inputs = 0,
    .config_size = sizeof(edge_config),
    .traits = ENG_VARIADIC | ENG_READS_Y,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};

/* ---- shares of edges ---- */

typedef struct shares_config {
    nas_relaxation *owner;
    size_t type;
} shares_config;

static base_status infer_shares(eng_node *node, base_err *err) {
    const shares_config *c = node->config;
    (void)err;
    node->out_shape = eng_shape_2d(1, c->owner->space->cells[c->type].n_edges);
    return BASE_OK;
}

static void forward_shares(const eng_call *call, eng_run *run) {
    const shares_config *c = call->node->config;
    (void)run;
    memcpy(call->y, c->owner->made_shares[c->type], call->out_count * sizeof *call->y);
}

static void backward_shares(const eng_call *call, const eng_run *run) {
    const shares_config *c = call->node->config;
    const nas_relaxation *r = c->owner;
    (void)run;
    if (call->node->inputs == 0 || !call->dx[0]) return;
    memset(call->dx[0], 0, call->out_count * sizeof(float));
    if (r->source == NAS_FROM_GIVEN) return;
    for (size_t e = 0; e < call->out_count; e++) r->scratch[e] = (double)call->dy[e];
    const double *by_betas = nas_relaxation_shares_back(r, c->type, r->scratch);
    for (size_t e = 0; e < call->out_count; e++) call->dx[0][e] = (float)by_betas[e];
}

static const eng_op op_edge_shares = {
    .name = "edge_shares",
    .summary = "shares of the edges of a node",
    .inputs = 0,
    .config_size = sizeof(shares_config),
    .traits = ENG_VARIADIC,
    .infer = infer_shares,
    .forward = forward_shares,
    .backward = backward_shares,
};

/* ---- building ---- */

/* 1e-3 N(0, 1), as in the authors' code. */
static void fill_alphas(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out) {
    (void)fan_in, (void)fan_out;
    for (size_t i = 0; i < count; i++) out[i] = (float)(1e-3 * base_rng_normal(rng));
}

static const eng_init init_alphas = {.name = "alphas", .summary = "normal, deviation 0.001", .fill = fill_alphas};

static base_status add_parameter(eng_net *net, eng_shape shape, const char *name, eng_value *out) {
    const eng_parameter_config config = {.shape = shape, .init = &init_alphas, .decay = true};
    eng_graph_set_group(net->graph, NAS_GROUP_ALPHAS);
    const base_status status = eng_graph_add(net->graph, &eng_op_parameter, &config, name, NULL, out, net->err);
    eng_graph_set_group(net->graph, NAS_GROUP_WEIGHTS);
    return status;
}

static base_status build_shares(nas_relaxation *r, size_t type, eng_net *net) {
    const shares_config config = {r, type};
    const char *cell = r->space->cells[type].name;
    eng_value betas = ENG_NO_VALUE;
    char name[96];
    snprintf(name, sizeof name, "betas.%.60s", cell);
    if (r->weighs_edges) BASE_TRY(add_parameter(net, eng_shape_1d(r->space->cells[type].n_edges), name, &betas));
    snprintf(name, sizeof name, "shares.%.60s", cell);
    return eng_graph_add_many(net->graph, &op_edge_shares, &config, name, &betas, r->weighs_edges, &r->shares[type],
                              net->err);
}

base_status nas_relaxation_build(nas_relaxation *r, eng_net *net) {
    char name[96];
    for (size_t t = 0; r->shares && t < r->space->n_cells; t++) BASE_TRY(build_shares(r, t, net));
    for (size_t i = 0; i < r->n_tables; i++) {
        nas_table *t = &r->tables[i];
        const edge_config config = {t};
        eng_value alphas = ENG_NO_VALUE;
        if (r->rule->learned) BASE_TRY(add_parameter(net, eng_shape_2d(t->rows, t->columns), t->name, &alphas));
        snprintf(name, sizeof name, "weights.%s", t->name);
        BASE_TRY(eng_graph_add_many(net->graph, &nas_op_edge_weights, &config, name, &alphas, r->rule->learned,
                                    &t->weights, net->err));
    }
    return BASE_OK;
}

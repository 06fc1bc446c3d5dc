/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A multilayer perceptron: [dropout] ([dense, activation, dropout] x layers) dense, loss.
 *
 * An activation that a dense layer can compute on the fly becomes its epilogue; the network is the same. */
#include "engine/modules/mlp.h"

typedef struct builder {
    const eng_mlp_config *config;
    eng_graph *graph;
    eng_value at; /* what the next layer reads */
    base_err *err;
} builder;

static const eng_op *activation_of(const eng_mlp_config *config) {
    return config->activation != NULL ? config->activation : &eng_op_relu;
}

/* He's variance is derived for units that pass half of what they get; Glorot's for units that are linear near zero. */
static const eng_init *hidden_init(const eng_mlp_config *config) {
    if (config->init != NULL) return config->init;
    const eng_op *op = activation_of(config);
    bool rectifier =
        op == &eng_op_relu || op == &eng_op_prelu || op == &eng_op_elu || op == &eng_op_gelu || op == &eng_op_swish;
    return rectifier ? &eng_init_he_normal : &eng_init_xavier_uniform;
}

static base_status apply(builder *b, const eng_op *op, const void *config, const char *name) {
    return eng_graph_add(b->graph, op, config, name, &b->at, &b->at, b->err);
}

static base_status add_dropout(builder *b, double rate) {
    if (rate == 0.0) return BASE_OK;
    return apply(b, &eng_op_dropout, &(eng_dropout_config){.rate = rate}, NULL);
}

static base_status add_hidden(builder *b, size_t index) {
    const eng_op *activation = activation_of(b->config);
    eng_dense_config dense = {
        .width = b->config->widths[index], .init = hidden_init(b->config), .epilogue = activation->epilogue};
    base_buf name = {0};
    base_buf_printf(&name, "hidden%zu", index + 1);
    base_status status = apply(b, &eng_op_dense, &dense, base_buf_text(&name));
    base_buf_fini(&name);
    BASE_TRY(status);
    if (activation->epilogue == ENG_EPILOGUE_NONE) BASE_TRY(apply(b, activation, NULL, NULL));
    return add_dropout(b, b->config->dropout_hidden);
}

static base_status add_output(builder *b, eng_ports *ports) {
    const eng_init *init = b->config->init != NULL ? b->config->init : &eng_init_xavier_uniform;
    BASE_TRY(apply(b, &eng_op_dense, &(eng_dense_config){.width = b->config->outputs, .init = init}, "output"));
    ports->output = b->at;
    ports->task = b->config->task;
    eng_value in[2] = {b->at}, none;
    if (b->config->task == ENG_MULTICLASS) {
        in[1] = ports->target = eng_graph_input(b->graph, eng_shape_1d(1), ENG_I32);
        eng_cross_entropy_config loss = {.smoothing = b->config->label_smoothing};
        return eng_graph_add(b->graph, &eng_op_cross_entropy, &loss, NULL, in, &none, b->err);
    }
    in[1] = ports->target = eng_graph_input(b->graph, eng_shape_1d(b->config->outputs), ENG_F32);
    const eng_op *loss = b->config->task == ENG_BINARY ? &eng_op_binary_cross_entropy : &eng_op_mean_squared_error;
    return eng_graph_add(b->graph, loss, NULL, NULL, in, &none, b->err);
}

static base_status check(const eng_mlp_config *config, base_err *err) {
    if (config->inputs == 0) return BASE_FAIL(err, BASE_INVALID, "a network needs at least one input");
    if (config->outputs == 0) return BASE_FAIL(err, BASE_INVALID, "a network needs at least one output");
    if ((activation_of(config)->traits & ENG_IS_ACTIVATION) == 0)
        return BASE_FAIL(err, BASE_INVALID, "%s is not an activation", activation_of(config)->name);
    if (config->task != ENG_MULTICLASS && config->label_smoothing != 0.0)
        return BASE_FAIL(err, BASE_INVALID, "label smoothing needs a task with classes");
    return BASE_OK;
}

static base_status build(builder *b, eng_ports *ports) {
    const eng_mlp_config *config = b->config;
    BASE_TRY(check(config, b->err));
    b->at = ports->x = eng_graph_input(b->graph, eng_shape_1d(config->inputs), ENG_F32);
    BASE_TRY(add_dropout(b, config->dropout_input));
    for (size_t i = 0; i < config->layers; i++) BASE_TRY(add_hidden(b, i));
    return add_output(b, ports);
}

base_status eng_mlp_create(const eng_mlp_config *config, const eng_model_options *options, eng_model **out,
                           base_err *err) {
    *out = NULL;
    builder b = {.config = config, .graph = eng_graph_create(), .err = err};
    eng_ports ports;
    base_status status = build(&b, &ports);
    if (status != BASE_OK) {
        eng_graph_destroy(b.graph);
        return status;
    }
    return eng_model_adopt(b.graph, &ports, options, out, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps that networks are made of. An activation that an op can compute on the fly becomes its epilogue; the
 * network is the same. */
#include "engine/modules/net.h"

static base_status check(const eng_net_config *config, base_err *err) {
    if (eng_shape_count(&config->input) == 0) return BASE_FAIL(err, BASE_INVALID, "a network needs at least one input");
    if (config->outputs == 0) return BASE_FAIL(err, BASE_INVALID, "a network needs at least one output");
    if (config->activation != NULL && (config->activation->traits & ENG_IS_ACTIVATION) == 0)
        return BASE_FAIL(err, BASE_INVALID, "%s is not an activation", config->activation->name);
    if (config->task != ENG_MULTICLASS && config->label_smoothing != 0.0)
        return BASE_FAIL(err, BASE_INVALID, "label smoothing needs a task with classes");
    return BASE_OK;
}

base_status eng_net_begin(eng_net *net, const eng_net_config *config, base_err *err) {
    return eng_net_begin_in(net, eng_graph_create(), config, err);
}

base_status eng_net_begin_in(eng_net *net, eng_graph *graph, const eng_net_config *config, base_err *err) {
    *net = (eng_net){.config = config, .graph = graph, .err = err};
    BASE_TRY(check(config, err));
    net->at = net->x = eng_graph_input(net->graph, config->input, ENG_F32);
    return eng_net_dropout(net, config->dropout_input);
}

const eng_op *eng_net_activation(const eng_net *net) {
    return net->config->activation != NULL ? net->config->activation : &eng_op_relu;
}

const eng_shape *eng_net_shape(const eng_net *net) {
    return &eng_graph_value(net->graph, net->at)->shape;
}

const eng_init *eng_net_init(const eng_net *net, const eng_op *activation) {
    if (net->config->init != NULL) return net->config->init;
    return activation->traits & ENG_IS_RECTIFIER ? &eng_init_he_normal : &eng_init_xavier_uniform;
}

base_status eng_net_apply(eng_net *net, const eng_op *op, const void *config, const char *name) {
    if (name != NULL || net->prefix == NULL)
        return eng_graph_add(net->graph, op, config, name, &net->at, &net->at, net->err);
    base_buf made = {0};
    base_buf_printf(&made, "%s.%s%zu", net->prefix, op->name, ++net->named);
    base_status status = eng_graph_add(net->graph, op, config, base_buf_text(&made), &net->at, &net->at, net->err);
    base_buf_fini(&made);
    return status;
}

base_status eng_net_dropout(eng_net *net, double rate) {
    if (rate == 0.0) return BASE_OK;
    return eng_net_apply(net, &eng_op_dropout, &(eng_dropout_config){.rate = rate}, NULL);
}

base_status eng_net_activate(eng_net *net, const eng_op *activation) {
    if (activation == &eng_op_linear) return BASE_OK;
    return eng_net_apply(net, activation, NULL, NULL);
}

base_status eng_net_dense(eng_net *net, size_t width, eng_norm norm, const eng_op *activation, const char *name) {
    bool fused = norm == ENG_NORM_NONE && activation->epilogue != ENG_EPILOGUE_NONE;
    const eng_dense_config dense = {.width = width,
                                    .init = eng_net_init(net, activation),
                                    .epilogue = fused ? activation->epilogue : ENG_EPILOGUE_NONE};
    BASE_TRY(eng_net_apply(net, &eng_op_dense, &dense, name));
    return fused ? BASE_OK : eng_net_finish(net, norm, activation);
}

base_status eng_net_add(eng_net *net, const eng_value *values, size_t count, const eng_op *activation) {
    const eng_add_config add = {.epilogue = activation->epilogue};
    BASE_TRY(eng_graph_add_many(net->graph, &eng_op_add, &add, NULL, values, count, &net->at, net->err));
    return activation->epilogue != ENG_EPILOGUE_NONE ? BASE_OK : eng_net_activate(net, activation);
}

base_status eng_net_concat(eng_net *net, const eng_value *values, size_t count) {
    return eng_graph_add_many(net->graph, &eng_op_concat, NULL, NULL, values, count, &net->at, net->err);
}

base_status eng_net_end(eng_net *net, eng_ports *ports) {
    const eng_net_config *config = net->config;
    const eng_init *init = config->init != NULL ? config->init : &eng_init_xavier_uniform;
    BASE_TRY(eng_net_dropout(net, config->dropout_output));
    BASE_TRY(eng_net_apply(net, &eng_op_dense, &(eng_dense_config){.width = config->outputs, .init = init}, "output"));
    *ports = (eng_ports){.x = net->x, .output = net->at, .task = config->task};
    eng_value in[2] = {net->at}, none;
    if (config->task == ENG_MULTICLASS) {
        in[1] = ports->target = eng_graph_input(net->graph, eng_shape_1d(1), ENG_I32);
        const eng_cross_entropy_config loss = {.smoothing = config->label_smoothing};
        return eng_graph_add(net->graph, &eng_op_cross_entropy, &loss, NULL, in, &none, net->err);
    }
    in[1] = ports->target = eng_graph_input(net->graph, eng_shape_1d(config->outputs), ENG_F32);
    const eng_op *loss = config->task == ENG_BINARY ? &eng_op_binary_cross_entropy : &eng_op_mean_squared_error;
    return eng_graph_add(net->graph, loss, NULL, NULL, in, &none, net->err);
}

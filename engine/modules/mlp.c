/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A multilayer perceptron: [dropout] ([dense, activation, dropout] x layers) dense, loss.
 *
 * With skip, a hidden layer as wide as what it reads gives x + f(x) in place of f(x) (K. He et al., "Deep Residual
 * Learning for Image Recognition", CVPR 2016, eq. 1), which keeps deep ones trainable. */
#include "engine/modules/mlp.h"

#include "engine/modules/net.h"

static base_status add_hidden(eng_net *net, const eng_mlp_config *config, size_t index) {
    const eng_value before = net->at;
    const eng_shape *shape = eng_net_shape(net);
    const bool skip = config->skip && shape->ndim == 1 && shape->dim[0] == config->widths[index];
    base_buf name = {0};
    base_buf_printf(&name, "hidden%zu", index + 1);
    base_status status =
        eng_net_dense(net, config->widths[index], ENG_NORM_NONE, eng_net_activation(net), base_buf_text(&name));
    base_buf_fini(&name);
    BASE_TRY(status);
    BASE_TRY(eng_net_dropout(net, config->dropout_hidden));
    return skip ? eng_net_add(net, (eng_value[]){net->at, before}, 2, &eng_op_linear) : BASE_OK;
}

static base_status build(eng_net *net, const eng_mlp_config *config, eng_ports *ports) {
    for (size_t i = 0; i < config->layers; i++) BASE_TRY(add_hidden(net, config, i));
    return eng_net_end(net, ports);
}

base_status eng_mlp_graph(const eng_mlp_config *config, eng_graph **out, eng_ports *ports, base_err *err) {
    const eng_net_config around = {
        .input = eng_shape_1d(config->inputs),
        .task = config->task,
        .outputs = config->outputs,
        .label_smoothing = config->label_smoothing,
        .dropout_input = config->dropout_input,
        .activation = config->activation,
        .init = config->init,
    };
    eng_net net;
    base_status status = eng_net_begin(&net, &around, err);
    if (status == BASE_OK) status = build(&net, config, ports);
    if (status != BASE_OK) eng_graph_destroy(net.graph);
    *out = status == BASE_OK ? net.graph : NULL;
    return status;
}

base_status eng_mlp_create(const eng_mlp_config *config, const eng_model_options *options, eng_model **out,
                           base_err *err) {
    eng_graph *graph;
    eng_ports ports;
    *out = NULL;
    BASE_TRY(eng_mlp_graph(config, &graph, &ports, err));
    return eng_model_adopt(graph, &ports, options, out, err);
}

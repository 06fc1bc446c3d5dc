/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A multilayer perceptron: [dropout] ([dense, activation, dropout] x layers) dense, loss.
 *
 * With skip, a hidden layer as wide as what it reads gives x + f(x) in place of f(x) (K. He et al., "Deep Residual
 * Learning for Image Recognition", CVPR 2016, eq. 1), which keeps deep ones trainable. */
#include "engine/modules/mlp.h"

#include "engine/modules/network.h"

enum { MAX_WIDTH = 1 << 20, MAX_LAYERS = 1000, WIDTH = 128 };
/* Batches to evaluate with: large enough for a good matrix product, small enough for the activations to stay in cache.
 */
enum { EVALUATE = 256 };

/* ---- the graph ---- */

static base_status add_hidden(eng_net *net, size_t index, size_t width, bool skip, double dropout) {
    const eng_value before = net->at;
    const eng_shape *shape = eng_net_shape(net);
    const bool adds = skip && shape->ndim == 1 && shape->dim[0] == width;
    base_buf name = {0};
    base_buf_printf(&name, "hidden%zu", index + 1);
    base_status status = eng_net_dense(net, width, ENG_NORM_NONE, eng_net_activation(net), base_buf_text(&name));
    base_buf_fini(&name);
    BASE_TRY(status);
    BASE_TRY(eng_net_dropout(net, dropout));
    return adds ? eng_net_add(net, (eng_value[]){net->at, before}, 2, &eng_op_linear) : BASE_OK;
}

static base_status build_all(eng_net *net, const eng_mlp_config *config, eng_ports *ports) {
    for (size_t i = 0; i < config->layers; i++)
        BASE_TRY(add_hidden(net, i, config->widths[i], config->skip, config->dropout_hidden));
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
    if (status == BASE_OK) status = build_all(&net, config, ports);
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

/* ---- by name ---- */

typedef struct mlp_own {
    int64_t layers, width;
    const base_yaml_node *hidden;
    bool skip;
    /* resolved */
    const size_t *widths;
    size_t count;
} mlp_own;

#define FIELD(name) .offset = offsetof(mlp_own, name)

static const base_option options[] = {
    {.name = "layers",
     .kind = BASE_OPTION_INT,
     FIELD(layers),
     .fallback = "2",
     .min = 0,
     .max = MAX_LAYERS,
     .help = "hidden layers; 0 = a linear model"},
    {.name = "width",
     .kind = BASE_OPTION_INT,
     FIELD(width),
     .fallback = "",
     .min = 1,
     .max = MAX_WIDTH,
     .help = "units of each hidden layer, default 128"},
    {.name = "hidden",
     .kind = BASE_OPTION_NODE,
     FIELD(hidden),
     .fallback = "",
     .help = "list of widths, like [256, 128, 64], in place of layers and width"},
    {.name = "skip",
     .kind = BASE_OPTION_BOOL,
     FIELD(skip),
     .fallback = "false",
     .help = "a layer that leaves the shape of what it reads adds to it"},
    BASE_OPTIONS_END,
};

static base_status read_hidden(const base_yaml_node *list, base_arena *arena, mlp_own *o, base_err *err) {
    if (list->kind != BASE_YAML_LIST)
        return base_yaml_fail(list, err, "hidden must be a list of widths, like [256, 128, 64], but is %s",
                              base_yaml_kind_text(list->kind));
    if (list->count > MAX_LAYERS)
        return base_yaml_fail(list, err, "hidden has %zu layers; at most %d are possible", list->count, MAX_LAYERS);
    size_t *widths = BASE_NEW_ARRAY(arena, list->count, size_t);
    for (size_t i = 0; i < list->count; i++) {
        const base_yaml_node *item = list->items[i];
        if (item->kind != BASE_YAML_INT || item->integer < 1 || item->integer > MAX_WIDTH)
            return base_yaml_fail(item, err, "a width in hidden must be an integer between 1 and %d, but is %s",
                                  MAX_WIDTH, base_yaml_is_scalar(item) ? item->text : base_yaml_kind_text(item->kind));
        widths[i] = (size_t)item->integer;
    }
    o->widths = widths;
    o->count = list->count;
    return BASE_OK;
}

static base_status resolve(void *own, const base_yaml_node *settings, base_arena *arena, base_err *err) {
    mlp_own *o = own;
    if (o->hidden != NULL) {
        const bool layers = base_options_given(settings, "layers");
        const char *other = layers ? "layers" : base_options_given(settings, "width") ? "width" : NULL;
        if (other != NULL)
            return base_yaml_fail(base_yaml_key(settings, other), err,
                                  "hidden lists every width, so %s has no meaning beside it; remove one of them",
                                  other);
        return read_hidden(o->hidden, arena, o, err);
    }
    if (o->width == 0) o->width = WIDTH;
    size_t *widths = BASE_NEW_ARRAY(arena, (size_t)o->layers, size_t);
    for (size_t i = 0; i < (size_t)o->layers; i++) widths[i] = (size_t)o->width;
    o->widths = widths;
    o->count = (size_t)o->layers;
    return BASE_OK;
}

static base_status build(eng_net *net, const eng_network *network, eng_ports *ports) {
    const mlp_own *o = network->own;
    for (size_t i = 0; i < o->count; i++) BASE_TRY(add_hidden(net, i, o->widths[i], o->skip, network->dropout));
    return eng_net_end(net, ports);
}

const eng_network_kind eng_network_mlp = {
    .name = "mlp",
    .summary = "multilayer perceptron of any depth and width, with skips or without",
    .options = options,
    .size = sizeof(mlp_own),
    .norm = ENG_NORM_NONE,
    .flat = true,
    .hidden_dropout = true,
    .evaluate = EVALUATE,
    .resolve = resolve,
    .build = build,
};

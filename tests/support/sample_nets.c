/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/sample_nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "engine/modules/convnets.h"

enum { CLASSES = 10 };

static base_status mlp(eng_net *net) {
    BASE_TRY(eng_net_dense(net, 512, ENG_NORM_NONE, &eng_op_relu, NULL));
    BASE_TRY(eng_net_dropout(net, 0.2));
    BASE_TRY(eng_net_dense(net, 512, ENG_NORM_BATCH, &eng_op_tanh, NULL));
    return eng_net_dense(net, 256, ENG_NORM_LAYER, &eng_op_gelu, NULL);
}

static base_status resnet8(eng_net *net) {
    return eng_resnet_build(net, &(eng_convnet_config){.stages = 3, .blocks = 1, .width = 16});
}

static base_status separable(eng_net *net) {
    return eng_separable_build(
        net, &(eng_convnet_config){.stages = 3, .blocks = 2, .width = 32, .skip = true, .drop_path = 0.1});
}

static base_status unet(eng_net *net) {
    return eng_unet_build(net, &(eng_convnet_config){.stages = 3, .blocks = 1, .width = 16});
}

/* ReLU, depthwise k x k, 1 x 1, batch normalization: H. Liu et al., "DARTS", ICLR 2019, section 3. */
static base_status separable_once(eng_net *net, size_t channels, size_t kernel, size_t dilation) {
    static const eng_window point = {.size = {1, 1}, .stride = {1, 1}, .dilation = 1};
    const eng_conv2d_config depthwise = {.filters = channels,
                                         .kernel = {kernel},
                                         .dilation = {dilation},
                                         .same = true,
                                         .groups = channels,
                                         .no_bias = true};
    BASE_TRY(eng_net_activate(net, &eng_op_relu));
    BASE_TRY(eng_net_apply(net, &eng_op_conv2d, &depthwise, NULL));
    return eng_net_conv(net, channels, &point, 1, ENG_NORM_BATCH, &eng_op_linear);
}

/* The operations of an edge of a supernet: pooling, separable and dilated convolutions, the identity. */
static base_status edge(eng_net *net, eng_value from, size_t channels, eng_value *out) {
    enum { OPERATIONS = 6 };
    static const eng_window around = {.size = {3, 3}, .stride = {1, 1}, .dilation = 1, .same = true};
    eng_value term[OPERATIONS];
    for (size_t i = 0; i < OPERATIONS; i++) {
        net->at = from;
        if (i < 2) BASE_TRY(eng_net_pool(net, i == 0 ? ENG_POOL_MAX : ENG_POOL_AVERAGE, &around));
        if (i == 2 || i == 3) BASE_TRY(separable_once(net, channels, i == 2 ? 3 : 5, 1));
        if (i == 4) BASE_TRY(separable_once(net, channels, 3, 2));
        term[i] = net->at;
    }
    BASE_TRY(eng_net_add(net, term, OPERATIONS, &eng_op_linear));
    *out = net->at;
    return BASE_OK;
}

/* Two nodes, each the sum of its edges; side by side they are the output. */
static base_status cell(eng_net *net) {
    static const eng_window around = {.size = {3, 3}, .stride = {1, 1}, .dilation = 1, .same = true};
    enum { CHANNELS = 8 };
    eng_value node[2], edges[2];
    BASE_TRY(eng_net_conv(net, CHANNELS, &around, 1, ENG_NORM_BATCH, &eng_op_linear));
    const eng_value stem = net->at;
    BASE_TRY(edge(net, stem, CHANNELS, &node[0]));
    BASE_TRY(edge(net, stem, CHANNELS, &edges[0]));
    BASE_TRY(edge(net, node[0], CHANNELS, &edges[1]));
    BASE_TRY(eng_net_add(net, edges, 2, &eng_op_linear));
    node[1] = net->at;
    BASE_TRY(eng_net_concat(net, node, 2));
    return eng_net_global_pool(net, ENG_POOL_AVERAGE);
}

const sample_net sample_nets[] = {
    {.name = "mlp", .input = {.ndim = 1, .dim = {784}}, .build = mlp},
    {.name = "resnet8", .input = {.ndim = 3, .dim = {32, 32, 3}}, .build = resnet8},
    {.name = "separable", .input = {.ndim = 3, .dim = {32, 32, 3}}, .dropout = 0.1, .build = separable},
    {.name = "unet", .input = {.ndim = 3, .dim = {32, 32, 3}}, .build = unet},
    {.name = "cell", .input = {.ndim = 3, .dim = {28, 28, 1}}, .build = cell},
};
const size_t sample_nets_count = sizeof sample_nets / sizeof *sample_nets;

const sample_net *sample_net_find(const char *name) {
    for (size_t i = 0; i < sample_nets_count; i++)
        if (strcmp(sample_nets[i].name, name) == 0) return &sample_nets[i];
    return NULL;
}

eng_model *sample_net_model(const sample_net *what, size_t batch, const eng_kernels *kernels) {
    const eng_net_config config = {.input = what->input,
                                   .task = ENG_MULTICLASS,
                                   .outputs = CLASSES,
                                   .dropout_input = what->dropout,
                                   .dropout_output = what->dropout,
                                   .norm = ENG_NORM_BATCH};
    const eng_model_options options = {.batch = batch, .seed = 7, .kernels = kernels};
    base_err err;
    eng_net net;
    eng_ports ports;
    eng_model *model = NULL;
    base_status status = eng_net_begin(&net, &config, &err);
    if (status == BASE_OK) status = what->build(&net);
    if (status == BASE_OK) status = eng_net_end(&net, &ports);
    if (status == BASE_OK) status = eng_model_adopt(net.graph, &ports, &options, &model, &err);
    if (status != BASE_OK) {
        fprintf(stderr, "%s: %s\n", what->name, err.text);
        abort();
    }
    return model;
}

void sample_net_batch(const sample_net *what, size_t n, uint32_t number, float *x, int32_t *labels) {
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, number, 0);
    const size_t features = eng_shape_count(&what->input);
    for (size_t i = 0; i < n * features; i++) x[i] = 2.0f * base_rng_uniformf(&rng) - 1.0f;
    for (size_t i = 0; i < n; i++) labels[i] = (int32_t)((i * 7 + number) % CLASSES);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shared parts of operations.
 *
 * H. Liu et al., "DARTS", ICLR 2019, section 3 and appendix A.1, layer by layer as in the authors' code; X. Dong,
 * Y. Yang, "NAS-Bench-201", ICLR 2020, section 2; X. Su et al., "Prioritized Architecture Sampling with Monto-Carlo
 * Tree Search", CVPR 2021, appendix (NAS-Bench-Macro). */
#include "nas/parts.h"

static base_status apply(eng_net *net, const nas_edge *edge, const eng_op *op, const void *config, const char *name) {
    base_buf full = {0};
    base_buf_printf(&full, "%s.%s", edge->name, name);
    base_status status = eng_net_apply(net, op, config, base_buf_text(&full));
    base_buf_fini(&full);
    return status;
}

static size_t channels_at(const eng_net *net) {
    return eng_net_shape(net)->dim[2];
}

size_t nas_norm_numbers(size_t channels, bool affine) {
    return affine ? 2 * channels : 0;
}

base_status nas_part_relu(eng_net *net, const nas_edge *edge) {
    const bool shared = net->at == edge->input && edge->relu != NULL;
    if (shared && *edge->relu != ENG_NO_VALUE) {
        net->at = *edge->relu;
        return BASE_OK;
    }
    BASE_TRY(eng_net_apply(net, &eng_op_relu, NULL, NULL));
    if (shared) *edge->relu = net->at;
    return BASE_OK;
}

/* Kernels of all sizes as one parameter, with the name that the largest would have, and what is made of it. */
static base_status superpose(const eng_net *net, const nas_superposition *s, const eng_conv2d_config *conv,
                             const char *name, eng_value *out) {
    const size_t groups = conv->groups > 0 ? conv->groups : 1, taps = s->largest * s->largest;
    const size_t channels = channels_at(net) / groups;
    const eng_parameter_config all = {
        .shape = {.ndim = 4, .dim = {s->largest, s->largest, channels, conv->filters}},
        .init = conv->init != NULL ? conv->init : &eng_init_he_normal,
        .fan_in = taps * channels,
        .fan_out = taps * (conv->filters / groups),
        .decay = true,
        .role = "weight",
    };
    eng_superpose_config config = {.row = s->row, .count = s->count, .middle = 3, .normalise = true};
    eng_value in[2] = {ENG_NO_VALUE, s->weights};
    for (size_t j = 0; j < s->count; j++) {
        config.column[j] = s->column[j];
        config.keep[j][0] = config.keep[j][1] = s->kernel[j];
    }
    BASE_TRY(eng_graph_add(net->graph, &eng_op_parameter, &all, name, NULL, &in[0], net->err));
    return eng_graph_add(net->graph, &eng_op_superpose, &config, NULL, in, out, net->err);
}

/* A kernel of the size of the operation's; others are shared by its family. */
static base_status convolve_superposed(eng_net *net, const nas_edge *edge, const eng_conv2d_config *conv,
                                       const char *name) {
    base_buf full = {0};
    eng_value in[2] = {net->at, ENG_NO_VALUE};
    base_buf_printf(&full, "%s.%s", edge->name, name);
    base_status status = superpose(net, edge->superposition, conv, base_buf_text(&full), &in[1]);
    base_buf_fini(&full);
    BASE_TRY(status);
    return eng_graph_add_many(net->graph, &eng_op_conv2d_given, conv, NULL, in, 2, &net->at, net->err);
}

static base_status convolve(eng_net *net, const nas_edge *edge, const eng_conv2d_config *conv, const char *name) {
    const nas_superposition *s = edge->superposition;
    if (s != NULL && conv->kernel[0] == s->largest) return convolve_superposed(net, edge, conv, name);
    return apply(net, edge, &eng_op_conv2d, conv, name);
}

base_status nas_part_conv(eng_net *net, const nas_edge *edge, const char *name, size_t filters, size_t kernel,
                          size_t stride) {
    const eng_conv2d_config conv = {.filters = filters,
                                    .kernel = {kernel},
                                    .stride = {stride},
                                    .same = true,
                                    .no_bias = true,
                                    .init = net->config->init};
    return convolve(net, edge, &conv, name);
}

base_status nas_part_depthwise(eng_net *net, const nas_edge *edge, const char *name, size_t kernel, size_t stride,
                               size_t dilation) {
    const size_t channels = channels_at(net);
    const eng_conv2d_config conv = {.filters = channels,
                                    .kernel = {kernel},
                                    .stride = {stride},
                                    .dilation = {dilation},
                                    .same = true,
                                    .groups = channels,
                                    .no_bias = true,
                                    .init = net->config->init};
    return convolve(net, edge, &conv, name);
}

base_status nas_part_norm(eng_net *net, const nas_edge *edge, const char *name, bool relu) {
    const eng_batch_norm_config norm = {.no_affine = !edge->affine, .relu = relu};
    return apply(net, edge, &eng_op_batch_norm, &norm, name);
}

base_status nas_part_pool(eng_net *net, const nas_edge *edge, eng_pooling pooling) {
    const eng_pool_config pool = {.window = {3}, .stride = {edge->stride}, .padding = {1, 1}};
    BASE_TRY(apply(net, edge, pooling == ENG_POOL_MAX ? &eng_op_max_pool : &eng_op_mean_pool, &pool, "pool"));
    if (!edge->pool_norm) return BASE_OK;
    return apply(net, edge, &eng_op_batch_norm, &(eng_batch_norm_config){.no_affine = true}, "norm");
}

base_status nas_part_separable(eng_net *net, const nas_edge *edge, size_t kernel) {
    BASE_TRY(nas_part_relu(net, edge));
    BASE_TRY(nas_part_depthwise(net, edge, "depthwise1", kernel, edge->stride, 1));
    BASE_TRY(nas_part_conv(net, edge, "pointwise1", channels_at(net), 1, 1));
    BASE_TRY(nas_part_norm(net, edge, "norm1", true));
    BASE_TRY(nas_part_depthwise(net, edge, "depthwise2", kernel, 1, 1));
    BASE_TRY(nas_part_conv(net, edge, "pointwise2", edge->channels, 1, 1));
    return nas_part_norm(net, edge, "norm2", false);
}

base_status nas_part_dilated(eng_net *net, const nas_edge *edge, size_t kernel) {
    BASE_TRY(nas_part_relu(net, edge));
    BASE_TRY(nas_part_depthwise(net, edge, "depthwise", kernel, edge->stride, 2));
    BASE_TRY(nas_part_conv(net, edge, "pointwise", edge->channels, 1, 1));
    return nas_part_norm(net, edge, "norm", false);
}

base_status nas_part_relu_conv_norm(eng_net *net, const nas_edge *edge, size_t kernel) {
    BASE_TRY(nas_part_relu(net, edge));
    BASE_TRY(nas_part_conv(net, edge, "conv", edge->channels, kernel, edge->stride));
    return nas_part_norm(net, edge, "norm", false);
}

base_status nas_part_factorized_reduce(eng_net *net, const nas_edge *edge) {
    const size_t half = edge->channels / 2;
    if (half == 0)
        return BASE_FAIL(net->err, BASE_INVALID, "a factorized reduction has at least 2 channels, not %zu",
                         edge->channels);
    BASE_TRY(nas_part_relu(net, edge));
    const eng_value rectified = net->at;
    eng_value branch[2];
    BASE_TRY(nas_part_conv(net, edge, "conv1", half, 1, 2));
    branch[0] = net->at;
    net->at = rectified;
    BASE_TRY(eng_net_apply(net, &eng_op_subsample, &(eng_subsample_config){.begin = {1, 1}, .stride = 2}, NULL));
    BASE_TRY(nas_part_conv(net, edge, "conv2", edge->channels - half, 1, 1));
    branch[1] = net->at;
    BASE_TRY(eng_net_concat(net, branch, 2));
    return nas_part_norm(net, edge, "norm", false);
}

base_status nas_part_inverted(eng_net *net, const nas_edge *edge, size_t kernel, size_t expansion) {
    const eng_shape before = *eng_net_shape(net);
    BASE_TRY(nas_part_conv(net, edge, "expand", expansion * channels_at(net), 1, 1));
    BASE_TRY(nas_part_norm(net, edge, "norm1", true));
    BASE_TRY(nas_part_depthwise(net, edge, "depthwise", kernel, edge->stride, 1));
    BASE_TRY(nas_part_norm(net, edge, "norm2", true));
    BASE_TRY(nas_part_conv(net, edge, "project", edge->channels, 1, 1));
    BASE_TRY(nas_part_norm(net, edge, "norm3", false));
    if (!eng_shape_equal(&before, eng_net_shape(net))) return BASE_OK;
    return eng_net_add(net, (eng_value[]){net->at, edge->input}, 2, &eng_op_linear);
}

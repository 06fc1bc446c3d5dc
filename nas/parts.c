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

/* Which channels of a convolution are hidden ones of an inverted residual, whose number is its operation's. */
enum { HIDDEN_IN = 1u, HIDDEN_OUT = 2u };

/* What operation j of a family has of the weights [kernel, kernel, channels, filters]; 0 = all. */
static void crop(const nas_superposition *s, size_t j, const eng_shape *all, unsigned hidden,
                 size_t keep[ENG_MAX_DIMS]) {
    const bool kernel = all->dim[0] == s->largest;
    if (kernel) keep[0] = keep[1] = s->kernel[j];
    if (hidden & HIDDEN_IN) keep[2] = all->dim[2] / s->widest * s->expansion[j];
    if (hidden & HIDDEN_OUT) keep[3] = all->dim[3] / s->widest * s->expansion[j];
}

/* Weights of all sizes as one parameter, with the name that those of the largest have, and what is made of it. */
static base_status superpose(const eng_net *net, const nas_superposition *s, const eng_conv2d_config *conv,
                             unsigned hidden, const char *name, eng_value *out) {
    const size_t groups = conv->groups > 0 ? conv->groups : 1, k = conv->kernel[0];
    const size_t channels = channels_at(net) / groups;
    const eng_parameter_config all = {
        .shape = {.ndim = 4, .dim = {k, k, channels, conv->filters}},
        .init = conv->init != NULL ? conv->init : &eng_init_he_normal,
        .fan_in = k * k * channels,
        .fan_out = k * k * (conv->filters / groups),
        .decay = true,
        .role = "weight",
    };
    eng_superpose_config config = {.row = s->row, .count = s->count, .middle = 3, .normalize = true};
    eng_value in[2] = {ENG_NO_VALUE, s->weights};
    for (size_t j = 0; j < s->count; j++) {
        config.column[j] = s->column[j];
        crop(s, j, &all.shape, hidden, config.keep[j]);
    }
    BASE_TRY(eng_graph_add(net->graph, &eng_op_parameter, &all, name, NULL, &in[0], net->err));
    return eng_graph_add(net->graph, &eng_op_superpose, &config, NULL, in, out, net->err);
}

static base_status convolve_superposed(eng_net *net, const nas_edge *edge, const eng_conv2d_config *conv,
                                       unsigned hidden, const char *name) {
    base_buf full = {0};
    eng_value in[2] = {net->at, ENG_NO_VALUE};
    base_buf_printf(&full, "%s.%s", edge->name, name);
    base_status status = superpose(net, edge->superposition, conv, hidden, base_buf_text(&full), &in[1]);
    base_buf_fini(&full);
    BASE_TRY(status);
    return eng_graph_add_many(net->graph, &eng_op_conv2d_given, conv, NULL, in, 2, &net->at, net->err);
}

static bool differ(const size_t *sizes, size_t count) {
    for (size_t j = 1; j < count; j++)
        if (sizes[j] != sizes[0]) return true;
    return false;
}

/* Where an operation stands for its family, what its members have in different sizes is superposed; all else they
 * share. */
static base_status convolve(eng_net *net, const nas_edge *edge, const eng_conv2d_config *conv, unsigned hidden,
                            const char *name) {
    const nas_superposition *s = edge->superposition;
    const bool kernels = s != NULL && conv->kernel[0] == s->largest && differ(s->kernel, s->count);
    const bool widths = s != NULL && hidden != 0 && differ(s->expansion, s->count);
    if (kernels || widths) return convolve_superposed(net, edge, conv, hidden, name);
    return apply(net, edge, &eng_op_conv2d, conv, name);
}

static base_status square(eng_net *net, const nas_edge *edge, const char *name, size_t filters, size_t kernel,
                          size_t stride, unsigned hidden) {
    const eng_conv2d_config conv = {.filters = filters,
                                    .kernel = {kernel},
                                    .stride = {stride},
                                    .same = true,
                                    .no_bias = true,
                                    .init = net->config->init};
    return convolve(net, edge, &conv, hidden, name);
}

static base_status depthwise(eng_net *net, const nas_edge *edge, const char *name, size_t kernel, size_t stride,
                             size_t dilation, unsigned hidden) {
    const size_t channels = channels_at(net);
    const eng_conv2d_config conv = {.filters = channels,
                                    .kernel = {kernel},
                                    .stride = {stride},
                                    .dilation = {dilation},
                                    .same = true,
                                    .groups = channels,
                                    .no_bias = true,
                                    .init = net->config->init};
    return convolve(net, edge, &conv, hidden, name);
}

base_status nas_part_conv(eng_net *net, const nas_edge *edge, const char *name, size_t filters, size_t kernel,
                          size_t stride) {
    return square(net, edge, name, filters, kernel, stride, 0);
}

base_status nas_part_depthwise(eng_net *net, const nas_edge *edge, const char *name, size_t kernel, size_t stride,
                               size_t dilation) {
    return depthwise(net, edge, name, kernel, stride, dilation, 0);
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
    BASE_TRY(square(net, edge, "expand", expansion * channels_at(net), 1, 1, HIDDEN_OUT));
    BASE_TRY(nas_part_norm(net, edge, "norm1", true));
    BASE_TRY(depthwise(net, edge, "depthwise", kernel, edge->stride, 1, HIDDEN_OUT));
    BASE_TRY(nas_part_norm(net, edge, "norm2", true));
    BASE_TRY(square(net, edge, "project", edge->channels, 1, 1, HIDDEN_IN));
    BASE_TRY(nas_part_norm(net, edge, "norm3", false));
    if (!eng_shape_equal(&before, eng_net_shape(net))) return BASE_OK;
    return eng_net_add(net, (eng_value[]){net->at, edge->input}, 2, &eng_op_linear);
}

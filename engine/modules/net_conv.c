/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps that convolutional networks are made of. Whether shapes fit is checked here, with what would be right,
 * before an op is asked. */
#include "engine/modules/net.h"

static base_status need_image(const eng_net *net) {
    const eng_shape *in = eng_net_shape(net);
    if (in->ndim == 3) return BASE_OK;
    base_buf text = {0};
    eng_shape_text(in, &text);
    base_status status = BASE_FAIL(net->err, BASE_INVALID, "it needs an image [height, width, channels], but reads %s",
                                   base_buf_text(&text));
    base_buf_fini(&text);
    return status;
}

static base_status need_room(const eng_net *net, const char *what, const eng_window *w) {
    const eng_shape *in = eng_net_shape(net);
    const size_t extent = (w->size - 1) * w->dilation + 1;
    BASE_TRY(need_image(net));
    if (w->same && w->size % 2 == 0)
        return BASE_FAIL(net->err, BASE_INVALID, "%s %zu has no middle: with padding same it must be odd", what,
                         w->size);
    if (w->same || (extent <= in->dim[0] && extent <= in->dim[1])) return BASE_OK;
    base_buf text = {0};
    if (w->dilation > 1) base_buf_printf(&text, " with dilation %zu (%zu pixels)", w->dilation, extent);
    base_status status = BASE_FAIL(net->err, BASE_INVALID, "%s %zu%s does not fit the %zux%zu input without padding",
                                   what, w->size, base_buf_text(&text), in->dim[0], in->dim[1]);
    base_buf_fini(&text);
    return status;
}

static base_status need_groups(const eng_net *net, size_t filters, size_t groups) {
    const size_t channels = eng_net_shape(net)->dim[2];
    if (channels % groups == 0 && filters % groups == 0) return BASE_OK;
    return BASE_FAIL(net->err, BASE_INVALID, "%zu groups do not divide the %zu channels that it %s", groups,
                     channels % groups != 0 ? channels : filters, channels % groups != 0 ? "reads" : "has");
}

base_status eng_net_conv(eng_net *net, size_t filters, const eng_window *window, size_t groups, eng_norm norm,
                         const eng_op *activation) {
    BASE_TRY(need_room(net, "kernel", window));
    BASE_TRY(need_groups(net, filters, groups));
    const bool fused = norm == ENG_NORM_NONE && activation->epilogue != ENG_EPILOGUE_NONE;
    const eng_conv2d_config conv = {
        .filters = filters,
        .kernel = {window->size},
        .stride = {window->stride},
        .dilation = {window->dilation},
        .same = window->same,
        .groups = groups,
        .no_bias = norm != ENG_NORM_NONE, /* the normalisation's shift is one */
        .epilogue = fused ? activation->epilogue : ENG_EPILOGUE_NONE,
        .init = eng_net_init(net, activation),
    };
    BASE_TRY(eng_net_apply(net, &eng_op_conv2d, &conv, NULL));
    return fused ? BASE_OK : eng_net_finish(net, norm, activation);
}

base_status eng_net_depthwise(eng_net *net, const eng_window *window, eng_norm norm, const eng_op *activation) {
    BASE_TRY(need_image(net));
    const size_t channels = eng_net_shape(net)->dim[2];
    return eng_net_conv(net, channels, window, channels, norm, activation);
}

base_status eng_net_separable(eng_net *net, size_t filters, const eng_window *window, eng_norm norm,
                              const eng_op *activation) {
    static const eng_window point = {.size = 1, .stride = 1, .dilation = 1};
    BASE_TRY(eng_net_depthwise(net, window, norm, activation));
    return eng_net_conv(net, filters, &point, 1, norm, activation);
}

base_status eng_net_pool(eng_net *net, eng_pooling pooling, const eng_window *window) {
    const size_t zeros = window->same ? (window->size - 1) / 2 : 0;
    const eng_pool_config pool = {
        .window = {window->size, window->size}, .stride = {window->stride, window->stride}, .padding = {zeros, zeros}};
    BASE_TRY(need_room(net, "size", window));
    return eng_net_apply(net, pooling == ENG_POOL_MAX ? &eng_op_max_pool : &eng_op_mean_pool, &pool, NULL);
}

base_status eng_net_global_pool(eng_net *net, eng_pooling pooling) {
    BASE_TRY(need_image(net));
    if (pooling == ENG_POOL_AVERAGE) return eng_net_apply(net, &eng_op_global_mean_pool, NULL, NULL);
    const eng_shape *in = eng_net_shape(net);
    const eng_pool_config whole = {.window = {in->dim[0], in->dim[1]}};
    BASE_TRY(eng_net_apply(net, &eng_op_max_pool, &whole, NULL));
    return eng_net_apply(net, &eng_op_reshape, NULL, NULL);
}

base_status eng_net_upsample(eng_net *net, size_t factor) {
    BASE_TRY(need_image(net));
    return eng_net_apply(net, &eng_op_upsample, &(eng_upsample_config){.factor = factor}, NULL);
}

base_status eng_net_transposed(eng_net *net, size_t filters, const eng_window *window, eng_norm norm,
                               const eng_op *activation) {
    BASE_TRY(need_image(net));
    const bool fused = norm == ENG_NORM_NONE && activation->epilogue != ENG_EPILOGUE_NONE;
    const eng_conv2d_transposed_config conv = {
        .filters = filters,
        .kernel = {window->size},
        .stride = {window->stride},
        .extra = {window->extra[0], window->extra[1]},
        .no_bias = norm != ENG_NORM_NONE,
        .epilogue = fused ? activation->epilogue : ENG_EPILOGUE_NONE,
        .init = eng_net_init(net, activation),
    };
    BASE_TRY(eng_net_apply(net, &eng_op_conv2d_transposed, &conv, NULL));
    return fused ? BASE_OK : eng_net_finish(net, norm, activation);
}

base_status eng_net_normalise(eng_net *net, eng_norm norm) {
    return eng_net_finish(net, norm, &eng_op_linear);
}

base_status eng_net_finish(eng_net *net, eng_norm norm, const eng_op *activation) {
    const bool fused = norm == ENG_NORM_BATCH && activation == &eng_op_relu;
    if (norm == ENG_NORM_BATCH)
        BASE_TRY(eng_net_apply(net, &eng_op_batch_norm, &(eng_batch_norm_config){.relu = fused}, NULL));
    if (norm == ENG_NORM_LAYER) BASE_TRY(eng_net_apply(net, &eng_op_layer_norm, NULL, NULL));
    return fused ? BASE_OK : eng_net_activate(net, activation);
}

/* K. He et al., CVPR 2016, eq. 2, option B. */
static base_status project(eng_net *net, const eng_shape *to, eng_norm norm) {
    const eng_shape from = *eng_net_shape(net);
    if (to->ndim == 1) return eng_net_dense(net, to->dim[0], ENG_NORM_NONE, &eng_op_linear, NULL);
    BASE_TRY(need_image(net));
    const size_t stride = (from.dim[0] + to->dim[0] - 1) / to->dim[0];
    if ((from.dim[0] - 1) / stride + 1 != to->dim[0] || (from.dim[1] - 1) / stride + 1 != to->dim[1])
        return BASE_FAIL(net->err, BASE_INVALID,
                         "its layers turn %zux%zu into %zux%zu pixels, which no stride of the shortcut does; padding "
                         "same keeps the size",
                         from.dim[0], from.dim[1], to->dim[0], to->dim[1]);
    const eng_window window = {.size = 1, .stride = stride, .dilation = 1};
    return eng_net_conv(net, to->dim[2], &window, 1, norm, &eng_op_linear);
}

base_status eng_net_residual(eng_net *net, eng_value before, double drop_path, eng_norm norm,
                             const eng_op *activation) {
    if (drop_path > 0.0)
        BASE_TRY(eng_net_apply(net, &eng_op_drop_path, &(eng_drop_path_config){.rate = drop_path}, NULL));
    const eng_value end = net->at;
    const eng_shape to = *eng_net_shape(net);
    net->at = before;
    if (!eng_shape_equal(&to, eng_net_shape(net))) BASE_TRY(project(net, &to, norm));
    return eng_net_add(net, (eng_value[]){end, net->at}, 2, activation);
}

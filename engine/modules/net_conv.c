/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps that convolutional networks are made of. Whether shapes fit is checked here, with what would be right,
 * before an op is asked. */
#include "engine/modules/net.h"

static base_status need(const eng_net *net, size_t ndim, const char *what) {
    const eng_shape *in = eng_net_shape(net);
    if (in->ndim == ndim) return BASE_OK;
    base_buf text = {0};
    eng_shape_text(in, &text);
    base_status status = BASE_FAIL(net->err, BASE_INVALID, "it needs %s, but reads %s", what, base_buf_text(&text));
    base_buf_fini(&text);
    return status;
}

static base_status need_image(const eng_net *net) {
    return need(net, 3, "an image [height, width, channels]");
}

static base_status need_volume(const eng_net *net) {
    return need(net, 4, "a volume [depth, height, width, channels], which a reshape layer makes of an image");
}

static size_t size_of(const eng_window *w, size_t direction) {
    return w->size[direction] == 0 ? w->size[0] : w->size[direction];
}

static size_t extent_of(const eng_window *w, size_t direction) {
    return (size_of(w, direction) - 1) * w->dilation + 1;
}

/* "8x6" */
static void put_sizes(size_t (*size)(const eng_window *w, size_t direction), const eng_window *w, size_t directions,
                      base_buf *out) {
    bool equal = true;
    for (size_t i = 1; i < directions; i++) equal = equal && size(w, i) == size(w, 0);
    for (size_t i = 0; i < (equal ? 1 : directions); i++) base_buf_printf(out, "%s%zu", i > 0 ? "x" : "", size(w, i));
}

static base_status fail_room(const eng_net *net, const char *what, const eng_window *w, size_t directions) {
    base_buf text = {0};
    base_buf_printf(&text, "%s ", what);
    put_sizes(size_of, w, directions, &text);
    if (w->dilation > 1) {
        base_buf_printf(&text, " with dilation %zu (", w->dilation);
        put_sizes(extent_of, w, directions, &text);
        base_buf_puts(&text, " pixels)");
    }
    base_buf_puts(&text, " does not fit the ");
    for (size_t i = 0; i < directions; i++)
        base_buf_printf(&text, "%s%zu", i > 0 ? "x" : "", eng_net_shape(net)->dim[i]);
    base_status status = BASE_FAIL(net->err, BASE_INVALID, "%s input without padding", base_buf_text(&text));
    base_buf_fini(&text);
    return status;
}

/* Fits the window into what the next layer reads, an image or a volume? */
static base_status need_room(const eng_net *net, const char *what, const eng_window *w) {
    const eng_shape *in = eng_net_shape(net);
    const size_t directions = in->ndim - 1;
    for (size_t i = 0; i < directions; i++) {
        if (w->same && size_of(w, i) % 2 == 0)
            return BASE_FAIL(net->err, BASE_INVALID, "%s %zu has no middle: with padding same it must be odd", what,
                             size_of(w, i));
        if (!w->same && extent_of(w, i) > in->dim[i]) return fail_room(net, what, w, directions);
    }
    return BASE_OK;
}

static base_status need_groups(const eng_net *net, size_t filters, size_t groups) {
    const size_t channels = eng_net_shape(net)->dim[2];
    if (channels % groups == 0 && filters % groups == 0) return BASE_OK;
    return BASE_FAIL(net->err, BASE_INVALID, "%zu groups do not divide the %zu channels that it %s", groups,
                     channels % groups != 0 ? channels : filters, channels % groups != 0 ? "reads" : "has");
}

base_status eng_net_conv(eng_net *net, size_t filters, const eng_window *window, size_t groups, eng_norm norm,
                         const eng_op *activation) {
    BASE_TRY(need_image(net));
    BASE_TRY(need_room(net, "kernel", window));
    BASE_TRY(need_groups(net, filters, groups));
    const bool fused = norm == ENG_NORM_NONE && activation->epilogue != ENG_EPILOGUE_NONE;
    const eng_conv2d_config conv = {
        .filters = filters,
        .kernel = {window->size[0], window->size[1]},
        .stride = {window->stride[0], window->stride[1]},
        .dilation = {window->dilation},
        .same = window->same,
        .groups = groups,
        .no_bias = norm != ENG_NORM_NONE, /* the normalization's shift is one */
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
    static const eng_window point = {.size = {1}, .stride = {1}, .dilation = 1};
    BASE_TRY(eng_net_depthwise(net, window, norm, activation));
    return eng_net_conv(net, filters, &point, 1, norm, activation);
}

/* C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, section 3.2. */
base_status eng_net_spatially_separable(eng_net *net, size_t filters, const eng_window *window, eng_norm norm,
                                        const eng_op *activation) {
    eng_window down = *window, along = *window;
    down.size[1] = down.stride[1] = along.size[0] = along.stride[0] = 1;
    along.size[1] = window->size[0];
    along.stride[1] = window->stride[0];
    BASE_TRY(eng_net_conv(net, filters, &down, 1, norm, activation));
    return eng_net_conv(net, filters, &along, 1, norm, activation);
}

base_status eng_net_conv3d(eng_net *net, size_t filters, const eng_window *window, eng_norm norm,
                           const eng_op *activation) {
    BASE_TRY(need_volume(net));
    BASE_TRY(need_room(net, "kernel", window));
    const bool fused = norm == ENG_NORM_NONE && activation->epilogue != ENG_EPILOGUE_NONE;
    const eng_conv3d_config conv = {
        .filters = filters,
        .kernel = {window->size[0], window->size[1], window->size[2]},
        .stride = {window->stride[0], window->stride[1], window->stride[2]},
        .dilation = {window->dilation},
        .same = window->same,
        .no_bias = norm != ENG_NORM_NONE,
        .epilogue = fused ? activation->epilogue : ENG_EPILOGUE_NONE,
        .init = eng_net_init(net, activation),
    };
    BASE_TRY(eng_net_apply(net, &eng_op_conv3d, &conv, NULL));
    return fused ? BASE_OK : eng_net_finish(net, norm, activation);
}

base_status eng_net_pool(eng_net *net, eng_pooling pooling, const eng_window *window) {
    const size_t zeros = window->same ? (window->size[0] - 1) / 2 : 0;
    const eng_pool_config pool = {
        .window = {window->size[0]}, .stride = {window->stride[0]}, .padding = {zeros, zeros}};
    BASE_TRY(need_image(net));
    BASE_TRY(need_room(net, "size", window));
    return eng_net_apply(net, pooling == ENG_POOL_MAX ? &eng_op_max_pool : &eng_op_mean_pool, &pool, NULL);
}

base_status eng_net_global_pool(eng_net *net, eng_pooling pooling) {
    if (eng_net_shape(net)->ndim != 4) BASE_TRY(need_image(net));
    if (pooling == ENG_POOL_AVERAGE) return eng_net_apply(net, &eng_op_global_mean_pool, NULL, NULL);
    if (eng_net_shape(net)->ndim == 4) { /* the slices of a volume are an image, one below the other */
        const size_t *dim = eng_net_shape(net)->dim;
        const eng_reshape_config below = {.shape = eng_shape_3d(dim[0] * dim[1], dim[2], dim[3])};
        BASE_TRY(eng_net_apply(net, &eng_op_reshape, &below, NULL));
    }
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
        .kernel = {window->size[0], window->size[1]},
        .stride = {window->stride[0], window->stride[1]},
        .extra = {window->extra[0], window->extra[1]},
        .no_bias = norm != ENG_NORM_NONE,
        .epilogue = fused ? activation->epilogue : ENG_EPILOGUE_NONE,
        .init = eng_net_init(net, activation),
    };
    BASE_TRY(eng_net_apply(net, &eng_op_conv2d_transposed, &conv, NULL));
    return fused ? BASE_OK : eng_net_finish(net, norm, activation);
}

base_status eng_net_normalize(eng_net *net, eng_norm norm) {
    return eng_net_finish(net, norm, &eng_op_linear);
}

base_status eng_net_finish(eng_net *net, eng_norm norm, const eng_op *activation) {
    const bool fused = norm == ENG_NORM_BATCH && activation == &eng_op_relu;
    if (norm == ENG_NORM_BATCH)
        BASE_TRY(eng_net_apply(net, &eng_op_batch_norm, &(eng_batch_norm_config){.relu = fused}, NULL));
    if (norm == ENG_NORM_LAYER) BASE_TRY(eng_net_apply(net, &eng_op_layer_norm, NULL, NULL));
    return fused ? BASE_OK : eng_net_activate(net, activation);
}

static base_status fail_project(const eng_net *net, const eng_shape *from, const eng_shape *to) {
    base_buf text = {0};
    base_buf_puts(&text, "its layers turn ");
    for (size_t i = 0; i + 1 < from->ndim; i++) base_buf_printf(&text, "%s%zu", i > 0 ? "x" : "", from->dim[i]);
    base_buf_puts(&text, " into ");
    for (size_t i = 0; i + 1 < to->ndim; i++) base_buf_printf(&text, "%s%zu", i > 0 ? "x" : "", to->dim[i]);
    base_status status =
        BASE_FAIL(net->err, BASE_INVALID,
                  "%s pixels, which no stride of the shortcut does; padding same keeps the size", base_buf_text(&text));
    base_buf_fini(&text);
    return status;
}

/* K. He et al., CVPR 2016, eq. 2, option B. */
static base_status project(eng_net *net, const eng_shape *to, eng_norm norm) {
    const eng_shape from = *eng_net_shape(net);
    if (to->ndim == 1) return eng_net_dense(net, to->dim[0], ENG_NORM_NONE, &eng_op_linear, NULL);
    BASE_TRY(to->ndim == 4 ? need_volume(net) : need_image(net));
    eng_window window = {.size = {1}, .dilation = 1};
    for (size_t i = 0; i + 1 < to->ndim; i++) {
        window.stride[i] = (from.dim[i] + to->dim[i] - 1) / to->dim[i];
        if ((from.dim[i] - 1) / window.stride[i] + 1 != to->dim[i]) return fail_project(net, &from, to);
    }
    const size_t channels = to->dim[to->ndim - 1];
    if (to->ndim == 4) return eng_net_conv3d(net, channels, &window, norm, &eng_op_linear);
    return eng_net_conv(net, channels, &window, 1, norm, &eng_op_linear);
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

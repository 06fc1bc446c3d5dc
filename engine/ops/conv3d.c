/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three-dimensional convolution of volumes [depth, height, width, channels].
 *
 * D. Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks", ICCV 2015, section 3.1. An output
 * slice reads as many input slices as the kernel is deep. Put side by side, their channels one after the other, these
 * slices are one image with kernel depth x channels of them, and the slice is its two-dimensional convolution: that is
 * what is computed, by the passes of engine/ops/conv.h, and weights lie as these want them. Only the images have to be
 * made: a copy of x as many times as the kernel is deep, against height x width of the kernel x filters products with
 * each of its numbers. It is made for a few samples at a time. A kernel of depth 1 reads x in place. */
#include <string.h>

#include "engine/export/export.h"
#include "engine/ops/epilogue.h"
#include "engine/ops/conv_layer.h"

#define BLOCK_BYTES ((size_t)1 << 20) /* of images made at a time: a fraction of the L2 cache */

typedef struct volume {
    eng_conv_edge d;
    eng_conv conv; /* of the images: channels are those of all slices that are read at once */
    bool made;     /* images are made, not read in place */
    size_t channels;
} volume;

static const eng_conv3d_config *config_of(const eng_node *node) {
    return node->config;
}

static size_t in_direction(const size_t sizes[3], size_t i) {
    return sizes[i] == 0 ? sizes[0] : sizes[i];
}

static base_status edge_of(const eng_conv3d_config *config, size_t i, size_t in, eng_conv_edge *e, base_err *err) {
    BASE_TRY(eng_conv_layer_edge(in_direction(config->kernel, i), in_direction(config->stride, i),
                                 in_direction(config->dilation, i), config->same ? 0 : config->padding[i], e, err));
    e->in = in;
    if (config->same) BASE_TRY(eng_conv_layer_same(e, err));
    e->out = eng_conv_out(e->in, e->kernel, e->stride, e->dilation, e->padding);
    return eng_conv_layer_edge_check(e, err);
}

static base_status geometry(const eng_node *node, volume *v, base_err *err) {
    const eng_conv3d_config *config = config_of(node);
    const eng_shape *in = &node->in_shape[0];
    *v = (volume){.channels = in->dim[3], .conv = {.filters = config->filters, .groups = 1}};
    eng_conv_edge *edges[3] = {&v->d, &v->conv.h, &v->conv.w};
    for (size_t i = 0; i < 3; i++) BASE_TRY(edge_of(config, i, in->dim[i], edges[i], err));
    v->made = v->d.kernel > 1 || v->d.stride > 1 || v->d.padding > 0;
    v->conv.channels = v->d.kernel * v->channels;
    return eng_conv_layer_check(&v->conv, err);
}

/* Of a node that infer accepted. */
static volume volume_of(const eng_node *node) {
    volume v;
    base_err err;
    base_status status = geometry(node, &v, &err);
    BASE_ASSERT(status == BASE_OK);
    return v;
}

static base_status infer(eng_node *node, base_err *err) {
    const eng_conv3d_config *config = config_of(node);
    if (node->in_shape[0].ndim != 4)
        return BASE_FAIL(err, BASE_INVALID,
                         "a convolution in three dimensions wants volumes [depth, height, width, "
                         "channels]");
    volume v;
    BASE_TRY(geometry(node, &v, err));
    node->out_shape = (eng_shape){.ndim = 4, .dim = {v.d.out, v.conv.h.out, v.conv.w.out, v.conv.filters}};
    if (config->epilogue > ENG_EPILOGUE_LINEAR) node->traits |= ENG_READS_Y;
    eng_conv_layer_params(node, &v.conv, false, config->init, config->no_bias);
    node->param[0].shape =
        (eng_shape){.ndim = 5, .dim = {v.conv.h.kernel, v.conv.w.kernel, v.d.kernel, v.channels, v.conv.filters}};
    node->param[0].fan_out *= v.d.kernel;
    return BASE_OK;
}

/* ---- images of slices ---- */

static size_t pixels_of(const volume *v) {
    return v->conv.h.in * v->conv.w.in;
}

/* Floats of the images of a sample. */
static size_t image_floats(const volume *v) {
    return v->d.out * pixels_of(v) * v->conv.channels;
}

/* Samples of a block. */
static size_t block_of(const volume *v, size_t n) {
    const size_t fit = BLOCK_BYTES / sizeof(float) / image_floats(v);
    return !v->made || fit > n ? n : fit < 1 ? 1 : fit;
}

/* The slice of x that output slice z reads through tap t, or false where there is none. */
static bool slice_of(const volume *v, size_t z, size_t t, size_t *slice) {
    const size_t at = z * v->d.stride + t * v->d.dilation;
    *slice = at - v->d.padding;
    return at >= v->d.padding && *slice < v->d.in;
}

/* `count` floats of every pixel, `from_step` and `to_step` apart. */
static void copy_pixels(size_t pixels, size_t count, const float *from, size_t from_step, float *to, size_t to_step) {
    if (count == 1)
        for (size_t p = 0; p < pixels; p++) to[p * to_step] = from[p * from_step];
    else
        for (size_t p = 0; p < pixels; p++) memcpy(to + p * to_step, from + p * from_step, count * sizeof *to);
}

static void add_pixels(size_t pixels, size_t count, const float *from, size_t from_step, float *to, size_t to_step) {
    for (size_t p = 0; p < pixels; p++)
        for (size_t i = 0; i < count; i++) to[p * to_step + i] += from[p * from_step + i];
}

static void clear_pixels(size_t pixels, size_t count, float *to, size_t to_step) {
    for (size_t p = 0; p < pixels; p++) memset(to + p * to_step, 0, count * sizeof *to);
}

static void make_images(const volume *v, size_t samples, const float *x, float *images) {
    const size_t pixels = pixels_of(v), c = v->channels, step = v->conv.channels;
    for (size_t i = 0; i < samples; i++, x += v->d.in * pixels * c)
        for (size_t z = 0; z < v->d.out; z++, images += pixels * step)
            for (size_t t = 0, slice; t < v->d.kernel; t++)
                if (slice_of(v, z, t, &slice))
                    copy_pixels(pixels, c, x + slice * pixels * c, c, images + t * c, step);
                else
                    clear_pixels(pixels, c, images + t * c, step);
}

/* A slice of x has the sum of the gradients of the images that it is in. */
static void sum_images(const volume *v, size_t samples, const float *images, float *dx) {
    const size_t pixels = pixels_of(v), c = v->channels, step = v->conv.channels;
    memset(dx, 0, samples * v->d.in * pixels * c * sizeof *dx);
    for (size_t i = 0; i < samples; i++, dx += v->d.in * pixels * c)
        for (size_t z = 0; z < v->d.out; z++, images += pixels * step)
            for (size_t t = 0, slice; t < v->d.kernel; t++)
                if (slice_of(v, z, t, &slice)) add_pixels(pixels, c, images + t * c, step, dx + slice * pixels * c, c);
}

/* ---- passes ---- */

/* The workspace in floats: the sums of a layer without bias, images and their gradients, gradients of weights of one
 * block, and that of the passes. */
typedef struct room {
    size_t block; /* samples */
    size_t images, gradients, weights, passes, end;
} room;

static room room_of(const volume *v, size_t n) {
    room r = {.block = block_of(v, n)};
    const size_t weights = v->conv.h.kernel * v->conv.w.kernel * v->conv.channels * v->conv.filters;
    const size_t made = v->made ? eng_align_floats(r.block * image_floats(v)) : 0;
    r.images = eng_align_floats(v->conv.filters);
    r.gradients = r.images + made;
    r.weights = r.gradients + made;
    r.passes = r.weights + (v->made ? eng_align_floats(weights) : 0);
    r.end = r.passes + eng_conv_workspace(&v->conv, r.block * v->d.out);
    return r;
}

static size_t workspace(const eng_node *node, size_t batch) {
    const volume v = volume_of(node);
    return room_of(&v, batch).end * sizeof(float);
}

static eng_conv_pass pass_of(const volume *v, const eng_call *call, const eng_run *run, const room *r) {
    return eng_conv_layer_pass(call, run, &v->conv, r->passes);
}

static size_t sample_floats(const volume *v) {
    return v->d.in * pixels_of(v) * v->channels;
}

/* The images of `count` samples from `begin` on. */
static const float *images_of(const volume *v, const eng_call *call, const room *r, size_t begin, size_t count) {
    const float *x = (const float *)call->x[0] + begin * sample_floats(v);
    if (!v->made) return x;
    float *images = (float *)call->workspace + r->images;
    make_images(v, count, x, images);
    return images;
}

static void forward(const eng_call *call, eng_run *run) {
    const volume v = volume_of(call->node);
    const room r = room_of(&v, run->n);
    const eng_epilogue epilogue = config_of(call->node)->epilogue;
    eng_conv_pass pass = pass_of(&v, call, run, &r);
    pass.bias = call->node->params > 1 ? call->w[1] : NULL;
    pass.relu = epilogue == ENG_EPILOGUE_RELU;
    for (size_t begin = 0, count; begin < run->n; begin += count) {
        count = run->n - begin < r.block ? run->n - begin : r.block;
        pass.n = count * v.d.out;
        pass.x = images_of(&v, call, &r, begin, count);
        pass.y = call->y + begin * call->out_count;
        eng_conv_forward(&pass);
    }
    eng_conv_layer_finish(call, run, epilogue);
}

static void backward(const eng_call *call, const eng_run *run) {
    const volume v = volume_of(call->node);
    const room r = room_of(&v, run->n);
    const size_t weights = eng_shape_count(&call->node->param[0].shape);
    float *workspace = call->workspace;
    eng_conv_pass pass = pass_of(&v, call, run, &r);
    eng_conv_layer_undo(call, run, config_of(call->node)->epilogue, workspace);
    for (size_t begin = 0, count; begin < run->n; begin += count) {
        float *dx = call->dx[0] == NULL ? NULL : call->dx[0] + begin * sample_floats(&v);
        count = run->n - begin < r.block ? run->n - begin : r.block;
        pass.n = count * v.d.out;
        pass.x = images_of(&v, call, &r, begin, count);
        pass.dy = call->dy + begin * call->out_count;
        pass.dx = dx == NULL || !v.made ? dx : workspace + r.gradients;
        pass.dw = begin == 0 ? call->dw[0] : workspace + r.weights;
        eng_conv_backward(&pass);
        if (begin > 0) run->k->add(weights, call->dw[0], pass.dw, call->dw[0]);
        if (dx != NULL && v.made) sum_images(&v, count, pass.dx, dx);
    }
}

/* d, h and w as in conv2d, d along the depth. */
static const char c_text[] =
    "static inline void @_conv3d(const int *d, const int *h, const int *w, int channels, int filters, const float *x,\n"
    "                            const float *weight, const float *bias, float *y) {\n"
    "    for (int oz = 0; oz < d[1]; oz++)\n"
    "        for (int oy = 0; oy < h[1]; oy++)\n"
    "            for (int ox = 0; ox < w[1]; ox++, y += filters) {\n"
    "                for (int o = 0; o < filters; o++) y[o] = bias != NULL ? bias[o] : 0.0f;\n"
    "                for (int tap = 0; tap < h[2] * w[2] * d[2]; tap++) {\n"
    "                    const int u = tap / (w[2] * d[2]), v = tap / d[2] % w[2], t = tap % d[2];\n"
    "                    const int iz = oz * d[3] + t * d[4] - d[5], iy = oy * h[3] + u * h[4] - h[5];\n"
    "                    const int ix = ox * w[3] + v * w[4] - w[5];\n"
    "                    if (iz < 0 || iz >= d[0] || iy < 0 || iy >= h[0] || ix < 0 || ix >= w[0]) continue;\n"
    "                    const float *at = x + ((iz * h[0] + iy) * w[0] + ix) * channels;\n"
    "                    const float *k = weight + tap * channels * filters;\n"
    "                    for (int i = 0; i < channels; i++, k += filters)\n"
    "                        for (int o = 0; o < filters; o++) y[o] += at[i] * k[o];\n"
    "                }\n"
    "            }\n"
    "}\n";

static void write_c(const eng_node *node, const eng_c_call *call) {
    const volume v = volume_of(node);
    base_buf d = {0}, h = {0}, w = {0};
    eng_conv_layer_c_edge(&v.d, &d);
    eng_conv_layer_c_edge(&v.conv.h, &h);
    eng_conv_layer_c_edge(&v.conv.w, &w);
    eng_c_function(call->to, c_text);
    eng_c_statement(call->to, "@_conv3d(%s, %s, %s, %zu, %zu, %s, %s, %s, %s);", d.data, h.data, w.data, v.channels,
                    v.conv.filters, call->x[0], call->w[0], node->params > 1 ? call->w[1] : "NULL", call->y);
    base_buf_fini(&d);
    base_buf_fini(&h);
    base_buf_fini(&w);
    eng_epilogue_c(config_of(node)->epilogue, node, call);
}

static void write_onnx(const eng_node *node, const eng_onnx_call *call) {
    static const unsigned order[] = {4, 3, 2, 0, 1};
    const volume v = volume_of(node);
    const char *before = eng_epilogue_onnx_before(config_of(node)->epilogue, call);
    const char *in[] = {call->x[0], eng_onnx_permuted(call->to, call->w[0], &node->param[0].shape, order), NULL};
    if (node->params > 1) in[2] = eng_onnx_floats(call->to, call->w[1], &node->param[1].shape);
    eng_onnx_node(call->to, "Conv", in, 1 + node->params, before);
    const eng_conv_edge *edges[] = {&v.d, &v.conv.h, &v.conv.w};
    eng_conv_layer_onnx_edges(edges, 3, call->to);
    eng_epilogue_onnx(config_of(node)->epilogue, before, call);
}

static const eng_op_export export = {.c = write_c, .onnx = write_onnx};

static const eng_field fields[] = {
    {"filters", ENG_FIELD_SIZE, offsetof(eng_conv3d_config, filters), 1},
    {"kernel", ENG_FIELD_SIZE, offsetof(eng_conv3d_config, kernel), 3},
    {"stride", ENG_FIELD_SIZE, offsetof(eng_conv3d_config, stride), 3},
    {"dilation", ENG_FIELD_SIZE, offsetof(eng_conv3d_config, dilation), 3},
    {"padding", ENG_FIELD_SIZE, offsetof(eng_conv3d_config, padding), 3},
    {"same", ENG_FIELD_BOOL, offsetof(eng_conv3d_config, same), 1},
    {"no_bias", ENG_FIELD_BOOL, offsetof(eng_conv3d_config, no_bias), 1},
    {"epilogue", ENG_FIELD_EPILOGUE, offsetof(eng_conv3d_config, epilogue), 1},
    {0},
};

const eng_op eng_op_conv3d = {
    .name = "conv3d",
    .summary = "convolution of volumes: strided, dilated",
    .inputs = 1,
    .config_size = sizeof(eng_conv3d_config),
    .fields = fields,
    .traits = ENG_READS_X,
    .infer = infer,
    .workspace = workspace,
    .forward = forward,
    .backward = backward,
    .exporter = &export,
};

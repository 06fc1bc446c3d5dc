/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/engine/ops/op_reference.h"

#include <math.h>

#include "base/status.h"
#include "tests/engine/ops/conv_reference.h"
#include "tests/support/map_oracles.h"

static size_t count_of(const op_problem *p) {
    return p->n * eng_shape_count(&p->node->in_shape[0]);
}

static void linear(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = p->x[i];
}

#define MAP_REFERENCE(name, ...)                                                                                       \
    static void name##_reference(const op_problem *p) {                                                                \
        for (size_t i = 0; i < count_of(p); i++) p->y[i] = name##_oracle(p->x[i]);                                     \
    }
ENG_MAP_LIST(MAP_REFERENCE)
#undef MAP_REFERENCE

static void prelu(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = p->x[i] > 0.0 ? p->x[i] : p->w[0][0] * p->x[i];
}

static void elu(const op_problem *p) {
    double alpha = ((const eng_elu_config *)p->node->config)->alpha;
    if (alpha == 0.0) alpha = 1.0;
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = p->x[i] > 0.0 ? p->x[i] : alpha * expm1(p->x[i]);
}

static void softmax_row(size_t cols, const double *x, double *y) {
    double max = x[0], sum = 0.0;
    for (size_t c = 1; c < cols; c++) max = fmax(max, x[c]);
    for (size_t c = 0; c < cols; c++) sum += exp(x[c] - max);
    for (size_t c = 0; c < cols; c++) y[c] = exp(x[c] - max) / sum;
}

static void softmax(const op_problem *p) {
    size_t cols = count_of(p) / p->n;
    for (size_t r = 0; r < p->n; r++) softmax_row(cols, p->x + r * cols, p->y + r * cols);
}

static double epilogue(eng_epilogue kind, double z) {
    switch (kind) {
    case ENG_EPILOGUE_RELU: return fmax(z, 0.0);
    case ENG_EPILOGUE_SIGMOID: return sigmoid_oracle(z);
    case ENG_EPILOGUE_TANH: return tanh(z);
    default: return z;
    }
}

static void dense(const op_problem *p) {
    const eng_dense_config *config = p->node->config;
    size_t in = count_of(p) / p->n, out = config->width;
    for (size_t r = 0; r < p->n; r++)
        for (size_t c = 0; c < out; c++) {
            double z = p->w[1][c];
            for (size_t k = 0; k < in; k++) z += p->x[r * in + k] * p->w[0][k * out + c];
            p->y[r * out + c] = epilogue(config->epilogue, z);
        }
}

/* The rate as it is drawn, in units of 2^-16. */
static void dropout(const op_problem *p) {
    double rate = floor(((const eng_dropout_config *)p->node->config)->rate * 65536.0) / 65536.0;
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = p->keep[i] != 0 ? p->x[i] / (1.0 - rate) : 0.0;
}

static void mean_squared_error(const op_problem *p) {
    double sum = 0.0;
    for (size_t i = 0; i < count_of(p); i++) sum += pow(p->x[i] - p->values[i], 2.0);
    p->y[0] = sum / (double)count_of(p);
}

static void binary_cross_entropy(const op_problem *p) {
    double sum = 0.0;
    for (size_t i = 0; i < count_of(p); i++) {
        double s = sigmoid_oracle(p->x[i]);
        sum -= p->values[i] * log(s) + (1.0 - p->values[i]) * log(1.0 - s);
    }
    p->y[0] = sum / (double)count_of(p);
}

static void cross_entropy(const op_problem *p) {
    double smoothing = ((const eng_cross_entropy_config *)p->node->config)->smoothing, sum = 0.0;
    size_t cols = count_of(p) / p->n;
    double prob[64];
    for (size_t r = 0; r < p->n; r++) {
        softmax_row(cols, p->x + r * cols, prob);
        for (size_t c = 0; c < cols; c++) {
            double t = smoothing / (double)cols + ((size_t)p->labels[r] == c ? 1.0 - smoothing : 0.0);
            if (t > 0.0) sum -= t * log(prob[c]);
        }
    }
    p->y[0] = sum / (double)p->n;
}

static size_t or_one(size_t value) {
    return value == 0 ? 1 : value;
}

static void conv2d(const op_problem *p) {
    const eng_conv2d_config *config = p->node->config;
    const eng_shape *in = &p->node->in_shape[0], *out = &p->node->out_shape;
    eng_conv conv = {.channels = in->dim[2], .filters = config->filters, .groups = or_one(config->groups)};
    eng_conv_edge *edges[2] = {&conv.h, &conv.w};
    for (size_t i = 0; i < 2; i++)
        *edges[i] = (eng_conv_edge){.in = in->dim[i],
                                    .out = out->dim[i],
                                    .kernel = config->kernel[i],
                                    .stride = or_one(config->stride[i]),
                                    .dilation = or_one(config->dilation[i]),
                                    .padding = config->padding[i]};
    conv_reference(&conv, p->n, p->x, p->w[0], NULL, p->y, NULL, NULL);
    for (size_t i = 0; i < p->n * eng_shape_count(out); i++)
        p->y[i] = epilogue(config->epilogue, p->y[i] + (config->no_bias ? 0.0 : p->w[1][i % config->filters]));
}

static void conv3d(const op_problem *p) {
    const eng_conv3d_config *config = p->node->config;
    const eng_shape *in = &p->node->in_shape[0], *out = &p->node->out_shape;
    eng_conv_edge edges[3];
    for (size_t i = 0; i < 3; i++)
        edges[i] = (eng_conv_edge){.in = in->dim[i],
                                   .out = out->dim[i],
                                   .kernel = config->kernel[i],
                                   .stride = or_one(config->stride[i]),
                                   .dilation = or_one(config->dilation[i]),
                                   .padding = config->padding[i]};
    conv3d_reference(edges, in->dim[3], config->filters, p->n, p->x, p->w[0], NULL, p->y, NULL, NULL);
    for (size_t i = 0; i < p->n * eng_shape_count(out); i++)
        p->y[i] = epilogue(config->epilogue, p->y[i] + (config->no_bias ? 0.0 : p->w[1][i % config->filters]));
}

static void conv2d_transposed(const op_problem *p) {
    const eng_conv2d_transposed_config *config = p->node->config;
    const eng_shape *in = &p->node->in_shape[0], *out = &p->node->out_shape;
    eng_conv conv = {.channels = config->filters, .filters = in->dim[2], .groups = or_one(config->groups)};
    eng_conv_edge *edges[2] = {&conv.h, &conv.w};
    for (size_t i = 0; i < 2; i++)
        *edges[i] = (eng_conv_edge){.in = out->dim[i],
                                    .out = in->dim[i],
                                    .kernel = config->kernel[i],
                                    .stride = or_one(config->stride[i]),
                                    .dilation = or_one(config->dilation[i]),
                                    .padding = config->padding[i]};
    conv_reference(&conv, p->n, NULL, p->w[0], p->x, NULL, p->y, NULL);
    for (size_t i = 0; i < p->n * eng_shape_count(out); i++)
        p->y[i] = epilogue(config->epilogue, p->y[i] + (config->no_bias ? 0.0 : p->w[1][i % config->filters]));
}

/* The largest pixel of a window, or the mean of those in the image. */
static double pooled(const op_problem *p, const eng_pool_config *config, size_t image, size_t row, size_t col, size_t c,
                     bool largest) {
    const size_t *in = p->node->in_shape[0].dim;
    double best = -INFINITY, sum = 0.0, count = 0.0;
    for (size_t a = 0; a < config->window[0]; a++)
        for (size_t b = 0; b < config->window[1]; b++) {
            size_t y = row * config->stride[0] + a, x = col * config->stride[1] + b;
            if (y < config->padding[0] || x < config->padding[1]) continue;
            y -= config->padding[0], x -= config->padding[1];
            if (y >= in[0] || x >= in[1]) continue;
            double value = p->x[((image * in[0] + y) * in[1] + x) * in[2] + c];
            best = fmax(best, value);
            sum += value;
            count += 1.0;
        }
    return largest ? best : sum / count;
}

static void pool(const op_problem *p, bool largest) {
    const size_t *out = p->node->out_shape.dim;
    for (size_t i = 0; i < p->n * eng_shape_count(&p->node->out_shape); i++) {
        size_t pixel = i / out[2];
        p->y[i] = pooled(p, p->node->config, pixel / (out[0] * out[1]), pixel / out[1] % out[0], pixel % out[1],
                         i % out[2], largest);
    }
}

static void max_pool(const op_problem *p) {
    pool(p, true);
}

static void mean_pool(const op_problem *p) {
    pool(p, false);
}

static void global_mean_pool(const op_problem *p) {
    const size_t channels = p->node->out_shape.dim[0], pixels = count_of(p) / p->n / channels;
    for (size_t i = 0; i < p->n * channels; i++) {
        double sum = 0.0;
        for (size_t k = 0; k < pixels; k++) sum += p->x[(i / channels * pixels + k) * channels + i % channels];
        p->y[i] = sum / (double)pixels;
    }
}

/* count numbers from `first` on, `step` apart: to mean 0 and variance 1. */
static void standardize(size_t count, size_t first, size_t step, const double *x, double *y) {
    double mean = 0.0, variance = 0.0;
    for (size_t i = 0; i < count; i++) mean += x[first + i * step] / (double)count;
    for (size_t i = 0; i < count; i++) variance += pow(x[first + i * step] - mean, 2.0) / (double)count;
    for (size_t i = 0; i < count; i++) y[first + i * step] = (x[first + i * step] - mean) / sqrt(variance + 1e-5);
}

static void scale_and_shift(const op_problem *p, size_t cols, bool plain, bool rectified) {
    for (size_t i = 0; i < count_of(p); i++) {
        if (!plain) p->y[i] = p->y[i] * p->w[0][i % cols] + p->w[1][i % cols];
        if (rectified) p->y[i] = fmax(0.0, p->y[i]);
    }
}

static void batch_norm(const op_problem *p) {
    const eng_shape *in = &p->node->in_shape[0];
    size_t cols = in->dim[in->ndim - 1];
    for (size_t c = 0; c < cols; c++) standardize(count_of(p) / cols, c, cols, p->x, p->y);
    const eng_batch_norm_config *config = p->node->config;
    scale_and_shift(p, cols, config->no_affine, config->relu);
}

static void layer_norm(const op_problem *p) {
    const eng_shape *in = &p->node->in_shape[0];
    size_t cols = in->dim[in->ndim - 1];
    for (size_t r = 0; r < count_of(p) / cols; r++) standardize(cols, r * cols, 1, p->x, p->y);
    scale_and_shift(p, cols, false, false);
}

op_reference *op_reference_of(const eng_op *op) {
    static const struct {
        const eng_op *op;
        op_reference *reference;
    } known[] = {
        {&eng_op_linear, linear},
#define MAP_REFERENCE(name, ...) {&eng_op_##name, name##_reference},
        ENG_MAP_LIST(MAP_REFERENCE)
#undef MAP_REFERENCE
            {&eng_op_prelu, prelu},
        {&eng_op_elu, elu},
        {&eng_op_softmax, softmax},
        {&eng_op_dense, dense},
        {&eng_op_dropout, dropout},
        {&eng_op_conv2d, conv2d},
        {&eng_op_conv2d_transposed, conv2d_transposed},
        {&eng_op_conv3d, conv3d},
        {&eng_op_max_pool, max_pool},
        {&eng_op_mean_pool, mean_pool},
        {&eng_op_global_mean_pool, global_mean_pool},
        {&eng_op_batch_norm, batch_norm},
        {&eng_op_layer_norm, layer_norm},
        {&eng_op_mean_squared_error, mean_squared_error},
        {&eng_op_binary_cross_entropy, binary_cross_entropy},
        {&eng_op_cross_entropy, cross_entropy},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].op == op) return known[i].reference;
    return NULL;
}

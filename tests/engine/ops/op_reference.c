/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/engine/ops/op_reference.h"

#include <math.h>

static size_t count_of(const op_problem *p) {
    return p->n * eng_shape_count(&p->node->in_shape[0]);
}

static double sigmoid_of(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static void linear(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = p->x[i];
}

static void sigmoid(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = sigmoid_of(p->x[i]);
}

static void tanh_(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = tanh(p->x[i]);
}

static void relu(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = fmax(p->x[i], 0.0);
}

static void prelu(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = p->x[i] > 0.0 ? p->x[i] : p->w[0][0] * p->x[i];
}

static void elu(const op_problem *p) {
    double alpha = ((const eng_elu_config *)p->node->config)->alpha;
    if (alpha == 0.0) alpha = 1.0;
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = p->x[i] > 0.0 ? p->x[i] : alpha * expm1(p->x[i]);
}

static void gelu(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = 0.5 * p->x[i] * erfc(-p->x[i] / sqrt(2.0));
}

static void swish(const op_problem *p) {
    for (size_t i = 0; i < count_of(p); i++) p->y[i] = p->x[i] * sigmoid_of(p->x[i]);
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
    case ENG_EPILOGUE_SIGMOID: return sigmoid_of(z);
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
        double s = sigmoid_of(p->x[i]);
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

op_reference *op_reference_of(const eng_op *op) {
    static const struct {
        const eng_op *op;
        op_reference *reference;
    } known[] = {
        {&eng_op_linear, linear},
        {&eng_op_sigmoid, sigmoid},
        {&eng_op_tanh, tanh_},
        {&eng_op_relu, relu},
        {&eng_op_prelu, prelu},
        {&eng_op_elu, elu},
        {&eng_op_gelu, gelu},
        {&eng_op_swish, swish},
        {&eng_op_softmax, softmax},
        {&eng_op_dense, dense},
        {&eng_op_dropout, dropout},
        {&eng_op_mean_squared_error, mean_squared_error},
        {&eng_op_binary_cross_entropy, binary_cross_entropy},
        {&eng_op_cross_entropy, cross_entropy},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].op == op) return known[i].reference;
    return NULL;
}

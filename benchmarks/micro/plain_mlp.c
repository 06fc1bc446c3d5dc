/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The step as one writes it by hand: sgemm, loops over arrays, sgemm, loops; nothing planned, nothing clever, nothing
 * wasteful. Weights are [in, out], gradients are written with beta = 0, the first layer computes no gradient of its
 * input. The loops are compiled for the vectors of the machine (clones), as -march=native would. */
#include "benchmarks/micro/plain_mlp.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define VECTORIZED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORIZED
#endif

static float *floats(size_t count) {
    void *memory = NULL;
    BASE_ASSERT(eng_alloc(count * sizeof(float), &memory, NULL) == BASE_OK);
    return memory;
}

plain_mlp *plain_mlp_create(size_t batch, const size_t *widths, size_t layers, const eng_params *like) {
    BASE_ASSERT(layers <= PLAIN_MAX_LAYERS && eng_params_count(like) == 2 * layers);
    plain_mlp *mlp = base_calloc(1, sizeof *mlp);
    mlp->batch = batch;
    mlp->layers = layers;
    for (size_t i = 0; i < layers; i++) {
        plain_layer *l = &mlp->layer[i];
        *l = (plain_layer){.in = widths[i], .out = widths[i + 1]};
        size_t weights = l->in * l->out, units = batch * l->out;
        l->w = floats(weights), l->dw = floats(weights), l->vw = floats(weights);
        l->b = floats(l->out), l->db = floats(l->out), l->vb = floats(l->out);
        l->y = floats(units), l->dy = floats(units);
        memcpy(l->w, eng_params_view(like, 2 * i, eng_params_values(like)).data, weights * sizeof(float));
        memcpy(l->b, eng_params_view(like, 2 * i + 1, eng_params_values(like)).data, l->out * sizeof(float));
    }
    return mlp;
}

void plain_mlp_destroy(plain_mlp *mlp) {
    for (size_t i = 0; i < mlp->layers; i++) {
        plain_layer *l = &mlp->layer[i];
        float *all[] = {l->w, l->b, l->dw, l->db, l->vw, l->vb, l->y, l->dy};
        for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) eng_free(all[k]);
    }
    free(mlp);
}

VECTORIZED static void add_bias(size_t rows, size_t cols, const float *restrict b, float *restrict y) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) y[r * cols + c] += b[c];
}

VECTORIZED static void relu(size_t n, float *y) {
    for (size_t i = 0; i < n; i++) y[i] = y[i] < 0.0f ? 0.0f : y[i];
}

VECTORIZED void plain_relu_grad(size_t n, const float *restrict y, float *restrict dy) {
    for (size_t i = 0; i < n; i++) dy[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

VECTORIZED static void column_sums(size_t rows, size_t cols, const float *restrict dy, float *restrict db) {
    memset(db, 0, cols * sizeof *db);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) db[c] += dy[r * cols + c];
}

VECTORIZED void plain_update(size_t n, float rate, const float *restrict g, float *restrict v, float *restrict w) {
    for (size_t i = 0; i < n; i++) {
        v[i] = 0.9f * v[i] + g[i];
        w[i] -= rate * v[i];
    }
}

double plain_softmax_cross_entropy(size_t rows, size_t cols, const float *y, const int32_t *labels, float *dy) {
    double loss = 0.0;
    for (size_t r = 0; r < rows; r++, y += cols, dy += cols) {
        float max = y[0], sum = 0.0f;
        for (size_t c = 1; c < cols; c++) max = y[c] > max ? y[c] : max;
        for (size_t c = 0; c < cols; c++) sum += dy[c] = expf(y[c] - max);
        loss += (double)(logf(sum) - (y[labels[r]] - max));
        for (size_t c = 0; c < cols; c++) dy[c] /= sum * (float)rows;
        dy[labels[r]] -= 1.0f / (float)rows;
    }
    return loss / (double)rows;
}

static void forward(const plain_mlp *mlp, const float *x) {
    for (size_t i = 0; i < mlp->layers; i++) {
        const plain_layer *l = &mlp->layer[i];
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)mlp->batch, (int)l->out, (int)l->in, 1.0f,
                    i == 0 ? x : mlp->layer[i - 1].y, (int)l->in, l->w, (int)l->out, 0.0f, l->y, (int)l->out);
        add_bias(mlp->batch, l->out, l->b, l->y);
        if (i + 1 < mlp->layers) relu(mlp->batch * l->out, l->y);
    }
}

static void backward(const plain_mlp *mlp, const float *x) {
    for (size_t i = mlp->layers; i-- > 0;) {
        const plain_layer *l = &mlp->layer[i];
        if (i + 1 < mlp->layers) plain_relu_grad(mlp->batch * l->out, l->y, l->dy);
        column_sums(mlp->batch, l->out, l->dy, l->db);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)l->in, (int)l->out, (int)mlp->batch, 1.0f,
                    i == 0 ? x : mlp->layer[i - 1].y, (int)l->in, l->dy, (int)l->out, 0.0f, l->dw, (int)l->out);
        if (i > 0)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)mlp->batch, (int)l->in, (int)l->out, 1.0f, l->dy,
                        (int)l->out, l->w, (int)l->out, 0.0f, mlp->layer[i - 1].dy, (int)l->in);
    }
}

double plain_mlp_step(plain_mlp *mlp, const float *x, const int32_t *labels, float rate) {
    const plain_layer *last = &mlp->layer[mlp->layers - 1];
    forward(mlp, x);
    double loss = plain_softmax_cross_entropy(mlp->batch, last->out, last->y, labels, last->dy);
    backward(mlp, x);
    for (size_t i = 0; i < mlp->layers; i++) {
        const plain_layer *l = &mlp->layer[i];
        plain_update(l->in * l->out, rate, l->dw, l->vw, l->w);
        plain_update(l->out, rate, l->db, l->vb, l->b);
    }
    return loss;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The baseline: im2col image by image and OpenBLAS; for a 1 x 1 kernel the bare products; for depthwise plain loops
 * that the compiler vectorizes. */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/micro/conv_peers.h"

typedef struct simple {
    eng_conv conv;
    size_t n;
    const float *x, *w, *dy;
    float *y, *dx, *dw, *columns, *gradients;
} simple;

static size_t taps(const simple *s) {
    return s->conv.h.kernel * s->conv.w.kernel;
}

/* Calls f for each (pixel of y, tap) with the pixel of x, or -1. */
static ptrdiff_t source(const eng_conv_edge *e, size_t o, size_t t) {
    ptrdiff_t at = (ptrdiff_t)(o * e->stride + t * e->dilation) - (ptrdiff_t)e->padding;
    return at < 0 || at >= (ptrdiff_t)e->in ? -1 : at;
}

static void move(const float *from, float *to, size_t count, bool add) {
    if (add)
        for (size_t k = 0; k < count; k++) to[k] += from[k];
    else
        for (size_t k = 0; k < count; k++) to[k] = from[k];
}

/* x to columns; or, back, columns added to dx. */
static void columns_of(const simple *s, const float *x, float *columns, bool back, float *dx) {
    const eng_conv *c = &s->conv;
    for (size_t i = 0; i < c->h.out; i++)
        for (size_t j = 0; j < c->w.out; j++)
            for (size_t u = 0; u < c->h.kernel; u++) {
                ptrdiff_t a = source(&c->h, i, u);
                for (size_t v = 0; v < c->w.kernel; v++, columns += c->channels) {
                    ptrdiff_t b = source(&c->w, j, v);
                    size_t at = a < 0 || b < 0 ? 0 : ((size_t)a * c->w.in + (size_t)b) * c->channels;
                    if (a < 0 || b < 0) {
                        if (!back) memset(columns, 0, c->channels * sizeof *columns);
                    } else if (back) {
                        move(columns, dx + at, c->channels, true);
                    } else {
                        move(x + at, columns, c->channels, false);
                    }
                }
            }
}

static void nn(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0f, a, (int)k, b, (int)n, 0.0f, c,
                (int)n);
}

static void nt(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1.0f, a, (int)k, b, (int)k, 0.0f, c,
                (int)n);
}

static void tn(size_t m, size_t n, size_t k, const float *a, const float *b, float beta, float *c) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0f, a, (int)m, b, (int)n, beta, c,
                (int)n);
}

static bool is_product(const simple *s) {
    return taps(s) == 1 && s->conv.h.stride == 1 && s->conv.w.stride == 1;
}

static void dense_forward(void *self) {
    simple *s = self;
    const eng_conv *c = &s->conv;
    size_t pixels = c->h.out * c->w.out, k = taps(s) * c->channels;
    if (is_product(s)) {
        nn(s->n * pixels, c->filters, k, s->x, s->w, s->y);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        columns_of(s, s->x + i * c->h.in * c->w.in * c->channels, s->columns, false, NULL);
        nn(pixels, c->filters, k, s->columns, s->w, s->y + i * pixels * c->filters);
    }
}

static void dense_backward(void *self) {
    simple *s = self;
    const eng_conv *c = &s->conv;
    size_t pixels = c->h.out * c->w.out, k = taps(s) * c->channels, image = c->h.in * c->w.in * c->channels;
    if (is_product(s)) {
        if (s->dx != NULL) nt(s->n * pixels, k, c->filters, s->dy, s->w, s->dx);
        tn(k, c->filters, s->n * pixels, s->x, s->dy, 0.0f, s->dw);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        const float *dy = s->dy + i * pixels * c->filters;
        columns_of(s, s->x + i * image, s->columns, false, NULL);
        tn(k, c->filters, pixels, s->columns, dy, i == 0 ? 0.0f : 1.0f, s->dw);
        if (s->dx == NULL) continue;
        nt(pixels, k, c->filters, dy, s->w, s->gradients);
        memset(s->dx + i * image, 0, image * sizeof(float));
        columns_of(s, NULL, s->gradients, true, s->dx + i * image);
    }
}

static void depthwise(const simple *s, bool backward) {
    const eng_conv *c = &s->conv;
    size_t pixels = c->h.out * c->w.out, image = c->h.in * c->w.in * c->channels;
    if (backward) {
        memset(s->dx, 0, s->n * image * sizeof(float));
        memset(s->dw, 0, taps(s) * c->channels * sizeof(float));
    } else {
        memset(s->y, 0, s->n * pixels * c->channels * sizeof(float));
    }
    for (size_t i = 0; i < s->n * pixels; i++)
        for (size_t t = 0; t < taps(s); t++) {
            ptrdiff_t a = source(&c->h, i % pixels / c->w.out, t / c->w.kernel);
            ptrdiff_t b = source(&c->w, i % c->w.out, t % c->w.kernel);
            if (a < 0 || b < 0) continue;
            size_t at = i / pixels * image + ((size_t)a * c->w.in + (size_t)b) * c->channels, to = i * c->channels;
            if (backward)
                for (size_t k = 0; k < c->channels; k++) {
                    s->dx[at + k] += s->dy[to + k] * s->w[t * c->channels + k];
                    s->dw[t * c->channels + k] += s->dy[to + k] * s->x[at + k];
                }
            else
                for (size_t k = 0; k < c->channels; k++) s->y[to + k] += s->x[at + k] * s->w[t * c->channels + k];
        }
}

static void depthwise_forward(void *self) {
    depthwise(self, false);
}

static void depthwise_backward(void *self) {
    depthwise(self, true);
}

static void destroy(void *self) {
    simple *s = self;
    free(s->columns);
    free(s->gradients);
    free(s);
}

conv_peer conv_simple_create(const eng_conv *conv, size_t n, const float *x, const float *w, const float *dy, float *y,
                             float *dx, float *dw) {
    simple *s = base_malloc(sizeof *s);
    *s = (simple){.conv = *conv, .n = n, .x = x, .w = w, .dy = dy, .y = y, .dx = dx, .dw = dw};
    bool depth = conv->groups > 1;
    size_t columns = conv->h.out * conv->w.out * taps(s) * conv->channels;
    s->columns = base_malloc(columns * sizeof(float));
    s->gradients = base_malloc(columns * sizeof(float));
    return (conv_peer){.name = depth ? "loops" : "im2col",
                       .self = s,
                       .forward = depth ? depthwise_forward : dense_forward,
                       .backward = depth ? depthwise_backward : dense_backward,
                       .destroy = destroy};
}

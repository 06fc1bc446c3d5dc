/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/engine/ops/conv_reference.h"

#include <string.h>

/* The pixel that output o reads through tap t, or -1. */
static ptrdiff_t source(const eng_conv_edge *edge, size_t o, size_t t) {
    ptrdiff_t at = (ptrdiff_t)(o * edge->stride + t * edge->dilation) - (ptrdiff_t)edge->padding;
    return at < 0 || at >= (ptrdiff_t)edge->in ? -1 : at;
}

typedef struct operands {
    const double *x, *w, *dy;
    double *y, *dx, *dw;
} operands;

/* One product of the sum: all channels of a group between one pixel of x and one of y. */
static void accumulate(const eng_conv *conv, const operands *o, size_t x_at, size_t y_at, size_t w_at) {
    size_t inner = conv->channels / conv->groups, outer = conv->filters / conv->groups;
    for (size_t f = 0; f < conv->filters; f++)
        for (size_t i = 0; i < inner; i++) {
            size_t x = x_at + f / outer * inner + i, y = y_at + f, w = w_at + i * conv->filters + f;
            if (o->y != NULL) o->y[y] += o->x[x] * o->w[w];
            if (o->dx != NULL) o->dx[x] += o->dy[y] * o->w[w];
            if (o->dw != NULL) o->dw[w] += o->x[x] * o->dy[y];
        }
}

static void clear(double *to, size_t count) {
    if (to != NULL) memset(to, 0, count * sizeof *to);
}

void conv_reference(const eng_conv *conv, size_t n, const double *x, const double *w, const double *dy, double *y,
                    double *dx, double *dw) {
    const eng_conv_edge *h = &conv->h, *v = &conv->w;
    const size_t taps = conv->channels / conv->groups * conv->filters;
    operands o = {x, w, dy, y, dx, dw};
    clear(y, n * h->out * v->out * conv->filters);
    clear(dx, n * h->in * v->in * conv->channels);
    clear(dw, h->kernel * v->kernel * taps);
    for (size_t image = 0; image < n; image++)
        for (size_t i = 0; i < h->out * v->out; i++)
            for (size_t t = 0; t < h->kernel * v->kernel; t++) {
                ptrdiff_t row = source(h, i / v->out, t / v->kernel), col = source(v, i % v->out, t % v->kernel);
                if (row < 0 || col < 0) continue;
                size_t pixel = (image * h->in + (size_t)row) * v->in + (size_t)col;
                accumulate(conv, &o, pixel * conv->channels, (image * h->out * v->out + i) * conv->filters, t * taps);
            }
}

/* The pixel of x that output o reads through tap t of every direction, or -1. */
static ptrdiff_t source_in_volume(const eng_conv_edge edges[3], const size_t o[3], const size_t t[3]) {
    ptrdiff_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        ptrdiff_t here = source(&edges[i], o[i], t[i]);
        if (here < 0) return -1;
        at = at * (ptrdiff_t)edges[i].in + here;
    }
    return at;
}

void conv3d_reference(const eng_conv_edge edges[3], size_t channels, size_t filters, size_t n, const double *x,
                      const double *w, const double *dy, double *y, double *dx, double *dw) {
    const eng_conv one = {.channels = channels, .filters = filters, .groups = 1};
    const eng_conv_edge *d = &edges[0], *h = &edges[1], *v = &edges[2];
    const size_t in = d->in * h->in * v->in, out = d->out * h->out * v->out, taps = d->kernel * h->kernel * v->kernel;
    operands o = {x, w, dy, y, dx, dw};
    clear(y, n * out * filters);
    clear(dx, n * in * channels);
    clear(dw, taps * channels * filters);
    for (size_t i = 0; i < n * out; i++)
        for (size_t k = 0; k < taps; k++) {
            const size_t at = i % out;
            const size_t pixel[3] = {at / v->out / h->out, at / v->out % h->out, at % v->out};
            const size_t tap[3] = {k % d->kernel, k / d->kernel / v->kernel, k / d->kernel % v->kernel};
            ptrdiff_t from = source_in_volume(edges, pixel, tap);
            if (from < 0) continue;
            accumulate(&one, &o, (i / out * in + (size_t)from) * channels, i * filters, k * channels * filters);
        }
}

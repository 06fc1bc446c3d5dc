/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The passes of a convolution on every instance of the kernels, against naive sums in double: shapes that the networks
 * of the literature have, and random ones with odd sizes, strides, dilations, groups and numbers of channels. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "base/rng.h"
#include "engine/tensor/tensor.h"
#include "tests/engine/ops/conv_reference.h"
#include "tests/engine/ops/guarded.h"

typedef struct problem {
    eng_conv conv;
    size_t n;
    size_t xs, ys, ws; /* numbers of x, y, w */
    double *x, *w, *dy, *y, *dx, *dw, *bias;
} problem;

static problem make(const eng_conv *conv, size_t n) {
    problem p = {.conv = *conv, .n = n};
    p.xs = n * conv->h.in * conv->w.in * conv->channels;
    p.ys = n * conv->h.out * conv->w.out * conv->filters;
    p.ws = conv->h.kernel * conv->w.kernel * conv->channels / conv->groups * conv->filters;
    p.x = doubles(1, p.xs);
    p.w = doubles(2, p.ws);
    p.dy = doubles(3, p.ys);
    p.bias = doubles(4, conv->filters);
    p.y = doubles(0, p.ys);
    p.dx = doubles(0, p.xs);
    p.dw = doubles(0, p.ws);
    conv_reference(conv, n, p.x, p.w, p.dy, p.y, p.dx, p.dw);
    return p;
}

static void unmake(problem *p) {
    free(p->x), free(p->w), free(p->dy), free(p->bias), free(p->y), free(p->dx), free(p->dw);
}

/* y with bias and without, dx, dw apart and together; nothing behind an end is written, every number inside is. */
static void check(const problem *p, const eng_kernels *k) {
    const eng_conv *c = &p->conv;
    char what[256];
    int length =
        snprintf(what, sizeof what,
                 "%s: %zu x %zu x %zu x %zu -> %zu x %zu x %zu, k %zu x %zu s %zu x %zu d %zu x %zu p %zu x %zu g %zu",
                 k->name, p->n, c->h.in, c->w.in, c->channels, c->h.out, c->w.out, c->filters, c->h.kernel, c->w.kernel,
                 c->h.stride, c->w.stride, c->h.dilation, c->w.dilation, c->h.padding, c->w.padding, c->groups);
    size_t taps = c->h.kernel * c->w.kernel;
    /* A sum of K products of normal numbers grows like sqrt(K), its roundings' sum like K 2^-25; five deviations. */
    double forward = 1.5e-7 * (double)(taps * c->channels) + 1e-6;
    double backward = 1.5e-7 * (double)(taps * c->filters) + 1e-6;
    double weights = 1.5e-7 * (double)(p->n * c->h.out * c->w.out) + 1e-6;
    size_t workspace = eng_conv_workspace(c, p->n);
    eng_conv_pass pass = {.conv = c, .tiles = k->tiles, .n = p->n};
    float *x = floats(p->xs, p->x), *w = floats(p->ws, p->w), *dy = floats(p->ys, p->dy), *y = floats(p->ys, NULL);
    float *dx = floats(p->xs, NULL), *dw = floats(p->ws, NULL), *dx2 = floats(p->xs, NULL), *dw2 = floats(p->ws, NULL);
    float *bias = floats(c->filters, p->bias);
    pass.x = x, pass.w = w, pass.dy = dy, pass.y = y, pass.dx = dx, pass.dw = dw;
    pass.workspace = floats(workspace, NULL);
    eng_conv_forward(&pass);
    snprintf(what + length, sizeof what - (size_t)length, ": y");
    gradcheck_near(what, p->ys, y, p->y, forward);
    eng_conv_data(&pass);
    snprintf(what + length, sizeof what - (size_t)length, ": dx");
    gradcheck_near(what, p->xs, dx, p->dx, backward);
    eng_conv_weights(&pass);
    snprintf(what + length, sizeof what - (size_t)length, ": dw");
    gradcheck_near(what, p->ws, dw, p->dw, weights);
    pass.dx = dx2, pass.dw = dw2;
    eng_conv_backward(&pass);
    assert_memory_equal(dx, dx2, p->xs * sizeof(float));
    assert_memory_equal(dw, dw2, p->ws * sizeof(float));
    double *z = doubles(0, p->ys);
    for (size_t i = 0; i < p->ys; i++) z[i] = fmax(0.0, p->y[i] + p->bias[i % c->filters]);
    pass.bias = bias;
    pass.relu = true;
    eng_conv_forward(&pass);
    snprintf(what + length, sizeof what - (size_t)length, ": relu(y + b)");
    gradcheck_near(what, p->ys, y, z, forward);
    check_guard(y, p->ys), check_guard(dx, p->xs), check_guard(dw, p->ws), check_guard(pass.workspace, workspace);
    check_guard(dx2, p->xs), check_guard(dw2, p->ws);
    free(z);
    eng_free(x), eng_free(w), eng_free(dy), eng_free(y), eng_free(dx), eng_free(dw), eng_free(dx2), eng_free(dw2);
    eng_free(bias), eng_free(pass.workspace);
}

static void check_on_every_instance(const eng_conv *conv, size_t n) {
    problem p = make(conv, n);
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels != NULL) check(&p, kernels);
    }
    unmake(&p);
}

static eng_conv_edge edge(size_t in, size_t kernel, size_t stride, size_t dilation, size_t padding) {
    return (eng_conv_edge){.in = in,
                           .out = eng_conv_out(in, kernel, stride, dilation, padding),
                           .kernel = kernel,
                           .stride = stride,
                           .dilation = dilation,
                           .padding = padding};
}

static eng_conv square(size_t in, size_t channels, size_t filters, size_t groups, size_t kernel, size_t stride,
                       size_t dilation) {
    eng_conv_edge e = edge(in, kernel, stride, dilation, (kernel - 1) * dilation / 2);
    return (eng_conv){.h = e, .w = e, .channels = channels, .filters = filters, .groups = groups};
}

static void known_shapes(void **state) {
    (void)state;
    const eng_conv shapes[] = {
        square(28, 16, 16, 1, 3, 1, 1),
        square(14, 16, 32, 1, 3, 1, 1),
        square(7, 32, 64, 1, 3, 1, 1),
        square(14, 32, 64, 1, 1, 1, 1),
        square(14, 32, 32, 1, 3, 1, 2),
        square(28, 1, 16, 1, 3, 1, 1),
        square(32, 3, 16, 1, 3, 1, 1),
        square(28, 2, 20, 1, 5, 1, 1),
        square(14, 16, 16, 16, 3, 1, 1),
        square(14, 16, 16, 16, 5, 1, 1),
        square(14, 32, 32, 32, 5, 2, 2),
        square(7, 64, 64, 64, 3, 1, 2),
        square(14, 16, 32, 1, 3, 2, 1),
        square(14, 16, 32, 1, 1, 2, 1),
        square(8, 24, 40, 1, 3, 1, 1),
        square(4, 48, 80, 1, 3, 1, 1),
        square(16, 16, 16, 4, 3, 2, 1),
        square(14, 36, 60, 3, 1, 1, 1), /* more pixels than one block of a 1 x 1 convolution */
        square(9, 7, 7, 7, 7, 2, 1),
        /* Rows of more pixels than a tile holds, which the groups of pixels do not divide. */
        square(31, 20, 20, 20, 3, 1, 1),
        square(31, 16, 24, 1, 3, 1, 1),
        square(40, 32, 32, 1, 3, 1, 1),
        /* Few channels: one panel and two, whole and not, taps that miss two pixels. */
        square(28, 1, 32, 1, 3, 1, 1),
        square(28, 3, 24, 1, 3, 1, 1),
        square(28, 1, 16, 1, 5, 1, 1),
        square(32, 3, 10, 1, 3, 1, 2),
        /* Pairs of lines, and an odd number of them. */
        square(14, 32, 16, 1, 3, 1, 1),
        square(13, 32, 16, 1, 3, 1, 1),
        square(8, 64, 64, 1, 3, 1, 1),
        square(10, 16, 12, 1, 3, 1, 1),
        /* Channels that two vectors hold, and some more. */
        square(14, 40, 40, 40, 3, 1, 1),
        square(5, 72, 72, 72, 3, 1, 1),
        /* Products: in groups, of one filter, of more images than a block. */
        square(9, 12, 36, 4, 1, 1, 1),
        square(12, 40, 1, 1, 1, 1, 1),
        square(28, 17, 37, 1, 1, 1, 1),
    };
    for (size_t i = 0; i < CHECK_COUNT(shapes); i++) check_on_every_instance(&shapes[i], i % 3 + 1);
}

static size_t between(base_rng *rng, size_t low, size_t high) {
    return low + (size_t)base_rng_below(rng, high - low + 1);
}

static eng_conv_edge random_edge(base_rng *rng) {
    for (;;) {
        eng_conv_edge e = edge(between(rng, 1, 17), between(rng, 1, 5), between(rng, 1, 3), between(rng, 1, 3), 0);
        e.padding = between(rng, 0, (e.kernel - 1) * e.dilation);
        e.out = eng_conv_out(e.in, e.kernel, e.stride, e.dilation, e.padding);
        if (e.out > 0) return e;
    }
}

static void random_shapes(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(31, BASE_RNG_TEST, 0, 0);
    for (int i = 0; i < 400; i++) {
        eng_conv conv = {.h = random_edge(&rng), .w = random_edge(&rng), .groups = 1};
        size_t kind = between(&rng, 0, 3);
        conv.channels = between(&rng, 1, kind == 0 ? 6 : 40);
        conv.filters = between(&rng, 1, 70);
        if (kind == 2) conv.groups = conv.filters = conv.channels;
        if (kind == 3) {
            conv.groups = between(&rng, 1, 4);
            conv.channels = conv.groups * between(&rng, 1, 9);
            conv.filters = conv.groups * between(&rng, 1, 19);
        }
        check_on_every_instance(&conv, between(&rng, 1, 4));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_shapes),
        cmocka_unit_test(random_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

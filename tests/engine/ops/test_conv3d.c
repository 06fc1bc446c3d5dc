/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolutions of volumes on every instance of the kernels, against naive sums in double: random shapes with odd sizes,
 * strides, dilations, paddings and numbers of channels, in one block of samples and in several. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "base/rng.h"
#include "engine/tensor/graph.h"
#include "tests/engine/ops/conv_reference.h"
#include "tests/engine/ops/guarded.h"

#include "engine/ops/ops.h"

typedef struct problem {
    eng_graph *graph;
    const eng_node *node;
    eng_conv_edge edges[3];
    size_t n, channels, filters, taps;
    size_t xs, ys, ws; /* numbers of x, y, w */
    double *x, *w, *dy, *bias, *y, *dx, *dw;
    char text[256];
} problem;

static problem make(const eng_shape *in, const eng_conv3d_config *config, size_t n) {
    problem p = {.graph = eng_graph_create(), .n = n, .channels = in->dim[3], .filters = config->filters, .taps = 1};
    base_err err;
    eng_value x = eng_graph_input(p.graph, *in, ENG_F32), y;
    CHECK_OK(eng_graph_add(p.graph, &eng_op_conv3d, config, NULL, &x, &y, &err));
    p.node = eng_graph_node(p.graph, 0);
    int length = snprintf(p.text, sizeof p.text, "n %zu, channels %zu, filters %zu", n, p.channels, p.filters);
    for (size_t i = 0; i < 3; i++) {
        eng_conv_edge *e = &p.edges[i];
        *e = (eng_conv_edge){in->dim[i],        p.node->out_shape.dim[i], config->kernel[i],
                             config->stride[i], config->dilation[i],      config->padding[i]};
        assert_int_equal(e->out, eng_conv_out(e->in, e->kernel, e->stride, e->dilation, e->padding));
        p.taps *= e->kernel;
        length += snprintf(p.text + length, sizeof p.text - (size_t)length, "; in %zu k %zu s %zu d %zu p %zu", e->in,
                           e->kernel, e->stride, e->dilation, e->padding);
    }
    p.xs = n * eng_shape_count(in);
    p.ys = n * eng_shape_count(&p.node->out_shape);
    p.ws = p.taps * p.channels * p.filters;
    assert_int_equal(eng_shape_count(&p.node->param[0].shape), p.ws);
    assert_int_equal(p.node->param[0].fan_in, p.taps * p.channels);
    assert_int_equal(p.node->param[0].fan_out, p.taps * p.filters);
    p.x = doubles(1, p.xs), p.w = doubles(2, p.ws), p.dy = doubles(3, p.ys), p.bias = doubles(4, p.filters);
    p.y = doubles(0, p.ys), p.dx = doubles(0, p.xs), p.dw = doubles(0, p.ws);
    conv3d_reference(p.edges, p.channels, p.filters, n, p.x, p.w, p.dy, p.y, p.dx, p.dw);
    for (size_t i = 0; i < p.ys; i++) p.y[i] += p.bias[i % p.filters];
    return p;
}

static void unmake(problem *p) {
    free(p->x), free(p->w), free(p->dy), free(p->bias), free(p->y), free(p->dx), free(p->dw);
    eng_graph_destroy(p->graph);
}

static void near(const problem *p, const eng_kernels *k, const char *what, size_t count, const float *got,
                 const double *want, size_t terms) {
    char text[300];
    snprintf(text, sizeof text, "%s, %s: %s", k->name, what, p->text);
    gradcheck_near(text, count, got, want, 1.5e-7 * (double)terms + 1e-6); /* as in test_conv.c */
    check_guard(got, count);
}

static void check(const problem *p, const eng_kernels *k) {
    const size_t workspace = p->node->op->workspace(p->node, p->n) / sizeof(float);
    float *x = floats(p->xs, p->x), *y = floats(p->ys, NULL), *dy = floats(p->ys, p->dy), *dx = floats(p->xs, NULL);
    float *w = floats(p->ws, p->w), *dw = floats(p->ws, NULL), *bias = floats(p->filters, p->bias);
    float *dbias = floats(p->filters, NULL), *spare = floats(workspace, NULL);
    eng_call call = {.node = p->node,
                     .in_count = {p->xs / p->n},
                     .out_count = p->ys / p->n,
                     .x = {x},
                     .y = y,
                     .dy = dy,
                     .dx = {dx},
                     .w = {w, bias},
                     .dw = {dw, dbias},
                     .workspace = spare};
    eng_run run = {.n = p->n, .training = true, .k = k};
    p->node->op->forward(&call, &run);
    near(p, k, "y", p->ys, y, p->y, p->taps * p->channels);
    p->node->op->backward(&call, &run);
    near(p, k, "dx", p->xs, dx, p->dx, p->taps * p->filters);
    near(p, k, "dw", p->ws, dw, p->dw, p->ys / p->filters);
    float *first = floats(p->ws, NULL);
    memcpy(first, dw, p->ws * sizeof *dw);
    call.dx[0] = NULL; /* of the data nobody wants a gradient */
    p->node->op->backward(&call, &run);
    assert_memory_equal(first, dw, p->ws * sizeof *dw);
    check_guard(spare, workspace);
    eng_free(first), eng_free(x), eng_free(y), eng_free(dy), eng_free(dx), eng_free(w), eng_free(dw);
    eng_free(bias), eng_free(dbias), eng_free(spare);
}

static void check_on_every_instance(const eng_shape *in, const eng_conv3d_config *config, size_t n) {
    problem p = make(in, config, n);
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels != NULL) check(&p, kernels);
    }
    unmake(&p);
}

static size_t between(base_rng *rng, size_t low, size_t high) {
    return low + (size_t)base_rng_below(rng, high - low + 1);
}

static void random_direction(base_rng *rng, eng_conv3d_config *c, eng_shape *in, size_t i) {
    do {
        in->dim[i] = between(rng, 1, 9);
        c->kernel[i] = between(rng, 1, 4);
        c->stride[i] = between(rng, 1, 3);
        c->dilation[i] = between(rng, 1, 2);
        c->padding[i] = between(rng, 0, (c->kernel[i] - 1) * c->dilation[i]);
    } while (eng_conv_out(in->dim[i], c->kernel[i], c->stride[i], c->dilation[i], c->padding[i]) == 0);
}

static void random_shapes(void **state) {
    (void)state;
    base_rng rng = base_rng_stream(32, BASE_RNG_TEST, 0, 0);
    for (int i = 0; i < 200; i++) {
        eng_conv3d_config config = {.filters = between(&rng, 1, 36)};
        eng_shape in = {.ndim = 4, .dim = {0, 0, 0, between(&rng, 1, i % 2 == 0 ? 3 : 20)}};
        for (size_t d = 0; d < 3; d++) random_direction(&rng, &config, &in, d);
        check_on_every_instance(&in, &config, between(&rng, 1, 3));
    }
}

/* Images of a sample fill a good share of a block, so the last block is smaller than the others. */
static void several_blocks(void **state) {
    (void)state;
    const eng_conv3d_config config = {
        .filters = 3, .kernel = {3, 3, 3}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}, .padding = {1, 1, 1}};
    const eng_shape in = {.ndim = 4, .dim = {8, 9, 12, 40}};
    check_on_every_instance(&in, &config, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_shapes),
        cmocka_unit_test(several_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

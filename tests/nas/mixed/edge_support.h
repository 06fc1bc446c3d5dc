/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One edge of a supernet with a mixed operation on it, between images that a test knows and a loss. */
#ifndef TESTS_NAS_MIXED_EDGE_SUPPORT_H
#define TESTS_NAS_MIXED_EDGE_SUPPORT_H

#include "tests/support/check.h"

#include "engine/modules/summary.h"
#include "engine/tensor/plan.h"
#include "nas/mixed.h"

enum { SAMPLES = 2, MOST_OPERATIONS = 4, MOST_NUMBERS = 4096 };

typedef struct edge_bench {
    base_arena *arena;
    eng_net net;
    eng_net_config config;
    eng_value relu, shared[NAS_SHARED], weights, coefficient, out;
    nas_edge edge;
    nas_space_edge candidates;
    const nas_operation *operations[MOST_OPERATIONS];
    nas_mixture mixture;
    size_t input[MOST_OPERATIONS];
    eng_params *params;
    eng_plan *plan;
    eng_ports ports;
    float x[MOST_NUMBERS], w[MOST_OPERATIONS];
    int32_t labels[SAMPLES];
} edge_bench;

/* Candidates: names behind each other, NULL at the end. out_channels: of the edge. */
static inline base_status edge_build(edge_bench *b, const char *mixed, const char *options, eng_shape image,
                                     size_t stride, size_t out_channels, const char *const *names, base_err *why) {
    base_err err = {0};
    const nas_mixed *kind = nas_mixed_find(mixed);
    *b = (edge_bench){.arena = base_arena_create()};
    b->config = (eng_net_config){.input = image, .task = ENG_MULTICLASS, .outputs = 3};
    CHECK_OK(eng_net_begin(&b->net, &b->config, &err));
    b->net.prefix = "cell0.e0";
    b->candidates.operations = b->operations;
    for (; names[b->candidates.n_operations]; b->candidates.n_operations++)
        CHECK_OK(
            nas_operation_find(names[b->candidates.n_operations], &b->operations[b->candidates.n_operations], &err));
    b->weights = eng_graph_input_single(b->net.graph, eng_shape_2d(1, b->candidates.n_operations), ENG_F32);
    b->coefficient = kind->coefficient ? eng_graph_input_single(b->net.graph, eng_shape_2d(1, 2), ENG_F32) : 0;
    for (size_t i = 0; i < NAS_SHARED; i++) b->shared[i] = ENG_NO_VALUE;
    b->relu = ENG_NO_VALUE;
    b->edge = (nas_edge){.input = b->net.x,
                         .relu = &b->relu,
                         .shared = b->shared,
                         .channels = out_channels,
                         .stride = stride,
                         .name = "cell0.e0"};
    b->mixture = (nas_mixture){.edge = &b->edge,
                               .candidates = &b->candidates,
                               .weights = b->weights,
                               .coefficient = b->coefficient,
                               .input = b->input};
    void *state = base_arena_alloc(b->arena, kind->state_size);
    base_yaml_node *node = NULL;
    CHECK_OK(base_yaml_parse(b->arena, "o.yaml", options, strlen(options), &node, &err));
    if (kind->options) CHECK_OK(base_options_read(kind->options, node, state, b->arena, &err));
    b->net.err = why;
    return kind->build(state, &b->net, &b->mixture, &b->out);
}

/* With a loss behind it, and images of random numbers. */
static inline void edge_compile(edge_bench *b) {
    base_err err = {0};
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    b->net.at = b->out;
    eng_graph_keep(b->net.graph, b->out);
    CHECK_OK(eng_net_global_pool(&b->net, ENG_POOL_AVERAGE));
    CHECK_OK(eng_net_end(&b->net, &b->ports));
    CHECK_OK(eng_graph_params(b->net.graph, 1, &b->params, &err));
    CHECK_OK(eng_plan_create(b->net.graph, b->params, SAMPLES, eng_kernels_find(NULL), &b->plan, &err));
    for (size_t i = 0; i < MOST_NUMBERS; i++) b->x[i] = (float)base_rng_normal(&rng);
    eng_plan_bind(b->plan, b->ports.x, b->x);
    eng_plan_bind(b->plan, b->ports.target, b->labels);
    eng_plan_bind(b->plan, b->weights, b->w);
}

static inline const float *edge_run(edge_bench *b) {
    (void)eng_plan_run(b->plan, &(eng_pass){.n = SAMPLES, .training = true, .keep_state = true});
    return eng_plan_value(b->plan, b->out);
}

static inline void edge_destroy(edge_bench *b) {
    eng_plan_destroy(b->plan);
    eng_params_destroy(b->params);
    eng_graph_destroy(b->net.graph);
    base_arena_destroy(b->arena);
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small spaces, supernets over them, and batches of random images. */
#ifndef TESTS_NAS_SUPERNET_SUPPORT_H
#define TESTS_NAS_SUPERNET_SUPPORT_H

#include "tests/support/check.h"

#include "nas/network.h"
#include "nas/supernet.h"

typedef struct bench {
    base_arena *arena;
    const nas_space *space;
    const nas_choices *choices;
    nas_supernet *net;
    eng_batch batch[2];
} bench;

/* A space from YAML, or a preset by name. */
static inline const nas_space *read_space(base_arena *arena, const char *text) {
    base_yaml_node *node;
    const nas_space *space = NULL;
    base_err err = {0};
    CHECK_OK(base_yaml_parse(arena, "space.yaml", text, strlen(text), &node, &err));
    CHECK_OK(nas_space_read(node, arena, &space, &err));
    return space;
}

static inline const nas_choices *read_choices(base_arena *arena, const char *text) {
    base_yaml_node *node;
    nas_choices *choices = BASE_NEW(arena, nas_choices);
    base_err err = {0};
    CHECK_OK(base_yaml_parse(arena, "search.yaml", text, strlen(text), &node, &err));
    CHECK_OK(nas_choices_read(node, arena, choices, &err));
    return choices;
}

static inline eng_batch random_batch(base_arena *arena, size_t n, size_t features, size_t classes, uint32_t who) {
    float *x = BASE_NEW_ARRAY(arena, n * features, float);
    int32_t *labels = BASE_NEW_ARRAY(arena, n, int32_t);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, who, 0);
    for (size_t i = 0; i < n * features; i++) x[i] = (float)base_rng_normal(&rng);
    for (size_t i = 0; i < n; i++) labels[i] = (int32_t)base_rng_below(&rng, classes);
    return (eng_batch){.n = n, .x = x, .labels = labels};
}

/* Images of size x size pixels with one channel, 3 classes, batches of n. */
static inline bench bench_create(const char *space, const char *search, size_t channels, size_t cells, size_t size,
                                 size_t n) {
    base_err err = {0};
    bench b = {.arena = base_arena_create()};
    b.space = read_space(b.arena, space);
    b.choices = read_choices(b.arena, search);
    const nas_supernet_options options = {
        .space = b.space,
        .settings = {.channels = channels, .cells = cells},
        .choices = b.choices,
        .net = {.input = eng_shape_3d(size, size, 1), .task = ENG_MULTICLASS, .outputs = 3},
        .batch = n,
        .seed = 5,
    };
    CHECK_OK(nas_supernet_create(&options, &b.net, &err));
    for (uint32_t h = 0; h < 2; h++) b.batch[h] = random_batch(b.arena, n, size * size, 3, h);
    return b;
}

static inline void bench_destroy(bench *b) {
    nas_supernet_destroy(b->net);
    base_arena_destroy(b->arena);
}

/* No ReLU and no maximum, so that the loss is smooth; edges with two and three candidates, so two tables. */
static const char smooth_space[] = "cells:\n"
                                   "  cell:\n"
                                   "    inputs: 1\n"
                                   "    nodes: 2\n"
                                   "    edges:\n"
                                   "      - {to: 1, from: 0, operations: [skip_connect, avg_pool_3x3]}\n"
                                   "      - {to: 2, from: 0, operations: [none, skip_connect, avg_pool_3x3]}\n"
                                   "      - {to: 2, from: 1, operations: [avg_pool_3x3, skip_connect]}\n"
                                   "    keep: all\n"
                                   "    output: last\n"
                                   "    preprocess: false\n"
                                   "skeleton:\n"
                                   "  channels: 4\n"
                                   "  stem: {width: 1, kernel: 3}\n"
                                   "  stack: [{cell: cell, times: 3}]\n"
                                   "  head: [global_pool]\n";

/* ---- one network of the space ---- */

/* Where the network's parameter `to` has its numbers in the supernet. */
typedef void take_numbers_fn(const eng_params *from, const eng_param *to, float *out);

/* A network by itself, in the manner of a search, with the supernet's numbers. */
static inline eng_graph *build_network(const bench *b, const nas_genotype *genotype, size_t cells,
                                       take_numbers_fn *take, eng_params **params, eng_ports *ports) {
    const eng_net_config config = {.input = eng_shape_3d(8, 8, 1), .task = ENG_MULTICLASS, .outputs = 3};
    const nas_settings settings = {.channels = 4, .cells = cells, .search = true};
    base_err err = {0};
    eng_net net;
    CHECK_OK(eng_net_begin(&net, &config, &err));
    CHECK_OK(nas_network_build(genotype, &settings, &net, ports));
    eng_graph_keep(net.graph, ports->output);
    CHECK_OK(eng_graph_params(net.graph, 99, params, &err));
    for (size_t i = 0; i < eng_params_count(*params); i++) {
        const eng_param *to = eng_params_at(*params, i);
        take(nas_supernet_params(b->net), to, eng_params_values(*params) + to->offset);
    }
    return net.graph;
}

/* A supernet that is restricted to a network computes what the network does, in training and evaluation. */
static inline void check_network(bench *b, const nas_genotype *genotype, size_t cells, take_numbers_fn *take) {
    double **weights = nas_operation_blocks(b->space, b->arena);
    base_err err = {0};
    eng_params *params;
    eng_ports ports;
    eng_plan *plan;
    eng_graph *graph = build_network(b, genotype, cells, take, &params, &ports);
    CHECK_OK(eng_plan_create(graph, params, 4, nas_supernet_kernels(b->net), &plan, &err));
    nas_genotype_weights(genotype, weights);
    nas_relaxation_use(nas_supernet_relaxation(b->net), (const double *const *)weights, NULL);
    eng_plan_bind(plan, ports.x, b->batch[0].x);
    eng_plan_bind(plan, ports.target, b->batch[0].labels);
    for (int training = 0; training < 2; training++) {
        const double want = eng_plan_run(plan, &(eng_pass){.n = 4, .training = training, .keep_state = true});
        const double got =
            training ? nas_supernet_train(b->net, &b->batch[0], false, 0) : nas_supernet_evaluate(b->net, &b->batch[0]);
        CHECK_NEAR(got, want, 1e-5);
        for (size_t k = 0; k < 12; k++)
            CHECK_NEAR(nas_supernet_outputs(b->net)[k], eng_plan_value(plan, ports.output)[k], 1e-4);
    }
    eng_plan_destroy(plan);
    eng_params_destroy(params);
    eng_graph_destroy(graph);
}

/* So many random networks of the space. */
static inline void check_networks(const char *space, const char *search, size_t cells, uint32_t networks,
                                  take_numbers_fn *take) {
    bench b = bench_create(space, search, 4, cells, 8, 4);
    for (uint32_t i = 0; i < networks; i++) {
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, i, 0);
        check_network(&b, nas_genotype_random(b.space, &rng, b.arena), cells, take);
    }
    bench_destroy(&b);
}

#endif

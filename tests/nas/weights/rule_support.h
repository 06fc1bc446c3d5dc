/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rule with options, for an edge at a time. */
#ifndef TESTS_NAS_WEIGHTS_RULE_SUPPORT_H
#define TESTS_NAS_WEIGHTS_RULE_SUPPORT_H

#include "tests/nas/supernet_support.h"

#include "nas/edge_weights.h"

typedef struct rule_bench {
    base_arena *arena;
    const nas_edge_weights *rule;
    void *state;
} rule_bench;

/* options: YAML. */
static inline rule_bench rule_create(const char *name, const char *options) {
    rule_bench b = {.arena = base_arena_create(), .rule = nas_edge_weights_find(name)};
    base_yaml_node *map;
    base_err err = {0};
    assert_non_null(b.rule);
    b.state = base_arena_alloc(b.arena, b.rule->state_size);
    CHECK_OK(base_yaml_parse(b.arena, "test", options, strlen(options), &map, &err));
    CHECK_OK(base_options_read(b.rule->options, map, b.state, b.arena, &err));
    return b;
}

static inline void rule_destroy(rule_bench *b) {
    base_arena_destroy(b->arena);
}

static inline void rule_refuses(const char *name, const char *options, const char *word) {
    const nas_edge_weights *rule = nas_edge_weights_find(name);
    base_arena *arena = base_arena_create();
    base_yaml_node *map;
    base_err err = {0};
    CHECK_OK(base_yaml_parse(arena, "test", options, strlen(options), &map, &err));
    CHECK_FAILS(base_options_read(rule->options, map, base_arena_alloc(arena, rule->state_size), arena, &err),
                BASE_INVALID, word);
    base_arena_destroy(arena);
}

/* A space of one edge with that many candidates, at most 3. */
static inline const nas_space *space_of_one_edge(base_arena *arena, size_t candidates) {
    static const char *const lists[] = {"skip_connect", "skip_connect, avg_pool_3x3",
                                        "skip_connect, avg_pool_3x3, sep_conv_3x3"};
    return read_space(arena, base_arena_printf(arena,
                                               "cells:\n  cell: {inputs: 1, nodes: 1, operations: [%s], keep: all, "
                                               "output: last, preprocess: false}\n"
                                               "skeleton: {channels: 4, stem: {width: 1, kernel: 3}, stack: [{cell: "
                                               "cell}], head: [global_pool]}\n",
                                               lists[candidates - 1]));
}

#endif

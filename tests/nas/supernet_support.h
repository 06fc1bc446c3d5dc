/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small spaces, supernets over them, and batches of random images. */
#ifndef TESTS_NAS_SUPERNET_SUPPORT_H
#define TESTS_NAS_SUPERNET_SUPPORT_H

#include "tests/support/check.h"

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

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A space and a sampler over it from a few lines of YAML. */
#ifndef TESTS_SUPPORT_TOY_SPACE_H
#define TESTS_SUPPORT_TOY_SPACE_H

#include "hpo/samplers/sampler.h"
#include "hpo/space/space_file.h"
#include "tests/support/check.h"

typedef struct toy_sampling {
    base_arena *arena;
    hpo_space *space;
    hpo_history *history; /* empty */
    hpo_sampler *sampler;
    double config[4096];
} toy_sampling;

/* yaml: {parameters: {...}, forbid: [...], options: {...}} */
static inline base_status toy_sampling_try(toy_sampling *s, const char *sampler, uint64_t seed, const char *yaml,
                                           base_err *out) {
    base_err err;
    base_yaml_node *root;
    s->arena = base_arena_create();
    CHECK_OK(base_yaml_parse(s->arena, "yaml", yaml, strlen(yaml), &root, &err));
    CHECK_OK(hpo_space_read(base_yaml_get(root, "parameters"), base_yaml_get(root, "forbid"), NULL, &s->space, &err));
    s->history = hpo_history_create(s->space, false, 1);
    const hpo_sampler_env env = {.space = s->space, .seed = seed, .min_fidelity = 1, .max_fidelity = 1};
    return hpo_sampler_create(hpo_sampler_find(sampler), base_yaml_get(root, "options"), &env, &s->sampler, out);
}

static inline void toy_sampling_open(toy_sampling *s, const char *sampler, uint64_t seed, const char *yaml) {
    base_err err;
    CHECK_OK(toy_sampling_try(s, sampler, seed, yaml, &err));
}

static inline void toy_sampling_close(toy_sampling *s) {
    hpo_sampler_destroy(s->sampler);
    hpo_history_destroy(s->history);
    hpo_space_destroy(s->space);
    base_arena_destroy(s->arena);
}

/* Into s->config. */
static inline base_status toy_sampling_ask(toy_sampling *s, uint64_t trial, uint32_t attempt, base_err *err) {
    const hpo_request request = {.trial = trial, .attempt = attempt, .fidelity = 1};
    const char *origin;
    return hpo_sampler_ask(s->sampler, hpo_history_view(s->history), &request, s->config, &origin, err);
}

static inline const double *toy_sampling_point(toy_sampling *s, uint64_t trial, uint32_t attempt) {
    base_err err;
    CHECK_OK(toy_sampling_ask(s, trial, attempt, &err));
    return s->config;
}

/* "{parameters: {x0: {min: 0.0, max: 1.0}, ...}, options: OPTIONS}"; free() it. */
static inline char *toy_cube(size_t dims, const char *options) {
    base_buf text = {0};
    base_buf_puts(&text, "{parameters: {");
    for (size_t i = 0; i < dims; i++) base_buf_printf(&text, "%sx%zu: {min: 0.0, max: 1.0}", i > 0 ? ", " : "", i);
    base_buf_printf(&text, "}, options: %s}", options);
    return text.data;
}

#endif

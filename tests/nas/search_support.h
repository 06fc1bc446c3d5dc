/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole searches, small enough for a second: digits, three cells of four channels. */
#ifndef TESTS_NAS_SEARCH_SUPPORT_H
#define TESTS_NAS_SEARCH_SUPPORT_H

#include "tests/nas/supernet_support.h"

#include "engine/data/registry.h"
#include "nas/search.h"

static const char space_text[] =
    "operations: [none, skip_connect, avg_pool_3x3, sep_conv_3x3, dil_conv_3x3]\n"
    "cells:\n"
    "  normal: {inputs: 2, nodes: 2, keep: 2, output: concat}\n"
    "  reduce: {inputs: 2, nodes: 2, keep: 2, output: concat, stride: 2}\n"
    "skeleton: {channels: 4, stem: {width: 3, kernel: 3}, stack: {normal: normal, reduction: reduce, cells: 3}, head: "
    "[global_pool]}\n";

typedef struct data {
    eng_dataset *set;
    eng_view *view;
} data;

static inline data load_data(double fraction) {
    data d;
    base_err err = {0};
    const eng_view_settings settings = {
        .split = {.seed = 1, .test_fraction = .2, .valid_fraction = .2, .fraction = fraction},
        .normalize = ENG_NORMALIZE_STANDARD,
    };
    CHECK_OK(eng_dataset_load("digits", NULL, &d.set, &err));
    CHECK_OK(eng_view_create(d.set, &settings, &d.view, &err));
    return d;
}

static inline void unload_data(data *d) {
    eng_view_destroy(d->view);
    eng_dataset_destroy(d->set);
}

static inline nas_search_settings settings_of(base_arena *arena, int64_t epochs, int64_t seed) {
    nas_search_settings settings = {0};
    base_err err = {0};
    CHECK_OK(base_options_read(nas_search_options, NULL, &settings, arena, &err));
    settings.batch_size = 32;
    settings.epochs = epochs;
    settings.seed = seed;
    settings.alpha_learning_rate = .02;
    return settings;
}

static inline nas_search *create_with(const nas_search_settings *settings, const char *search, const data *d,
                                      base_arena *arena) {
    nas_search *s;
    base_err err = {0};
    CHECK_OK(nas_search_create(settings, read_choices(arena, search), read_space(arena, space_text), d->view, NULL, &s,
                               &err));
    return s;
}

static inline nas_search *create(const char *search, const data *d, base_arena *arena, int64_t epochs, int64_t seed) {
    const nas_search_settings settings = settings_of(arena, epochs, seed);
    return create_with(&settings, search, d, arena);
}

/* Everything of two searches is the same, bit for bit. */
static inline void check_same(const nas_search *a, const nas_search *b) {
    const eng_params *p = nas_supernet_params(nas_search_supernet(a)), *q = nas_supernet_params(nas_search_supernet(b));
    assert_memory_equal(eng_params_values(p), eng_params_values(q), eng_params_size(p) * sizeof(float));
    assert_int_equal(nas_search_epochs(a), nas_search_epochs(b));
    base_buf one = {0}, other = {0};
    nas_search_write_alphas(a, &one);
    nas_search_write_alphas(b, &other);
    assert_string_equal(base_buf_text(&one), base_buf_text(&other));
    for (size_t e = 0; e < nas_search_epochs(a); e++) {
        nas_figures f = *nas_search_figures(a, e), g = *nas_search_figures(b, e);
        f.seconds = g.seconds = 0;
        assert_memory_equal(&f, &g, sizeof f);
    }
    base_buf_fini(&one);
    base_buf_fini(&other);
}

#endif

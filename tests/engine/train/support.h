/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recipe from flow YAML, and the data and trainer that it means. */
#ifndef TESTS_ENGINE_TRAIN_SUPPORT_H
#define TESTS_ENGINE_TRAIN_SUPPORT_H

#include "tests/support/check.h"

#include "engine/train/trainer.h"

typedef struct bench {
    base_arena *arena;
    eng_recipe recipe;
    eng_dataset *set;
    eng_view *view;
} bench;

static inline base_status read_recipe(base_arena *arena, const char *text, eng_recipe *recipe, base_err *err) {
    base_yaml_node *map;
    BASE_TRY(base_yaml_parse(arena, "r.yaml", text, strlen(text), &map, err));
    return eng_recipe_read(map, eng_networks, arena, recipe, err);
}

static inline bench bench_create(const char *text) {
    base_err err = {0};
    bench b = {.arena = base_arena_create()};
    CHECK_OK(read_recipe(b.arena, text, &b.recipe, &err));
    CHECK_OK(eng_data_load(&b.recipe.data, NULL, &b.set, &err));
    const eng_view_settings settings = eng_data_view(&b.recipe.data);
    CHECK_OK(eng_view_create(b.set, &settings, &b.view, &err));
    return b;
}

static inline void bench_destroy(bench *b) {
    eng_view_destroy(b->view);
    eng_dataset_destroy(b->set);
    base_arena_destroy(b->arena);
}

static inline eng_trainer *bench_trainer(const bench *b) {
    base_err err = {0};
    eng_trainer *trainer;
    CHECK_OK(eng_trainer_create(&b->recipe, b->view, &trainer, &err));
    return trainer;
}

/* Values, slots and steps of both trainers, and every reproducible number of their histories. */
static inline void check_same_bits(const eng_trainer *a, const eng_trainer *b) {
    const eng_progress *p = eng_trainer_progress(a), *q = eng_trainer_progress(b);
    eng_params *u = eng_model_params(eng_trainer_model(a)), *v = eng_model_params(eng_trainer_model(b));
    assert_int_equal(eng_params_size(u), eng_params_size(v));
    assert_memory_equal(eng_params_values(u), eng_params_values(v), eng_params_size(u) * sizeof(float));
    assert_int_equal(p->epoch, q->epoch);
    assert_int_equal(p->epochs, q->epochs);
    for (size_t i = 0; i < p->epochs; i++) {
        const eng_epoch *x = &p->history[i], *y = &q->history[i];
        assert_int_equal(x->epoch, y->epoch);
        CHECK_SAME_DOUBLE(x->train_loss, y->train_loss);
        CHECK_SAME_DOUBLE(x->learning_rate, y->learning_rate);
        assert_int_equal(x->valid.count, y->valid.count);
        for (size_t k = 0; k < x->valid.count; k++) {
            assert_string_equal(x->valid.score[k].name, y->valid.score[k].name);
            CHECK_SAME_DOUBLE(x->valid.score[k].value, y->valid.score[k].value);
        }
    }
}

#endif

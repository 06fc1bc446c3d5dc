/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to train: a network on data, with a loss, an optimizer, a schedule and a course. Each of these rooms has its own
 * struct, table of options and file; the table of a recipe is all of them in a row. */
#ifndef ENG_TRAIN_RECIPE_H
#define ENG_TRAIN_RECIPE_H

#include "engine/modules/network.h"
#include "engine/train/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_recipe {
    eng_data_settings data;
    eng_network network;
    eng_loss_settings loss;
    eng_optimizer_settings optimizer;
    eng_schedule_settings schedule;
    eng_course_settings course;
} eng_recipe;

/* Every option of a recipe, for checks and for people; networks: as in eng_network_table (eng_networks, or a longer
 * list). It lives in arena and its fields are read by eng_recipe_read alone. */
const base_option *eng_recipe_table(const eng_network_kind *const *networks, base_arena *arena);
/* Reads settings (a map, or NULL), fills in the defaults that depend on other settings (an optimizer's betas, a
 * schedule's shape), and checks what concerns several of them. Pointers live in arena or in the settings' tree.
 * BASE_INVALID with position. */
BASE_CHECK base_status eng_recipe_read(const base_yaml_node *settings, const eng_network_kind *const *networks,
                                       base_arena *arena, eng_recipe *out, base_err *err);
/* Do recipe and data fit: the loss and the kind of targets, images and what is done to them? BASE_INVALID. */
BASE_CHECK base_status eng_recipe_check(const eng_recipe *recipe, const eng_dataset *set, base_err *err);

/* The network alone, which is the caller's, without memory for its numbers. Call after eng_recipe_check. */
BASE_CHECK base_status eng_recipe_graph(const eng_recipe *recipe, const eng_dataset *set, eng_graph **out,
                                        eng_ports *ports, base_err *err);
/* A new model with its first weights. Its plan holds batches of eng_recipe_batch samples: training batches, or larger
 * ones to evaluate with. */
BASE_CHECK base_status eng_recipe_model(const eng_recipe *recipe, const eng_dataset *set, eng_model **out,
                                        base_err *err);
size_t eng_recipe_batch(const eng_recipe *recipe);
BASE_CHECK base_status eng_recipe_optimizer(const eng_recipe *recipe, const eng_model *model, eng_optimizer **out,
                                            base_err *err);

/* Hash of everything that training depends on but its length (epochs, early_stopping): a checkpoint made by another
 * recipe or from other data must not be continued. */
uint64_t eng_recipe_identity(const eng_recipe *recipe, const eng_view *view);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to train, in one flat struct: every setting with its default, its bounds and its help is a line of the table. */
#ifndef ENG_TRAIN_RECIPE_H
#define ENG_TRAIN_RECIPE_H

#include "base/options.h"
#include "engine/data/augment.h"
#include "engine/data/view.h"
#include "engine/modules/layers.h"
#include "engine/modules/model.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_recipe {
    /* data */
    const char *dataset, *path, *target;
    int target_is; /* eng_target_hint */
    double test_fraction, valid_fraction, fraction;
    int64_t folds, fold;  /* fold 1 .. folds; 0 = none in particular */
    int normalise;        /* eng_normalise */
    int64_t crop, cutout; /* eng_augment */
    bool flip;
    int64_t split_seed;
    /* model */
    int model; /* eng_recipe_kind */
    int64_t stages, blocks;
    bool preactivation;
    double drop_path;
    int64_t layers, width;
    const base_yaml_node *hidden;  /* a list of widths instead of layers and width; or NULL */
    const base_yaml_node *network; /* a list of layers instead of model; or NULL */
    int activation;                /* index into eng_activation_names */
    int norm;                      /* eng_recipe_norm */
    bool skip;
    double dropout, input_dropout;
    int init; /* 0 = chosen for the activation, else 1 + index into eng_init_names */
    /* loss */
    int loss; /* eng_recipe_loss */
    double label_smoothing, l1, l2;
    /* optimizer */
    int optimizer; /* index into eng_optimizer_names */
    double learning_rate, momentum;
    bool nesterov;
    double beta1, beta2, rho, epsilon, weight_decay, clip_norm, clip_value;
    /* schedule */
    int schedule;            /* index into eng_schedule_names */
    int64_t schedule_epochs; /* 0 = epochs */
    double warmup_epochs, end_factor, gamma, step_epochs, restart_epochs, restart_multiplier;
    /* course */
    int64_t epochs, batch_size, accumulate, early_stopping, seed;
    double ema;
    /* not in the table: resolved by eng_recipe_read */
    const size_t *widths; /* of the hidden layers */
    size_t n_widths;
    eng_layers list; /* of network */
    bool seed_given;
} eng_recipe;

typedef enum eng_recipe_loss {
    ENG_LOSS_AUTO,
    ENG_LOSS_CROSS_ENTROPY,
    ENG_LOSS_BINARY,
    ENG_LOSS_SQUARED
} eng_recipe_loss;

typedef enum eng_recipe_kind { ENG_MODEL_MLP, ENG_MODEL_RESNET, ENG_MODEL_SEPARABLE, ENG_MODEL_UNET } eng_recipe_kind;

/* AUTO: batch for the layers of convolutional networks, none for a multilayer perceptron. */
typedef enum eng_recipe_norm {
    ENG_RECIPE_NORM_AUTO,
    ENG_RECIPE_NORM_NONE,
    ENG_RECIPE_NORM_BATCH,
    ENG_RECIPE_NORM_LAYER
} eng_recipe_norm;

extern const char *const eng_model_names[]; /* by kind; NULL at the end */
extern const base_option eng_recipe_options[];

/* Reads settings (a map, or NULL) by the table, fills in the defaults that depend on other settings (an optimizer's
 * betas, a schedule's shape), and checks what concerns several of them. Pointers live in arena or in the settings'
 * tree. BASE_INVALID with position. */
BASE_CHECK base_status eng_recipe_read(const base_yaml_node *settings, base_arena *arena, eng_recipe *out,
                                       base_err *err);
/* Loads the data set that the recipe names. base_dir: what a relative path is relative to; NULL = the working folder.
 */
BASE_CHECK base_status eng_recipe_load(const eng_recipe *recipe, const char *base_dir, eng_dataset **out,
                                       base_err *err);
/* Do recipe and data fit: the loss and the kind of targets? BASE_INVALID. */
BASE_CHECK base_status eng_recipe_check(const eng_recipe *recipe, const eng_dataset *set, base_err *err);

eng_augment eng_recipe_augment(const eng_recipe *recipe);
eng_view_settings eng_recipe_view(const eng_recipe *recipe);
/* The task of a model for this set; call after eng_recipe_check. */
eng_task eng_recipe_task(const eng_recipe *recipe, const eng_dataset *set);
/* The network alone, which is the caller's, without memory for its numbers. */
BASE_CHECK base_status eng_recipe_graph(const eng_recipe *recipe, const eng_dataset *set, eng_graph **out,
                                        eng_ports *ports, base_err *err);
/* A new model with its first weights. Its plan holds batches of eng_recipe_batch samples: training batches, or larger
 * ones to evaluate with. */
BASE_CHECK base_status eng_recipe_model(const eng_recipe *recipe, const eng_dataset *set, eng_model **out,
                                        base_err *err);
size_t eng_recipe_batch(const eng_recipe *recipe);
const eng_optimizer_type *eng_recipe_rule(const eng_recipe *recipe);
BASE_CHECK base_status eng_recipe_optimizer(const eng_recipe *recipe, const eng_model *model, eng_optimizer **out,
                                            base_err *err);
/* The schedule in steps, for an epoch of `batches` steps; *total is its length in steps. */
BASE_CHECK base_status eng_recipe_schedule(const eng_recipe *recipe, size_t batches, const eng_schedule_type **type,
                                           eng_schedule_config *config, uint64_t *total, base_err *err);

/* Hash of everything that training depends on but its length (epochs, early_stopping): a checkpoint made by another
 * recipe or from other data must not be continued. */
uint64_t eng_recipe_identity(const eng_recipe *recipe, const eng_view *view);

#ifdef __cplusplus
}
#endif
#endif

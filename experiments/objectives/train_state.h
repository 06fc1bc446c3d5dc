/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the objective `train` share. */
#ifndef EXPERIMENTS_OBJECTIVES_TRAIN_STATE_H
#define EXPERIMENTS_OBJECTIVES_TRAIN_STATE_H

#include "engine/train/recipe.h"
#include "hpo/objective.h"

/* What a study may spend more or less of. */
typedef enum train_fidelity { TRAIN_NONE, TRAIN_EPOCHS, TRAIN_FRACTION, TRAIN_FOLDS } train_fidelity;

typedef struct train_state {
    hpo_objective_env known; /* what init was told */
    train_fidelity fidelity;
    eng_dataset *set;
    eng_view *view; /* for trials that split and normalize as most do; may be NULL */
} train_state;

/* The networks that a study may name: the engine's and those of the rooms above it. NULL-terminated. */
extern const eng_network_kind *const train_networks[];

/* BASE_INVALID with position when the objective does not know the study's fidelity. */
BASE_CHECK base_status train_fidelity_find(const hpo_objective_env *env, train_fidelity *out, base_err *err);
/* What a training is of: a configuration at a fidelity, and the trial's seed for what is drawn by lot. */
typedef struct train_point {
    const double *config;
    double fidelity;
    uint64_t seed;
} train_point;

/* Its recipe: fixed settings, with references replaced, and searched parameters. */
BASE_CHECK base_status train_recipe(const hpo_objective_env *env, train_fidelity kind, const train_point *at,
                                    base_arena *arena, eng_recipe *out, base_err *err);

/* For --check. */
BASE_CHECK base_status train_describe(const hpo_objective_env *env, const hpo_limits *limits, base_buf *out,
                                      base_err *err);
base_status train_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                           base_err *err);
/* Deletes what train_evaluate left in folder to go on from this fidelity, INFINITY: everything; returns how many files.
 */
size_t train_forget(const char *folder, double fidelity);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rooms of a recipe: data, loss, optimizer, schedule, course. (The network has its own header.)
 *
 * A room is a struct, the table of its options, and a function that reads it from a map which holds the options of
 * other rooms too. Whoever trains something else than a recipe says (a search, a second optimizer) takes the rooms that
 * it needs: their tables become one by base_options_join. Every read fails with BASE_INVALID and position; strings and
 * nodes point into the map's tree or arena. */
#ifndef ENG_TRAIN_SETTINGS_H
#define ENG_TRAIN_SETTINGS_H

#include "base/options.h"
#include "engine/data/augment.h"
#include "engine/data/view.h"
#include "engine/modules/model.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- data: what is loaded, how it is split, and what a batch sees of it ---- */

typedef struct eng_data_settings {
    const char *dataset, *path, *target;
    int target_is; /* eng_target_hint */
    double test_fraction, valid_fraction, fraction;
    int64_t folds, fold;  /* fold 1 .. folds; 0 = none in particular */
    int normalize;        /* eng_normalize */
    int64_t crop, cutout; /* eng_augment */
    bool flip;
    int64_t split_seed;
} eng_data_settings;

extern const base_option eng_data_options[];
BASE_CHECK base_status eng_data_read(const base_yaml_node *settings, base_arena *arena, eng_data_settings *out,
                                     base_err *err);
/* Loads the data set. base_dir: what a relative path is relative to; NULL = the working folder. */
BASE_CHECK base_status eng_data_load(const eng_data_settings *data, const char *base_dir, eng_dataset **out,
                                     base_err *err);
/* Do the settings fit the set? BASE_INVALID. */
BASE_CHECK base_status eng_data_check(const eng_data_settings *data, const eng_dataset *set, base_err *err);
eng_augment eng_data_augment(const eng_data_settings *data);
eng_view_settings eng_data_view(const eng_data_settings *data);

/* ---- loss: what is minimized ---- */

typedef enum eng_loss_choice {
    ENG_LOSS_AUTO,
    ENG_LOSS_CROSS_ENTROPY,
    ENG_LOSS_BINARY,
    ENG_LOSS_SQUARED
} eng_loss_choice;

typedef struct eng_loss_settings {
    int loss; /* eng_loss_choice */
    double label_smoothing, l1, l2;
} eng_loss_settings;

extern const base_option eng_loss_options[];
BASE_CHECK base_status eng_loss_read(const base_yaml_node *settings, base_arena *arena, eng_loss_settings *out,
                                     base_err *err);
/* Does the loss fit the set's targets? BASE_INVALID. */
BASE_CHECK base_status eng_loss_check(const eng_loss_settings *loss, const eng_dataset *set, base_err *err);
/* The task of a model for this set; call after eng_loss_check. */
eng_task eng_loss_task(const eng_loss_settings *loss, const eng_dataset *set);
size_t eng_loss_outputs(const eng_loss_settings *loss, const eng_dataset *set); /* of such a model */

/* ---- optimizer ---- */

typedef struct eng_optimizer_settings {
    int optimizer; /* index into eng_optimizer_names */
    double learning_rate, momentum;
    bool nesterov;
    double beta1, beta2, rho, epsilon, weight_decay, clip_norm, clip_value;
} eng_optimizer_settings;

extern const base_option eng_optimizer_options[];
/* Fills in the rule's own defaults where nothing is said. */
BASE_CHECK base_status eng_optimizer_read(const base_yaml_node *settings, base_arena *arena,
                                          eng_optimizer_settings *out, base_err *err);
/* PyTorch has one SGD with a momentum and a flag; here they are three rules. */
const eng_optimizer_type *eng_optimizer_rule(const eng_optimizer_settings *optimizer);
eng_optimizer_config eng_optimizer_config_of(const eng_optimizer_settings *optimizer);

/* ---- schedule: of the learning rate ---- */

typedef struct eng_schedule_settings {
    int schedule;            /* index into eng_schedule_names */
    int64_t schedule_epochs; /* 0 = the epochs of the course */
    double warmup_epochs, end_factor, gamma, step_epochs, restart_epochs, restart_multiplier;
} eng_schedule_settings;

extern const base_option eng_schedule_options[];
BASE_CHECK base_status eng_schedule_read(const base_yaml_node *settings, base_arena *arena, eng_schedule_settings *out,
                                         base_err *err);

/* A schedule in steps. */
typedef struct eng_schedule_plan {
    const eng_schedule_type *type;
    eng_schedule_config config;
    uint64_t total; /* steps */
} eng_schedule_plan;

/* For epochs of `steps` steps; epochs: how many where the settings do not say it. BASE_INVALID. */
BASE_CHECK base_status eng_schedule_plan_make(const eng_schedule_settings *schedule, uint64_t epochs, size_t steps,
                                              eng_schedule_plan *out, base_err *err);

/* ---- course: how long, in which batches, from which seed ---- */

typedef struct eng_course_settings {
    int64_t epochs, batch_size, accumulate, early_stopping, seed;
    double ema;
    bool seed_given; /* not in the table */
} eng_course_settings;

extern const base_option eng_course_options[];
BASE_CHECK base_status eng_course_read(const base_yaml_node *settings, base_arena *arena, eng_course_settings *out,
                                       base_err *err);

#ifdef __cplusplus
}
#endif
#endif

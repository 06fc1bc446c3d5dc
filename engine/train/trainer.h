/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trains what a recipe says: epochs a to b, a report after each, checkpoints in between. */
#ifndef ENG_TRAIN_TRAINER_H
#define ENG_TRAIN_TRAINER_H

#include "engine/train/checkpoint.h"
#include "engine/train/recipe.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_trainer eng_trainer;

/* Who watches a training; any function may be NULL. true = stop. */
typedef struct eng_watch {
    bool (*epoch)(void *self, const eng_epoch *epoch); /* after every epoch */
    bool (*stop)(void *self);                          /* in between */
    double pause;                                      /* seconds between two calls of stop; 0 = 0.05 */
    void *self;
} eng_watch;

/* Model, optimizer and schedule in their first state. recipe is copied, its pointers and the view must outlive the
 * trainer. BASE_INVALID, BASE_NOMEM. */
BASE_CHECK base_status eng_trainer_create(const eng_recipe *recipe, const eng_view *view, eng_trainer **out,
                                          base_err *err);
void eng_trainer_destroy(eng_trainer *trainer);

/* Goes on until `epochs` are finished or early stopping ends it (BASE_OK), or the watch says stop (BASE_CANCELLED: the
 * trainer is between two steps and may be saved). BASE_NUMERIC with the step's number when the loss is not finite. */
BASE_CHECK base_status eng_trainer_fit(eng_trainer *trainer, uint64_t epochs, const eng_watch *watch, base_err *err);
/* Scores of the model as it is, with its averaged weights where the recipe wants them, on any part of the view. */
eng_scores eng_trainer_evaluate(eng_trainer *trainer, eng_part part);

BASE_CHECK base_status eng_trainer_save(const eng_trainer *trainer, const char *path, base_err *err);
/* As eng_checkpoint_load: on failure the trainer is as before. */
BASE_CHECK base_status eng_trainer_load(eng_trainer *trainer, const char *path, base_err *err);

const eng_progress *eng_trainer_progress(const eng_trainer *trainer);
const eng_view *eng_trainer_view(const eng_trainer *trainer);
const eng_model *eng_trainer_model(const eng_trainer *trainer);
/* The exponential average of the parameters, laid out like them; NULL without `ema`. */
const float *eng_trainer_average(const eng_trainer *trainer);
size_t eng_trainer_parameters(const eng_trainer *trainer); /* numbers that are trained */
size_t eng_trainer_bytes(const eng_trainer *trainer);      /* of memory, besides the view */

#ifdef __cplusplus
}
#endif
#endif

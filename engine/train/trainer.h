/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of a training: epochs a to b of a step, a report after each, checkpoints in between. */
#ifndef ENG_TRAIN_TRAINER_H
#define ENG_TRAIN_TRAINER_H

#include "engine/train/supervised.h"

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

/* Supervised training of a recipe. recipe is copied, its pointers and the view must outlive the trainer. BASE_INVALID,
 * BASE_NOMEM. */
BASE_CHECK base_status eng_trainer_create(const eng_recipe *recipe, const eng_view *view, eng_trainer **out,
                                          base_err *err);

/* What a trainer wants to know of any step. */
typedef struct eng_trainer_config {
    uint64_t identity;       /* of all that the training depends on: a checkpoint of another identity is refused */
    uint64_t early_stopping; /* epochs without a lower loss on `valid`; 0 = off */
    double ema;              /* decay of averaged weights; 0 = off */
    eng_part valid;          /* what is scored after each epoch; outlives the trainer. Empty: nothing is, and nothing
                                stops early */
} eng_trainer_config;

/* A trainer of any step, which is the trainer's from here on (also when this fails). BASE_NOMEM. */
BASE_CHECK base_status eng_trainer_adopt(eng_step step, const eng_trainer_config *config, eng_trainer **out,
                                         base_err *err);
void eng_trainer_destroy(eng_trainer *trainer);
/* Steps that follow are shared by `threads` (NULL = the caller alone), which must outlive them: the same bits in less
 * time. BASE_NOMEM. */
BASE_CHECK base_status eng_trainer_threads(eng_trainer *trainer, eng_threads *threads, base_err *err);

/* Goes on until `epochs` are finished or early stopping or the step ends it (BASE_OK), or the watch says stop
 * (BASE_CANCELLED: the trainer is between two steps and may be saved). BASE_NUMERIC with the step's number when the
 * loss is not finite. */
BASE_CHECK base_status eng_trainer_fit(eng_trainer *trainer, uint64_t epochs, const eng_watch *watch, base_err *err);
/* Scores as the step has them now, with averaged weights where they are wanted, on any part of its data. */
eng_scores eng_trainer_evaluate(eng_trainer *trainer, eng_part part);

/* Writes a new file under a name of its own, syncs it, and renames it to path: path is absent, or whole. BASE_IO. */
BASE_CHECK base_status eng_trainer_save(const eng_trainer *trainer, const char *path, base_err *err);
/* On failure the trainer is as before (but for BASE_IO). BASE_NOTFOUND; BASE_CORRUPT when a single byte is not as it
 * was written; BASE_INVALID when the file is sound but of another recipe, network, data or format. */
BASE_CHECK base_status eng_trainer_load(eng_trainer *trainer, const char *path, base_err *err);
/* The same from another training of the same network and optimizer, whatever else its settings were: weights, the
 * optimizer's state and the epochs so far are taken over, and it goes on by the settings of this one. */
BASE_CHECK base_status eng_trainer_inherit(eng_trainer *trainer, const char *path, base_err *err);

const eng_progress *eng_trainer_progress(const eng_trainer *trainer);
const eng_step *eng_trainer_step(const eng_trainer *trainer);
/* NULL when the step is not supervised. */
const eng_model *eng_trainer_model(const eng_trainer *trainer);
/* The exponential average of the parameters, laid out like them; NULL without `ema`. */
const float *eng_trainer_average(const eng_trainer *trainer);
size_t eng_trainer_parameters(const eng_trainer *trainer); /* numbers that are trained */
size_t eng_trainer_bytes(const eng_trainer *trainer);      /* of memory, besides the view */

#ifdef __cplusplus
}
#endif
#endif

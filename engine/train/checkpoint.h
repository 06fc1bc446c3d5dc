/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What trainings consist of, as sections of a file: progress, parameters, an optimizer's memory. A training that is
 * loaded and continued computes what the uninterrupted one computes, bit for bit.
 *
 * Each part has three functions. put writes it. fits tells whether a file has it as this training would write it, and
 * changes nothing; BASE_INVALID. take reads it, after fits; BASE_IO. So a training that is loaded stays as it is unless
 * everything fits. */
#ifndef ENG_TRAIN_CHECKPOINT_H
#define ENG_TRAIN_CHECKPOINT_H

#include "engine/optim/optimizer.h"
#include "engine/train/early_stop.h"
#include "engine/train/scores.h"
#include "engine/train/sections.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One finished epoch. */
typedef struct eng_epoch {
    uint64_t epoch;       /* 1, 2, ... */
    double train_loss;    /* mean over the epoch's batches, with dropout, smoothing and penalties */
    double learning_rate; /* of its last step */
    double seconds;       /* spent on it; the only number here that is not reproducible */
    eng_scores valid;
    eng_scores figures; /* what else the step has to tell of the epoch */
} eng_epoch;

/* How far a training is. The order of batches needs no state: it is a function of seed and epoch. */
typedef struct eng_progress {
    uint64_t epoch; /* finished epochs */
    uint64_t batch; /* batches taken in the next one */
    uint64_t seen;  /* samples in those batches, and the sum of their losses */
    double loss_sum;
    double seconds; /* spent on those batches */
    eng_early_stop stop;
    eng_epoch *history; /* `epochs` of them, malloc'ed */
    size_t epochs, capacity;
} eng_progress;

void eng_progress_fini(eng_progress *progress);

/* The sections "progress" and "history". take leaves *progress as it is on failure, and its patience in any case. */
void eng_checkpoint_put_progress(eng_sections *to, const eng_progress *progress);
BASE_CHECK base_status eng_checkpoint_take_progress(const eng_sections *from, eng_progress *progress, base_err *err);

/* All values of a list, of all groups, with running statistics. They fit a list of the same names and shapes. */
void eng_checkpoint_put_params(eng_sections *to, const char *name, const eng_params *params);
BASE_CHECK base_status eng_checkpoint_fits_params(const eng_sections *from, const char *name, const eng_params *params,
                                                  base_err *err);
BASE_CHECK base_status eng_checkpoint_take_params(const eng_sections *from, const char *name, eng_params *params,
                                                  base_err *err);

/* Steps and slots. They fit the same rule over as many numbers. */
void eng_checkpoint_put_optimizer(eng_sections *to, const char *name, const eng_optimizer *optimizer);
BASE_CHECK base_status eng_checkpoint_fits_optimizer(const eng_sections *from, const char *name,
                                                     const eng_optimizer *optimizer, base_err *err);
BASE_CHECK base_status eng_checkpoint_take_optimizer(const eng_sections *from, const char *name,
                                                     eng_optimizer *optimizer, base_err *err);

#ifdef __cplusplus
}
#endif
#endif

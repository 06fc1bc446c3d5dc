/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training in one file: how far it is, weights, running statistics, the optimizer's memory, averaged weights. A
 * training that is loaded and continued computes what the uninterrupted one computes, bit for bit. */
#ifndef ENG_TRAIN_CHECKPOINT_H
#define ENG_TRAIN_CHECKPOINT_H

#include "engine/optim/optimizer.h"
#include "engine/train/early_stop.h"
#include "engine/train/scores.h"

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
} eng_epoch;

/* How far a training is. The order of batches needs no state: it is a function of seed and epoch. */
typedef struct eng_progress {
    uint64_t epoch; /* finished epochs */
    uint64_t batch; /* steps taken in the next one */
    uint64_t seen;  /* samples in those steps, and the sum of their losses */
    double loss_sum;
    double seconds; /* spent on those steps */
    eng_early_stop stop;
    eng_epoch *history; /* `epochs` of them, malloc'ed */
    size_t epochs, capacity;
} eng_progress;

void eng_progress_fini(eng_progress *progress);

/* What is saved, or loaded into. */
typedef struct eng_checkpoint {
    uint64_t identity; /* of recipe and data */
    eng_params *params;
    eng_optimizer *optimizer;
    float *average; /* of the parameters, laid out like them; NULL = none */
    eng_progress *progress;
} eng_checkpoint;

/* Writes a new file under a name of its own, syncs it, and renames it to path: path is absent, or whole. BASE_IO. */
BASE_CHECK base_status eng_checkpoint_save(const char *path, const eng_checkpoint *from, base_err *err);
/* Reads path into the existing objects, which stay as they are on failure (but for BASE_IO). BASE_NOTFOUND;
 * BASE_CORRUPT when a single byte is not as it was written; BASE_INVALID when it is sound but of another recipe,
 * network or version. */
BASE_CHECK base_status eng_checkpoint_load(const char *path, const eng_checkpoint *into, base_err *err);

#ifdef __cplusplus
}
#endif
#endif

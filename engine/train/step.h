/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a trainer drives: steps of a training, whatever they are.
 *
 * The trainer (engine/train/trainer.h) owns the loop: epochs, early stopping, averaged weights, reports, requests to
 * stop, checkpoints, time. A step owns what is trained, and the data: supervised training of one network is one
 * (engine/train/supervised.h), an architecture search that alternates between two losses is another. */
#ifndef ENG_TRAIN_STEP_H
#define ENG_TRAIN_STEP_H

#include "engine/data/split.h"
#include "engine/tensor/threads.h"
#include "engine/train/checkpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One constant descriptor per kind of step. Functions marked so may be NULL. */
typedef struct eng_step_type {
    const char *name;
    /* Batches of an epoch: an epoch ends when progress->batch has reached it. The same for every epoch. */
    size_t (*batches)(const void *self);
    /* Before the first step of epoch progress->epoch (from 0), and when a loaded training goes on inside one: it must
     * depend on the progress alone. May be NULL. */
    base_status (*begin_epoch)(void *self, const eng_progress *progress, base_err *err);
    /* The next update of the weights, from batch progress->batch of epoch progress->epoch on. Adds what it took to
     * batch (at least 1), seen and loss_sum. Random numbers are functions of a seed and of the progress. Allocates
     * nothing. BASE_NUMERIC when the loss is not finite. */
    base_status (*step)(void *self, eng_progress *progress, base_err *err);
    /* Updates taken so far, and the learning rate of the last one. */
    uint64_t (*steps)(const void *self);
    double (*rate)(const void *self);
    /* Scores on a part of the data, "loss" among them, with the weights as they are. */
    eng_scores (*evaluate)(void *self, eng_part part);
    /* After an epoch, when epoch->valid is known, and epoch->seconds but for what this takes: may add to
     * epoch->figures, and end the training (*stop = true). What it decides by must be in its sections. May be NULL. */
    base_status (*end_epoch)(void *self, eng_epoch *epoch, bool *stop, base_err *err);
    /* What is trained: what averaged weights are averages of. May be NULL (no averages then). */
    eng_params *(*params)(const void *self);
    /* Sections of its own, under names other than "identity", "progress", "history" and "average". fits: are they in
     * the file, as this step would write them? It changes nothing; BASE_INVALID. load: reads them, when everything fits
     * and the trainer's progress is already that of the file; BASE_IO. */
    void (*save)(const void *self, eng_sections *to);
    base_status (*fits)(const void *self, const eng_sections *from, base_err *err);
    base_status (*load)(void *self, const eng_sections *from, base_err *err);
    /* Passes that follow are shared by `threads`, which outlive the step: the same bits. May be NULL: it has one. */
    base_status (*threads)(void *self, eng_threads *threads, base_err *err);
    size_t (*bytes)(const void *self); /* of memory, besides the data */
    void (*destroy)(void *self);
} eng_step_type;

typedef struct eng_step {
    const eng_step_type *type; /* NULL = no step */
    void *self;
} eng_step;

#ifdef __cplusplus
}
#endif
#endif

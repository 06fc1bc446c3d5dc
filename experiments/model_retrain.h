/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hpo_model retrain: the configuration that a study has found, trained on all that it may learn from. */
#ifndef EXPERIMENTS_MODEL_RETRAIN_H
#define EXPERIMENTS_MODEL_RETRAIN_H

#include <stdio.h>

#include "base/buf.h"

typedef struct model_retrain_request {
    const char *dir;   /* of the run */
    const char *study; /* the study file; NULL = the copy in dir */
    const char *const *sets;
    size_t n_sets; /* assignments of --set that the run was given */
    bool has_trial;
    uint64_t trial;  /* else the best */
    double fraction; /* of the training data, in (0, 1]; 0 = the study's */
    size_t seeds;    /* trainings, at least 1; the first has the trial's own seed and is kept */
    const char *out; /* NULL = dir/trial-N.model */
} model_retrain_request;

/* On the training and the validation part together, for as many epochs as the trial took, without early stopping; a
 * schedule stays laid out for what it was. A program of the objective command is run once (model_command.h), out is
 * then a folder, dir/retrain-N where it is NULL. tell: what it does, and the scores on the test part. BASE_INVALID,
 * BASE_NOTFOUND, BASE_UNSUPPORTED (the objective trains no network here), and failures of training and files. */
BASE_CHECK base_status model_retrain(const model_retrain_request *request, FILE *tell, base_err *err);

#endif

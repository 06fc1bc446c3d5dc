/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a model is worth on a part of the data. */
#ifndef ENG_TRAIN_SCORES_H
#define ENG_TRAIN_SCORES_H

#include "engine/modules/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NaN where a score does not apply. */
typedef struct eng_scores {
    double loss;  /* mean of the task's loss, without dropout, smoothing and penalties */
    double error; /* classes: share of wrong answers */
    double auc;   /* two classes: area under the ROC curve of the second one */
    double mse;   /* numbers: mean squared error, in the target's own unit squared */
    double mae;   /* numbers: mean absolute error, in the target's own unit */
} eng_scores;

typedef struct eng_ranked {
    float score;
    bool positive;
} eng_ranked;

/* Adds up batches. */
typedef struct eng_scorer {
    eng_task task;
    size_t outputs;
    double unit; /* numbers: the target's own unit per unit of the outputs */
    size_t count;
    double loss, wrong, square, absolute;
    eng_ranked *ranked; /* two classes: every sample */
    size_t capacity;
} eng_scorer;

eng_scorer eng_scorer_begin(eng_task task, size_t outputs, double unit);
/* loss: the mean of the batch; out: its outputs [n, outputs]. */
void eng_scorer_add(eng_scorer *scorer, const eng_batch *batch, double loss, const float *out);
eng_scores eng_scorer_end(eng_scorer *scorer); /* releases */

/* The probability that a positive sample has a higher score than a negative one, ties counting half: the Mann-Whitney
 * statistic. Sorts items. NaN without samples of both kinds. */
double eng_auc(eng_ranked *items, size_t count);

#ifdef __cplusplus
}
#endif
#endif

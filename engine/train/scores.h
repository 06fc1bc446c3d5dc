/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a model is worth on a part of the data. */
#ifndef ENG_TRAIN_SCORES_H
#define ENG_TRAIN_SCORES_H

#include "engine/modules/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ENG_SCORE_NAME = 24, ENG_SCORES_MAX = 16 };

typedef struct eng_score {
    char name[ENG_SCORE_NAME];
    double value;
} eng_score;

/* Numbers by name, in the order in which they were set. */
typedef struct eng_scores {
    size_t count;
    eng_score score[ENG_SCORES_MAX];
} eng_scores;

/* A new one, or another value of one that is there. */
void eng_scores_set(eng_scores *scores, const char *name, double value);
double eng_scores_get(const eng_scores *scores, const char *name); /* NaN when it is not there */

/* What a scorer tells, as far as it applies to the task:
 *   error       classes: share of wrong answers
 *   loss        mean of the task's loss, without dropout, smoothing and penalties
 *   auc         two classes: area under the ROC curve of the second one
 *   mse, mae    numbers: mean squared and mean absolute error, in the target's own unit (squared)
 *   error_top5  more than five classes: share of answers whose class is not among the five likeliest
 *   f1          classes: harmonic mean of precision and recall, averaged over the classes that occur
 *   ece         classes: expected calibration error */

typedef struct eng_ranked {
    float score;
    bool positive;
} eng_ranked;

/* Samples by how sure the answer was. */
enum { ENG_SCORE_BINS = 15 };
typedef struct eng_score_bin {
    double count, right, confidence; /* sums */
} eng_score_bin;

/* How often a class was there, was answered, and both. */
typedef struct eng_class_count {
    size_t label, answer, right;
} eng_class_count;

/* Adds up batches. */
typedef struct eng_scorer {
    eng_task task;
    size_t outputs;
    double unit; /* numbers: the target's own unit per unit of the outputs */
    size_t count;
    double loss, wrong, wrong5, square, absolute;
    eng_score_bin bins[ENG_SCORE_BINS];
    eng_class_count *classes; /* of each class */
    eng_ranked *ranked;       /* two classes: every sample */
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

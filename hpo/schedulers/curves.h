/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the completed trials of a study that are feasible had reported at a step, and quantiles of it. */
#ifndef HPO_SCHEDULERS_CURVES_H
#define HPO_SCHEDULERS_CURVES_H

#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_curve_kind {
    HPO_CURVE_MEAN, /* a trial's value at a step: the mean of its losses up to there */
    HPO_CURVE_LAST, /* the last of them */
} hpo_curve_kind;

typedef struct hpo_curves hpo_curves;

/* share in [0, 1]: 0.5 is the median. */
hpo_curves *hpo_curves_create(hpo_curve_kind kind, double share);
void hpo_curves_destroy(hpo_curves *curves); /* accepts NULL */
/* The quantile at a step over the complete, feasible trials that had reported a number by then (between two of them
 * linearly, as numpy does). False when there are fewer than min_trials >= 1 of them. */
bool hpo_curves_quantile(hpo_curves *curves, hpo_view view, double step, uint64_t min_trials, double *out);

/* ---- one trial ---- */
/* The next report after reports[*at - 1] that is no repetition (another attempt reports its steps again), or NULL;
 * *step: of the one before, -INFINITY at the beginning. */
const hpo_report *hpo_curve_next(const hpo_trial *trial, size_t *at, double *step);
/* The value at a step; false when no number was reported by then. */
bool hpo_curve_value(const hpo_trial *trial, hpo_curve_kind kind, double step, double *out);

#ifdef __cplusplus
}
#endif
#endif

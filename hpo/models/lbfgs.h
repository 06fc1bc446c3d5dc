/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Minimizing a smooth function in a box. */
#ifndef HPO_MODELS_LBFGS_H
#define HPO_MODELS_LBFGS_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_lbfgs {
    size_t n;
    const double *low, *high; /* n each */
    size_t max_evaluations;
    double tolerance;                                                  /* of the projected gradient's largest entry */
    double (*value)(void *context, const double *x, double *gradient); /* +infinity or NaN: not there */
    void *context;
} hpo_lbfgs;

/* From x (moved into the box) to the best point found, in place. Returns the value there. Deterministic. */
double hpo_lbfgs_minimize(const hpo_lbfgs *problem, double *x);

#ifdef __cplusplus
}
#endif
#endif

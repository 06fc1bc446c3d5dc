/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Untrained networks as predictors, one for each op case and small sample network: for those who write them down for
 * other programs and compare answers. */
#ifndef TESTS_SUPPORT_PREDICTORS_H
#define TESTS_SUPPORT_PREDICTORS_H

#include "engine/train/predictor.h"

typedef struct named_predictor {
    const char *name;
    eng_predictor *predictor;
    float *x, *answer; /* one sample as it stands in data, and what the engine answers */
} named_predictor;

/* All of them; *count. Freed by predictors_destroy. */
named_predictor *predictors_create(size_t *count);
void predictors_destroy(named_predictor *list, size_t count);

#endif

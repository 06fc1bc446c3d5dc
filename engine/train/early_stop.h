/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Early stopping: enough epochs without a new lowest loss end a training. */
#ifndef ENG_TRAIN_EARLY_STOP_H
#define ENG_TRAIN_EARLY_STOP_H

#include <stdint.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All of it is part of a checkpoint. */
typedef struct eng_early_stop {
    uint64_t patience; /* epochs; 0 = never stop */
    uint64_t waited;   /* epochs since the best one */
    uint64_t best_epoch;
    double best; /* lowest loss so far; +infinity before the first */
    bool stopped;
} eng_early_stop;

eng_early_stop eng_early_stop_start(uint64_t patience);
/* Takes the loss of an epoch; true = stop. A loss that is not strictly lower than the best one, or is NaN, is no
 * improvement. */
bool eng_early_stop_update(eng_early_stop *stop, uint64_t epoch, double loss);

#ifdef __cplusplus
}
#endif
#endif

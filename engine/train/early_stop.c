/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Early stopping as L. Prechelt, "Early Stopping - But When?", 1998, names it: criterion UP with strips of one epoch,
 * measured against the best epoch instead of the one before, as Keras and Lightning do. */
#include "engine/train/early_stop.h"

#include <math.h>

eng_early_stop eng_early_stop_start(uint64_t patience) {
    return (eng_early_stop){.patience = patience, .best = (double)INFINITY};
}

bool eng_early_stop_update(eng_early_stop *stop, uint64_t epoch, double loss) {
    if (loss < stop->best) {
        stop->best = loss;
        stop->best_epoch = epoch;
        stop->waited = 0;
    } else {
        stop->waited++;
    }
    stop->stopped = stop->patience > 0 && stop->waited >= stop->patience;
    return stop->stopped;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local means of the eigenvalues, and their quotient. */
#include "nas/stops/curvature.h"

#include <math.h>
#include <stdio.h>

bool nas_curvature_wants(const void *state, size_t epoch) {
    return epoch % (size_t)((const nas_curvature *)state)->every == 0;
}

/* The mean of `window` eigenvalues up to number k, or of those that there are. */
static double local_mean(const nas_curvature *c, const nas_figures *history, size_t k) {
    const size_t every = (size_t)c->every, window = (size_t)c->window;
    const size_t first = k + 1 > window ? k + 1 - window : 0;
    double sum = 0;
    for (size_t i = first; i <= k; i++) sum += history[i * every].eigenvalue;
    return sum / (double)(k + 1 - first);
}

bool nas_curvature_judge(const nas_curvature *c, size_t floor, const nas_figures *history, size_t count,
                         nas_verdict *verdict) {
    const size_t now = count - 1, every = (size_t)c->every, back = (size_t)c->window / 2, delta = (size_t)c->delta;
    const size_t start = (size_t)c->start > floor ? (size_t)c->start : floor;
    if (now % every != 0) return false;
    const size_t k = now / every; /* number of the newest eigenvalue */
    if (k < back + delta || (k - back - delta) * every < start) return false;
    const double mean = local_mean(c, history, k), before = local_mean(c, history, k - delta);
    if (!(before > 0 && mean > c->factor * before)) return false;
    verdict->genotype = (k - back - delta) * every;
    snprintf(verdict->reason, sizeof verdict->reason,
             "the largest eigenvalue of the validation loss in the alphas rose from %.3g to %.3g", before, mean);
    return true;
}

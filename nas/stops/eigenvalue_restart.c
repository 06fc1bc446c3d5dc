/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Restarts with a stronger decay of the weights, R-DARTS (ADA) of A. Zela et al., "Understanding and Robustifying
 * Differentiable Architecture Search", ICLR 2020, section 5.2 and algorithm 1: when the curvature in the alphas rises,
 * the search goes back to the last epoch that was still good and on from there with `factor_decay` times the decay, at
 * most `largest_decay`. With the largest one it runs to its end, as in the authors' code.
 *
 * Alphas and their optimizer are those of that epoch; the momentum of the weights begins at 0, where the code takes
 * that of the epoch. There a restart may also go back behind an earlier one; here never, so that the states of
 * window / 2 + delta eigenvalues are enough to keep. */
#include <math.h>

#include "nas/stops/curvature.h"

typedef struct restart {
    nas_curvature curvature;
    double factor_decay, largest_decay;
} restart;

/* The epoch that the present decay began from; 0 in the first run. */
static size_t begun_from(const nas_figures *history, size_t count) {
    size_t e = count - 1;
    while (e > 0 && history[e - 1].weight_decay == history[e].weight_decay) e--;
    return e > 0 ? e - 1 : 0;
}

static bool judge(const void *state, const nas_figures *history, size_t count, nas_verdict *verdict) {
    const restart *r = state;
    const double decay = history[count - 1].weight_decay;
    if (!(decay > 0 && decay < r->largest_decay * (1 - 1e-9))) return false;
    if (!nas_curvature_judge(&r->curvature, begun_from(history, count), history, count, verdict)) return false;
    verdict->restart = true;
    verdict->weight_decay = fmin(decay * r->factor_decay, r->largest_decay);
    return false;
}

static bool wants_state(const void *state, size_t epoch) {
    const nas_curvature *c = &((const restart *)state)->curvature;
    return epoch >= (size_t)c->start && nas_curvature_wants(state, epoch);
}

/* Between an epoch and the one at which its successors are judged, which itself needs none before. */
static size_t states(const void *state) {
    const nas_curvature *c = &((const restart *)state)->curvature;
    return (size_t)(c->window / 2 + c->delta);
}

static const base_option options[] = {
    NAS_CURVATURE_OPTIONS,
    {.name = "factor_decay",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(restart, factor_decay),
     .fallback = "10",
     .min = 1,
     .max = -1,
     .open_min = true,
     .help = "a restart multiplies the weights' decay by it"},
    {.name = "largest_decay",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(restart, largest_decay),
     .fallback = "0.03",
     .open_min = true,
     .help = "of the weights; with it the search runs to its end"},
    BASE_OPTIONS_END,
};

const nas_stop_type nas_stop_eigenvalue_restart = {
    .name = "eigenvalue-restart",
    .summary = "goes back when the curvature in the alphas rises, with more weight decay (R-DARTS ADA)",
    .options = options,
    .state_size = sizeof(restart),
    .reads_alphas = true,
    .wants_eigenvalue = nas_curvature_wants,
    .judge = judge,
    .states = states,
    .wants_state = wants_state,
};

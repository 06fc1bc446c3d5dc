/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses on SMAC's logarithmic scale, where differences near the best count most, and the improvement that a prediction
 * on this scale promises on the scale of the losses. */
#ifndef HPO_MODELS_LOG_TARGET_H
#define HPO_MODELS_LOG_TARGET_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* targets[i] = log((loss[i] - m)/(max - m)) <= 0 with m = min - (p5 - min) - 1e-10, p5 the 5th percentile; n >= 1. A
 * loss that is not finite counts as the worst finite one; false when none is finite (the targets are then 0). */
bool hpo_log_targets(const double *losses, size_t n, double *targets);

/* Logarithm of E[max(e^best - e^y, 0)], y normal: EI for a target that is a logarithm. Finite for every finite mean; a
 * variance below 1e-20 counts as that. */
double hpo_log_target_log_ei(double best, double mean, double variance);

#ifdef __cplusplus
}
#endif
#endif

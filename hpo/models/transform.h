/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Losses as a Gaussian process can take them. */
#ifndef HPO_MODELS_TRANSFORM_H
#define HPO_MODELS_TRANSFORM_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i]: monotone in loss[i], of mean 0 and variance 1 (all 0 when all losses are equal). A loss that is not finite
 * counts as the worst finite one. What is worse than the median by more than the better half is wide is compressed
 * logarithmically. */
void hpo_transform_losses(const double *loss, size_t n, double *y);

#ifdef __cplusplus
}
#endif
#endif

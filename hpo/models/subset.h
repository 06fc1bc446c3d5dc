/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which observations stand for all of them, when a model cannot take them all. */
#ifndef HPO_MODELS_SUBSET_H
#define HPO_MODELS_SUBSET_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the indices of at most `limit` of n rows to chosen, ascending, and returns how many: all when n <= limit; else
 * the best third by loss (ties to the earlier row), the newest sixth, and the rest one after the other the row farthest
 * from all chosen so far. Points are rows of the unit cube; a coordinate that only one of two has counts as 1. */
size_t hpo_subset(const double *unit, size_t dims, const double *loss, size_t n, size_t limit, size_t *chosen);

#ifdef __cplusplus
}
#endif
#endif

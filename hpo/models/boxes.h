/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a front leaves to be gained: the part of the space of losses, below a reference point, that no row of the front
 * dominates, as boxes that do not overlap. Losses are minimized. */
#ifndef HPO_MODELS_BOXES_H
#define HPO_MODELS_BOXES_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialize. What it holds is reused from one decomposition to the next. Box b goes from low[b * k + g] (below
 * all losses: -infinity) to high[b * k + g] in goal g. */
typedef struct hpo_boxes {
    size_t n;
    double *low, *high;
    size_t low_capacity, high_capacity;
    struct hpo_boxes_zones *zones; /* scratch */
} hpo_boxes;
void hpo_boxes_fini(hpo_boxes *boxes);

/* Of n rows of k >= 2 losses, dominated, repeated and those beyond the reference among them. With m rows on the front
 * there are m + 1 boxes for two goals, 2 m + 1 at most for three, O(m^(k/2)) for k. */
void hpo_boxes_decompose(hpo_boxes *boxes, const double *losses, size_t n, size_t k, const double *reference);

#ifdef __cplusplus
}
#endif
#endif

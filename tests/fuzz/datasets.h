/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readers of data promise of a set. */
#ifndef TESTS_FUZZ_DATASETS_H
#define TESTS_FUZZ_DATASETS_H

#include <math.h>

#include "engine/data/dataset.h"

static inline void fuzz_check_set(const eng_dataset *set) {
    BASE_ASSERT(set->count > 0 && set->features > 0 && (set->bytes != NULL) != (set->reals != NULL));
    for (size_t i = 0; i < set->count; i++) {
        if (set->labels) BASE_ASSERT(set->labels[i] >= 0 && (size_t)set->labels[i] < set->classes);
        if (set->targets) BASE_ASSERT(isfinite(set->targets[i]));
    }
    for (size_t i = 0; set->reals && i < set->count * set->features; i++) BASE_ASSERT(isfinite(set->reals[i]));
}

#endif

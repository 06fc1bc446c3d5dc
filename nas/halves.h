/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training part in two halves, one for the weights and one for the alphas. */
#ifndef NAS_HALVES_H
#define NAS_HALVES_H

#include "engine/data/split.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Stratified: of every class each half holds the same number within one, and the halves themselves are equal within
 * one. A function of the part alone. Numbers as targets: every second sample. *memory is malloc'ed and holds the
 * indices of both. BASE_INVALID when the part has fewer than two samples. */
BASE_CHECK base_status nas_halves(const eng_dataset *set, eng_part part, eng_part half[2], uint32_t **memory,
                                  base_err *err);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns stored samples into the floats that a model sees: y = (x - offset) * scale, fitted on the training part only.
 */
#ifndef ENG_DATA_NORMALIZER_H
#define ENG_DATA_NORMALIZER_H

#include "engine/data/split.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum eng_normalize {
    ENG_NORMALIZE_NONE,
    ENG_NORMALISE_SCALE01,  /* the smallest value becomes 0, the largest 1 */
    ENG_NORMALIZE_STANDARD, /* mean 0, deviation 1 (divided by n) */
} eng_normalize;

/* The statistics are taken over each channel of an image set as a whole, over a table column by column. A feature that
 * never changes becomes 0. */
typedef struct eng_normalizer {
    size_t features;
    float *offset, *scale;             /* features each */
    float target_offset, target_scale; /* the same for regression targets, always standardized unless NONE */
} eng_normalizer;

BASE_CHECK base_status eng_normalizer_fit(eng_normalize kind, const eng_dataset *set, eng_part train,
                                          eng_normalizer *out, base_err *err);
void eng_normalizer_fini(eng_normalizer *normalizer);

/* out[i] = normalized sample index[i]: count x features, row-major. The hot loop of feeding a model. */
void eng_normalizer_gather(const eng_normalizer *normalizer, const eng_dataset *set, const uint32_t *index,
                           size_t count, float *out);
/* Labels, or normalized targets, of the same samples. */
void eng_gather_labels(const eng_dataset *set, const uint32_t *index, size_t count, int32_t *out);
void eng_normalizer_gather_targets(const eng_normalizer *normalizer, const eng_dataset *set, const uint32_t *index,
                                   size_t count, float *out);

#ifdef __cplusplus
}
#endif
#endif

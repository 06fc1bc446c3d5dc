/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random changes of images that leave their class: a pure function of (seed, epoch, sample), so that a training that is
 * continued, or that takes its batches in another order, sees the same images. */
#ifndef ENG_DATA_AUGMENT_H
#define ENG_DATA_AUGMENT_H

#include "engine/data/normalizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All zero = off. */
typedef struct eng_augment {
    size_t crop;   /* pixels: the image is shifted by up to so many in each direction; what comes in is black */
    bool flip;     /* left and right change places in every second image */
    size_t cutout; /* pixels: side of a square that becomes the mean; its centre lies anywhere in the image */
} eng_augment;

bool eng_augment_is_on(const eng_augment *augment);
size_t eng_augment_scratch(const eng_dataset *set);
/* Changes one normalized image of the set in place. scratch: eng_augment_scratch floats. */
void eng_augment_image(const eng_augment *augment, const eng_dataset *set, const eng_normalizer *normalizer,
                       uint64_t seed, uint64_t epoch, uint32_t sample, float *image, float *scratch);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples without answers: what a trained network is asked about. */
#ifndef ENG_DATA_SAMPLES_H
#define ENG_DATA_SAMPLES_H

#include "engine/data/dataset.h"
#include "engine/tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What samples must look like. */
typedef struct eng_samples_wanted {
    eng_shape shape;                  /* [height, width, channels], or [features] */
    const char *const *feature_names; /* one for each feature, or NULL */
} eng_samples_wanted;

/* path is one of these:
 *
 *   a folder        its PNG images, and those in its folders; file names become *ids
 *   an IDX file     images, as MNIST stores them, gzipped or not
 *   else            a CSV file, gzipped or not: the columns of feature_names, in any order among others; without names
 *                   as many columns as a sample has numbers, and perhaps one more, the last, which is not read
 *
 * The set's targets are zeros. *ids (set->count names in the set's arena) is NULL where samples have no names.
 * BASE_NOTFOUND, BASE_IO, BASE_CORRUPT; BASE_INVALID when they are not what is wanted. */
BASE_CHECK base_status eng_samples_load(const char *path, const eng_samples_wanted *wanted, eng_dataset **out,
                                        const char ***ids, base_err *err);

/* The kinds that have a file of their own. */
BASE_CHECK base_status eng_png_samples(const char *folder, const eng_samples_wanted *wanted, eng_dataset **out,
                                       const char ***ids, base_err *err);
BASE_CHECK base_status eng_idx_samples(const char *path, const eng_samples_wanted *wanted, eng_dataset **out,
                                       base_err *err);
/* "IMAGES are 8 x 8 x 1, but ... " */
base_status eng_samples_differ(const char *path, const eng_shape *found, const eng_samples_wanted *wanted,
                               base_err *err);

#ifdef __cplusplus
}
#endif
#endif

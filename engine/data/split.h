/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which samples train, which validate, which test. */
#ifndef ENG_DATA_SPLIT_H
#define ENG_DATA_SPLIT_H

#include "engine/data/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_split_settings {
    uint64_t seed;
    double test_fraction;  /* of all samples, in [0, 1); only used where the set brings no official test part */
    double valid_fraction; /* of the samples that do not test, in [0, 1); not used with folds */
    size_t folds;          /* 0 = hold out valid_fraction; K >= 2 = K-fold cross-validation */
    size_t fold;           /* the fold that validates, 0 .. folds-1 */
    double fraction;       /* of the training part that is used, in (0, 1]; a smaller one lies inside a larger one */
} eng_split_settings;

/* Indices into the set. */
typedef struct eng_part {
    const uint32_t *index;
    size_t count;
} eng_part;

typedef struct eng_split {
    eng_part train, valid, test;
    uint32_t *memory; /* owns the indices */
} eng_split;

/* The three parts are disjoint; each is stratified: it holds every class in the set's proportion, within one sample per
 * class and cut. They depend on the settings alone, never on the model or the trial. BASE_INVALID when the settings are
 * out of range or leave a part empty that they ask for. eng_split_fini releases; *out is caller-placed. */
BASE_CHECK base_status eng_split_make(const eng_dataset *set, const eng_split_settings *settings, eng_split *out,
                                      base_err *err);
/* How many samples will train, without splitting. The settings are in range. */
size_t eng_split_train_count(const eng_dataset *set, const eng_split_settings *settings);
void eng_split_fini(eng_split *split);

#ifdef __cplusplus
}
#endif
#endif

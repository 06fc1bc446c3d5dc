/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A data set in memory: N samples of one shape, with labels (classification) or targets (regression).
 *
 * Images stay uint8 as they were stored: loaded once and shared copy-on-write by every trial, Fashion-MNIST takes 55 MB
 * instead of 220 MB. They become normalized floats a batch at a time (engine/data/normalizer.h). */
#ifndef ENG_DATA_DATASET_H
#define ENG_DATA_DATASET_H

#include <stdint.h>

#include "base/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_DATASET_MAX_RANK 3

typedef enum eng_target_kind { ENG_TARGET_CLASSES, ENG_TARGET_NUMBERS } eng_target_kind;

/* Filled by a loader, read-only for everybody else. */
typedef struct eng_dataset {
    base_arena *arena; /* names */
    const char *name;
    eng_target_kind target;
    size_t count;      /* samples */
    size_t test_count; /* the last test_count of them are the set's official test part; 0 = it has none */
    size_t rank;       /* of one sample: 3 = image (height, width, channels), 1 = a row of a table */
    size_t shape[ENG_DATASET_MAX_RANK];
    size_t features;            /* product of shape */
    uint8_t *bytes;             /* count x features, row-major, or NULL */
    float *reals;               /* count x features, row-major, or NULL: exactly one of the two is set */
    int32_t *labels;            /* classification: count, each in 0 .. classes-1; else NULL */
    float *targets;             /* regression: count, each finite; else NULL */
    size_t classes;             /* 0 for regression */
    const char **class_names;   /* classes names, or NULL */
    const char **feature_names; /* features names, or NULL */
    const char *target_name;    /* of the label's or target's column, or NULL */
} eng_dataset;

typedef enum eng_dataset_storage { ENG_STORE_BYTES, ENG_STORE_REALS } eng_dataset_storage;

/* An empty set: arrays allocated and zeroed, no names. shape holds rank sizes. BASE_NOMEM; BASE_INVALID when count or a
 * size is 0 or count does not fit 32 bits (an index into a set is a uint32_t). */
BASE_CHECK base_status eng_dataset_create(const char *name, eng_target_kind target, eng_dataset_storage storage,
                                          size_t count, size_t rank, const size_t *shape, eng_dataset **out,
                                          base_err *err);
void eng_dataset_destroy(eng_dataset *set);
/* Bytes of memory held by the arrays. */
size_t eng_dataset_bytes(const eng_dataset *set);
/* Copies classes names into the set. */
void eng_dataset_name_classes(eng_dataset *set, const char *const *names, size_t classes);

/* What a user said about where the data are. Zero-initialized means: the loader's defaults. */
typedef enum eng_target_hint { ENG_TARGET_AUTO, ENG_TARGET_AS_CLASSES, ENG_TARGET_AS_NUMBERS } eng_target_hint;
typedef struct eng_dataset_source {
    const char *path;   /* a file or folder; NULL = the type's default, if it has one */
    const char *target; /* tables: the column to predict; NULL = the last one */
    eng_target_hint
        target_is; /* tables: AUTO = classification unless a target has a fraction or there are many of them */
} eng_dataset_source;

/* A kind of data set: one file that ends in one of these, one line in registry.c. */
typedef struct eng_dataset_type {
    const char *name;
    const char *summary; /* one line */
    bool needs_path;     /* there is no default place */
    base_status (*load)(const eng_dataset_source *source, eng_dataset **out, base_err *err);
} eng_dataset_type;

#ifdef __cplusplus
}
#endif
#endif

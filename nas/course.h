/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The course of a search: how it goes along its epochs.
 *
 * A pure function of the epoch and of how many there will be, so that nothing of a course must be saved. Lengths are
 * shares of all epochs: what was published for 50 of them keeps its proportions in a search of 10. One file in
 * nas/courses, one constant descriptor at its end, one line in its registry.c. */
#ifndef NAS_COURSE_H
#define NAS_COURSE_H

#include "base/options.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What holds in one epoch. */
typedef struct nas_course_epoch {
    bool alphas_stay;    /* the weights move alone: a step is `weights`, whatever the search's own */
    size_t stage;        /* 0, 1, ...: each has a network of its own */
    size_t first, count; /* epochs of the stage, over which the weights' rate falls; count 0: all epochs */
    double skip_dropout; /* rate behind skip connections */
} nas_course_epoch;

/* What a stage is. */
typedef struct nas_course_stage {
    size_t more_cells;  /* than the first stage has */
    size_t operations;  /* of an edge that are still there, at least 1 */
    bool keeps_weights; /* of operations that were in the stage before, and their alphas */
} nas_course_stage;

/* When the weights of an operation are frozen (nas/agreement.h). */
typedef struct nas_course_freezing {
    size_t steps;
    double threshold;
} nas_course_freezing;

typedef struct nas_course_type {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    size_t state_size;          /* of the options: a course remembers nothing */
    bool reads_alphas;          /* by weights that only learned alphas give */
    /* epoch < epochs, counted from 0. NULL: all zero. */
    nas_course_epoch (*at)(const void *state, size_t epoch, size_t epochs);
    /* How many stages there may be; NULL = one. And what one is, for an edge that has so many operations in all. */
    size_t (*stages)(const void *state);
    nas_course_stage (*stage)(const void *state, size_t index, size_t operations);
    nas_course_freezing (*freezing)(const void *state); /* NULL = nothing is frozen */
    bool (*drops_skips)(const void *state);             /* whether skip_dropout is ever more than 0; NULL = never */
} nas_course_type;

const nas_course_type *const *nas_courses(size_t *count);
const nas_course_type *nas_course_find(const char *name); /* or NULL */

nas_course_epoch nas_course_at(const nas_course_type *type, const void *state, size_t epoch, size_t epochs);
/* So many of the epochs as the share says, rounded, but not all of them. */
size_t nas_course_share(double share, size_t epochs);

#ifdef __cplusplus
}
#endif
#endif

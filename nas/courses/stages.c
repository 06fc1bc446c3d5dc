/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stages of growing depth, from each of which only the strongest operations of an edge go on: X. Chen, L. Xie, J. Wu,
 * Q. Tian, "Progressive Differentiable Architecture Search: Bridging the Depth Gap between Search and Evaluation", ICCV
 * 2019: 5, 11 and 17 cells with 8, 5 and 3 operations, 25 epochs each, alphas that stay for the first 10 of them.
 *
 * Dropout behind skips (section 3.3): a stage has its own rate d; in its epoch e of E it is d (E - e - 1) / E while the
 * alphas stay, and d exp(-5 (e - w) / E) from epoch w on, in which they begin to move: for E = 25 and w = 10 that is
 * the schedule of the authors' code, exp(-0.2 (e - 10)). Weights are new in every stage there; X. Chen et al., "DrNAS",
 * ICLR 2021, section 3.3, keep those of the operations that stay. */
#include <math.h>

#include "nas/course.h"

enum { FRESH, KEPT };

typedef struct stages {
    int64_t stages, more_cells;
    double keep, warm_up, skip_dropout, more_skip_dropout;
    int weights;
} stages;

static size_t count(const void *state) {
    return (size_t)((const stages *)state)->stages;
}

static nas_course_stage stage(const void *state, size_t index, size_t operations) {
    const stages *s = state;
    const double kept = (double)operations * pow(s->keep, (double)index);
    return (nas_course_stage){
        .more_cells = index * (size_t)s->more_cells,
        .operations = kept > 1 ? (size_t)(kept + 0.5) : 1,
        .keeps_weights = s->weights == KEPT,
    };
}

/* First epoch of a stage: equal shares, rounded down; of a search with fewer epochs than stages each epoch is one. */
static size_t first_of(const stages *s, size_t index, size_t epochs) {
    const size_t n = (size_t)s->stages;
    return epochs < n ? index : index * epochs / n;
}

static double dropout_of(const stages *s, size_t index, size_t e, size_t warm, size_t length) {
    const double rate = fmin(s->skip_dropout + (double)index * s->more_skip_dropout, 0.95), all = (double)length;
    if (e < warm) return rate * (all - (double)e - 1) / all;
    return rate * exp(-5 * ((double)e - (double)warm) / all);
}

static nas_course_epoch at(const void *state, size_t epoch, size_t epochs) {
    const stages *s = state;
    size_t index = 0;
    while (index + 1 < (size_t)s->stages && first_of(s, index + 1, epochs) <= epoch) index++;
    const bool last = index + 1 == (size_t)s->stages;
    const size_t first = first_of(s, index, epochs), length = (last ? epochs : first_of(s, index + 1, epochs)) - first;
    const size_t warm = nas_course_share(s->warm_up, length);
    return (nas_course_epoch){
        .alphas_stay = epoch - first < warm,
        .stage = index,
        .first = first,
        .count = length,
        .skip_dropout = dropout_of(s, index, epoch - first, warm, length),
    };
}

static bool drops_skips(const void *state) {
    const stages *s = state;
    return s->skip_dropout > 0 || s->more_skip_dropout > 0;
}

static const char *const weights[] = {"fresh", "kept", NULL};

#define FIELD(kind_, field) .name = #field, .kind = kind_, .offset = offsetof(stages, field)

static const base_option options[] = {
    {FIELD(BASE_OPTION_INT, stages), .fallback = "3", .min = 1, .max = 32, .help = "of equal length"},
    {FIELD(BASE_OPTION_INT, more_cells), .fallback = "6", .max = 1e3,
     .help = "cells that a stage has more than the one before; a stack that is written out has as many as it has"},
    {FIELD(BASE_OPTION_REAL, keep), .fallback = "0.62", .max = 1, .open_min = true,
     .help = "share of the operations of an edge that goes on to the next stage: of 8 there are 5, then 3"},
    {FIELD(BASE_OPTION_REAL, warm_up), .fallback = "0.4", .max = 1, .open_max = true,
     .help = "share of a stage's epochs, at its beginning, in which the weights move alone"},
    {FIELD(BASE_OPTION_REAL, skip_dropout), .fallback = "0.1", .max = 1, .open_max = true,
     .help = "dropout behind skips in the first stage, at its beginning"},
    {FIELD(BASE_OPTION_REAL, more_skip_dropout), .fallback = "0.3", .max = 1, .open_max = true,
     .help = "so much more in each stage that follows"},
    {FIELD(BASE_OPTION_CHOICE, weights), .fallback = "fresh", .choices = weights,
     .help = "of operations that go on: those of the stage before, or new ones"},
    BASE_OPTIONS_END,
};

const nas_course_type nas_course_stages = {
    .name = "stages",
    .summary = "stages of growing depth; the strongest operations go on (P-DARTS, progressive DrNAS)",
    .options = options,
    .state_size = sizeof(stages),
    .reads_alphas = true,
    .at = at,
    .stages = count,
    .stage = stage,
    .drops_skips = drops_skips,
};

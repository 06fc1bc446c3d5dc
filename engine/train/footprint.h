/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a training will take, told before anything is allocated. */
#ifndef ENG_TRAIN_FOOTPRINT_H
#define ENG_TRAIN_FOOTPRINT_H

#include "engine/train/recipe.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_footprint {
    size_t numbers; /* that are trained, of what the answers need (eng_model_numbers) */
    double flops;   /* of one sample forward (engine/modules/summary.h) */
    /* bytes */
    size_t parameters; /* values and gradients */
    size_t optimizer;  /* its slots, summed gradients, averaged weights */
    size_t arena;      /* activations and their gradients */
    size_t threads;    /* workspaces of all threads but the first */
    size_t batches;    /* a batch of the data, and the order of an epoch */
    size_t network;    /* its description: nodes, calls, names */
    size_t view;       /* split and normalizer, where a training has its own */
} eng_footprint;

/* With so many threads. Failures are those of eng_recipe_graph. */
BASE_CHECK base_status eng_footprint_of(const eng_recipe *recipe, const eng_dataset *set, size_t threads,
                                        eng_footprint *out, base_err *err);
/* The sum, besides the data set; own_view: with a view of its own. */
size_t eng_footprint_bytes(const eng_footprint *footprint, bool own_view);

#ifdef __cplusplus
}
#endif
#endif

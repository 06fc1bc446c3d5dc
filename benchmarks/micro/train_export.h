/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training, written down so that another program can repeat it: network, first weights, batches. */
#ifndef BENCH_MICRO_TRAIN_EXPORT_H
#define BENCH_MICRO_TRAIN_EXPORT_H

#include "engine/tensor/graph.h"

typedef struct train_export {
    const eng_graph *graph;
    const eng_params *params; /* in their first state */
    size_t batch, batches;    /* samples of each, and how many */
    const float *x;           /* [batches, batch, inputs] */
    const int32_t *labels;    /* [batches, batch] */
    double rate, momentum;
} train_export;

/* Into folder, which is made: network.json (nodes in the order of computation, with the values that they read and
 * write, and the parameters with their shapes and places), weights.f32, x.f32 and labels.i32 (as in memory).
 * BASE_INVALID when the network has an op that network.json does not know; BASE_IO. */
BASE_CHECK base_status train_export_write(const train_export *job, const char *folder, base_err *err);

#endif

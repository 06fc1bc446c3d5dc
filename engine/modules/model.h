/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model: graph, parameters and plan for one batch size, with the passes a trainer needs.
 *
 * A training step is
 *     loss = eng_model_step(model, &batch, step, optimizer, rate);
 * or, when something is to be done with the gradients first,
 *     loss = eng_model_train(model, &batch, step);
 *     eng_optimizer_step(optimizer, rate);
 * with the same results, and allocates nothing. */
#ifndef ENG_MODEL_H
#define ENG_MODEL_H

#include "engine/optim/optimizer.h"
#include "engine/tensor/graph.h"
#include "engine/tensor/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is predicted; decides the last activation, the loss, and how targets are given. */
typedef enum eng_task {
    ENG_REGRESSION, /* outputs numbers; mean squared error over all of them; targets: values */
    ENG_BINARY,     /* outputs logits of independent yes/no answers; binary cross-entropy; targets: values in [0, 1] */
    ENG_MULTICLASS, /* outputs logits of exclusive classes; cross-entropy; targets: labels */
} eng_task;

/* Read in place during a pass, so they must stay until it returns. */
typedef struct eng_batch {
    size_t n;              /* 1 .. the model's batch size */
    const float *x;        /* [n, inputs] */
    const float *values;   /* [n, outputs]: regression, binary */
    const int32_t *labels; /* [n], 0 .. outputs - 1: multiclass */
} eng_batch;

typedef struct eng_model_options {
    size_t batch;  /* samples per step, at most */
    uint64_t seed; /* initial values and dropout masks */
    double l1, l2; /* penalties l1 sum|w| + l2/2 sum w^2 over decayed parameters, part of the training loss */
    const eng_kernels *kernels; /* NULL = the best for this machine */
} eng_model_options;

/* The places where a graph meets its data. */
typedef struct eng_ports {
    eng_value x, target, output;
    eng_task task;
} eng_ports;

typedef struct eng_model eng_model;

/* Compiles graph, which the model owns from here on (also when this fails). BASE_INVALID, BASE_NOMEM. */
BASE_CHECK base_status eng_model_adopt(eng_graph *graph, const eng_ports *ports, const eng_model_options *options,
                                       eng_model **out, base_err *err);
void eng_model_destroy(eng_model *model);

/* Steps that follow are shared by `threads`, which must outlive them: the same bits in less time. BASE_NOMEM. */
BASE_CHECK base_status eng_model_threads(eng_model *model, eng_threads *threads, base_err *err);

/* Forward and backward in training mode (dropout, smoothing, penalties). Returns the mean loss of the batch and leaves
 * gradients in the parameter list. step numbers the batches of the whole training (the key of dropout's masks). A
 * result that is not finite is returned as it is. */
double eng_model_train(eng_model *model, const eng_batch *batch, uint64_t step);
/* Both of a step at once, which spares writing and reading the gradients where neither the optimizer nor a penalty
 * needs all of them: what the parameter list holds of them afterwards is undefined. A loss that is not finite is
 * returned and no parameter changed. */
double eng_model_step(eng_model *model, const eng_batch *batch, uint64_t step, eng_optimizer *optimizer, double rate);
/* Forward in evaluation mode: the mean loss without dropout, smoothing and penalties. batch->values and labels may both
 * be NULL when only the outputs are wanted; the result is then NaN. */
double eng_model_evaluate(eng_model *model, const eng_batch *batch);
/* From now on rates of drop-path are factor times what the network says; 0 <= factor <= 1, at first 1. */
void eng_model_set_drop_path(eng_model *model, double factor);
/* The outputs [n, outputs] of the last pass: numbers for regression, logits else. */
const float *eng_model_outputs(const eng_model *model);

const eng_graph *eng_model_graph(const eng_model *model);
const eng_ports *eng_model_ports(const eng_model *model);
eng_plan *eng_model_plan(eng_model *model); /* to watch its passes */
eng_params *eng_model_params(const eng_model *model);
const eng_kernels *eng_model_kernels(const eng_model *model);
size_t eng_model_batch(const eng_model *model);
size_t eng_model_input_count(const eng_model *model);  /* numbers per sample */
size_t eng_model_output_count(const eng_model *model); /* numbers per sample */
eng_task eng_model_task(const eng_model *model);
/* What the answers need, as papers count it: without what only helps in training, such as an auxiliary tower. */
size_t eng_model_numbers(const eng_model *model); /* that are trained */
double eng_model_flops(const eng_model *model);   /* of one sample forward */
/* Bytes of parameters, gradients, arena, and of the network's description. */
size_t eng_model_bytes(const eng_model *model);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A multilayer perceptron of any depth and width. */
#ifndef ENG_MLP_H
#define ENG_MLP_H

#include "engine/modules/model.h"
#include "engine/ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_mlp_config {
    size_t inputs;            /* numbers per sample */
    size_t outputs;           /* numbers (regression), answers (binary), classes (multiclass, >= 2) */
    const size_t *widths;     /* of the hidden layers, first to last */
    size_t layers;            /* hidden layers; 0 = a linear model */
    const eng_op *activation; /* of the hidden layers: one of eng_activation_names; NULL = relu */
    const eng_init *init;     /* of the weights; NULL = He normal before an ENG_IS_RECTIFIER, else Xavier uniform;
                                 the output layer then Xavier uniform */
    double dropout_input;     /* rate on the inputs: 0 <= rate < 1 */
    double dropout_hidden;    /* rate after each hidden activation */
    eng_task task;
    double label_smoothing; /* multiclass: 0 <= smoothing < 1 */
    bool skip;              /* a hidden layer as wide as what it reads adds to it */
} eng_mlp_config;

/* Builds the graph, which is the caller's. BASE_INVALID names the setting that is out of bounds. */
BASE_CHECK base_status eng_mlp_graph(const eng_mlp_config *config, eng_graph **out, eng_ports *ports, base_err *err);
/* Builds the graph and compiles it. BASE_INVALID names the setting that is out of bounds. */
BASE_CHECK base_status eng_mlp_create(const eng_mlp_config *config, const eng_model_options *options, eng_model **out,
                                      base_err *err);

#ifdef __cplusplus
}
#endif
#endif

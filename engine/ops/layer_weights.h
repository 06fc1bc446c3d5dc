/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a layer has its weights and its bias: parameters of its own, or values of the graph that it reads behind the
 * first (conv2d_given, dense_given). Private to engine/ops. */
#ifndef ENG_LAYER_WEIGHTS_H
#define ENG_LAYER_WEIGHTS_H

#include "engine/tensor/op.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_layer_weights {
    const float *w, *bias; /* bias: NULL = none */
    float *dw, *dbias;     /* NULL: nobody wants it */
} eng_layer_weights;

static inline eng_layer_weights eng_layer_weights_of(const eng_call *call) {
    const eng_node *node = call->node;
    if (node->params == 0) {
        const bool bias = node->inputs > 2;
        return (eng_layer_weights){
            .w = call->x[1], .bias = bias ? call->x[2] : NULL, .dw = call->dx[1], .dbias = bias ? call->dx[2] : NULL};
    }
    return (eng_layer_weights){.w = call->w[0],
                               .bias = node->params > 1 ? call->w[1] : NULL,
                               .dw = call->frozen ? NULL : call->dw[0],
                               .dbias = node->params > 1 ? call->dw[1] : NULL};
}

/* Turns a node that infer has given parameters into one that reads as many values of their shapes instead. */
base_status eng_layer_weights_given(eng_node *node, base_err *err);

#ifdef __cplusplus
}
#endif
#endif

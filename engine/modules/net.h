/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network under construction: a graph, the value at its end, and the steps that most networks are made of.
 *
 *     eng_net_begin(&net, &config, err);
 *     ... eng_net_dense(&net, 64, net.config->norm, net.config->activation) ...
 *     eng_net_end(&net, &ports)
 *
 * A step that fails leaves its sentence in the error given to begin; eng_graph_destroy(net.graph) releases. */
#ifndef ENG_NET_H
#define ENG_NET_H

#include "engine/modules/model.h"
#include "engine/ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum eng_norm { ENG_NORM_NONE, ENG_NORM_BATCH, ENG_NORM_LAYER } eng_norm;

/* What surrounds a network, and what its layers take unless they say otherwise. */
typedef struct eng_net_config {
    eng_shape input; /* of one sample: [numbers], or [height, width, channels] */
    eng_task task;
    size_t outputs;           /* numbers (regression), answers (binary), classes (multiclass, >= 2) */
    double label_smoothing;   /* multiclass: 0 <= smoothing < 1 */
    double dropout_input;     /* rate on the inputs: 0 <= rate < 1 */
    double dropout_output;    /* rate before the output layer */
    const eng_op *activation; /* of the hidden layers: one of eng_activation_names; NULL = relu */
    eng_norm norm;
    const eng_init *init; /* of the weights; NULL = He normal before an ENG_IS_RECTIFIER, else Xavier uniform;
                             the output layer then Xavier uniform */
} eng_net_config;

typedef struct eng_net {
    const eng_net_config *config;
    eng_graph *graph;
    eng_value x, at; /* the input; what the next layer reads */
    base_err *err;
    bool blamed; /* err names the layer that failed */
    /* Not NULL: a node without a name is called prefix.op1, prefix.op2, ..., whatever stands before it in the graph, so
     * that parts of networks which have the same prefix share parameters by name. Set both when a part begins. */
    const char *prefix;
    size_t named;
} eng_net;

/* Checks config and makes the input and its dropout. */
BASE_CHECK base_status eng_net_begin(eng_net *net, const eng_net_config *config, base_err *err);
/* The same in a graph that the caller made and owns, and that has no nodes yet. */
BASE_CHECK base_status eng_net_begin_in(eng_net *net, eng_graph *graph, const eng_net_config *config, base_err *err);
const eng_op *eng_net_activation(const eng_net *net);
const eng_shape *eng_net_shape(const eng_net *net); /* of what the next layer reads */
/* The initial values of weights in front of an activation. He's variance is derived for units that pass half of what
 * they get, Glorot's for units that are linear near zero. */
const eng_init *eng_net_init(const eng_net *net, const eng_op *activation);

/* One op on the end; name NULL = the op's name and the node's number. */
BASE_CHECK base_status eng_net_apply(eng_net *net, const eng_op *op, const void *config, const char *name);
BASE_CHECK base_status eng_net_dropout(eng_net *net, double rate); /* nothing for a rate of 0 */
BASE_CHECK base_status eng_net_activate(eng_net *net, const eng_op *activation);
BASE_CHECK base_status eng_net_normalize(eng_net *net, eng_norm norm);
/* Normalization and activation; fused where they can be. */
BASE_CHECK base_status eng_net_finish(eng_net *net, eng_norm norm, const eng_op *activation);
/* width units, their normalization and their activation; fused where it can be. */
BASE_CHECK base_status eng_net_dense(eng_net *net, size_t width, eng_norm norm, const eng_op *activation,
                                     const char *name);
/* The end becomes f(a + b + ...), or a and b side by side. */
BASE_CHECK base_status eng_net_add(eng_net *net, const eng_value *values, size_t count, const eng_op *activation);
BASE_CHECK base_status eng_net_concat(eng_net *net, const eng_value *values, size_t count);
/* A kernel or window: size pixels that are dilation apart, put down every stride pixels; down and along an image, or
 * deep, down and along a volume, 0 in the others = the first. same: zeros around, so that an odd size with stride 1
 * keeps the image's. */
typedef struct eng_window {
    size_t size[3], stride[3], dilation;
    bool same;
    size_t extra[2]; /* transposed: rows below and columns beside what the kernel makes, less than the stride */
} eng_window;

typedef enum eng_pooling { ENG_POOL_MAX, ENG_POOL_AVERAGE } eng_pooling;

BASE_CHECK base_status eng_net_conv(eng_net *net, size_t filters, const eng_window *window, size_t groups,
                                    eng_norm norm, const eng_op *activation);
BASE_CHECK base_status eng_net_depthwise(eng_net *net, const eng_window *window, eng_norm norm,
                                         const eng_op *activation);
/* Depthwise, then 1 x 1. */
BASE_CHECK base_status eng_net_separable(eng_net *net, size_t filters, const eng_window *window, eng_norm norm,
                                         const eng_op *activation);
/* size x 1, then 1 x size, each with normalization and activation; of the window only the first size and stride count.
 */
BASE_CHECK base_status eng_net_spatially_separable(eng_net *net, size_t filters, const eng_window *window,
                                                   eng_norm norm, const eng_op *activation);
/* Of volumes [depth, height, width, channels]. */
BASE_CHECK base_status eng_net_conv3d(eng_net *net, size_t filters, const eng_window *window, eng_norm norm,
                                      const eng_op *activation);
BASE_CHECK base_status eng_net_pool(eng_net *net, eng_pooling pooling, const eng_window *window);
BASE_CHECK base_status eng_net_global_pool(eng_net *net, eng_pooling pooling);
BASE_CHECK base_status eng_net_upsample(eng_net *net, size_t factor);
/* The adjoint of an unpadded convolution: height and width become (pixels - 1) stride + size + extra. */
BASE_CHECK base_status eng_net_transposed(eng_net *net, size_t filters, const eng_window *window, eng_norm norm,
                                          const eng_op *activation);
/* The end becomes f(end + before); where the shapes differ, before goes through a projection: a 1 x 1 convolution with
 * the strides that lead to the end's size, with normalization, or a dense layer. drop_path: rate at which the end is
 * left out in training. */
BASE_CHECK base_status eng_net_residual(eng_net *net, eng_value before, double drop_path, eng_norm norm,
                                        const eng_op *activation);
/* Dropout, the output layer and the loss. */
BASE_CHECK base_status eng_net_end(eng_net *net, eng_ports *ports);

#ifdef __cplusplus
}
#endif
#endif

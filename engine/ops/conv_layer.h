/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What conv2d, conv2d_transposed and conv3d have in common: reading a configuration, the bias and activation around the
 * passes. Private to these. */
#ifndef ENG_CONV_LAYER_H
#define ENG_CONV_LAYER_H

#include "engine/export/export.h"
#include "engine/ops/conv.h"
#include "engine/ops/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills kernel, stride, dilation (0 = 1) and padding of an edge, or of both; BASE_INVALID when they are out of range.
 */
base_status eng_conv_layer_edge(size_t kernel, size_t stride, size_t dilation, size_t padding, eng_conv_edge *e,
                                base_err *err);
base_status eng_conv_layer_edges(const size_t kernel[2], const size_t stride[2], const size_t dilation[2],
                                 const size_t padding[2], eng_conv *conv, base_err *err);
/* The padding that keeps the size at stride 1; BASE_INVALID when the kernel has no middle. */
base_status eng_conv_layer_same(eng_conv_edge *e, base_err *err);
/* Checks an edge that is complete: the kernel fits. */
base_status eng_conv_layer_edge_check(const eng_conv_edge *e, base_err *err);
/* Checks sizes and groups once channels, filters and both edges are complete. */
base_status eng_conv_layer_check(const eng_conv *conv, base_err *err);
/* Weight [kernel h, kernel w, channels / groups, filters] and, unless no_bias, a bias of `outputs` numbers. */
void eng_conv_layer_params(eng_node *node, const eng_conv *conv, bool transposed, const eng_init *init, bool no_bias);

/* A pass of a node's call with the tiles, samples and threads of run, and the workspace behind its first `skipped`
 * floats. */
eng_conv_pass eng_conv_layer_pass(const eng_call *call, const eng_run *run, const eng_conv *conv, size_t skipped);

/* The activation behind the passes: LINEAR and RELU are done by them, the others here. */
void eng_conv_layer_finish(const eng_call *call, const eng_run *run, eng_epilogue epilogue);
/* dy becomes the gradient of what the activation saw, db its sums over `rows` pixels of a sample. spare: floats for the
 * sums when nobody wants them. */
void eng_conv_layer_undo(const eng_call *call, const eng_run *run, eng_epilogue epilogue, float *spare);

/* The statement of a layer in C: @_NAME(h, w, channels, filters, groups, x, weight, bias, y), h and w as (const int[])
 * of in, out, kernel, stride, dilation and padding. */
void eng_conv_layer_c(const char *name, const eng_conv *conv, const eng_node *node, const eng_c_call *call);
void eng_conv_layer_c_edge(const eng_conv_edge *e, base_buf *out);
/* The node in ONNX, Conv or ConvTranspose, with y as its output; and the attributes of edges. */
void eng_conv_layer_onnx(const char *type, const eng_conv *conv, const eng_node *node, const eng_onnx_call *call,
                         const char *y);
void eng_conv_layer_onnx_edges(const eng_conv_edge *const *edges, size_t count, eng_onnx *to);

#ifdef __cplusplus
}
#endif
#endif

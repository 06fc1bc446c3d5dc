/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operations and the seams between cells are made of. All convolutions are without bias; batch normalization has
 * epsilon 1e-5 and momentum 0.1. Each part goes behind net->at; its nodes are called edge->name.name. */
#ifndef NAS_PARTS_H
#define NAS_PARTS_H

#include "nas/operation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* max(0, net->at); at the edge's input the one that other operations there use, too. */
BASE_CHECK base_status nas_part_relu(eng_net *net, const nas_edge *edge);
/* kernel x kernel pixels that are dilation apart, zeros around: the image keeps its size at stride 1. Where an
 * operation stands for its family, kernels of the largest size are superposed ones. */
BASE_CHECK base_status nas_part_conv(eng_net *net, const nas_edge *edge, const char *name, size_t filters,
                                     size_t kernel, size_t stride);
BASE_CHECK base_status nas_part_depthwise(eng_net *net, const nas_edge *edge, const char *name, size_t kernel,
                                          size_t stride, size_t dilation);
/* affine as the edge says; relu: max(0, .) of the result. */
BASE_CHECK base_status nas_part_norm(eng_net *net, const nas_edge *edge, const char *name, bool relu);
/* 3 x 3, padding that does not count; in a search with a normalization behind it. */
BASE_CHECK base_status nas_part_pool(eng_net *net, const nas_edge *edge, eng_pooling pooling);

/* ReLU, depthwise (stride), 1 x 1, normalization, and the same again with stride 1. */
BASE_CHECK base_status nas_part_separable(eng_net *net, const nas_edge *edge, size_t kernel);
/* ReLU, depthwise with dilation 2, 1 x 1, normalization. */
BASE_CHECK base_status nas_part_dilated(eng_net *net, const nas_edge *edge, size_t kernel);
/* ReLU, convolution, normalization. */
BASE_CHECK base_status nas_part_relu_conv_norm(eng_net *net, const nas_edge *edge, size_t kernel);
/* ReLU, two 1 x 1 convolutions with stride 2 side by side, each for half of the channels, the second on the pixels that
 * the first leaves out; normalization. */
BASE_CHECK base_status nas_part_factorized_reduce(eng_net *net, const nas_edge *edge);
/* 1 x 1 to `expansion` times the channels, depthwise, 1 x 1 to the edge's channels, each with normalization and the
 * first two with ReLU; plus the input where the shapes are equal. */
BASE_CHECK base_status nas_part_inverted(eng_net *net, const nas_edge *edge, size_t kernel, size_t expansion);

/* Trained numbers of a normalization. */
size_t nas_norm_numbers(size_t channels, bool affine);

#ifdef __cplusplus
}
#endif
#endif

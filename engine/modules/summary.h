/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a network is and costs, told before it is trained: numbers, multiply-adds, memory, a table of its layers. */
#ifndef ENG_SUMMARY_H
#define ENG_SUMMARY_H

#include "engine/tensor/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Floating-point operations of one forward pass of one sample through a node: a multiply and an add for every use of a
 * weight (the usual count: biases, normalization, activations and pooling are left out). Backward takes twice as many.
 */
double eng_node_flops(const eng_node *node);
double eng_graph_flops(const eng_graph *graph);
size_t eng_graph_numbers(const eng_graph *graph); /* that are trained */
/* The same of the nodes that lead to a value: of a network's answers without what only helps to train it. */
double eng_graph_flops_behind(const eng_graph *graph, eng_value value);
size_t eng_graph_numbers_behind(const eng_graph *graph, eng_value value);
size_t eng_graph_param_size(const eng_graph *graph); /* eng_params_size of its parameters */
/* "layer, output shape, parameters, FLOPs" and their sums; every line begins with `indent`. */
void eng_graph_table(const eng_graph *graph, const char *indent, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif

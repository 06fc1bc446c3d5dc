/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network as text: every value and node, so that it can be built again without the settings, the data and the space
 * that it once came from.
 *
 *     task: multiclass
 *     x: 0
 *     target: 3
 *     output: 2
 *     graph:
 *     - {input: [64]}
 *     - {op: dense, name: hidden1, in: [0], width: 32, epilogue: relu}
 *     - {op: dense, name: output, in: [1], width: 10}
 *     - {labels: [1]}
 *     - {op: cross-entropy, name: cross-entropy2, in: [2, 3]}
 *
 * Values are numbered in the order of inputs and nodes; a loss has none. Numbers of a configuration that are zero,
 * which is their default, are left out, as are the initial values of parameters. */
#ifndef ENG_GRAPH_TEXT_H
#define ENG_GRAPH_TEXT_H

#include "engine/modules/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A graph of inputs and outputs for each sample, with parameters of one group. */
void eng_graph_write(const eng_graph *graph, const eng_ports *ports, base_buf *out);
/* The graph is the caller's. file: what sentences call the text. BASE_INVALID with position; an op that this program
 * does not have or cannot build from text is named. */
BASE_CHECK base_status eng_graph_read(const char *file, const char *text, size_t length, eng_graph **out,
                                      eng_ports *ports, base_err *err);

#ifdef __cplusplus
}
#endif
#endif

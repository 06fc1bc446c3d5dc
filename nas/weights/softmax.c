/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exp(a_k) / sum_j exp(a_j) over the operations of an edge (Liu et al., "DARTS", ICLR 2019, eq. 2). `none` takes part.
 */
#include <math.h>

#include "nas/edge_weights.h"

static void of_edge(const double *alphas, size_t count, double *weights) {
    double most = alphas[0], sum = 0;
    for (size_t k = 1; k < count; k++) most = fmax(most, alphas[k]);
    for (size_t k = 0; k < count; k++) sum += weights[k] = exp(alphas[k] - most);
    for (size_t k = 0; k < count; k++) weights[k] /= sum;
}

static void mean(const void *state, const nas_space *space, const double *const *alphas, double *const *weights) {
    (void)state;
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t e = 0; e < space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &space->cells[t].edges[e];
            of_edge(alphas[t] + edge->offset, edge->n_operations, weights[t] + edge->offset);
        }
}

static base_status build(const void *state, eng_net *net, eng_value alphas, const char *name, eng_value *weights) {
    (void)state;
    return eng_graph_add(net->graph, &eng_op_softmax, NULL, name, &alphas, weights, net->err);
}

const nas_edge_weights nas_edge_weights_softmax = {
    .name = "softmax",
    .summary = "all operations at once, weighted by a softmax of the alphas (DARTS)",
    .learned = true,
    .mean = mean,
    .build = build,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exp(a_k) / sum_j exp(a_j) over the operations of an edge (Liu et al., "DARTS", ICLR 2019, eq. 2). `none` takes part.
 */
#include "nas/edge_weights.h"
#include "nas/softmax.h"

static void table(const eng_kernels *kernels, size_t rows, size_t columns, const float *alphas, float *weights) {
    kernels->softmax(rows, columns, alphas, weights);
}

static void table_back(const eng_kernels *kernels, size_t rows, size_t columns, const float *weights,
                       const float *slopes, float *out) {
    kernels->softmax_grad(rows, columns, weights, slopes, out);
}

const nas_edge_weights nas_edge_weights_softmax = {
    .name = "softmax",
    .summary = "all operations at once, weighted by a softmax of the alphas (DARTS)",
    .learned = true,
    .mean = nas_softmax_mean,
    .mean_back = nas_softmax_mean_back,
    .table = table,
    .table_back = table_back,
};

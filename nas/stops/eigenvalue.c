/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Early stopping by curvature, DARTS-ES of A. Zela et al., "Understanding and Robustifying Differentiable Architecture
 * Search", ICLR 2020, section 4.3: the largest eigenvalue of d2L_valid/da2 rises before the cells degenerate. */
#include "nas/stops/curvature.h"

static bool judge(const void *state, const nas_figures *history, size_t count, nas_verdict *verdict) {
    return nas_curvature_judge(state, 0, history, count, verdict);
}

static const base_option options[] = {
    NAS_CURVATURE_OPTIONS,
    BASE_OPTIONS_END,
};

const nas_stop_type nas_stop_eigenvalue = {
    .name = "eigenvalue",
    .summary = "ends when the curvature in the alphas rises (DARTS-ES), with the genotype from before",
    .options = options,
    .state_size = sizeof(nas_curvature),
    .reads_alphas = true,
    .wants_eigenvalue = nas_curvature_wants,
    .judge = judge,
};

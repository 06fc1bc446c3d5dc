/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The strongest edges of a node as in `magnitude`, of these only those whose weight reaches a threshold: X. Chu et al.,
 * "Fair DARTS", ECCV 2020, section 3.3; in the authors' code `threshold_sparse`. So a node has at most the edges that
 * the space keeps. There a node may be left without any; here it has its strongest one then. Where a space keeps all
 * edges none is left out, and the genotype is that of `magnitude`. */
#include "nas/selection.h"

typedef struct threshold {
    double threshold;
} threshold;

static void choose(const void *state, const nas_space *space, const double *const *weights, nas_genotype *genotype) {
    nas_choose_strongest(space, weights, ((const threshold *)state)->threshold, genotype);
}

static const base_option options[] = {
    {.name = "threshold",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(threshold, threshold),
     .fallback = "0.85",
     .max = 1,
     .help = "least weight of the operation of an edge"},
    BASE_OPTIONS_END,
};

const nas_selection nas_selection_threshold = {
    .name = "threshold",
    .summary = "as magnitude, without edges whose weight is below a threshold (FairDARTS)",
    .options = options,
    .state_size = sizeof(threshold),
    .independent = true,
    .choose = choose,
};

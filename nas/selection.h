/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a search ends in a genotype: a registry. One file in nas/selections, one line there. Most read it off the weights
 * of the edges; where these mean nothing, it is found by trying networks with the weights of the supernet. */
#ifndef NAS_SELECTION_H
#define NAS_SELECTION_H

#include "base/options.h"
#include "nas/genotype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a selection may ask about networks of the space. */
typedef struct nas_explorer {
    void *self;
    uint64_t seed;
    /* *error = share of wrong answers (or the loss, of numbers) of a network with the supernet's weights, on the first
     * `batches` batches of the half of the data that did not train these weights; 0 = on all of it. */
    base_status (*error)(void *self, const nas_genotype *genotype, size_t batches, double *error, base_err *err);
} nas_explorer;

/* Either choose or explore is NULL. */
typedef struct nas_selection {
    const char *name, *summary;
    const base_option *options; /* of explore: offsets from the beginning of the state; may be NULL */
    size_t state_size;
    /* weights[t]: of the operations of cell type t as in nas_space_edge.offset, the larger the better; probabilities,
     * or products of those of operations and edges. Fills an empty genotype. */
    void (*choose)(const nas_space *space, const double *const *weights, nas_genotype *genotype);
    /* The genotype, in arena. */
    base_status (*explore)(const void *state, const nas_space *space, const nas_explorer *explorer, base_arena *arena,
                           nas_genotype **out, base_err *err);
} nas_selection;

const nas_selection *const *nas_selections(size_t *count);
const nas_selection *nas_selection_find(const char *name); /* or NULL */
/* The genotype, in arena. BASE_NUMERIC when a weight is not finite. */
BASE_CHECK base_status nas_selection_choose(const nas_selection *selection, const nas_space *space,
                                            const double *const *weights, base_arena *arena, nas_genotype **out,
                                            base_err *err);

#ifdef __cplusplus
}
#endif
#endif

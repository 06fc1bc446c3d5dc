/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a genotype is read off the weights of a search: a registry. One file in nas/selections, one line there. */
#ifndef NAS_SELECTION_H
#define NAS_SELECTION_H

#include "nas/genotype.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_selection {
    const char *name, *summary;
    /* weights[t]: of the operations of cell type t as in nas_space_edge.offset, the larger the better; probabilities,
     * or products of those of operations and edges. Fills an empty genotype. */
    void (*choose)(const nas_space *space, const double *const *weights, nas_genotype *genotype);
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

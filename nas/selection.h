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

/* What a selection may ask about networks of the space. BASE_CANCELLED of any: it was told to stop. */
typedef struct nas_explorer {
    void *self;
    uint64_t seed;
    /* *error = share of wrong answers (or the loss, of numbers) of a network with the supernet's weights, on the first
     * `batches` batches of the half of the data that did not train these weights; 0 = on all of it. */
    base_status (*error)(void *self, const nas_genotype *genotype, size_t batches, double *error, base_err *err);

    /* What the supernet is weighed by at the end of the search: mean weights of operations, and shares of edges (1
     * where edges are not weighed). Blocks as in nas/relaxation.h. */
    void (*mean)(void *self, double *const *weights, double *const *edges);
    /* Loss and error of the supernet under such weights on all of that half, with the statistics of each batch. */
    base_status (*score)(void *self, const double *const *weights, const double *const *edges, double *loss,
                         double *error, base_err *err);
    /* Trains the supernet's weights under such weights on the other half for one epoch: number `epoch` of `epochs`, the
     * rate of which is a cosine from a tenth of the search's first rate to its last. All of it is undone after
     * explore. */
    base_status (*tune)(void *self, const double *const *weights, const double *const *edges, size_t epoch,
                        size_t epochs, base_err *err);
    /* So much of what is to be decided is, for people who wait. */
    void (*told)(void *self, size_t done, size_t of);
    /* What a network may cost, or NULL: random ones come from nas_limits_random. What is found is brought within the
     * limits if it is not (nas_limits_nearest). */
    const struct nas_limits *limits;
} nas_explorer;

/* What explore costs. */
typedef struct nas_selection_work {
    double scored; /* times that score goes through its half */
    double tuned;  /* epochs of tuning */
} nas_selection_work;

/* Either choose or explore is NULL. */
typedef struct nas_selection {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    size_t state_size;
    bool independent; /* asks for edge weights that do not add up to 1 */
    bool mixture;     /* asks for a supernet that trains sums of operations, not single paths */
    unsigned copies;  /* of the supernet's parameters that explore keeps, to undo what it tunes */
    /* Of explore, where it scores or tunes the supernet; NULL = not counted. */
    nas_selection_work (*work)(const void *state, const nas_space *space);
    /* weights[t]: of the operations of cell type t as in nas_space_edge.offset, the larger the better; probabilities,
     * or products of those of operations and edges. Fills an empty genotype. */
    void (*choose)(const void *state, const nas_space *space, const double *const *weights, nas_genotype *genotype);
    /* The genotype, in arena. */
    base_status (*explore)(const void *state, const nas_space *space, const nas_explorer *explorer, base_arena *arena,
                           nas_genotype **out, base_err *err);
} nas_selection;

const nas_selection *const *nas_selections(size_t *count);
const nas_selection *nas_selection_find(const char *name); /* or NULL */
/* The genotype, in arena; state: its options. BASE_NUMERIC when a weight is not finite. */
BASE_CHECK base_status nas_selection_choose(const nas_selection *selection, const void *state, const nas_space *space,
                                            const double *const *weights, base_arena *arena, nas_genotype **out,
                                            base_err *err);
/* The strongest operations of the strongest edges, as many as the space keeps, but those below `threshold`: of these a
 * node only has its strongest if it has no other, and all where a cell keeps all edges. */
void nas_choose_strongest(const nas_space *space, const double *const *weights, double threshold,
                          nas_genotype *genotype);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edge weights: how much each candidate operation of an edge counts in the supernet, given the alphas.
 *
 * One file in nas/weights, one constant descriptor at its end, one line in its registry.c. Arrays over operations have
 * one block per type of cell, laid out as nas_space_edge.offset says. */
#ifndef NAS_EDGE_WEIGHTS_H
#define NAS_EDGE_WEIGHTS_H

#include "base/options.h"
#include "nas/genotype.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_edge_weights {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    size_t state_size;
    bool learned; /* the alphas are trained through them; else they do not depend on the alphas */
    /* What they are on average: what people see and selections read. */
    void (*mean)(const void *state, const nas_space *space, const double *const *alphas, double *const *weights);
    /* What they are in one step of training, where that is random: a function of alphas and stream. Operations with
     * weight 0 are then not computed. NULL: their mean. */
    void (*draw)(const void *state, const nas_space *space, const double *const *alphas, base_rng *rng,
                 double *const *weights);
    /* The mean as nodes of a network, from a value [edges, operations] without a batch dimension to one of that shape.
     * NULL where they are drawn. */
    base_status (*build)(const void *state, eng_net *net, eng_value alphas, const char *name, eng_value *weights);
} nas_edge_weights;

const nas_edge_weights *const *nas_edge_weights_list(size_t *count);
const nas_edge_weights *nas_edge_weights_find(const char *name); /* or NULL */

/* Those of one network of the space: 1 for the operations that it has, 0 for all others. */
void nas_genotype_weights(const nas_genotype *genotype, double *const *weights);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edge weights: how much each candidate operation of an edge counts in the supernet, given the alphas.
 *
 * One file in nas/weights, one constant descriptor at its end, one line in its registry.c. A rule sees one edge at a
 * time: its arrays have a number for each of `count` candidates. "back" functions add J^T slopes to `out`, where J is
 * the derivative of the weights by the alphas. All but a rule that draws whole networks works in doubles; what the
 * supernet reads are their floats. */
#ifndef NAS_EDGE_WEIGHTS_H
#define NAS_EDGE_WEIGHTS_H

#include "base/options.h"
#include "engine/tensor/kernels.h"
#include "nas/genotype.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_edge_weights {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    size_t state_size;
    bool learned;     /* the alphas are trained through them; else they do not depend on the alphas */
    bool single_path; /* one weight of an edge at most is not 0 when they are drawn: only that is computed */
    bool independent; /* those of an edge do not add up to 1 */

    /* What they are on average: what people see and selections read. mean_back: NULL where nothing is learned. */
    void (*mean)(const void *state, const double *alphas, size_t count, double *weights);
    void (*mean_back)(const void *state, const double *alphas, const double *weights, size_t count,
                      const double *slopes, double *out);

    /* Where they are random in training: what chance does, and the weights as a function of that and of the alphas, so
     * that passes with the same noise agree. progress: 0 in the first epoch of the search, 1 in the last, for what
     * anneals. NULL: their mean is used. */
    void (*noise)(const void *state, const double *alphas, size_t count, base_rng *rng, double *noise);
    void (*draw)(const void *state, double progress, const double *alphas, const double *noise, size_t count,
                 double *weights);
    void (*draw_back)(const void *state, double progress, const double *alphas, const double *noise,
                      const double *weights, size_t count, const double *slopes, double *out);
    /* In the place of these: a whole network at once, in blocks as nas_space_edge.offset lays out. */
    void (*network)(const void *state, const nas_space *space, base_rng *rng, double *const *weights);

    /* Whether the weight of an operation that is not computed, 0, counts as added to every number of the edge, so that
     * it has a slope. NULL = no: its slope is 0. */
    bool (*scalars)(const void *state);

    /* What is added to the loss by which the alphas move: returns it, and adds its gradient to that of the alphas
     * (blocks). NULL = nothing. */
    double (*penalty)(const void *state, const nas_space *space, const double *const *alphas, double *const *gradient);

    /* The mean of whole tables [rows, columns] in floats, where the engine has that. May be NULL. */
    void (*table)(const eng_kernels *kernels, size_t rows, size_t columns, const float *alphas, float *weights);
    void (*table_back)(const eng_kernels *kernels, size_t rows, size_t columns, const float *weights,
                       const float *slopes, float *out);
} nas_edge_weights;

const nas_edge_weights *const *nas_edge_weights_list(size_t *count);
const nas_edge_weights *nas_edge_weights_find(const char *name); /* or NULL */

/* Whether they are random in training. */
static inline bool nas_edge_weights_random(const nas_edge_weights *kind) {
    return kind->draw != NULL || kind->network != NULL;
}
/* Those of one network of the space: 1 for the operations that it has, 0 for all others. */
void nas_genotype_weights(const nas_genotype *genotype, double *const *weights);

#ifdef __cplusplus
}
#endif
#endif

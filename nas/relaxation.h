/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The continuous relaxation of a space (Liu et al., "DARTS", ICLR 2019, section 2.2): the trained numbers of the
 * architecture in a supernet, and the edge weights that its mixtures read.
 *
 * A type of cell has one table of alphas [edges, operations] for each number of candidates that its edges have: a
 * single one in all published spaces. Behind each stands one node, which makes the weights by the rule. Where a mixed
 * operation normalizes edges, a type also has a table of betas [edges]: what an edge gives its node is then times
 * beta'_e, a softmax of the betas over the edges that lead to one node (Xu et al., "PC-DARTS", ICLR 2020, eq. 3).
 *
 * Arrays over operations have one block of doubles per type of cell, laid out as nas_space_edge.offset says; arrays
 * over edges one per type with a number for each edge. */
#ifndef NAS_RELAXATION_H
#define NAS_RELAXATION_H

#include "engine/modules/net.h"
#include "nas/choices.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NAS_GROUP_WEIGHTS = 0, NAS_GROUP_ALPHAS = 1 };

typedef struct nas_relaxation nas_relaxation;

/* The node behind a table, for those who walk through a graph. */
extern const eng_op nas_op_edge_weights;

/* In arena; space and choices must outlive it. */
nas_relaxation *nas_relaxation_create(const nas_space *space, const nas_choices *choices, base_arena *arena);
/* Puts the tables and their nodes into a network: before its edges. */
BASE_CHECK base_status nas_relaxation_build(nas_relaxation *relaxation, eng_net *net);
/* What the mixture of an edge reads: a value [rows, operations], and its row there. */
eng_value nas_relaxation_value(const nas_relaxation *relaxation, size_t type, size_t edge, size_t *row);
/* What a node weighs its edges by: a value [1, edges] of a type; ENG_NO_VALUE where edges count as they are. */
eng_value nas_relaxation_shares(const nas_relaxation *relaxation, size_t type);
/* Whether weights of what is not computed enter the mixture as scalars. */
bool nas_relaxation_scalars(const nas_relaxation *relaxation);
/* Where the numbers of the tables are, once the network has parameters. */
void nas_relaxation_bind(nas_relaxation *relaxation, eng_params *params);

/* ---- the weights of the passes that follow, until told otherwise; at first their mean ---- */

typedef struct nas_draw {
    uint64_t seed;
    uint32_t step, purpose; /* the same numbers, the same noise */
    double progress;        /* 0 in the first epoch of the search, 1 in the last */
} nas_draw;

void nas_relaxation_use_mean(nas_relaxation *relaxation);
/* With noise, where the rule has any; else their mean. */
void nas_relaxation_use_draw(nas_relaxation *relaxation, const nas_draw *draw);
/* These, whatever the alphas, which have no gradient then. edges: the fractions of edges, where they are weighed; NULL
 * = 1 for an edge with a weight that is not 0, else 0. */
void nas_relaxation_use(nas_relaxation *relaxation, const double *const *weights, const double *const *edges);
/* Plus what nas_relaxation_shift holds: all operations are computed then. Until told otherwise by one of the above. */
void nas_relaxation_use_shift(nas_relaxation *relaxation);
/* Makes them from the present alphas: before each pass. */
void nas_relaxation_prepare(nas_relaxation *relaxation);
/* Those of operations of the last prepare where they are not the mean; NULL where they are, and nothing is left out. */
const double *const *nas_relaxation_drawn(const nas_relaxation *relaxation);

/* ---- a shift of the weights: nas_space_weights numbers, type by type ---- */

float *nas_relaxation_shift(const nas_relaxation *relaxation);
/* By these, of the last backward pass that had them and made the gradient by alphas. */
float *nas_relaxation_shift_slopes(const nas_relaxation *relaxation);
/* Makes the shift such that the weights as they are used now, plus it, are valid: in [0, 1], and of sum 1 where those
 * of an edge add up to 1. */
void nas_relaxation_settle(nas_relaxation *relaxation);

/* ---- what is added to the gradients of alphas and betas, after a backward pass ---- */

/* Of a function of the mean weights, given by its slopes. */
void nas_relaxation_add_slopes(nas_relaxation *relaxation, const double *const *slopes);
/* Of the rule's own penalty, whose value it returns: 0 where it has none. */
double nas_relaxation_add_penalty(nas_relaxation *relaxation);

/* ---- reading ---- */

/* Moves the alphas there. */
void nas_relaxation_set_alphas(nas_relaxation *relaxation, const double *const *alphas);
/* The alphas, and beta' of all edges: 1 where edges are not normalized. */
void nas_relaxation_alphas(const nas_relaxation *relaxation, double *const *alphas);
void nas_relaxation_edges(const nas_relaxation *relaxation, double *const *edges);
/* The mean weights: of these alphas and shares of edges; edges: NULL = 1. */
void nas_relaxation_mean(const nas_relaxation *relaxation, const double *const *alphas, const double *const *edges,
                         double *const *weights);
bool nas_relaxation_weighs_edges(const nas_relaxation *relaxation);
/* Trained numbers. */
size_t nas_relaxation_count(const nas_relaxation *relaxation);

/* Zeroed blocks, in the arena. */
double **nas_operation_blocks(const nas_space *space, base_arena *arena);
double **nas_edge_blocks(const nas_space *space, base_arena *arena);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of a relaxation share.
 *
 *   relaxation.c        tables of alphas, and the weights of a pass from them
 *   relaxation_back.c   shifts of weights, and slopes by weights turned into slopes by alphas and betas
 *   relaxation_graph.c  the nodes of the graph, and their parameters */
#ifndef NAS_RELAXATION_IMPL_H
#define NAS_RELAXATION_IMPL_H

#include "nas/relaxation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the weights of a pass come from. */
typedef enum nas_source { NAS_FROM_MEAN, NAS_FROM_DRAWN, NAS_FROM_GIVEN } nas_source;

/* The edges of a type that have `columns` candidates. */
typedef struct nas_table {
    nas_relaxation *owner;
    size_t type, columns, rows;
    size_t *edges; /* by row */
    char name[80];
    eng_value weights;         /* what the mixtures read */
    float *values, *gradients; /* of the parameter; NULL where nothing is learned */
    float *made;               /* the weights of this pass, where they are not the mean that the node computes */
} nas_table;

/* Where an edge of a type has its alphas. */
typedef struct nas_place {
    size_t table, row;
} nas_place;

struct nas_relaxation {
    const nas_space *space;
    const nas_edge_weights *rule;
    const void *state;
    base_arena *arena;
    nas_table *tables;
    size_t n_tables;
    nas_place **places;              /* by type and edge */
    bool weighs_edges;               /* by betas that are trained */
    eng_value *shares;               /* by type; NULL = edges count as they are */
    float **betas, **beta_gradients; /* by type: of the parameter */
    float **made_shares;             /* by type and edge: of this pass */
    nas_source source;
    nas_draw draw;
    bool shifted;
    float *shift, *shift_slopes;                       /* over operations, type by type */
    double **alphas, **noise, **operations, **weights; /* weights: of the pass; operations: what they were made of */
    double **edges, **given;                           /* shares of edges: by betas; those that were given */
    double *scratch;                                   /* for two arrays over the operations or edges of a type */
};

/* ---- relaxation.c ---- */
/* How many edges lead to the same node as edge `first`, which is the first of them. */
size_t nas_relaxation_edges_of_node(const nas_space_cell *cell, size_t first);
/* Whether the nodes compute the weights of the pass themselves. */
bool nas_relaxation_in_tables(const nas_relaxation *r);
/* r->operations from the alphas as they are now, drawn or mean. */
void nas_relaxation_make_operations(nas_relaxation *r);

/* ---- relaxation_back.c ---- */
/* by_edges: room for two numbers for each edge of the type; the first half is given, the second becomes the slopes by
 * the betas. */
double *nas_relaxation_shares_back(const nas_relaxation *r, size_t type, double *by_edges);
/* Slopes by the weights of a table into slopes by its alphas; into those by the shift. */
void nas_relaxation_alphas_back(const nas_relaxation *r, const nas_table *t, const float *slopes, float *out);
void nas_relaxation_shift_back(const nas_relaxation *r, const nas_table *t, const float *slopes);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network around the edges: stem, cells with their seams, reductions, head, auxiliary tower. Who builds a network
 * says what stands on an edge (one operation, or a mixture of all of them) and what a node makes of its edges; the rest
 * is the same, with the same names of nodes, so that parameters bind by name between all networks of a space.
 *
 * Names: "stem", "cell3.in0" (preprocessing of input 0), "cell3.e5.sep_conv_3x3" (edge 5, as in nas_space_cell.edges),
 * "cell3.residual", "auxiliary", "head", "output". */
#ifndef NAS_SKELETON_H
#define NAS_SKELETON_H

#include "nas/space.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_settings {
    size_t channels;  /* of the network; 0 = those of the space */
    size_t cells;     /* of a stack of thirds; 0 = those of the space */
    bool search;      /* a network for a search: batch normalization of cells learns no scale and shift, and pools are
                         normalized where the space says so */
    double auxiliary; /* weight of the loss of the auxiliary tower; 0 = no tower */
    double drop_path; /* rate, 0 <= rate < 1 */
} nas_settings;

/* A node whose terms are known. */
typedef struct nas_sum {
    size_t cell, type;      /* number in the stack, index into the space's cells */
    size_t node;            /* number in the cell, inputs counted */
    const char *name;       /* "cell3.n4" */
    const size_t *edges;    /* the edge that each term comes from, rising */
    const eng_value *terms; /* all of one shape */
    size_t count;           /* at least 1 */
} nas_sum;

/* What a network has at its edges and nodes. */
typedef struct nas_builder {
    void *self;
    /* Does a cell of this type have this edge? NULL = all. What no output reads is left out. */
    bool (*has)(void *self, size_t type, size_t edge);
    /* *out = what the edge makes of edge->input. */
    base_status (*edge)(void *self, eng_net *net, const nas_edge *edge, eng_value *out);
    /* *out = what the node makes of its terms; NULL = their sum. */
    base_status (*sum)(void *self, eng_net *net, const nas_sum *sum, eng_value *out);
    /* Behind each cell, with its output at net->at (which it may change); NULL = nothing. */
    base_status (*cell)(void *self, eng_net *net, size_t cell, size_t type);
} nas_builder;

/* Puts the network of the space behind net->at, the data, up to the loss, and that of the auxiliary tower. BASE_INVALID
 * when data, space and settings do not fit, naming the cell. */
BASE_CHECK base_status nas_skeleton_build(const nas_space *space, const nas_settings *settings,
                                          const nas_builder *builder, eng_net *net, eng_ports *ports);
/* The plain sum of values of one shape, however many. */
BASE_CHECK base_status nas_sum_build(eng_net *net, const eng_value *terms, size_t count, eng_value *out);

/* Places of the skeleton under these settings, and what stands there. */
size_t nas_skeleton_count(const nas_space *space, const nas_settings *settings);
nas_space_block nas_skeleton_block(const nas_space *space, const nas_settings *settings, size_t index);

#ifdef __cplusplus
}
#endif
#endif

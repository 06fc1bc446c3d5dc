/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A space of networks made of cells, as data: the cells that may be, and the skeleton that they stand in.
 *
 * A cell is a directed graph. Its inputs are the outputs of the cells before it, numbered 0, 1, ... from the oldest;
 * its nodes go on counting from there. A node is the sum of the edges that lead to it, an edge carries one of its
 * candidate operations, and the cell's output is all nodes side by side, or the last one (H. Liu et al., "DARTS", ICLR
 * 2019, section 2.1). A type of cell is used at several places of the skeleton with the same operations and weights of
 * its own. Spaces come from a study file (docs/nas.md has the grammar) or from a preset, which is the same text. */
#ifndef NAS_SPACE_H
#define NAS_SPACE_H

#include "base/yaml.h"
#include "engine/modules/layers.h"
#include "nas/operation.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NAS_MAX_INPUTS = 4, NAS_MAX_NODES = 32, NAS_MAX_BLOCKS = 1000 };

typedef struct nas_space_edge {
    size_t to, from; /* from < to */
    size_t stride;   /* 1, or that of the cell */
    const nas_operation *const *operations;
    size_t n_operations; /* at least 1 */
    size_t offset;       /* of the weight of its first operation among the weights of the cell */
} nas_space_edge;

typedef struct nas_space_cell {
    const char *name;            /* "normal" */
    size_t inputs;               /* 1 .. NAS_MAX_INPUTS */
    size_t nodes;                /* 1 .. NAS_MAX_NODES, besides the inputs */
    size_t stride;               /* of the whole cell */
    const nas_space_edge *edges; /* by `to`, then by `from` */
    size_t n_edges, weights;     /* weights: operations of all edges */
    size_t keep;                 /* edges that a node of a finished cell has, each from another source; 0 = all */
    const size_t *outputs;       /* numbers of the nodes that are the output, rising */
    size_t n_outputs;            /* 1 unless they stand side by side */
    bool preprocess;             /* inputs go through ReLU, 1 x 1 convolution and normalization */
    const base_yaml_node *where;
} nas_space_cell;

/* A place of the skeleton. Channels are multiples of those of the whole network. */
typedef struct nas_space_block {
    size_t type;    /* index into cells; NAS_RESIDUAL: a residual block of stride 2 (NAS-Bench-201, section 2.1) */
    double width;   /* channels inside = width x the network's channels */
    double dropout; /* rate behind it */
} nas_space_block;
#define NAS_RESIDUAL SIZE_MAX

typedef struct nas_space {
    const char *name, *summary;
    const nas_space_cell *cells;
    size_t n_cells;
    bool pool_norm;    /* in a search pools are normalized */
    size_t channels;   /* of the network, unless a setting says otherwise */
    double stem_width; /* channels of the stem = stem_width x channels; 0 = the first cell reads the data */
    size_t stem_kernel;
    bool stem_relu;
    const nas_space_block *blocks; /* NULL: a stack of thirds */
    size_t n_blocks;               /* cells of a stack of thirds, unless a setting says otherwise */
    size_t normal, reduction;      /* types of a stack of thirds: cell i of n is a reduction when i = n/3 or 2n/3, and
                                      doubles the channels */
    eng_layers head;               /* between the last cell and the output layer */
} nas_space;

/* The space that map describes, or the preset that a string names. Everything lives in arena and in node's tree.
 * BASE_INVALID "file:line:column: what is wrong, and what would be right". */
BASE_CHECK base_status nas_space_read(const base_yaml_node *node, base_arena *arena, const nas_space **out,
                                      base_err *err);
/* A preset by name. BASE_NOTFOUND with the nearest name. */
BASE_CHECK base_status nas_space_find(const char *name, base_arena *arena, const nas_space **out, base_err *err);

/* Index of a type of cell, or n_cells. */
size_t nas_space_cell_find(const nas_space *space, const char *name);
/* Index of the edge of a cell, or n_edges. */
size_t nas_space_edge_find(const nas_space_cell *cell, size_t to, size_t from);
/* Index of the operation on the edge, or n_operations. */
size_t nas_space_operation_find(const nas_space_edge *edge, const nas_operation *operation);
/* Weights of all types of cells: "alphas". */
size_t nas_space_weights(const nas_space *space);
size_t nas_space_edges(const nas_space *space); /* of all types of cells */
/* Edges of a cell that lead to a node. */
size_t nas_space_edges_to(const nas_space_cell *cell, size_t node);
/* How many different genotypes there are (of one type, or of all types together). A sum of edges that is kept counts
 * with its operations; where `none` cannot be chosen it does not count. Inexact above 2^53. */
double nas_space_cell_size(const nas_space_cell *cell);
double nas_space_size(const nas_space *space);
/* May a finished cell carry this operation? `none` only where every edge is kept: it is then the way to leave one out.
 */
bool nas_space_may_choose(const nas_space_cell *cell, const nas_operation *operation);

/* A ready-made space. */
typedef struct nas_space_preset {
    const char *name, *summary; /* one line, with the paper */
    const char *text;           /* YAML, as a user would write it */
} nas_space_preset;

const nas_space_preset *const *nas_space_presets(size_t *count);

#ifdef __cplusplus
}
#endif
#endif

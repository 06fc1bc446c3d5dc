/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may stand on an edge of a cell: an operation that turns an image into one with `stride` times fewer rows and
 * columns and with a stated number of channels.
 *
 * To write one: one file in nas/operations with one const descriptor, one line in nas/operations/registry.c
 * (docs/adding-an-operation.md). */
#ifndef NAS_OPERATION_H
#define NAS_OPERATION_H

#include "engine/modules/net.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What all edges from one place may share besides its rectified form: a mixed operation says what. */
enum { NAS_SHARED = 4 };

/* Operations of several sizes in one (R. S. Sukthanker et al., AutoML 2024): the weights are sum_j q_j crop_j(W), where
 * W are those of the largest, crop_j(W) those that operation j has, and q_j is the number [row][column[j]] of
 * `weights`, divided by the sum of all these. Of kernels with largest x largest pixels operation j has the middle
 * kernel[j] x kernel[j], of hidden channels the first expansion[j] in `widest`. */
typedef struct nas_superposition {
    eng_value weights; /* [rows, columns], one for the whole batch */
    size_t row, count, largest, widest;
    size_t kernel[ENG_SUPERPOSE_MOST], expansion[ENG_SUPERPOSE_MOST], column[ENG_SUPERPOSE_MOST];
} nas_superposition;

/* An edge of a cell in a network that is being built. */
typedef struct nas_edge {
    size_t cell;       /* its number in the stack, from 0 */
    size_t type;       /* index into the space's cells */
    size_t index;      /* into the edges of the type */
    size_t to, from;   /* its ends: 0 .. inputs - 1 are the cell's inputs, then its nodes */
    eng_value input;   /* image [height, width, channels in] */
    eng_value *relu;   /* max(0, input), which all edges from there share; ENG_NO_VALUE until somebody asked for it */
    eng_value *shared; /* [NAS_SHARED], ENG_NO_VALUE until somebody makes them; NULL = nothing is shared */
    size_t channels;   /* of the output */
    size_t stride;     /* 1 or more: the output has ceil(height / stride) rows */
    bool affine;       /* batch normalization learns scale and shift */
    bool pool_norm;    /* pools are followed by a normalization without scale and shift (the search of DARTS) */
    double drop_path;  /* rate at which what is not an identity is left out in training */
    const double *skip_dropout; /* rate of dropout behind an identity; NULL = none */
    const char *name;           /* unique in the network and the same in every network of the space: "cell3.e5" */
    const nas_superposition *superposition; /* of an operation that stands for its family; NULL = it is itself */
} nas_edge;

enum {
    NAS_OPERATION_NONE = 1u, /* gives zeros: an edge that carries it does not exist */
    NAS_OPERATION_SKIP = 2u, /* an identity where shapes allow it */
    NAS_OPERATION_POOL = 4u, /* pooling: no weights */
};

typedef struct nas_operation {
    const char *name, *summary;
    const char *const *aliases; /* other names in published genotypes, NULL-terminated; or NULL */
    unsigned flags;
    /* Operations of one family differ in the size of their kernel, `kernel` pixels in each direction, or in how many
     * times its input's channels an inverted residual has inside, and the one with the largest kernel has the most: one
     * may stand for all (mixed: entangled). They are made of nas/parts.h. NULL = none. */
    const char *family;
    size_t kernel, expansion;
    /* Puts the operation behind net->at, which is edge->input, and leaves its output there. Nodes with parameters are
     * called edge->name.something. */
    base_status (*build)(eng_net *net, const nas_edge *edge);
    /* Numbers that are trained; NULL = none. */
    size_t (*parameters)(size_t channels_in, size_t channels_out, size_t stride, bool affine);
} nas_operation;

/* All of them, in the order of their lines. */
const nas_operation *const *nas_operations(size_t *count);
/* By name or alias; BASE_NOTFOUND with the nearest name. */
BASE_CHECK base_status nas_operation_find(const char *name, const nas_operation **out, base_err *err);
/* *out = the operation behind edge->input, with its nodes called edge->name.operation. BASE_INVALID when it does not
 * fit there, or does not give the shape that it should. */
BASE_CHECK base_status nas_operation_build(const nas_operation *operation, eng_net *net, const nas_edge *edge,
                                           eng_value *out);

#ifdef __cplusplus
}
#endif
#endif

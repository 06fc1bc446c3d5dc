/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mixed operation: what an edge of the supernet makes of its input with all its candidates.
 *
 * One file in nas/mixed, one constant descriptor at its end, one line in its registry.c. */
#ifndef NAS_MIXED_H
#define NAS_MIXED_H

#include "base/options.h"
#include "nas/space.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NAS_NO_INPUT SIZE_MAX

/* An edge with its candidates and where their weights are. */
typedef struct nas_mixture {
    const nas_edge *edge;
    const nas_space_edge *candidates;
    eng_value weights;     /* [rows, candidates], one for the whole batch */
    size_t row;            /* of this edge */
    eng_value coefficient; /* [1, 2]: 1 and the mixed operation's coefficient of the pass; where it has one */
    bool scalars;          /* the weights of what is not computed enter as scalars (eng_mix_config) */
    /* Written by build: the node that weighs the candidates, whose inputs may be masked, and which of its inputs each
     * candidate is, some perhaps the same; NAS_NO_INPUT for one that is not computed because it only gives zeros. */
    size_t node;
    size_t *input;
} nas_mixture;

typedef struct nas_mixed {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    size_t state_size;
    bool weighs_edges; /* what an edge gives is times a fraction of its own at the node (nas/relaxation.h) */
    /* A number that changes along the search; progress: the fraction of its epochs that is over. NULL = none. */
    double (*coefficient)(const void *state, double progress);
    /* *out = the edge's output. BASE_INVALID when a candidate does not fit. */
    base_status (*build)(const void *state, eng_net *net, nas_mixture *mixture, eng_value *out);
} nas_mixed;

extern const nas_mixed nas_mixed_plain; /* what others are built around */

const nas_mixed *const *nas_mixed_list(size_t *count);
const nas_mixed *nas_mixed_find(const char *name); /* or NULL */

#ifdef __cplusplus
}
#endif
#endif

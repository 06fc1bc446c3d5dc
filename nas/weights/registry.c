/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of edge weights. */
#include <string.h>

#include "nas/edge_weights.h"

/* One line each. */
#define NAS_EDGE_WEIGHTS_LIST(X)                                                                                       \
    X(softmax)                                                                                                         \
    X(gumbel)                                                                                                          \
    X(gdas)                                                                                                            \
    X(dirichlet)                                                                                                       \
    X(sigmoid)                                                                                                         \
    X(uniform)

#define DECLARE(name) extern const nas_edge_weights nas_edge_weights_##name;
NAS_EDGE_WEIGHTS_LIST(DECLARE)

#define ADDRESS(name) &nas_edge_weights_##name,
static const nas_edge_weights *const all[] = {NAS_EDGE_WEIGHTS_LIST(ADDRESS)};

const nas_edge_weights *const *nas_edge_weights_list(size_t *count) {
    *count = sizeof all / sizeof *all;
    return all;
}

const nas_edge_weights *nas_edge_weights_find(const char *name) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0) return all[i];
    return NULL;
}

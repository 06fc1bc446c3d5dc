/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where everything of a plan lies, and from when to when it lives. Private to engine/tensor/plan*.c. */
#ifndef ENG_PLAN_LAYOUT_H
#define ENG_PLAN_LAYOUT_H

#include "engine/tensor/graph.h"
#include "engine/tensor/lifetime.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_NO_EXTENT SIZE_MAX

typedef struct eng_layout {
    const eng_graph *graph;
    size_t nodes, batch;
    bool *forward;  /* by node: somebody wants its output */
    bool *backward; /* by node: a loss lies behind it and a parameter in it or before it */
    eng_extent *extents;
    size_t count, unshared;
    size_t *value, *gradient; /* by value */
    size_t *last;             /* by value: the last time that its data are read */
    size_t *saved;            /* by node */
    size_t *workspace[2];     /* by node: of forward, of backward */
    size_t *dx;               /* by node and input: what the node writes: the gradient, or what is added to it */
    size_t *dw;               /* by node and parameter: what is added to the gradient; NO_EXTENT: the gradient itself */
    size_t sums;              /* of dx and dw that are added */
} eng_layout;

/* Everything is allocated in arena. The extents have no offsets yet. */
void eng_layout_make(eng_layout *l, base_arena *arena, const eng_graph *graph, size_t batch);
/* The node writes that gradient apart, and it is added. */
bool eng_layout_adds_value(const eng_layout *l, size_t node, size_t input);
bool eng_layout_adds_param(const eng_layout *l, size_t node, size_t param);

#ifdef __cplusplus
}
#endif
#endif

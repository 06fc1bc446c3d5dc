/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of a plan, and which of them a pass makes. Private to engine/tensor/plan*.c. */
#ifndef ENG_PLAN_CALLS_H
#define ENG_PLAN_CALLS_H

#include "engine/tensor/plan_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a call of backward is. */
typedef enum eng_call_kind {
    ENG_CALL_NODE,      /* a node's backward */
    ENG_CALL_ADD_VALUE, /* adds what that node wrote for input `which` to the value's gradient */
    ENG_CALL_ADD_PARAM, /* the same for parameter `which` */
} eng_call_kind;

typedef struct eng_call_role {
    eng_call_kind kind;
    uint32_t node, which;
} eng_call_role;

/* A list of calls as it is walked. */
typedef struct eng_calls {
    eng_call *items;
    size_t count;
    eng_param_id *zeros; /* parameters whose gradients nobody writes in it */
    size_t zero_count;
} eng_calls;

/* Everything that a pass could call. */
typedef struct eng_all_calls {
    const eng_graph *graph;
    const eng_params *params;
    eng_calls forward; /* one per node that runs */
    eng_calls backward;
    eng_call_role *roles; /* of backward */
    bool complete;        /* it writes the gradients of all parameters */
} eng_all_calls;

/* Resolves the pointers of a placed layout; everything is allocated in book. */
void eng_calls_resolve(eng_all_calls *all, base_arena *book, const eng_layout *l, void *memory,
                       const eng_params *params);
/* Room for as many calls. */
eng_calls eng_calls_like(base_arena *book, const eng_calls *calls, const eng_params *params);
/* Those of forward without what nobody reads when node n leaves out the inputs left_out[n] (a bit each). */
void eng_calls_filter_forward(const eng_all_calls *all, const uint32_t *left_out, bool *runs, eng_calls *out);
/* Those of backward that lead to parameters of the groups (a bit each); `runs` as found by filter_forward. */
void eng_calls_filter_backward(const eng_all_calls *all, const uint32_t *left_out, const bool *runs, unsigned groups,
                               eng_calls *out);

#ifdef __cplusplus
}
#endif
#endif

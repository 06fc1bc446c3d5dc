/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The static executor: a graph compiled for one batch size into a forward and a backward list of calls over one arena.
 *
 * Lifetimes are computed once; values and gradients that do not live at the same time share memory. The gradients of a
 * value that several nodes read are summed. A pass allocates nothing. */
#ifndef ENG_PLAN_H
#define ENG_PLAN_H

#include "engine/tensor/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_plan eng_plan;

/* Places every value of graph for at most `batch` samples. graph, params and kernels must outlive the plan. */
BASE_CHECK base_status eng_plan_create(const eng_graph *graph, const eng_params *params, size_t batch,
                                       const eng_kernels *kernels, eng_plan **out, base_err *err);
void eng_plan_destroy(eng_plan *plan);
/* What eng_plan_bytes of such a plan will be, without allocating it. */
BASE_CHECK base_status eng_plan_measure(const eng_graph *graph, size_t batch, size_t *bytes, base_err *err);

/* Passes that follow are shared by `threads` (NULL = the caller alone), which must outlive them: the same bits in less
 * time. Needs a workspace for each; BASE_NOMEM leaves the plan as it was. */
BASE_CHECK base_status eng_plan_threads(eng_plan *plan, eng_threads *threads, base_err *err);
/* Bytes that n threads need besides those of the plan. */
size_t eng_plan_threads_bytes(const eng_graph *graph, size_t batch, size_t n);
size_t eng_plan_shared_bytes(const eng_plan *plan); /* that its threads have now */

/* Says where an input's data lie (batch first): read in place, not copied, during the passes that follow. */
void eng_plan_bind(eng_plan *plan, eng_value input, const void *data);
typedef struct eng_pass {
    size_t n; /* samples: 1 .. batch */
    bool training;
    bool keep_state; /* in training: running statistics stay as they are */
    uint64_t seed;
    uint32_t step;         /* in training, dropout draws its masks from (seed, node, step) */
    double drop_path_less; /* in training, rates of drop-path are less by this fraction: 0 = as configured, 1 = none */
} eng_pass;

/* Samples through every node; returns the sum of the losses, without those whose targets are bound to NULL. */
double eng_plan_run(eng_plan *plan, const eng_pass *pass);
/* The same with a pass that moves all state. */
double eng_plan_forward(eng_plan *plan, size_t n, bool training, uint64_t seed, uint32_t step);
/* After a forward in training: the gradients of all parameters, overwritten; zero where none leads to the loss. */
void eng_plan_backward(eng_plan *plan);
/* The same for some groups (bit g: group g) without the work that only others need; theirs are undefined. */
void eng_plan_backward_groups(eng_plan *plan, unsigned groups);
/* The same for updater's group, and updater has been applied to every trained parameter of it, each as soon as no other
 * node wants its old value; the list of parameters holds no gradients then. Not with a mask. */
void eng_plan_backward_update(eng_plan *plan, const eng_updater *updater);
/* From the next forward on, a node leaves out one of its inputs (its op has ENG_LEAVES_OUT), or no longer does. What
 * nobody reads then is not run, and its parameters have zero gradients. */
void eng_plan_mask(eng_plan *plan, size_t node, size_t input, bool left_out);
/* The data of a value marked by eng_graph_keep, valid until the next pass. */
const float *eng_plan_value(const eng_plan *plan, eng_value value);

/* Called after every node of a pass, in their order: to see where time goes. The sums of the gradients of a value with
 * several readers are a node named "accumulate". */
typedef void eng_plan_watch_fn(void *self, const eng_node *node, bool backward);
/* Of all passes that follow; NULL = nobody. */
void eng_plan_watch(eng_plan *plan, eng_plan_watch_fn *watch, void *self);

size_t eng_plan_batch(const eng_plan *plan);
size_t eng_plan_bytes(const eng_plan *plan);         /* of the arena */
size_t eng_plan_calls_bytes(const eng_graph *graph); /* of the calls of a plan, about */
/* What the arena would be if nothing were shared. */
size_t eng_plan_bytes_unshared(const eng_plan *plan);

#ifdef __cplusplus
}
#endif
#endif

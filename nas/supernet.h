/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network of a search: the skeleton of a space with all candidate operations on every edge, mixed by weights that
 * all cells of a type share.
 *
 * Its parameters are two groups: group 0 the weights, group 1 what nas/relaxation.h trains. */
#ifndef NAS_SUPERNET_H
#define NAS_SUPERNET_H

#include "engine/tensor/plan.h"
#include "nas/relaxation.h"
#include "nas/skeleton.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_supernet_options {
    const nas_space *space;
    nas_settings settings;      /* `search` is taken as true */
    const nas_choices *choices; /* edge weights and mixed operation */
    eng_net_config net;         /* input, task, outputs */
    size_t batch;               /* samples per pass, at most */
    uint64_t seed;              /* of initial values, dropout, and what is drawn */
    const eng_kernels *kernels; /* NULL = the best for this machine */
    eng_threads *threads;       /* that share a pass; NULL = the caller alone */
    bool skip_dropout;          /* there is dropout behind identities, at first with rate 0 */
} nas_supernet_options;

typedef struct nas_supernet nas_supernet;

/* Space, choices and threads must outlive it. BASE_INVALID when space, settings and data do not fit; BASE_NOMEM. */
BASE_CHECK base_status nas_supernet_create(const nas_supernet_options *options, nas_supernet **out, base_err *err);
void nas_supernet_destroy(nas_supernet *net);

/* What a supernet will be, without allocating it. */
typedef struct nas_supernet_size {
    size_t numbers, alphas; /* trained */
    size_t bytes;           /* as nas_supernet_bytes; with options.threads */
    size_t block;           /* bytes of all its parameters once */
    double flops;           /* of one sample forward */
} nas_supernet_size;
BASE_CHECK base_status nas_supernet_measure(const nas_supernet_options *options, nas_supernet_size *out, base_err *err);

/* ---- passes ---- */

/* The passes that follow have edge weights drawn anew from the alphas of each pass, where the rule is random: a
 * function of the seed, the step, what it is for, and the alphas. progress as in nas_edge_weights. Other edge weights
 * are those of nas_supernet_relaxation. What has weight 0 is not computed, unless the weights are the mean of a rule.
 */
enum { NAS_DRAW_TRAIN, NAS_DRAW_EVALUATE, NAS_DRAW_VALID, NAS_DRAW_SHIFT };
void nas_supernet_draw(nas_supernet *net, uint32_t step, uint32_t purpose, double progress);
/* Where the search is in the passes that follow: the fraction of its epochs that is over, for what a mixed operation
 * changes along it; 0 at first. */
void nas_supernet_progress(nas_supernet *net, double progress);
/* Of the passes that follow, 0 <= rate < 1, where the options have asked for it. */
void nas_supernet_set_skip_dropout(nas_supernet *net, double rate);
/* Forward in training; the mean loss of the batch. move_state: running statistics follow. `key` numbers dropout's
 * masks: passes with the same key have the same. */
double nas_supernet_train(nas_supernet *net, const eng_batch *batch, bool move_state, uint32_t key);
/* After that: the gradients of the groups (bit g: group g). */
void nas_supernet_backward(nas_supernet *net, unsigned groups);
/* Forward with running statistics and without dropout. */
double nas_supernet_evaluate(nas_supernet *net, const eng_batch *batch);
const float *nas_supernet_outputs(const nas_supernet *net); /* [n, outputs] of the last pass */

/* ---- architecture ---- */

/* Its alphas and edge weights. */
nas_relaxation *nas_supernet_relaxation(const nas_supernet *net);
uint64_t nas_supernet_seed(const nas_supernet *net);
const nas_space *nas_supernet_space(const nas_supernet *net);
const eng_graph *nas_supernet_graph(const nas_supernet *net);
eng_plan *nas_supernet_plan(const nas_supernet *net);
eng_params *nas_supernet_params(const nas_supernet *net);
const eng_kernels *nas_supernet_kernels(const nas_supernet *net);
eng_task nas_supernet_task(const nas_supernet *net);
size_t nas_supernet_output_count(const nas_supernet *net);
size_t nas_supernet_numbers(const nas_supernet *net); /* trained weights, without the alphas */
size_t nas_supernet_alpha_count(const nas_supernet *net);
size_t nas_supernet_bytes(const nas_supernet *net); /* parameters, gradients, arena, description */

#ifdef __cplusplus
}
#endif
#endif

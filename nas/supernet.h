/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network of a search: the skeleton of a space with all candidate operations on every edge, mixed by weights that
 * all cells of a type share.
 *
 * Its parameters are two groups: group 0 the weights, group 1 one table of alphas per type of cell (of the edge weights
 * themselves where these are drawn). Arrays over operations have one block of doubles per type of cell, laid out as
 * nas_space_edge.offset says. */
#ifndef NAS_SUPERNET_H
#define NAS_SUPERNET_H

#include "engine/tensor/plan.h"
#include "nas/choices.h"
#include "nas/skeleton.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NAS_GROUP_WEIGHTS = 0, NAS_GROUP_ALPHAS = 1 };

typedef struct nas_supernet_options {
    const nas_space *space;
    nas_settings settings;      /* `search` is taken as true */
    const nas_choices *choices; /* edge weights and mixed operation */
    eng_net_config net;         /* input, task, outputs */
    size_t batch;               /* samples per pass, at most */
    uint64_t seed;              /* of initial values, dropout, and what is drawn */
    const eng_kernels *kernels; /* NULL = the best for this machine */
    eng_threads *threads;       /* that share a pass; NULL = the caller alone */
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

/* Draws the edge weights of a step, where they are drawn: a function of the seed, the step, what it is for, and the
 * alphas. */
enum { NAS_DRAW_TRAIN, NAS_DRAW_EVALUATE };
void nas_supernet_draw(nas_supernet *net, uint32_t step, uint32_t purpose);
/* Only the operations that have weights other than 0, with these weights; for drawn edge weights. */
void nas_supernet_restrict(nas_supernet *net, const double *const *weights);
/* Forward in training; the mean loss of the batch. move_state: running statistics follow. `key` numbers dropout's
 * masks: passes with the same key have the same. */
double nas_supernet_train(nas_supernet *net, const eng_batch *batch, bool move_state, uint32_t key);
/* After that: the gradients of the groups (bit g: group g). */
void nas_supernet_backward(nas_supernet *net, unsigned groups);
/* Forward with running statistics and without dropout. */
double nas_supernet_evaluate(nas_supernet *net, const eng_batch *batch);
const float *nas_supernet_outputs(const nas_supernet *net); /* [n, outputs] of the last pass */

/* ---- architecture ---- */

/* The alphas; the edge weights that they mean on average. out[t]: room for the weights of cell type t. */
void nas_supernet_alphas(const nas_supernet *net, double *const *out);
void nas_supernet_weights(const nas_supernet *net, double *const *out);
/* Blocks over the operations, zeroed, in the arena. */
double **nas_operation_blocks(const nas_space *space, base_arena *arena);

const nas_space *nas_supernet_space(const nas_supernet *net);
const eng_graph *nas_supernet_graph(const nas_supernet *net);
eng_plan *nas_supernet_plan(const nas_supernet *net);
eng_params *nas_supernet_params(const nas_supernet *net);
const eng_kernels *nas_supernet_kernels(const nas_supernet *net);
size_t nas_supernet_batch(const nas_supernet *net);
eng_task nas_supernet_task(const nas_supernet *net);
size_t nas_supernet_output_count(const nas_supernet *net);
size_t nas_supernet_numbers(const nas_supernet *net); /* trained weights, without the alphas */
size_t nas_supernet_alpha_count(const nas_supernet *net);
size_t nas_supernet_bytes(const nas_supernet *net); /* parameters, gradients, arena, description */

#ifdef __cplusplus
}
#endif
#endif

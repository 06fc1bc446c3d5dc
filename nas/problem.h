/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bilevel problem of a supernet: its passes, its two optimizers, and vectors of floats.
 *
 * Weights: gradient descent with momentum, decay and a limit of the gradient's norm. Alphas: Adam with betas 0.5 and
 * 0.999 (Liu et al., "DARTS", ICLR 2019, appendix A.1). Decay acts where the engine's does: not on biases, nor on scale
 * and shift of a normalization, where the authors' code has it act on all. */
#ifndef NAS_PROBLEM_H
#define NAS_PROBLEM_H

#include "engine/optim/optimizer.h"
#include "nas/agreement.h"
#include "nas/bilevel.h"
#include "nas/limits.h"
#include "nas/supernet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_problem_options {
    double momentum, weight_decay, clip_norm; /* of the weights */
    double alpha_weight_decay;
} nas_problem_options;

typedef struct nas_problem nas_problem;

/* net must outlive it. BASE_INVALID names a setting out of bounds; BASE_NOMEM. */
BASE_CHECK base_status nas_problem_create(const nas_problem_options *options, nas_supernet *net, nas_problem **out,
                                          base_err *err);
void nas_problem_destroy(nas_problem *problem);
/* What a step speaks to; lives as long as the problem. */
const nas_bilevel *nas_problem_bilevel(const nas_problem *problem);

/* Before a step: its batches, read in place, its number, which is the key of what is random in it, and its rates. The
 * same batch has the same dropout in all passes of a step, so that differences of gradients are those of the weights.
 */
typedef struct nas_problem_step {
    eng_batch batch[2]; /* by nas_loss; NAS_VALID may be empty for a step that moves no alphas */
    uint32_t number;
    double progress; /* share of the search's epochs that is over */
    double way;      /* the same for what ends in the last epoch: 0 in the first, 1 there */
    double rate[NAS_SIDES];
    const nas_limits *limits; /* of the supernet's space: what the alphas' gradient is penalized for; NULL = nothing */
    double limit_penalty;     /* times nas_limits_penalty */
} nas_problem_step;
/* Compares the gradients of every step in which alphas move, and freezes operations by them; outlives the problem. */
void nas_problem_compare(nas_problem *problem, nas_agreement *agreement);
/* The decay of the weights in the steps that follow. */
void nas_problem_set_decay(nas_problem *problem, double weight_decay);
void nas_problem_begin(nas_problem *problem, const nas_problem_step *step);

eng_optimizer *nas_problem_optimizer(const nas_problem *problem, nas_side side);

#ifdef __cplusplus
}
#endif
#endif

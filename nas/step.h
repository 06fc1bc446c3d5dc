/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A step of a search: how alphas and weights move once, given a batch of each half of the training data.
 *
 * One file in nas/steps, one constant descriptor at its end, one line in its registry.c. */
#ifndef NAS_STEP_H
#define NAS_STEP_H

#include "base/options.h"
#include "nas/bilevel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Losses before the step; NaN where the step computes none. */
typedef struct nas_step_losses {
    double train, valid;
} nas_step_losses;

typedef struct nas_step_type {
    const char *name, *summary;
    const base_option *options; /* offsets from the beginning of the state; may be NULL */
    size_t state_size;
    bool moves_alphas;
    bool unrolls;      /* the alphas' gradient is that at other weights than the present ones */
    bool perturbs;     /* it shifts the weights of all operations of an edge */
    unsigned passes;   /* forward and backward, per step: the unit of cost */
    unsigned forwards; /* without a backward: a third of it */
    unsigned copies;   /* of the weights that it keeps */
    /* Vectors that a step needs. May be NULL. fini also after a failed init. */
    base_status (*init)(void *state, const nas_bilevel *problem, base_err *err);
    void (*fini)(void *state, const nas_bilevel *problem);
    /* The last pass is that of the training loss by the weights: the problem's outputs are then those of its batch. */
    base_status (*take)(void *state, const nas_bilevel *problem, nas_step_losses *losses, base_err *err);
} nas_step_type;

const nas_step_type *const *nas_steps(size_t *count);
const nas_step_type *nas_step_find(const char *name); /* or NULL */
extern const nas_step_type nas_step_weights_only;     /* what any search takes while its alphas stay */

typedef struct nas_step nas_step;
/* options: a map or NULL; it and problem must outlive the step. BASE_INVALID, BASE_NOMEM. */
BASE_CHECK base_status nas_step_create(const nas_step_type *type, const base_yaml_node *options,
                                       const nas_bilevel *problem, nas_step **out, base_err *err);
void nas_step_destroy(nas_step *step);
BASE_CHECK base_status nas_step_take(nas_step *step, nas_step_losses *losses, base_err *err);

#ifdef __cplusplus
}
#endif
#endif

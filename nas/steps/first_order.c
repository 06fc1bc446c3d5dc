/* SPDX-License-Identifier: GPL-3.0-or-later */
/* First-order DARTS (Liu et al., ICLR 2019, eq. 6 with xi = 0): the present weights stand for the best ones, so that
 * the alphas follow dL_valid(w, a)/da. Half the cost of the paper's second order, and slightly worse cells.
 *
 * As in the authors' code the alphas move first, then the weights. There the alphas' pass also moves the running
 * statistics of batch normalization; here only the weights' pass does, since those belong to the weights. The search
 * itself uses the statistics of the batch, so no gradient sees the difference. */
#include "nas/step.h"

static base_status take(void *state, const nas_bilevel *p, nas_step_losses *losses, base_err *err) {
    (void)state;
    BASE_TRY(nas_pass(p, NAS_VALID, NAS_BY_ALPHAS, &losses->valid, err));
    nas_update(p, NAS_ALPHAS);
    BASE_TRY(nas_pass(p, NAS_TRAIN, NAS_BY_WEIGHTS | NAS_MOVE_STATE, &losses->train, err));
    nas_update(p, NAS_WEIGHTS);
    return BASE_OK;
}

const nas_step_type nas_step_first_order = {
    .name = "first",
    .summary = "alphas by the validation loss at the present weights, then the weights",
    .moves_alphas = true,
    .passes = 2,
    .take = take,
};

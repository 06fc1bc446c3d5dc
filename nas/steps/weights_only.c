/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Only the weights move: the supernet of a search whose edge weights are drawn, not learned (L. Li, A. Talwalkar,
 * "Random Search and Reproducibility for Neural Architecture Search", UAI 2019, section 3.2). */
#include "nas/step.h"

#include <math.h>

static base_status take(void *state, const nas_bilevel *p, nas_step_losses *losses, base_err *err) {
    (void)state;
    losses->valid = (double)NAN;
    BASE_TRY(nas_pass(p, NAS_TRAIN, NAS_BY_WEIGHTS | NAS_MOVE_STATE, &losses->train, err));
    nas_update(p, NAS_WEIGHTS);
    return BASE_OK;
}

const nas_step_type nas_step_weights_only = {
    .name = "weights",
    .summary = "trains the shared weights, leaves the alphas where they are",
    .passes = 1,
    .take = take,
};

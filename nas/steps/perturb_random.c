/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The weights are trained at edge weights that are shifted at random, so that the validation loss becomes flat in the
 * alphas: SDARTS-RS of X. Chen, C.-J. Hsieh, "Stabilizing Differentiable Architecture Search via Perturbation-based
 * Regularization", ICML 2020, eq. 5. As in the authors' code the shifted weights are clipped to [0, 1] and made to add
 * up to 1 again, and the alphas move first, at their own weights. */
#include "nas/steps/perturb.h"

static base_status take(void *state, const nas_bilevel *p, nas_step_losses *losses, base_err *err) {
    BASE_TRY(nas_move_alphas(p, &losses->valid, err));
    nas_perturb_at_random(p, nas_perturbation_radius(state, p));
    return nas_move_perturbed_weights(p, &losses->train, err);
}

const nas_step_type nas_step_perturb_random = {
    .name = "perturb-random",
    .summary = "first order, but the weights learn at randomly shifted edge weights (SDARTS-RS)",
    .options = nas_perturbation_options,
    .state_size = sizeof(nas_perturbation),
    .moves_alphas = true,
    .perturbs = true,
    .passes = 2,
    .take = take,
};

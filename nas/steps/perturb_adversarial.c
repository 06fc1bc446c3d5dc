/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The weights are trained at the shift of the edge weights that hurts them most: SDARTS-ADV of X. Chen, C.-J. Hsieh,
 * "Stabilizing Differentiable Architecture Search via Perturbation-based Regularization", ICML 2020, eq. 6-7.
 *
 * As in the authors' code: from a random point of the box, 7 steps of 2 r / 7 by the sign of the training loss's
 * gradient by the edge weights, each brought back into the box and to valid weights; the shift counts only if the loss
 * is no smaller than without it. There the attack sees running statistics, which lag behind weights that have just
 * moved; here it sees those of the batch, as the weights do that are trained with it. */
#include "nas/steps/perturb.h"

enum { ASCENTS = 7 };

static double sign(void *data, double x) {
    (void)data;
    return (double)((x > 0) - (x < 0));
}

static double nothing(void *data, double x) {
    (void)data, (void)x;
    return 0;
}

static base_status ascend(const nas_bilevel *p, double radius, base_err *err) {
    double loss;
    BASE_TRY(nas_pass(p, NAS_TRAIN, NAS_SHIFTED | NAS_BY_SHIFT, &loss, err));
    p->ops->map(p->self, nas_gradient(p, NAS_SHIFT), sign, NULL);
    nas_axpy(p, nas_point(p, NAS_SHIFT), 2 * radius / ASCENTS, nas_gradient(p, NAS_SHIFT));
    nas_perturb_within(p, radius);
    return BASE_OK;
}

static base_status attack(const nas_bilevel *p, double radius, base_err *err) {
    double before, after;
    BASE_TRY(nas_pass(p, NAS_TRAIN, 0, &before, err));
    nas_perturb_at_random(p, radius);
    for (int i = 0; i < ASCENTS; i++) BASE_TRY(ascend(p, radius, err));
    BASE_TRY(nas_pass(p, NAS_TRAIN, NAS_SHIFTED, &after, err));
    if (before > after) p->ops->map(p->self, nas_point(p, NAS_SHIFT), nothing, NULL);
    return BASE_OK;
}

static base_status take(void *state, const nas_bilevel *p, nas_step_losses *losses, base_err *err) {
    BASE_TRY(nas_move_alphas(p, &losses->valid, err));
    BASE_TRY(attack(p, nas_perturbation_radius(state, p), err));
    return nas_move_perturbed_weights(p, &losses->train, err);
}

const nas_step_type nas_step_perturb_adversarial = {
    .name = "perturb-adversarial",
    .summary = "first order, but the weights learn at the edge weights nearby that hurt most (SDARTS-ADV)",
    .options = nas_perturbation_options,
    .state_size = sizeof(nas_perturbation),
    .moves_alphas = true,
    .perturbs = true,
    .passes = 2 + ASCENTS,
    .forwards = 2,
    .take = take,
};

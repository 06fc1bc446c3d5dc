/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the steps that shift edge weights share: X. Chen, C.-J. Hsieh, "Stabilizing Differentiable Architecture Search
 * via Perturbation-based Regularization", ICML 2020 (SDARTS). */
#ifndef NAS_STEPS_PERTURB_H
#define NAS_STEPS_PERTURB_H

#include "nas/step.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nas_perturbation {
    double radius_start, radius_end;
} nas_perturbation;

/* radius_start in the first epoch, growing towards radius_end, which it would reach after the last. */
double nas_perturbation_radius(const nas_perturbation *perturbation, const nas_bilevel *problem);
/* The shift becomes uniform in the box of this radius. */
void nas_perturb_at_random(const nas_bilevel *problem, double radius);
/* The shift is brought into the box of this radius. */
void nas_perturb_within(const nas_bilevel *problem, double radius);
/* First-order DARTS: alphas by the validation loss at the present weights, which nothing shifts. */
BASE_CHECK base_status nas_move_alphas(const nas_bilevel *problem, double *loss, base_err *err);
/* The weights by the training loss at the shifted edge weights. */
BASE_CHECK base_status nas_move_perturbed_weights(const nas_bilevel *problem, double *loss, base_err *err);

extern const base_option nas_perturbation_options[]; /* of a state that begins with nas_perturbation */

#ifdef __cplusplus
}
#endif
#endif

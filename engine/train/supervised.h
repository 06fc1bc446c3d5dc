/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervised training of one network: the step of a recipe. */
#ifndef ENG_TRAIN_SUPERVISED_H
#define ENG_TRAIN_SUPERVISED_H

#include "engine/train/recipe.h"
#include "engine/train/step.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const eng_step_type eng_step_supervised;

/* Model, optimizer and schedule in their first state. recipe is copied, its pointers and the view must outlive the
 * step. BASE_INVALID, BASE_NOMEM. */
BASE_CHECK base_status eng_supervised_create(const eng_recipe *recipe, const eng_view *view, eng_step *out,
                                             base_err *err);
/* NULL when the step is of another type. */
const eng_model *eng_supervised_model(const eng_step *step);

#ifdef __cplusplus
}
#endif
#endif

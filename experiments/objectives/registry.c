/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of objectives. */
#include "experiments/objectives/registry.h"

static const hpo_objective_type *const objectives[] = {
    &obj_command,
    &obj_function,
    &obj_train,
    &obj_train,
};

const hpo_objective_type *const *obj_registry(size_t *count) {
    *count = sizeof objectives / sizeof *objectives;
    return objectives;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objectives as an array; the list is in registry.h. */
#include "experiments/objectives/registry.h"

#define ADDRESS(name) &obj_##name,
static const hpo_objective_type *const objectives[] = {OBJ_LIST(ADDRESS)};

const hpo_objective_type *const *obj_registry(size_t *count) {
    *count = sizeof objectives / sizeof *objectives;
    return objectives;
}

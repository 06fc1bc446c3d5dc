/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objectives that this program is built with. */
#ifndef EXPERIMENTS_OBJECTIVES_REGISTRY_H
#define EXPERIMENTS_OBJECTIVES_REGISTRY_H

#include "hpo/objective.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const hpo_objective_type obj_command, obj_function, obj_train;

const hpo_objective_type *const *obj_registry(size_t *count);

#ifdef __cplusplus
}
#endif
#endif

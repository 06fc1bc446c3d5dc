/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objectives that this program is built with. */
#ifndef EXPERIMENTS_OBJECTIVES_REGISTRY_H
#define EXPERIMENTS_OBJECTIVES_REGISTRY_H

#include "hpo/objective.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One line each. */
#define OBJ_LIST(X)                                                                                                    \
    X(command)                                                                                                         \
    X(darts)                                                                                                           \
    X(function)                                                                                                        \
    X(train)

#define OBJ_DECLARE(name) extern const hpo_objective_type obj_##name;
OBJ_LIST(OBJ_DECLARE)
#undef OBJ_DECLARE

const hpo_objective_type *const *obj_registry(size_t *count);

#ifdef __cplusplus
}
#endif
#endif

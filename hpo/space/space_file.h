/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys `parameters:` and `forbid:` of a study file become a space. */
#ifndef HPO_SPACE_SPACE_FILE_H
#define HPO_SPACE_SPACE_FILE_H

#include "hpo/space/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* parameters: the map (required, not empty); forbid: the list, or NULL. *space is sealed; NULL on error.
 * fidelity: the fidelity's name, which no searched parameter may bear; or NULL.
 * The nodes must outlive the space. BASE_INVALID "file:line:column: ..." */
BASE_CHECK base_status hpo_space_read(const base_yaml_node *parameters, const base_yaml_node *forbid,
                                      const char *fidelity, hpo_space **space, base_err *err);
/* The two parts alone, before sealing: for a space some of whose parameters an objective declares. A condition of the
 * user's may test those, too. */
BASE_CHECK base_status hpo_space_read_params(hpo_space *space, const base_yaml_node *parameters, const char *fidelity,
                                             base_err *err);
BASE_CHECK base_status hpo_space_read_forbid(hpo_space *space, const base_yaml_node *forbid, base_err *err);

/* A map of values as a user writes it becomes a point, whole or in part: given[i] is NaN where the map leaves the
 * parameter out. Every value is one that its parameter can take; whether they go together says hpo_space_complete. */
BASE_CHECK base_status hpo_space_read_point(const hpo_space *space, const base_yaml_node *map, double *given,
                                            base_err *err);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pieces of reading a space. Private to nas/space*.c. */
#ifndef NAS_SPACE_INTERNAL_H
#define NAS_SPACE_INTERNAL_H

#include "nas/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where an edge may find its operations when it has none of its own. */
typedef struct nas_operations_list {
    const nas_operation *const *items;
    size_t count; /* 0 = none are given */
} nas_operations_list;

/* A list of names. NULL or null: count 0. BASE_INVALID: unknown, repeated, none at all, nothing but `none`. */
BASE_CHECK base_status nas_space_operations_read(const base_yaml_node *list, base_arena *arena,
                                                 nas_operations_list *out, base_err *err);
/* One type of cell from its map. */
BASE_CHECK base_status nas_space_cell_read(const char *name, const base_yaml_node *map, nas_operations_list fallback,
                                           base_arena *arena, nas_space_cell *out, base_err *err);
/* Its edges, from the key `edges` (NULL, `all` or a list). */
BASE_CHECK base_status nas_space_edges_read(const base_yaml_node *node, nas_operations_list fallback, base_arena *arena,
                                            nas_space_cell *cell, base_err *err);
/* The key `skeleton` (NULL: all defaults), for a space whose cells are known. */
BASE_CHECK base_status nas_space_skeleton_read(const base_yaml_node *map, base_arena *arena, nas_space *space,
                                               base_err *err);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of an objective that refer to parameters: `"{name}"` anywhere in a tree becomes the value of that parameter
 * in a configuration. A scalar that is exactly "{name}" takes the value with its type; "{a}x{b}" inside a longer text
 * is replaced as text; "{{" and "}}" are literal braces. Names: parameters, the fidelity's name, and a few extra names.
 */
#ifndef HPO_SPACE_SETTINGS_H
#define HPO_SPACE_SETTINGS_H

#include "hpo/space/space.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_setting_extra {
    const char *name; /* "trial", "seed", "checkpoint", the fidelity's name, ... */
    hpo_value value;
} hpo_setting_extra;

/* BASE_INVALID with position and the nearest name when the tree refers to a name that does not exist or has a lone
 * brace. extras: count names that also exist. */
BASE_CHECK base_status hpo_settings_check(const base_yaml_node *settings, const hpo_space *space,
                                          const char *const *extras, size_t count, base_err *err);
/* The tree with every reference replaced, in arena. A reference to an inactive parameter becomes null, and inside a
 * list it drops the item. */
base_yaml_node *hpo_settings_resolve(base_arena *arena, const base_yaml_node *settings, const hpo_space *space,
                                     const double *config, const hpo_setting_extra *extras, size_t count);
/* True when the tree mentions "{name}". */
bool hpo_settings_mention(const base_yaml_node *settings, const char *name);
/* Asks that of every parameter at once, in one walk: sets mentioned[i] (unless mentioned is NULL) for each parameter
 * that the tree mentions, leaves the others alone, and returns the number of references. */
size_t hpo_settings_mark(const base_yaml_node *settings, const hpo_space *space, bool *mentioned);

#ifdef __cplusplus
}
#endif
#endif

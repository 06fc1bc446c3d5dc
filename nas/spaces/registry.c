/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of ready-made spaces, one line each. */
#include "nas/space.h"

/* One line each. */
#define NAS_SPACE_LIST(X)                                                                                              \
    X(toy)                                                                                                             \
    X(darts)                                                                                                           \
    X(s1)                                                                                                              \
    X(s2)                                                                                                              \
    X(s3)                                                                                                              \
    X(s4)                                                                                                              \
    X(nasbench201)                                                                                                     \
    X(nasbench_macro)

#define DECLARE(name) extern const nas_space_preset nas_space_preset_##name;
NAS_SPACE_LIST(DECLARE)

#define ADDRESS(name) &nas_space_preset_##name,
static const nas_space_preset *const presets[] = {NAS_SPACE_LIST(ADDRESS)};

const nas_space_preset *const *nas_space_presets(size_t *count) {
    *count = sizeof presets / sizeof *presets;
    return presets;
}

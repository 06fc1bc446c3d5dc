/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of mixed operations. */
#include <string.h>

#include "nas/mixed.h"

/* One line each. */
#define NAS_MIXED_LIST(X)                                                                                              \
    X(plain)                                                                                                           \
    X(partial)                                                                                                         \
    X(entangled)                                                                                                       \
    X(auxiliary_skip)

#define DECLARE(name) extern const nas_mixed nas_mixed_##name;
NAS_MIXED_LIST(DECLARE)

#define ADDRESS(name) &nas_mixed_##name,
static const nas_mixed *const all[] = {NAS_MIXED_LIST(ADDRESS)};

const nas_mixed *const *nas_mixed_list(size_t *count) {
    *count = sizeof all / sizeof *all;
    return all;
}

const nas_mixed *nas_mixed_find(const char *name) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0) return all[i];
    return NULL;
}

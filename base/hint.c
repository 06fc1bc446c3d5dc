/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hint.h"

#include <stdio.h>

#include "base/options.h"

static base_meant meant(const char *before, const char *near, const char *after) {
    base_meant out = {{0}};
    if (near) snprintf(out.text, sizeof out.text, "%sdid you mean '%.64s'?%s", before, near, after);
    return out;
}

base_meant base_did_you_mean(const char *near) {
    return meant("; ", near, "");
}

base_meant base_did_you_mean_aside(const char *near) {
    return meant(" (", near, ")");
}

const char *base_hint(base_arena *arena, const char *word, const char *const *names, size_t count) {
    const char *near = base_nearest(word, names, count), *list = "";
    if (near) return base_arena_printf(arena, "%s", base_did_you_mean(near).text);
    for (size_t i = 0; i < count; i++) list = base_arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "", names[i]);
    return base_arena_printf(arena, "; known are: %s", count > 0 ? list : "none");
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A parameter's name says where it stands ("cell3.e5.sep_conv_3x3.conv1.weight"), whatever else the network has. */
#include "nas/inherit.h"

#include <string.h>

typedef struct heir {
    const char *name;
    size_t offset, count;
} heir;

struct nas_legacy {
    base_arena *arena;
    heir *heirs;
    size_t count;
    float *values;
};

/* Tables of alphas change their form with the operations. */
static bool is_weight(const eng_param *param) {
    return param->group == NAS_GROUP_WEIGHTS;
}

nas_legacy *nas_legacy_create(const nas_supernet *net) {
    const eng_params *params = nas_supernet_params(net);
    const size_t size = eng_params_size(params);
    void *values = NULL;
    if (eng_alloc(size * sizeof(float), &values, NULL) != BASE_OK) return NULL;
    base_arena *arena = base_arena_create();
    nas_legacy *legacy = BASE_NEW(arena, nas_legacy);
    *legacy = (nas_legacy){.arena = arena, .values = values};
    legacy->heirs = BASE_NEW_ARRAY(arena, eng_params_count(params), heir);
    memcpy(values, eng_params_values(params), size * sizeof(float));
    for (size_t i = 0; i < eng_params_count(params); i++) {
        const eng_param *p = eng_params_at(params, i);
        if (!is_weight(p)) continue;
        legacy->heirs[legacy->count++] =
            (heir){.name = base_arena_strdup(arena, p->name), .offset = p->offset, .count = p->count};
    }
    return legacy;
}

void nas_legacy_destroy(nas_legacy *legacy) {
    if (!legacy) return;
    eng_free(legacy->values);
    base_arena_destroy(legacy->arena);
}

size_t nas_legacy_give(const nas_legacy *legacy, nas_supernet *net) {
    eng_params *params = nas_supernet_params(net);
    size_t given = 0;
    for (size_t i = 0; i < legacy->count; i++) {
        const heir *h = &legacy->heirs[i];
        const eng_param *p = eng_params_find(params, h->name);
        if (!p || p->count != h->count || !is_weight(p)) continue;
        memcpy(eng_params_values(params) + p->offset, legacy->values + h->offset, h->count * sizeof(float));
        given++;
    }
    return given;
}

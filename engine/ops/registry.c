/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ops by name: one line each, in engine/ops/ops.h. */
#include <string.h>

#include "engine/ops/ops.h"

const eng_op *const eng_ops[] = {
#define ENTRY(name)          &eng_op_##name,
#define MAP_ENTRY(name, ...) ENTRY(name)
    ENG_OP_LIST(ENTRY, MAP_ENTRY)
#undef ENTRY
        NULL,
};

const char *const eng_activation_names[] = {
#define ENTRY(name) #name,
    ENG_ACTIVATION_LIST(ENTRY, MAP_ENTRY)
#undef ENTRY
#undef MAP_ENTRY
        NULL,
};

const eng_op *eng_op_find(const char *name) {
    for (const eng_op *const *op = eng_ops; *op != NULL; op++)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}

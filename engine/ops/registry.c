/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ops by name: one line each, in engine/ops/ops.h. */
#include <string.h>

#include "engine/ops/ops.h"

const eng_op *const eng_ops[] = {
#define ENG_OP_ENTRY(name) &eng_op_##name,
    ENG_OP_LIST(ENG_OP_ENTRY)
#undef ENG_OP_ENTRY
        NULL,
};

const char *const eng_activation_names[] = {
#define ENG_ACTIVATION_NAME(name) #name,
    ENG_ACTIVATION_LIST(ENG_ACTIVATION_NAME)
#undef ENG_ACTIVATION_NAME
        NULL,
};

const eng_op *eng_op_find(const char *name) {
    for (const eng_op *const *op = eng_ops; *op != NULL; op++)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}

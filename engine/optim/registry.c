/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The optimizers by name: one line each, in engine/optim/optimizer.h. */
#include <string.h>

#include "engine/optim/optimizer.h"

static const eng_optimizer_type *const types[] = {
#define ENG_OPTIMIZER_ENTRY(name) &eng_optimizer_##name,
    ENG_OPTIMIZER_LIST(ENG_OPTIMIZER_ENTRY)
#undef ENG_OPTIMIZER_ENTRY
};

const char *const eng_optimizer_names[] = {
#define ENG_OPTIMIZER_NAME(name) #name,
    ENG_OPTIMIZER_LIST(ENG_OPTIMIZER_NAME)
#undef ENG_OPTIMIZER_NAME
        NULL,
};

const eng_optimizer_type *eng_optimizer_find(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i]->name, name) == 0) return types[i];
    return NULL;
}

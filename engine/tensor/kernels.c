/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chooses an instance of the kernels.
 *
 * A table picked once and handed around, rather than resolver functions of the loader: a test can ask for any instance
 * by name and compare them on one machine. */
#include "engine/tensor/kernels.h"

#include <string.h>

#include "base/cpu.h"
#include "engine/tensor/kernels_isa.h"

/* By base_cpu_level. */
static const eng_kernels *const instances[] = {
    &eng_kernels_portable,
#if defined(__x86_64__)
    &eng_kernels_avx2,
    &eng_kernels_avx512,
#endif
};

const char *const eng_kernels_names[] = {
    "portable",
#if defined(__x86_64__)
    "avx2",
    "avx512",
#endif
    NULL,
};

const eng_kernels *eng_kernels_find(const char *name) {
    for (size_t i = (size_t)base_cpu() + 1; i-- > 0;) {
        if (name == NULL || strcmp(name, instances[i]->name) == 0) return instances[i];
    }
    return NULL;
}

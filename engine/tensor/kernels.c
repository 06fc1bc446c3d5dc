/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chooses an instance of the kernels.
 *
 * A table picked once and handed around, rather than resolver functions of the loader: a test can ask for any instance
 * by name and compare them on one machine. */
#include "engine/tensor/kernels.h"

#include <string.h>

#include "engine/tensor/kernels_isa.h"

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

static bool runs_here(const eng_kernels *kernels) {
#if defined(__x86_64__)
    if (kernels == &eng_kernels_avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (kernels == &eng_kernels_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return kernels == &eng_kernels_portable;
}

const eng_kernels *eng_kernels_find(const char *name) {
    for (size_t i = sizeof instances / sizeof instances[0]; i-- > 0;) {
        if (name != NULL && strcmp(name, instances[i]->name) != 0) continue;
        if (runs_here(instances[i])) return instances[i];
    }
    return NULL;
}

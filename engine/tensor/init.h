/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a parameter gets its initial values: a function of (seed, layer, parameter), never of the order of calls. */
#ifndef ENG_INIT_H
#define ENG_INIT_H

#include "base/rng.h"
#include "engine/tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_init {
    const char *name, *summary;
    void (*fill)(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out);
} eng_init;

extern const eng_init eng_init_zeros;
extern const eng_init eng_init_xavier_uniform;
extern const eng_init eng_init_xavier_normal;
extern const eng_init eng_init_he_uniform;
extern const eng_init eng_init_he_normal;

extern const char *const eng_init_names[];       /* NULL-terminated */
const eng_init *eng_init_find(const char *name); /* or NULL */

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The smaller and the larger of two sizes. */
#ifndef ENG_LEAST_H
#define ENG_LEAST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline size_t eng_min(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline size_t eng_max(size_t a, size_t b) {
    return a > b ? a : b;
}

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arrays for the passes of convolutions: what is not filled is NaN, and so is a guard behind the end that nobody may
 * write. */
#ifndef TESTS_GUARDED_H
#define TESTS_GUARDED_H

#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "base/arena.h"
#include "engine/tensor/tensor.h"

enum { GUARD = 32 };

/* Normal numbers of that stream; who 0: zeros. */
static inline double *doubles(uint32_t who, size_t count) {
    double *out = base_calloc(count + 1, sizeof *out);
    if (who != 0) gradcheck_fill(who, 0.0, count, out);
    return out;
}

/* from NULL: not filled. */
static inline float *floats(size_t count, const double *from) {
    void *memory;
    base_err err;
    CHECK_OK(eng_alloc((count + GUARD) * sizeof(float), &memory, &err));
    float *to = memory;
    for (size_t i = 0; i < count + GUARD; i++) to[i] = from != NULL && i < count ? (float)from[i] : NAN;
    return to;
}

static inline void check_guard(const float *array, size_t count) {
    for (size_t i = count; i < count + GUARD; i++) assert_true(isnan(array[i]));
}

#endif

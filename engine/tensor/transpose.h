/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Four by four numbers in registers, for those who lay out panels. Private to engine/tensor. */
#ifndef ENG_TRANSPOSE_H
#define ENG_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef float eng_four __attribute__((vector_size(16), may_alias, aligned(4)));
#if defined(__clang__)
#define ENG_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int32_t eng_four_int __attribute__((vector_size(16)));
#define ENG_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (eng_four_int){i, j, k, l})
#endif

/* to[c to_step + r] = from[r from_step + c] */
static inline void eng_transpose_4x4(const float *from, size_t from_step, float *to, size_t to_step) {
    const eng_four a = *(const eng_four *)from, b = *(const eng_four *)(from + from_step);
    const eng_four c = *(const eng_four *)(from + 2 * from_step), d = *(const eng_four *)(from + 3 * from_step);
    const eng_four ab = ENG_SHUFFLE(a, b, 0, 4, 1, 5), AB = ENG_SHUFFLE(a, b, 2, 6, 3, 7);
    const eng_four cd = ENG_SHUFFLE(c, d, 0, 4, 1, 5), CD = ENG_SHUFFLE(c, d, 2, 6, 3, 7);
    *(eng_four *)to = ENG_SHUFFLE(ab, cd, 0, 1, 4, 5);
    *(eng_four *)(to + to_step) = ENG_SHUFFLE(ab, cd, 2, 3, 6, 7);
    *(eng_four *)(to + 2 * to_step) = ENG_SHUFFLE(AB, CD, 0, 1, 4, 5);
    *(eng_four *)(to + 3 * to_step) = ENG_SHUFFLE(AB, CD, 2, 3, 6, 7);
}

#ifdef __cplusplus
}
#endif
#endif

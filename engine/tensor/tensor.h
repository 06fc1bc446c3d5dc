/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes, tensors as views of contiguous float32 memory, and the aligned memory they lie in. */
#ifndef ENG_TENSOR_H
#define ENG_TENSOR_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_MAX_DIMS 5
#define ENG_ALIGN    64 /* bytes: a cache line, and a whole AVX-512 register */

/* Row-major, the last dimension runs fastest. ndim 0 is a scalar (count 1). */
typedef struct eng_shape {
    size_t ndim;
    size_t dim[ENG_MAX_DIMS];
} eng_shape;

/* A view: the memory belongs to somebody else (a parameter list, an optimizer, a plan). */
typedef struct eng_tensor {
    const char *name;
    eng_shape shape;
    float *data;
} eng_tensor;

eng_shape eng_shape_1d(size_t a);
eng_shape eng_shape_2d(size_t a, size_t b);
eng_shape eng_shape_3d(size_t a, size_t b, size_t c);
/* Number of elements; asserts that it fits in size_t / sizeof(float). */
size_t eng_shape_count(const eng_shape *shape);
bool eng_shape_equal(const eng_shape *a, const eng_shape *b);
/* "[3, 4]" */
void eng_shape_text(const eng_shape *shape, base_buf *out);

/* bytes of zeroed memory aligned to ENG_ALIGN, in whole multiples of it; BASE_NOMEM with the size in the sentence. */
BASE_CHECK base_status eng_alloc(size_t bytes, void **out, base_err *err);
void eng_free(void *memory);

/* Blocks of `floats` floats that one loop sweeps together share an allocation: floats from the beginning of one to that
 * of the next, such that each begins ENG_STAGGER floats, a quarter of a page, further into its page. Streams at the
 * same place of their pages drive each other out of the L1 cache: a step of momentum takes 1.3 times as long. */
#define ENG_STAGGER 256
size_t eng_block_step(size_t floats);
/* bytes or floats rounded up to the alignment. */
size_t eng_align_bytes(size_t bytes);
size_t eng_align_floats(size_t floats);

#ifdef __cplusplus
}
#endif
#endif

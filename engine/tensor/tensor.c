/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes and aligned memory.
 *
 * Memory comes in whole cache lines, so that a kernel's last vector may be loaded whole and two tensors never share a
 * line. It is zeroed: padding between parameters is read by the update pass and must be a number. */
#include "engine/tensor/tensor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

eng_shape eng_shape_1d(size_t a) {
    return (eng_shape){.ndim = 1, .dim = {a}};
}

eng_shape eng_shape_2d(size_t a, size_t b) {
    return (eng_shape){.ndim = 2, .dim = {a, b}};
}

eng_shape eng_shape_3d(size_t a, size_t b, size_t c) {
    return (eng_shape){.ndim = 3, .dim = {a, b, c}};
}

size_t eng_shape_count(const eng_shape *shape) {
    size_t count = 1;
    for (size_t i = 0; i < shape->ndim; i++) {
        BASE_ASSERT(shape->dim[i] == 0 || count <= PTRDIFF_MAX / sizeof(float) / shape->dim[i]);
        count *= shape->dim[i];
    }
    return count;
}

bool eng_shape_equal(const eng_shape *a, const eng_shape *b) {
    return a->ndim == b->ndim && memcmp(a->dim, b->dim, a->ndim * sizeof a->dim[0]) == 0;
}

void eng_shape_text(const eng_shape *shape, base_buf *out) {
    base_buf_putc(out, '[');
    for (size_t i = 0; i < shape->ndim; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        base_buf_put_u64(out, shape->dim[i]);
    }
    base_buf_putc(out, ']');
}

base_status eng_alloc(size_t bytes, void **out, base_err *err) {
    *out = NULL;
    size_t size = bytes == 0 ? ENG_ALIGN : eng_align_bytes(bytes);
    void *memory = size < bytes ? NULL : aligned_alloc(ENG_ALIGN, size);
    if (memory == NULL) return BASE_FAIL(err, BASE_NOMEM, "no memory for a tensor of %zu bytes", bytes);
    memset(memory, 0, size);
    *out = memory;
    return BASE_OK;
}

void eng_free(void *memory) {
    free(memory);
}

size_t eng_align_bytes(size_t bytes) {
    return (bytes + ENG_ALIGN - 1) / ENG_ALIGN * ENG_ALIGN;
}

size_t eng_align_floats(size_t floats) {
    return eng_align_bytes(floats * sizeof(float)) / sizeof(float);
}

size_t eng_block_step(size_t floats) {
    const size_t page = 4 * ENG_STAGGER;
    return (floats + page - 1) / page * page + ENG_STAGGER;
}

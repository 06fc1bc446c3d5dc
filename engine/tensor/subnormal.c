/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subnormal numbers as zero.
 *
 * Weights that decay towards zero, and the gradients of units that are nearly dead, end in the subnormal range, where
 * x86 needs a microcode assist for every operation: a step of such a network takes up to a hundred times as long as any
 * other, and a worker with it. A weight below 1.2e-38 has no influence on a loss in single precision. Frameworks that
 * train with several threads or on a GPU flush, too. */
#include "engine/tensor/subnormal.h"

#if defined(__x86_64__)

#include <immintrin.h>

enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 }; /* Intel SDM volume 1, 10.2.3: MXCSR */

uint64_t eng_subnormals_flush(void) {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    return before;
}

void eng_subnormals_restore(uint64_t before) {
    const unsigned both = FLUSH_TO_ZERO | DENORMALS_ARE_ZERO;
    _mm_setcsr((_mm_getcsr() & ~both) | ((unsigned)before & both));
}

uint64_t eng_subnormals_mode(void) {
    return _mm_getcsr();
}

#elif defined(__aarch64__)

static const uint64_t FLUSH_TO_ZERO = UINT64_C(1) << 24; /* Arm ARM, FPCR.FZ */

static uint64_t control(void) {
    uint64_t value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}

static void set_control(uint64_t value) {
    __asm__ volatile("msr fpcr, %0" : : "r"(value));
}

uint64_t eng_subnormals_flush(void) {
    const uint64_t before = control();
    set_control(before | FLUSH_TO_ZERO);
    return before;
}

void eng_subnormals_restore(uint64_t before) {
    set_control((control() & ~FLUSH_TO_ZERO) | (before & FLUSH_TO_ZERO));
}

uint64_t eng_subnormals_mode(void) {
    return control();
}

#else

uint64_t eng_subnormals_flush(void) {
    return 0;
}

void eng_subnormals_restore(uint64_t before) {
    (void)before;
}

uint64_t eng_subnormals_mode(void) {
    return 0;
}

#endif

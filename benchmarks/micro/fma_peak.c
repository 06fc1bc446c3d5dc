/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/micro/fma_peak.h"

#include <string.h>
#include <time.h>

enum { LOOPS = 50000, CHAINS = 12 };

double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Twelve independent chains: latency 4 and two units ask for eight. The barrier keeps each chain alive. */
#define EACH(X)    X(c0) X(c1) X(c2) X(c3) X(c4) X(c5) X(c6) X(c7) X(c8) X(c9) X(c10) X(c11)
#define STEP(c)    c = FMA(c, x, x);
#define BARRIER(c) __asm__ volatile("" : "+v"(c));
#define BODY(vector)                                                                                                   \
    vector x = (vector){0.0f} + 1e-9f, c0 = x, c1 = x, c2 = x, c3 = x, c4 = x, c5 = x, c6 = x, c7 = x, c8 = x, c9 = x; \
    vector c10 = x, c11 = x;                                                                                           \
    const size_t lanes = sizeof(vector) / sizeof(float);                                                               \
    double begin = cpu_seconds();                                                                                      \
    for (int n = 0; n < LOOPS; n++) {                                                                                  \
        EACH(STEP)                                                                                                     \
        EACH(BARRIER)                                                                                                  \
    }                                                                                                                  \
    return 2e-9 * LOOPS * CHAINS * (double)lanes / (cpu_seconds() - begin);

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f"))) static double peak_avx512(void) {
#define FMA _mm512_fmadd_ps
    BODY(__m512)
#undef FMA
}

__attribute__((target("avx2,fma"))) static double peak_avx2(void) {
#define FMA _mm256_fmadd_ps
    BODY(__m256)
#undef FMA
}

static double peak_portable(void) {
#define FMA(a, b, c) ((a) * (b) + (c))
    BODY(__m128)
#undef FMA
}
#endif

double fma_peak(const char *kernels) {
#if defined(__x86_64__)
    if (strcmp(kernels, "avx512") == 0) return peak_avx512();
    if (strcmp(kernels, "avx2") == 0) return peak_avx2();
    return peak_portable();
#else
    (void)kernels;
    return 0.0;
#endif
}

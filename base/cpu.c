/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/cpu.h"

base_cpu_level base_cpu(void) {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return BASE_CPU_PORTABLE;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl")
               ? BASE_CPU_AVX512
               : BASE_CPU_AVX2;
#else
    return BASE_CPU_PORTABLE;
#endif
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which instructions the processor has, of those for which there are copies of inner loops; and what it is called. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Each includes the ones before. */
typedef enum base_cpu_level {
    BASE_CPU_PORTABLE, /* what every build assumes: x86-64-v2, or another architecture */
    BASE_CPU_AVX2,     /* and FMA */
    BASE_CPU_AVX512,   /* F, CD, BW, DQ and VL */
} base_cpu_level;

base_cpu_level base_cpu(void);
/* Its model as the system tells it ("AMD EPYC 7763 64-Core Processor"), or its architecture; without commas and line
 * ends. */
void base_cpu_model(base_buf *out);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Subnormal numbers as zero, for as long as a training runs. */
#ifndef ENG_SUBNORMAL_H
#define ENG_SUBNORMAL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From now on this thread's arithmetic takes subnormal numbers for zero and never makes one; does nothing on a machine
 * where that is not known how. Returns what eng_subnormals_restore wants. */
uint64_t eng_subnormals_flush(void);
void eng_subnormals_restore(uint64_t before);
/* The same without changing anything: what restore gives another thread. */
uint64_t eng_subnormals_mode(void);

#ifdef __cplusplus
}
#endif
#endif

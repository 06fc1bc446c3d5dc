/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 64-bit hash XXH64: a checksum that is read as fast as memory and that other programs can compute, too. */
#ifndef BASE_XXH64_H
#define BASE_XXH64_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The same value on every machine; bytes may lie anywhere. Not for keys that an adversary chooses. */
uint64_t base_xxh64(const void *bytes, size_t length, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif

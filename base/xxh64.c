/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XXH64 by Yann Collet, from its specification (github.com/Cyan4973/xxHash, doc/xxhash_spec.md, version 0.1.1).
 *
 * Four sums take eight bytes each, so that the multiplications of one do not wait for those of another: some ten
 * bytes per nanosecond, where a CRC without special instructions takes one. */
#include "base/xxh64.h"

#include <string.h>

static const uint64_t PRIME_1 = 0x9E3779B185EBCA87u, PRIME_2 = 0xC2B2AE3D27D4EB4Fu, PRIME_3 = 0x165667B19E3779F9u,
                      PRIME_4 = 0x85EBCA77C2B2AE63u, PRIME_5 = 0x27D4EB2F165667C5u;

static uint64_t rotate(uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
}

/* Little-endian, whatever the machine is. */
static uint64_t read_64(const unsigned char *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static uint32_t read_32(const unsigned char *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    return value;
}

static uint64_t mix(uint64_t sum, uint64_t input) {
    return rotate(sum + input * PRIME_2, 31) * PRIME_1;
}

/* Steps 1 to 3 of the specification, for 32 bytes or more; *at moves behind the last whole stripe. */
static uint64_t stripes(const unsigned char **at, const unsigned char *end, uint64_t seed) {
    uint64_t a = seed + PRIME_1 + PRIME_2, b = seed + PRIME_2, c = seed, d = seed - PRIME_1;
    const unsigned char *p = *at;
    do {
        a = mix(a, read_64(p));
        b = mix(b, read_64(p + 8));
        c = mix(c, read_64(p + 16));
        d = mix(d, read_64(p + 24));
        p += 32;
    } while (end - p >= 32);
    *at = p;
    uint64_t hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    hash = (hash ^ mix(0, a)) * PRIME_1 + PRIME_4;
    hash = (hash ^ mix(0, b)) * PRIME_1 + PRIME_4;
    hash = (hash ^ mix(0, c)) * PRIME_1 + PRIME_4;
    return (hash ^ mix(0, d)) * PRIME_1 + PRIME_4;
}

uint64_t base_xxh64(const void *bytes, size_t length, uint64_t seed) {
    const unsigned char *at = bytes, *end = at + length;
    uint64_t hash = length >= 32 ? stripes(&at, end, seed) : seed + PRIME_5;
    hash += (uint64_t)length;
    for (; end - at >= 8; at += 8) hash = rotate(hash ^ mix(0, read_64(at)), 27) * PRIME_1 + PRIME_4;
    if (end - at >= 4) {
        hash = rotate(hash ^ read_32(at) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        at += 4;
    }
    for (; at < end; at++) hash = rotate(hash ^ *at * PRIME_5, 11) * PRIME_1;
    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}

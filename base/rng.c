/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Philox4x32-10 streams and what is drawn from them.
 *
 * Salmon et al., SC'11, section 3.3: ten rounds of two 32x32->64 multiplications with a Weyl sequence as key schedule.
 * Counter-based, so a stream costs nothing to make and needs no place to live. Bounded integers: D. Lemire, "Fast
 * random integer generation in an interval", ACM TOMACS 29(1), 2019. Normals by Box and Muller in the plain form: the
 * polar and ziggurat methods reject, and then the number of draws would depend on their values. */
#include "base/rng.h"

#include <math.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

__extension__ typedef unsigned __int128 u128;

#define GOLDEN_64 0x9E3779B97F4A7C15u /* 2^64 / golden ratio */

void base_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)BASE_PHILOX_M0 * c0, p1 = (uint64_t)BASE_PHILOX_M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += BASE_PHILOX_W0;
        k1 += BASE_PHILOX_W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The finaliser of splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014, variant 13 of D. Stafford): a bijection. */
static uint64_t mix64(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

base_rng base_rng_stream(uint64_t seed, base_rng_domain domain, uint32_t who, uint32_t what) {
    /* Mixed before and after the domain comes in: seeds 1, 2, 3 and domains 1, 2, 3 share no key, and for one domain
     * different seeds always have different keys. */
    uint64_t key = mix64(mix64(seed + GOLDEN_64) + GOLDEN_64 * (uint64_t)domain);
    return (base_rng){
        .key = {(uint32_t)key, (uint32_t)(key >> 32)},
        .counter = {0, 0, who, what},
        .used = 4,
    };
}

uint32_t base_rng_u32(base_rng *rng) {
    if (rng->used == 4) {
        base_philox4x32(rng->counter, rng->key, rng->block);
        if (++rng->counter[0] == 0) rng->counter[1]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

uint64_t base_rng_u64(base_rng *rng) {
    uint64_t low = base_rng_u32(rng);
    return low | (uint64_t)base_rng_u32(rng) << 32;
}

double base_rng_uniform(base_rng *rng) {
    return (double)(base_rng_u64(rng) >> 11) * 0x1p-53;
}

float base_rng_uniformf(base_rng *rng) {
    return (float)(base_rng_u32(rng) >> 8) * 0x1p-24f;
}

double base_rng_normal(base_rng *rng) {
    double radius = sqrt(-2.0 * log(1.0 - base_rng_uniform(rng))); /* 1 - u is never 0 */
    return radius * cos(6.283185307179586 * base_rng_uniform(rng));
}

uint64_t base_rng_below(base_rng *rng, uint64_t n) {
    BASE_ASSERT(n >= 1);
    u128 product = (u128)base_rng_u64(rng) * n;
    if ((uint64_t)product < n) {
        uint64_t surplus = (0 - n) % n; /* 2^64 mod n: so many low parts would count once too often */
        while ((uint64_t)product < surplus) product = (u128)base_rng_u64(rng) * n;
    }
    return (uint64_t)(product >> 64);
}

void base_rng_shuffle_u32(base_rng *rng, uint32_t *items, size_t count) {
    for (size_t left = count; left > 1; left--) {
        size_t other = (size_t)base_rng_below(rng, left);
        uint32_t item = items[left - 1];
        items[left - 1] = items[other];
        items[other] = item;
    }
}

uint64_t base_rng_derive(uint64_t seed, base_rng_domain domain, uint32_t who) {
    base_rng rng = base_rng_stream(seed, domain, who, UINT32_MAX);
    return base_rng_u64(&rng);
}

uint64_t base_hash64(const void *bytes, size_t length) {
    const unsigned char *at = bytes;
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ at[i]) * 0x100000001B3u;
    return hash;
}

uint64_t base_rng_fresh_seed(void) {
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) { /* a kernel without it: still never a constant */
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        seed = mix64((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) ^ mix64((uint64_t)getpid());
    }
    return seed >> 11; /* 53 bits: it is written down, and some JSON readers know only doubles */
}

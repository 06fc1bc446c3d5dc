/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random numbers as a function of (seed, domain, who, what), never of a state that somebody advanced.
 *
 * Philox4x32-10: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3",
 * SC'11. key = the 64-bit seed mixed with the domain; counter = {draw low, draw high, who, what}. A stream is a small
 * struct by value; two streams with the same four numbers give the same draws on any rank, in any order. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Who uses a stream. Add at the end: a number is part of every result that was ever produced with it. */
typedef enum base_rng_domain {
    BASE_RNG_SAMPLER = 1, /* who = trial, what = try */
    BASE_RNG_PRIOR = 2,
    BASE_RNG_INIT = 3,
    BASE_RNG_SHUFFLE = 4,
    BASE_RNG_AUGMENT = 5,
    BASE_RNG_DROPOUT = 6,
    BASE_RNG_BOOTSTRAP = 7,
    BASE_RNG_SPLIT = 8,     /* train/valid/test and folds */
    BASE_RNG_SEED = 9,      /* a trial's seed from the study's seed: who = trial */
    BASE_RNG_SCRAMBLE = 10, /* Sobol scrambling: who = dimension */
    BASE_RNG_PROBLEM = 11,  /* noise of a synthetic problem */
    BASE_RNG_TEST = 12,
    BASE_RNG_SCHEDULER = 13,    /* which bracket a trial begins in: who = trial */
    BASE_RNG_ARCHITECTURE = 14, /* an architecture search: who = step or candidate, what = the purpose */
} base_rng_domain;

typedef struct base_rng {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    uint32_t used; /* words of block already given out; 4 = none left */
} base_rng;

/* Its multipliers and the steps of its keys. */
#define BASE_PHILOX_M0 0xD2511F53u
#define BASE_PHILOX_M1 0xCD9E8D57u
#define BASE_PHILOX_W0 0x9E3779B9u
#define BASE_PHILOX_W1 0xBB67AE85u

/* One block of Philox4x32-10. */
void base_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

base_rng base_rng_stream(uint64_t seed, base_rng_domain domain, uint32_t who, uint32_t what);
uint32_t base_rng_u32(base_rng *rng);
uint64_t base_rng_u64(base_rng *rng);
double base_rng_uniform(base_rng *rng);             /* in [0, 1), 53 bits; many at once: hpo_lanes()->uniforms */
float base_rng_uniformf(base_rng *rng);             /* in [0, 1), 24 bits */
double base_rng_normal(base_rng *rng);              /* N(0,1) by Box-Muller; consumes two uniforms, keeps none */
uint64_t base_rng_below(base_rng *rng, uint64_t n); /* unbiased in 0..n-1; n >= 1 */
void base_rng_shuffle_u32(base_rng *rng, uint32_t *items, size_t count); /* Fisher-Yates */
/* 64 mixed bits of (seed, domain, who): a new seed. */
uint64_t base_rng_derive(uint64_t seed, base_rng_domain domain, uint32_t who);
/* FNV-1a, for identities and checksums of text (not for randomness). */
uint64_t base_hash64(const void *bytes, size_t length);
/* A seed nobody chose (getrandom); only for a study without one. */
uint64_t base_rng_fresh_seed(void);

#ifdef __cplusplus
}
#endif
#endif

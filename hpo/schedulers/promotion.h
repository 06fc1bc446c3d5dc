/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asynchronous successive halving, followed through a view: what asha and async-hyperband share. */
#ifndef HPO_SCHEDULERS_PROMOTION_H
#define HPO_SCHEDULERS_PROMOTION_H

#include "hpo/schedulers/ladder.h"
#include "hpo/schedulers/scheduler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hpo_promotion_mode {
    HPO_MODE_PROMOTION, /* trials pause on every rung and the best are promoted */
    HPO_MODE_STOPPING,  /* trials go straight to the top unless a report on a rung is too bad */
} hpo_promotion_mode;
extern const char *const hpo_promotion_modes[]; /* choices of an option `mode` */

typedef struct hpo_promotion hpo_promotion;

/* Bracket b has the rungs first + b .. top of its own; new trials are dealt to the brackets at random, see
 * hpo_promotion_share. brackets >= 1, first + brackets <= ladder->rungs. */
hpo_promotion *hpo_promotion_create(const hpo_ladder *ladder, uint32_t first, uint32_t brackets, int mode,
                                    uint64_t seed);
void hpo_promotion_destroy(hpo_promotion *promotion); /* accepts NULL */
/* As in hpo_scheduler_type. */
void hpo_promotion_next(hpo_promotion *promotion, hpo_view view, bool may_start, hpo_decision *out);
bool hpo_promotion_stops(const hpo_promotion *promotion); /* at reports, in mode stopping */
bool hpo_promotion_should_stop(hpo_promotion *promotion, hpo_view view, uint64_t trial);
/* "rungs 1, 3, 9; 54.5% of the trials begin on the 1st, ..." */
void hpo_promotion_describe(const hpo_promotion *promotion, base_buf *out);

/* Share of the new trials that begin in bracket b of K + 1: eta^(K-b) (K + 1)/(K - b + 1), normalized. */
double hpo_promotion_share(uint64_t eta, uint32_t brackets, uint32_t bracket);

/* ---- the parts of a scheduler that consists of it (asha.c) ---- */
typedef struct hpo_asha {
    int64_t eta, s; /* options */
    int mode;
    hpo_promotion *promotion;
} hpo_asha;

#define HPO_ASHA_OPTION_ETA                                                                                            \
    {                                                                                                                  \
        .name = "eta", .kind = BASE_OPTION_INT, .offset = offsetof(hpo_asha, eta), .fallback = "3", .min = 2,          \
        .max = 1000, .help = "the best one in eta of a rung goes on, to eta times the fidelity"                        \
    }
#define HPO_ASHA_OPTION_MODE                                                                                           \
    {                                                                                                                  \
        .name = "mode", .kind = BASE_OPTION_CHOICE, .offset = offsetof(hpo_asha, mode), .fallback = "promotion",       \
        .choices = hpo_promotion_modes,                                                                                \
        .help = "trials pause on a rung until promoted, or run on until a report stops them"                           \
    }
/* brackets: one for every rung, else only the one that s names. */
BASE_CHECK base_status hpo_asha_init(hpo_asha *state, const hpo_scheduler_env *env, bool brackets, base_err *err);
base_status hpo_asha_next(void *state, hpo_view view, bool may_start, hpo_decision *out, base_err *err);
bool hpo_asha_should_stop(void *state, hpo_view view, uint64_t trial);
bool hpo_asha_stops(const void *state);
void hpo_asha_describe(const void *state, base_buf *out);
void hpo_asha_fini(void *state);

#ifdef __cplusplus
}
#endif
#endif

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
bool hpo_promotion_should_stop(hpo_promotion *promotion, hpo_view view, uint64_t trial);
/* "rungs 1, 3, 9; 54.5% of the trials begin on the 1st, ..." */
void hpo_promotion_describe(const hpo_promotion *promotion, base_buf *out);

/* Share of the new trials that begin in bracket b of K + 1: eta^(K-b) (K + 1)/(K - b + 1), normalised. */
double hpo_promotion_share(uint64_t eta, uint32_t brackets, uint32_t bracket);

#ifdef __cplusplus
}
#endif
#endif

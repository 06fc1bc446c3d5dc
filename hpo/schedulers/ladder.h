/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rungs and bracket sizes: the arithmetic of successive halving and Hyperband, apart from any history. */
#ifndef HPO_SCHEDULERS_LADDER_H
#define HPO_SCHEDULERS_LADDER_H

#include <stdint.h>

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HPO_LADDER_MAX_RUNGS = 32 };

/* Rung 0 is the cheapest, the last one the highest fidelity. */
typedef struct hpo_ladder {
    uint64_t eta;
    uint32_t rungs;
    double fidelity[HPO_LADDER_MAX_RUNGS];
} hpo_ladder;

/* Bracket s of Hyperband begins s rungs below the top: stage k evaluates size[k] trials at rung first + k. */
typedef struct hpo_bracket_plan {
    uint32_t first, stages;
    uint64_t size[HPO_LADDER_MAX_RUNGS];
} hpo_bracket_plan;

/* max, max/eta, max/eta^2, ... down to the last one that is not below min; rounded to the nearest when integer. eta
 * >= 2. BASE_INVALID: so many rungs that the first one would need more than 10^9 trials. */
BASE_CHECK base_status hpo_ladder_init(hpo_ladder *ladder, double min, double max, bool integer, uint64_t eta,
                                       base_err *err);
/* s <= ladder->rungs - 1. */
hpo_bracket_plan hpo_ladder_bracket(const hpo_ladder *ladder, uint32_t s);
/* DEHB's: those of Hyperband once, s falling, and then the same again and again with each stage as a bracket of its
 * own. *stage: which one number `number` is, 0 for a whole bracket. */
hpo_bracket_plan hpo_ladder_dehb(const hpo_ladder *ladder, uint32_t number, uint32_t *stage);
/* A bracket that holds only `trials` configurations: trials, trials/eta, ..., at least one on each stage. */
void hpo_bracket_plan_shrink(hpo_bracket_plan *plan, uint64_t eta, uint64_t trials);
/* "27@1 9@3 3@9 1@27" */
void hpo_bracket_plan_print(const hpo_bracket_plan *plan, const hpo_ladder *ladder, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif

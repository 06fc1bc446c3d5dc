/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trials as the members of a population: who may be one, and who is better. */
#ifndef HPO_SAMPLERS_POPULATION_H
#define HPO_SAMPLERS_POPULATION_H

#include "hpo/trials/order.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A trial with its last result. */
typedef struct hpo_candidate {
    hpo_member member;
    double fidelity;
} hpo_candidate;

/* False: the trial has no result yet, or its last one is a failure. */
bool hpo_candidate_find(hpo_view view, uint64_t id, hpo_candidate *out);
/* Best first: feasible ones before all others; then a higher fidelity before any lower one, because what was promoted
 * was better at all lower ones; then as hpo_order_members has them, with hpo_spread_crowding. level[i], where it is not
 * NULL: from 0 on, the same for those that nothing but the spread puts in order. */
void hpo_candidates_order(hpo_candidate *all, size_t n, size_t n_goals, uint32_t *level);
/* One goal: whether a comes before b whatever their numbers are. */
bool hpo_candidate_beats(const hpo_candidate *a, const hpo_candidate *b);
/* Whether their losses can be compared: both are feasible or both are not, at the same fidelity. */
bool hpo_candidates_compare(const hpo_candidate *a, const hpo_candidate *b);

/* A trial as a point of the unit cube. Where on a level it lies, and where an inactive parameter does, its
 * configuration does not tell: that is drawn once for each trial. unit: hpo_space_dims doubles. */
void hpo_candidate_place(const hpo_space *space, uint64_t seed, const hpo_trial *trial, double *unit);
/* what = ... of that stream, and of one that is free for a sampler's own points; an attempt never gets there. */
#define HPO_CANDIDATE_PLACE UINT32_C(0xfffffffe)
#define HPO_CANDIDATE_FIRST UINT32_C(0xfffffffd)

#ifdef __cplusplus
}
#endif
#endif

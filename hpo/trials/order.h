/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one order of results of a set: who is better than whom, with one goal or several, with constraints or without.
 *
 * One goal: hpo_loss_less. Several: successes before failures; then by non-dominated rank (0: no member of the set
 * dominates it; 1: none but those of rank 0; ...), and within a rank as a spread says; failures by trial. Always a
 * strict total order that depends on the set alone, not on how it lies, with ties to the lower trial.
 *
 * Constraints: feasible members come before infeasible ones, and of these the less violating first, whatever their
 * losses (K. Deb, 2000, see constraint.h, section 3; with several goals Deb et al., 2002, definition 1 of section VI:
 * members of one violation share a rank, which is behind those of all smaller violations). Failures are last.
 *
 * Ranks are found by efficient non-dominated sort with binary search (X. Zhang, Y. Tian, R. Cheng, Y. Jin, IEEE Trans.
 * Evol. Comput. 19, 2015): O(n log n) for two goals, O(k n^2) at worst for more. */
#ifndef HPO_TRIALS_ORDER_H
#define HPO_TRIALS_ORDER_H

#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_member {
    uint64_t trial;
    double loss;          /* of the first goal */
    const double *losses; /* of all goals, borrowed (hpo_eval.goals); may be NULL with one */
    double violation;     /* hpo_eval_violation */
} hpo_member;

static inline hpo_member hpo_member_of(uint64_t trial, const hpo_eval *eval) {
    const hpo_member member = {trial, eval->loss, eval->goals, hpo_eval_violation(eval)};
    return member;
}
static inline hpo_member hpo_member_of_report(uint64_t trial, const hpo_report *report) {
    const hpo_member member = {trial, report->loss, report->goals, hpo_report_violation(report)};
    return member;
}

/* One goal: strict total order, better first (by violation, then hpo_loss_less). */
static inline bool hpo_member_better(const hpo_member *a, const hpo_member *b) {
    if (a->violation != b->violation) return a->violation < b->violation;
    return hpo_loss_less(a->loss, a->trial, b->loss, b->trial);
}

/* Whether a is as good as b in all k goals and better in one. Losses, none of them NaN. */
static inline bool hpo_dominates(const double *a, const double *b, size_t k) {
    bool better = false;
    for (size_t g = 0; g < k; g++) {
        if (a[g] > b[g]) return false;
        better = better || a[g] < b[g];
    }
    return better;
}

/* The non-dominated rank of each of n rows of k losses, none of them NaN. */
void hpo_order_ranks(const double *losses, size_t n, size_t k, uint32_t *ranks);

/* Orders n rows of one rank: order[0] is the row that comes first. Rows are k finite losses each, in order of trial;
 * ties must go to the earlier row. */
typedef void (*hpo_spread)(const double *losses, size_t n, size_t k, size_t *order);

/* An epsilon-net: begins with the best in the first goal and goes on with the row that is farthest from those before
 * it, goals scaled by their range within the rank. As multi-objective ASHA does (R. Schmucker, M. Donini, M. B. Zafar,
 * D. Salinas, C. Archambeau, "Multi-objective Asynchronous Successive Halving", 2021), but for the scaling, without
 * which the goal with the larger numbers would decide alone. A prefix of it covers the front evenly. O(k n^2). */
void hpo_spread_epsilon_net(const double *losses, size_t n, size_t k, size_t *order);
/* By crowding distance, the largest first (K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A Fast and Elitist
 * Multiobjective Genetic Algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6, 2002, section III-B). */
void hpo_spread_crowding(const double *losses, size_t n, size_t k, size_t *order);
/* The distances themselves: infinite at the ends of every goal, else the sum over goals of the gap between the
 * neighbours over the range; goals without a range add nothing. */
void hpo_crowding(const double *losses, size_t n, size_t k, double *distance);

/* Sorts a set, best first. ranks: of the members as they then lie, failures UINT32_MAX; may be NULL. spread: not asked
 * with one goal. */
void hpo_order_members(hpo_member *members, size_t n, size_t n_goals, hpo_spread spread, uint32_t *ranks);

/* The front of a view from its best in the first goal to its worst there, ties by the next goals, then the lower trial:
 * how it is shown. With one goal the incumbent. To be freed; NULL when there is none. */
hpo_incumbent *hpo_front_create(hpo_view view, size_t *count);

#ifdef __cplusplus
}
#endif
#endif

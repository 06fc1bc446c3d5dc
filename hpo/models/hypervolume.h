/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hypervolume: how much of the space of losses a front dominates, up to a reference point. Larger is better; it is
 * the one number that grows whenever a front does (E. Zitzler, L. Thiele, PPSN 1998). Losses are minimized. */
#ifndef HPO_MODELS_HYPERVOLUME_H
#define HPO_MODELS_HYPERVOLUME_H

#include "hpo/trials/history.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { HPO_REFERENCE_RESULTS = 10 };

/* Of n rows of k finite losses (k >= 1); rows that are not better than the reference in every goal add nothing. Exact:
 * O(n log n) for two goals, O(n^2 log n) for three, exponential in k at worst. */
double hpo_hypervolume(const double *losses, size_t n, size_t k, const double *reference);
/* What a row would add to that of n others: >= 0. */
double hpo_hypervolume_gain(const double *row, const double *losses, size_t n, size_t k, const double *reference);
/* A tenth beyond the worst of n >= 1 rows in each goal, as that of MO-TPE in Optuna: max(1.1 w, 0.9 w), 0 becomes
 * 1e-12. */
void hpo_worst_reference(const double *losses, size_t n, size_t k, double *reference);
/* The hypervolume subset selection of MO-TPE, greedily: first the row of n that dominates most, then always the one
 * that adds most to those before it, ties to the earlier row, until there are `count` of them; the others behind them
 * as they lie. order: n. A gain never grows as rows are placed, and is no larger than over one of them alone, so only
 * those are computed again that may be the largest. The reference is that of the rows above. k <= HPO_MAX_GOALS. */
void hpo_select_hypervolume(const double *losses, size_t n, size_t k, size_t count, size_t *order);

/* The reference point of a study, as losses, one for each goal: what the study file gives, else the worst of the first
 * HPO_REFERENCE_RESULTS successes (of as many as there are, at whatever fidelity), so that it stands once these are
 * there. False: there is no success yet. */
bool hpo_view_reference(hpo_view view, double *reference);
/* That of the front of a view; 0 when there is none. */
double hpo_view_hypervolume(hpo_view view);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best of many results of several goals, as multi-objective TPE takes them (Y. Ozaki, Y. Tanigaki, S. Watanabe, M.
 * Onishi, "Multiobjective Tree-Structured Parzen Estimator for Computationally Expensive Optimization Problems", GECCO
 * 2020; with M. Nomura, J. Artif. Intell. Res. 73, 2022), with the formulas of Optuna. */
#ifndef HPO_MODELS_BEST_GOALS_H
#define HPO_MODELS_BEST_GOALS_H

#include "hpo/models/best.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Moves the best of a data set with k > 1 goals to the front of ranked (room for data->n; it is filled here), and
 * returns how many they are: whole non-dominated ranks, as long as not more than `count` of their members are feasible,
 * then feasible members of the rank that is cut, greedily by hypervolume, until `count` are. Infeasible members of the
 * whole ranks are among the best, since ranks are by losses alone; without constraints all are feasible. Where fewer
 * than `count` are feasible it is all successes. Ranks are within a fidelity, higher fidelities come first. */
size_t hpo_ranked_first_of_goals(hpo_ranked *ranked, const hpo_dataset *data, size_t k, size_t count);

/* How much each of n rows counts in a density of the good: what it alone adds to the hypervolume of all of them over
 * the largest such part, at least 1e-12; 1 for all where none adds anything. The reference is that of
 * hpo_select_hypervolume. */
void hpo_ranked_weights(const hpo_ranked *ranked, size_t n, const hpo_dataset *data, size_t k, double *weights);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models of constraints: how probable it is that a point meets them.
 *
 * A model per constraint predicts its excess (hpo/trials/constraint.h) as a normal; constraints are taken to be
 * independent, so that the probability of feasibility is the product of Phi(-mean/deviation), and the acquisition
 * EI(x) * Pr(feasible at x), where improvement is over the best feasible result (M. Schonlau, W. J. Welch, D. R. Jones,
 * "Global versus Local Search in Constrained Optimization of Computer Models", 1998; J. R. Gardner, M. J. Kusner, Z.
 * Xu, K. Q. Weinberger, J. P. Cunningham, "Bayesian Optimization with Inequality Constraints", ICML 2014).
 * While nothing is feasible there is nothing to improve on, and the probability alone is maximized (M. A.
 * Gelbart, J. Snoek, R. P. Adams, "Bayesian Optimization with Unknown Constraints", UAI 2014).
 *
 * Models see the excess through sign(e) log(1 + |e|), which keeps its sign and magnifies what is near the bound (D.
 * Eriksson, M. Poloczek, "Scalable Constrained Bayesian Optimization", AISTATS 2021: bilog). */
#ifndef HPO_MODELS_FEASIBILITY_H
#define HPO_MODELS_FEASIBILITY_H

#include "hpo/models/selection.h"

#ifdef __cplusplus
extern "C" {
#endif

double hpo_bilog(double excess);
/* The successful rows of a data set whose excess is known, with that over a constraint, through bilog, as value. */
hpo_dataset hpo_excess_collect(hpo_selection *selection, const hpo_dataset *data, size_t constraint);
/* By row: whether it is a success that is feasible; counts: room for data->n, or NULL. How many are. */
size_t hpo_feasible_rows(const hpo_dataset *data, bool *counts);

#ifdef __cplusplus
}
#endif
#endif

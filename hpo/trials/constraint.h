/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Constraints on metrics: what a result must be beside good. How far a result is from what is asked for follows from
 * the result alone, so that an order of results never changes what is known of one.
 *
 * excess: by how much a value is beyond its bound, in units of the bound (of a bound of 0: in its own); at most 0 where
 * the constraint is met. Violation: the sum of the positive excesses (K. Deb, "An Efficient Constraint Handling Method
 * for Genetic Algorithms", Comput. Methods Appl. Mech. Eng. 186, 2000, section 3, with constraints
 * normalized as that section asks). A result is feasible when its violation is 0. */
#ifndef HPO_TRIALS_CONSTRAINT_H
#define HPO_TRIALS_CONSTRAINT_H

#include "hpo/trials/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_constraint {
    const char *metric;
    double bound; /* finite */
    bool is_max;  /* values up to the bound are allowed; else those from it on */
} hpo_constraint;
enum { HPO_MAX_CONSTRAINTS = 8 };

/* The constraints of a study, borrowed. */
typedef struct hpo_constraints {
    const hpo_constraint *items;
    size_t count; /* 0 to HPO_MAX_CONSTRAINTS */
} hpo_constraints;

/* Finite, whatever finite value it is given. */
double hpo_constraint_excess(const hpo_constraint *constraint, double value);
/* Fills excess, one for each. False: a metric is missing or not finite; excess is then undefined. */
bool hpo_constraints_excess(hpo_constraints constraints, const hpo_metrics *metrics, double *excess);
double hpo_constraints_violation(const double *excess, size_t count);
/* Before hpo_result_judge, which gives a failed result its values: a result that works but lacks a constrained metric
 * becomes a failure (output), one in which it is not finite another (nan): nobody can say whether it is feasible. */
void hpo_constraints_judge(hpo_constraints constraints, hpo_result *result);

#ifdef __cplusplus
}
#endif
#endif

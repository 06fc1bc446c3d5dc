/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/trials/constraint.h"

#include <float.h>
#include <math.h>

double hpo_constraint_excess(const hpo_constraint *constraint, double value) {
    const double bound = constraint->bound, unit = bound != 0 ? fabs(bound) : 1;
    const double excess = (constraint->is_max ? value - bound : bound - value) / unit;
    return fmax(fmin(excess, DBL_MAX), -DBL_MAX);
}

bool hpo_constraints_excess(hpo_constraints constraints, const hpo_metrics *metrics, double *excess) {
    for (size_t c = 0; c < constraints.count; c++) {
        const double *value = hpo_metrics_get(metrics, constraints.items[c].metric);
        if (!value || !isfinite(*value)) return false;
        excess[c] = hpo_constraint_excess(&constraints.items[c], *value);
    }
    return true;
}

double hpo_constraints_violation(const double *excess, size_t count) {
    double sum = 0;
    for (size_t c = 0; c < count; c++) sum += fmax(excess[c], 0);
    return fmin(sum, DBL_MAX);
}

void hpo_constraints_judge(hpo_constraints constraints, hpo_result *result) {
    for (size_t c = 0; c < constraints.count && result->failure == HPO_FAILURE_NONE; c++)
        (void)hpo_result_judge_metric(result, constraints.items[c].metric);
}

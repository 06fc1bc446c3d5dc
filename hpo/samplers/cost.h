/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What evaluations cost, for samplers whose option `cost` asks for improvement per unit of cost. */
#ifndef HPO_SAMPLERS_COST_H
#define HPO_SAMPLERS_COST_H

#include "hpo/models/selection.h"
#include "hpo/samplers/sampler.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HPO_COST_HELP                                                                                                  \
    "what the promise of a point is divided by: none; seconds: the wall time of an evaluation per unit of fidelity; "  \
    "or the name of a metric that the objective reports"

/* The value `name` of the option is none: nothing is divided. */
bool hpo_cost_none(const char *name);
/* Refuses wall time where results must not depend on the clock, and an acquisition that is no promise to be divided
 * (divides false; `acquisition` is its name). */
BASE_CHECK base_status hpo_cost_check(const char *name, const char *acquisition, bool divides,
                                      const hpo_sampler_env *env, base_err *err);

/* Of a data set the rows whose evaluation succeeded and whose cost is known and positive, with its logarithm as loss;
 * nothing is pending. BASE_INVALID when evaluations report no such metric. The arrays are valid until the next call. */
BASE_CHECK base_status hpo_costs_collect(hpo_selection *costs, hpo_view view, const hpo_dataset *data, const char *name,
                                         hpo_dataset *out, base_err *err);

#ifdef __cplusplus
}
#endif
#endif

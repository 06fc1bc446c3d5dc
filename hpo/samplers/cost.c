/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Improvement per unit of cost (J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian Optimization of Machine
 * Learning Algorithms", NeurIPS 2012, section 3.2: expected improvement per second): the logarithm of the cost has a
 * model of its own, fitted to the same results.
 *
 * Wall time is taken per unit of fidelity charged, so that an evaluation that went on from a checkpoint compares with
 * one that began anew. Reports that ended a trial have no cost and are left out, as failures are. */
#include "hpo/samplers/cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

bool hpo_cost_none(const char *name) {
    return !name || strcmp(name, "none") == 0;
}

static bool is_seconds(const char *name) {
    return strcmp(name, "seconds") == 0;
}

base_status hpo_cost_check(const char *name, const char *acquisition, bool divides, const hpo_sampler_env *env,
                           base_err *err) {
    if (hpo_cost_none(name)) return BASE_OK;
    if (is_seconds(name) && env->deterministic) {
        return BASE_FAIL(err, BASE_INVALID,
                         "cost: seconds depends on the clock, and deterministic: true promises results that do not; "
                         "name a metric that the objective reports, or leave one of the two out");
    }
    if (!divides) {
        return BASE_FAIL(err, BASE_INVALID,
                         "cost: %s needs an acquisition that is a promise to be divided by it; acquisition: %s is not, "
                         "logei is",
                         name, acquisition);
    }
    return BASE_OK;
}

/* The successful evaluation behind a row; NULL: none (a report, a failure). */
static const hpo_eval *eval_of(hpo_view view, const hpo_dataset *data, size_t row) {
    if (!isfinite(data->loss[row])) return NULL;
    const hpo_trial trial = hpo_view_trial(view, data->trial[row]);
    for (size_t e = 0; e < trial.n_evals; e++) {
        if (trial.evals[e].fidelity == data->fidelity[row] && isfinite(trial.evals[e].loss)) return &trial.evals[e];
    }
    return NULL;
}

/* NaN when unknown. */
static double cost_of(const hpo_eval *eval, const char *name) {
    double cost = (double)NAN;
    if (is_seconds(name)) {
        cost = eval->cost > 0 ? eval->seconds / eval->cost : eval->seconds;
    } else if (eval->metrics && hpo_metrics_get(eval->metrics, name)) {
        cost = *hpo_metrics_get(eval->metrics, name);
    }
    return isfinite(cost) && cost > 0 ? cost : (double)NAN;
}

static base_status fail_missing(const hpo_eval *eval, const char *name, base_err *err) {
    base_buf known = {0};
    for (size_t i = 0; eval->metrics && i < eval->metrics->count; i++) {
        base_buf_printf(&known, "%s%s", i > 0 ? ", " : "", eval->metrics->item[i].name);
    }
    const base_status status =
        BASE_FAIL(err, BASE_INVALID, "cost: %s is no metric of which any result has a positive value; reported are: %s",
                  name, known.length > 0 ? base_buf_text(&known) : "none but the study's own");
    base_buf_fini(&known);
    return status;
}

base_status hpo_costs_collect(hpo_selection *costs, hpo_view view, const hpo_dataset *data, const char *name,
                              hpo_dataset *out, base_err *err) {
    const hpo_eval *last = NULL;
    hpo_selection_begin(costs, data);
    for (size_t i = 0; i < data->n; i++) {
        const hpo_eval *eval = eval_of(view, data, i);
        if (!eval) continue;
        last = eval;
        const double cost = cost_of(eval, name);
        if (!isnan(cost)) hpo_selection_add(costs, data, i, log(cost));
    }
    *out = hpo_selection_dataset(costs, data);
    return out->n == 0 && last && !is_seconds(name) ? fail_missing(last, name, err) : BASE_OK;
}

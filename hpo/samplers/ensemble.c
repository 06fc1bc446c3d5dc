/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ensemble sampling policy of PriorBand (N. Mallik, E. Bergman, C. Hvarfner, D. Stoll, M. Janowski, M. Lindauer,
 * L. Nardi, F. Hutter, "PriorBand: Practical Hyperparameter Optimization in the Age of Deep Learning", NeurIPS 2023,
 * section 5), as in the code of its experiments (NePS 0.12):
 *
 * - On rung r a fraction 1/(1 + eta^r) is uniform, the rest belongs to the prior.
 * - Once as much as one bracket from the lowest rung has been spent and one evaluation has reached the highest
 * fidelity, the rest is shared with the incumbent: in proportion to sum of w_j prior(x_j) and sum of w_j lambda(x_j),
 * lambda being the prior moved to the incumbent, x_j the best K = max(floor(n/eta), eta) of the n results of the
 * highest fidelity that has eta of them, w = K, K - 1, ..., 1. Without such a fidelity the shares are eta to 1.
 * - The incumbent is the configuration whose newest result is the best, whatever its fidelity. What it gives is a local
 * mutation.
 * - The first configuration is the mode of the priors itself. Parameters without a prior are uniform wherever the prior
 * is asked.
 *
 * With several goals weights are drawn for each proposal, and incumbent and best results are those of their scalarised
 * loss (hpo/models/chebyshev.h). Where they have priors of their own (S. Basu et al., "PriMO", 2025), a draw from the
 * prior comes from that of a metric drawn with equal probability, and prior and lambda are the means over the metrics.
 *
 * Deviations: sums are taken by their logarithms, so that many dimensions cannot underflow; when neither prior nor
 * incumbent gives any density, each gets one half. */
#include "hpo/samplers/ensemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { MUTATIONS = 50, REDRAWS = 1000 };
static const double MUTATION_DEVIATION = 0.25;

double hpo_ensemble_uniform(double eta, uint32_t rung) {
    return 1 / (1 + pow(eta, rung));
}

double hpo_ensemble_bracket_cost(double min, double max, bool integer, double eta) {
    double lowest = max, trials = 1, cost = 0;
    while (lowest / eta >= min * (1 - 1e-12)) {
        lowest /= eta;
        trials *= eta;
    }
    double before = 0;
    for (double rung = lowest; trials >= 1; rung *= eta, trials /= eta) {
        double fidelity = integer ? round(rung) : rung;
        if (trials < eta) fidelity = max;
        cost += rint(trials) * (fidelity - before);
        before = fidelity;
    }
    return cost;
}

/* The density of a belief with its centre moved. */
static double log_prior_around(const hpo_space *space, const double *center, const double *config) {
    double sum = 0;
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        hpo_param param = *hpo_space_param(space, i);
        if (!param.prior.given || isnan(center[i])) continue;
        param.prior.center = center[i];
        sum += hpo_param_log_prior(&param, config[i]);
    }
    return sum;
}

static double log_add(double a, double b) {
    const double high = a > b ? a : b, low = a > b ? b : a;
    return isinf(high) ? high : high + log1p(exp(low - high));
}

static double log_mean(const hpo_space *space, const double *center, const double *config) {
    const size_t n = hpo_space_n_beliefs(space);
    double sum = -(double)INFINITY;
    for (size_t k = 0; k < n; k++) {
        const hpo_space *belief = hpo_space_belief(space, k);
        sum = log_add(sum, center ? log_prior_around(belief, center, config) : hpo_space_log_prior(belief, config));
    }
    return sum - log((double)n);
}

double hpo_ensemble_log_prior(const hpo_space *space, const double *config) {
    return log_mean(space, NULL, config);
}

void hpo_ensemble_scores(const hpo_space *space, const double *const *best, size_t count, const double *incumbent,
                         double *log_prior, double *log_incumbent) {
    *log_prior = *log_incumbent = -(double)INFINITY;
    for (size_t j = 0; j < count; j++) {
        const double log_weight = log((double)(count - j));
        *log_prior = log_add(*log_prior, log_weight + hpo_ensemble_log_prior(space, best[j]));
        *log_incumbent = log_add(*log_incumbent, log_weight + log_mean(space, incumbent, best[j]));
    }
}

hpo_ensemble hpo_ensemble_weigh(double eta, uint32_t rung, double log_prior, double log_incumbent) {
    const double uniform = hpo_ensemble_uniform(eta, rung);
    const bool neither = isinf(log_prior) && isinf(log_incumbent);
    const double share = neither ? 0.5 : 1 / (1 + exp(log_incumbent - log_prior));
    return (hpo_ensemble){uniform, (1 - uniform) * share, (1 - uniform) * (1 - share)};
}

/* ---- what the view says ---- */

double hpo_ensemble_spent(hpo_observations *observations, hpo_view view, double max_fidelity, bool *reached) {
    const hpo_dataset data = hpo_observations_collect(observations, view, &(hpo_data_query){.policy = HPO_DATA_LAST});
    double spent = 0;
    *reached = false;
    for (size_t i = 0; i < data.n; i++) {
        spent += data.fidelity[i];
        *reached = *reached || (data.fidelity[i] >= max_fidelity && isfinite(data.loss[i]));
    }
    return spent;
}

static bool is_active(hpo_observations *observations, hpo_view view, double max_fidelity, double bracket_cost) {
    bool reached;
    return hpo_ensemble_spent(observations, view, max_fidelity, &reached) >= bracket_cost * (1 - 1e-12) && reached;
}

/* With the loss that tells the best. */
static hpo_dataset collect(hpo_observations *observations, hpo_view view, hpo_data_query query, const double *weights,
                           hpo_scalarised *scalarised) {
    const hpo_dataset data = hpo_observations_collect(observations, view, &query);
    return weights ? hpo_scalarise(scalarised, &data, weights, hpo_view_n_goals(view)) : data;
}

static uint64_t find_incumbent(hpo_observations *observations, hpo_view view, const double *weights,
                               hpo_scalarised *scalarised) {
    const hpo_data_query query = {.policy = HPO_DATA_LAST};
    const hpo_dataset data = collect(observations, view, query, weights, scalarised);
    size_t best = 0;
    for (size_t i = 1; i < data.n; i++) {
        const hpo_member row = hpo_dataset_member(&data, i), before = hpo_dataset_member(&data, best);
        if (hpo_member_better(&row, &before)) best = i;
    }
    return data.trial[best];
}

hpo_ensemble hpo_ensemble_at(hpo_observations *observations, const hpo_space *space, hpo_view view, double eta,
                             uint32_t rung, double max_fidelity, double bracket_cost, const double *weights,
                             uint64_t *incumbent) {
    hpo_scalarised scalarised = {0};
    *incumbent = UINT64_MAX;
    if (!is_active(observations, view, max_fidelity, bracket_cost)) {
        return hpo_ensemble_weigh(eta, rung, 0, -(double)INFINITY);
    }
    *incumbent = find_incumbent(observations, view, weights, &scalarised);
    const size_t least = (size_t)eta;
    const hpo_data_query query = {.policy = HPO_DATA_HIGHEST, .needed = least, .only_successes = true};
    const hpo_dataset data = collect(observations, view, query, weights, &scalarised);
    const size_t n = data.n - data.n_failed;
    if (n == 0) {
        hpo_scalarised_fini(&scalarised);
        return hpo_ensemble_weigh(eta, rung, log(eta), 0);
    }
    const size_t third = (size_t)((double)n / eta), count = third > least ? third : least;
    hpo_ranked *ranked = base_malloc(data.n * sizeof *ranked);
    const double **best = base_malloc(count * sizeof *best);
    hpo_ranked_fill(ranked, &data);
    hpo_ranked_select(ranked, data.n, count);
    hpo_ranked_sort(ranked, count);
    for (size_t j = 0; j < count; j++) best[j] = hpo_view_trial(view, ranked[j].trial).config;
    double log_prior, log_incumbent;
    hpo_ensemble_scores(space, best, count, hpo_view_trial(view, *incumbent).config, &log_prior, &log_incumbent);
    free(ranked);
    free(best);
    hpo_scalarised_fini(&scalarised);
    return hpo_ensemble_weigh(eta, rung, log_prior, log_incumbent);
}

/* ---- the incumbent's neighbourhood ---- */

static double mutate_choice(double unit, size_t choices, base_rng *rng) {
    if (choices < 2) return unit;
    const double n = (double)choices, own = floor(unit * n);
    const double other = (double)base_rng_below(rng, choices - 1);
    return ((other < own ? other : other + 1) + 0.5) / n;
}

static double mutate_number(double unit, base_rng *rng) {
    for (size_t i = 0; i < REDRAWS; i++) {
        const double x = unit + MUTATION_DEVIATION * base_rng_normal(rng);
        if (x >= 0 && x <= 1) return x;
    }
    return unit;
}

bool hpo_ensemble_mutate(const hpo_space *space, const double *from, base_rng *rng, double *unit, double *config) {
    for (size_t i = 0; i < MUTATIONS; i++) {
        hpo_space_to_unit(space, from, unit);
        for (size_t d = 0; d < hpo_space_dims(space); d++) {
            const hpo_param *param = hpo_space_param(space, hpo_space_dim_param(space, d));
            if (isnan(unit[d])) {
                unit[d] = base_rng_uniform(rng); /* inactive in the incumbent: may become active */
            } else if (base_rng_uniform(rng) < 0.5) {
                const bool choice = param->kind == HPO_CATEGORICAL;
                unit[d] = choice ? mutate_choice(unit[d], param->n_choices, rng) : mutate_number(unit[d], rng);
            }
        }
        hpo_space_from_unit(space, unit, config);
        if (hpo_space_allowed(space, config) && !hpo_space_equal(space, config, from)) return true;
    }
    return false;
}

/* ---- the policy ---- */

base_status hpo_ensemble_policy_init(hpo_ensemble_policy *p, const char *sampler, const hpo_sampler_env *env,
                                     base_err *err) {
    if (!hpo_space_has_beliefs(env->space)) {
        return BASE_FAIL(err, BASE_INVALID,
                         "%s needs a parameter with a prior, e.g. learning_rate: {min: 1e-5, max: 1.0, log: "
                         "true, prior: 1e-2}",
                         sampler);
    }
    p->env = *env;
    p->bracket_cost =
        hpo_ensemble_bracket_cost(env->min_fidelity, env->max_fidelity, env->integer_fidelity, (double)p->eta);
    p->observations = hpo_observations_create(env->space);
    p->unit = base_calloc(hpo_space_dims(env->space) + 1, sizeof *p->unit);
    return BASE_OK;
}

void hpo_ensemble_policy_fini(hpo_ensemble_policy *p) {
    hpo_observations_destroy(p->observations);
    free(p->unit);
}

/* A draw from the priors whose parameters with a prior are moved to their preferred values; false: it is forbidden. */
static bool move_to_mode(const hpo_space *space, double *config, double *unit) {
    hpo_space_to_unit(space, config, unit);
    for (size_t d = 0; d < hpo_space_dims(space); d++) {
        const hpo_param *param = hpo_space_param(space, hpo_space_dim_param(space, d));
        if (param->prior.given) unit[d] = hpo_param_to_unit(param, param->prior.center);
    }
    hpo_space_from_unit(space, unit, config);
    return hpo_space_allowed(space, config);
}

/* Whose priors are asked. */
static const hpo_space *draw_belief(const hpo_space *space, base_rng *rng) {
    const size_t n = hpo_space_n_beliefs(space);
    return n == 1 ? space : hpo_space_belief(space, (size_t)base_rng_below(rng, n));
}

base_status hpo_ensemble_policy_ask(hpo_ensemble_policy *p, hpo_view view, const hpo_request *request, double *config,
                                    const char **origin, base_err *err) {
    const hpo_space *space = p->env.space;
    base_rng rng = base_rng_stream(p->env.seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, request->attempt);
    if (p->mode_first && request->trial == 0 && request->attempt == 0) {
        *origin = "prior mode";
        const hpo_space *belief = draw_belief(space, &rng);
        BASE_TRY(hpo_space_sample_prior(belief, &rng, config, err));
        if (move_to_mode(belief, config, p->unit)) return BASE_OK;
    }
    uint64_t incumbent;
    const size_t k = hpo_view_n_goals(view);
    double weights[HPO_MAX_GOALS];
    if (k > 1) hpo_simplex_weights(&rng, k, weights);
    const hpo_ensemble ensemble =
        hpo_ensemble_at(p->observations, space, view, (double)p->eta, request->rung, p->env.max_fidelity,
                        p->bracket_cost, k > 1 ? weights : NULL, &incumbent);
    const double v = base_rng_uniform(&rng);
    if (v >= ensemble.uniform + ensemble.prior && incumbent != UINT64_MAX) {
        *origin = "incumbent";
        const double *from = hpo_view_trial(view, incumbent).config;
        if (hpo_ensemble_mutate(space, from, &rng, p->unit, config)) return BASE_OK;
    }
    const bool prior = v >= ensemble.uniform;
    *origin = prior ? "prior" : "random";
    return prior ? hpo_space_sample_prior(draw_belief(space, &rng), &rng, config, err)
                 : hpo_space_sample(space, &rng, config, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pairs of promoted trials; the last ones are enough, so that the time does not grow with the study. */
#include "hpo/samplers/trust.h"

#include <math.h>

enum { PRIOR_PAIRS = 10, RECENT = 50, MOST_LEVELS = 8 };
#define COIN UINT32_C(0x20000000) /* sets this stream apart from those of proposals */

/* The last result of a promoted trial, and the one at the fidelity that is modelled: the losses of all goals. */
typedef struct climb {
    hpo_trial trial;
    const double *low, *high;
    double fidelity;
} climb;

/* Infinite where it failed; NULL: there is no result. */
static const double *losses_at(const hpo_trial *trial, double fidelity) {
    for (size_t i = trial->n_evals; i-- > 0;)
        if (trial->evals[i].fidelity == fidelity) return hpo_eval_losses(&trial->evals[i]);
    for (size_t i = trial->n_reports; i-- > 0;)
        if (trial->reports[i].step == fidelity) return hpo_report_losses(&trial->reports[i]);
    return NULL;
}

static climb climb_of(const hpo_trial *trial, double level) {
    climb c = {.trial = *trial, .low = losses_at(trial, level), .fidelity = level};
    BASE_ASSERT(c.low);
    c.high = c.low;
    for (size_t i = 0; i < trial->n_reports; i++) {
        if (trial->reports[i].step < c.fidelity) continue;
        c.fidelity = trial->reports[i].step;
        c.high = hpo_report_losses(&trial->reports[i]);
    }
    for (size_t i = 0; i < trial->n_evals; i++) {
        if (trial->evals[i].fidelity < c.fidelity) continue;
        c.fidelity = trial->evals[i].fidelity;
        c.high = hpo_eval_losses(&trial->evals[i]);
    }
    return c;
}

static int order(double a, double b) {
    return (a > b) - (a < b);
}

/* Summed over k goals, 1: both fidelities agree on who is better, -1: they do not, 0: a tie. False: nothing can be
 * compared. */
static bool concordance(const climb *a, const climb *b, size_t k, int *agreement) {
    if (a->fidelity > b->fidelity) return concordance(b, a, k, agreement);
    const double *other = losses_at(&b->trial, a->fidelity);
    if (!other) return false;
    *agreement = 0;
    for (size_t g = 0; g < k; g++) *agreement += order(a->low[g], b->low[g]) * order(a->high[g], other[g]);
    return true;
}

/* The trust in one fidelity, given that in the one below. */
static double update(double prior, hpo_view view, hpo_promotions promotions) {
    climb climbs[RECENT];
    const size_t count = promotions.count < RECENT ? promotions.count : RECENT;
    const size_t k = hpo_view_n_goals(view);
    int balance = 0, pairs = 0;
    for (size_t i = 0; i < count; i++) {
        const hpo_trial trial = hpo_view_trial(view, promotions.trials[promotions.count - count + i]);
        climbs[i] = climb_of(&trial, promotions.fidelity);
        for (size_t j = 0; j < i; j++) {
            int agreement;
            if (!concordance(&climbs[i], &climbs[j], k, &agreement)) continue;
            balance += agreement;
            pairs++;
        }
    }
    return fmax(0, (balance / (double)k + PRIOR_PAIRS * prior) / (pairs + PRIOR_PAIRS));
}

double hpo_trust(const hpo_observations *observations, hpo_view view, double level, double max_fidelity) {
    if (isnan(level) || level >= max_fidelity) return 1;
    size_t place = 0, lowest = hpo_observations_levels(observations);
    while (hpo_observations_promotions(observations, place).fidelity > level) place++;
    if (lowest > place + MOST_LEVELS) lowest = place + MOST_LEVELS;
    double trust = 0;
    while (lowest-- > place) trust = update(trust, view, hpo_observations_promotions(observations, lowest));
    return trust;
}

bool hpo_trust_follows(double trust, double random, uint64_t seed, const hpo_request *request) {
    if (trust >= 1 - random) return true;
    base_rng rng = base_rng_stream(seed, BASE_RNG_SAMPLER, (uint32_t)request->trial, COIN);
    return base_rng_uniform(&rng) * (1 - random) < trust;
}

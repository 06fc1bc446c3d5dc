/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rungs and bracket sizes of Hyperband: L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh, A. Talwalkar, "Hyperband: A
 * Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 18 (2018).
 *
 * The sizes are those of the paper's Table 1, n_0 = floor((s_max + 1)/(s + 1)) eta^s (as in HpBandSter, NePS and DEHB);
 * the formula of its Algorithm 1, ceil((s_max + 1)/(s + 1) eta^s), gives others. Fidelities that are counted are
 * rounded to the nearest: where a rung of 1.93 epochs becomes 1, its ranks say little about the top. They stay apart,
 * because neighbours differ by 1 at least. The number of rungs is found by multiplying, because floor(log 243 / log 3)
 * is 4 in floating point. */
#include "hpo/schedulers/ladder.h"

#include <math.h>

static const double TOLERANCE = 1e-12, MAX_FIRST_RUNG = 1e9;

base_status hpo_ladder_init(hpo_ladder *ladder, double min, double max, bool integer, uint64_t eta, base_err *err) {
    BASE_ASSERT(min > 0 && min <= max && eta >= 2);
    const double factor = (double)eta;
    uint32_t top = 0;
    double power = 1;
    for (; min * power * factor <= max * (1 + TOLERANCE); power *= factor, top++) {
        if (power * factor > MAX_FIRST_RUNG) {
            return BASE_FAIL(err, BASE_INVALID,
                             "from %g to %g with eta: %llu the first rung would need more than 10^9 trials; raise eta "
                             "or the fidelity's min",
                             min, max, (unsigned long long)eta);
        }
    }
    *ladder = (hpo_ladder){.eta = eta, .rungs = top + 1};
    for (uint32_t rung = 0; rung <= top; rung++, power /= factor) {
        const double fidelity = max / power;
        ladder->fidelity[rung] = integer ? fmax(round(fidelity), min) : fmax(fidelity, min);
    }
    return BASE_OK;
}

static uint64_t power_of(uint64_t base, uint32_t exponent) {
    uint64_t power = 1;
    while (exponent-- > 0) power *= base;
    return power;
}

hpo_bracket_plan hpo_ladder_bracket(const hpo_ladder *ladder, uint32_t s) {
    BASE_ASSERT(s < ladder->rungs);
    hpo_bracket_plan plan = {.first = ladder->rungs - 1 - s, .stages = s + 1};
    const uint64_t first_size = ladder->rungs / (s + 1) * power_of(ladder->eta, s);
    hpo_bracket_plan_shrink(&plan, ladder->eta, first_size);
    return plan;
}

hpo_bracket_plan hpo_ladder_dehb(const hpo_ladder *ladder, uint32_t number, uint32_t *stage) {
    const uint32_t rungs = ladder->rungs;
    *stage = 0;
    if (number < rungs) return hpo_ladder_bracket(ladder, rungs - 1 - number);
    *stage = (number - rungs) % (rungs * (rungs + 1) / 2);
    uint32_t s = rungs - 1;
    for (; *stage > s; s--) *stage -= s + 1;
    return hpo_ladder_bracket(ladder, s);
}

void hpo_bracket_plan_shrink(hpo_bracket_plan *plan, uint64_t eta, uint64_t trials) {
    for (uint32_t stage = 0; stage < plan->stages; stage++, trials /= eta) {
        plan->size[stage] = trials > 0 ? trials : 1;
    }
}

void hpo_bracket_plan_print(const hpo_bracket_plan *plan, const hpo_ladder *ladder, base_buf *out) {
    for (uint32_t stage = 0; stage < plan->stages; stage++) {
        base_buf_printf(out, "%s%llu@%.6g", stage ? " " : "", (unsigned long long)plan->size[stage],
                        ladder->fidelity[plan->first + stage]);
    }
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Population-based training: M. Jaderberg, V. Dalibard, S. Osindero, W. M. Czarnecki, J. Donahue, A. Razavi,
 * O. Vinyals, T. Green, I. Dunning, K. Simonyan, C. Fernando, K. Kavukcuoglu, "Population Based Training of Neural
 * Networks", 2017, Algorithm 1, with truncation selection (section 4.1.1 of the paper).
 *
 * A population of members is trained in steps of the perturbation interval. Whoever has finished a step is ready: when
 * it is in the bottom quantile of the population it is replaced by a trial that goes on from what a member of the top
 * quantile, drawn uniformly, has learned (exploit), with a configuration that the sampler makes of the parent's
 * (explore); else it goes on by itself. Nobody waits for others.
 *
 * A member is a bracket: its current trial is the last one there, a step is a rung. Members become ready in the order
 * of their results and are served in it, so that all of them advance alike on any number of workers. With fewer workers
 * than members some are ahead of others when they are compared; each of the others therefore counts with its last
 * result no later than the step of the one that is ready. A parent is taken as it is now, with all that it has learned.
 *
 * The quantile holds ceil(quantile n) of the n members that have a result, at most half of them, as in Syne Tune
 * (D. Salinas et al., AutoML 2022). Who has failed, or was closed for a child that could not begin, takes the place of
 * the worst: it goes on as a child of the top, and waits while there is nobody to inherit from. Nobody inherits from
 * a member that has ended, because nothing would be left to train. */
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "hpo/schedulers/scheduler.h"
#include "hpo/trials/order.h"

enum { STEPS = 10 /* by default */, MAX_STEPS = 1000000 };

typedef struct pbt_state {
    int64_t population;
    double interval, quantile;
    double max;
    uint64_t seed;
    hpo_member *members; /* scratch: population of them */
} pbt_state;

static const base_option pbt_options[] = {
    {.name = "population_size",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(pbt_state, population),
     .fallback = "20",
     .min = 2,
     .max = 10000,
     .help = "members that are trained side by side"},
    {.name = "perturbation_interval",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(pbt_state, interval),
     .fallback = "0",
     .min = 0,
     .max = 1e15,
     .help = "fidelity between two chances to be replaced; 0: a tenth of the highest, but no less than the lowest"},
    {.name = "quantile",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(pbt_state, quantile),
     .fallback = "0.25",
     .max = 0.5,
     .open_min = true,
     .help = "share of the population that is replaced, by children of as many at the top"},
    BASE_OPTIONS_END,
};

static base_status pbt_init(void *self, const hpo_scheduler_env *env, base_err *err) {
    pbt_state *s = self;
    const bool is_given = s->interval > 0;
    if (!is_given) s->interval = fmax(env->max_fidelity / STEPS, env->min_fidelity);
    if (!is_given && env->integer_fidelity) s->interval = ceil(s->interval);
    if (s->interval < env->min_fidelity || s->interval > env->max_fidelity) {
        return BASE_FAIL(err, BASE_INVALID,
                         "perturbation_interval: %g is not within the fidelity, which goes from %g to %g", s->interval,
                         env->min_fidelity, env->max_fidelity);
    }
    if (env->integer_fidelity && s->interval != floor(s->interval)) {
        return BASE_FAIL(err, BASE_INVALID, "perturbation_interval: %g must be an integer as the fidelity is",
                         s->interval);
    }
    if (env->max_fidelity / s->interval > MAX_STEPS) {
        return BASE_FAIL(err, BASE_INVALID, "perturbation_interval: %g makes more than %d steps of the fidelity %g",
                         s->interval, MAX_STEPS, env->max_fidelity);
    }
    s->max = env->max_fidelity;
    s->seed = env->seed;
    s->members = base_calloc((size_t)s->population, sizeof *s->members);
    return BASE_OK;
}

static void pbt_fini(void *self) {
    free(((pbt_state *)self)->members);
}

/* The last one ends at the highest fidelity, and is not shorter than half an interval beside it. */
static double fidelity_of(const pbt_state *s, uint32_t step) {
    const double at = (step + 1.0) * s->interval;
    return at > s->max - 0.5 * s->interval ? s->max : at;
}

/* ---- the population ---- */

static hpo_trial current_of(hpo_view view, uint32_t member) {
    size_t count;
    const uint64_t *ids = hpo_view_bracket(view, member, &count);
    return hpo_view_trial(view, ids[count - 1]);
}

/* The last successful result of a trial on no later step, or NULL. */
static const hpo_eval *result_until(const hpo_trial *trial, uint32_t step) {
    size_t n = trial->n_evals;
    while (n > 0 && (trial->evals[n - 1].failure != HPO_FAILURE_NONE || trial->evals[n - 1].rung > step)) n--;
    return n > 0 ? &trial->evals[n - 1] : NULL;
}

static bool is_alive(const hpo_trial *trial) {
    return trial->state == HPO_TRIAL_PAUSED || trial->state == HPO_TRIAL_RUNNING;
}

/* A child that has no result of its own yet stands where its parent stood: it has learned the same. */
static bool find_member(hpo_view view, uint32_t member, uint32_t step, hpo_member *out) {
    const hpo_trial trial = current_of(view, member);
    const bool counts = is_alive(&trial) || trial.state == HPO_TRIAL_COMPLETE;
    const hpo_eval *eval = counts ? result_until(&trial, step) : NULL;
    if (counts && !eval && trial.n_evals == 0 && trial.parent != UINT64_MAX) {
        const hpo_trial parent = hpo_view_trial(view, trial.parent);
        eval = result_until(&parent, trial.rung - 1 < step ? trial.rung - 1 : step);
    }
    if (eval) *out = hpo_member_of(trial.id, eval);
    return eval;
}

/* Best first. */
static size_t order_population(pbt_state *s, hpo_view view, uint32_t members, uint32_t step) {
    size_t n = 0;
    for (uint32_t m = 0; m < members; m++) n += find_member(view, m, step, &s->members[n]);
    hpo_order_members(s->members, n, hpo_view_n_goals(view), hpo_spread_epsilon_net, NULL);
    return n;
}

static size_t quantile_of(const pbt_state *s, size_t n) {
    const size_t share = (size_t)ceil(s->quantile * (double)n);
    return share < n / 2 ? share : n / 2;
}

static bool is_at_bottom(const pbt_state *s, size_t n, uint64_t trial) {
    for (size_t i = n - quantile_of(s, n); i < n; i++)
        if (s->members[i].trial == trial) return true;
    return false;
}

/* Who can be inherited from has a result of its own and something left to train. A lone survivor is the top. */
static bool draw_parent(const pbt_state *s, hpo_view view, size_t n, uint64_t *parent) {
    const size_t top = n == 1 ? 1 : quantile_of(s, n);
    size_t able = 0;
    base_rng rng = base_rng_stream(s->seed, BASE_RNG_SCHEDULER, (uint32_t)hpo_view_trials(view), 0);
    for (size_t i = 0; i < top; i++) {
        const hpo_trial trial = hpo_view_trial(view, s->members[i].trial);
        if (!is_alive(&trial) || trial.n_evals == 0) continue;
        if (base_rng_below(&rng, ++able) == 0) *parent = trial.id; /* each with the same probability */
    }
    return able > 0;
}

static void start_child(const pbt_state *s, hpo_view view, uint32_t member, uint64_t parent, hpo_decision *out) {
    const hpo_trial trial = hpo_view_trial(view, parent);
    const uint32_t step = trial.evals[trial.n_evals - 1].rung + 1;
    *out = (hpo_decision){.kind = HPO_DECIDE_START,
                          .bracket = member,
                          .rung = step,
                          .fidelity = fidelity_of(s, step),
                          .inherits = true,
                          .parent = parent};
}

/* ---- deciding ---- */

/* The event that has made a member ready, UINT64_MAX: it is not. */
static uint64_t ready_since(const hpo_trial *trial, bool may_start) {
    const bool lost = trial->state == HPO_TRIAL_FAILED || trial->state == HPO_TRIAL_STOPPED;
    if (trial->state != HPO_TRIAL_PAUSED && !(lost && may_start)) return UINT64_MAX;
    return trial->n_evals > 0 ? trial->evals[trial->n_evals - 1].event : trial->created;
}

/* What becomes of a member that is ready; false: it has to wait for a parent. */
static bool decide(pbt_state *s, hpo_view view, uint32_t member, uint32_t members, bool may_start, hpo_decision *out) {
    const hpo_trial trial = current_of(view, member);
    const bool is_paused = trial.state == HPO_TRIAL_PAUSED;
    uint64_t parent;
    if (may_start) {
        const size_t n = order_population(s, view, members, is_paused ? trial.rung : UINT32_MAX);
        const bool has_parent = draw_parent(s, view, n, &parent);
        if (!is_paused) {
            if (has_parent) start_child(s, view, member, parent, out);
            return has_parent;
        }
        if (has_parent && is_at_bottom(s, n, trial.id)) {
            *out = (hpo_decision){.kind = HPO_DECIDE_CLOSE, .trial = trial.id, .bracket = member, .rung = trial.rung};
            return true;
        }
    }
    *out = (hpo_decision){.kind = HPO_DECIDE_PROMOTE,
                          .trial = trial.id,
                          .bracket = member,
                          .rung = trial.rung + 1,
                          .fidelity = fidelity_of(s, trial.rung + 1)};
    return true;
}

/* The first one that was ready after event `after` (of it, when it is later), or false. */
static bool find_ready(hpo_view view, uint32_t members, bool may_start, bool any, uint64_t after, uint32_t *member,
                       uint64_t *since) {
    *since = UINT64_MAX;
    for (uint32_t m = 0; m < members; m++) {
        const hpo_trial trial = current_of(view, m);
        const uint64_t event = ready_since(&trial, may_start);
        if (event >= *since || (!any && event <= after)) continue;
        *since = event;
        *member = m;
    }
    return *since != UINT64_MAX;
}

static base_status pbt_next(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    pbt_state *s = self;
    (void)err;
    const uint32_t members = hpo_view_brackets(view);
    if (may_start && members < (uint64_t)s->population) {
        *out = (hpo_decision){.kind = HPO_DECIDE_START, .bracket = members, .fidelity = fidelity_of(s, 0)};
        return BASE_OK;
    }
    uint32_t member = 0;
    uint64_t since = 0;
    for (bool any = true; find_ready(view, members, may_start, any, since, &member, &since); any = false)
        if (decide(s, view, member, members, may_start, out)) return BASE_OK;
    const bool waits = hpo_view_count(view, HPO_TRIAL_RUNNING) > 0;
    *out = (hpo_decision){.kind = waits ? HPO_DECIDE_WAIT : HPO_DECIDE_DONE};
    return BASE_OK;
}

static bool pbt_ends(const void *self) {
    (void)self;
    return true;
}

static uint64_t pbt_founders(const void *self) {
    return (uint64_t)((const pbt_state *)self)->population;
}

static void pbt_describe(const void *self, base_buf *out) {
    const pbt_state *s = self;
    uint32_t steps = 1;
    while (fidelity_of(s, steps - 1) < s->max) steps++;
    base_buf_printf(out, "%lld members, each trained to %.6g in %u step%s of %.6g", (long long)s->population, s->max,
                    steps, steps == 1 ? "" : "s", s->interval);
}

const hpo_scheduler_type hpo_scheduler_pbt = {
    .name = "pbt",
    .summary = "population-based training: the worst go on from what the best have learned",
    .options = pbt_options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_MANY_GOALS | HPO_SCHEDULER_INHERITS,
    .state_size = sizeof(pbt_state),
    .init = pbt_init,
    .next = pbt_next,
    .ends = pbt_ends,
    .founders = pbt_founders,
    .describe = pbt_describe,
    .fini = pbt_fini,
};

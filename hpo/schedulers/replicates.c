/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replicates: every configuration is evaluated with several seeds, one after the other, and is worth their mean. A rung
 * is a seed, and the fidelity is how many there are: a trial's value on rung r is the mean over the seeds 0 .. r, the
 * same ones for all trials.
 *
 * What has begun goes on before anything new begins, the oldest first. With a race a trial goes on only while it may
 * still win: as the t-test of Race (M. Birattari, T. Stuetzle, L. Paquete, K. Varrentrapp, "A Racing Algorithm for
 * Configuring Metaheuristics", GECCO 2002), here against the incumbent alone, which has all seeds, as in the
 * intensification of ParamILS and SMAC (F. Hutter, H. H. Hoos, K. Leyton-Brown, "Sequential Model-Based Optimization
 * for General Algorithm Configuration", LION 2011). With d_i the loss of the trial less that of the incumbent with seed
 * i, mean m and standard deviation s of n of them, it is closed when m > 0 and
 *
 *   m / (s / sqrt(n)) > t quantile of n - 1 degrees of freedom at 1 - significance,
 *
 * which takes two seeds at least. */
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "hpo/schedulers/scheduler.h"

typedef struct replicates_state {
    bool race;
    double significance;
    double first, seeds;
    hpo_view seen;
    uint64_t *open; /* trials that may go on, by id */
    size_t n_open, capacity;
    uint64_t n_trials; /* that were met */
} replicates_state;

static const base_option replicates_options[] = {
    {.name = "race",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(replicates_state, race),
     .fallback = "false",
     .help = "a configuration gets further seeds only while it may still be better than the best one"},
    {.name = "significance",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(replicates_state, significance),
     .fallback = "0.05",
     .max = 0.5,
     .open_min = true,
     .help = "of a race: how often a configuration as good as the best one is given up, at each seed"},
    BASE_OPTIONS_END,
};

static base_status replicates_init(void *self, const hpo_scheduler_env *env, base_err *err) {
    (void)err;
    replicates_state *s = self;
    s->first = env->min_fidelity;
    s->seeds = env->max_fidelity;
    return BASE_OK;
}

static void replicates_fini(void *self) {
    free(((replicates_state *)self)->open);
}

static double fidelity_of(const replicates_state *s, uint32_t rung) {
    return fmin(s->first + rung, s->seeds);
}

/* ---- the race ---- */

/* With the seed of a rung alone: values are means over all seeds up to theirs. */
static double loss_with(const hpo_trial *trial, size_t seed) {
    const double mean = trial->evals[seed].loss, before = seed > 0 ? trial->evals[seed - 1].loss : 0;
    return before + (double)(seed + 1) * (mean - before);
}

static bool has_lost(const replicates_state *s, const hpo_trial *trial, const hpo_trial *best) {
    const size_t n = trial->n_evals;
    double mean = 0, squares = 0; /* Welford's sums */
    if (n < 2 || n > best->n_evals) return false;
    for (size_t i = 0; i < n; i++) {
        const double d = loss_with(trial, i) - loss_with(best, i), off = d - mean;
        mean += off / (double)(i + 1);
        squares += off * (d - mean);
    }
    const double error = sqrt(squares / (double)(n - 1) / (double)n);
    return mean > 0 && mean > error * gsl_cdf_tdist_Qinv(s->significance, (double)(n - 1));
}

/* The best one that has all seeds. One that is not feasible, or of several metrics, does not end any other. */
static bool find_best(const replicates_state *s, hpo_view view, hpo_trial *best) {
    hpo_incumbent incumbent;
    if (!s->race || hpo_view_n_goals(view) > 1 || !hpo_view_incumbent(view, &incumbent)) return false;
    if (incumbent.eval->fidelity < s->seeds || !hpo_eval_is_feasible(incumbent.eval)) return false;
    *best = hpo_view_trial(view, incumbent.trial);
    return true;
}

/* ---- deciding ---- */

static void follow(replicates_state *s, hpo_view view) {
    if (view.history != s->seen.history || view.as_of < s->seen.as_of) s->n_open = s->n_trials = 0;
    s->seen = view;
    const uint64_t trials = hpo_view_trials(view);
    BASE_GROW(s->open, s->capacity, s->n_open + (trials - s->n_trials) + 1);
    for (; s->n_trials < trials; s->n_trials++) s->open[s->n_open++] = s->n_trials;
    size_t kept = 0;
    for (size_t i = 0; i < s->n_open; i++) {
        const hpo_trial_state state = hpo_view_trial(view, s->open[i]).state;
        if (state == HPO_TRIAL_RUNNING || state == HPO_TRIAL_PAUSED) s->open[kept++] = s->open[i];
    }
    s->n_open = kept;
}

static base_status replicates_next(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    replicates_state *s = self;
    (void)err;
    follow(s, view);
    hpo_trial best;
    const bool races = find_best(s, view, &best);
    for (size_t i = 0; i < s->n_open; i++) {
        const hpo_trial trial = hpo_view_trial(view, s->open[i]);
        if (trial.state != HPO_TRIAL_PAUSED) continue;
        const bool lost = races && has_lost(s, &trial, &best);
        *out = (hpo_decision){.kind = lost ? HPO_DECIDE_CLOSE : HPO_DECIDE_PROMOTE,
                              .trial = trial.id,
                              .rung = trial.rung + !lost,
                              .fidelity = fidelity_of(s, trial.rung + 1)};
        return BASE_OK;
    }
    if (may_start)
        *out = (hpo_decision){.kind = HPO_DECIDE_START, .fidelity = fidelity_of(s, 0)};
    else
        *out = (hpo_decision){.kind = s->n_open > 0 ? HPO_DECIDE_WAIT : HPO_DECIDE_DONE};
    return BASE_OK;
}

static void replicates_describe(const void *self, base_buf *out) {
    const replicates_state *s = self;
    base_buf_printf(out, "%g seeds for each configuration", s->seeds);
    if (s->race) base_buf_puts(out, ", less for one that falls behind the best");
}

const hpo_scheduler_type hpo_scheduler_replicates = {
    .name = "replicates",
    .summary = "every configuration with several seeds, as the key replicates asks for",
    .options = replicates_options,
    .flags =
        HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_ASYNCHRONOUS | HPO_SCHEDULER_MANY_GOALS | HPO_SCHEDULER_REPLICATES,
    .state_size = sizeof(replicates_state),
    .init = replicates_init,
    .next = replicates_next,
    .describe = replicates_describe,
    .fini = replicates_fini,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stopping by extrapolation: a trial stops when what its curve will have come to can hardly be the best, or with
 * several goals on the front.
 *
 * What it comes to is predicted from the completed trials: a straight line from what they had at this step to what they
 * came to, by least squares, and around it their residuals (B. Baker, O. Gupta, R. Raskar, N. Naik, "Accelerating
 * Neural Architecture Search using Performance Prediction", arXiv:1705.10823, section 4, which stops when the
 * probability to beat the best is below a threshold, equation 1 there). Residuals are drawn as they are, those of all
 * goals of a trial together, and not as a normal: so a prediction is a set of points, and its share that no member of
 * the front dominates is the probability. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "hpo/schedulers/full.h"
#include "hpo/schedulers/stopping.h"
#include "hpo/trials/order.h"

enum { LATEST = 200 }; /* completed trials that are looked at, the newest */

typedef struct curve_stop {
    double probability, warmup, interval, fidelity;
    int64_t min_curves;
    hpo_progresses progresses;
} curve_stop;

static const base_option options[] = {
    {.name = "probability",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(curve_stop, probability),
     .fallback = "0.05",
     .max = 1,
     .help = "stop what becomes the best, or enters the front, with less than this probability"},
    {.name = "warmup",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(curve_stop, warmup),
     .fallback = "0",
     .max = -1,
     .help = "no trial is stopped before this fidelity"},
    {.name = "interval",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(curve_stop, interval),
     .fallback = "0",
     .max = -1,
     .help = "judge a trial only at every such step of fidelity; 0: at every report"},
    {.name = "min_curves",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(curve_stop, min_curves),
     .fallback = "10",
     .min = 3,
     .max = LATEST,
     .help = "judge only when so many completed curves are known to predict from"},
    BASE_OPTIONS_END,
};

static base_status init(void *self, const hpo_scheduler_env *env, base_err *err) {
    curve_stop *state = self;
    state->fidelity = env->max_fidelity;
    return hpo_stopping_check_warmup(state->warmup, env, err);
}

static base_status next(void *self, hpo_view view, bool may_start, hpo_decision *out, base_err *err) {
    (void)err;
    hpo_full_next(((const curve_stop *)self)->fidelity, view, may_start, out);
    return BASE_OK;
}

/* The losses of the last report by this step that has numbers, or NULL. */
static const double *losses_at(const hpo_trial *trial, double step) {
    for (size_t i = trial->n_reports; i-- > 0;)
        if (trial->reports[i].step <= step && fabs(trial->reports[i].loss) <= DBL_MAX)
            return hpo_report_losses(&trial->reports[i]);
    return NULL;
}

/* What the newest completed trials had at a step and came to: rows of k losses. */
typedef struct known {
    size_t n, k;
    const double *early[LATEST], *final[LATEST];
} known;

static void find_known(hpo_view view, double step, known *out) {
    out->n = 0;
    for (uint64_t id = hpo_view_trials(view); id-- > 0 && out->n < LATEST;) {
        const hpo_trial trial = hpo_view_trial(view, id);
        if (trial.state != HPO_TRIAL_COMPLETE) continue;
        const double *early = losses_at(&trial, step);
        if (!early) continue;
        out->early[out->n] = early;
        out->final[out->n++] = hpo_eval_losses(&trial.evals[trial.n_evals - 1]);
    }
}

/* A line through one goal; never a falling one: who is better now is not expected to end worse. */
typedef struct line {
    double slope, at_zero;
} line;

static line fit(const known *data, size_t goal) {
    double x = 0, y = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < data->n; i++) {
        x += data->early[i][goal] / (double)data->n;
        y += data->final[i][goal] / (double)data->n;
    }
    for (size_t i = 0; i < data->n; i++) {
        const double apart = data->early[i][goal] - x;
        xx += apart * apart;
        xy += apart * (data->final[i][goal] - y);
    }
    const double slope = xx > 0 ? fmax(xy / xx, 0) : 0;
    return (line){slope, y - slope * x};
}

/* The probability that a trial with these losses at the step will be on the front. */
static double chance(hpo_view view, const known *data, const double *now) {
    line lines[HPO_MAX_GOALS];
    /* n residuals of a line with two parameters are too small by this much. */
    const double wider = sqrt((double)data->n / (double)(data->n - 2));
    const size_t n_front = hpo_view_front(view, NULL, 0);
    hpo_incumbent *front = base_calloc(n_front + 1, sizeof *front);
    size_t enters = 0;
    (void)hpo_view_front(view, front, n_front);
    for (size_t g = 0; g < data->k; g++) lines[g] = fit(data, g);
    for (size_t i = 0; i < data->n; i++) {
        double end[HPO_MAX_GOALS];
        for (size_t g = 0; g < data->k; g++) {
            const double residual = data->final[i][g] - lines[g].at_zero - lines[g].slope * data->early[i][g];
            end[g] = lines[g].at_zero + lines[g].slope * now[g] + wider * residual;
        }
        bool dominated = false;
        for (size_t f = 0; f < n_front && !dominated; f++)
            dominated = hpo_dominates(hpo_eval_losses(front[f].eval), end, data->k);
        enters += !dominated;
    }
    free(front);
    return (double)enters / (double)data->n;
}

static bool should_stop(void *self, hpo_view view, uint64_t id) {
    curve_stop *state = self;
    const hpo_trial trial = hpo_view_trial(view, id);
    if (trial.n_reports == 0) return false;
    hpo_progress *progress = hpo_progress_of(&state->progresses, view, &trial);
    while (hpo_progress_next(progress, &trial) != NULL) continue;
    const double step = trial.reports[trial.n_reports - 1].step;
    const double *now = losses_at(&trial, step);
    if (!now || !hpo_stopping_is_due(state->warmup, state->interval, progress->before, step, trial.fidelity))
        return false;
    known data = {.k = hpo_view_n_goals(view)};
    find_known(view, step, &data);
    return data.n >= (size_t)state->min_curves && chance(view, &data, now) < state->probability;
}

static void fini(void *self) {
    hpo_progresses_fini(&((curve_stop *)self)->progresses);
}

const hpo_scheduler_type hpo_scheduler_curve_stop = {
    .name = "curve-stop",
    .summary = "full evaluations, stopped when the extrapolated curve hardly becomes the best or enters the front",
    .options = options,
    .flags = HPO_SCHEDULER_NEEDS_FIDELITY | HPO_SCHEDULER_USES_REPORTS | HPO_SCHEDULER_ASYNCHRONOUS |
             HPO_SCHEDULER_MANY_GOALS,
    .state_size = sizeof(curve_stop),
    .init = init,
    .next = next,
    .should_stop = should_stop,
    .fini = fini,
};

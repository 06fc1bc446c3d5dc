/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What runs, and how long the rest will take.
 *
 * A budget of time says it itself, one of a metric by how much of it is spent. With one of trials or of cost the study
 * is rehearsed once, so that it is known how much work lies before and behind a point of the run: trials of Hyperband
 * differ a hundredfold, and the last ones leave workers idle. The run's own pace gives the seconds. */
#include <math.h>
#include <stdlib.h>

#include "hpo/cli/cli_impl.h"
#include "hpo/study/rehearse.h"

enum { MOST_FOLLOWED = 1024 };

struct cli_pace {
    const hpo_study_spec *spec;
    uint64_t followed; /* records that were seen */
    cli_running *running;
    size_t count, capacity;
    double seconds, cost; /* of evaluations that have ended and said both */
    hpo_rehearsal rehearsal;
    size_t rehearsed_for; /* workers; 0: not yet */
};

cli_pace *cli_pace_create(const hpo_study_spec *spec) {
    cli_pace *pace = base_calloc(1, sizeof *pace);
    pace->spec = spec;
    return pace;
}

void cli_pace_destroy(cli_pace *pace) {
    if (!pace) return;
    hpo_rehearsal_fini(&pace->rehearsal);
    free(pace->running);
    free(pace);
}

/* ---- what runs ---- */

static cli_running *find(const cli_pace *pace, uint64_t trial) {
    for (size_t i = 0; i < pace->count; i++)
        if (pace->running[i].trial == trial) return &pace->running[i];
    return NULL;
}

static void drop_ended(cli_pace *pace, hpo_view view) {
    size_t kept = 0;
    for (size_t i = 0; i < pace->count; i++) {
        if (hpo_view_trial(view, pace->running[i].trial).state == HPO_TRIAL_RUNNING)
            pace->running[kept++] = pace->running[i];
    }
    pace->count = kept;
}

static void add_running(cli_pace *pace, const hpo_trial *trial, double now) {
    cli_running *known = find(pace, trial->id);
    if (known && known->evals == trial->n_evals) return;
    if (!known && pace->count == MOST_FOLLOWED) return;
    if (!known) {
        BASE_GROW(pace->running, pace->capacity, pace->count + 1);
        known = &pace->running[pace->count++];
    }
    *known = (cli_running){.trial = trial->id, .evals = trial->n_evals, .since = now};
}

static void add_ended(cli_pace *pace, const hpo_trial *trial, uint64_t event) {
    for (size_t i = trial->n_evals; i-- > 0 && trial->evals[i].event >= event;) {
        const hpo_eval *eval = &trial->evals[i];
        if (eval->event != event || !(eval->seconds > 0) || !(eval->cost > 0)) continue;
        pace->seconds += eval->seconds;
        pace->cost += eval->cost;
    }
}

static void follow(cli_pace *pace, hpo_view view, double now) {
    drop_ended(pace, view);
    for (; pace->followed < view.as_of; pace->followed++) {
        const hpo_trial trial = hpo_view_trial(view, hpo_view_event_trial(view, pace->followed));
        add_ended(pace, &trial, pace->followed);
        if (trial.state == HPO_TRIAL_RUNNING) add_running(pace, &trial, now);
    }
}

const cli_running *cli_pace_follow(cli_pace *pace, const hpo_progress *now, size_t *count) {
    follow(pace, hpo_study_view(now->study), now->elapsed);
    *count = pace->count;
    return pace->running;
}

/* ---- how long ---- */

const hpo_report *cli_last_report(const hpo_trial *trial) {
    const hpo_report *last = trial->n_reports ? &trial->reports[trial->n_reports - 1] : NULL;
    const bool old = last && trial->n_evals > 0 && last->event < trial->evals[trial->n_evals - 1].event;
    return old ? NULL : last;
}

/* Charged, and what running evaluations have done of theirs. */
static double work_done(const cli_pace *pace, const hpo_progress *now, hpo_view view) {
    double work = hpo_view_cost(view);
    const double per_second = pace->seconds > 0 ? pace->cost / pace->seconds : 0;
    for (size_t i = 0; i < pace->count; i++) {
        const hpo_trial trial = hpo_view_trial(view, pace->running[i].trial);
        const double whole = hpo_study_cost(now->study, &trial, trial.from, trial.fidelity, true);
        const hpo_report *last = cli_last_report(&trial);
        const double told = last ? hpo_study_cost(now->study, &trial, trial.from, last->step, false) : 0;
        work += fmax(told, fmin(whole, (now->elapsed - pace->running[i].since) * per_second));
    }
    return work;
}

static void rehearse(cli_pace *pace, const hpo_progress *now) {
    size_t workers = now->workers > now->workers_lost ? now->workers - now->workers_lost : 1;
    base_err ignored;
    if (pace->spec->workers > 0 && workers > pace->spec->workers) workers = (size_t)pace->spec->workers;
    if (workers == pace->rehearsed_for) return;
    pace->rehearsed_for = workers;
    hpo_rehearsal_fini(&pace->rehearsal);
    (void)!hpo_study_rehearse(pace->spec, workers, &pace->rehearsal, &ignored);
}

/* How far the study's plan is; *end: of the plan, 0 where there is none. */
static double planned_time(cli_pace *pace, const hpo_progress *now, hpo_view view, double *end) {
    rehearse(pace, now);
    *end = hpo_rehearsal_end(&pace->rehearsal);
    if (!(*end > 0)) return 0;
    const double by_work = hpo_rehearsal_time(&pace->rehearsal, work_done(pace, now, view));
    if (!(pace->spec->scheduler->flags & HPO_SCHEDULER_ASYNCHRONOUS) || pace->spec->budget.trials == 0) return by_work;
    /* How many of them an asynchronous scheduler promotes hangs on the results. */
    return (by_work + hpo_rehearsal_time_of_trials(&pace->rehearsal, (double)hpo_view_trials(view))) / 2;
}

/* By the fraction of the budget. */
static double paced_left(const hpo_progress *now, double done, double budget) {
    return budget > 0 && done > 0 ? now->elapsed * fmax(budget - done, 0) / done : INFINITY;
}

static double ended_trials(hpo_view view) {
    return (double)(hpo_view_trials(view) - hpo_view_count(view, HPO_TRIAL_RUNNING));
}

bool cli_pace_left(cli_pace *pace, const hpo_progress *now, double *left, bool *exact) {
    const hpo_budget *budget = &pace->spec->budget;
    const hpo_view view = hpo_study_view(now->study);
    const double wall = budget->time > 0 ? budget->time - now->elapsed : INFINITY;
    double end;
    const double at = planned_time(pace, now, view, &end);
    double guess = at > 0 ? now->elapsed * (end - at) / at : INFINITY;
    if (!(end > 0)) {
        guess = fmin(paced_left(now, ended_trials(view), (double)budget->trials),
                     paced_left(now, hpo_view_cost(view), budget->cost));
    }
    if (budget->metric) guess = fmin(guess, paced_left(now, hpo_study_spent(now->study, NULL), budget->metric_max));
    *exact = wall <= guess;
    *left = fmax(fmin(wall, guess), 0);
    return isfinite(*left) && *left > 0;
}

double cli_pace_share(cli_pace *pace, const hpo_progress *now) {
    const hpo_budget *budget = &pace->spec->budget;
    const hpo_view view = hpo_study_view(now->study);
    double end, share = 0;
    const double at = planned_time(pace, now, view, &end);
    if (end > 0) {
        share = at / end;
    } else {
        if (budget->trials > 0) share = ended_trials(view) / (double)budget->trials;
        if (budget->cost > 0) share = fmax(share, hpo_view_cost(view) / budget->cost);
    }
    if (budget->time > 0) share = fmax(share, now->elapsed / budget->time);
    if (budget->metric) share = fmax(share, hpo_study_spent(now->study, NULL) / budget->metric_max);
    return fmin(share, 1);
}

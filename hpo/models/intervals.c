/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/models/intervals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* The last success of the first n evaluations, at no more than a fidelity. */
static const hpo_eval *success_of(const hpo_trial *trial, size_t n, double most) {
    while (n > 0 && (trial->evals[n - 1].failure != HPO_FAILURE_NONE || trial->evals[n - 1].fidelity > most)) n--;
    return n > 0 ? &trial->evals[n - 1] : NULL;
}

/* Where training stood before evaluation n: at an earlier one of the trial, or where its parent was left. */
static const hpo_eval *state_before(hpo_view view, const hpo_trial *trial, size_t n) {
    const hpo_eval *own = success_of(trial, n, (double)INFINITY);
    if (own || trial->parent == UINT64_MAX) return own;
    const hpo_trial parent = hpo_view_trial(view, trial->parent);
    return success_of(&parent, parent.n_evals, trial->inherited);
}

static int by_end(const void *a, const void *b) {
    const uint64_t x = ((const hpo_interval *)a)->after->event, y = ((const hpo_interval *)b)->after->event;
    return (x > y) - (x < y);
}

static void read_trial(hpo_intervals *intervals, hpo_view view, const hpo_trial *trial) {
    for (size_t e = 0; e < trial->n_evals; e++) {
        const hpo_eval *after = &trial->evals[e], *before = state_before(view, trial, e);
        if (!before || !(after->fidelity > before->fidelity)) continue;
        BASE_GROW(intervals->ended, intervals->capacity, intervals->n + 1);
        intervals->ended[intervals->n++] = (hpo_interval){trial->id, after->rung, before, after};
    }
    const hpo_eval *before = trial->state == HPO_TRIAL_RUNNING ? state_before(view, trial, trial->n_evals) : NULL;
    if (!before) return;
    BASE_GROW(intervals->running, intervals->running_capacity, intervals->n_running + 1);
    intervals->running[intervals->n_running++] = (hpo_interval){trial->id, trial->rung, before, NULL};
}

void hpo_intervals_collect(hpo_intervals *intervals, hpo_view view, size_t newest) {
    intervals->n = intervals->n_running = 0;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        read_trial(intervals, view, &trial);
    }
    if (intervals->n == 0) return;
    qsort(intervals->ended, intervals->n, sizeof *intervals->ended, by_end);
    if (intervals->n <= newest) return;
    memmove(intervals->ended, intervals->ended + (intervals->n - newest), newest * sizeof *intervals->ended);
    intervals->n = newest;
}

void hpo_intervals_fini(hpo_intervals *intervals) {
    free(intervals->ended);
    free(intervals->running);
    *intervals = (hpo_intervals){0};
}

const hpo_eval *hpo_interval_state(hpo_view view, uint64_t trial) {
    const hpo_trial of = hpo_view_trial(view, trial);
    return success_of(&of, of.n_evals, (double)INFINITY);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trial's reports are only ever added to: while the view grows, what was read of them stays true. */
#include "hpo/schedulers/progress.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "hpo/schedulers/curves.h"

static const hpo_progress beginning = {.before = -INFINITY, .step = -INFINITY, .best = INFINITY};

hpo_progress *hpo_progress_of(hpo_progresses *all, hpo_view view, const hpo_trial *trial) {
    const bool grown = view.history == all->view.history && view.as_of >= all->view.as_of;
    if (!grown) all->count = 0;
    all->view = view;
    BASE_GROW(all->trials, all->capacity, (size_t)trial->id + 1);
    while (all->count <= trial->id) all->trials[all->count++] = beginning;
    return &all->trials[trial->id];
}

const hpo_report *hpo_progress_next(hpo_progress *progress, const hpo_trial *trial) {
    if (progress->read >= trial->n_reports) return NULL;
    progress->before = progress->step;
    return hpo_curve_next(trial, &progress->read, &progress->step);
}

void hpo_progresses_fini(hpo_progresses *all) {
    free(all->trials);
    *all = (hpo_progresses){0};
}

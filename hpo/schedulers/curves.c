/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For every step that was asked about, the values of all complete trials there in two heaps that meet at the quantile:
 * asking again is O(1), a trial that completes costs O(log n) per step. A step that is new is worked out from all
 * complete trials once; when there are too many different steps all are forgotten, and worked out again when asked for.
 *
 * Losses that are no numbers are left out of a trial's mean, and a trial without any is left out of the quantile, as is
 * one that turned out to be infeasible: however good, it is nothing that others have to be as good as. */
#include "hpo/schedulers/curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/schedulers/top_share.h"

enum { MAX_COLUMNS = 4096 };

typedef struct column {
    double step;
    hpo_top_share values;
} column;

struct hpo_curves {
    hpo_curve_kind kind;
    double share;
    column *columns; /* by step */
    size_t n_columns, columns_capacity;
    uint64_t *complete; /* trials */
    size_t n_complete, complete_capacity;
    hpo_view view; /* what has been read */
};

hpo_curves *hpo_curves_create(hpo_curve_kind kind, double share) {
    hpo_curves *curves = base_calloc(1, sizeof *curves);
    curves->kind = kind;
    curves->share = share;
    return curves;
}

static void forget_columns(hpo_curves *curves) {
    for (size_t i = 0; i < curves->n_columns; i++) hpo_top_share_fini(&curves->columns[i].values);
    curves->n_columns = 0;
}

void hpo_curves_destroy(hpo_curves *curves) {
    if (!curves) return;
    forget_columns(curves);
    free(curves->columns);
    free(curves->complete);
    free(curves);
}

/* ---- one trial ---- */

const hpo_report *hpo_curve_next(const hpo_trial *trial, size_t *at, double *step) {
    while (*at < trial->n_reports) {
        const hpo_report *report = &trial->reports[(*at)++];
        if (!(report->step > *step)) continue;
        *step = report->step;
        return report;
    }
    return NULL;
}

/* A value that is carried from step to step. */
typedef struct walk {
    size_t at, count;
    double step, sum, last;
} walk;

static bool walk_to(walk *w, const hpo_trial *trial, hpo_curve_kind kind, double step, double *out) {
    for (;;) {
        walk ahead = *w;
        const hpo_report *report = hpo_curve_next(trial, &ahead.at, &ahead.step);
        if (!report || report->step > step) break;
        if (isfinite(report->loss)) {
            ahead.count++;
            ahead.sum += report->loss;
            ahead.last = report->loss;
        }
        *w = ahead;
    }
    if (w->count == 0) return false;
    *out = kind == HPO_CURVE_MEAN ? w->sum / (double)w->count : w->last;
    return true;
}

bool hpo_curve_value(const hpo_trial *trial, hpo_curve_kind kind, double step, double *out) {
    walk w = {.step = -INFINITY};
    return walk_to(&w, trial, kind, step, out);
}

/* ---- all of them ---- */

/* How far up the sorted values the quantile lies: between two of them. */
static double position(const hpo_curves *curves, size_t count) {
    return (double)(count - 1) * curves->share;
}

static void add(const hpo_curves *curves, column *c, uint64_t trial, double value) {
    const size_t below = (size_t)position(curves, hpo_top_share_count(&c->values) + 1);
    hpo_top_share_add(&c->values, (hpo_member){.trial = trial, .loss = value}, below + 1);
}

static void take_complete(hpo_curves *curves, const hpo_trial *trial) {
    BASE_GROW(curves->complete, curves->complete_capacity, curves->n_complete + 1);
    curves->complete[curves->n_complete++] = trial->id;
    walk w = {.step = -INFINITY};
    for (size_t i = 0; i < curves->n_columns; i++) {
        double value;
        column *c = &curves->columns[i];
        if (walk_to(&w, trial, curves->kind, c->step, &value)) add(curves, c, trial->id, value);
    }
}

static void follow(hpo_curves *curves, hpo_view view) {
    const bool grown = view.history == curves->view.history && view.as_of >= curves->view.as_of;
    if (!grown) {
        forget_columns(curves);
        curves->n_complete = 0;
        curves->view = (hpo_view){0};
    }
    for (uint64_t event = curves->view.as_of; event < view.as_of; event++) {
        const hpo_trial trial = hpo_view_trial(view, hpo_view_event_trial(view, event));
        const hpo_eval *last = trial.n_evals > 0 ? &trial.evals[trial.n_evals - 1] : NULL;
        if (trial.state != HPO_TRIAL_COMPLETE || last->event != event || !hpo_eval_is_feasible(last)) continue;
        take_complete(curves, &trial);
    }
    curves->view = view;
}

/* The first column at or after the step. */
static size_t find(const hpo_curves *curves, double step) {
    size_t low = 0, high = curves->n_columns;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (curves->columns[middle].step < step) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static column *column_at(hpo_curves *curves, hpo_view view, double step) {
    if (curves->n_columns == MAX_COLUMNS) forget_columns(curves);
    const size_t at = find(curves, step);
    if (at < curves->n_columns && curves->columns[at].step == step) return &curves->columns[at];
    BASE_GROW(curves->columns, curves->columns_capacity, curves->n_columns + 1);
    column *c = &curves->columns[at];
    memmove(c + 1, c, (curves->n_columns++ - at) * sizeof *c);
    c->step = step;
    hpo_top_share_init(&c->values, 1);
    for (size_t i = 0; i < curves->n_complete; i++) {
        double value;
        const hpo_trial trial = hpo_view_trial(view, curves->complete[i]);
        if (hpo_curve_value(&trial, curves->kind, step, &value)) add(curves, c, trial.id, value);
    }
    return c;
}

bool hpo_curves_quantile(hpo_curves *curves, hpo_view view, double step, uint64_t min_trials, double *out) {
    follow(curves, view);
    const hpo_top_share *values = &column_at(curves, view, step)->values;
    const size_t count = hpo_top_share_count(values);
    if (count < min_trials) return false;
    const double at = position(curves, count), part = at - floor(at), below = values->inside.items[0].loss;
    *out = part > 0 ? below + part * (values->outside.items[0].loss - below) : below;
    return true;
}

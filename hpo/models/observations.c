/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A log of results in the order of their events, and row sets cut from it, each filled as far as it was asked for.
 *
 * The log only grows with the view, so a set that has taken the first k entries stays right; only a trial's last result
 * (HPO_DATA_LAST) is overwritten, in the row that its first one got. Nothing depends on how the view grew: new entries
 * are sorted by event before they are appended.
 *
 * Where a stopping rule ends trials by their reports, those that end at a step are the worse ones: a model of them
 * alone would be a model of what is bad. So at such a step the reports of the trials that went on count as well. A new
 * one of these steps changes the log's past, which is then read again. */
#include "hpo/models/observations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { MAX_STOPS = 64 }; /* steps in the unit of the clock, say, are never met by two trials */

typedef struct entry {
    uint64_t event, trial;
    double loss, fidelity;
    const double *goals; /* the history's, as the next */
    const double *excess;
    bool passing; /* a report of a trial that went on: a row of its level only */
} entry;

/* A trial that may still get results. */
typedef struct open_trial {
    uint64_t id;
    size_t seen, seen_reports; /* evaluations and reports that were looked at */
    bool stopped;              /* by a report, when it was looked at: only a late result can follow */
} open_trial;

typedef struct row_set {
    size_t taken; /* entries of the log that were looked at */
    size_t n, capacity, n_failed;
    double *unit, *loss, *fidelity;
    const double **goals, **excess;
    uint64_t *trial;
} row_set;

typedef struct level {
    double fidelity;
    size_t results, failed;
    row_set rows;
    uint64_t *promoted; /* trials with a row, by the event of their next one, which is of a higher level */
    size_t n_promoted, promoted_capacity;
} level;

struct hpo_observations {
    const hpo_space *space;
    size_t dims;
    hpo_view view;
    double *units;   /* by trial */
    double *reached; /* by trial: the highest fidelity of a row */
    size_t n_trials, units_capacity, reached_capacity;
    open_trial *open; /* by id */
    size_t n_open, open_capacity;
    entry *log;
    size_t n_log, log_capacity;
    double stops[MAX_STOPS]; /* steps at which reports ended trials, the first ones */
    size_t n_stops;
    level *levels; /* highest fidelity first */
    size_t n_levels, levels_capacity;
    row_set joint, last;
    size_t *last_row; /* by trial: its row in last, plus 1 */
    size_t last_row_capacity, n_last_row;
    row_set pending; /* without losses */
    bool *pending_known;
    size_t pending_known_capacity;
    row_set unknown; /* those of them that have no result on the level that was asked for last */
    bool *unknown_known;
    size_t unknown_known_capacity;
};

hpo_observations *hpo_observations_create(const hpo_space *space) {
    hpo_observations *o = base_calloc(1, sizeof *o);
    o->space = space;
    o->dims = hpo_space_dims(space);
    return o;
}

static void row_set_fini(row_set *rows) {
    free(rows->unit);
    free(rows->loss);
    free(rows->fidelity);
    free(rows->goals);
    free(rows->excess);
    free(rows->trial);
    *rows = (row_set){0};
}

static void row_set_reserve(row_set *rows, size_t dims, size_t need) {
    size_t capacity = rows->capacity;
    const size_t width = (dims > 0 ? dims : 1) * sizeof *rows->unit;
    void *unit = rows->unit;
    base_grow_bytes(&unit, &capacity, need, width);
    rows->unit = unit;
    /* The rule of growth sees only the capacity, so all arrays get the same one. */
    capacity = rows->capacity;
    BASE_GROW(rows->loss, capacity, need);
    capacity = rows->capacity;
    BASE_GROW(rows->fidelity, capacity, need);
    capacity = rows->capacity;
    BASE_GROW(rows->goals, capacity, need);
    capacity = rows->capacity;
    BASE_GROW(rows->excess, capacity, need);
    capacity = rows->capacity;
    BASE_GROW(rows->trial, capacity, need);
    rows->capacity = capacity;
}

static void forget_results(hpo_observations *o) {
    for (size_t i = 0; i < o->n_levels; i++) {
        row_set_fini(&o->levels[i].rows);
        free(o->levels[i].promoted);
    }
    row_set_fini(&o->joint);
    row_set_fini(&o->last);
    o->n_levels = o->n_log = o->n_open = o->n_trials = o->n_last_row = 0;
}

void hpo_observations_forget(hpo_observations *o) {
    forget_results(o);
    o->n_stops = 0;
    o->view = (hpo_view){0};
}

void hpo_observations_destroy(hpo_observations *o) {
    if (!o) return;
    hpo_observations_forget(o);
    free(o->units);
    free(o->reached);
    free(o->open);
    free(o->log);
    free(o->levels);
    free(o->last_row);
    row_set_fini(&o->pending);
    free(o->pending_known);
    row_set_fini(&o->unknown);
    free(o->unknown_known);
    free(o);
}

/* ---- the log ---- */

static void append_entry(hpo_observations *o, entry e) {
    if (!isfinite(e.loss)) e.loss = (double)INFINITY;
    BASE_GROW(o->log, o->log_capacity, o->n_log + 1);
    o->log[o->n_log++] = e;
}

static int by_event(const void *a, const void *b) {
    const entry *x = a, *y = b;
    return x->event < y->event ? -1 : x->event > y->event;
}

/* The place of a fidelity among the levels, or where it would be. */
static size_t level_place(const hpo_observations *o, double fidelity) {
    size_t low = 0, high = o->n_levels;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (o->levels[middle].fidelity > fidelity) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_level(const hpo_observations *o, size_t place, double fidelity) {
    return place < o->n_levels && o->levels[place].fidelity == fidelity;
}

static void count_in_level(hpo_observations *o, const entry *e) {
    const size_t place = level_place(o, e->fidelity);
    if (!has_level(o, place, e->fidelity)) {
        BASE_GROW(o->levels, o->levels_capacity, o->n_levels + 1);
        memmove(o->levels + place + 1, o->levels + place, (o->n_levels - place) * sizeof *o->levels);
        o->levels[place] = (level){.fidelity = e->fidelity};
        o->n_levels++;
    }
    o->levels[place].results++;
    o->levels[place].failed += isfinite(e->loss) ? 0 : 1;
}

/* A trial whose last row was on a lower level has been promoted from there. */
static void note_promotion(hpo_observations *o, const entry *e) {
    const double from = o->reached[e->trial];
    if (e->fidelity <= from) return;
    o->reached[e->trial] = e->fidelity;
    if (isinf(from)) return;
    level *l = &o->levels[level_place(o, from)];
    BASE_GROW(l->promoted, l->promoted_capacity, l->n_promoted + 1);
    l->promoted[l->n_promoted++] = e->trial;
}

/* Whether a report ended the trial: then no evaluation comes after its last report. */
static bool stopped_by_report(const hpo_trial *trial) {
    if (trial->state != HPO_TRIAL_STOPPED || trial->n_reports == 0) return false;
    return trial->n_evals == 0 || trial->evals[trial->n_evals - 1].event < trial->reports[trial->n_reports - 1].event;
}

static bool is_stop(const hpo_observations *o, double step) {
    for (size_t i = 0; i < o->n_stops; i++) {
        if (o->stops[i] == step) return true;
    }
    return false;
}

/* Whether a report stands for its trial at its step: the first one there, of a trial that is not evaluated there. */
static bool counts(const hpo_observations *o, const hpo_trial *trial, size_t number) {
    const double step = trial->reports[number].step;
    if (!is_stop(o, step) || trial->fidelity == step) return false;
    for (size_t i = 0; i < trial->n_evals; i++) {
        if (trial->evals[i].fidelity == step) return false;
    }
    for (size_t i = 0; i < number; i++) {
        if (trial->reports[i].step == step) return false;
    }
    return true;
}

static void take_results(hpo_observations *o, open_trial *open, const hpo_trial *trial) {
    for (; open->seen < trial->n_evals; open->seen++) {
        const hpo_eval *eval = &trial->evals[open->seen];
        append_entry(
            o, (entry){eval->event, trial->id, eval->loss, eval->fidelity, eval->goals, hpo_eval_excess(eval), false});
    }
    const bool stopped = stopped_by_report(trial);
    for (; open->seen_reports < trial->n_reports; open->seen_reports++) {
        const hpo_report *report = &trial->reports[open->seen_reports];
        const bool last = stopped && open->seen_reports + 1 == trial->n_reports;
        if (!last && !counts(o, trial, open->seen_reports)) continue;
        append_entry(o, (entry){report->event, trial->id, report->loss, report->step, report->goals,
                                hpo_report_excess(report), !last});
    }
}

/* The steps at which trials ended since the last time, in the order of events; true: one of them is new. */
static bool learn_stops(hpo_observations *o, hpo_view view) {
    entry *ends = NULL;
    const size_t old = o->n_stops;
    size_t n = 0, capacity = 0;
    for (size_t i = 0; i < o->n_open; i++) {
        const hpo_trial trial = hpo_view_trial(view, o->open[i].id);
        if (!stopped_by_report(&trial)) continue;
        BASE_GROW(ends, capacity, n + 1);
        const hpo_report *report = &trial.reports[trial.n_reports - 1];
        ends[n++] = (entry){.event = report->event, .fidelity = report->step};
    }
    if (n > 1) qsort(ends, n, sizeof *ends, by_event);
    for (size_t i = 0; i < n && o->n_stops < MAX_STOPS; i++) {
        if (!is_stop(o, ends[i].fidelity)) o->stops[o->n_stops++] = ends[i].fidelity;
    }
    free(ends);
    return o->n_stops > old;
}

static void append_row(const hpo_observations *o, row_set *rows, const entry *e) {
    const uint64_t trial = e->trial;
    row_set_reserve(rows, o->dims, rows->n + 1);
    const size_t row = rows->n++;
    memcpy(rows->unit + row * o->dims, o->units + trial * o->dims, o->dims * sizeof *rows->unit);
    rows->trial[row] = trial;
    rows->loss[row] = e->loss;
    rows->fidelity[row] = e->fidelity;
    rows->goals[row] = e->goals;
    rows->excess[row] = e->excess;
    rows->n_failed += isfinite(e->loss) ? 0 : 1;
}

static void add_pending(hpo_observations *o, const hpo_trial *trial) {
    append_row(o, &o->pending, &(entry){.trial = trial->id, .fidelity = trial->fidelity});
    BASE_GROW(o->pending_known, o->pending_known_capacity, o->pending.n);
    o->pending_known[o->pending.n - 1] = trial->n_evals > 0;
}

static void meet_trials(hpo_observations *o, hpo_view view) {
    const uint64_t count = hpo_view_trials(view);
    BASE_GROW(o->units, o->units_capacity, count * o->dims + 1);
    BASE_GROW(o->reached, o->reached_capacity, count + 1);
    BASE_GROW(o->open, o->open_capacity, o->n_open + (count - o->n_trials));
    for (; o->n_trials < count; o->n_trials++) {
        hpo_space_to_unit(o->space, hpo_view_trial(view, o->n_trials).config, o->units + o->n_trials * o->dims);
        o->reached[o->n_trials] = -(double)INFINITY;
        o->open[o->n_open++] = (open_trial){.id = o->n_trials};
    }
}

/* A trial that had been stopped has a result after all: what its last report stood for is not true any more. */
static bool has_revived(const hpo_observations *o, hpo_view view) {
    for (size_t i = 0; i < o->n_open; i++) {
        const open_trial *open = &o->open[i];
        if (open->stopped && hpo_view_trial(view, open->id).n_evals > open->seen) return true;
    }
    return false;
}

static void follow(hpo_observations *o, hpo_view view) {
    const bool same_history = view.history == o->view.history;
    if (same_history && view.as_of == o->view.as_of) return;
    if (!same_history || view.as_of < o->view.as_of || has_revived(o, view)) hpo_observations_forget(o);
    o->view = view;
    meet_trials(o, view);
    if (learn_stops(o, view)) {
        forget_results(o);
        meet_trials(o, view);
    }
    o->pending.n = 0;
    const size_t old = o->n_log;
    size_t still_open = 0;
    for (size_t i = 0; i < o->n_open; i++) {
        open_trial open = o->open[i];
        const hpo_trial trial = hpo_view_trial(view, open.id);
        take_results(o, &open, &trial);
        if (trial.state == HPO_TRIAL_RUNNING) add_pending(o, &trial);
        open.stopped = trial.open;
        const bool may_go_on = trial.state == HPO_TRIAL_RUNNING || trial.state == HPO_TRIAL_PAUSED || trial.open;
        if (may_go_on) o->open[still_open++] = open;
    }
    o->n_open = still_open;
    if (o->n_log > old + 1) qsort(o->log + old, o->n_log - old, sizeof *o->log, by_event);
    for (size_t i = old; i < o->n_log; i++) {
        count_in_level(o, &o->log[i]);
        note_promotion(o, &o->log[i]);
    }
}

/* ---- sets of rows ---- */

static void fill_joint(hpo_observations *o) {
    for (; o->joint.taken < o->n_log; o->joint.taken++) {
        const entry *e = &o->log[o->joint.taken];
        if (!e->passing) append_row(o, &o->joint, e);
    }
}

static void fill_level(hpo_observations *o, level *l) {
    for (; l->rows.taken < o->n_log; l->rows.taken++) {
        const entry *e = &o->log[l->rows.taken];
        if (e->fidelity == l->fidelity) append_row(o, &l->rows, e);
    }
}

static void fill_last(hpo_observations *o) {
    BASE_GROW(o->last_row, o->last_row_capacity, o->n_trials);
    while (o->n_last_row < o->n_trials) o->last_row[o->n_last_row++] = 0;
    row_set *rows = &o->last;
    for (; rows->taken < o->n_log; rows->taken++) {
        const entry *e = &o->log[rows->taken];
        if (e->passing) continue;
        if (o->last_row[e->trial] == 0) {
            append_row(o, rows, e);
            o->last_row[e->trial] = rows->n;
            continue;
        }
        const size_t row = o->last_row[e->trial] - 1;
        rows->n_failed += isfinite(e->loss) ? 0 : 1; /* what failed is not evaluated again */
        rows->loss[row] = e->loss;
        rows->fidelity[row] = e->fidelity;
        rows->goals[row] = e->goals;
        rows->excess[row] = e->excess;
    }
}

static level *find_level(const hpo_observations *o, const hpo_data_query *query) {
    if (query->policy == HPO_DATA_AT) {
        const size_t place = level_place(o, query->fidelity);
        return has_level(o, place, query->fidelity) ? &o->levels[place] : NULL;
    }
    for (size_t i = 0; i < o->n_levels; i++) {
        const level *l = &o->levels[i];
        if (l->results - (query->only_successes ? l->failed : 0) >= query->needed) return &o->levels[i];
    }
    return NULL;
}

static bool has_row_at(const hpo_observations *o, uint64_t id, double fidelity) {
    const hpo_trial trial = hpo_view_trial(o->view, id);
    for (size_t i = 0; i < trial.n_evals; i++) {
        if (trial.evals[i].fidelity == fidelity) return true;
    }
    for (size_t i = 0; i < trial.n_reports; i++) {
        if (trial.reports[i].step == fidelity && counts(o, &trial, i)) return true;
    }
    return false;
}

/* Running trials but for those that have a row on the level: they are beyond it. NaN: on any. */
static void fill_unknown(hpo_observations *o, double fidelity) {
    o->unknown.n = 0;
    for (size_t i = 0; i < o->pending.n; i++) {
        const uint64_t id = o->pending.trial[i];
        if (isnan(fidelity) ? o->pending_known[i] : has_row_at(o, id, fidelity)) continue;
        append_row(o, &o->unknown, &(entry){.trial = id, .fidelity = o->pending.fidelity[i]});
        BASE_GROW(o->unknown_known, o->unknown_known_capacity, o->unknown.n);
        o->unknown_known[o->unknown.n - 1] = o->pending_known[i];
    }
}

/* Where fidelities are means over more and more evaluations, the last result of each trial is a row of the only level
 * that there is, once there are enough. */
static bool are_enough(const hpo_observations *o, const hpo_data_query *query) {
    const size_t n = o->last.n - (query->only_successes ? o->last.n_failed : 0);
    return query->policy != HPO_DATA_HIGHEST || n >= query->needed;
}

hpo_dataset hpo_observations_collect(hpo_observations *o, hpo_view view, const hpo_data_query *query) {
    follow(o, view);
    static const row_set none;
    const row_set *rows = &none, *pending = &o->pending;
    const bool *known = o->pending_known;
    double fidelity = (double)NAN;
    if (hpo_view_averages(view)) {
        fill_last(o);
        if (are_enough(o, query)) rows = &o->last;
        fill_unknown(o, fidelity);
        pending = &o->unknown;
        known = o->unknown_known;
    } else if (query->policy == HPO_DATA_JOINT) {
        fill_joint(o);
        rows = &o->joint;
    } else if (query->policy == HPO_DATA_LAST) {
        fill_last(o);
        rows = &o->last;
    } else {
        level *l = find_level(o, query);
        if (l) {
            fill_level(o, l);
            rows = &l->rows;
            fidelity = l->fidelity;
            fill_unknown(o, fidelity);
            pending = &o->unknown;
            known = o->unknown_known;
        }
    }
    return (hpo_dataset){
        .dims = o->dims,
        .n = rows->n,
        .unit = rows->unit,
        .loss = rows->loss,
        .fidelity = rows->fidelity,
        .goals = rows->goals,
        .excess = rows->excess,
        .trial = rows->trial,
        .n_failed = rows->n_failed,
        .level = fidelity,
        .n_pending = pending->n,
        .pending_unit = pending->unit,
        .pending_fidelity = pending->fidelity,
        .pending_trial = pending->trial,
        .pending_known = known,
        .n_trials = o->n_trials,
        .trial_unit = o->units,
    };
}

size_t hpo_observations_levels(const hpo_observations *o) {
    return o->n_levels;
}

hpo_promotions hpo_observations_promotions(const hpo_observations *o, size_t place) {
    const level *l = &o->levels[place];
    return (hpo_promotions){.fidelity = l->fidelity, .trials = l->promoted, .count = l->n_promoted};
}

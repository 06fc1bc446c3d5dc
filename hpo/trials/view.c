/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a history through views.
 *
 * A decision must be computable again from what was known when it was made, so every getter answers for any number of
 * records, not only for the newest. Lists are ordered by event: a view of the past is a prefix of each, found by
 * binary search. Sums and the incumbent are looked up in the log of their changes, never added up again, so that they
 * are bit-equal to what the newest view said at that time. */
#include <math.h>

#include "hpo/trials/history_data.h"

const char *hpo_trial_state_text(hpo_trial_state state) {
    static const char *const words[] = {
        [HPO_TRIAL_RUNNING] = "running", [HPO_TRIAL_PAUSED] = "paused", [HPO_TRIAL_COMPLETE] = "complete",
        [HPO_TRIAL_STOPPED] = "stopped", [HPO_TRIAL_FAILED] = "failed",
    };
    BASE_ASSERT((size_t)state < sizeof words / sizeof *words);
    return words[state];
}

hpo_view hpo_history_view(const hpo_history *history) {
    return (hpo_view){.history = history, .as_of = history->events};
}

hpo_view hpo_history_at(const hpo_history *history, uint64_t as_of) {
    return (hpo_view){.history = history, .as_of = as_of < history->events ? as_of : history->events};
}

const hpo_space *hpo_history_space(const hpo_history *history) {
    return history->space;
}

double hpo_history_max_fidelity(const hpo_history *history) {
    return history->max_fidelity;
}

uint64_t hpo_view_event_trial(hpo_view view, uint64_t event) {
    BASE_ASSERT(event < view.as_of);
    return view.history->event_trials[event];
}

/* Number of elements whose event (the uint64_t at their beginning) is below as_of. */
static size_t count_before(const void *elements, size_t count, size_t size, uint64_t as_of) {
    const char *bytes = elements;
    size_t low = 0;
    while (count > 0) {
        size_t half = count / 2;
        const uint64_t *event = (const void *)(bytes + (low + half) * size);
        if (*event < as_of) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}
#define COUNT_BEFORE(elements, count, as_of) count_before((elements), (count), sizeof *(elements), (as_of))

static bool is_newest(hpo_view view) {
    return view.as_of >= view.history->events;
}

uint64_t hpo_view_trials(hpo_view view) {
    const hpo_history *history = view.history;
    if (is_newest(view)) return history->n_trials;
    size_t low = 0, count = history->n_trials;
    while (count > 0) {
        size_t half = count / 2;
        if (history->trials[low + half].spans[0].event < view.as_of) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

/* The last span that had begun. */
static const hist_span *last_span(const hist_trial *trial, uint64_t as_of) {
    size_t count = trial->n_spans;
    while (count > 1 && trial->spans[count - 1].event >= as_of) count--;
    return &trial->spans[count - 1];
}

static bool is_open(const hist_trial *trial, const hist_span *last, uint64_t as_of) {
    return last->end < as_of && trial->closed >= as_of;
}

static hpo_trial_state state_at(const hist_trial *trial, const hist_span *last, uint64_t as_of) {
    if (trial->closed < as_of) return HPO_TRIAL_STOPPED;
    return last->end < as_of ? (hpo_trial_state)last->end_state : HPO_TRIAL_RUNNING;
}

hpo_trial hpo_view_trial(hpo_view view, uint64_t id) {
    BASE_ASSERT(id < view.history->n_trials);
    const hist_trial *trial = &view.history->trials[id];
    BASE_ASSERT(trial->spans[0].event < view.as_of);
    bool newest = is_newest(view);
    const hist_span *span = newest ? &trial->spans[trial->n_spans - 1] : last_span(trial, view.as_of);
    return (hpo_trial){
        .id = id,
        .config = trial->config,
        .state = newest ? trial->state : state_at(trial, span, view.as_of),
        .open = span->open && is_open(trial, span, view.as_of),
        .bracket = trial->bracket,
        .rung = span->rung,
        .fidelity = span->fidelity,
        .from = span->from,
        .seed = trial->seed,
        .parent = trial->parent,
        .inherited = trial->spans[0].from,
        .created = trial->spans[0].event,
        .as_of = trial->as_of,
        .origin = trial->origin,
        .evals = trial->evals,
        .n_evals = newest ? trial->n_evals : COUNT_BEFORE(trial->evals, trial->n_evals, view.as_of),
        .reports = trial->reports,
        .n_reports = newest ? trial->n_reports : COUNT_BEFORE(trial->reports, trial->n_reports, view.as_of),
    };
}

bool hpo_view_averages(hpo_view view) {
    return view.history->averages;
}

const hpo_eval *hpo_view_settled(hpo_view view, uint64_t event, hpo_trial *trial) {
    const hpo_history *history = view.history;
    const uint64_t id = hpo_view_event_trial(view, event);
    *trial = hpo_view_trial(view, id);
    const hpo_eval *eval = hpo_trial_eval(trial, event);
    if (!history->averages) return eval;
    if (eval) return eval->failure || eval->fidelity >= history->max_fidelity ? eval : NULL;
    return history->trials[id].closed == event && trial->n_evals > 0 ? &trial->evals[trial->n_evals - 1] : NULL;
}

double hpo_view_level(hpo_view view, const hpo_eval *eval) {
    return view.history->averages ? view.history->max_fidelity : eval->fidelity;
}

const hpo_told *hpo_view_evals_told(hpo_view view, uint64_t id) {
    BASE_ASSERT(id < view.history->n_trials);
    return view.history->asides[id].evals;
}

const hpo_told *hpo_view_reports_told(hpo_view view, uint64_t id) {
    BASE_ASSERT(id < view.history->n_trials);
    return view.history->asides[id].reports;
}

const hpo_attempt *hpo_view_attempts(hpo_view view, uint64_t id, size_t *count) {
    BASE_ASSERT(id < view.history->n_trials);
    const hist_aside *aside = &view.history->asides[id];
    *count = is_newest(view) ? aside->n_attempts : COUNT_BEFORE(aside->attempts, aside->n_attempts, view.as_of);
    return aside->attempts;
}

uint64_t hpo_view_count(hpo_view view, hpo_trial_state state) {
    const hpo_history *history = view.history;
    if (is_newest(view)) return history->state_count[state];
    uint64_t trials = hpo_view_trials(view), count = 0;
    for (uint64_t id = 0; id < trials; id++) {
        const hist_trial *trial = &history->trials[id];
        count += state_at(trial, last_span(trial, view.as_of), view.as_of) == state;
    }
    return count;
}

const uint64_t *hpo_view_bracket(hpo_view view, uint32_t bracket, size_t *count) {
    *count = 0;
    if (bracket >= view.history->n_brackets) return NULL;
    const hist_bracket *list = &view.history->brackets[bracket];
    *count = is_newest(view) ? list->count : COUNT_BEFORE(list->ids, list->count, hpo_view_trials(view));
    return list->ids;
}

uint32_t hpo_view_brackets(hpo_view view) {
    const hpo_history *history = view.history;
    uint64_t trials = hpo_view_trials(view);
    size_t count = history->n_brackets;
    while (count > 0) {
        const hist_bracket *list = &history->brackets[count - 1];
        if (list->count > 0 && list->ids[0] < trials) break;
        count--;
    }
    return (uint32_t)count;
}

static const hist_charge *last_charge(hpo_view view) {
    const hpo_history *history = view.history;
    size_t count = history->n_charges;
    if (!is_newest(view)) count = COUNT_BEFORE(history->charges, count, view.as_of);
    return count ? &history->charges[count - 1] : NULL;
}

double hpo_view_cost(hpo_view view) {
    const hist_charge *last = last_charge(view);
    return last ? last->cost : 0;
}

double hpo_view_cost_from_scratch(hpo_view view) {
    const hist_charge *last = last_charge(view);
    return last ? last->from_scratch : 0;
}

/* The index names the first trial with a configuration, which decides for every view. */
bool hpo_view_has_config(hpo_view view, const double *config) {
    return hpo_history_find_config(view.history, config) < hpo_view_trials(view);
}

bool hpo_view_incumbent(hpo_view view, hpo_incumbent *out) {
    const hpo_history *history = view.history;
    size_t count = history->n_bests;
    if (!is_newest(view)) count = COUNT_BEFORE(history->bests, count, view.as_of);
    if (count == 0) return false;
    const hist_best *best = &history->bests[count - 1];
    *out = (hpo_incumbent){.trial = best->trial, .eval = &history->trials[best->trial].evals[best->eval]};
    return true;
}

const hpo_goal *hpo_view_goals(hpo_view view, size_t *count) {
    *count = view.history->n_goals;
    return view.history->goals;
}

hpo_constraints hpo_view_constraints(hpo_view view) {
    return (hpo_constraints){view.history->constraints, view.history->n_constraints};
}

/* Without a list there is one metric, which is the study's. */
double hpo_eval_metric(const hpo_eval *eval, const char *metric) {
    const double *value = eval->metrics ? hpo_metrics_get(eval->metrics, metric) : &eval->value;
    return value ? *value : (double)NAN;
}

void hpo_view_put_violations(hpo_view view, const hpo_eval *eval, base_buf *out) {
    const hpo_constraints constraints = hpo_view_constraints(view);
    const double *excess = hpo_eval_excess(eval);
    for (size_t c = 0, said = 0; excess && c < constraints.count; c++) {
        const hpo_constraint *constraint = &constraints.items[c];
        if (!(excess[1 + c] > 0)) continue;
        base_buf_printf(out, "%s%s %.6g (%s %.6g)", said++ > 0 ? ", " : "", constraint->metric,
                        hpo_eval_metric(eval, constraint->metric), constraint->is_max ? "max" : "min",
                        constraint->bound);
    }
}

uint64_t hpo_view_count_feasible(hpo_view view) {
    uint64_t count = 0;
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        size_t last = trial.n_evals;
        while (last > 0 && trial.evals[last - 1].failure != HPO_FAILURE_NONE) last--;
        count += last > 0 && hpo_eval_is_feasible(&trial.evals[last - 1]);
    }
    return count;
}

const hpo_front_entry *hpo_view_front_log(hpo_view view, size_t *count) {
    const hpo_history *history = view.history;
    *count = is_newest(view) ? history->n_fronts : COUNT_BEFORE(history->fronts, history->n_fronts, view.as_of);
    return history->fronts;
}

static hpo_incumbent front_member(const hpo_history *history, const hpo_front_entry *entry) {
    return (hpo_incumbent){.trial = entry->trial, .eval = &history->trials[entry->trial].evals[entry->eval]};
}

size_t hpo_view_front(hpo_view view, hpo_incumbent *out, size_t room) {
    const hpo_history *history = view.history;
    size_t entries, count = 0;
    hpo_incumbent best;
    if (history->n_goals == 1) {
        count = hpo_view_incumbent(view, &best) && hpo_eval_is_feasible(best.eval);
        if (count > 0 && room > 0) *out = best;
        return count;
    }
    if (is_newest(view)) {
        for (size_t i = 0; i < history->n_front && i < room; i++)
            out[i] = front_member(history, &history->fronts[history->front[i]]);
        return history->n_front;
    }
    const hpo_front_entry *log = hpo_view_front_log(view, &entries);
    for (size_t i = 0; i < entries; i++) {
        if (log[i].left < view.as_of) continue;
        if (count < room) out[count] = front_member(history, &log[i]);
        count++;
    }
    return count;
}

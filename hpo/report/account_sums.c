/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is counted and compared once a run has been read. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/report/account_impl.h"

/* ---- trials ---- */

/* Where a trial showed what it did at its highest fidelity: in one of the two, or, where nothing worked, neither. */
typedef struct source {
    const hpo_report *report;
    const hpo_eval *eval;
} source;

static source source_of(const hpo_trial *trial, double *fidelity) {
    const hpo_report *report = trial->n_reports > 0 ? &trial->reports[trial->n_reports - 1] : NULL;
    const hpo_eval *last = NULL;
    for (size_t i = 0; i < trial->n_evals; i++)
        if (trial->evals[i].failure == HPO_FAILURE_NONE) last = &trial->evals[i];
    const bool went_on = report && trial->state != HPO_TRIAL_FAILED && (!last || report->event > last->event);
    *fidelity = went_on ? report->step : last ? last->fidelity : NAN;
    return went_on ? (source){.report = report} : (source){.eval = last};
}

double hpo_account_value(const hpo_trial *trial, double *fidelity) {
    const source s = source_of(trial, fidelity);
    return s.report ? s.report->value : s.eval ? s.eval->value : NAN;
}

const double *hpo_account_values(const hpo_trial *trial, size_t n_goals, double *fidelity) {
    const source s = source_of(trial, fidelity);
    return s.report ? hpo_report_values(s.report, n_goals) : s.eval ? hpo_eval_values(s.eval, n_goals) : NULL;
}

bool hpo_account_is_alike(const hpo_account *a, const hpo_account *b) {
    return a->run.maximize == b->run.maximize && strcmp(a->run.metric, b->run.metric) == 0;
}

double hpo_account_seconds(const hpo_trial *trial) {
    double sum = 0;
    for (size_t i = 0; i < trial->n_evals; i++) sum += trial->evals[i].seconds;
    return sum;
}

double hpo_account_cost(const hpo_trial *trial) {
    double sum = 0;
    for (size_t i = 0; i < trial->n_evals; i++) sum += trial->evals[i].cost;
    return sum;
}

bool hpo_account_best(const hpo_account *a, uint64_t *trial, double *value, double *fidelity) {
    hpo_incumbent best;
    if (!isnan(a->recommended.mean)) {
        *trial = a->recommended.who.trial;
        *value = a->recommended.who.eval->value;
        *fidelity = a->recommended.who.eval->fidelity;
        return true;
    }
    if (hpo_view_incumbent(a->view, &best)) {
        *trial = best.trial;
        *value = best.eval->value;
        *fidelity = best.eval->fidelity;
        return true;
    }
    const hpo_eval *top = NULL;
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        const hpo_trial t = hpo_view_trial(a->view, id);
        for (size_t i = 0; i < t.n_evals; i++) {
            const hpo_eval *e = &t.evals[i];
            if (e->failure != HPO_FAILURE_NONE) continue;
            if (top && (e->fidelity < top->fidelity || (e->fidelity == top->fidelity && e->loss >= top->loss)))
                continue;
            top = e;
            *trial = id;
        }
    }
    if (!top) return false;
    *value = top->value;
    *fidelity = top->fidelity;
    return true;
}

/* ---- incumbents ---- */

static void find_steps(hpo_account *a) {
    uint64_t trials = 0;
    double best = INFINITY;
    size_t capacity = 0;
    hpo_step *steps = NULL;
    for (uint64_t event = 0; event < a->n_events; event++) {
        const uint64_t id = hpo_view_event_trial(a->view, event);
        if (id + 1 > trials) trials = id + 1;
        const hpo_trial trial = hpo_view_trial(a->view, id);
        const hpo_eval *eval = hpo_trial_eval(&trial, event);
        if (!eval || eval->failure != HPO_FAILURE_NONE || eval->fidelity < a->run.fidelity.max) continue;
        if (!hpo_eval_is_feasible(eval)) continue;
        if (!(eval->loss < best)) continue;
        best = eval->loss;
        BASE_GROW(steps, capacity, a->n_steps + 1);
        steps[a->n_steps++] = (hpo_step){.trial = id,
                                         .trials = trials,
                                         .value = eval->value,
                                         .cost = a->cost_at[event],
                                         .elapsed = a->elapsed_at[event]};
    }
    a->steps = BASE_NEW_ARRAY(a->arena, a->n_steps + 1, hpo_step);
    if (a->n_steps > 0) memcpy(a->steps, steps, a->n_steps * sizeof *steps);
    free(steps);
}

/* ---- rungs ---- */

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, size_t n) {
    if (n == 0) return NAN;
    qsort(values, n, sizeof *values, by_value);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void sum_rung(const hpo_account *a, hpo_rung *out, double *values) {
    size_t n_ids, n = 0;
    const uint64_t *ids = hpo_view_bracket(a->view, out->bracket, &n_ids);
    for (size_t i = 0; i < n_ids; i++) {
        const hpo_trial trial = hpo_view_trial(a->view, ids[i]);
        for (size_t e = 0; e < trial.n_evals; e++) {
            const hpo_eval *eval = &trial.evals[e];
            if (eval->rung != out->rung) continue;
            out->evaluations++;
            out->fidelity = fmax(out->fidelity, eval->fidelity);
            out->failed += eval->failure != HPO_FAILURE_NONE;
            out->promoted += trial.rung > out->rung;
            if (eval->failure == HPO_FAILURE_NONE) values[n++] = eval->value;
        }
    }
    out->median = median_of(values, n);
    out->best = n == 0 ? NAN : a->run.maximize ? values[n - 1] : values[0];
}

static uint32_t highest_rung(const hpo_account *a) {
    uint32_t highest = 0;
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        if (trial.rung > highest) highest = trial.rung;
    }
    return highest;
}

static void find_rungs(hpo_account *a) {
    const uint32_t brackets = hpo_view_brackets(a->view), rungs = highest_rung(a) + 1;
    size_t most = 0;
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) most += hpo_view_trial(a->view, id).n_evals;
    double *values = base_calloc(most + 1, sizeof *values);
    a->rungs = BASE_NEW_ARRAY(a->arena, (size_t)brackets * rungs + 1, hpo_rung);
    for (uint32_t b = 0; b < brackets; b++)
        for (uint32_t r = 0; r < rungs; r++) {
            hpo_rung rung = {.bracket = b, .rung = r};
            sum_rung(a, &rung, values);
            if (rung.evaluations > 0) a->rungs[a->n_rungs++] = rung;
        }
    free(values);
}

/* ---- failures ---- */

enum { MISHAPS = 50 }; /* kinds that are told apart; what comes later is only counted */

/* Without the place of the trial's log at its end, by which reasons that are the same would differ. */
static const char *common_reason(const hpo_account *a, const char *reason) {
    static const char place[] = " (trials/";
    if (!reason || a->is_anonymous) return "";
    const char *last = NULL;
    for (const char *at = strstr(reason, place); at; at = strstr(at + 1, place)) last = at;
    const size_t length = strlen(reason);
    if (!last || length < 5 || strcmp(reason + length - 5, "/log)") != 0) return reason;
    return base_arena_strndup(a->arena, reason, (size_t)(last - reason));
}

static const char *past_digits(const char *text) {
    while (isdigit((unsigned char)*text)) text++;
    return text;
}

/* Alike, but for numbers in what a program said at last: a step, a shape. Numbers before it are ours, such as the exit
 * status. */
static bool same_reason(const char *a, const char *b) {
    static const char words[] = "; last output: ";
    const char *said = strstr(a, words);
    const size_t ours = said ? (size_t)(said - a) + strlen(words) : strlen(a) + 1;
    if (strncmp(a, b, ours) != 0) return false;
    if (!said) return true;
    for (a += ours, b += ours; *a && *b; a++, b++) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b))
            a = past_digits(a) - 1, b = past_digits(b) - 1;
        else if (*a != *b)
            return false;
    }
    return *a == *b;
}

static hpo_mishap *mishap_of(hpo_account *a, hpo_failure failure, const char *reason, uint64_t trial) {
    reason = common_reason(a, reason);
    for (size_t i = 0; i < a->n_mishaps; i++) {
        hpo_mishap *m = &a->mishaps[i];
        if (m->failure == failure && same_reason(m->reason, reason)) return m;
    }
    if (a->n_mishaps == MISHAPS) { /* the last place of its kind, without a reason */
        for (size_t i = 0; i < a->n_mishaps; i++)
            if (a->mishaps[i].failure == failure && !*a->mishaps[i].reason) return &a->mishaps[i];
    }
    if (a->n_mishaps >= MISHAPS) reason = "";
    hpo_mishap *m = &a->mishaps[a->n_mishaps++];
    *m = (hpo_mishap){.failure = failure, .reason = reason, .first = trial};
    return m;
}

static void find_mishaps(hpo_account *a) {
    a->mishaps = BASE_NEW_ARRAY(a->arena, MISHAPS + HPO_FAILURE_COUNT, hpo_mishap);
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        for (size_t i = 0; i < trial.n_evals; i++)
            if (trial.evals[i].failure != HPO_FAILURE_NONE)
                mishap_of(a, trial.evals[i].failure, trial.evals[i].reason, id)->count++;
        size_t n;
        const hpo_attempt *attempts = hpo_view_attempts(a->view, id, &n);
        for (size_t i = 0; i < n; i++) mishap_of(a, attempts[i].failure, attempts[i].reason, id)->attempts++;
    }
}

/* ---- fidelities ---- */

/* Ranks from 1; equal values share the mean of theirs. */
static void rank(const double *values, size_t n, double *ranks, double *sorted) {
    memcpy(sorted, values, n * sizeof *values);
    qsort(sorted, n, sizeof *sorted, by_value);
    for (size_t i = 0; i < n; i++) {
        size_t below = 0, upto = n, low = 0, high = n;
        while (low < high) {
            const size_t middle = (low + high) / 2;
            if (sorted[middle] < values[i])
                low = middle + 1;
            else
                high = middle;
        }
        below = low;
        high = n;
        while (low < high) {
            const size_t middle = (low + high) / 2;
            if (sorted[middle] <= values[i])
                low = middle + 1;
            else
                high = middle;
        }
        upto = low;
        ranks[i] = (double)(below + upto + 1) / 2;
    }
}

double hpo_rank_correlation(const double *a, const double *b, size_t n) {
    if (n < 3) return NAN;
    double *ranks = base_calloc(3 * n, sizeof *ranks), *other = ranks + n;
    rank(a, n, ranks, ranks + 2 * n);
    rank(b, n, other, ranks + 2 * n);
    const double mean = ((double)n + 1) / 2;
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (ranks[i] - mean) * (other[i] - mean);
        aa += (ranks[i] - mean) * (ranks[i] - mean);
        bb += (other[i] - mean) * (other[i] - mean);
    }
    free(ranks);
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}

static bool value_at(const hpo_trial *trial, double fidelity, double *value) {
    for (size_t i = 0; i < trial->n_evals; i++)
        if (trial->evals[i].failure == HPO_FAILURE_NONE && trial->evals[i].fidelity == fidelity) {
            *value = trial->evals[i].value;
            return true;
        }
    return false;
}

enum { FIDELITIES = 12 };

static size_t find_fidelities(const hpo_account *a, double fidelities[FIDELITIES]) {
    size_t n = 0;
    for (size_t i = 0; i < a->n_rungs && n < FIDELITIES; i++) {
        bool is_new = a->rungs[i].fidelity > 0;
        for (size_t k = 0; k < n; k++) is_new &= fidelities[k] != a->rungs[i].fidelity;
        if (is_new) fidelities[n++] = a->rungs[i].fidelity;
    }
    qsort(fidelities, n, sizeof *fidelities, by_value);
    return n;
}

static void find_trust(hpo_account *a, double low, double high, double *x, double *y) {
    size_t n = 0;
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        n += value_at(&trial, low, &x[n]) && value_at(&trial, high, &y[n]);
    }
    if (n < 3) return;
    a->trusts[a->n_trusts++] =
        (hpo_trust){.low = low, .high = high, .trials = n, .correlation = hpo_rank_correlation(x, y, n)};
}

static void find_trusts(hpo_account *a) {
    double fidelities[FIDELITIES];
    const size_t n = find_fidelities(a, fidelities), trials = (size_t)hpo_view_trials(a->view);
    double *x = base_calloc(2 * trials + 2, sizeof *x);
    a->trusts = BASE_NEW_ARRAY(a->arena, n * n + 1, hpo_trust);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) find_trust(a, fidelities[i], fidelities[k], x, x + trials + 1);
    free(x);
}

/* ---- workers ---- */

static void find_workers(hpo_account *a) {
    for (size_t i = 0; i < a->n_spans; i++)
        if (a->spans[i].worker >= a->n_workers) a->n_workers = (size_t)a->spans[i].worker + 1;
    a->workers = BASE_NEW_ARRAY(a->arena, a->n_workers + 1, hpo_worker_share);
    for (size_t i = 0; i < a->n_spans; i++) {
        a->workers[a->spans[i].worker].evaluations++;
        a->workers[a->spans[i].worker].busy += a->spans[i].end - a->spans[i].begin;
    }
}

void hpo_account_sum_up(hpo_account *a) {
    find_steps(a);
    find_rungs(a);
    find_mishaps(a);
    find_trusts(a);
    find_workers(a);
}

/* ---- the command ---- */

/* In single quotes, where a shell changes nothing. */
static void put_quoted(const char *text, base_buf *out) {
    base_buf_putc(out, '\'');
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            base_buf_puts(out, "'\\''");
        else
            base_buf_putc(out, *c);
    }
    base_buf_putc(out, '\'');
}

const char *hpo_account_command(const hpo_account *a, uint64_t trial, base_arena *arena) {
    base_buf out = {0}, first = {0};
    const char *dir = a->is_anonymous ? "DIR" : a->dir;
    base_buf_puts(&out, "hpo_search ");
    put_quoted(base_arena_printf(arena, "%s/study.yaml", dir), &out);
    base_buf_puts(&out, " --dir ");
    put_quoted(base_arena_printf(arena, "%s-again", dir), &out);
    base_buf_puts(&out, " --set method=random --set 'budget={trials: 1}'");
    if (hpo_space_count(a->run.space) > 0) {
        base_buf_puts(&first, "try_first=[");
        hpo_space_print(a->run.space, hpo_view_trial(a->view, trial).config, &first);
        base_buf_puts(&first, "]");
        base_buf_puts(&out, " --set ");
        put_quoted(base_buf_text(&first), &out);
    }
    const char *text = base_arena_strdup(arena, base_buf_text(&out));
    base_buf_fini(&out);
    base_buf_fini(&first);
    return text;
}

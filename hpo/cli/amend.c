/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is ordered beyond the study file and stays ordered: --more and --retry-failed.
 *
 * The journal keeps it, so that the same command without the option goes on with it, and with the option, as a batch
 * system repeats it, orders nothing twice: --more adds when a budget has ended and not before, and a failed trial is
 * repeated once. What has ended is what the study says when it has seen the journal. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "hpo/cli/run_impl.h"

/* ---- what the journal holds ---- */

static base_status apply_record(void *self, const hpo_entry *entry, base_err *err) {
    hpo_study *study = self;
    return entry->kind == HPO_ENTRY_RECORD ? hpo_study_apply(study, &entry->record, err) : BASE_OK;
}

/* The study as the journal leaves it. */
static base_status remember(const run *r, hpo_study **study, base_err *err) {
    BASE_TRY(hpo_study_create(r->spec, study, err));
    const base_status status = hpo_journal_replay(r->journal, apply_record, *study, err);
    if (status == BASE_OK) return status;
    hpo_study_destroy(*study);
    *study = NULL;
    return status;
}

/* ---- what is ordered already ---- */

static void raise_limit(double *limit, double to) {
    if (*limit > 0 && *limit < to) *limit = to;
}

static void apply(run *r, const hpo_amendment *amendment) {
    hpo_budget *budget = &r->spec->budget;
    if (budget->trials > 0 && budget->trials < amendment->trials) budget->trials = amendment->trials;
    raise_limit(&budget->cost, amendment->cost);
    raise_limit(&budget->time, amendment->time);
    hpo_study_spec_repeat(r->spec, amendment->first, amendment->failed, amendment->n_failed);
}

/* ---- --more ---- */

/* Which budget has ended. */
typedef struct spent {
    bool any, trials, cost, time;
    const char *why; /* the study's own words, in its memory; or NULL */
} spent;

static base_status look_what_is_spent(const run *r, hpo_study *study, spent *out, base_err *err) {
    const hpo_budget *budget = &r->spec->budget;
    const hpo_view view = hpo_study_view(study);
    hpo_ask_kind kind;
    hpo_record record;
    BASE_TRY(hpo_study_next(study, &kind, &record, err));
    const bool done = kind == HPO_ASK_DONE; /* nothing is unfinished */
    *out = (spent){.trials = done && budget->trials > 0 && hpo_view_trials(view) >= budget->trials,
                   .cost = done && budget->cost > 0 && hpo_view_cost(view) >= budget->cost,
                   .time = budget->time > 0 && hpo_journal_elapsed(r->journal) >= budget->time,
                   .why = done ? hpo_study_reason(study) : NULL};
    out->any = out->trials || out->cost || out->time;
    return BASE_OK;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

/* A number adds to the budget of trials, else of cost; a time to that of time. */
static base_status add_more(const run *r, const spent *ended, hpo_view view, hpo_amendment *out, base_err *err) {
    const hpo_cli_args *args = r->args;
    const hpo_budget *budget = &r->spec->budget;
    const bool counts = ended->trials || ended->cost;
    if (args->more_count > 0 && !counts) {
        return BASE_FAIL(err, BASE_INVALID,
                         "--more %g: what has ended is the budget of time; give a time, e.g. --more 5m",
                         args->more_count);
    }
    if (args->more_time > 0 && !ended->time) {
        return BASE_FAIL(err, BASE_INVALID,
                         "--more: the budget of time has not ended, but that of %s; give a number, e.g. --more 10",
                         ended->trials ? "trials" : "cost");
    }
    const uint64_t more = (uint64_t)args->more_count;
    if (args->more_count > 0 && ended->trials && (double)more != args->more_count) {
        return BASE_FAIL(err, BASE_INVALID, "--more %g: trials are counted in whole numbers", args->more_count);
    }
    const uint64_t trials = hpo_view_trials(view) > budget->trials ? hpo_view_trials(view) : budget->trials;
    if (ended->trials) out->trials = trials + more;
    if (!ended->trials && ended->cost) out->cost = larger(budget->cost, hpo_view_cost(view)) + args->more_count;
    if (args->more_time > 0) {
        out->time = larger(budget->time, hpo_journal_elapsed(r->journal)) + args->more_time;
    }
    return BASE_OK;
}

static void say_more(run *r, const hpo_amendment *amendment) {
    char time[32];
    base_buf *out = &r->orders;
    if (amendment->trials > 0) {
        base_buf_printf(out, "the budget is %llu trials now\n", (unsigned long long)amendment->trials);
    }
    if (amendment->cost > 0) base_buf_printf(out, "the budget is a cost of %g now\n", amendment->cost);
    if (amendment->time > 0) {
        base_format_duration(amendment->time, time);
        base_buf_printf(out, "the budget is %s now\n", time);
    }
}

static base_status order_more(run *r, hpo_study *study, base_err *err) {
    spent ended;
    hpo_amendment amendment = {0};
    BASE_TRY(look_what_is_spent(r, study, &ended, err));
    const hpo_budget *budget = &r->spec->budget;
    if (!ended.any && budget->metric && hpo_study_spent(study, NULL) >= budget->metric_max) {
        return BASE_FAIL(
            err, BASE_INVALID,
            "--more adds to trials, cost or time, but what has ended is the budget of %s; raise its max in "
            "the study file, or give --set budget.metric.max=%g",
            budget->metric, 2 * budget->metric_max);
    }
    if (!ended.any) {
        base_buf text = {0};
        base_buf_printf(&text, "--more adds nothing: no budget of this run has ended%s%s%s", ended.why ? " (" : " yet",
                        ended.why ? ended.why : "", ended.why ? ")" : "");
        base_put_text(base_buf_text(&text), 0, &r->orders);
        base_buf_fini(&text);
        return BASE_OK;
    }
    BASE_TRY(add_more(r, &ended, hpo_study_view(study), &amendment, err));
    hpo_journal_amend(r->journal, &amendment);
    apply(r, &amendment);
    say_more(r, &amendment);
    return BASE_OK;
}

/* ---- --retry-failed ---- */

/* Behind the last trial, and behind the repetitions that are ordered already and have not begun. */
static uint64_t first_free(const hpo_study_spec *spec, hpo_view view) {
    uint64_t first = hpo_view_trials(view);
    for (size_t i = 0; i < spec->n_repeated; i++) {
        if (spec->repeated[i].trial >= first) first = spec->repeated[i].trial + 1;
    }
    return first;
}

static base_status order_retries(run *r, hpo_study *study, base_err *err) {
    (void)err;
    const hpo_view view = hpo_study_view(study);
    const uint64_t n_trials = hpo_view_trials(view), budget = r->spec->budget.trials;
    uint64_t *failed = BASE_NEW_ARRAY(r->arena, n_trials + 1, uint64_t);
    size_t count = 0;
    for (uint64_t id = 0; id < n_trials; id++) {
        const bool is_failed = hpo_view_trial(view, id).state == HPO_TRIAL_FAILED;
        if (is_failed && !hpo_study_spec_repeats(r->spec, id)) failed[count++] = id;
    }
    if (count == 0) {
        base_buf_puts(&r->orders, "--retry-failed: no trial has failed that was not repeated\n");
        return BASE_OK;
    }
    const uint64_t first = first_free(r->spec, view);
    const hpo_amendment amendment = {.trials = budget > 0 ? (first > budget ? first : budget) + count : 0,
                                     .first = first,
                                     .failed = failed,
                                     .n_failed = count};
    hpo_journal_amend(r->journal, &amendment);
    apply(r, &amendment);
    base_buf_printf(&r->orders, "--retry-failed: %zu failed trial%s repeated, from trial %llu on\n", count,
                    count == 1 ? " is" : "s are", (unsigned long long)first);
    return BASE_OK;
}

/* ---- in all ---- */

base_status run_amend(run *r, base_err *err) {
    const hpo_cli_args *args = r->args;
    size_t count;
    const hpo_amendment *old = hpo_journal_amendments(r->journal, &count);
    for (size_t i = 0; i < count; i++) apply(r, &old[i]);
    const bool more = args->more_count > 0 || args->more_time > 0;
    if (!more && !args->retry_failed) return BASE_OK;
    hpo_study *study;
    BASE_TRY(remember(r, &study, err));
    base_status status = more ? order_more(r, study, err) : BASE_OK;
    if (status == BASE_OK && args->retry_failed) status = order_retries(r, study, err);
    hpo_study_destroy(study);
    return status == BASE_OK ? hpo_journal_flush(r->journal, err) : status;
}

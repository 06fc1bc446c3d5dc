/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller's side towards the study: ask, tell, and write down, in both orders.
 *
 * By arrival a result is told when it comes. In the deterministic order it is first written as a raw entry and put into
 * the virtual clock, and told when the clock releases it; after every released event the study is asked before the next
 * one is released, so that the sequence of asks and tells is a function of the virtual clock alone: while a suggestion
 * is under way, nothing is released. */
#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "hpo/dispatch/controller_impl.h"

void controller_enqueue(controller *c, uint64_t trial) {
    if (c->jobs.head == c->jobs.tail) c->jobs.head = c->jobs.tail = 0;
    BASE_GROW(c->jobs.waiting, c->jobs.capacity, c->jobs.tail + 1);
    const uint64_t after = c->env->journal ? hpo_journal_end(c->env->journal) : 0;
    c->jobs.waiting[c->jobs.tail++] = (waiting_trial){.trial = trial, .after = after};
}

static base_status fail_different(const hpo_record *record, base_err *err) {
    return BASE_FAIL(err, BASE_CORRUPT,
                     "trial %llu: this program computes something else than the journal holds; was the journal written "
                     "by another version, or does the objective not depend on its seed alone?",
                     (unsigned long long)record->trial);
}

/* --replay: what is computed beyond the journal's end may be new, but not while something in it is still to come. */
static base_status fail_unknown(const controller *c, const hpo_record *record, base_err *err) {
    static const char *const deeds[] = {[HPO_RECORD_START] = "begins",
                                        [HPO_RECORD_PROMOTE] = "is promoted",
                                        [HPO_RECORD_REPORT] = "reports",
                                        [HPO_RECORD_RESULT] = "has a result",
                                        [HPO_RECORD_CLOSE] = "is closed"};
    return BASE_FAIL(
        err, BASE_CORRUPT,
        "computed again, trial %llu %s on rung %u; the journal goes on without that (%zu of its %zu records "
        "were computed again)",
        (unsigned long long)record->trial, deeds[record->kind], record->rung, c->verified,
        hpo_rawcache_records(c->cache));
}

/* What the study has just taken in: written, unless the journal of a deterministic run has it already; there it must be
 * the same. */
base_status controller_emit(controller *c, const hpo_record *record, base_err *err) {
    controller_feed(c, record);
    hpo_written written = c->cache ? hpo_rawcache_written(c->cache, record) : HPO_WRITTEN_NO;
    if (written == HPO_WRITTEN_DIFFERENT) return fail_different(record, err);
    if (written == HPO_WRITTEN_SAME) {
        c->verified++;
        return BASE_OK;
    }
    if (c->env->verify && c->cache && c->verified < hpo_rawcache_records(c->cache)) return fail_unknown(c, record, err);
    if (c->env->verify || !c->env->journal) return BASE_OK;
    hpo_journal_append(c->env->journal, &(hpo_entry){.kind = HPO_ENTRY_RECORD, .record = *record});
    c->dirty = true;
    return BASE_OK;
}

static void feed_cached(void *self, const hpo_raw *raw);

/* An evaluation begins: in the deterministic order it may be known already. */
static base_status begin(controller *c, const hpo_record *record) {
    tries *t = controller_tries(c, record->trial);
    /* What the journal notes of a later rung waits until that one begins; this one then lies in the cache. */
    if (!(t->noted && t->rung > record->rung)) {
        if (!t->noted || t->rung != record->rung) *t = (tries){.rung = record->rung};
        t->noted = false;
        t->last_step = -INFINITY;
    }
    if (c->order) {
        hpo_order_begin(c->order, record->trial);
        if (hpo_rawcache_take(c->cache, record->trial, record->rung, feed_cached, c)) return BASE_OK;
        if (c->env->verify) {
            c->ran_dry = true;
            return BASE_OK;
        }
    }
    controller_enqueue(c, record->trial);
    return BASE_OK;
}

bool controller_has_room(const controller *c) {
    if (c->order) return hpo_order_idle(c->order);
    size_t queued = c->jobs.tail - c->jobs.head;
    if (c->spec->workers > 0 && c->crew.busy + queued >= c->spec->workers) return false;
    return c->crew.idle > queued;
}

/* What the study wants is done: a job begins, or a trial is closed. */
static base_status accept(controller *c, hpo_record *record, base_err *err) {
    record->at = base_wall_time();
    hpo_study_accept(c->study, record);
    BASE_TRY(controller_emit(c, record, err));
    if (record->kind != HPO_RECORD_CLOSE) return begin(c, record);
    controller_tidy(c, record->trial, UINT64_MAX);
    return controller_announce(c, record, err);
}

/* Once round the study: next, propose, accept. *held: it has to wait for a suggestion. */
static base_status ask_once(controller *c, bool *held, base_err *err) {
    hpo_ask_kind kind;
    hpo_record record;
    BASE_TRY(hpo_study_next(c->study, &kind, &record, err));
    if (kind == HPO_ASK_WAIT || kind == HPO_ASK_DONE) {
        controller_drop_suggestion(c);
        *(kind == HPO_ASK_WAIT ? &c->waiting : &c->done) = true;
        return BASE_OK;
    }
    if (record.kind == HPO_RECORD_START) {
        const base_status status = controller_suggest(c, &record, held, err);
        if (status == BASE_END) return BASE_OK;
        if (status != BASE_OK || *held) return status;
    }
    return accept(c, &record, err);
}

base_status controller_ask(controller *c, base_err *err) {
    bool held = controller_is_held(c);
    while (!held && !c->done && !c->waiting && c->drain == DRAIN_NONE && controller_has_room(c)) {
        BASE_TRY(ask_once(c, &held, err));
    }
    return BASE_OK;
}

void controller_check_limits(controller *c) {
    if (c->drain != DRAIN_NONE || c->done) return;
    double budget = c->spec->budget.time, elapsed = c->env->elapsed_before + base_monotonic() - c->start;
    if (budget > 0 && elapsed >= budget && !c->env->verify && !c->driving_again) {
        char spent[32];
        base_buf text = {0};
        base_format_duration(budget, spent);
        base_buf_printf(&text, "the budget of %s is spent", spent);
        controller_put_shortage(c, &text);
        hpo_study_halt(c->study, base_buf_text(&text));
        base_buf_fini(&text);
    }
    if (hpo_study_must_end(c->study)) controller_start_drain(c, DRAIN_FINISHED);
}

/* The trial is over, but its worker may not know yet. */
static base_status stop_trial(controller *c, const hpo_raw *raw, base_err *err) {
    hpo_raw end;
    if (c->order && hpo_order_end(c->order, raw->trial, &end)) controller_note_late(c, raw->trial, &end.result);
    if (controller_stop_trial(c, raw->trial)) return BASE_OK;
    return controller_settle(c, raw->trial, err);
}

static base_status tell_report(controller *c, const hpo_raw *raw, base_err *err) {
    hpo_record record;
    hpo_study_set_time(c->study, base_wall_time());
    hpo_study_report(c->study, raw->trial, raw->fidelity, &raw->result.metrics, raw->attempt, raw->worker, &record);
    BASE_TRY(controller_emit(c, &record, err));
    if (!record.stop) return BASE_OK;
    c->waiting = false;
    BASE_TRY(stop_trial(c, raw, err));
    return controller_announce(c, &record, err);
}

base_status controller_tell_result(controller *c, const hpo_raw *raw, base_err *err) {
    hpo_incumbent before = {.trial = UINT64_MAX};
    if (!hpo_view_incumbent(hpo_study_view(c->study), &before)) before.trial = UINT64_MAX;
    hpo_record record;
    hpo_study_set_time(c->study, base_wall_time());
    hpo_study_tell(c->study, raw->trial, &raw->result, raw->attempt, raw->worker, &record);
    BASE_TRY(controller_emit(c, &record, err));
    c->waiting = false;
    c->account.evaluation_seconds += record.result.seconds;
    c->account.evaluations++;
    if (record.result.failure != HPO_FAILURE_NONE) {
        snprintf(c->last_failure, sizeof c->last_failure, "trial %llu: %s", (unsigned long long)record.trial,
                 record.result.reason[0] ? record.result.reason : hpo_failure_text(record.result.failure));
    }
    controller_note_result(c, &record);
    controller_tidy(c, raw->trial, before.trial);
    BASE_TRY(controller_announce(c, &record, err));
    controller_check_limits(c);
    return BASE_OK;
}

/* Where an event stands in virtual time, after the beginning of its evaluation. Failures take the full declared cost.
 */
static double offset_of(controller *c, const hpo_raw *raw) {
    hpo_trial trial = hpo_view_trial(hpo_study_view(c->study), raw->trial);
    const bool says = hpo_study_results_say_cost(c->spec) && raw->result.failure == HPO_FAILURE_NONE;
    if (raw->is_report) return hpo_study_cost(c->study, &trial, trial.from, raw->fidelity, false);
    if (says && isfinite(raw->result.cost)) return raw->result.cost;
    return hpo_study_cost(c->study, &trial, trial.from, trial.fidelity, true);
}

static void feed_cached(void *self, const hpo_raw *raw) {
    controller *c = self;
    hpo_order_add(c->order, raw, offset_of(c, raw));
}

static void write_raw(controller *c, const hpo_raw *raw) {
    if (!c->env->journal) return;
    hpo_journal_append(c->env->journal, &(hpo_entry){.kind = HPO_ENTRY_RAW, .raw = *raw});
    c->dirty = true;
}

base_status controller_note_attempt(controller *c, const hpo_raw *raw, base_err *err) {
    const hpo_record record = {.kind = HPO_RECORD_ATTEMPT,
                               .trial = raw->trial,
                               .rung = raw->rung,
                               .fidelity = raw->fidelity,
                               .parent = UINT64_MAX,
                               .result = raw->result,
                               .attempt = raw->attempt,
                               .worker = raw->worker,
                               .at = base_wall_time()};
    BASE_TRY(hpo_study_apply(c->study, &record, err));
    if (!c->env->journal) return BASE_OK;
    hpo_journal_append(c->env->journal, &(hpo_entry){.kind = HPO_ENTRY_RECORD, .record = record});
    c->dirty = true;
    return BASE_OK;
}

base_status controller_release(controller *c, base_err *err) {
    hpo_raw raw;
    for (;;) {
        BASE_TRY(controller_ask(c, err));
        if (c->drain != DRAIN_NONE || controller_is_held(c) || !hpo_order_next(c->order, &raw)) return BASE_OK;
        BASE_TRY(raw.is_report ? tell_report(c, &raw, err) : controller_tell_result(c, &raw, err));
    }
}

base_status controller_deliver(controller *c, const hpo_raw *raw, base_err *err) {
    if (!c->order) return raw->is_report ? tell_report(c, raw, err) : controller_tell_result(c, raw, err);
    write_raw(c, raw);
    hpo_order_add(c->order, raw, offset_of(c, raw));
    return controller_release(c, err);
}

base_status controller_take_report(controller *c, size_t worker, const hpo_message *message, base_err *err) {
    if (!isfinite(message->step)) return BASE_OK; /* no place in time */
    if (!c->order) { /* the virtual clock sorts out repeats itself, because not all that it was given has been told */
        tries *t = controller_tries(c, message->trial);
        if (message->step <= t->last_step) return BASE_OK; /* another attempt repeats what was told */
        t->last_step = message->step;
    }
    const double *value = hpo_metrics_get(&message->result.metrics, c->spec->goals[0].name);
    controller_note_report(c, worker, message);
    if (value) c->latest = (hpo_latest){.there = true, .trial = message->trial, .step = message->step, .value = *value};
    hpo_raw raw = {.trial = message->trial,
                   .rung = message->rung,
                   .attempt = message->attempt,
                   .worker = (uint32_t)worker,
                   .is_report = true,
                   .fidelity = message->step,
                   .result = {.metrics = message->result.metrics, .cost = NAN}};
    return controller_deliver(c, &raw, err);
}

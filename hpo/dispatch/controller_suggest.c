/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the configurations of new trials come from, and when they are sought.
 *
 * A sampler that costs microseconds is asked right here. One that fits models is asked in another thread, and its
 * answer is used as of what was known when it was asked: meanwhile results are told and paused trials promoted, but no
 * other trial starts, so that the answer stays what the sampler would say if it were asked again from that view.
 *
 * In the order of arrival one suggestion may be prepared while every worker is busy. It then does not know the result
 * of the worker that it goes to, which costs some of its worth, so it is prepared only where waiting for it would cost
 * more: when suggestions usually take more than MIN_FRACTION of an evaluation. It is used if a trial of the same
 * bracket, rung and fidelity is wanted when a worker is free, kept while the worker goes on with a paused trial
 * instead, and else dropped. */
#include <math.h>

#include "hpo/dispatch/controller_impl.h"

static const double MIN_FRACTION = 1.0 / 20; /* of the mean time of an evaluation */
static const double LAST_WEIGHT = 0.25;      /* weight of the last suggestion in the usual time of one */
/* Seconds that the end of a run waits for a fit that nobody needs any more. Whoever sent a signal may lose his
 * patience, too: mpirun kills what is there a second or two later. */
static const double PATIENCE = 10, PATIENCE_AT_SIGNAL = 0.3;

static uint64_t records(const controller *c) {
    return hpo_study_view(c->study).as_of;
}

/* What idle workers wait for, for controller_account. */
static void set_suggesting(controller *c, bool suggesting) {
    if (c->next.awaited == suggesting) return;
    controller_account(c);
    c->next.awaited = suggesting;
}

base_status controller_open_asker(controller *c, base_err *err) {
    const bool slow = c->spec->sampler->flags & HPO_SAMPLER_SLOW;
    const bool in_rank = c->spec->objective->flags & HPO_OBJECTIVE_IN_RANK;
    const bool beside = c->env->ask_beside || (slow && !in_rank);
    if (!beside || c->env->verify) return BASE_OK;
    return hpo_asker_create(c->spec, &c->next.asker, err);
}

bool controller_close_asker(controller *c) {
    const double patience = c->drain == DRAIN_SIGNAL ? PATIENCE_AT_SIGNAL : PATIENCE;
    const bool ended = hpo_asker_end(c->next.asker, fmin(patience, 0.5 * c->spec->failure.lost_after));
    c->next.asker = NULL;
    return ended;
}

void controller_feed(controller *c, const hpo_record *record) {
    if (c->next.asker) hpo_asker_feed(c->next.asker, record);
}

static void request(controller *c, const hpo_record *start) {
    hpo_asker_request(c->next.asker, start);
    c->next.state = SUGGESTION_UNDERWAY;
    c->next.unwanted = false;
    c->next.start = *start;
}

static base_status suggest_here(controller *c, hpo_record *start, base_err *err) {
    set_suggesting(c, true);
    const base_status status = hpo_study_propose(c->study, start, err);
    set_suggesting(c, false);
    return status;
}

static bool same_place(const hpo_record *a, const hpo_record *b) {
    return a->trial == b->trial && a->bracket == b->bracket && a->rung == b->rung && a->fidelity == b->fidelity &&
           a->parent == b->parent && a->from == b->from;
}

base_status controller_suggest(controller *c, hpo_record *start, bool *held, base_err *err) {
    suggestion *next = &c->next;
    if (!c->next.asker) return suggest_here(c, start, err);
    if (next->state == SUGGESTION_READY && same_place(&next->start, start)) {
        *start = next->start;
        next->state = SUGGESTION_NONE;
        return BASE_OK;
    }
    next->asked_at = records(c);
    set_suggesting(c, true);
    if (next->state != SUGGESTION_UNDERWAY) request(c, start);
    *held = true;
    return BASE_OK;
}

bool controller_is_held(const controller *c) {
    return c->next.awaited && c->next.asked_at == records(c);
}

void controller_drop_suggestion(controller *c) {
    suggestion *next = &c->next;
    next->unwanted = true;
    if (next->state == SUGGESTION_READY) next->state = SUGGESTION_NONE;
    set_suggesting(c, false);
}

base_status controller_hear(controller *c, base_err *err) {
    suggestion *next = &c->next;
    hpo_answer answer;
    if (next->state != SUGGESTION_UNDERWAY || !hpo_asker_take(c->next.asker, &answer)) return BASE_OK;
    set_suggesting(c, false);
    next->usual_seconds += (answer.seconds - next->usual_seconds) * (next->usual_seconds > 0 ? LAST_WEIGHT : 1);
    next->state = SUGGESTION_NONE;
    if (answer.status == BASE_END) {
        hpo_study_exhaust(c->study, answer.start.as_of, answer.err.text);
        return BASE_OK;
    }
    if (answer.status != BASE_OK) {
        if (err) *err = answer.err;
        return answer.status;
    }
    next->start = answer.start;
    if (!next->unwanted) next->state = SUGGESTION_READY;
    return BASE_OK;
}

/* Whether waiting for a suggestion would cost more than not knowing the newest result. */
static bool is_worth_preparing(const controller *c) {
    return c->account.evaluations > 0 &&
           c->next.usual_seconds > MIN_FRACTION * c->account.evaluation_seconds / (double)c->account.evaluations;
}

base_status controller_prepare(controller *c, base_err *err) {
    suggestion *next = &c->next;
    const bool over = c->done || c->waiting || c->drain != DRAIN_NONE;
    if (!c->next.asker || c->order || over || next->state != SUGGESTION_NONE) return BASE_OK;
    if (c->crew.busy == 0 || controller_has_room(c) || next->looked_at == records(c)) return BASE_OK;
    if (!is_worth_preparing(c)) return BASE_OK;
    hpo_ask_kind kind;
    hpo_record record;
    next->looked_at = records(c);
    BASE_TRY(hpo_study_next(c->study, &kind, &record, err));
    if (kind == HPO_ASK_JOB && record.kind == HPO_RECORD_START) request(c, &record);
    return BASE_OK;
}

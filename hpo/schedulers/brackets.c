/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Synchronous successive halving in a sequence of brackets (Jamieson and Talwalkar, AISTATS 2016; Li et al., JMLR
 * 2018).
 *
 * A rung closes when all its trials have ended: the worst are closed, the best promoted, ties to the lower trial.
 * Several goals: "best" is by the order of order.h. Failed trials are never promoted, so a rung promotes min(planned,
 * succeeded). A worker that no open bracket can use opens the next one (as in HpBandSter), which keeps all workers busy
 * without promoting anything early.
 *
 * Which trials are in which rung is read from the view; what is kept here only saves reading it again from the start:
 * per open bracket how many trials of the current stage run, and the losses of those that have ended. A record can only
 * change what its own bracket wants, so only brackets that records have come for are looked at again: a decision costs
 * O(log n) for each record since the last one, however many brackets are open and trials run. Dropping everything
 * changes no decision. */
#include "hpo/schedulers/brackets.h"

#include <stdlib.h>
#include <string.h>

#include "hpo/schedulers/top_share.h"

typedef struct bracket {
    uint32_t number, stage;
    hpo_bracket_plan plan;
    size_t adopted;    /* trials that began in it */
    size_t running;    /* trials of this stage that have not ended */
    hpo_member *ended; /* successes of this stage; once it has closed: sorted, best first */
    size_t n_ended, ended_capacity;
    hpo_member best, worst;         /* of ended, by the first goal */
    bool closed;                    /* this stage; then: */
    size_t winners, promoted, kept; /* ended[0..winners) go on, ended[winners..kept) are still to be closed */
    bool may_fill;                  /* new trials may enter, when it was last looked at */
    bool in_pending, in_filling;    /* it is in that queue */
} bracket;

struct hpo_brackets {
    hpo_ladder ladder;
    bool cycle, full_first, dehb;
    uint64_t limit;
    bracket **open; /* by number; NULL: finished */
    size_t open_capacity, n_open;
    uint32_t seen; /* brackets 0..seen-1 have been opened */
    /* Numbers of brackets, the lowest first (as members that all lose the same). */
    hpo_member_heap pending; /* to be looked at: records have come, or trials are still to be moved */
    hpo_member_heap filling; /* those with may_fill, and some that no longer have it */
    hpo_view view;           /* what has been read */
    bool may_start;          /* the last answer */
};

typedef enum step { STEP_ACT, STEP_START, STEP_WAIT, STEP_FINISHED } step;

hpo_brackets *hpo_brackets_create(const hpo_ladder *ladder, bool cycle, uint64_t limit) {
    hpo_brackets *brackets = base_calloc(1, sizeof *brackets);
    *brackets = (hpo_brackets){.ladder = *ladder, .cycle = cycle, .limit = limit};
    return brackets;
}

void hpo_brackets_full_first(hpo_brackets *brackets) {
    brackets->full_first = true;
    if (brackets->limit > 0) brackets->limit++;
}

void hpo_brackets_dehb(hpo_brackets *brackets) {
    brackets->dehb = true;
}

static void finish(hpo_brackets *brackets, bracket *b) {
    brackets->open[b->number] = NULL;
    brackets->n_open--;
    free(b->ended);
    free(b);
}

static void forget(hpo_brackets *brackets) {
    for (uint32_t number = 0; number < brackets->seen; number++) {
        if (brackets->open[number]) finish(brackets, brackets->open[number]);
    }
    brackets->seen = 0;
    brackets->pending.count = brackets->filling.count = 0;
    brackets->view = (hpo_view){0};
}

void hpo_brackets_destroy(hpo_brackets *brackets) {
    if (!brackets) return;
    forget(brackets);
    hpo_member_heap_fini(&brackets->pending);
    hpo_member_heap_fini(&brackets->filling);
    free(brackets->open);
    free(brackets);
}

static hpo_bracket_plan plan_of(const hpo_brackets *brackets, uint32_t number) {
    const uint32_t rungs = brackets->ladder.rungs;
    if (brackets->dehb) {
        uint32_t stage;
        const hpo_bracket_plan plan = hpo_ladder_dehb(&brackets->ladder, number, &stage);
        if (number < rungs) return plan;
        return (hpo_bracket_plan){.first = plan.first + stage, .stages = 1, .size = {plan.size[stage]}};
    }
    if (brackets->full_first) {
        if (number == 0) return (hpo_bracket_plan){.first = rungs - 1, .stages = 1, .size = {1}};
        number--;
    }
    return hpo_ladder_bracket(&brackets->ladder, rungs - 1 - (brackets->cycle ? number % rungs : 0));
}

static uint32_t rung_of(const bracket *b) {
    return b->plan.first + b->stage;
}

/* ---- reading the view ---- */

static void look_at(hpo_brackets *brackets, bracket *b) {
    if (!b->in_pending) hpo_member_heap_push(&brackets->pending, (hpo_member){.trial = b->number});
    b->in_pending = true;
}

static void open_up_to(hpo_brackets *brackets, uint32_t number) {
    for (; brackets->seen <= number; brackets->seen++) {
        bracket *b = base_calloc(1, sizeof *b);
        *b = (bracket){.number = brackets->seen, .plan = plan_of(brackets, brackets->seen)};
        BASE_GROW(brackets->open, brackets->open_capacity, (size_t)brackets->seen + 1);
        brackets->open[brackets->seen] = b;
        brackets->n_open++;
        look_at(brackets, b);
    }
}

/* The evaluation of the trial on that rung, or NULL. */
static const hpo_eval *eval_on(const hpo_trial *trial, uint32_t rung) {
    for (size_t i = trial->n_evals; i-- > 0;) {
        if (trial->evals[i].rung == rung) return &trial->evals[i];
    }
    return NULL;
}

static void add_ended(bracket *b, uint64_t trial, const hpo_eval *eval) {
    const hpo_member m = hpo_member_of(trial, eval);
    BASE_GROW(b->ended, b->ended_capacity, b->n_ended + 1);
    b->ended[b->n_ended++] = m;
    if (b->n_ended == 1 || hpo_member_better(&m, &b->best)) b->best = m;
    if (b->n_ended == 1 || hpo_member_better(&b->worst, &m)) b->worst = m;
}

/* The trial as it was after the event. What it did on a rung that the bracket has not come to is read when that stage
 * is entered. */
static void take_change(bracket *b, hpo_view view, const hpo_trial *trial, uint64_t event) {
    if (b->closed || trial->rung != rung_of(b)) return;
    const hpo_view before = {.history = view.history, .as_of = event};
    const hpo_eval *eval = eval_on(trial, rung_of(b));
    if (trial->state != HPO_TRIAL_RUNNING && hpo_view_trial(before, trial->id).state == HPO_TRIAL_RUNNING) b->running--;
    if (eval && eval->event == event && eval->failure == HPO_FAILURE_NONE) add_ended(b, trial->id, eval);
}

/* False when a trial has begun in a rung that was taken for closed (no new trials were allowed when it was looked at).
 */
static bool take_event(hpo_brackets *brackets, hpo_view view, uint64_t event) {
    const hpo_view then = {.history = view.history, .as_of = event + 1};
    const hpo_trial trial = hpo_view_trial(then, hpo_view_event_trial(view, event));
    open_up_to(brackets, trial.bracket);
    bracket *b = brackets->open[trial.bracket];
    const bool begins = trial.created == event;
    if (begins && (!b || b->stage > 0 || b->closed)) return false;
    if (!b) return true;
    look_at(brackets, b);
    if (begins) {
        b->adopted++;
        b->running++;
    } else {
        take_change(b, view, &trial, event);
    }
    return true;
}

static bool take_events(hpo_brackets *brackets, hpo_view view) {
    bool fits = true;
    for (uint64_t event = brackets->view.as_of; event < view.as_of && fits; event++)
        fits = take_event(brackets, view, event);
    return fits;
}

/* Brings what is kept in line with the view. It can only be built upon when the view has grown; and a stage that was
 * closed because no new trials were allowed may have to be opened again. */
static void follow(hpo_brackets *brackets, hpo_view view, bool may_start) {
    const bool grown = view.history == brackets->view.history && view.as_of >= brackets->view.as_of;
    if (!grown || (may_start && !brackets->may_start)) forget(brackets);
    if (!take_events(brackets, view)) {
        forget(brackets);
        const bool fits = take_events(brackets, view);
        BASE_ASSERT(fits);
    }
    for (size_t i = 0; !may_start && i < brackets->filling.count; i++) {
        bracket *b = brackets->open[brackets->filling.items[i].trial];
        if (b && b->may_fill) look_at(brackets, b);
    }
    brackets->view = view;
    brackets->may_start = may_start;
}

/* ---- a bracket ---- */

static bool has_moved(hpo_view view, uint64_t id, uint32_t rung) {
    const hpo_trial trial = hpo_view_trial(view, id);
    return trial.rung > rung || trial.state == HPO_TRIAL_STOPPED;
}

static void close_stage(bracket *b, size_t n_goals) {
    hpo_order_members(b->ended, b->n_ended, n_goals, hpo_spread_epsilon_net, NULL);
    const uint64_t planned = b->stage + 1 < b->plan.stages ? b->plan.size[b->stage + 1] : 0;
    b->closed = true;
    b->winners = planned < b->n_ended ? (size_t)planned : b->n_ended;
    b->promoted = 0;
    b->kept = b->n_ended;
}

/* Moves the trials of a closed stage, one per call; false when all have moved. The worst first, then the best first, so
 * that whether anything has moved shows at the two ends. */
static bool move_next(bracket *b, hpo_view view, const hpo_ladder *ladder, hpo_decision *out) {
    for (; b->kept > b->winners; b->kept--) {
        const hpo_trial trial = hpo_view_trial(view, b->ended[b->kept - 1].trial);
        if (trial.state != HPO_TRIAL_PAUSED) continue;
        *out = (hpo_decision){.kind = HPO_DECIDE_CLOSE, .trial = trial.id, .bracket = b->number, .rung = trial.rung};
        return true;
    }
    for (; b->promoted < b->winners; b->promoted++) {
        const hpo_trial trial = hpo_view_trial(view, b->ended[b->promoted].trial);
        if (trial.state != HPO_TRIAL_PAUSED || trial.rung != rung_of(b)) continue;
        *out = (hpo_decision){
            .kind = HPO_DECIDE_PROMOTE,
            .trial = trial.id,
            .bracket = b->number,
            .rung = trial.rung + 1,
            .fidelity = ladder->fidelity[trial.rung + 1],
        };
        return true;
    }
    return false;
}

/* Whoever goes on runs, or has ended already where the view has grown by more than what came of the last decision. */
static void enter_next_stage(bracket *b, hpo_view view) {
    const size_t members = b->winners;
    b->n_ended = 0;
    b->closed = false;
    b->stage++;
    for (size_t i = 0; i < members; i++) {
        const hpo_trial trial = hpo_view_trial(view, b->ended[i].trial); /* read before its place is taken */
        const hpo_eval *eval = eval_on(&trial, rung_of(b));
        if (eval && eval->failure == HPO_FAILURE_NONE) {
            add_ended(b, trial.id, eval);
        } else if (!eval && trial.state == HPO_TRIAL_RUNNING) {
            b->running++;
        }
    }
}

/* Whether new trials may still enter. A bracket that was promoted from before it was full (when no new trials were
 * allowed) stays as it is. */
static bool is_filling(const bracket *b, hpo_view view, bool may_start, size_t n_goals) {
    if (b->stage > 0 || b->closed || !may_start || b->adopted >= b->plan.size[0]) return false;
    if (b->running > 0 || b->n_ended == 0) return true;
    bool moved = has_moved(view, b->worst.trial, rung_of(b)) || has_moved(view, b->best.trial, rung_of(b));
    for (size_t i = 0; n_goals > 1 && !moved && i < b->n_ended; i++) /* no member is the first or last for good */
        moved = has_moved(view, b->ended[i].trial, rung_of(b));
    return !moved;
}

static step bracket_step(bracket *b, const hpo_ladder *ladder, hpo_view view, bool may_start, hpo_decision *out) {
    const size_t n_goals = hpo_view_n_goals(view);
    for (;;) {
        const bool is_last = b->stage + 1 == b->plan.stages;
        if (!b->closed) {
            if (is_filling(b, view, may_start, n_goals)) return STEP_START;
            if (b->running > 0) return STEP_WAIT;
            if (b->n_ended == 0 || (is_last && rung_of(b) + 1 == ladder->rungs)) return STEP_FINISHED;
            if (b->stage == 0) hpo_bracket_plan_shrink(&b->plan, ladder->eta, b->adopted);
            close_stage(b, n_goals);
        }
        if (move_next(b, view, ladder, out)) return STEP_ACT;
        if (is_last) return STEP_FINISHED;
        enter_next_stage(b, view);
    }
}

/* ---- deciding ---- */

static void decide_start(const hpo_brackets *brackets, uint32_t number, hpo_decision *out) {
    const uint32_t rung = plan_of(brackets, number).first;
    *out = (hpo_decision){
        .kind = HPO_DECIDE_START, .bracket = number, .rung = rung, .fidelity = brackets->ladder.fidelity[rung]};
}

/* Looks at the brackets for which records have come, in order, until one moves a trial. */
static bool act(hpo_brackets *brackets, hpo_view view, bool may_start, hpo_decision *out) {
    while (brackets->pending.count > 0) {
        bracket *b = brackets->open[brackets->pending.items[0].trial];
        const step result = bracket_step(b, &brackets->ladder, view, may_start, out);
        if (result == STEP_ACT) return true; /* there may be more to move */
        (void)hpo_member_heap_pop(&brackets->pending);
        b->in_pending = false;
        b->may_fill = result == STEP_START;
        if (b->may_fill && !b->in_filling) {
            hpo_member_heap_push(&brackets->filling, (hpo_member){.trial = b->number});
            b->in_filling = true;
        }
        if (result == STEP_FINISHED) finish(brackets, b);
    }
    return false;
}

/* The first bracket that new trials may enter, or NULL. */
static const bracket *first_filling(hpo_brackets *brackets) {
    while (brackets->filling.count > 0) {
        bracket *b = brackets->open[brackets->filling.items[0].trial];
        if (b && b->may_fill) return b;
        (void)hpo_member_heap_pop(&brackets->filling);
        if (b) b->in_filling = false;
    }
    return NULL;
}

void hpo_brackets_next(hpo_brackets *brackets, hpo_view view, bool may_start, hpo_decision *out) {
    follow(brackets, view, may_start);
    if (act(brackets, view, may_start, out)) return;
    const bracket *fill = first_filling(brackets);
    if (fill) {
        decide_start(brackets, fill->number, out);
    } else if (may_start && (brackets->limit == 0 || brackets->seen < brackets->limit)) {
        decide_start(brackets, brackets->seen, out);
    } else {
        *out = (hpo_decision){.kind = brackets->n_open > 0 ? HPO_DECIDE_WAIT : HPO_DECIDE_DONE};
    }
}

void hpo_brackets_describe(const hpo_brackets *brackets, base_buf *out) {
    const hpo_ladder *ladder = &brackets->ladder;
    base_buf_puts(out, "rungs ");
    for (uint32_t rung = 0; rung < ladder->rungs; rung++) {
        base_buf_printf(out, "%s%.6g", rung ? ", " : "", ladder->fidelity[rung]);
    }
    const uint32_t kinds = (brackets->cycle ? ladder->rungs : 1) + (brackets->full_first ? 1 : 0);
    base_buf_puts(out, kinds > 1 ? "; brackets: " : "; bracket: ");
    for (uint32_t number = 0; number < kinds; number++) {
        const hpo_bracket_plan plan = plan_of(brackets, number);
        if (number > 0) base_buf_puts(out, " | ");
        hpo_bracket_plan_print(&plan, ladder, out);
    }
}

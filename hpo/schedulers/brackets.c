/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Synchronous successive halving in a sequence of brackets (Jamieson and Talwalkar, AISTATS 2016; Li et al., JMLR
 * 2018).
 *
 * A rung closes when all its trials have ended: the worst are closed, the best promoted, ties to the lower trial.
 * Failed trials are never promoted, so a rung promotes min(planned, succeeded). A worker that no open bracket can use
 * opens the next one (as in HpBandSter), which keeps all workers busy without promoting anything early.
 *
 * Which trials are in which rung is read from the view; what is kept here only saves reading it again from the start:
 * per open bracket the trials of the current stage that have not been seen to end, and the losses of those that have.
 * So a decision costs as much as there are running trials, and dropping everything changes no decision. */
#include "hpo/schedulers/brackets.h"

#include <stdlib.h>
#include <string.h>

typedef struct member {
    uint64_t trial;
    double loss;
} member;

typedef struct bracket {
    uint32_t number, stage;
    hpo_bracket_plan plan;
    size_t adopted; /* trials of the bracket seen so far */
    uint64_t *running;
    size_t n_running, running_capacity;
    member *ended; /* successes of this stage; once it has closed: sorted, best first */
    size_t n_ended, ended_capacity;
    member best, worst;             /* of ended */
    bool closed;                    /* this stage; then: */
    size_t winners, promoted, kept; /* ended[0..winners) go on, ended[winners..kept) are still to be closed */
} bracket;

struct hpo_brackets {
    hpo_ladder ladder;
    bool cycle, full_first;
    uint64_t limit;
    bracket *open; /* in order; finished ones are dropped */
    size_t n_open, open_capacity;
    uint32_t seen;  /* brackets 0..seen-1 have been opened */
    hpo_view view;  /* the last one */
    bool may_start; /* the last answer */
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

static void bracket_fini(bracket *b) {
    free(b->running);
    free(b->ended);
}

static void forget(hpo_brackets *brackets) {
    for (size_t i = 0; i < brackets->n_open; i++) bracket_fini(&brackets->open[i]);
    brackets->n_open = 0;
    brackets->seen = 0;
}

void hpo_brackets_destroy(hpo_brackets *brackets) {
    if (!brackets) return;
    forget(brackets);
    free(brackets->open);
    free(brackets);
}

static hpo_bracket_plan plan_of(const hpo_brackets *brackets, uint32_t number) {
    const uint32_t rungs = brackets->ladder.rungs;
    if (brackets->full_first) {
        if (number == 0) return (hpo_bracket_plan){.first = rungs - 1, .stages = 1, .size = {1}};
        number--;
    }
    return hpo_ladder_bracket(&brackets->ladder, rungs - 1 - (brackets->cycle ? number % rungs : 0));
}

static uint32_t rung_of(const bracket *b) {
    return b->plan.first + b->stage;
}

/* The evaluation of the trial on that rung, or NULL. */
static const hpo_eval *eval_on(const hpo_trial *trial, uint32_t rung) {
    for (size_t i = trial->n_evals; i-- > 0;) {
        if (trial->evals[i].rung == rung) return &trial->evals[i];
    }
    return NULL;
}

static bool has_moved(hpo_view view, uint64_t id, uint32_t rung) {
    const hpo_trial trial = hpo_view_trial(view, id);
    return trial.rung > rung || trial.state == HPO_TRIAL_STOPPED;
}

static bool better(const member *a, const member *b) {
    return hpo_loss_less(a->loss, a->trial, b->loss, b->trial);
}

static void add_ended(bracket *b, uint64_t trial, double loss) {
    const member m = {trial, loss};
    BASE_GROW(b->ended, b->ended_capacity, b->n_ended + 1);
    b->ended[b->n_ended++] = m;
    if (b->n_ended == 1 || better(&m, &b->best)) b->best = m;
    if (b->n_ended == 1 || better(&b->worst, &m)) b->worst = m;
}

/* Takes over what the view has that was not there before: new trials, and evaluations that have ended. */
static void catch_up(bracket *b, hpo_view view) {
    if (b->stage == 0) {
        size_t count;
        const uint64_t *ids = hpo_view_bracket(view, b->number, &count);
        BASE_GROW(b->running, b->running_capacity, b->n_running + (count - b->adopted));
        while (b->adopted < count) b->running[b->n_running++] = ids[b->adopted++];
    }
    size_t left = 0;
    for (size_t i = 0; i < b->n_running; i++) {
        const hpo_trial trial = hpo_view_trial(view, b->running[i]);
        const hpo_eval *eval = eval_on(&trial, rung_of(b));
        if (eval && eval->failure == HPO_FAILURE_NONE) {
            add_ended(b, trial.id, eval->loss);
        } else if (!eval && trial.state == HPO_TRIAL_RUNNING) {
            b->running[left++] = trial.id;
        }
    }
    b->n_running = left;
}

static int compare(const void *a, const void *b) {
    return better(a, b) ? -1 : better(b, a) ? 1 : 0;
}

static void close_stage(bracket *b) {
    if (b->n_ended > 1) qsort(b->ended, b->n_ended, sizeof *b->ended, compare);
    const uint64_t planned = b->plan.size[b->stage + 1];
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

static void enter_next_stage(bracket *b) {
    BASE_GROW(b->running, b->running_capacity, b->winners);
    for (size_t i = 0; i < b->winners; i++) b->running[i] = b->ended[i].trial;
    b->n_running = b->winners;
    b->n_ended = 0;
    b->closed = false;
    b->stage++;
}

/* Whether new trials may still enter. A bracket that was promoted from before it was full (when no new trials were
 * allowed) stays as it is. */
static bool is_filling(const bracket *b, hpo_view view, bool may_start) {
    if (b->stage > 0 || b->closed || !may_start || b->adopted >= b->plan.size[0]) return false;
    if (b->n_running > 0 || b->n_ended == 0) return true;
    return !has_moved(view, b->worst.trial, rung_of(b)) && !has_moved(view, b->best.trial, rung_of(b));
}

static step bracket_step(bracket *b, const hpo_ladder *ladder, hpo_view view, bool may_start, hpo_decision *out) {
    for (;;) {
        if (!b->closed) {
            catch_up(b, view);
            if (is_filling(b, view, may_start)) return STEP_START;
            if (b->n_running > 0) return STEP_WAIT;
            if (b->stage + 1 == b->plan.stages || b->n_ended == 0) return STEP_FINISHED;
            if (b->stage == 0) hpo_bracket_plan_shrink(&b->plan, ladder->eta, b->adopted);
            close_stage(b);
        }
        if (move_next(b, view, ladder, out)) return STEP_ACT;
        enter_next_stage(b);
    }
}

/* Brings what is kept in line with the view. It can only be built upon when the view has grown; and a stage that was
 * closed because no new trials were allowed may have to be opened again. */
static void follow(hpo_brackets *brackets, hpo_view view, bool may_start) {
    const bool grown = view.history == brackets->view.history && view.as_of >= brackets->view.as_of;
    if (!grown || (may_start && !brackets->may_start)) forget(brackets);
    brackets->view = view;
    brackets->may_start = may_start;
    const uint32_t count = hpo_view_brackets(view);
    for (; brackets->seen < count; brackets->seen++) {
        BASE_GROW(brackets->open, brackets->open_capacity, brackets->n_open + 1);
        brackets->open[brackets->n_open++] =
            (bracket){.number = brackets->seen, .plan = plan_of(brackets, brackets->seen)};
    }
}

static void decide_start(const hpo_brackets *brackets, uint32_t number, hpo_decision *out) {
    const uint32_t rung = plan_of(brackets, number).first;
    *out = (hpo_decision){
        .kind = HPO_DECIDE_START, .bracket = number, .rung = rung, .fidelity = brackets->ladder.fidelity[rung]};
}

void hpo_brackets_next(hpo_brackets *brackets, hpo_view view, bool may_start, hpo_decision *out) {
    follow(brackets, view, may_start);
    bool may_fill = false, acts = false;
    uint32_t fill = 0;
    size_t kept = 0;
    for (size_t i = 0; i < brackets->n_open; i++) {
        bracket *b = &brackets->open[i];
        const step result = acts ? STEP_WAIT : bracket_step(b, &brackets->ladder, view, may_start, out);
        if (result == STEP_FINISHED) {
            bracket_fini(b);
            continue;
        }
        acts = acts || result == STEP_ACT;
        if (result == STEP_START && !may_fill) {
            may_fill = true;
            fill = b->number;
        }
        if (kept < i) brackets->open[kept] = *b;
        kept++;
    }
    brackets->n_open = kept;
    if (acts) return;
    if (may_fill) {
        decide_start(brackets, fill, out);
    } else if (may_start && (brackets->limit == 0 || brackets->seen < brackets->limit)) {
        decide_start(brackets, brackets->seen, out);
    } else {
        *out = (hpo_decision){.kind = kept > 0 ? HPO_DECIDE_WAIT : HPO_DECIDE_DONE};
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

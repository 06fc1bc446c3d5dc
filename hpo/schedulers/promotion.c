/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asynchronous successive halving: L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, J. Ben-tzur, M. Hardt, B. Recht,
 * A. Talwalkar, "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020.
 *
 * Promotion is the paper's Algorithm 2: from the top down, the best trial that is not yet promoted moves up if it is
 * among the top floor(n/eta) of all n that were ever evaluated on its rung, promoted ones included. A failed evaluation
 * is one of the n, as the worst, and never moves. A worker never waits for others: when nobody can be promoted a new
 * trial begins.
 *
 * Stopping is the variant without pauses, by the rule of Syne Tune (Salinas et al., AutoML 2022): at its first report
 * on or past a rung a trial stops if more than n/eta of the n values seen there, its own included, are strictly
 * smaller. The first one on a rung therefore goes on, and equal values never stop anybody. A report that is not a
 * number counts as +infinity. A report at the target fidelity stops nobody: nothing would be saved.
 *
 * Several brackets (asynchronous Hyperband): every bracket is one such ladder of its own, begun one rung higher than
 * the one before. A new trial's bracket is drawn with the probabilities of A. Klein, L. Tiao, T. Lienart, C.
 * Archambeau, M. Seeger, "Model-based Asynchronous Hyperparameter and Neural Architecture Search", 2020, App. A, from
 * the trial's id alone: these are the fractions of the trials in Hyperband's own brackets. Promotions of any bracket
 * come before new trials.
 *
 * Several goals: "best" is by the order of order.h, as in multi-objective ASHA (R. Schmucker, M. Donini, M. B. Zafar,
 * D. Salinas, C. Archambeau, 2021); a trial that is stopped is then not among the first n/eta + 1 of the n seen on the
 * rung.
 *
 * What is kept only saves reading the view again: on every rung the best share of its losses and the trials that may
 * still move. Whether one has moved already is looked up when its turn comes. */
#include "hpo/schedulers/promotion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "hpo/schedulers/top_share.h"

typedef struct rung {
    hpo_top_share share;    /* of all that were evaluated here */
    hpo_member_heap paused; /* one goal: those that succeeded, best first; who has moved leaves when it is the first */
} rung;

typedef struct bracket {
    rung rungs[HPO_LADDER_MAX_RUNGS];
} bracket;

struct hpo_promotion {
    hpo_ladder ladder;
    uint32_t first, n_brackets;
    hpo_promotion_mode mode;
    uint64_t seed;
    size_t n_goals;
    double drawn[HPO_LADDER_MAX_RUNGS]; /* share of the trials that begin in each bracket */
    bracket *brackets;
    uint8_t *reached; /* stopping: by trial, rungs below this one were passed by reports */
    size_t n_reached, reached_capacity;
    bool stop;                              /* stopping: the verdict on the last report that was read */
    uint64_t running[HPO_LADDER_MAX_RUNGS]; /* promotion: trials of each bracket that run */
    hpo_view view;                          /* what has been read */
};

const char *const hpo_promotion_modes[] = {"promotion", "stopping", NULL};

double hpo_promotion_share(uint64_t eta, uint32_t brackets, uint32_t number) {
    const uint32_t top = brackets - 1;
    double sum = 0, mine = 0;
    for (uint32_t b = 0; b <= top; b++) {
        const double weight = pow((double)eta, top - b) * (top + 1) / (top - b + 1);
        sum += weight;
        if (b == number) mine = weight;
    }
    return mine / sum;
}

static void clear(hpo_promotion *promotion, size_t n_goals) {
    for (uint32_t b = 0; b < promotion->n_brackets; b++) {
        for (uint32_t k = 0; k < HPO_LADDER_MAX_RUNGS; k++) {
            rung *r = &promotion->brackets[b].rungs[k];
            hpo_top_share_fini(&r->share);
            hpo_member_heap_fini(&r->paused);
            hpo_top_share_init(&r->share, n_goals);
        }
    }
    promotion->n_goals = n_goals;
    promotion->n_reached = 0;
    memset(promotion->running, 0, sizeof promotion->running);
    promotion->view = (hpo_view){0};
}

hpo_promotion *hpo_promotion_create(const hpo_ladder *ladder, uint32_t first, uint32_t brackets, int mode,
                                    uint64_t seed) {
    BASE_ASSERT(brackets >= 1 && first + brackets <= ladder->rungs);
    hpo_promotion *promotion = base_calloc(1, sizeof *promotion);
    *promotion = (hpo_promotion){
        .ladder = *ladder,
        .first = first,
        .n_brackets = brackets,
        .mode = (hpo_promotion_mode)mode,
        .seed = seed,
        .brackets = base_calloc(brackets, sizeof(bracket)),
    };
    for (uint32_t b = 0; b < brackets; b++) promotion->drawn[b] = hpo_promotion_share(ladder->eta, brackets, b);
    clear(promotion, 1);
    return promotion;
}

void hpo_promotion_destroy(hpo_promotion *promotion) {
    if (!promotion) return;
    clear(promotion, 1);
    free(promotion->brackets);
    free(promotion->reached);
    free(promotion);
}

/* ---- reading the view ---- */

static void take_result(hpo_promotion *promotion, const hpo_trial *trial, const hpo_eval *eval) {
    rung *r = &promotion->brackets[trial->bracket].rungs[eval->rung];
    const hpo_member member = hpo_member_of(trial->id, eval);
    hpo_top_share_add(&r->share, member, (hpo_top_share_count(&r->share) + 1) / promotion->ladder.eta);
    const bool moves = eval->failure == HPO_FAILURE_NONE && eval->rung + 1 < promotion->ladder.rungs;
    if (moves && promotion->n_goals == 1) {
        hpo_member_heap_push(&r->paused, member);
    }
}

static bool is_too_bad(rung *r, hpo_member member, uint64_t eta) {
    const size_t n = hpo_top_share_count(&r->share) + 1;
    hpo_top_share_add(&r->share, member, n / eta + 1); /* its worst has n/eta others before it */
    return hpo_top_share_is_behind(&r->share, &member);
}

static void take_report(hpo_promotion *promotion, const hpo_trial *trial, const hpo_report *report) {
    const hpo_ladder *ladder = &promotion->ladder;
    BASE_GROW(promotion->reached, promotion->reached_capacity, (size_t)trial->id + 1);
    while (promotion->n_reached <= trial->id) promotion->reached[promotion->n_reached++] = 0;
    uint8_t *reached = &promotion->reached[trial->id];
    const uint32_t lowest = promotion->first + trial->bracket;
    if (*reached < lowest) *reached = (uint8_t)lowest;
    promotion->stop = false;
    for (; *reached + 1u < ladder->rungs && report->step >= ladder->fidelity[*reached]; ++*reached) {
        const hpo_member member = hpo_member_of_report(trial->id, report);
        rung *r = &promotion->brackets[trial->bracket].rungs[*reached];
        if (is_too_bad(r, member, ladder->eta)) promotion->stop = true;
    }
    if (report->step >= ladder->fidelity[ladder->rungs - 1]) promotion->stop = false;
}

static bool runs_after(hpo_view view, uint64_t id, uint64_t events) {
    const hpo_view then = {.history = view.history, .as_of = events};
    return hpo_view_trial(then, id).state == HPO_TRIAL_RUNNING;
}

static void take_event(hpo_promotion *promotion, hpo_view view, uint64_t event) {
    const hpo_trial trial = hpo_view_trial(view, hpo_view_event_trial(view, event));
    if (trial.bracket >= promotion->n_brackets) return;
    if (promotion->mode == HPO_MODE_STOPPING) {
        for (size_t i = trial.n_reports; i-- > 0 && trial.reports[i].event >= event;) {
            if (trial.reports[i].event == event) take_report(promotion, &trial, &trial.reports[i]);
        }
        return;
    }
    for (size_t i = trial.n_evals; i-- > 0 && trial.evals[i].event >= event;) {
        const hpo_eval *eval = &trial.evals[i];
        if (eval->event == event && eval->rung < promotion->ladder.rungs) take_result(promotion, &trial, eval);
    }
    promotion->running[trial.bracket] += runs_after(view, trial.id, event + 1);
    promotion->running[trial.bracket] -= trial.created < event && runs_after(view, trial.id, event);
}

static void follow(hpo_promotion *promotion, hpo_view view) {
    const bool grown = view.history == promotion->view.history && view.as_of >= promotion->view.as_of;
    const size_t n_goals = hpo_view_n_goals(view);
    if (!grown) clear(promotion, n_goals);
    for (uint64_t event = promotion->view.as_of; event < view.as_of; event++) take_event(promotion, view, event);
    promotion->view = view;
}

/* ---- deciding ---- */

static bool is_paused_on(hpo_view view, uint64_t id, uint32_t k) {
    const hpo_trial trial = hpo_view_trial(view, id);
    return trial.state == HPO_TRIAL_PAUSED && trial.rung == k;
}

/* The best one that may still move, or NULL. With several goals the order changes, and all are looked at. */
static const hpo_member *best_paused(rung *r, uint32_t k, hpo_view view) {
    for (size_t i = 0; r->share.n_goals > 1 && i < hpo_top_share_count(&r->share); i++) {
        const hpo_member *member = &hpo_top_share_ordered(&r->share)[i];
        if (is_paused_on(view, member->trial, k)) return member;
    }
    for (; r->paused.count > 0; hpo_member_heap_pop(&r->paused)) {
        if (is_paused_on(view, r->paused.items[0].trial, k)) return &r->paused.items[0];
    }
    return NULL;
}

static void decide_promote(const hpo_promotion *promotion, uint64_t trial, uint32_t b, uint32_t k, hpo_decision *out) {
    *out = (hpo_decision){.kind = HPO_DECIDE_PROMOTE,
                          .trial = trial,
                          .bracket = b,
                          .rung = k + 1,
                          .fidelity = promotion->ladder.fidelity[k + 1]};
}

static bool promote(hpo_promotion *promotion, hpo_view view, hpo_decision *out) {
    for (uint32_t k = promotion->ladder.rungs - 1; k-- > promotion->first;) {
        for (uint32_t b = 0; b < promotion->n_brackets && promotion->first + b <= k; b++) {
            rung *r = &promotion->brackets[b].rungs[k];
            const hpo_member *best = best_paused(r, k, view);
            if (!best || !hpo_top_share_has(&r->share, best)) continue;
            decide_promote(promotion, best->trial, b, k, out);
            return true;
        }
    }
    return false;
}

/* The end of a bracket that has too few trials for its higher rungs: when none of them runs any more, the best goes on
 * where nobody has been. */
static bool promote_last(hpo_promotion *promotion, hpo_view view, hpo_decision *out) {
    for (uint32_t b = 0; b < promotion->n_brackets; b++) {
        for (uint32_t k = promotion->ladder.rungs - 1; promotion->running[b] == 0 && k-- > promotion->first + b;) {
            const rung *above = &promotion->brackets[b].rungs[k + 1];
            const hpo_member *best = best_paused(&promotion->brackets[b].rungs[k], k, view);
            if (!best || hpo_top_share_count(&above->share) > 0) continue;
            decide_promote(promotion, best->trial, b, k, out);
            return true;
        }
    }
    return false;
}

static uint32_t draw_bracket(const hpo_promotion *promotion, uint64_t trial) {
    if (promotion->n_brackets == 1) return 0;
    base_rng rng = base_rng_stream(promotion->seed, BASE_RNG_SCHEDULER, (uint32_t)trial, 0);
    double left = base_rng_uniform(&rng);
    uint32_t b = 0;
    for (; b + 1 < promotion->n_brackets; b++) {
        left -= promotion->drawn[b];
        if (left < 0) break;
    }
    return b;
}

static void start(const hpo_promotion *promotion, hpo_view view, hpo_decision *out) {
    const uint32_t b = draw_bracket(promotion, hpo_view_trials(view));
    const uint32_t top = promotion->ladder.rungs - 1;
    const uint32_t k = promotion->mode == HPO_MODE_STOPPING ? top : promotion->first + b;
    *out = (hpo_decision){.kind = HPO_DECIDE_START, .bracket = b, .rung = k, .fidelity = promotion->ladder.fidelity[k]};
}

/* Nothing begins or moves any more: what is paused is ended, from the top rung down. */
static void finish(hpo_promotion *promotion, hpo_view view, hpo_decision *out) {
    for (uint32_t k = promotion->ladder.rungs - 1; k-- > promotion->first;) {
        for (uint32_t b = 0; b < promotion->n_brackets && promotion->first + b <= k; b++) {
            const hpo_member *paused = best_paused(&promotion->brackets[b].rungs[k], k, view);
            if (!paused) continue;
            *out = (hpo_decision){.kind = HPO_DECIDE_CLOSE, .trial = paused->trial, .bracket = b, .rung = k};
            return;
        }
    }
    *out = (hpo_decision){.kind = HPO_DECIDE_DONE};
}

void hpo_promotion_next(hpo_promotion *promotion, hpo_view view, bool may_start, hpo_decision *out) {
    const bool promotes = promotion->mode == HPO_MODE_PROMOTION;
    follow(promotion, view);
    if (promotes && promote(promotion, view, out)) return;
    if (may_start) {
        start(promotion, view, out);
    } else if (promotes && promote_last(promotion, view, out)) {
        return;
    } else if (hpo_view_count(view, HPO_TRIAL_RUNNING) > 0) {
        *out = (hpo_decision){.kind = HPO_DECIDE_WAIT};
    } else {
        finish(promotion, view, out);
    }
}

bool hpo_promotion_stops(const hpo_promotion *promotion) {
    return promotion->mode == HPO_MODE_STOPPING;
}

bool hpo_promotion_should_stop(hpo_promotion *promotion, hpo_view view, uint64_t id) {
    (void)id; /* the view ends with its report */
    if (promotion->mode != HPO_MODE_STOPPING) return false;
    follow(promotion, view);
    return promotion->stop;
}

void hpo_promotion_describe(const hpo_promotion *promotion, base_buf *out) {
    const hpo_ladder *ladder = &promotion->ladder;
    base_buf_puts(out, "rungs ");
    for (uint32_t k = promotion->first; k < ladder->rungs; k++) {
        base_buf_printf(out, "%s%.6g", k > promotion->first ? ", " : "", ladder->fidelity[k]);
    }
    if (promotion->n_brackets == 1) return;
    base_buf_puts(out, promotion->mode == HPO_MODE_STOPPING ? "; judged from " : "; begin at ");
    for (uint32_t b = 0; b < promotion->n_brackets; b++) {
        base_buf_printf(out, "%s%.6g (%.3g%% of the trials)", b ? ", " : "", ladder->fidelity[promotion->first + b],
                        100 * promotion->drawn[b]);
    }
}

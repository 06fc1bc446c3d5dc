/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ends of evaluations: what counts, what is repeated, and what has to wait for a word from outside.
 *
 * One rule for repetitions: every kind of failure has its number of further attempts, whoever counts them. Only what
 * the run was told to stop is repeated without being counted, and that is known only afterwards: a batch system signals
 * every process of a job in any order, so a trial may have ended by its signal before the run hears of it. Such an end
 * waits for a heartbeat. If the run is told to stop by then, the trial was interrupted and a later run goes on with it;
 * if not, its program has crashed. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "hpo/dispatch/controller_impl.h"

tries *controller_tries(controller *c, uint64_t trial) {
    size_t need = (size_t)trial + 1;
    if (need > c->ends.n_tries) {
        BASE_GROW(c->ends.tries, c->ends.cap_tries, need);
        memset(c->ends.tries + c->ends.n_tries, 0, (need - c->ends.n_tries) * sizeof *c->ends.tries);
        c->ends.n_tries = need;
    }
    return &c->ends.tries[trial];
}

bool controller_is_current(controller *c, uint64_t trial, uint32_t rung, uint32_t attempt) {
    if (trial >= hpo_view_trials(hpo_study_view(c->study))) return false;
    hpo_trial now = hpo_view_trial(hpo_study_view(c->study), trial);
    const tries *t = controller_tries(c, trial);
    return now.state == HPO_TRIAL_RUNNING && now.rung == rung && t->attempt == attempt;
}

/* ---- repetitions ---- */

bool controller_may_repeat(const controller *c, tries *t, hpo_failure failure) {
    const hpo_failure_policy *policy = &c->spec->failure;
    switch (failure) {
    case HPO_FAILURE_CRASH:
    case HPO_FAILURE_EXIT: return t->crash++ < policy->retries_crash;
    case HPO_FAILURE_TIMEOUT: return t->timeout++ < policy->retries_timeout;
    case HPO_FAILURE_OOM: return t->oom++ < policy->retries_oom;
    case HPO_FAILURE_LOST: return t->lost++ < policy->retries_lost;
    default: return false;
    }
}

/* A program that does not understand its command line says so with 2 (shells, getopt, argparse): it will not
 * understand it the next time. */
static bool is_bad_usage(const hpo_result *result) {
    return result->failure == HPO_FAILURE_EXIT && result->code == 2;
}

static base_status repeat_or_tell(controller *c, hpo_raw *raw, base_err *err) {
    tries *t = controller_tries(c, raw->trial);
    hpo_failure failure = raw->result.failure;
    const bool failed = failure != HPO_FAILURE_NONE && !is_bad_usage(&raw->result);
    if (failed && controller_may_repeat(c, t, failure)) {
        BASE_TRY(controller_note_attempt(c, raw, err));
        t->attempt++;
        c->ends.retried++;
        if (c->order) hpo_order_retry(c->order, raw->trial);
        controller_enqueue(c, raw->trial);
        return BASE_OK;
    }
    if (failure ==
        HPO_FAILURE_LOST) { /* the study knows no lost trials: one that loses its workers again and again failed */
        raw->result.failure = HPO_FAILURE_CRASH;
        snprintf(raw->result.reason, sizeof raw->result.reason, "its worker was lost %d times", (int)t->lost);
    }
    return controller_deliver(c, raw, err);
}

/* ---- ends that somebody else may have caused ---- */

/* What batch systems, launchers and terminals send to every process of a job. */
static bool is_from_outside(int number) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i] == number) return true;
    }
    return false;
}

/* Whether a signal may have ended it that the run itself will hear of, too. A shell exits with 128 + n when signal n
 * ended its command. */
static bool may_be_interrupted(const hpo_result *result) {
    switch (result->failure) {
    case HPO_FAILURE_INTERRUPTED: return true;
    case HPO_FAILURE_CRASH: return is_from_outside(result->code);
    case HPO_FAILURE_EXIT: return is_from_outside(result->code - 128);
    default: return false;
    }
}

static void hold(controller *c, const hpo_raw *raw) {
    BASE_GROW(c->ends.uncertain, c->ends.cap_uncertain, c->ends.n_uncertain + 1);
    c->ends.uncertain[c->ends.n_uncertain++] =
        (uncertain_end){.until = base_monotonic() + c->spec->failure.heartbeat, .raw = *raw};
}

/* Nobody told the run to stop. */
static base_status take_crash(controller *c, hpo_raw *raw, base_err *err) {
    hpo_result *result = &raw->result;
    if (!controller_is_current(c, raw->trial, raw->rung, raw->attempt)) return BASE_OK;
    if (result->failure == HPO_FAILURE_INTERRUPTED) {
        result->failure = HPO_FAILURE_CRASH;
        result->code = SIGTERM;
        snprintf(result->reason, sizeof result->reason, "was told to stop by a signal that is not from this run");
    }
    return repeat_or_tell(c, raw, err);
}

base_status controller_settle_uncertain(controller *c, double now, base_err *err) {
    if (c->drain == DRAIN_SIGNAL) c->ends.n_uncertain = 0; /* they stay running: a later run goes on with them */
    size_t kept = 0, count = c->ends.n_uncertain;
    base_status status = BASE_OK;
    for (size_t i = 0; i < count; i++) {
        uncertain_end *end = &c->ends.uncertain[i];
        if (now < end->until || status != BASE_OK) {
            c->ends.uncertain[kept++] = *end;
        } else {
            status = take_crash(c, &end->raw, err);
        }
    }
    c->ends.n_uncertain = kept;
    return status;
}

/* ---- results and losses ---- */

/* It stays running, and a later run goes on with it. */
static bool is_left_to_a_later_run(const controller *c, const hpo_result *result) {
    if (c->drain == DRAIN_NONE) return false;
    if (c->drain == DRAIN_SIGNAL && may_be_interrupted(result)) return true;
    return result->failure == HPO_FAILURE_INTERRUPTED || result->failure == HPO_FAILURE_LOST;
}

/* Nothing of it ran, and nothing can: the next trial would fare the same. */
void controller_end_for_storage(controller *c, const char *reason) {
    if (!c->no_storage) c->no_storage = base_strdup(reason);
    controller_start_drain(c, DRAIN_STORAGE);
}

base_status controller_take_result(controller *c, size_t worker, const hpo_message *message, base_err *err) {
    hpo_trial trial = hpo_view_trial(hpo_study_view(c->study), message->trial);
    hpo_raw raw = {.trial = message->trial,
                   .rung = message->rung,
                   .attempt = message->attempt,
                   .worker = (uint32_t)worker,
                   .fidelity = trial.fidelity,
                   .result = message->result};
    if (raw.result.failure == HPO_FAILURE_STORAGE) {
        controller_end_for_storage(c, raw.result.reason);
        return BASE_OK;
    }
    if (is_left_to_a_later_run(c, &raw.result)) return BASE_OK;
    if (!may_be_interrupted(&raw.result)) return repeat_or_tell(c, &raw, err);
    if (!c->env->signal) return take_crash(c, &raw, err); /* nobody can tell this run to stop */
    hold(c, &raw);
    return BASE_OK;
}

base_status controller_take_lost(controller *c, uint64_t trial, uint32_t worker, base_err *err) {
    hpo_trial now = hpo_view_trial(hpo_study_view(c->study), trial);
    hpo_raw raw = {.trial = trial,
                   .rung = now.rung,
                   .attempt = controller_tries(c, trial)->attempt,
                   .worker = worker,
                   .fidelity = now.fidelity,
                   .result = {.failure = HPO_FAILURE_LOST, .cost = NAN}};
    snprintf(raw.result.reason, sizeof raw.result.reason, "its worker (rank %u) was lost", worker + 1);
    if (c->drain != DRAIN_NONE) return BASE_OK;
    return repeat_or_tell(c, &raw, err);
}

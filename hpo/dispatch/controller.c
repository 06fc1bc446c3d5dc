/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller's loop: peers, messages, heartbeats, draining.
 *
 * One thread owns the transport. A line of the journal is safe before the job that it speaks of leaves, so that a crash
 * can lose work but never knowledge; a disk that is slow keeps jobs waiting, but no message. A silent worker is lost,
 * its trial is run again elsewhere, and a late answer of an older attempt is dropped by (trial, rung, attempt).
 *
 * What moves a peer from one state to another; `-`: nothing changes. "silent": it was not heard for lost_after, a
 * starting one for STARTUP_PATIENCE at least. "own": the answer to the job that it owes.
 *
 *              HELLO   a job      own RESULT          BEAT, REPORT, other RESULT   silent   BYE
 *   STARTING   IDLE    never      -                   -                            LOST     GONE
 *   IDLE       -       BUSY       -                   -                            LOST     GONE
 *   BUSY       -       never      IDLE, or BROKEN:    -                            LOST     GONE
 *                                 its server is lost
 *   LOST       IDLE    never      IDLE: does not      BEAT, REPORT: IDLE, or, if   -        GONE
 *                                 count any more      it is busy, told to end
 *   BROKEN     -       never      -                   -                            GONE     GONE
 *   GONE       -       never      -                   -                            -        -
 *
 * Messages are trusted to come in their order, not to come. A BUSY peer whose beats do not name its job as running for
 * lost_after is as good as silent: the job or its RESULT was lost. A RESULT that had more REPORTs than came is none,
 * and the trial is run again. Copies are known by their numbers (message.h).
 *
 * A HELLO that names another program or study, or a message without a meaning, ends the run. A LOST or GONE peer that
 * was BUSY has its trial run again. One that stays LOST for RECONNECT_TIMEOUTS times lost_after is no longer sent
 * beats, and takes no part in anything until it is heard. A run whose peers are all LOST, BROKEN or GONE ends. */
#include "hpo/dispatch/controller.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "hpo/dispatch/controller_impl.h"

static const double TICK = 0.1;              /* seconds between looks at the clock, the display and the limits */
static const double STARTUP_PATIENCE = 600;  /* seconds until a worker that never said HELLO is lost (it loads data) */
static const double ANSWER_PATIENCE = 0.4;   /* seconds beyond the grace for the word that a trial has ended */
static const double RECONNECT_TIMEOUTS = 10; /* times lost_after that a silent worker is still spoken to */

static base_status send_to(controller *c, size_t to, const hpo_message *message, base_err *err) {
    return c->env->transport.ops->send(c->env->transport.self, to, message, err);
}

/* A message whose loss costs nothing: the peer may be dead already. */
static void send_freely(controller *c, size_t to, const hpo_message *message) {
    base_err ignored;
    if (send_to(c, to, message, &ignored) != BASE_OK) base_log(BASE_LOG_DEBUG, "%s", ignored.text);
}

static void set_state(controller *c, peer *p, peer_state state) {
    controller_account(c);
    size_t *counts[] = {
        [PEER_STARTING] = &c->crew.starting, [PEER_IDLE] = &c->crew.idle,   [PEER_BUSY] = &c->crew.busy,
        [PEER_LOST] = &c->crew.lost,         [PEER_BROKEN] = &c->crew.lost, [PEER_GONE] = &c->crew.lost};
    (*counts[p->state])--;
    (*counts[state])++;
    p->state = state;
}

static void stop_peer(controller *c, size_t index, hpo_stop_reason reason) {
    peer *p = &c->crew.peers[index];
    p->stopping = true;
    send_freely(c, index,
                &(hpo_message){.kind = HPO_MESSAGE_STOP, .trial = p->trial, .attempt = p->attempt, .stop = reason});
}

bool controller_stop_trial(controller *c, uint64_t trial) {
    bool runs = false;
    for (size_t i = 0; i < c->crew.count; i++) {
        const peer *p = &c->crew.peers[i];
        if (p->state != PEER_BUSY || p->trial != trial) continue;
        runs = true;
        if (!p->stopping) stop_peer(c, i, HPO_STOP_SEARCHER);
    }
    for (size_t i = c->jobs.head; i < c->jobs.tail; i++) {
        if (c->jobs.waiting[i].trial != trial) continue;
        memmove(c->jobs.waiting + i, c->jobs.waiting + i + 1, (c->jobs.tail - i - 1) * sizeof *c->jobs.waiting);
        c->jobs.tail--;
        break;
    }
    return runs;
}

void controller_start_drain(controller *c, drain_cause cause) {
    if (c->drain != DRAIN_NONE) return;
    c->drain = cause;
    c->drain_deadline = base_monotonic() + c->spec->limits.stop_grace + ANSWER_PATIENCE;
    for (size_t i = 0; i < c->crew.count; i++) {
        if (c->crew.peers[i].state == PEER_BUSY) stop_peer(c, i, HPO_STOP_INTERRUPT);
    }
}

base_status controller_flush(controller *c, base_err *err) {
    if (!c->dirty) return BASE_OK;
    c->dirty = false;
    return hpo_journal_flush(c->env->journal, err);
}

/* Whether the first job of the queue is kept back by the disk alone. */
static bool waits_for_disk(const controller *c) {
    return c->jobs.head < c->jobs.tail && c->jobs.waiting[c->jobs.head].after > c->jobs.safe;
}

/* Jobs leave for idle workers; the journal first. Nothing begins once the run ends: what waits in the queue stays
 * running in the journal and is taken up by a later run. */
static base_status dispatch(controller *c, base_err *err) {
    BASE_TRY(controller_flush(c, err));
    if (c->env->journal) c->jobs.safe = hpo_journal_safe(c->env->journal);
    if (c->drain != DRAIN_NONE || c->driving_again) return BASE_OK;
    for (size_t i = 0; i < c->crew.count && c->jobs.head < c->jobs.tail && c->crew.idle > 0 && !waits_for_disk(c);
         i++) {
        peer *p = &c->crew.peers[i];
        if (p->state != PEER_IDLE) continue;
        uint64_t trial = c->jobs.waiting[c->jobs.head++].trial;
        hpo_job job;
        hpo_study_job(c->study, trial, &job);
        *p = (peer){.state = p->state,
                    .owes = true,
                    .heard = p->heard,
                    .jobs = p->jobs + 1,
                    .confirmed = base_monotonic(),
                    .trial = trial,
                    .rung = job.rung,
                    .began = base_monotonic(),
                    .from = job.from,
                    .to = job.fidelity,
                    .attempt = controller_tries(c, trial)->attempt};
        set_state(c, p, PEER_BUSY);
        BASE_TRY(send_to(c, i,
                         &(hpo_message){.kind = HPO_MESSAGE_JOB,
                                        .number = p->jobs,
                                        .trial = trial,
                                        .attempt = p->attempt,
                                        .rung = job.rung,
                                        .fidelity = job.fidelity,
                                        .from = job.from,
                                        .seed = job.seed,
                                        .parent = job.parent,
                                        .parent_fidelity = job.parent_fidelity,
                                        .config = job.config,
                                        .n_config = hpo_space_count(c->spec->space)},
                         err));
    }
    return BASE_OK;
}

static base_status lose(controller *c, size_t index, peer_state state, base_err *err) {
    peer *p = &c->crew.peers[index];
    bool was_busy = p->state == PEER_BUSY;
    set_state(c, p, state);
    base_log(BASE_LOG_WARN, "worker %zu is lost%s", index + 1, was_busy ? "; its trial will be run again" : "");
    if (was_busy && state == PEER_LOST) stop_peer(c, index, HPO_STOP_KILL); /* should it wake up */
    if (was_busy && controller_is_current(c, p->trial, p->rung, p->attempt)) {
        return controller_take_lost(c, p->trial, (uint32_t)index, err);
    }
    const bool stopped = was_busy && controller_is_stopped(c, p->trial, p->rung, p->attempt);
    return stopped ? controller_settle(c, p->trial, err) : BASE_OK;
}

/* Its bytes mean nothing here, so it cannot even say HELLO. */
static base_status fail_stranger(size_t index, base_err *err) {
    return BASE_FAIL(err, BASE_INVALID,
                     "worker %zu sent a message that this program does not understand; install the same program on "
                     "every host",
                     index + 1);
}

static void take_hello(controller *c, size_t index, const hpo_message *message) {
    peer *p = &c->crew.peers[index];
    char text[400];
    const char *host = message->host ? message->host : "?";
    if (message->status == BASE_IO) {
        controller_end_for_storage(c, message->text); /* the world's failure, not the study's */
        set_state(c, p, PEER_IDLE);                   /* it still waits for BYE */
        return;
    }
    if (message->status != BASE_OK) {
        snprintf(text, sizeof text, "%s", message->text);
    } else if (message->identity != c->env->identity) {
        snprintf(
            text, sizeof text,
            "worker %zu on %s runs another version of this program, or read another study; install the same program "
            "on every host",
            index + 1, host);
    } else {
        set_state(c, p, PEER_IDLE);
        return;
    }
    if (!c->bad_input) c->bad_input = base_strdup(text);
    set_state(c, p, PEER_IDLE); /* it still waits for BYE */
}

static base_status take_result(controller *c, size_t index, const hpo_message *message, base_err *err) {
    peer *p = &c->crew.peers[index];
    bool its_own = p->owes && p->trial == message->trial && p->rung == message->rung && p->attempt == message->attempt;
    bool was_lost = p->state == PEER_LOST;
    if (its_own) p->owes = false;
    if (its_own && (was_lost || p->state == PEER_BUSY)) set_state(c, p, PEER_IDLE);
    if (was_lost || !its_own) return BASE_OK; /* run again elsewhere: it does not count any more */
    if (controller_is_stopped(c, message->trial, message->rung, message->attempt)) {
        return controller_take_late(c, index, message, err);
    }
    if (!controller_is_current(c, message->trial, message->rung, message->attempt)) return BASE_OK;
    if (message->result.failure == HPO_FAILURE_LOST) set_state(c, p, PEER_BROKEN);
    if (message->number != p->reports) return controller_take_lost(c, message->trial, (uint32_t)index, err);
    return controller_take_result(c, index, message, err);
}

static base_status take_message(controller *c, size_t index, const hpo_message *message, base_err *err) {
    peer *p = &c->crew.peers[index];
    p->heard = c->last_loop;
    switch (message->kind) {
    case HPO_MESSAGE_HELLO:
        if (p->state != PEER_STARTING && p->state != PEER_LOST) return BASE_OK;
        p->owes = false; /* its job never came */
        take_hello(c, index, message);
        return BASE_OK;
    case HPO_MESSAGE_REPORT:
        if (p->state == PEER_LOST) break;
        if (p->trial != message->trial || p->attempt != message->attempt) return BASE_OK;
        if (!controller_is_current(c, message->trial, message->rung, message->attempt)) return BASE_OK;
        p->confirmed = c->last_loop;
        if (message->number != p->reports + 1) return BASE_OK; /* a copy, or behind one that was lost */
        p->reports++;
        return controller_take_report(c, index, message, err);
    case HPO_MESSAGE_RESULT: return take_result(c, index, message, err);
    case HPO_MESSAGE_BYE: return lose(c, index, PEER_GONE, err);
    case HPO_MESSAGE_BEAT:
        if (message->number == p->jobs && message->busy) p->confirmed = c->last_loop;
        if (p->state == PEER_LOST && !message->busy) p->owes = false;
        break;
    default: return fail_stranger(index, err);
    }
    /* A worker that was given up lives after all: what it runs does not count, so it shall end that and become idle. */
    if (p->state == PEER_LOST && !p->owes) {
        set_state(c, p, PEER_IDLE);
    } else if (p->state == PEER_LOST) {
        stop_peer(c, index, HPO_STOP_KILL);
    }
    return BASE_OK;
}

/* Beats go out, silent workers are lost. */
static base_status heartbeats(controller *c, double now, base_err *err) {
    if (c->env->one_process || now - c->last_beat < c->spec->failure.heartbeat) return BASE_OK;
    c->last_beat = now;
    for (size_t i = 0; i < c->crew.count; i++) {
        peer *p = &c->crew.peers[i];
        double patience = c->spec->failure.lost_after;
        bool hopeless = p->state == PEER_LOST && now - p->heard > RECONNECT_TIMEOUTS * patience;
        if (p->state == PEER_GONE || hopeless) continue; /* what is sent to a dead rank is never completed */
        send_freely(c, i, &(hpo_message){.kind = HPO_MESSAGE_BEAT});
        if (p->state == PEER_STARTING && patience < STARTUP_PATIENCE) patience = STARTUP_PATIENCE;
        const bool has_lost_job = p->state == PEER_BUSY && now - p->confirmed > patience;
        if (p->state == PEER_LOST || (now - p->heard <= patience && !has_lost_job)) continue;
        BASE_TRY(lose(c, i, p->state == PEER_BROKEN ? PEER_GONE : PEER_LOST, err));
    }
    return BASE_OK;
}

/* While this process did not listen (a slow disk, a long fit), or did not run at all (a suspended job), nobody was
 * silent; what is shorter than a heartbeat makes no difference. */
static void forgive_silence(controller *c, double now) {
    double unheard = c->listens_since - c->last_loop, late = now - c->listens_since - TICK;
    if (late > 0) unheard += late;
    for (size_t i = 0; unheard > c->spec->failure.heartbeat && i < c->crew.count; i++) {
        c->crew.peers[i].heard += unheard;
        c->crew.peers[i].confirmed += unheard;
    }
}

static base_status tick(controller *c, base_err *err) {
    double now = base_monotonic();
    forgive_silence(c, now);
    c->last_loop = now;
    controller_account(c);
    if (now - c->last_tick < TICK) return BASE_OK;
    c->last_tick = now;
    if (c->env->signal && *c->env->signal && c->drain != DRAIN_SIGNAL && c->drain != DRAIN_STORAGE) {
        c->drain = DRAIN_NONE; /* also when the study is ending by itself: the signal decides what the run says */
        controller_start_drain(c, DRAIN_SIGNAL);
    }
    BASE_TRY(controller_settle_uncertain(c, now, err));
    controller_check_limits(c);
    if (c->env->journal) BASE_TRY(hpo_journal_look(c->env->journal, err));
    BASE_TRY(heartbeats(c, now, err));
    controller_notify(c, NULL);
    return controller_flush(c, err);
}

static bool finished(const controller *c) {
    if (c->bad_input || c->ran_dry) return true;
    if (c->crew.lost == c->crew.count) return true;
    if (c->drain != DRAIN_NONE) return c->crew.busy == 0 || c->last_loop > c->drain_deadline;
    return c->done && c->crew.busy == 0 && c->jobs.head == c->jobs.tail &&
           (!c->order || hpo_order_running(c->order) == 0);
}

/* Asks and, in the deterministic order, tells, as far as neither a suggestion nor a worker has to be waited for. What
 * the journal of a deterministic run knows is told again first, however little of the budget of time is left. */
static base_status advance(controller *c, base_err *err) {
    BASE_TRY(c->order ? controller_release(c, err) : controller_ask(c, err));
    if (!c->driving_again || controller_is_held(c)) return BASE_OK;
    c->driving_again = false;
    controller_check_limits(c);
    return BASE_OK;
}

static base_status open_wake(controller *c, base_err *err) {
    const int fds[] = {c->next.asker ? hpo_asker_fd(c->next.asker) : -1,
                       c->env->journal ? hpo_journal_safe_fd(c->env->journal) : -1};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        if (fds[i] < 0) continue;
        if (c->wake < 0) c->wake = epoll_create1(EPOLL_CLOEXEC);
        if (c->wake < 0 || epoll_ctl(c->wake, EPOLL_CTL_ADD, fds[i], &event) != 0) {
            return BASE_FAIL(err, BASE_INTERNAL, "epoll: %s", strerror(errno));
        }
    }
    return BASE_OK;
}

static base_status loop(controller *c, base_err *err) {
    const hpo_transport *transport = &c->env->transport;
    c->driving_again = c->order != NULL;
    if (c->order) BASE_TRY(advance(c, err));
    controller_check_limits(c);
    while (!finished(c)) {
        BASE_TRY(advance(c, err));
        BASE_TRY(dispatch(c, err));
        BASE_TRY(controller_prepare(c, err));
        if (finished(c)) break;
        size_t index = 0;
        hpo_message message;
        const int fd = c->next.state == SUGGESTION_UNDERWAY || waits_for_disk(c) ? c->wake : -1;
        c->listens_since = base_monotonic();
        base_status status = transport->ops->receive(transport->self, TICK, fd, &index, &message, err);
        BASE_TRY(tick(c, err));
        BASE_TRY(controller_hear(c, err));
        if (status == BASE_END) continue;
        if (status == BASE_CORRUPT) return fail_stranger(index, err);
        BASE_TRY(status);
        BASE_TRY(take_message(c, index, &message, err));
    }
    if (c->crew.count > 0 && c->crew.lost == c->crew.count && !c->no_storage)
        base_log(BASE_LOG_ERROR, "every worker is lost");
    BASE_TRY(controller_settle_all(c, err)); /* whose workers were lost, or never answered */
    return controller_flush(c, err);
}

static hpo_outcome outcome_of(const controller *c) {
    if (c->bad_input) return HPO_OUTCOME_BAD_INPUT;
    if (!c->done && c->drain != DRAIN_FINISHED) return HPO_OUTCOME_INTERRUPTED; /* by a signal, or no worker is left */
    return hpo_study_failed(c->study) ? HPO_OUTCOME_FAILED : HPO_OUTCOME_DONE;
}

/* Whether a peer may be dead, so that nothing collective can be called any more. One that still loads its data, or has
 * not answered in time, is as good as dead. */
static bool has_lost(const controller *c) {
    for (size_t i = 0; i < c->crew.count; i++) {
        const peer_state state = c->crew.peers[i].state;
        if (state == PEER_LOST || state == PEER_GONE) return true;
        if (c->drain == DRAIN_SIGNAL && (state == PEER_STARTING || state == PEER_BUSY)) return true;
    }
    return false;
}

static void say_bye(controller *c, bool lost) {
    for (size_t i = 0; i < c->crew.count; i++) {
        if (c->crew.peers[i].state == PEER_GONE) continue;
        send_freely(c, i, &(hpo_message){.kind = HPO_MESSAGE_BYE, .status = lost ? BASE_CANCELLED : BASE_OK});
    }
}

static void controller_fini(controller *c) {
    hpo_order_destroy(c->order);
    hpo_rawcache_destroy(c->cache);
    free(c->crew.peers);
    free(c->ends.tries);
    free(c->ends.uncertain);
    free((char *)c->bad_input);
    free((char *)c->no_storage);
    free(c->jobs.waiting);
    if (c->wake >= 0) close(c->wake);
}

base_status hpo_controller_run(const hpo_controller_env *env, hpo_outcome *outcome, bool *lost, base_err *err) {
    double now = base_monotonic();
    controller c = {.env = env,
                    .study = env->study,
                    .spec = hpo_study_spec_of(env->study),
                    .start = now,
                    .account.until = now,
                    .last_loop = now,
                    .last_beat = now,
                    .last_tick = now,
                    .wake = -1};
    c.crew.count = env->transport.ops ? env->transport.ops->size(env->transport.self) : 0;
    c.crew.peers = base_calloc(c.crew.count ? c.crew.count : 1, sizeof *c.crew.peers);
    for (size_t i = 0; i < c.crew.count; i++) c.crew.peers[i].heard = now;
    c.crew.starting = c.crew.count;
    if (c.spec->deterministic) c.order = hpo_order_create((size_t)c.spec->workers);

    base_status status = controller_open_asker(&c, err);
    if (status == BASE_OK) status = open_wake(&c, err);
    if (status == BASE_OK) status = controller_resume(&c, err);
    hpo_study_begin_run(c.study, c.order ? c.spec->workers : c.crew.count);
    bool dry = env->verify && !c.order; /* --replay in the order of arrival is done when the journal is applied */
    if (status == BASE_OK && !dry) status = loop(&c, err);
    const bool left = controller_close_asker(&c);
    *lost = has_lost(&c) || !left;
    *outcome = status == BASE_IO || c.no_storage ? HPO_OUTCOME_STORAGE : outcome_of(&c);
    if (status == BASE_OK && c.bad_input) status = BASE_FAIL(err, BASE_INVALID, "%s", c.bad_input);
    if (status == BASE_OK && c.no_storage) status = BASE_FAIL(err, BASE_IO, "%s", c.no_storage);
    say_bye(&c, *lost);
    if (status == BASE_OK && *outcome == HPO_OUTCOME_DONE) controller_tidy_end(&c);
    controller_notify(&c, NULL);
    controller_fini(&c);
    return status;
}

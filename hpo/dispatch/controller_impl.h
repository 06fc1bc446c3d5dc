/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the controller: its state, and what its three files give each other.
 *
 *   controller.c        the loop: peers, messages, beats, draining
 *   controller_study.c  ask and tell in both orders, retries, what is written down
 *   controller_resume.c what the journal already holds */
#ifndef HPO_DISPATCH_CONTROLLER_IMPL_H
#define HPO_DISPATCH_CONTROLLER_IMPL_H

#include "hpo/dispatch/controller.h"
#include "hpo/dispatch/order.h"
#include "hpo/dispatch/rawcache.h"

typedef enum peer_state {
    PEER_STARTING, /* no HELLO yet */
    PEER_IDLE,
    PEER_BUSY,
    PEER_LOST,   /* silent for too long; the RESULT that it owes, else any sign of life, brings it back */
    PEER_BROKEN, /* alive, but its fork server is not: never given a job again */
    PEER_GONE,   /* said BYE, or was lost for very long: never spoken to again */
} peer_state;

typedef struct peer {
    peer_state state;
    double heard; /* when its last message came */
    uint64_t trial;
    uint32_t rung, attempt;
    bool owes;     /* the RESULT of a job, also while it is lost */
    bool stopping; /* a STOP is on its way */
} peer;

/* What one trial's evaluation under way has been through. */
typedef struct tries {
    uint32_t rung, attempt;
    uint16_t crash, timeout, oom, lost;
    bool noted;       /* read from the journal: the evaluation that begins next goes on counting */
    double last_step; /* of the last report told (order of arrival) */
} tries;

/* Why no new work is given out: the run was told to stop, or the study ended while something was still running. */
typedef enum drain_cause { DRAIN_NONE, DRAIN_SIGNAL, DRAIN_FINISHED } drain_cause;

typedef struct controller {
    const hpo_controller_env *env;
    hpo_study *study;
    const hpo_study_spec *spec;
    hpo_order *order;    /* NULL: order of arrival */
    hpo_rawcache *cache; /* deterministic order: what the journal knows */
    peer *peers;
    size_t n_peers, n_idle, n_busy, n_lost, n_starting;
    tries *tries; /* by trial */
    size_t n_tries, cap_tries;
    uint64_t *queue; /* trials whose evaluation waits for a worker: queue[head..tail) */
    size_t head, tail, cap_queue;
    bool waiting; /* the study said WAIT and nothing has been told since */
    bool done;
    drain_cause drain;
    double drain_deadline;
    double start, last_loop, listens_since, last_beat, last_tick;
    double worker_seconds, waiting_seconds;
    uint64_t retried;
    bool driving_again; /* the results of a deterministic run's journal are being told */
    bool dirty;         /* something was appended since the last flush */
    size_t verified;    /* records of the journal that were computed again */
    bool ran_dry;       /* --replay of a deterministic run: an evaluation is not in the journal */
    const char *bad_input;
    char last_failure[256];
} controller;

/* ---- controller_study.c ---- */
/* Gives every idle (virtual) worker something to do, as far as the study has something. */
BASE_CHECK base_status controller_ask(controller *c, base_err *err);
/* An evaluation's report or end, as it came from a worker (current attempt only). */
BASE_CHECK base_status controller_take_report(controller *c, size_t worker, const hpo_message *message, base_err *err);
BASE_CHECK base_status controller_take_result(controller *c, size_t worker, const hpo_message *message, base_err *err);
/* The worker of a running evaluation died: run it again, or give it up. */
BASE_CHECK base_status controller_take_lost(controller *c, uint64_t trial, uint32_t worker, base_err *err);
/* Deterministic order: tells what the virtual clock releases. */
BASE_CHECK base_status controller_release(controller *c, base_err *err);
tries *controller_tries(controller *c, uint64_t trial);
void controller_enqueue(controller *c, uint64_t trial);
/* Whether (trial, rung, attempt) is the evaluation that is under way. */
bool controller_is_current(controller *c, uint64_t trial, uint32_t rung, uint32_t attempt);
/* The study's limits of wall time and target; starts draining when one is reached. */
void controller_check_limits(controller *c);

/* ---- controller.c ---- */
/* A worker that runs `trial` should stop: its result does not count any more. Or takes it out of the queue. */
void controller_stop_trial(controller *c, uint64_t trial);
void controller_start_drain(controller *c, drain_cause cause);
void controller_notify(controller *c, const hpo_record *finished);

/* ---- controller_resume.c ---- */
BASE_CHECK base_status controller_resume(controller *c, base_err *err);

#endif

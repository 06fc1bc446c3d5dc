/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to the controller: its state, and what its files give each other.
 *
 *   controller.c          the loop: peers, messages, beats, draining
 *   controller_study.c    ask and tell in both orders, what is written down
 *   controller_stopped.c  what becomes of stopped trials, and of what trials leave behind
 *   controller_notes.c    what is noticed about programs
 *   controller_progress.c what workers have done, and what a display is told
 *   controller_ends.c     how evaluations end: what counts, what is repeated, what waits
 *   controller_suggest.c  where the configurations of new trials come from, and when they are sought
 *   controller_resume.c   what the journal already holds */
#ifndef HPO_DISPATCH_CONTROLLER_IMPL_H
#define HPO_DISPATCH_CONTROLLER_IMPL_H

#include "hpo/dispatch/asker.h"
#include "hpo/dispatch/controller.h"
#include "hpo/dispatch/order.h"
#include "hpo/dispatch/rawcache.h"

/* What moves one to another stands in a table at the head of controller.c. */
typedef enum peer_state {
    PEER_STARTING, /* no HELLO yet */
    PEER_IDLE,
    PEER_BUSY,
    PEER_LOST,   /* silent for too long; the RESULT that it owes, else any sign of life, brings it back */
    PEER_BROKEN, /* alive, but its fork server is not: never given a job again */
    PEER_GONE,   /* said BYE, or was broken and then silent: never spoken to again */
} peer_state;

typedef struct peer {
    peer_state state;
    double heard;  /* when its last message came */
    uint64_t jobs; /* that were sent to it */
    uint64_t trial;
    uint32_t rung, attempt;
    bool owes;                    /* the RESULT of a job, also while it is lost */
    bool stopping;                /* a STOP is on its way */
    uint64_t reports;             /* of the job, that came without a gap */
    double confirmed;             /* when it last said that it has the job */
    double began;                 /* when the job left */
    double from, to, step, value; /* what it is to reach, and its last report; step 0 = none yet */
} peer;

/* What one trial's evaluation under way has been through. */
typedef struct tries {
    uint32_t rung, attempt;
    uint16_t crash, timeout, oom, lost;
    bool noted;       /* read from the journal: the evaluation that begins next goes on counting */
    bool beyond;      /* it reported a step beyond the one asked for: said */
    double last_step; /* of the last report told (order of arrival) */
} tries;

/* An evaluation that ended by a signal of unknown origin, see controller_ends.c. */
typedef struct uncertain_end {
    double until;
    hpo_raw raw;
} uncertain_end;

/* An evaluation that waits for a worker, and until the journal is safe up to the record that speaks of it. */
typedef struct waiting_trial {
    uint64_t trial, after;
} waiting_trial;

/* Why no new work is given out: the run was told to stop, the study ended while something was still running, or no
 * trial can be started any more. */
typedef enum drain_cause { DRAIN_NONE, DRAIN_SIGNAL, DRAIN_FINISHED, DRAIN_STORAGE } drain_cause;

/* ---- the parts of a controller, each with the file that changes it ---- */

/* controller.c: those who work, counted by their states. */
typedef struct crew {
    peer *peers;
    size_t count, idle, busy, starting;
    size_t lost; /* or broken, or gone */
} crew;

/* controller_study.c: the jobs waiting[head..tail); controller.c sends them, those that the disk has up to `safe`. */
typedef struct jobs {
    waiting_trial *waiting;
    size_t head, tail, capacity;
    uint64_t safe; /* position in the journal, as of the last look */
} jobs;

/* controller_ends.c */
typedef struct ends {
    tries *tries; /* by trial */
    size_t n_tries, cap_tries;
    uncertain_end *uncertain;
    size_t n_uncertain, cap_uncertain;
    uint64_t retried;
} ends;

/* controller_suggest.c: the next START, from when its configuration is sought until it is used. */
typedef struct suggestion {
    hpo_asker *asker; /* NULL: suggestions are made right here */
    bool awaited;     /* idle workers wait for it right now */
    enum { SUGGESTION_NONE, SUGGESTION_UNDERWAY, SUGGESTION_READY } state;
    bool unwanted;        /* under way, but the study changed its mind: dropped when it comes */
    hpo_record start;     /* config and origin when it is ready */
    uint64_t asked_at;    /* records when the study was last found to want it, or another one after it */
    uint64_t looked_at;   /* records when the study was last looked at for something to prepare */
    double usual_seconds; /* that one takes: an average that forgets */
} suggestion;

/* controller_progress.c */
typedef struct account {
    double until; /* when the next three sums hold */
    double worker_seconds, waiting_seconds, asking_seconds;
    double evaluation_seconds; /* of the results of this run */
    uint64_t evaluations;
} account;

typedef struct controller {
    const hpo_controller_env *env;
    hpo_study *study;
    const hpo_study_spec *spec;
    hpo_order *order;    /* NULL: order of arrival */
    hpo_rawcache *cache; /* deterministic order: what the journal knows */
    crew crew;
    jobs jobs;
    ends ends;
    suggestion next;
    account account;
    int wake;     /* an epoll of what a job may wait for beside messages; -1: of nothing */
    bool waiting; /* the study said WAIT and nothing has been told since */
    bool done;
    drain_cause drain;
    double drain_deadline;
    double start, last_loop, listens_since, last_beat, last_tick;
    hpo_notices notices;
    uint64_t silent;                    /* evaluations that have not reported the budget's metric, and are noticed */
    bool driving_again;                 /* the results of a deterministic run's journal are being told */
    bool dirty;                         /* something was appended since the last flush */
    size_t verified;                    /* records of the journal that were computed again */
    bool ran_dry;                       /* --replay of a deterministic run: an evaluation is not in the journal */
    const char *bad_input, *no_storage; /* why the run cannot begin, or go on */
    hpo_latest latest;
    char last_failure[256];
} controller;

/* ---- controller_study.c ---- */
/* Gives every idle (virtual) worker something to do, as far as the study has something and its suggestion is there. */
BASE_CHECK base_status controller_ask(controller *c, base_err *err);
/* Whether a worker could be given a trial now, had the study one. */
bool controller_has_room(const controller *c);
/* An evaluation's report, as it came from a worker (current attempt only). */
BASE_CHECK base_status controller_take_report(controller *c, size_t worker, const hpo_message *message, base_err *err);
/* What an evaluation came to, for good: told, or put into the virtual clock. */
BASE_CHECK base_status controller_deliver(controller *c, const hpo_raw *raw, base_err *err);
/* An attempt that failed is repeated: known to whoever looks at the run, and no event of the study. */
BASE_CHECK base_status controller_note_attempt(controller *c, const hpo_raw *raw, base_err *err);
BASE_CHECK base_status controller_tell_result(controller *c, const hpo_raw *raw, base_err *err);
/* What the study has just taken in: written, unless the journal of a deterministic run has it already; there it must be
 * the same. */
BASE_CHECK base_status controller_emit(controller *c, const hpo_record *record, base_err *err);
/* Deterministic order: asks and tells by turns what the virtual clock releases, up to the next suggestion that has to
 * be waited for. */
BASE_CHECK base_status controller_release(controller *c, base_err *err);
void controller_enqueue(controller *c, uint64_t trial);
/* The study's limits of wall time and target; starts draining when one is reached. */
void controller_check_limits(controller *c);

/* ---- controller_ends.c ---- */
tries *controller_tries(controller *c, uint64_t trial);
/* Whether (trial, rung, attempt) is the evaluation that is under way. */
bool controller_is_current(controller *c, uint64_t trial, uint32_t rung, uint32_t attempt);
/* Counts an attempt that failed so; whether another one is allowed. */
bool controller_may_repeat(const controller *c, tries *t, hpo_failure failure);
/* The end of an evaluation, as it came from a worker (current attempt only). */
BASE_CHECK base_status controller_take_result(controller *c, size_t worker, const hpo_message *message, base_err *err);
/* No trial can run for want of storage or of a worker that could load its data: the run ends with that reason. */
void controller_end_for_storage(controller *c, const char *reason);
/* The worker of a running evaluation died: run it again, or give it up. */
BASE_CHECK base_status controller_take_lost(controller *c, uint64_t trial, uint32_t worker, base_err *err);
/* Ends that have waited long enough for the run to be told to stop. */
BASE_CHECK base_status controller_settle_uncertain(controller *c, double now, base_err *err);

/* ---- controller_stopped.c ---- */
/* Whether (trial, rung, attempt) was stopped. */
bool controller_is_stopped(controller *c, uint64_t trial, uint32_t rung, uint32_t attempt);
/* Its worker has answered. */
BASE_CHECK base_status controller_take_late(controller *c, size_t worker, const hpo_message *message, base_err *err);
/* Nothing of a stopped trial runs any more, or nothing will ever be heard of it; all of them. */
BASE_CHECK base_status controller_settle(controller *c, uint64_t trial, base_err *err);
BASE_CHECK base_status controller_settle_all(controller *c, base_err *err);
/* Counts what an evaluation spent beyond the report that stopped it, if it had finished. */
void controller_note_late(controller *c, uint64_t trial, const hpo_result *result);
/* Deletes what nobody needs of a trial, and of the one that was the best before (or UINT64_MAX). */
void controller_tidy(controller *c, uint64_t trial, uint64_t best_before);
/* The study is done: of the trials that were kept because they could have been recommended, one is. */
void controller_tidy_end(controller *c);

/* ---- controller_notes.c ---- */
void controller_note_report(controller *c, size_t worker, const hpo_message *message);
/* The budget of time has ended before any trial has: how far the furthest one came, and what one would need. */
void controller_put_shortage(const controller *c, base_buf *out);
void controller_note_result(controller *c, const hpo_record *record);
/* What an earlier run noticed, from its journal. */
void controller_count_notices(controller *c, const hpo_record *record, bool late);

/* ---- controller_progress.c ---- */
/* Adds what workers have done since the last time: before anything that it depends on changes. */
void controller_account(controller *c);
void controller_notify(controller *c, const hpo_record *finished);
/* The same of an event; where somebody hears of it, it is written first. */
BASE_CHECK base_status controller_announce(controller *c, const hpo_record *finished, base_err *err);

/* ---- controller_suggest.c ---- */
BASE_CHECK base_status controller_open_asker(controller *c, base_err *err);
/* False: a suggestion goes on, see hpo_asker_end. */
bool controller_close_asker(controller *c);
/* Every record of the study, right after it was applied. */
void controller_feed(controller *c, const hpo_record *record);
/* Completes a START that the study wants. *held: it is not there yet, and nothing else can be asked for before.
 * BASE_END: the sampler has nothing left; ask the study again. */
BASE_CHECK base_status controller_suggest(controller *c, hpo_record *start, bool *held, base_err *err);
/* Whether the study has been found to wait for the suggestion under way, and has learned nothing since. */
bool controller_is_held(const controller *c);
/* The study wants no START now. */
void controller_drop_suggestion(controller *c);
/* Takes the suggestion that was under way, if it is there. */
BASE_CHECK base_status controller_hear(controller *c, base_err *err);
/* Order of arrival: while every worker is busy, the next suggestion is made if that is worth it. */
BASE_CHECK base_status controller_prepare(controller *c, base_err *err);

/* ---- controller.c ---- */
/* A worker that runs `trial` should stop: its result does not count any more. Or takes it out of the queue. Whether a
 * worker will answer. */
bool controller_stop_trial(controller *c, uint64_t trial);
/* What was appended to the journal is written. */
BASE_CHECK base_status controller_flush(controller *c, base_err *err);
void controller_start_drain(controller *c, drain_cause cause);

/* ---- controller_resume.c ---- */
BASE_CHECK base_status controller_resume(controller *c, base_err *err);

#endif

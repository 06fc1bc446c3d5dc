/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A transport in memory whose workers follow a script: they answer in a random but seeded order, fail, fall silent for
 * a while or for ever, lose their fork server, come back late. Every message is encoded and decoded as it would be on
 * the wire, and what the controller sends is checked: one job at a time, none to a worker that has not said HELLO or
 * that was sent BYE. */
#ifndef TESTS_SUPPORT_FAKE_TRANSPORT_H
#define TESTS_SUPPORT_FAKE_TRANSPORT_H

#include "hpo/dispatch/transport.h"

enum { FAKE_MAX_REPORTS = 32 };

/* What evaluating a job gives: a function of the job alone. */
typedef struct fake_answer {
    size_t n_reports;
    double step[FAKE_MAX_REPORTS];
    hpo_metrics metrics[FAKE_MAX_REPORTS];
    hpo_result result;
} fake_answer;

/* What becomes of it. */
typedef enum fake_deed {
    FAKE_ANSWERS,      /* every report, then the result */
    FAKE_FAILS,        /* `reports` reports, then a result with `failure` */
    FAKE_DIES,         /* `reports` reports, then silence for ever */
    FAKE_SLEEPS,       /* `reports` reports, then silence for `seconds`; then it goes on as if nothing had been */
    FAKE_HURRIES,      /* as FAKE_ANSWERS, whatever it is told: it had finished before anybody could stop it */
    FAKE_NEVER_HEARS,  /* the JOB is lost on its way: nothing but beats that do not name it */
    FAKE_LOSES_REPORT, /* as FAKE_ANSWERS, but its first report is lost on its way */
    FAKE_LOSES_RESULT, /* as FAKE_ANSWERS, but its result is */
    FAKE_LINGERS,      /* `reports` reports, then nothing but beats until it is told to stop */
    FAKE_REFUSES_TO /* the same, but it does not obey an INTERRUPT: its result (or `failure`) comes `seconds` later */
} fake_deed;
typedef struct fake_fate {
    fake_deed deed;
    size_t reports;
    double seconds;
    bool
        until_replaced; /* a silence ends `seconds` after the trial was given to another worker, however long that is */
    hpo_failure failure;
    int code; /* of the failure; 0 = one that goes with it */
} fake_fate;

typedef struct fake_transport fake_transport;

typedef struct fake_script {
    size_t workers;
    uint64_t seed;     /* of the order of arrival */
    uint64_t identity; /* what HELLO says */
    double heartbeat;  /* seconds between beats of a worker; 0 = none (they live in the controller's process) */
    void (*evaluate)(void *self, const hpo_message *job, fake_answer *answer);
    fake_fate (*fate)(void *self, size_t worker, const hpo_message *job); /* NULL: everything is answered */
    void (*hello)(void *self, size_t worker, hpo_message *hello);         /* NULL, or changes it */
    void (*on_job)(void *self, size_t worker, const hpo_message *job);    /* NULL, or looks at what was sent */
    void (*on_listen)(void *self, size_t results);                        /* NULL, or is told what has been given */
    void *self;
} fake_script;

/* What the controller has sent, and got. */
typedef struct fake_counts {
    size_t jobs, stops[3], beats, byes; /* stops by hpo_stop_reason */
    size_t results;                     /* what it was given */
    size_t most_busy;                   /* jobs under way at once, on workers that are not silent */
} fake_counts;

fake_transport *fake_transport_create(const fake_script *script); /* keeps a copy */
void fake_transport_destroy(fake_transport *fake);                /* accepts NULL */
hpo_transport fake_transport_open(fake_transport *fake);
const fake_counts *fake_transport_counts(const fake_transport *fake);
/* Jobs that were sent to one worker. */
size_t fake_transport_jobs(const fake_transport *fake, size_t worker);
/* The worker (idle or not) falls silent from now on for so long (INFINITY = for ever). */
void fake_transport_silence(fake_transport *fake, size_t worker, double seconds);

#endif

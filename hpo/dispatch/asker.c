/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that proposes.
 *
 * The shadow belongs to the thread from a request until its answer, else to the owner, and the mutex is what hands it
 * over: no record has to be copied but those that come while a proposal is under way. */
#include "hpo/dispatch/asker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "hpo/study/proposer.h"

struct hpo_asker {
    /* the shadow */
    hpo_history *history;
    hpo_proposer *proposer;
    hpo_answer answer;
    /* the owner's */
    bool busy;
    hpo_record *fed; /* while it was busy */
    size_t n_fed, cap_fed;
    int fd;
    pthread_t thread;
    /* under the mutex */
    pthread_mutex_t mutex;
    pthread_cond_t wake, left;
    bool requested, answered, stop, ended, abandoned;
};

/* ---- the thread ---- */

static void destroy(hpo_asker *asker) {
    hpo_proposer_destroy(asker->proposer);
    hpo_history_destroy(asker->history);
    free(asker->fed);
    if (asker->fd >= 0) close(asker->fd);
    pthread_cond_destroy(&asker->left);
    pthread_cond_destroy(&asker->wake);
    pthread_mutex_destroy(&asker->mutex);
    free(asker);
}

static void propose(hpo_asker *asker) {
    hpo_answer *answer = &asker->answer;
    const double began = base_monotonic();
    const hpo_view view = hpo_history_view(asker->history);
    answer->err = (base_err){0};
    answer->status = hpo_proposer_complete(asker->proposer, view, &answer->start, &answer->err);
    answer->seconds = base_monotonic() - began;
}

static void *run(void *self) {
    hpo_asker *asker = self;
    pthread_mutex_lock(&asker->mutex);
    while (!asker->stop) {
        if (!asker->requested) {
            pthread_cond_wait(&asker->wake, &asker->mutex);
            continue;
        }
        asker->requested = false;
        pthread_mutex_unlock(&asker->mutex);
        propose(asker);
        pthread_mutex_lock(&asker->mutex);
        asker->answered = true;
        if (!asker->stop) eventfd_write(asker->fd, 1);
    }
    asker->ended = true;
    const bool abandoned = asker->abandoned;
    pthread_cond_signal(&asker->left);
    pthread_mutex_unlock(&asker->mutex);
    if (abandoned) destroy(asker);
    return NULL;
}

/* ---- its owner ---- */

static hpo_asker *create_shadow(const hpo_study_spec *spec) {
    hpo_asker *asker = base_calloc(1, sizeof *asker);
    asker->history = hpo_study_history(spec);
    asker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&asker->mutex, NULL);
    pthread_cond_init(&asker->wake, NULL);
    pthread_cond_init(&asker->left, &clock);
    pthread_condattr_destroy(&clock);
    return asker;
}

static base_status start_thread(hpo_asker *asker, base_err *err) {
    if (asker->fd < 0) return BASE_FAIL(err, BASE_INTERNAL, "eventfd: %s", strerror(errno));
    sigset_t all, before; /* signals are for the thread that asked for them */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int error = pthread_create(&asker->thread, NULL, run, asker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) return BASE_OK;
    return BASE_FAIL(err, BASE_INTERNAL, "cannot start the thread that makes suggestions: %s", strerror(error));
}

base_status hpo_asker_create(const hpo_study_spec *spec, hpo_asker **out, base_err *err) {
    hpo_asker *asker = create_shadow(spec);
    base_status status = hpo_proposer_create(spec, &asker->proposer, err);
    if (status == BASE_OK) status = start_thread(asker, err);
    if (status != BASE_OK) {
        destroy(asker);
        asker = NULL;
    }
    *out = asker;
    return status;
}

static void apply(hpo_asker *asker, const hpo_record *record) {
    base_err err;
    const base_status status = hpo_history_apply(asker->history, record, &err);
    BASE_ASSERT(status == BASE_OK); /* the study took it, too */
}

void hpo_asker_feed(hpo_asker *asker, const hpo_record *record) {
    if (!asker->busy) {
        apply(asker, record);
        return;
    }
    BASE_ASSERT(record->kind != HPO_RECORD_START); /* so nothing in it is borrowed */
    BASE_GROW(asker->fed, asker->cap_fed, asker->n_fed + 1);
    asker->fed[asker->n_fed++] = *record;
}

void hpo_asker_request(hpo_asker *asker, const hpo_record *start) {
    BASE_ASSERT(!asker->busy && start->as_of == hpo_history_view(asker->history).as_of);
    asker->busy = true;
    asker->answer.start = *start;
    pthread_mutex_lock(&asker->mutex);
    asker->requested = true;
    pthread_mutex_unlock(&asker->mutex);
    pthread_cond_signal(&asker->wake);
}

bool hpo_asker_is_busy(const hpo_asker *asker) {
    return asker->busy;
}

bool hpo_asker_take(hpo_asker *asker, hpo_answer *answer) {
    pthread_mutex_lock(&asker->mutex);
    const bool answered = asker->answered;
    asker->answered = false;
    pthread_mutex_unlock(&asker->mutex);
    if (!answered) return false;
    eventfd_t count;
    (void)eventfd_read(asker->fd, &count);
    asker->busy = false;
    for (size_t i = 0; i < asker->n_fed; i++) apply(asker, &asker->fed[i]);
    asker->n_fed = 0;
    *answer = asker->answer;
    return true;
}

int hpo_asker_fd(const hpo_asker *asker) {
    return asker->fd;
}

/* Waits until the thread has ended, holding the mutex; false: it has not. */
static bool wait_for_end(hpo_asker *asker, double patience) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const double whole = (double)(time_t)patience;
    until.tv_sec += (time_t)patience;
    until.tv_nsec += (long)((patience - whole) * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!asker->ended && pthread_cond_timedwait(&asker->left, &asker->mutex, &until) != ETIMEDOUT) {
    }
    return asker->ended;
}

bool hpo_asker_end(hpo_asker *asker, double patience) {
    if (!asker) return true;
    pthread_mutex_lock(&asker->mutex);
    asker->stop = true;
    pthread_cond_signal(&asker->wake);
    const bool ended = wait_for_end(asker, patience);
    asker->abandoned = !ended; /* it then cleans up behind itself, should it ever come to that */
    const pthread_t thread = asker->thread;
    pthread_mutex_unlock(&asker->mutex);
    if (!ended) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    destroy(asker);
    return true;
}

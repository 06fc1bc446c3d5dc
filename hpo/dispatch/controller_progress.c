/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a run goes: what its workers have done and waited for, and what a display is told of it. */
#include "base/clock.h"
#include "hpo/dispatch/controller_impl.h"

void controller_account(controller *c) {
    const double now = base_monotonic(), passed = now - c->account.until;
    c->account.until = now;
    c->account.worker_seconds += passed * (double)c->crew.busy;
    if (c->done || c->drain != DRAIN_NONE) return;
    c->account.waiting_seconds += passed * (double)c->crew.idle;
    if (!c->next.awaited) return;
    size_t could = c->crew.idle; /* have a job; workers beyond `workers` never have */
    if (c->spec->workers > 0) {
        const size_t free_places = c->spec->workers > c->crew.busy ? c->spec->workers - c->crew.busy : 0;
        if (could > free_places) could = free_places;
    }
    c->account.asking_seconds += passed * (double)could;
}

static double oldest(const controller *c, double now) {
    double most = 0;
    for (size_t i = 0; c->crew.lost > 0 && i < c->crew.count; i++)
        if (c->crew.peers[i].state == PEER_BUSY && now - c->crew.peers[i].began > most)
            most = now - c->crew.peers[i].began;
    return most;
}

void controller_notify(controller *c, const hpo_record *finished) {
    if (!c->env->observer.update) return;
    double now = base_monotonic();
    hpo_progress progress = {.study = c->study,
                             .elapsed = c->env->elapsed_before + now - c->start,
                             .elapsed_before = c->env->elapsed_before,
                             .workers = c->crew.count,
                             .workers_busy = c->crew.busy,
                             .workers_lost = c->crew.lost,
                             .running = c->crew.busy,
                             .oldest = oldest(c, now),
                             .retried = c->ends.retried,
                             .worker_seconds = c->account.worker_seconds,
                             .waiting_seconds = c->account.waiting_seconds,
                             .asking_seconds = c->account.asking_seconds,
                             .draining = c->drain != DRAIN_NONE,
                             .last_failure = c->last_failure[0] ? c->last_failure : NULL,
                             .latest = c->latest,
                             .notices = c->notices};
    c->env->observer.update(c->env->observer.self, &progress, finished);
}

base_status controller_announce(controller *c, const hpo_record *finished, base_err *err) {
    if (c->env->observer.tells) BASE_TRY(controller_flush(c, err));
    controller_notify(c, finished);
    return BASE_OK;
}

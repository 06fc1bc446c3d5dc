/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Virtual workers under a virtual clock: a small conservative discrete-event simulation.
 *
 * Conservative (Chandy & Misra, CACM 1981): an event is told only when every other running trial's lower bound lies
 * past it, so that nothing ever has to be taken back. A program that never reports keeps the others waiting but the
 * order stays correct. The number of virtual workers is small, so every question is a scan over them. */
#include "hpo/dispatch/order.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

typedef struct event {
    double at; /* virtual time */
    hpo_raw raw;
} event;

typedef struct virtual_worker {
    bool busy;
    uint64_t trial;
    double start;
    double bound;     /* no event of this trial that is not here yet can be earlier */
    double last_step; /* of the last report that was accepted */
    event *queue;     /* events that arrived and are not released, oldest first */
    size_t head, tail, capacity;
} virtual_worker;

struct hpo_order {
    size_t n;
    virtual_worker *workers;
    double now;
    size_t running;
};

hpo_order *hpo_order_create(size_t workers) {
    hpo_order *order = base_calloc(1, sizeof *order);
    order->n = workers;
    order->workers = base_calloc(workers, sizeof *order->workers);
    return order;
}

void hpo_order_destroy(hpo_order *order) {
    if (!order) return;
    for (size_t i = 0; i < order->n; i++) free(order->workers[i].queue);
    free(order->workers);
    free(order);
}

bool hpo_order_idle(const hpo_order *order) {
    return order->running < order->n;
}
size_t hpo_order_running(const hpo_order *order) {
    return order->running;
}
double hpo_order_now(const hpo_order *order) {
    return order->now;
}

static virtual_worker *find(const hpo_order *order, uint64_t trial) {
    for (size_t i = 0; i < order->n; i++) {
        if (order->workers[i].busy && order->workers[i].trial == trial) return &order->workers[i];
    }
    return NULL;
}

void hpo_order_begin(hpo_order *order, uint64_t trial) {
    for (size_t i = 0; i < order->n; i++) {
        virtual_worker *w = &order->workers[i];
        if (w->busy) continue;
        event *queue = w->queue;
        size_t capacity = w->capacity;
        *w = (virtual_worker){.busy = true,
                              .trial = trial,
                              .start = order->now,
                              .bound = order->now,
                              .last_step = -INFINITY,
                              .queue = queue,
                              .capacity = capacity};
        order->running++;
        return;
    }
    BASE_ASSERT(false && "a virtual worker is idle");
}

void hpo_order_add(hpo_order *order, const hpo_raw *raw, double offset) {
    virtual_worker *w = find(order, raw->trial);
    if (!w) return; /* it was stopped at an earlier event: what came later does not count */
    if (raw->is_report) {
        if (raw->fidelity <= w->last_step) return;
        w->last_step = raw->fidelity;
    }
    double at = w->start + offset;
    if (at < w->bound) at = w->bound;
    w->bound = at;
    BASE_GROW(w->queue, w->capacity, w->tail + 1);
    w->queue[w->tail++] = (event){.at = at, .raw = *raw};
}

void hpo_order_retry(hpo_order *order, uint64_t trial) {
    virtual_worker *w = find(order, trial);
    if (!w || w->head == w->tail) return;
    /* Steps that were released stay released; the others will be given again. */
    w->last_step = -INFINITY;
    for (size_t i = 0; i < w->head; i++) {
        if (w->queue[i].raw.is_report) w->last_step = w->queue[i].raw.fidelity;
    }
    w->bound = w->head > 0 ? w->queue[w->head - 1].at : w->start;
    w->tail = w->head;
}

static bool earlier(double at_a, uint64_t trial_a, double at_b, uint64_t trial_b) {
    return at_a < at_b || (at_a == at_b && trial_a < trial_b);
}

bool hpo_order_next(hpo_order *order, hpo_raw *raw) {
    virtual_worker *first = NULL;
    for (size_t i = 0; i < order->n; i++) {
        virtual_worker *w = &order->workers[i];
        if (!w->busy || w->head == w->tail) continue;
        if (!first || earlier(w->queue[w->head].at, w->trial, first->queue[first->head].at, first->trial)) first = w;
    }
    if (!first) return false;
    double at = first->queue[first->head].at;
    for (size_t i = 0; i < order->n; i++) {
        const virtual_worker *w = &order->workers[i];
        if (w == first || !w->busy || w->head < w->tail) continue;
        if (!earlier(at, first->trial, w->bound, w->trial)) return false;
    }
    *raw = first->queue[first->head++].raw;
    order->now = at;
    if (!raw->is_report) (void)hpo_order_end(order, first->trial, NULL);
    return true;
}

bool hpo_order_end(hpo_order *order, uint64_t trial, hpo_raw *end) {
    virtual_worker *w = find(order, trial);
    if (!w) return false;
    const bool ended = w->head < w->tail && !w->queue[w->tail - 1].raw.is_report;
    if (ended && end) *end = w->queue[w->tail - 1].raw;
    w->busy = false;
    w->head = w->tail = 0;
    order->running--;
    return ended;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The deterministic order: events of running trials are released by a virtual clock on a stated number of virtual
 * workers, whoever computes them and whenever they arrive.
 *
 * An event is ordered by (virtual time, trial, number of the event within its evaluation). A report stands at the start
 * of its evaluation plus the cost up to its step; the end stands at start plus the whole cost. An event is released
 * only when no running trial can still have an earlier one: the lower bound of a trial is its last known event, else
 * its start. */
#ifndef HPO_DISPATCH_ORDER_H
#define HPO_DISPATCH_ORDER_H

#include "hpo/trials/journal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_order hpo_order;

hpo_order *hpo_order_create(size_t workers);
void hpo_order_destroy(hpo_order *order); /* accepts NULL */
/* A virtual worker has nothing to do. */
bool hpo_order_idle(const hpo_order *order);
size_t hpo_order_running(const hpo_order *order);
/* An idle virtual worker begins an evaluation of `trial` now (virtual time). */
void hpo_order_begin(hpo_order *order, uint64_t trial);
/* A report or the end of the evaluation of a running trial arrived; offset: its cost since the evaluation began.
 * Reports at or below a step that was given before are dropped (another attempt repeats them). raw is copied. */
void hpo_order_add(hpo_order *order, const hpo_raw *raw, double offset);
/* Forgets what `trial` gave but was not released: its attempt failed and another one repeats it. */
void hpo_order_retry(hpo_order *order, uint64_t trial);
/* Releases the next event if it is certain to be the next one; virtual time moves to it, and the end of an evaluation
 * makes its virtual worker idle. raw's pointers are valid until the next call. */
bool hpo_order_next(hpo_order *order, hpo_raw *raw);
/* The trial was stopped at the event that was just released: its virtual worker is idle, what else came is forgotten.
 * Whether the end of its evaluation was there already; then it is copied to *end, which may be NULL. */
bool hpo_order_end(hpo_order *order, uint64_t trial, hpo_raw *end);
double hpo_order_now(const hpo_order *order);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sampler that takes as long as a test wants: it stands at a gate until it is let through, in whatever thread it is
 * asked. Its proposals depend on everything that the view shows, so that a wrong view is a wrong configuration. */
#ifndef TESTS_SUPPORT_GATE_SAMPLER_H
#define TESTS_SUPPORT_GATE_SAMPLER_H

#include "hpo/samplers/sampler.h"

/* The same bits; one asks for a thread of its own (HPO_SAMPLER_SLOW), the other does not. */
extern const hpo_sampler_type gate_slow_sampler, gate_quick_sampler;

typedef struct gate_call {
    uint64_t trial, as_of, running; /* running: trials that were, in the view */
    bool signals_blocked;           /* all that can be, in the thread that asked */
} gate_call;

/* Forgets everything; `passes` calls may go through at once (SIZE_MAX: all). A call fails with BASE_INTERNAL when
 * `fails_at` calls have gone through before (SIZE_MAX: never). */
void gate_reset(size_t passes, size_t fails_at);
void gate_open(size_t more);
size_t gate_calls(void);   /* that have come to the gate */
size_t gate_waiting(void); /* that stand there */
gate_call gate_get_call(size_t index);
double gate_seconds(void); /* that all calls took together */
void gate_await_calls(size_t count);
/* Waits until `count` samplers have come to their end since the reset. */
void gate_await_ends(size_t count);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time: a real clock (CLOCK_MONOTONIC) and a virtual one that moves only when told. Seconds as double. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct base_clock {
    bool is_virtual;
    double at; /* virtual: the time now; real: the offset of its zero */
} base_clock;

base_clock base_clock_real(void);    /* starts at 0 now */
base_clock base_clock_virtual(void); /* starts at 0 and stays */
double base_clock_now(const base_clock *clock);
/* Virtual only; never backwards. */
void base_clock_set(base_clock *clock, double at);

double base_monotonic(void);      /* seconds of CLOCK_MONOTONIC */
double base_monotonic_tick(void); /* the same as of the kernel's last tick (1 to 10 ms ago), for a fifth of the price */
void base_sleep(double seconds);
/* Local time now as "2026-01-31T12:00:00.123456" (27 bytes with the NUL). */
void base_timestamp(char out[32]);
/* Seconds since 1970 of the wall clock, to the millisecond: costs a few nanoseconds. */
double base_wall_time(void);
/* Such a time as base_timestamp writes it. */
void base_format_time(double at, char out[32]);
/* "1h 02m", "3m 05s", "12.3s": for people. */
void base_format_duration(double seconds, char out[32]);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The real and the virtual clock, the wall time as text, and durations for people.
 *
 * Durations are measured on CLOCK_MONOTONIC: a step of the wall clock must not end a study. */
#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double base_monotonic(void) {
    return seconds_of(CLOCK_MONOTONIC);
}

double base_monotonic_tick(void) {
    return seconds_of(CLOCK_MONOTONIC_COARSE);
}

base_clock base_clock_real(void) {
    return (base_clock){.is_virtual = false, .at = base_monotonic()};
}

base_clock base_clock_virtual(void) {
    return (base_clock){.is_virtual = true, .at = 0};
}

double base_clock_now(const base_clock *clock) {
    return clock->is_virtual ? clock->at : base_monotonic() - clock->at;
}

void base_clock_set(base_clock *clock, double at) {
    BASE_ASSERT(clock->is_virtual && at >= clock->at);
    clock->at = at;
}

void base_sleep(double seconds) {
    if (!(seconds > 0)) return;
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
    }
}

static void format_time(time_t seconds, long microseconds, char out[32]) {
    struct tm parts;
    localtime_r(&seconds, &parts);
    size_t length = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + length, 32 - length, ".%06ld", microseconds);
}

void base_timestamp(char out[32]) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    format_time(now.tv_sec, now.tv_nsec / 1000, out);
}

double base_wall_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    const time_t milliseconds = now.tv_sec * 1000 + now.tv_nsec / 1000000;
    return (double)milliseconds / 1000;
}

void base_format_time(double at, char out[32]) {
    const long long microseconds = llround(at * 1e6);
    format_time((time_t)(microseconds / 1000000), (long)(microseconds % 1000000), out);
}

/* Rounded before it is split, so that 59.97 is "1m 00s" and not "60.0s". */
void base_format_duration(double seconds, char out[32]) {
    double size = fabs(seconds);
    const char *sign = seconds < 0 ? "-" : "";
    if (!(size < 1e12)) {
        strcpy(out, "?");
    } else if (round(size * 10) < 600) {
        snprintf(out, 32, "%s%.1fs", sign, round(size * 10) / 10);
    } else if (round(size) < 3600) {
        long whole = lround(size);
        snprintf(out, 32, "%s%ldm %02lds", sign, whole / 60, whole % 60);
    } else {
        long minutes = lround(size / 60);
        snprintf(out, 32, "%s%ldh %02ldm", sign, minutes / 60, minutes % 60);
    }
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Misbehaviour on request. */
#include "tests/support/misbehave.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

/* A fault is to end a process as it does without a sanitizer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "handle_segv=0:handle_abort=0:allocator_may_return_null=1";
}
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) {
    return "handle_segv=0:handle_abort=0:allocator_may_return_null=1";
}

static void segfault(void) {
    raise(SIGSEGV); /* as delivered by a bad pointer, which an optimizer may turn into anything */
}

static void exit3(void) {
    fprintf(stderr, "ValueError: learning_rate is too brave\n");
    _exit(3);
}

static void exit0(void) {
    _exit(0);
}

static void kill9(void) {
    raise(SIGKILL);
}

static void sleep_long(void) {
    for (;;) pause();
}

static void hang(void) {
    signal(SIGTERM, SIG_IGN);
    sleep_long();
}

static void use_memory(size_t megabytes) {
    char *bytes = malloc(megabytes << 20);
    if (!bytes) abort();
    for (size_t i = 0; i < megabytes << 20; i += 4096) ((volatile char *)bytes)[i] = 1;
}

static void eat(void) {
    for (;;) {
        use_memory(4);
        base_sleep(0.004);
    }
}

static void gulp(void) {
    for (;;) use_memory(16);
}

static void flood(void) {
    char line[1000];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 100000; i++) fwrite(line, 1, sizeof line, stdout);
    printf("end of the flood\n");
    fflush(stdout);
}

/* The classic: fork, setsid, fork again, and the middle one leaves. */
static void leave_daemon(void) {
    if (fork() != 0) {
        base_sleep(0.05);
        return;
    }
    setsid();
    if (fork() != 0) _exit(0);
    hang();
}

static void brood(void) {
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            if (i % 2) setsid();
            hang();
        }
    }
    hang();
}

static void garbage(void) {
    printf("loss = 0.5\n{\"loss\": \n[1, 2]\n{\"note\": \"no number\"}\nnot a result\n");
}

void misbehave(const char *how) {
    static const struct {
        const char *name;
        void (*act)(void);
    } acts[] = {{"segfault", segfault},  {"abort", abort}, {"exit3", exit3}, {"exit0", exit0},
                {"kill9", kill9},        {"hang", hang},   {"eat", eat},     {"gulp", gulp},
                {"sleep", sleep_long},   {"flood", flood}, {"brood", brood}, {"garbage", garbage},
                {"daemon", leave_daemon}};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(how, acts[i].name) == 0) acts[i].act();
}

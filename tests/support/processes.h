/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding every process that a test has started, wherever it went: all of them inherit a mark in their environment,
 * which setsid and double forks do not wash off. Zombies have no environment left and do not count. */
#ifndef TESTS_SUPPORT_PROCESSES_H
#define TESTS_SUPPORT_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* First in main: starts the program anew with a mark of its own in the environment (/proc shows only what a process
 * was started with). */
void processes_mark(char **argv);
/* Living processes with our mark other than this one. */
size_t processes_left(void);
/* The same, except one more process. */
size_t processes_left_but(pid_t pid);
/* Waits until none is left, at most that long. */
bool processes_gone(double seconds);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Libraries as the program itself uses them: one thread, and the kernels that this processor can run. */
#ifndef BENCH_MICRO_ALONE_H
#define BENCH_MICRO_ALONE_H

/* First thing in main: they read their settings when they are loaded, so the program executes itself again, once. What
 * the environment says already stays. */
void micro_alone(char **argv);

#endif

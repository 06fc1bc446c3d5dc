/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every way to misbehave that a trial must survive alone, by name. */
#ifndef TESTS_SUPPORT_MISBEHAVE_H
#define TESTS_SUPPORT_MISBEHAVE_H

/* ok | segfault | abort | exit3 | exit0 | kill9 | hang (deaf to SIGTERM) | sleep | eat (memory, until it is killed) |
 * gulp (memory, faster than anyone looks, then abort) | flood (100 MB of output) | daemon (leaves a setsid'ed
 * grandchild behind) | brood (children that hang, then hangs, too) | garbage.
 * Returns when there is something left to do afterwards. */
void misbehave(const char *how);

#endif

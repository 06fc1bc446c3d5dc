/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For suites that loop over a registry: they say on failure who was being tested, and test one alone that the command
 * line names: `test_conformance_samplers tpe`. */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include "tests/support/check.h"

/* Where a test is: suite_at("sampler", "%s", name), then suite_at("trial", "%zu", i). It holds until the same thing is
 * said again, which also ends all that was said after it. A failed assertion, a signal and an abort print it. */
void suite_at(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether this one is to be tested: all are, or the one that the command line names. */
bool suite_wants(const char *name);
/* The same, and suite_at(what, "%s", name) if so. */
bool suite_begins(const char *what, const char *name);
/* No name was given: what is true of all of them together can be asserted. */
bool suite_wants_all(void);

/* Runs the tests, which have no fixtures of their own. 2: nothing has the name that was given. */
int suite_run(int argc, char **argv, const struct CMUnitTest *tests, size_t count);
#define SUITE_MAIN(tests) suite_run(argc, argv, (tests), CHECK_COUNT(tests))

#endif

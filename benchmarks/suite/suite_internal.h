/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files that read a suite share. */
#ifndef BENCHMARKS_SUITE_SUITE_INTERNAL_H
#define BENCHMARKS_SUITE_SUITE_INTERNAL_H

#include "benchmarks/suite/suite.h"

/* what: its name in the sentence. BASE_INVALID with its position: it is no list, or an empty one. */
base_status bench_suite_check_list(const base_yaml_node *list, const char *what, base_err *err);
/* ---- suite_problems.c ---- */
/* The methods are read already. budget: of the suite, NULL: there is none. */
base_status bench_suite_read_problems(bench_suite *suite, const base_yaml_node *list, const base_yaml_node *budget,
                                      base_err *err);

#endif

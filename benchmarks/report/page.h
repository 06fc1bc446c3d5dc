/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of a report: what was run, who is ahead, figures and tables with a sentence on each. One file without
 * scripts and without anything from elsewhere, light or dark as the reader's screen. */
#ifndef BENCHMARKS_REPORT_PAGE_H
#define BENCHMARKS_REPORT_PAGE_H

#include "benchmarks/report/report.h"

#ifdef __cplusplus
extern "C" {
#endif

/* HTML 5 in UTF-8. */
void bench_page(const bench_report *report, base_buf *out);

/* page_facts.c: its section on what was run: suites, problems, methods, seeds, budgets. */
void bench_page_facts(const bench_report *report, base_buf *out);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the figures that have costs on their axis. */
#ifndef BENCHMARKS_REPORT_FIGURES_INTERNAL_H
#define BENCHMARKS_REPORT_FIGURES_INTERNAL_H

#include "benchmarks/report/figures.h"
#include "benchmarks/report/plot.h"
#include "benchmarks/report/tables.h"

/* One more than a prime: no point but the ends is a round number, beside which rounding would decide. */
enum { BENCH_FIGURE_POINTS = 128 };

/* Costs up to `to`: on the logarithm's scale from `from` where that is a decade or more, else from 0. */
base_scale bench_figure_costs(double from, double to, double costs[BENCH_FIGURE_POINTS]);
/* The same for all ranked problems: up to the smallest budget. */
base_scale bench_figure_common_costs(const bench_runs *runs, const bench_ranking *ranking,
                                     double costs[BENCH_FIGURE_POINTS]);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture of one chart: series with their bands, two axes that say what they are, and a legend beside it. */
#ifndef BENCHMARKS_REPORT_PLOT_H
#define BENCHMARKS_REPORT_PLOT_H

#include "base/chart.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of more than so many series, the first ones alone have bands: nobody could read the others. */
enum { BENCH_PLOT_CROWD = 8, BENCH_PLOT_BANDS = 5 };

typedef struct bench_series {
    const char *name;
    size_t colour;            /* 16 are told apart: eight colours, then the same dashed */
    const double *y;          /* by point; what is not finite is not drawn */
    const double *low, *high; /* its band; NULL: none */
} bench_series;

typedef struct bench_plot {
    const char *title, *x_name, *y_name;
    const double *x; /* by point, rising */
    size_t n_points, n_series;
    const bench_series *series; /* in the order of the legend */
    base_scale x_scale, y_scale;
} bench_plot;

void bench_plot_draw(const bench_plot *plot, base_buf *out);

/* Of what is seen: all y, and bands as far as they do not squeeze the rest. A logarithmic one where it may be, all y
 * are positive or 0, and the largest is at least ten times the smallest that is not 0. */
base_scale bench_plot_y_scale(const bench_series *series, size_t n_series, size_t n_points, bool may_be_logarithmic);
/* The line of a colour, e.g. "s3 dashed"; the text is constant. */
const char *bench_plot_line(size_t colour);

#ifdef __cplusplus
}
#endif
#endif

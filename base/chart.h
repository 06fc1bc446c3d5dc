/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A chart in a picture: a frame with two scales, and what is drawn in their units. */
#ifndef BASE_CHART_H
#define BASE_CHART_H

#include "base/svg.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values from low to high; high > low. Ticks are at multiples of step, which is 1, 2 or 5 times a power of ten.
 * On a logarithmic scale they are at every step-th power of ten, or, where step is 0, at 1, 2 and 5 times each. */
typedef struct base_scale {
    double low, high, step;
    bool logarithmic; /* then low > 0; what is less than low is drawn there */
} base_scale;

/* The scale of what lies between a and b, with ticks at its ends and about `ticks` in between; where a = b, around it.
 * Not finite: from 0 to 1. */
base_scale base_scale_of(double a, double b, size_t ticks);
/* A logarithmic scale of what lies between two positive values, with ends at 1, 2 or 5 times a power of ten and at most
 * about `ticks` powers of ten with a tick. Not finite or not positive: from 0.1 to 1. */
base_scale base_scale_log(double a, double b, size_t ticks);
/* The text of a tick, or of any value as exactly as the ticks are. */
void base_scale_text(const base_scale *scale, double value, char text[32]);

typedef struct base_chart {
    double left, top, width, height; /* of the frame, in pixels */
    base_scale x, y;
} base_chart;

/* The grid and the scales' numbers: of y at its left, of x below it. */
void base_chart_frame(base_svg *svg, const base_chart *chart);
/* Where a value is, in pixels. */
double base_chart_x(const base_chart *chart, double x);
double base_chart_y(const base_chart *chart, double y);
/* A line through (x[i], y[i]); it goes past values that are no numbers. A single value is a dot. */
void base_chart_line(base_svg *svg, const base_chart *chart, const char *class_name, const double *x, const double *y,
                     size_t count);
/* What lies between (x[i], low[i]) and (x[i], high[i]), filled. Infinite ones are drawn at the edge of the frame;
 * points where any is no number are left out, and the area goes on at the next. */
void base_chart_band(base_svg *svg, const base_chart *chart, const char *class_name, const double *x, const double *low,
                     const double *high, size_t count);
/* A dashed line from top to bottom. */
void base_chart_mark(base_svg *svg, const base_chart *chart, double x);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures as SVG: shapes and text appended to a buffer, in the order in which they cover each other.
 *
 * Lengths are pixels, y runs downwards. A shape has a class, which gives its colours, for light and for dark
 * backgrounds (prefers-color-scheme); viewers that know no media queries show the light ones:
 *
 *     paper        the background            panel     a surface that stands out from it, with a border
 *     ink muted    text, and other fills     rule grid lines: of axes and frames, of grids
 *     s0 .. s7     lines of series           f0 .. f7  their fills         b0 .. b7  their bands and tints
 *
 * Classes may be combined ("ink strong"): strong, small and mono change text; dashed changes lines; chosen outlines.
 * The series' colours are told apart with all common kinds of colour vision (M. Okabe, K. Ito, 2008). The same calls
 * give the same bytes: numbers are written with at most two decimals, whatever the locale. */
#ifndef BASE_SVG_H
#define BASE_SVG_H

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BASE_SVG_SERIES = 8 };

typedef struct base_svg {
    base_buf *out;
    size_t open; /* groups */
} base_svg;

typedef enum base_svg_anchor { BASE_SVG_START, BASE_SVG_MIDDLE, BASE_SVG_END } base_svg_anchor;

/* As text of XML and HTML, in and outside of attributes; what these cannot hold becomes a question mark. */
void base_put_xml(const char *text, base_buf *out);
/* A picture of width x height with its background; title: for screen readers and tooltips. */
base_svg base_svg_begin(base_buf *out, double width, double height, const char *title);
void base_svg_end(base_svg *svg); /* every group must be closed */

/* Shapes until the matching end are moved by (x, y). class_name may be NULL. */
void base_svg_group(base_svg *svg, const char *class_name, double x, double y);
void base_svg_group_end(base_svg *svg);

void base_svg_rect(base_svg *svg, const char *class_name, double x, double y, double width, double height,
                   double radius);
/* The same with 0 <= opacity <= 1 of its fill: how heat maps are made, on any background. */
void base_svg_tint(base_svg *svg, const char *class_name, double x, double y, double width, double height,
                   double opacity);
void base_svg_circle(base_svg *svg, const char *class_name, double x, double y, double radius);
void base_svg_line(base_svg *svg, const char *class_name, double x1, double y1, double x2, double y2);
/* points: x, y of count points. */
void base_svg_polyline(base_svg *svg, const char *class_name, const double *points, size_t count);
void base_svg_polygon(base_svg *svg, const char *class_name, const double *points, size_t count);

/* A path: begin, then moves, then end. */
void base_svg_path(base_svg *svg, const char *class_name, double x, double y); /* begins at (x, y) */
void base_svg_path_line(base_svg *svg, double x, double y);
/* A cubic curve with the control points (x1, y1), (x2, y2). */
void base_svg_path_curve(base_svg *svg, double x1, double y1, double x2, double y2, double x, double y);
void base_svg_path_end(base_svg *svg);

/* y: of the middle of the letters. */
void base_svg_text(base_svg *svg, const char *class_name, double x, double y, base_svg_anchor anchor, const char *text);
/* About how wide a text is, rather more than less: 12 pixels high, or 10 when small. */
double base_svg_text_width(const char *text, bool is_small);

#ifdef __cplusplus
}
#endif
#endif

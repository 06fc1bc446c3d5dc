/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

/* ---- scales ---- */

/* The smallest of 1, 2, 5 times a power of ten that is `least` or more. */
static double round_up(double least) {
    static const double factors[] = {1, 2, 5, 10};
    const double unit = pow(10, floor(log10(least)));
    for (size_t i = 0; i < 4; i++)
        if (factors[i] * unit >= least * (1 - 1e-9)) return factors[i] * unit;
    return 10 * unit;
}

base_scale base_scale_of(double a, double b, size_t ticks) {
    double low = fmin(a, b), high = fmax(a, b);
    if (!isfinite(a) || !isfinite(b)) {
        low = 0;
        high = 1;
    }
    if (!(high - low > 1e-12 * fmax(fabs(low), fabs(high)))) {
        const double around = low != 0 ? 0.5 * fabs(low) : 0.5;
        low -= around;
        high += around;
    }
    const double step = round_up((high - low) / (double)(ticks > 0 ? ticks : 1));
    return (base_scale){.low = step * floor(low / step + 1e-9), .high = step * ceil(high / step - 1e-9), .step = step};
}

void base_scale_text(const base_scale *scale, double value, char text[32]) {
    const double most = fmax(fabs(scale->low), fabs(scale->high)), exponent = floor(log10(scale->step) + 1e-9);
    if (fabs(value) < 1e-9 * scale->step) value = 0;
    if (most >= 1e6 || scale->step < 1e-5)
        snprintf(text, 32, "%.*e", (int)fmax(0, floor(log10(most)) - exponent), value);
    else
        snprintf(text, 32, "%.*f", exponent < 0 ? (int)-exponent : 0, value);
}

static size_t ticks_of(const base_scale *scale) {
    return (size_t)floor((scale->high - scale->low) / scale->step + 1e-6) + 1;
}

/* ---- charts ---- */

double base_chart_x(const base_chart *c, double x) {
    return c->left + c->width * (x - c->x.low) / (c->x.high - c->x.low);
}

double base_chart_y(const base_chart *c, double y) {
    return c->top + c->height * (c->y.high - y) / (c->y.high - c->y.low);
}

void base_chart_frame(base_svg *svg, const base_chart *c) {
    const double right = c->left + c->width, bottom = c->top + c->height;
    char text[32];
    for (size_t i = 0; i < ticks_of(&c->y); i++) {
        const double value = c->y.low + (double)i * c->y.step, y = base_chart_y(c, value);
        base_scale_text(&c->y, value, text);
        base_svg_line(svg, "grid", c->left, y, right, y);
        base_svg_text(svg, "muted small", c->left - 6, y, BASE_SVG_END, text);
    }
    for (size_t i = 0; i < ticks_of(&c->x); i++) {
        const double value = c->x.low + (double)i * c->x.step, x = base_chart_x(c, value);
        base_scale_text(&c->x, value, text);
        base_svg_line(svg, "rule", x, bottom, x, bottom + 4);
        base_svg_text(svg, "muted small", x, bottom + 12, BASE_SVG_MIDDLE, text);
    }
    base_svg_line(svg, "rule", c->left, bottom, right, bottom);
}

void base_chart_line(base_svg *svg, const base_chart *c, const char *class_name, const double *x, const double *y,
                     size_t count) {
    double *points = base_calloc(2 * (count > 0 ? count : 1), sizeof *points);
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) continue;
        points[2 * known] = base_chart_x(c, x[i]);
        points[2 * known + 1] = base_chart_y(c, y[i]);
        known++;
    }
    if (known > 1) {
        base_svg_polyline(svg, class_name, points, known);
    } else if (known == 1) {
        const char fill[] = {'f', class_name[1], 0}; /* "s3" and "f3" have the same colour */
        base_svg_circle(svg, fill, points[0], points[1], 3);
    }
    free(points);
}

void base_chart_mark(base_svg *svg, const base_chart *c, double x) {
    const double at = base_chart_x(c, x);
    base_svg_line(svg, "rule dashed", at, c->top, at, c->top + c->height);
}

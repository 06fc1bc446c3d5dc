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

/* The next of 1, 2, 5 times a power of ten, downwards or upwards. */
static double round_log(double value, bool up) {
    static const double factors[] = {1, 2, 5, 10};
    const double unit = pow(10, floor(log10(value) + 1e-9));
    double best = up ? 10 * unit : unit;
    for (size_t i = 0; i < 4; i++) {
        const double candidate = factors[i] * unit;
        if (up && candidate >= value * (1 - 1e-9)) return candidate;
        if (!up && candidate <= value * (1 + 1e-9)) best = candidate;
    }
    return best;
}

base_scale base_scale_log(double a, double b, size_t ticks) {
    const bool usable = isfinite(a) && isfinite(b) && a > 0 && b > 0;
    double low = usable ? round_log(fmin(a, b), false) : 0.1, high = usable ? round_log(fmax(a, b), true) : 1;
    if (!(high > low * (1 + 1e-9))) {
        low /= 10;
        high *= 10;
    }
    const double decades = log10(high / low), step = round_up(decades / (double)(ticks > 0 ? ticks : 1));
    return (base_scale){.low = low, .high = high, .step = decades < 2 ? 0 : fmax(1, step), .logarithmic = true};
}

static void log_text(double value, char text[32]) {
    const double exponent = value > 0 ? floor(log10(value) + 1e-9) : 0;
    if (exponent < -4 || exponent > 5)
        snprintf(text, 32, "%.0e", value);
    else
        snprintf(text, 32, "%.*f", exponent < 0 ? (int)-exponent : 0, value);
}

void base_scale_text(const base_scale *scale, double value, char text[32]) {
    if (scale->logarithmic) {
        log_text(value, text);
        return;
    }
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

/* Room for 64. A scale has fewer ticks, for it was made for some. */
static size_t ticks_between(const base_scale *scale, double ticks[64]) {
    static const double factors[] = {1, 2, 5};
    size_t count = 0;
    for (size_t i = 0; !scale->logarithmic && i < ticks_of(scale) && count < 64; i++)
        ticks[count++] = scale->low + (double)i * scale->step;
    if (!scale->logarithmic) return count;
    const double every = fmax(1, scale->step), first = every * floor(log10(scale->low) / every);
    for (double power = first; count < 61 && pow(10, power) <= scale->high * (1 + 1e-9); power += every)
        for (size_t i = 0; i < (scale->step > 0 ? 1u : 3u); i++) {
            const double tick = factors[i] * pow(10, power);
            if (tick >= scale->low * (1 - 1e-9) && tick <= scale->high * (1 + 1e-9)) ticks[count++] = tick;
        }
    return count;
}

/* ---- charts ---- */

/* From 0 at low to 1 at high. */
static double log_fraction(const base_scale *scale, double value) {
    return value > scale->low ? log(value / scale->low) / log(scale->high / scale->low) : 0;
}

double base_chart_x(const base_chart *c, double x) {
    if (c->x.logarithmic) return c->left + c->width * log_fraction(&c->x, x);
    return c->left + c->width * (x - c->x.low) / (c->x.high - c->x.low);
}

double base_chart_y(const base_chart *c, double y) {
    if (c->y.logarithmic) return c->top + c->height * (1 - log_fraction(&c->y, y));
    return c->top + c->height * (c->y.high - y) / (c->y.high - c->y.low);
}

void base_chart_frame(base_svg *svg, const base_chart *c) {
    const double right = c->left + c->width, bottom = c->top + c->height;
    char text[32];
    double ticks[64];
    size_t count = ticks_between(&c->y, ticks);
    for (size_t i = 0; i < count; i++) {
        const double y = base_chart_y(c, ticks[i]);
        base_scale_text(&c->y, ticks[i], text);
        base_svg_line(svg, "grid", c->left, y, right, y);
        base_svg_text(svg, "muted small", c->left - 6, y, BASE_SVG_END, text);
    }
    count = ticks_between(&c->x, ticks);
    for (size_t i = 0; i < count; i++) {
        const double x = base_chart_x(c, ticks[i]);
        base_scale_text(&c->x, ticks[i], text);
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

static double inside(const base_scale *scale, double value) {
    return isinf(value) ? (value > 0 ? scale->high : scale->low) : value;
}

void base_chart_band(base_svg *svg, const base_chart *c, const char *class_name, const double *x, const double *low,
                     const double *high, size_t count) {
    double *points = base_calloc(4 * (count > 0 ? count : 1), sizeof *points);
    size_t known = 0;
    for (size_t i = 0; i < count; i++) /* along the upper edge */
        if (isfinite(x[i]) && !isnan(low[i]) && !isnan(high[i])) {
            points[2 * known] = base_chart_x(c, x[i]);
            points[2 * known++ + 1] = base_chart_y(c, inside(&c->y, high[i]));
        }
    const size_t half = known;
    for (size_t i = count; i-- > 0;) /* and back along the lower one */
        if (isfinite(x[i]) && !isnan(low[i]) && !isnan(high[i])) {
            points[2 * known] = base_chart_x(c, x[i]);
            points[2 * known++ + 1] = base_chart_y(c, inside(&c->y, low[i]));
        }
    if (half > 1) base_svg_polygon(svg, class_name, points, known);
    free(points);
}

void base_chart_mark(base_svg *svg, const base_chart *c, double x) {
    const double at = base_chart_x(c, x);
    base_svg_line(svg, "rule dashed", at, c->top, at, c->top + c->height);
}

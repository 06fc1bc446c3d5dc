/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/plot.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

enum { MARGIN = 16, LEFT = 52, WIDTH = 380, HEIGHT = 230, TITLE = 38, BOTTOM = 42, GAP = 14, ROW = 16, SAMPLE = 20 };

const char *bench_plot_line(size_t colour) {
    static const char *const lines[2 * BASE_SVG_SERIES] = {
        "s0",        "s1",        "s2",        "s3",        "s4",        "s5",        "s6",        "s7",
        "s0 dashed", "s1 dashed", "s2 dashed", "s3 dashed", "s4 dashed", "s5 dashed", "s6 dashed", "s7 dashed"};
    return lines[colour % (2 * BASE_SVG_SERIES)];
}

/* ---- scales ---- */

typedef struct extent {
    double low, high, positive; /* positive: the smallest above 0 */
} extent;

static void widen(extent *e, double value) {
    if (!isfinite(value)) return;
    e->low = fmin(e->low, value);
    e->high = fmax(e->high, value);
    if (value > 0) e->positive = fmin(e->positive, value);
}

/* A band may go a decade further down, or as far again as the lines on a linear scale. */
static extent extent_of(const bench_series *series, size_t n_series, size_t n_points) {
    extent lines = {INFINITY, -INFINITY, INFINITY};
    for (size_t s = 0; s < n_series; s++)
        for (size_t i = 0; i < n_points; i++) widen(&lines, series[s].y[i]);
    extent all = lines;
    const double room = lines.high - lines.low;
    for (size_t s = 0; s < n_series; s++)
        for (size_t i = 0; series[s].low && i < n_points; i++) {
            if (!isfinite(series[s].y[i])) continue;
            const double low = series[s].low[i], high = series[s].high[i];
            if (high <= lines.high + room) widen(&all, high);
            if (low >= lines.low - room) all.low = fmin(all.low, low);
            if (low > 0) all.positive = fmin(all.positive, fmax(low, lines.positive / 10));
        }
    return all;
}

base_scale bench_plot_y_scale(const bench_series *series, size_t n_series, size_t n_points, bool may_be_logarithmic) {
    const extent e = extent_of(series, n_series, n_points);
    if (may_be_logarithmic && e.low >= 0 && isfinite(e.positive) && e.high >= 10 * e.positive)
        return base_scale_log(e.positive, e.high, 6);
    return base_scale_of(e.low, e.high, 5);
}

/* ---- drawing ---- */

static bool same(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

/* Arrays of a series: x, y, low, high, with room for twice as many points. */
typedef struct stairs {
    double *of[4];
    size_t count;
} stairs;

/* What lies between two points has the value of the first: every change is a vertical line. Of equal points next to
 * each other the last says nothing, unless it is the end. */
static stairs stairs_of(const bench_plot *plot, const bench_series *s) {
    const size_t n = plot->n_points;
    const double *const from[] = {plot->x, s->y, s->low ? s->low : s->y, s->high ? s->high : s->y};
    stairs out = {.count = 0};
    for (size_t k = 0; k < 4; k++) out.of[k] = base_calloc(2 * n + 1, sizeof **out.of);
    for (size_t i = 0; i < n; i++) {
        bool level = i > 0;
        for (size_t k = 1; k < 4; k++) level = level && same(from[k][i], from[k][i - 1]);
        if (level && i + 1 < n) continue;
        for (size_t k = 0; k < 4 && i > 0 && !level; k++) out.of[k][out.count] = from[k][k == 0 ? i : i - 1];
        out.count += i > 0 && !level;
        for (size_t k = 0; k < 4; k++) out.of[k][out.count] = from[k][i];
        out.count++;
    }
    return out;
}

static double clip(double value, const base_scale *scale) {
    return isnan(value) ? NAN : fmin(fmax(value, scale->low), scale->high);
}

/* Only where its line is: a band without one says nothing. */
static void draw_band(base_svg *svg, const base_chart *chart, const stairs *s, size_t colour) {
    const char tint[] = {'b', (char)('0' + colour % BASE_SVG_SERIES), 0};
    for (size_t i = 0; i < s->count; i++) {
        s->of[2][i] = isfinite(s->of[1][i]) ? clip(s->of[2][i], &chart->y) : NAN;
        s->of[3][i] = clip(s->of[3][i], &chart->y);
    }
    base_chart_band(svg, chart, tint, s->of[0], s->of[2], s->of[3], s->count);
}

static void draw_series(base_svg *svg, const base_chart *chart, const bench_plot *plot, const bench_series *series,
                        bool band) {
    stairs s = stairs_of(plot, series);
    if (band)
        draw_band(svg, chart, &s, series->colour);
    else
        base_chart_line(svg, chart, bench_plot_line(series->colour), s.of[0], s.of[1], s.count);
    for (size_t k = 0; k < 4; k++) free(s.of[k]);
}

static void draw_legend(base_svg *svg, const base_chart *chart, const bench_plot *plot) {
    const double x = chart->left + chart->width + GAP;
    for (size_t i = 0; i < plot->n_series; i++) {
        const double y = chart->top + 6 + ROW * (double)i;
        base_svg_line(svg, bench_plot_line(plot->series[i].colour), x, y, x + SAMPLE, y);
        base_svg_text(svg, "ink small", x + SAMPLE + 6, y, BASE_SVG_START, plot->series[i].name);
    }
}

static double legend_width(const bench_plot *plot) {
    double most = 60;
    for (size_t i = 0; i < plot->n_series; i++) most = fmax(most, base_svg_text_width(plot->series[i].name, true));
    return GAP + SAMPLE + 6 + most;
}

void bench_plot_draw(const bench_plot *plot, base_buf *out) {
    const double rows = fmax(HEIGHT, 12 + ROW * (double)plot->n_series);
    const base_chart chart = {.left = MARGIN + LEFT,
                              .top = MARGIN + TITLE,
                              .width = WIDTH,
                              .height = HEIGHT,
                              .x = plot->x_scale,
                              .y = plot->y_scale};
    const double width = fmax(2 * MARGIN + LEFT + WIDTH + legend_width(plot),
                              2 * MARGIN + base_svg_text_width(plot->title, false) * 1.1);
    base_svg svg = base_svg_begin(out, width, 2 * MARGIN + TITLE + rows + BOTTOM - 10, plot->title);
    base_svg_text(&svg, "ink strong", MARGIN, MARGIN + 4, BASE_SVG_START, plot->title);
    base_svg_text(&svg, "muted small", MARGIN, MARGIN + 22, BASE_SVG_START, plot->y_name);
    base_chart_frame(&svg, &chart);
    const size_t bands = plot->n_series > BENCH_PLOT_CROWD ? BENCH_PLOT_BANDS : plot->n_series;
    for (size_t i = 0; i < bands; i++)
        if (plot->series[i].low) draw_series(&svg, &chart, plot, &plot->series[i], true);
    for (size_t i = 0; i < plot->n_series; i++) draw_series(&svg, &chart, plot, &plot->series[i], false);
    base_svg_text(&svg, "muted small", chart.left + WIDTH / 2.0, chart.top + HEIGHT + 28, BASE_SVG_MIDDLE,
                  plot->x_name);
    draw_legend(&svg, &chart, plot);
    base_svg_end(&svg);
}

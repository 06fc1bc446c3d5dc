/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The critical-difference diagram of J. Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR
 * 7, 2006, figure 1: ranks on an axis, names below it, the better half at the left. Bars are by Nemenyi's test, and
 * below them by Wilcoxon's with Holm's correction; the bracket above is as long as Nemenyi's critical difference. */
#include <math.h>

#include "benchmarks/report/figures_internal.h"

enum { MARGIN = 16, AXIS = 360, TITLE = 26, BRACKET = 34, BAR = 9, ROW = 19, ELBOW = 10 };

typedef struct diagram {
    const bench_runs *runs;
    const bench_ranking *r;
    base_svg svg;
    size_t *order;
    double left, y; /* of the axis */
} diagram;

static double x_of(const diagram *d, double rank) {
    return d->left + AXIS * (rank - 1) / ((double)d->r->n_methods - 1);
}

static void draw_axis(diagram *d, base_arena *arena) {
    base_svg_line(&d->svg, "rule", d->left, d->y, d->left + AXIS, d->y);
    const size_t every = 1 + d->r->n_methods / 14;
    for (size_t i = 1; i <= d->r->n_methods; i += every) {
        const double x = x_of(d, (double)i);
        base_svg_line(&d->svg, "rule", x, d->y - 5, x, d->y);
        base_svg_text(&d->svg, "muted small", x, d->y - 12, BASE_SVG_MIDDLE, base_arena_printf(arena, "%zu", i));
    }
}

/* At the left end, above the numbers; as long as the axis if it is longer. */
static void draw_bracket(diagram *d, base_arena *arena) {
    const double difference = bench_nemenyi_difference(BENCH_ALPHA, d->r->friedman.blocks, d->r->n_methods);
    const double y = d->y - BRACKET, end = fmin(x_of(d, 1 + difference), d->left + AXIS);
    base_svg_line(&d->svg, "rule", d->left, y, end, y);
    base_svg_line(&d->svg, "rule", d->left, y - 4, d->left, y + 4);
    base_svg_line(&d->svg, "rule", end, y - 4, end, y + 4);
    base_svg_text(&d->svg, "muted small", d->left, y - 11, BASE_SVG_START,
                  base_arena_printf(arena, "critical difference (Nemenyi): %.2f", difference));
}

/* The groups of a test, each a row. Returns how many rows there are then. */
static size_t draw_bars(diagram *d, const char *class_name, const double *p, size_t row, base_arena *arena) {
    bench_group *groups = BASE_NEW_ARRAY(arena, d->r->n_methods, bench_group);
    const size_t n = bench_groups(p, d->order, d->r->n_methods, BENCH_ALPHA, groups);
    for (size_t g = 0; g < n; g++) {
        const double from = x_of(d, d->r->mean_rank[d->order[groups[g].first]]) - 4;
        const double to = x_of(d, d->r->mean_rank[d->order[groups[g].last]]) + 4;
        base_svg_rect(&d->svg, class_name, from, d->y + BAR * (double)(row + g + 1) - 2, to - from, 4, 2);
    }
    return row + n;
}

static size_t count_bars(const diagram *d, const double *p, base_arena *arena) {
    bench_group *groups = BASE_NEW_ARRAY(arena, d->r->n_methods, bench_group);
    return bench_groups(p, d->order, d->r->n_methods, BENCH_ALPHA, groups);
}

/* From the axis down to a row, then sideways to the name. */
static void draw_name(diagram *d, size_t place, size_t row, double below, base_arena *arena) {
    const size_t m = d->order[place];
    const bool left = place < (d->r->n_methods + 1) / 2;
    const double x = x_of(d, d->r->mean_rank[m]), y = below + ROW * (double)row;
    const double end = left ? d->left - ELBOW : d->left + AXIS + ELBOW;
    const double points[] = {x, d->y, x, y, end, y};
    const char *name = d->runs->methods[d->r->methods[m]];
    base_svg_polyline(&d->svg, bench_plot_line(d->r->methods[m]), points, 3);
    base_svg_text(&d->svg, "ink small", left ? end - 5 : end + 5, y, left ? BASE_SVG_END : BASE_SVG_START,
                  left ? base_arena_printf(arena, "%s %.2f", name, d->r->mean_rank[m])
                       : base_arena_printf(arena, "%.2f %s", d->r->mean_rank[m], name));
}

static double names_width(const diagram *d) {
    double most = 0;
    for (size_t m = 0; m < d->r->n_methods; m++)
        most = fmax(most, base_svg_text_width(d->runs->methods[d->r->methods[m]], true));
    return most + base_svg_text_width(" 10.00", true) + ELBOW + 5;
}

bool bench_figure_groups(const bench_report *report, size_t workers, base_buf *out) {
    const bench_ranking *r = &report->rankings[workers];
    if (r->n_methods < 2 || !r->mean_rank) return false;
    base_arena *arena = base_arena_create();
    diagram d = {.runs = report->runs, .r = r, .y = MARGIN + TITLE + BRACKET + 16};
    const size_t k = r->n_methods, half = (k + 1) / 2;
    const char *title = base_arena_printf(arena, "ranks over %zu problems, %s", r->friedman.blocks,
                                          bench_workers_text(report->runs, workers, arena));
    d.left = MARGIN + names_width(&d);
    d.order = BASE_NEW_ARRAY(arena, k, size_t);
    bench_rank_order(r->mean_rank, k, d.order);
    const size_t bars = count_bars(&d, r->nemenyi, arena) + count_bars(&d, r->wilcoxon, arena);
    const double below = d.y + BAR * (double)bars + ROW, bottom = below + ROW * (double)half;
    d.svg = base_svg_begin(out, fmax(2 * d.left + AXIS, 500), bottom + MARGIN + 8, title);
    base_svg_text(&d.svg, "ink strong", MARGIN, MARGIN + 4, BASE_SVG_START, title);
    draw_bracket(&d, arena);
    draw_axis(&d, arena);
    for (size_t i = 0; i < k; i++) draw_name(&d, i, i < half ? i : k - 1 - i, below, arena);
    const size_t rows = draw_bars(&d, "muted", r->nemenyi, 0, arena);
    (void)draw_bars(&d, "ink", r->wilcoxon, rows, arena);
    base_svg_text(&d.svg, "muted small", MARGIN, bottom + 6, BASE_SVG_START,
                  "bars over methods that do not differ; grey: Nemenyi, strong: Wilcoxon with Holm's correction");
    base_svg_end(&d.svg);
    base_arena_destroy(arena);
    return true;
}

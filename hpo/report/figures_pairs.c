/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two parameters at once: the forest's mean over all others, in steps of equal height, so that their edges are
 * contours. Not interpolated between trials, as is often done: trials differ in all other parameters too, and stand
 * close where the search went. They are drawn as dots, which tells where the forest has seen something. */
#include <math.h>

#include "hpo/report/page_impl.h"

enum { LEVELS = 10, CELL_X = 9, CELL_Y = 6, DOTS = 300 }; /* cells of whole pixels leave no seams */
enum { LEFT = 56, TOP = 28, WIDTH = CELL_X * HPO_PAIR_GRID, HEIGHT = CELL_Y * HPO_PAIR_GRID };

typedef struct surface {
    const double *cells; /* i by rows */
    double low, high;
    bool maximize;
} surface;

static surface surface_of(const hpo_account *a, const hpo_importance *m, size_t i, size_t j) {
    const size_t cells = (size_t)HPO_PAIR_GRID * HPO_PAIR_GRID;
    surface s = {.cells = m->fanova.surface + (i * m->dims + j) * cells, .low = INFINITY, .high = -INFINITY};
    for (size_t k = 0; k < cells; k++) {
        s.low = fmin(s.low, s.cells[k]);
        s.high = fmax(s.high, s.cells[k]);
    }
    s.maximize = a->run.maximize;
    return s;
}

/* The best is the highest. */
static size_t level_of(const surface *s, size_t p, size_t q) {
    const double share = s->high > s->low ? (s->cells[p * HPO_PAIR_GRID + q] - s->low) / (s->high - s->low) : 0;
    const double level = floor((s->maximize ? share : 1 - share) * LEVELS);
    return (size_t)fmin(level, LEVELS - 1);
}

static double opacity_of(size_t level) {
    const double share = (double)level / (LEVELS - 1);
    return share * share;
}

static void put_levels(base_svg *svg, const surface *s) {
    for (size_t q = 0; q < HPO_PAIR_GRID; q++)
        for (size_t p = 0, end; p < HPO_PAIR_GRID; p = end) {
            const size_t level = level_of(s, p, q);
            for (end = p + 1; end < HPO_PAIR_GRID && level_of(s, end, q) == level;) end++;
            base_svg_tint(svg, "f0", LEFT + (double)(p * CELL_X), TOP + HEIGHT - (double)((q + 1) * CELL_Y),
                          (double)((end - p) * CELL_X), CELL_Y, opacity_of(level));
        }
}

/* False: one of the two is inactive. */
static bool place_of(const hpo_account *a, const hpo_trial *trial, size_t i, size_t j, double *x, double *y) {
    const hpo_space *space = a->run.space;
    const size_t p = hpo_space_dim_param(space, i), q = hpo_space_dim_param(space, j);
    *x = LEFT + WIDTH * hpo_param_to_unit(hpo_space_param(space, p), trial->config[p]);
    *y = TOP + HEIGHT * (1 - hpo_param_to_unit(hpo_space_param(space, q), trial->config[q]));
    return isfinite(*x) && isfinite(*y);
}

static void put_trials(base_svg *svg, const hpo_account *a, size_t i, size_t j) {
    const uint64_t n = hpo_view_trials(a->view);
    uint64_t best;
    double x, y, ignored;
    for (uint64_t id = 0; id < n; id += 1 + n / DOTS) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        if (place_of(a, &trial, i, j, &x, &y)) base_svg_circle(svg, "ink", x, y, 1);
    }
    if (!hpo_account_best(a, &best, &ignored, &ignored)) return;
    const hpo_trial trial = hpo_view_trial(a->view, best);
    if (!place_of(a, &trial, i, j, &x, &y)) return;
    base_svg_circle(svg, "paper", x, y, 5);
    base_svg_circle(svg, "f1", x, y, 3.5);
}

static void put_up(base_svg *svg, const hpo_account *a, size_t dim, base_arena *arena) {
    const size_t choices = hpo_figure_choices(a, dim), every = 1 + (choices > 0 ? (choices - 1) / 8 : 0);
    for (size_t c = 0; c < choices; c += every) {
        const double unit = ((double)c + 0.5) / (double)choices;
        base_svg_text(svg, "muted small", LEFT - 5, TOP + HEIGHT * (1 - unit), BASE_SVG_END,
                      hpo_figure_value(a, dim, unit, arena));
    }
    for (size_t k = 0; k <= 2 && choices == 0; k++)
        base_svg_text(svg, "muted small", LEFT - 5, TOP + HEIGHT - 5 - (double)k * (HEIGHT - 10) / 2, BASE_SVG_END,
                      hpo_figure_value(a, dim, (double)k / 2, arena));
}

static void put_legend(base_svg *svg, const surface *s, double y, base_arena *arena) {
    enum { BOX = 11 };
    const double left = LEFT + (WIDTH - LEVELS * BOX) / 2.0;
    for (size_t level = 0; level < LEVELS; level++)
        base_svg_tint(svg, "f0", left + (double)(level * BOX), y - 5, BOX, 10, opacity_of(level));
    base_svg_text(svg, "muted small", left - 5, y, BASE_SVG_END,
                  base_arena_printf(arena, "%.3g", s->maximize ? s->low : s->high));
    base_svg_text(svg, "muted small", left + LEVELS * BOX + 5, y, BASE_SVG_START,
                  base_arena_printf(arena, "%.3g", s->maximize ? s->high : s->low));
}

void hpo_figure_pair(const hpo_account *a, const hpo_importance *m, size_t i, size_t j, base_buf *out) {
    base_arena *arena = base_arena_create();
    const surface s = surface_of(a, m, i, j);
    base_svg svg = base_svg_begin(out, LEFT + WIDTH + 8, TOP + HEIGHT + 64, "contours of two parameters");
    base_svg_text(&svg, "ink strong", 8, 14, BASE_SVG_START, hpo_figure_name(a, j, 24, arena));
    hpo_figure_metric(&svg, a, LEFT + WIDTH, arena);
    put_levels(&svg, &s);
    base_svg_rect(&svg, "grid", LEFT, TOP, WIDTH, HEIGHT, 0);
    put_trials(&svg, a, i, j);
    put_up(&svg, a, j, arena);
    hpo_figure_units(&svg, a, i, LEFT, WIDTH, TOP + HEIGHT + 10, arena);
    base_svg_text(&svg, "ink strong", LEFT + WIDTH / 2.0, TOP + HEIGHT + 28, BASE_SVG_MIDDLE,
                  hpo_figure_name(a, i, 28, arena));
    put_legend(&svg, &s, TOP + HEIGHT + 50, arena);
    base_svg_end(&svg);
    base_arena_destroy(arena);
}

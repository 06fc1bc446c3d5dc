/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a forest says of a run, as pictures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/chart.h"
#include "hpo/report/page_impl.h"

enum { BARS = 20, SMALL_W = 280, SMALL_H = 206, SMALLS = 8, PAIRS = 4 };

typedef struct ranked {
    size_t i, j;
    double share;
} ranked;

static int by_share(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->share != y->share) return x->share > y->share ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

static ranked *by_importance(const hpo_importance *m, base_arena *arena) {
    ranked *order = BASE_NEW_ARRAY(arena, m->dims, ranked);
    for (size_t d = 0; d < m->dims; d++) order[d] = (ranked){.i = d, .share = m->fanova.single[d]};
    qsort(order, m->dims, sizeof *order, by_share);
    return order;
}

static const hpo_param *param_of(const hpo_account *a, size_t dim) {
    return hpo_space_param(a->run.space, hpo_space_dim_param(a->run.space, dim));
}

/* At most so many characters. */
static const char *short_name(const hpo_account *a, size_t dim, size_t most, base_arena *arena) {
    const char *name = hpo_visible_text(arena, param_of(a, dim)->name);
    size_t at = 0, count = 0;
    while (name[at] && count < most) {
        at++;
        while (((unsigned char)name[at] & 0xc0) == 0x80) at++;
        count++;
    }
    return name[at] ? base_arena_printf(arena, "%.*s~", (int)at, name) : name;
}

void hpo_figure_importance(const hpo_account *a, const hpo_importance *m, base_buf *out) {
    if (!m) return;
    enum { LANE = 24, LEFT = 130, WIDTH = 388 };
    base_arena *arena = base_arena_create();
    const ranked *order = by_importance(m, arena);
    const size_t n = m->dims < BARS ? m->dims : BARS;
    double most = 0.01;
    for (size_t d = 0; d < m->dims; d++) most = fmax(most, fmax(m->fanova.single[d], m->ped[d]));
    base_svg svg = base_svg_begin(out, WIDTH, 30 + (double)n * LANE, "importance of parameters");
    base_svg_rect(&svg, "f0", LEFT, 6, 10, 10, 0);
    base_svg_text(&svg, "ink small", LEFT + 15, 11, BASE_SVG_START, "fANOVA");
    base_svg_rect(&svg, "f1", LEFT + 90, 6, 10, 10, 0);
    base_svg_text(&svg, "ink small", LEFT + 105, 11, BASE_SVG_START, "PED-ANOVA");
    for (size_t k = 0; k < n; k++) {
        const size_t d = order[k].i;
        const double y = 26 + (double)k * LANE, scale = (WIDTH - LEFT - 44) / most;
        base_svg_text(&svg, "ink", LEFT - 8, y + 9, BASE_SVG_END, short_name(a, d, 17, arena));
        base_svg_rect(&svg, "f0", LEFT, y, fmax(0.5, m->fanova.single[d] * scale), 9, 0);
        base_svg_rect(&svg, "f1", LEFT, y + 9, fmax(0.5, m->ped[d] * scale), 9, 0);
        base_svg_text(&svg, "ink small", LEFT + 6 + fmax(m->fanova.single[d], m->ped[d]) * scale, y + 9, BASE_SVG_START,
                      base_arena_printf(arena, "%.0f %%", 100 * m->fanova.single[d]));
    }
    base_svg_end(&svg);
    base_arena_destroy(arena);
}

/* The parameter's value at a unit coordinate, short. */
static const char *value_at(const hpo_account *a, size_t dim, double unit, base_arena *arena) {
    const hpo_param *p = param_of(a, dim);
    const double value = hpo_param_from_unit(p, unit);
    if (p->kind == HPO_FLOAT || p->kind == HPO_INT) return base_arena_printf(arena, "%.3g", value);
    base_buf raw = {0};
    hpo_value_print(&p->choices[(size_t)value], &raw);
    const char *text = base_arena_printf(arena, "%.10s", hpo_visible_text(arena, base_buf_text(&raw)));
    base_buf_fini(&raw);
    return base_is_utf8(text) ? text : "";
}

/* ---- partial dependence ---- */

static void put_small(const hpo_account *a, const hpo_importance *m, size_t d, base_scale y, base_buf *out,
                      base_arena *arena) {
    const double *mean = m->fanova.mean + d * HPO_MARGINAL, *spread = m->fanova.spread + d * HPO_MARGINAL;
    double x[HPO_MARGINAL], low[HPO_MARGINAL], high[HPO_MARGINAL];
    base_chart c = {.left = 56, .top = 28, .width = SMALL_W - 66, .height = SMALL_H - 28 - 34, .y = y};
    c.x = (base_scale){.low = 0, .high = 1, .step = 2};
    for (size_t k = 0; k < HPO_MARGINAL; k++) {
        x[k] = ((double)k + 0.5) / HPO_MARGINAL;
        low[k] = fmax(y.low, mean[k] - spread[k]);
        high[k] = fmin(y.high, mean[k] + spread[k]);
    }
    base_svg svg = base_svg_begin(out, SMALL_W, SMALL_H, "partial dependence");
    base_chart_frame(&svg, &c);
    base_svg_rect(&svg, "paper", 0, SMALL_H - 28, SMALL_W, 28,
                  0); /* the unit scale's only number, which says nothing */
    base_svg_text(&svg, "ink strong", c.left, 14, BASE_SVG_START, short_name(a, d, 28, arena));
    base_svg_text(&svg, "muted small", c.left, SMALL_H - 20, BASE_SVG_START, value_at(a, d, 0, arena));
    base_svg_text(&svg, "muted small", c.left + c.width / 2, SMALL_H - 20, BASE_SVG_MIDDLE, value_at(a, d, 0.5, arena));
    base_svg_text(&svg, "muted small", c.left + c.width, SMALL_H - 20, BASE_SVG_END, value_at(a, d, 1, arena));
    base_chart_band(&svg, &c, "b0", x, low, high, HPO_MARGINAL);
    base_chart_line(&svg, &c, "s0", x, mean, HPO_MARGINAL);
    base_svg_end(&svg);
}

void hpo_figure_dependence(const hpo_account *a, const hpo_importance *m, base_buf *out) {
    if (!m || !(m->fanova.variance > 0)) return;
    base_arena *arena = base_arena_create();
    const ranked *order = by_importance(m, arena);
    double low = INFINITY, high = -INFINITY;
    const size_t n = m->dims < SMALLS ? m->dims : SMALLS;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < HPO_MARGINAL; i++) {
            const size_t at = order[k].i * HPO_MARGINAL + i;
            low = fmin(low, m->fanova.mean[at] - m->fanova.spread[at]);
            high = fmax(high, m->fanova.mean[at] + m->fanova.spread[at]);
        }
    for (size_t k = 0; k < n; k++) put_small(a, m, order[k].i, base_scale_of(low, high, 4), out, arena);
    base_arena_destroy(arena);
}

/* ---- pairs ---- */

static void put_surface(const hpo_account *a, const hpo_importance *m, size_t i, size_t j, base_buf *out,
                        base_arena *arena) {
    const double *surface = m->fanova.surface + (i * m->dims + j) * HPO_PAIR_GRID * HPO_PAIR_GRID;
    const double side_x = 9, side_y = 6; /* whole pixels, so that cells leave no seams */
    const double left = 56, top = 28, width = side_x * HPO_PAIR_GRID, height = side_y * HPO_PAIR_GRID;
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < (size_t)HPO_PAIR_GRID * HPO_PAIR_GRID; k++) {
        low = fmin(low, surface[k]);
        high = fmax(high, surface[k]);
    }
    base_svg svg = base_svg_begin(out, SMALL_W, SMALL_H, "surface of two parameters");
    base_svg_text(&svg, "ink strong small", left, 14, BASE_SVG_START,
                  base_arena_printf(arena, "%s (x), %s (y)", short_name(a, i, 18, arena), short_name(a, j, 18, arena)));
    for (size_t p = 0; p < HPO_PAIR_GRID; p++)
        for (size_t q = 0; q < HPO_PAIR_GRID; q++) {
            const double share = high > low ? (surface[p * HPO_PAIR_GRID + q] - low) / (high - low) : 0;
            const double good = a->run.maximize ? share : 1 - share;
            base_svg_tint(&svg, "f0", left + (double)p * side_x, top + height - (double)(q + 1) * side_y, side_x,
                          side_y, good * good);
        }
    base_svg_text(&svg, "muted small", left, SMALL_H - 20, BASE_SVG_START, value_at(a, i, 0, arena));
    base_svg_text(&svg, "muted small", left + width, SMALL_H - 20, BASE_SVG_END, value_at(a, i, 1, arena));
    base_svg_text(&svg, "muted small", left - 5, top + height - 5, BASE_SVG_END, value_at(a, j, 0, arena));
    base_svg_text(&svg, "muted small", left - 5, top + 5, BASE_SVG_END, value_at(a, j, 1, arena));
    base_svg_end(&svg);
}

void hpo_figure_pairs(const hpo_account *a, const hpo_importance *m, base_buf *out) {
    if (!m || !m->fanova.pair || m->dims < 2) return;
    base_arena *arena = base_arena_create();
    ranked *order = BASE_NEW_ARRAY(arena, m->dims * m->dims, ranked);
    size_t n = 0;
    for (size_t i = 0; i < m->dims; i++)
        for (size_t j = i + 1; j < m->dims; j++)
            order[n++] = (ranked){i, j, m->fanova.pair[i * m->dims + j] + m->fanova.single[i] + m->fanova.single[j]};
    qsort(order, n, sizeof *order, by_share);
    for (size_t k = 0; k < n && k < PAIRS; k++) put_surface(a, m, order[k].i, order[k].j, out, arena);
    base_arena_destroy(arena);
}

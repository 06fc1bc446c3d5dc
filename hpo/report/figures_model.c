/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a forest says of single parameters, as pictures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/report/page_impl.h"

enum { BARS = 20, SMALL_W = 280, SMALL_H = 206, MOST_CHOICES = 12 };

static const hpo_param *param_of(const hpo_account *a, size_t dim) {
    return hpo_space_param(a->run.space, hpo_space_dim_param(a->run.space, dim));
}

/* At most so many characters. */
static const char *cut(const char *text, size_t most, base_arena *arena) {
    size_t at = 0, count = 0;
    while (text[at] && count < most) {
        at++;
        while (((unsigned char)text[at] & 0xc0) == 0x80) at++;
        count++;
    }
    return text[at] ? base_arena_printf(arena, "%.*s~", (int)at, text) : text;
}

const char *hpo_figure_name(const hpo_account *a, size_t dim, size_t most, base_arena *arena) {
    return cut(hpo_visible_text(arena, param_of(a, dim)->name), most, arena);
}

const char *hpo_figure_value(const hpo_account *a, size_t dim, double unit, base_arena *arena) {
    const hpo_param *p = param_of(a, dim);
    const double value = hpo_param_from_unit(p, unit);
    if (p->kind == HPO_FLOAT || p->kind == HPO_INT) return base_arena_printf(arena, "%.3g", value);
    base_buf raw = {0};
    hpo_value_print(&p->choices[(size_t)value], &raw);
    const char *text = cut(hpo_visible_text(arena, base_buf_text(&raw)), 10, arena);
    base_buf_fini(&raw);
    return text;
}

void hpo_figure_metric(base_svg *svg, const hpo_account *a, double right, base_arena *arena) {
    base_svg_text(svg, "muted small", right, 14, BASE_SVG_END, cut(hpo_visible_text(arena, a->run.metric), 14, arena));
}

size_t hpo_figure_choices(const hpo_account *a, size_t dim) {
    const hpo_param *p = param_of(a, dim);
    const bool number = p->kind == HPO_FLOAT || p->kind == HPO_INT;
    return number || p->n_choices > MOST_CHOICES ? 0 : p->n_choices;
}

void hpo_figure_units(base_svg *svg, const hpo_account *a, size_t dim, double left, double width, double y,
                      base_arena *arena) {
    const size_t choices = hpo_figure_choices(a, dim), every = 1 + (choices > 0 ? (choices - 1) / 4 : 0);
    for (size_t c = 0; c < choices; c += every) {
        const double unit = ((double)c + 0.5) / (double)choices;
        const char *text = cut(hpo_figure_value(a, dim, unit, arena), every * 36 / choices, arena);
        base_svg_text(svg, "muted small", left + unit * width, y, BASE_SVG_MIDDLE, text);
    }
    if (choices > 0) return;
    base_svg_text(svg, "muted small", left, y, BASE_SVG_START, hpo_figure_value(a, dim, 0, arena));
    base_svg_text(svg, "muted small", left + width / 2, y, BASE_SVG_MIDDLE, hpo_figure_value(a, dim, 0.5, arena));
    base_svg_text(svg, "muted small", left + width, y, BASE_SVG_END, hpo_figure_value(a, dim, 1, arena));
}

/* ---- importance ---- */

static void put_bar(base_svg *svg, const char *class_name, double left, double y, double share, double scale,
                    base_arena *arena) {
    enum { THICK = 9 };
    base_svg_rect(svg, class_name, left, y, fmax(0.5, share * scale), THICK, 0);
    base_svg_text(svg, "ink small", left + 5 + share * scale, y + 5, BASE_SVG_START,
                  base_arena_printf(arena, "%.0f %%", 100 * share));
}

void hpo_figure_importance(const hpo_account *a, const hpo_importance *m, base_buf *out) {
    if (!m) return;
    enum { LANE = 26, LEFT = 130, WIDTH = 388 };
    base_arena *arena = base_arena_create();
    const hpo_ranked *order = hpo_importance_ranks(m, arena);
    const size_t n = m->dims < BARS ? m->dims : BARS;
    double most = 0.01;
    for (size_t d = 0; d < m->dims; d++) most = fmax(most, fmax(m->fanova.single[d], m->ped[d]));
    const double scale = (WIDTH - LEFT - 44) / most;
    base_svg svg = base_svg_begin(out, WIDTH, 30 + (double)n * LANE, "importance of parameters");
    base_svg_rect(&svg, "f0", LEFT, 6, 10, 10, 0);
    base_svg_text(&svg, "ink small", LEFT + 15, 11, BASE_SVG_START, "fANOVA");
    base_svg_rect(&svg, "f1", LEFT + 90, 6, 10, 10, 0);
    base_svg_text(&svg, "ink small", LEFT + 105, 11, BASE_SVG_START, "PED-ANOVA");
    for (size_t k = 0; k < n; k++) {
        const size_t d = order[k].i;
        const double y = 26 + (double)k * LANE;
        base_svg_text(&svg, "ink", LEFT - 8, y + 10, BASE_SVG_END, hpo_figure_name(a, d, 17, arena));
        put_bar(&svg, "f0", LEFT, y, m->fanova.single[d], scale, arena);
        put_bar(&svg, "f1", LEFT, y + 10, m->ped[d], scale, arena);
    }
    base_svg_end(&svg);
    base_arena_destroy(arena);
}

/* ---- partial dependence ---- */

base_scale hpo_figure_dependence_scale(const hpo_importance *m, const hpo_ranked *ranks, size_t count) {
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < HPO_MARGINAL; i++) {
            const size_t at = ranks[k].i * HPO_MARGINAL + i;
            low = fmin(low, m->fanova.mean[at] - m->fanova.spread[at]);
            high = fmax(high, m->fanova.mean[at] + m->fanova.spread[at]);
        }
    return base_scale_of(low, high, 4);
}

static void put_curve(base_svg *svg, const base_chart *c, const double *mean, const double *spread) {
    double x[HPO_MARGINAL], low[HPO_MARGINAL], high[HPO_MARGINAL];
    for (size_t k = 0; k < HPO_MARGINAL; k++) {
        x[k] = ((double)k + 0.5) / HPO_MARGINAL;
        low[k] = fmax(c->y.low, mean[k] - spread[k]);
        high[k] = fmin(c->y.high, mean[k] + spread[k]);
    }
    base_chart_band(svg, c, "b0", x, low, high, HPO_MARGINAL);
    base_chart_line(svg, c, "s0", x, mean, HPO_MARGINAL);
}

/* Between choices there is nothing. */
static void put_choices(base_svg *svg, const base_chart *c, const double *mean, const double *spread, size_t choices) {
    const double half = fmin(14, 0.3 * c->width / (double)choices);
    for (size_t k = 0; k < choices; k++) {
        const double unit = ((double)k + 0.5) / (double)choices, x = base_chart_x(c, unit);
        const size_t at = (size_t)(unit * HPO_MARGINAL);
        const double low = base_chart_y(c, fmax(c->y.low, mean[at] - spread[at]));
        const double high = base_chart_y(c, fmin(c->y.high, mean[at] + spread[at])), y = base_chart_y(c, mean[at]);
        base_svg_rect(svg, "b0", x - half, high, 2 * half, low - high, 0);
        base_svg_line(svg, "s0", x - half, y, x + half, y);
    }
}

void hpo_figure_dependence(const hpo_account *a, const hpo_importance *m, size_t d, base_scale y, base_buf *out) {
    base_arena *arena = base_arena_create();
    const double *mean = m->fanova.mean + d * HPO_MARGINAL, *spread = m->fanova.spread + d * HPO_MARGINAL;
    base_chart c = {.left = 56, .top = 28, .width = SMALL_W - 66, .height = SMALL_H - 28 - 34, .y = y};
    c.x = (base_scale){.low = 0, .high = 1, .step = 2};
    base_svg svg = base_svg_begin(out, SMALL_W, SMALL_H, "partial dependence");
    base_chart_frame(&svg, &c);
    base_svg_rect(&svg, "paper", 0, SMALL_H - 28, SMALL_W, 28,
                  0); /* the unit scale's only number, which says nothing */
    base_svg_text(&svg, "ink strong", c.left, 14, BASE_SVG_START, hpo_figure_name(a, d, 20, arena));
    hpo_figure_metric(&svg, a, SMALL_W - 10, arena);
    hpo_figure_units(&svg, a, d, c.left, c.width, SMALL_H - 18, arena);
    const size_t choices = hpo_figure_choices(a, d);
    if (choices > 0)
        put_choices(&svg, &c, mean, spread, choices);
    else
        put_curve(&svg, &c, mean, spread);
    base_svg_end(&svg);
    base_arena_destroy(arena);
}

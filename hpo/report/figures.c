/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happened, as pictures: of thousands of trials a sample is drawn, so that a picture stays small. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/chart.h"
#include "hpo/report/page_impl.h"

enum { WIDTH = 388, HEIGHT = 270, LEFT = 66, RIGHT = 16, TOP = 30, BOTTOM = 46, DOTS = 1500, CURVES = 250 };

static base_chart chart_of(base_scale x, base_scale y) {
    return (base_chart){
        .left = LEFT, .top = TOP, .width = WIDTH - LEFT - RIGHT, .height = HEIGHT - TOP - BOTTOM, .x = x, .y = y};
}

static void put_axes(base_svg *svg, const base_chart *c, const char *x, const char *y) {
    base_chart_frame(svg, c);
    base_svg_text(svg, "muted", c->left + c->width / 2, HEIGHT - 10, BASE_SVG_MIDDLE, x);
    base_svg_text(svg, "muted", 8, 14, BASE_SVG_START, y);
}

/* What a mark means, with its right end at x; returns where the next one ends. */
static double put_key(base_svg *svg, const char *line, const char *dot, double x, double y, const char *text) {
    const double at = x - base_svg_text_width(text, true);
    base_svg_text(svg, "muted small", at, y, BASE_SVG_START, text);
    if (line) base_svg_line(svg, line, at - 22, y, at - 6, y);
    if (dot) base_svg_circle(svg, dot, at - (line ? 6 : 9), y, 2);
    return at - (line ? 36 : 26);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* From the best to what nine in ten are no worse than: a few that diverged must not press the rest onto a line. */
base_scale hpo_figure_scale(double *values, size_t n, bool maximize) {
    if (n == 0) return base_scale_of(0, 1, 5);
    qsort(values, n, sizeof *values, by_value);
    const size_t edge = (n - 1) / 10;
    const double low = maximize ? values[edge] : values[0], high = maximize ? values[n - 1] : values[n - 1 - edge];
    return base_scale_of(low, high, 5);
}

static double clipped(const base_scale *scale, double value) {
    return fmin(fmax(value, scale->low), scale->high);
}

/* ---- incumbents ---- */

static double over_of(const hpo_account *a, const hpo_step *s, hpo_over over) {
    (void)a;
    return over == HPO_OVER_TRIALS ? (double)s->trials : over == HPO_OVER_COST ? s->cost : s->elapsed;
}

static double end_of(const hpo_account *a, hpo_over over) {
    return over == HPO_OVER_TRIALS ? (double)hpo_view_trials(a->view) : over == HPO_OVER_COST ? a->cost : a->seconds;
}

static void put_steps(base_svg *svg, const base_chart *c, const hpo_account *a, hpo_over over, size_t series) {
    char class_name[8];
    snprintf(class_name, sizeof class_name, "s%zu", series % BASE_SVG_SERIES);
    double *points = base_calloc(4 * a->n_steps + 4, sizeof *points);
    size_t n = 0;
    for (size_t i = 0; i < a->n_steps; i++) {
        const double x = base_chart_x(c, over_of(a, &a->steps[i], over));
        const double y = base_chart_y(c, clipped(&c->y, a->steps[i].value));
        if (i > 0) points[2 * n] = x, points[2 * n + 1] = points[2 * n - 1], n++;
        points[2 * n] = x, points[2 * n + 1] = y, n++;
    }
    points[2 * n] = base_chart_x(c, end_of(a, over)), points[2 * n + 1] = points[2 * n - 1], n++;
    base_svg_polyline(svg, class_name, points, n);
    free(points);
}

/* Full evaluations, where a single run is shown. */
static size_t full_values(const hpo_account *a, hpo_over over, double *x, double *y) {
    size_t n = 0;
    uint64_t trials = 0;
    for (uint64_t event = 0; event < a->n_events; event++) {
        const uint64_t id = hpo_view_event_trial(a->view, event);
        if (id + 1 > trials) trials = id + 1;
        const hpo_trial trial = hpo_view_trial(a->view, id);
        for (size_t i = trial.n_evals; i-- > 0;) {
            const hpo_eval *e = &trial.evals[i];
            if (e->event != event || e->failure != HPO_FAILURE_NONE || e->fidelity < a->run.fidelity.max) continue;
            x[n] = over == HPO_OVER_TRIALS ? (double)trials
                   : over == HPO_OVER_COST ? a->cost_at[event]
                                           : a->elapsed_at[event];
            y[n++] = e->value;
        }
    }
    return n;
}

static bool has_unit(const hpo_account *a, const char *name) {
    return name ? a->run.fidelity.name && strcmp(a->run.fidelity.name, name) == 0 : !a->run.fidelity.name;
}

static const char *axis_of(const hpo_account *const *accounts, size_t count, hpo_over over, base_arena *arena) {
    const char *unit = accounts[0]->run.fidelity.name;
    if (over == HPO_OVER_TRIALS) return "trials";
    if (over == HPO_OVER_TIME) return "seconds";
    for (size_t i = 1; i < count; i++)
        if (!has_unit(accounts[i], unit)) return "cost (of each in its own unit)";
    return unit ? base_arena_printf(arena, "cost (%s)", hpo_visible_text(arena, unit)) : "cost (evaluations)";
}

static void put_legend(base_svg *svg, const hpo_account *const *accounts, size_t count, base_arena *arena) {
    char class_name[8];
    double y = TOP + 12;
    for (size_t i = 0; i < count; i++, y += 15) {
        const char *label = hpo_visible_text(arena, hpo_account_label(accounts[i]));
        snprintf(class_name, sizeof class_name, "s%zu", i % BASE_SVG_SERIES);
        base_svg_line(svg, class_name, WIDTH - RIGHT - 20, y, WIDTH - RIGHT - 6, y);
        base_svg_text(svg, "ink small", WIDTH - RIGHT - 26, y, BASE_SVG_END, label);
    }
}

size_t hpo_figure_group(const hpo_account *const *accounts, size_t count, size_t at, const hpo_account **group) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (!hpo_account_is_alike(accounts[i], accounts[at])) continue;
        if (i < at) return 0;
        group[n++] = accounts[i];
    }
    return n;
}

void hpo_figure_incumbents(const hpo_account *const *accounts, size_t count, hpo_over over, base_buf *out) {
    base_arena *arena = base_arena_create();
    const hpo_account *first = accounts[0];
    size_t most = 1, n = 0, dots = 0;
    double end = 0;
    for (size_t i = 0; i < count; i++) {
        most += accounts[i]->n_steps + accounts[i]->n_events;
        end = fmax(end, end_of(accounts[i], over));
    }
    double *x = BASE_NEW_ARRAY(arena, most, double), *y = BASE_NEW_ARRAY(arena, most, double);
    double *values = BASE_NEW_ARRAY(arena, most, double);
    if (count == 1) dots = full_values(first, over, x, y);
    for (size_t i = 0; i < dots; i++) values[n++] = y[i];
    for (size_t i = 0; i < count && count > 1; i++)
        for (size_t k = 0; k < accounts[i]->n_steps; k++) values[n++] = accounts[i]->steps[k].value;
    if (n > 0) {
        const base_chart c = chart_of(base_scale_of(0, end, 4), hpo_figure_scale(values, n, first->run.maximize));
        base_svg svg = base_svg_begin(out, WIDTH, HEIGHT, "the best value so far");
        put_axes(&svg, &c, axis_of(accounts, count, over, arena), hpo_visible_text(arena, first->run.metric));
        for (size_t i = 0; i < dots; i += 1 + dots / DOTS)
            base_svg_circle(&svg, "muted", base_chart_x(&c, x[i]), base_chart_y(&c, clipped(&c.y, y[i])), 1.5);
        for (size_t i = 0; i < count; i++)
            if (accounts[i]->n_steps > 0) put_steps(&svg, &c, accounts[i], over, i);
        if (count > 1) put_legend(&svg, accounts, count, arena);
        if (count == 1)
            put_key(&svg, NULL, "muted", put_key(&svg, "s0", NULL, WIDTH - RIGHT, 14, "incumbent"), 14, "evaluation");
        base_svg_end(&svg);
    }
    base_arena_destroy(arena);
}

/* ---- learning curves ---- */

typedef struct curve {
    double *x, *y;
    size_t n;
} curve;

/* Evaluations and reports in the order of fidelities, the newest value of each. */
static void take_curve(const hpo_trial *trial, curve *c) {
    c->n = 0;
    size_t e = 0, r = 0;
    while (e < trial->n_evals || r < trial->n_reports) {
        const bool report =
            e == trial->n_evals || (r < trial->n_reports && trial->reports[r].event < trial->evals[e].event);
        const double x = report ? trial->reports[r].step : trial->evals[e].fidelity;
        const double y = report ? trial->reports[r].value : trial->evals[e].value;
        if (report)
            r++;
        else
            e++;
        if (!isfinite(y) || !(x > 0)) continue;
        if (c->n > 0 && x < c->x[c->n - 1]) continue;
        if (c->n > 0 && x == c->x[c->n - 1]) c->n--;
        c->x[c->n] = x;
        c->y[c->n++] = y;
    }
}

static void put_curves(base_svg *svg, const base_chart *ch, const hpo_account *a, curve *c, bool stopped, size_t step) {
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id += step) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        const bool ended = trial.state == HPO_TRIAL_STOPPED || trial.state == HPO_TRIAL_PAUSED;
        if (ended != stopped) continue;
        take_curve(&trial, c);
        for (size_t i = 0; i < c->n; i++) c->y[i] = clipped(&ch->y, c->y[i]);
        if (c->n == 0) continue;
        if (c->n > 1) base_chart_line(svg, ch, stopped ? "s7" : "s0", c->x, c->y, c->n);
        if (stopped)
            base_svg_circle(svg, "f1", base_chart_x(ch, c->x[c->n - 1]), base_chart_y(ch, c->y[c->n - 1]), 1.8);
    }
}

void hpo_figure_curves(const hpo_account *a, base_buf *out) {
    if (!a->run.fidelity.name) return;
    base_arena *arena = base_arena_create();
    const size_t trials = (size_t)hpo_view_trials(a->view), step = 1 + trials / CURVES;
    size_t longest = 1, n = 0;
    for (uint64_t id = 0; id < trials; id++) {
        const hpo_trial t = hpo_view_trial(a->view, id);
        if (t.n_evals + t.n_reports > longest) longest = t.n_evals + t.n_reports;
    }
    curve c = {.x = BASE_NEW_ARRAY(arena, longest, double), .y = BASE_NEW_ARRAY(arena, longest, double)};
    double *values = BASE_NEW_ARRAY(arena, trials + 1, double), least = INFINITY;
    for (uint64_t id = 0; id < trials; id++) {
        const hpo_trial t = hpo_view_trial(a->view, id);
        take_curve(&t, &c);
        if (c.n > 0) values[n++] = c.y[c.n - 1], least = fmin(least, c.x[0]);
    }
    if (n > 0) {
        const double high = a->run.fidelity.max, low = fmin(least, a->run.fidelity.min);
        const base_scale x = low > 0 && high / low >= 20 ? base_scale_log(low, high, 6) : base_scale_of(low, high, 5);
        const base_chart ch = chart_of(x, hpo_figure_scale(values, n, a->run.maximize));
        base_svg svg = base_svg_begin(out, WIDTH, HEIGHT, "learning curves");
        put_axes(&svg, &ch, hpo_visible_text(arena, a->run.fidelity.name), hpo_visible_text(arena, a->run.metric));
        put_curves(&svg, &ch, a, &c, true, step);
        put_curves(&svg, &ch, a, &c, false, step);
        put_key(&svg, "s0", NULL, put_key(&svg, "s7", "f1", WIDTH - RIGHT, 14, "stopped"), 14, "complete, running");
        base_svg_end(&svg);
    }
    base_arena_destroy(arena);
}

/* ---- workers ---- */

void hpo_figure_timeline(const hpo_account *a, base_buf *out) {
    enum { LANE = 16, MOST = 40, SPANS = 4000 };
    const size_t lanes = a->n_workers < MOST ? a->n_workers : MOST;
    if (lanes == 0 || !(a->seconds > 0)) return;
    const double width = 1140, left = 70, top = 6, height = top + (double)lanes * LANE + BOTTOM;
    base_chart c = {.left = left, .top = top, .width = width - left - RIGHT, .height = (double)lanes * LANE};
    c.x = base_scale_of(0, a->seconds, 10);
    base_svg svg = base_svg_begin(out, width, height, "what workers did when");
    for (size_t w = 0; w < lanes; w++) {
        char text[32];
        snprintf(text, sizeof text, "worker %zu", w);
        base_svg_text(&svg, "ink small", left - 8, top + ((double)w + 0.5) * LANE, BASE_SVG_END, text);
        base_svg_line(&svg, "grid", left, top + ((double)w + 0.5) * LANE, width - RIGHT,
                      top + ((double)w + 0.5) * LANE);
    }
    for (size_t i = 0; i < a->n_spans; i += 1 + a->n_spans / SPANS) {
        const hpo_span *s = &a->spans[i];
        if (s->worker >= lanes) continue;
        const double from = base_chart_x(&c, s->begin), to = base_chart_x(&c, fmin(s->end, a->seconds));
        const char *class_name = s->failure != HPO_FAILURE_NONE ? "f1" : s->stopped ? "f4" : "f0";
        base_svg_tint(&svg, class_name, from, top + s->worker * (double)LANE + 2, fmax(0.4, to - from - 0.3), LANE - 4,
                      0.85);
    }
    for (double t = c.x.low; t <= c.x.high + c.x.step / 2; t += c.x.step) {
        char text[32];
        base_scale_text(&c.x, t, text);
        base_svg_text(&svg, "muted small", base_chart_x(&c, t), height - BOTTOM + 12, BASE_SVG_MIDDLE, text);
    }
    base_svg_text(&svg, "muted", left + c.width / 2, height - 10, BASE_SVG_MIDDLE, "seconds");
    static const char *const kinds[][2] = {{"f0", "evaluation"}, {"f4", "stopped"}, {"f1", "failed"}};
    for (size_t k = 0; k < 3; k++) {
        base_svg_tint(&svg, kinds[k][0], left + 80.0 * (double)k, height - 15, 10, 10, 0.85);
        base_svg_text(&svg, "muted small", left + 80.0 * (double)k + 15, height - 10, BASE_SVG_START, kinds[k][1]);
    }
    base_svg_end(&svg);
}

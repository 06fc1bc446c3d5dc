/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two metrics of a study at once. */
#include <math.h>
#include <stdlib.h>

#include "hpo/report/page_impl.h"
#include "hpo/trials/order.h"

enum { WIDTH = 388, HEIGHT = 300, LEFT = 66, RIGHT = 16, TOP = 30, BOTTOM = 46, DOTS = 1500 };

/* Full evaluations, all metrics of each. */
static const double **full_values(const hpo_account *a, size_t *count, base_arena *arena) {
    const uint64_t n = hpo_view_trials(a->view);
    const double **values = BASE_NEW_ARRAY(arena, n + 1, const double *);
    *count = 0;
    for (uint64_t id = 0; id < n; id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        double fidelity;
        const double *v = hpo_account_values(&trial, a->run.n_goals, &fidelity);
        if (v && fidelity >= a->run.fidelity.max) values[(*count)++] = v;
    }
    return values;
}

/* The whole front, and of the others all but the worst tenth; logarithmic where the front spans more than a power of
 * ten and a half. */
static base_scale scale_of(const hpo_account *a, const double *const *values, size_t n, const hpo_incumbent *front,
                           size_t members, size_t goal, base_arena *arena) {
    double *column = BASE_NEW_ARRAY(arena, n + 1, double);
    double least = INFINITY, most = -INFINITY;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i][goal])) column[count++] = values[i][goal];
    for (size_t i = 0; i < members; i++) {
        const double value = hpo_eval_values(front[i].eval, a->run.n_goals)[goal];
        least = fmin(least, value);
        most = fmax(most, value);
    }
    const base_scale others = hpo_figure_scale(column, count, a->run.goals[goal].maximize);
    const bool wide = least > 0 && most > 30 * least;
    if (wide) return base_scale_log(least, fmax(most, others.high), 5);
    return base_scale_of(fmin(least, others.low), fmax(most, others.high), 5);
}

static void put_dot(base_svg *svg, const base_chart *c, const char *class_name, double x, double y, double radius) {
    base_svg_circle(svg, class_name, base_chart_x(c, fmin(fmax(x, c->x.low), c->x.high)),
                    base_chart_y(c, fmin(fmax(y, c->y.low), c->y.high)), radius);
}

void hpo_figure_front(const hpo_account *a, size_t goal, base_buf *out) {
    base_arena *arena = base_arena_create();
    size_t n, members = 0;
    const double **values = full_values(a, &n, arena);
    hpo_incumbent *front = n > 0 ? hpo_front_create(a->view, &members) : NULL;
    if (members > 0) {
        const base_chart c = {.left = LEFT,
                              .top = TOP,
                              .width = WIDTH - LEFT - RIGHT,
                              .height = HEIGHT - TOP - BOTTOM,
                              .x = scale_of(a, values, n, front, members, 0, arena),
                              .y = scale_of(a, values, n, front, members, goal, arena)};
        base_svg svg = base_svg_begin(out, WIDTH, HEIGHT, "the front");
        base_chart_frame(&svg, &c);
        base_svg_text(&svg, "muted", c.left + c.width / 2, HEIGHT - 10, BASE_SVG_MIDDLE,
                      hpo_visible_text(arena, a->run.metric));
        base_svg_text(&svg, "muted", 8, 14, BASE_SVG_START, hpo_visible_text(arena, a->run.goals[goal].name));
        for (size_t i = 0; i < n; i += 1 + n / DOTS) put_dot(&svg, &c, "muted", values[i][0], values[i][goal], 1.5);
        for (size_t i = 0; i < members; i++) {
            const double *v = hpo_eval_values(front[i].eval, a->run.n_goals);
            put_dot(&svg, &c, "f1", v[0], v[goal], 3.5);
        }
        base_svg_end(&svg);
    }
    free(front);
    base_arena_destroy(arena);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns rather than rows, and six digits: what is looked at needs no more, and the file stays small. */
#include <math.h>
#include <stdlib.h>

#include "hpo/report/page_impl.h"

enum { CURVE_POINTS = 24, CURVE_TRIALS = 2000, TRIALS = 20000, SURFACE_DIMS = 8, SURFACE_STEPS = 999 };

/* All trials, or of too many evenly many of them and the incumbents. */
typedef struct sample {
    uint64_t *id;
    size_t n;
} sample;

static int by_id(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static sample sample_of(const hpo_account *a, base_arena *arena) {
    const uint64_t n = hpo_view_trials(a->view), step = 1 + n / TRIALS;
    sample s = {.id = BASE_NEW_ARRAY(arena, n / step + a->n_steps + 2, uint64_t)};
    size_t kept = 0;
    for (uint64_t id = 0; id < n; id += step) s.id[s.n++] = id;
    for (size_t i = 0; i < a->n_steps; i++) s.id[s.n++] = a->steps[i].trial;
    qsort(s.id, s.n, sizeof *s.id, by_id);
    for (size_t i = 0; i < s.n; i++)
        if (i == 0 || s.id[i] != s.id[i - 1]) s.id[kept++] = s.id[i];
    s.n = kept;
    return s;
}

static void put_number(double value, base_buf *out) {
    if (isfinite(value))
        base_buf_printf(out, "%.6g", value);
    else
        base_buf_puts(out, "null");
}

static void put_param(const hpo_account *a, const sample *s, size_t index, base_buf *out) {
    const hpo_param *p = hpo_space_param(a->run.space, index);
    static const char *const scales[] = {[HPO_LINEAR] = "linear", [HPO_LOG] = "log", [HPO_LOGIT] = "logit"};
    const bool number = p->kind == HPO_FLOAT || p->kind == HPO_INT;
    base_buf_puts(out, "{\"name\":");
    base_buf_put_json(out, p->name);
    base_buf_printf(out, ",\"log\":%s,\"scale\":\"%s\"", p->scale == HPO_LOG ? "true" : "false", scales[p->scale]);
    if (number) { /* the unit interval is what lies between, on that scale: hpo_param_to_unit */
        base_buf_puts(out, ",\"from\":");
        put_number(p->min - p->step / 2, out);
        base_buf_puts(out, ",\"to\":");
        put_number(p->max + p->step / 2, out);
    } else {
        base_buf_puts(out, ",\"choices\":[");
        for (size_t i = 0; i < p->n_choices; i++) {
            base_buf text = {0};
            hpo_value_print(&p->choices[i], &text);
            if (i > 0) base_buf_putc(out, ',');
            base_buf_put_json(out, base_buf_text(&text));
            base_buf_fini(&text);
        }
        base_buf_putc(out, ']');
    }
    base_buf_puts(out, ",\"values\":[");
    for (size_t i = 0; i < s->n; i++) {
        if (i > 0) base_buf_putc(out, ',');
        put_number(hpo_view_trial(a->view, s->id[i]).config[index], out);
    }
    base_buf_puts(out, "]}");
}

/* row: of the sample. */
static void put_curve(const hpo_trial *trial, size_t row, base_buf *out) {
    const size_t step = 1 + trial->n_reports / CURVE_POINTS;
    bool first = true;
    base_buf_printf(out, "[%zu,[", row);
    for (size_t i = 0; i < trial->n_reports; i += step) {
        base_buf_puts(out, first ? "" : ",");
        put_number(trial->reports[i].step, out);
        base_buf_putc(out, ',');
        put_number(trial->reports[i].value, out);
        first = false;
    }
    for (size_t i = 0; i < trial->n_evals; i++) {
        base_buf_puts(out, first ? "" : ",");
        put_number(trial->evals[i].fidelity, out);
        base_buf_putc(out, ',');
        put_number(trial->evals[i].value, out);
        first = false;
    }
    base_buf_puts(out, "]]");
}

static void put_curves(const hpo_account *a, const sample *s, base_buf *out) {
    const size_t step = 1 + s->n / CURVE_TRIALS;
    bool first = true;
    base_buf_puts(out, ",\"curves\":[");
    for (size_t i = 0; i < s->n && a->run.fidelity.name; i += step) {
        const hpo_trial trial = hpo_view_trial(a->view, s->id[i]);
        if (trial.n_evals + trial.n_reports < 2) continue;
        base_buf_puts(out, first ? "" : ",");
        put_curve(&trial, i, out);
        first = false;
    }
    base_buf_putc(out, ']');
}

static void put_trials(const hpo_account *a, const sample *s, base_buf *out) {
    static const char *const names[] = {"state", "value", "fidelity", "seconds"};
    for (size_t column = 0; column < 4; column++) {
        base_buf_printf(out, ",\"%s\":[", names[column]);
        for (size_t i = 0; i < s->n; i++) {
            const hpo_trial trial = hpo_view_trial(a->view, s->id[i]);
            double fidelity;
            const double value = hpo_account_value(&trial, &fidelity);
            if (i > 0) base_buf_putc(out, ',');
            if (column == 0)
                base_buf_put_u64(out, (uint64_t)trial.state);
            else
                put_number(column == 1 ? value : column == 2 ? fidelity : hpo_account_seconds(&trial), out);
        }
        base_buf_putc(out, ']');
    }
}

static void put_ids(const hpo_account *a, const sample *s, base_buf *out) {
    base_buf_printf(out, ",\"dims\":%zu,\"trials\":%llu,\"ids\":[", hpo_space_dims(a->run.space),
                    (unsigned long long)hpo_view_trials(a->view));
    for (size_t i = 0; i < s->n; i++) {
        if (i > 0) base_buf_putc(out, ',');
        base_buf_put_u64(out, s->id[i]);
    }
    base_buf_putc(out, ']');
}

/* ---- what the forest says ---- */

/* Among `params` of the data; SIZE_MAX: it is not there. */
static size_t column_of(const hpo_account *a, size_t dim) {
    const size_t param = hpo_space_dim_param(a->run.space, dim);
    size_t column = 0;
    for (size_t i = 0; i < param; i++) column += hpo_space_param(a->run.space, i)->kind != HPO_CONSTANT;
    return column < HPO_SHOWN_PARAMS ? column : SIZE_MAX;
}

/* Cells as steps between low and high: three digits are enough for a colour. */
static void put_surface(const hpo_account *a, const hpo_importance *m, size_t i, size_t j, base_buf *out) {
    const size_t cells = (size_t)HPO_PAIR_GRID * HPO_PAIR_GRID;
    const double *surface = m->fanova.surface + (i * m->dims + j) * cells;
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < cells; k++) {
        low = fmin(low, surface[k]);
        high = fmax(high, surface[k]);
    }
    base_buf_printf(out, "{\"x\":%zu,\"y\":%zu,\"low\":", column_of(a, i), column_of(a, j));
    put_number(low, out);
    base_buf_puts(out, ",\"high\":");
    put_number(high, out);
    base_buf_puts(out, ",\"cells\":[");
    for (size_t k = 0; k < cells; k++) {
        const double share = high > low ? (surface[k] - low) / (high - low) : 0;
        base_buf_printf(out, k > 0 ? ",%.0f" : "%.0f", share * SURFACE_STEPS);
    }
    base_buf_puts(out, "]}");
}

/* Parameters by importance, and the surfaces of all pairs of the first of them. */
static void put_model(const hpo_account *a, const hpo_importance *m, base_buf *out) {
    base_arena *arena = base_arena_create();
    const hpo_ranked *ranks = hpo_importance_ranks(m, arena);
    bool first = true;
    base_buf_puts(out, ",\"ranks\":[");
    for (size_t k = 0; k < m->dims; k++) {
        if (column_of(a, ranks[k].i) == SIZE_MAX) continue;
        base_buf_printf(out, first ? "%zu" : ",%zu", column_of(a, ranks[k].i));
        first = false;
    }
    base_buf_printf(out, "],\"looked\":%.6g,\"steps\":%d,\"grid\":%d,\"surfaces\":[", m->fidelity, SURFACE_STEPS,
                    HPO_PAIR_GRID);
    size_t n;
    const hpo_ranked *pairs = hpo_importance_pairs(m, true, &n, arena);
    bool *chosen = BASE_NEW_ARRAY(arena, m->dims, bool);
    for (size_t k = 0; k < m->dims && k < SURFACE_DIMS; k++) chosen[ranks[k].i] = true;
    first = true;
    for (size_t k = 0; k < n && m->fanova.variance > 0; k++) {
        const size_t i = pairs[k].i, j = pairs[k].j;
        const bool shown = column_of(a, i) != SIZE_MAX && column_of(a, j) != SIZE_MAX;
        if (!chosen[i] || !chosen[j] || !shown) continue;
        base_buf_puts(out, first ? "" : ",");
        put_surface(a, m, i, j, out);
        first = false;
    }
    base_buf_putc(out, ']');
    base_arena_destroy(arena);
}

static void put_json(const hpo_account *a, const hpo_importance *m, const sample *s, base_buf *out) {
    base_buf_puts(out, "{\"metric\":");
    base_buf_put_json(out, a->run.metric);
    base_buf_printf(out, ",\"maximize\":%s,\"fidelityName\":", a->run.maximize ? "true" : "false");
    base_buf_put_json(out, a->run.fidelity.name ? a->run.fidelity.name : "");
    base_buf_puts(out, ",\"states\":[");
    for (int state = HPO_TRIAL_RUNNING; state <= HPO_TRIAL_FAILED; state++) {
        if (state > 0) base_buf_putc(out, ',');
        base_buf_put_json(out, hpo_trial_state_text((hpo_trial_state)state));
    }
    base_buf_putc(out, ']');
    put_ids(a, s, out);
    put_trials(a, s, out);
    base_buf_puts(out, ",\"params\":[");
    for (size_t i = 0, n = 0; i < hpo_space_count(a->run.space) && n < HPO_SHOWN_PARAMS; i++) {
        if (hpo_space_param(a->run.space, i)->kind == HPO_CONSTANT) continue;
        if (n++ > 0) base_buf_putc(out, ',');
        put_param(a, s, i, out);
    }
    base_buf_putc(out, ']');
    put_curves(a, s, out);
    if (m) put_model(a, m, out);
    base_buf_putc(out, '}');
}

void hpo_page_data(const hpo_account *a, const hpo_importance *m, base_buf *out) {
    base_buf json = {0};
    base_arena *arena = base_arena_create();
    const sample s = sample_of(a, arena);
    put_json(a, m, &s, &json);
    base_buf_puts(out, "<script type=\"application/json\" class=\"data\">");
    for (const char *c = base_buf_text(&json); *c; c++) {
        if (*c == '<') /* no text can end the element or begin a comment */
            base_buf_puts(out, "\\u003c");
        else
            base_buf_putc(out, *c);
    }
    base_buf_puts(out, "</script>\n");
    base_buf_fini(&json);
    base_arena_destroy(arena);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns rather than rows, and six digits: what is looked at needs no more, and the file stays small. */
#include <math.h>

#include "hpo/report/page_impl.h"

enum { CURVE_POINTS = 24, CURVE_TRIALS = 2000 };

static void put_number(double value, base_buf *out) {
    if (isfinite(value))
        base_buf_printf(out, "%.6g", value);
    else
        base_buf_puts(out, "null");
}

static void put_param(const hpo_account *a, size_t index, base_buf *out) {
    const hpo_param *p = hpo_space_param(a->run.space, index);
    const bool number = p->kind == HPO_FLOAT || p->kind == HPO_INT;
    base_buf_puts(out, "{\"name\":");
    base_buf_put_json(out, p->name);
    base_buf_printf(out, ",\"log\":%s", p->scale == HPO_LOG ? "true" : "false");
    if (!number) {
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
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        if (id > 0) base_buf_putc(out, ',');
        put_number(hpo_view_trial(a->view, id).config[index], out);
    }
    base_buf_puts(out, "]}");
}

static void put_curve(const hpo_trial *trial, base_buf *out) {
    const size_t step = 1 + trial->n_reports / CURVE_POINTS;
    bool first = true;
    base_buf_printf(out, "[%llu,[", (unsigned long long)trial->id);
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

static void put_curves(const hpo_account *a, base_buf *out) {
    const uint64_t n = hpo_view_trials(a->view), step = 1 + n / CURVE_TRIALS;
    bool first = true;
    base_buf_puts(out, ",\"curves\":[");
    for (uint64_t id = 0; id < n && a->run.fidelity.name; id += step) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        if (trial.n_evals + trial.n_reports < 2) continue;
        base_buf_puts(out, first ? "" : ",");
        put_curve(&trial, out);
        first = false;
    }
    base_buf_putc(out, ']');
}

static void put_trials(const hpo_account *a, base_buf *out) {
    static const char *const names[] = {"state", "value", "fidelity", "seconds"};
    for (size_t column = 0; column < 4; column++) {
        base_buf_printf(out, ",\"%s\":[", names[column]);
        for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
            const hpo_trial trial = hpo_view_trial(a->view, id);
            double fidelity;
            const double value = hpo_account_value(&trial, &fidelity);
            if (id > 0) base_buf_putc(out, ',');
            if (column == 0)
                base_buf_put_u64(out, (uint64_t)trial.state);
            else
                put_number(column == 1 ? value : column == 2 ? fidelity : hpo_account_seconds(&trial), out);
        }
        base_buf_putc(out, ']');
    }
}

static void put_json(const hpo_account *a, base_buf *out) {
    base_buf_puts(out, "{\"metric\":");
    base_buf_put_json(out, a->run.metric);
    base_buf_printf(out, ",\"maximize\":%s,\"fidelityName\":", a->run.maximize ? "true" : "false");
    base_buf_put_json(out, a->run.fidelity.name ? a->run.fidelity.name : "");
    base_buf_puts(out, ",\"states\":[");
    for (int s = HPO_TRIAL_RUNNING; s <= HPO_TRIAL_FAILED; s++) {
        if (s > 0) base_buf_putc(out, ',');
        base_buf_put_json(out, hpo_trial_state_text((hpo_trial_state)s));
    }
    base_buf_putc(out, ']');
    put_trials(a, out);
    base_buf_puts(out, ",\"params\":[");
    for (size_t i = 0, n = 0; i < hpo_space_count(a->run.space); i++) {
        if (hpo_space_param(a->run.space, i)->kind == HPO_CONSTANT) continue;
        if (n++ > 0) base_buf_putc(out, ',');
        put_param(a, i, out);
    }
    base_buf_putc(out, ']');
    put_curves(a, out);
    base_buf_putc(out, '}');
}

void hpo_page_data(const hpo_account *a, base_buf *out) {
    base_buf json = {0};
    put_json(a, &json);
    base_buf_puts(out, "<script type=\"application/json\" class=\"data\">");
    for (const char *c = base_buf_text(&json); *c; c++) {
        if (*c == '<') /* no text can end the element or begin a comment */
            base_buf_puts(out, "\\u003c");
        else
            base_buf_putc(out, *c);
    }
    base_buf_puts(out, "</script>\n");
    base_buf_fini(&json);
}

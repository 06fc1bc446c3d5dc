/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "hpo/report/formats.h"

/* The apostrophe is what keeps spreadsheets from computing it. */
static void put_field(const char *text, base_buf *out) {
    base_buf safe = {0};
    if (*text && strchr("=+-@\t\r", *text)) base_buf_putc(&safe, '\'');
    base_buf_put_visible(&safe, text);
    base_buf_putc(out, ',');
    base_csv_put(base_buf_text(&safe), out);
    base_buf_fini(&safe);
}

static void put_number(double value, base_buf *out) {
    base_buf_putc(out, ',');
    if (isfinite(value)) base_buf_put_double(out, value);
}

static void put_value(const hpo_value *value, base_buf *out) {
    base_buf text = {0};
    if (value->kind == HPO_VALUE_REAL) {
        put_number(value->real, out);
        return;
    }
    hpo_value_print(value, &text);
    if (value->kind == HPO_VALUE_INT) {
        base_buf_putc(out, ',');
        base_buf_puts(out, base_buf_text(&text));
    } else {
        put_field(base_buf_text(&text), out);
    }
    base_buf_fini(&text);
}

static void put_names(const hpo_account *a, base_buf *out) {
    base_buf_puts(out, "trial,state,origin,bracket,rung,fidelity");
    for (size_t g = 0; g < a->run.n_goals; g++) put_field(g == 0 ? a->run.metric : a->run.goals[g].name, out);
    base_buf_puts(out, ",cost,seconds,failure,reason");
    for (size_t i = 0; i < hpo_space_count(a->run.space); i++) put_field(hpo_space_param(a->run.space, i)->name, out);
    base_buf_putc(out, '\n');
}

static void put_trial(const hpo_account *a, const hpo_trial *trial, base_buf *out) {
    double fidelity;
    const double *values = hpo_account_values(trial, a->run.n_goals, &fidelity);
    const hpo_eval *last = trial->n_evals > 0 ? &trial->evals[trial->n_evals - 1] : NULL;
    const bool failed = last && last->failure != HPO_FAILURE_NONE;
    base_buf_put_u64(out, trial->id);
    put_field(hpo_trial_state_text(trial->state), out);
    put_field(trial->origin ? trial->origin : "", out);
    base_buf_printf(out, ",%u,%u", trial->bracket, trial->rung);
    put_number(fidelity, out);
    for (size_t g = 0; g < a->run.n_goals; g++) put_number(values ? values[g] : NAN, out);
    put_number(hpo_account_cost(trial), out);
    put_number(hpo_account_seconds(trial), out);
    put_field(failed ? hpo_failure_text(last->failure) : "", out);
    put_field(failed && last->reason && !a->is_anonymous ? last->reason : "", out);
    for (size_t i = 0; i < hpo_space_count(a->run.space); i++) {
        const hpo_value v = hpo_space_value(a->run.space, trial->config, i);
        if (isnan(trial->config[i]))
            base_buf_putc(out, ','); /* inactive; null may be a choice */
        else
            put_value(&v, out);
    }
    base_buf_putc(out, '\n');
}

void hpo_report_csv(const hpo_account *a, base_buf *out) {
    put_names(a, out);
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        put_trial(a, &trial, out);
    }
}

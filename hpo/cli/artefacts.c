/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trials have made, best first: which of my seeds? Trials that made the same, such as one genotype found by
 * several searches, share a row with the mean of their errors. A long artefact is cut to a line: where it lies whole is
 * said below the table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "hpo/cli/cli_impl.h"
#include "hpo/trials/order.h"

enum { SHOWN = 5, COLUMNS = 4, TRIALS = 3, WIDTH = 16, INDENT = 4, PAGE = 80 };

typedef struct row {
    const char *artefact;
    hpo_member best;
    uint64_t trial[TRIALS]; /* the first ones */
    size_t count;
    double sum[COLUMNS];
} row;

typedef struct table {
    const hpo_study_spec *spec;
    const char *column[COLUMNS]; /* names of metrics */
    size_t columns;
    row *rows;
    size_t count, capacity, evaluations;
    bool cut; /* an artefact was too long for its line */
} table;

/* The study's metric, and what else is an error. */
static void choose_columns(table *t, const hpo_metrics *metrics) {
    t->column[t->columns++] = t->spec->goals[0].name;
    for (size_t i = 0; metrics && i < metrics->count && t->columns < COLUMNS; i++) {
        const char *name = metrics->item[i].name;
        const size_t length = strlen(name);
        const bool is_error = length > 6 && strcmp(name + length - 6, "_error") == 0;
        if (is_error && strcmp(name, t->spec->goals[0].name) != 0) t->column[t->columns++] = name;
    }
}

static row *row_of(table *t, const char *artefact) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->rows[i].artefact, artefact) == 0) return &t->rows[i];
    BASE_GROW(t->rows, t->capacity, t->count + 1);
    row *made = &t->rows[t->count++];
    *made = (row){.artefact = artefact};
    return made;
}

static void add(table *t, uint64_t trial, const hpo_eval *eval) {
    row *r = row_of(t, eval->artefact);
    const hpo_member member = hpo_member_of(trial, eval);
    if (r->count == 0 || hpo_member_better(&member, &r->best)) {
        r->best = member;
    }
    if (r->count < TRIALS) r->trial[r->count] = trial;
    r->count++;
    r->sum[0] += eval->value;
    for (size_t i = 1; i < t->columns; i++) {
        const double *value = eval->metrics ? hpo_metrics_get(eval->metrics, t->column[i]) : NULL;
        r->sum[i] += value ? *value : (double)NAN;
    }
    t->evaluations++;
}

static int by_loss(const void *a, const void *b) {
    const row *x = a, *y = b;
    if (hpo_member_better(&x->best, &y->best)) return -1;
    return hpo_member_better(&y->best, &x->best);
}

/* Of each trial its last evaluation, when it is as long as the incumbent's. */
static void collect(table *t, hpo_view view, double fidelity) {
    for (uint64_t id = 0; id < hpo_view_trials(view); id++) {
        const hpo_trial trial = hpo_view_trial(view, id);
        const hpo_eval *last = trial.n_evals > 0 ? &trial.evals[trial.n_evals - 1] : NULL;
        if (last && last->failure == HPO_FAILURE_NONE && last->artefact && last->fidelity >= fidelity) add(t, id, last);
    }
    if (t->count > 0) qsort(t->rows, t->count, sizeof *t->rows, by_loss);
}

static void put_cell(const char *text, base_buf *out) {
    base_buf_printf(out, "%-*s", WIDTH, text);
}

/* On one line, cut between words where that is possible. */
static void print_artefact(table *t, const char *artefact, base_buf *out) {
    static const char more[] = " ...";
    base_buf text = {0};
    cli_put_plain(&text, artefact);
    size_t length = text.length;
    if (length > PAGE - INDENT) {
        t->cut = true;
        length = PAGE - INDENT - (sizeof more - 1);
        while (length > 0 && text.data[length] != ' ') length--;
        if (length == 0) length = PAGE - INDENT - (sizeof more - 1);
        while (((unsigned char)text.data[length] & 0xC0) == 0x80) length--; /* not within a letter */
    }
    base_buf_printf(out, "%*s%.*s%s\n", INDENT, "", (int)length, base_buf_text(&text),
                    length < text.length ? more : "");
    base_buf_fini(&text);
}

static void print_row(table *t, const row *r, base_buf *out) {
    base_buf line = {0}, trials = {0};
    for (size_t i = 0; i < t->columns; i++) {
        char value[32];
        snprintf(value, sizeof value, "%.4g", r->sum[i] / (double)r->count);
        put_cell(isnan(r->sum[i]) ? "-" : value, &line);
    }
    for (size_t i = 0; i < r->count && i < TRIALS; i++)
        base_buf_printf(&trials, "%s%llu", i > 0 ? ", " : "", (unsigned long long)r->trial[i]);
    base_buf_printf(out, "  %s%s%s\n", base_buf_text(&line), base_buf_text(&trials), r->count > TRIALS ? ", ..." : "");
    print_artefact(t, r->artefact, out);
    base_buf_fini(&line);
    base_buf_fini(&trials);
}

void cli_print_artefacts(const cli_end *end, base_buf *out) {
    const hpo_view view = hpo_study_view(end->study);
    table t = {.spec = hpo_study_spec_of(end->study)};
    hpo_recommendation best;
    if (!cli_best(end, &best) || !best.who.eval->artefact) return;
    choose_columns(&t, best.who.eval->metrics);
    collect(&t, view, best.who.eval->fidelity);
    if (t.evaluations > 1) {
        const size_t shown = t.count < SHOWN ? t.count : SHOWN;
        base_buf_printf(out, "the %s%zu of %zu artefacts of %zu trials (means of equal ones):\n  ",
                        shown < t.count ? "best " : "", shown, t.count, t.evaluations);
        for (size_t i = 0; i < t.columns; i++) put_cell(t.column[i], out);
        base_buf_puts(out, "trials\n");
        for (size_t i = 0; i < shown; i++) print_row(&t, &t.rows[i], out);
        if (t.cut && t.spec->objective->files)
            base_buf_printf(out, "  (whole: trials/TRIAL/%s)\n", t.spec->objective->files[0]);
    }
    free(t.rows);
}

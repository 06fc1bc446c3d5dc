/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/models/hypervolume.h"
#include "hpo/report/formats.h"
#include "hpo/report/tables.h"
#include "hpo/trials/order.h"

static void put_key(const char *name, bool first, base_buf *out) {
    if (!first) base_buf_puts(out, ", ");
    base_buf_put_json(out, name);
    base_buf_puts(out, ": ");
}

static void put_number(const char *name, double value, base_buf *out) {
    put_key(name, false, out);
    base_buf_put_json_number(out, value);
}

static void put_count(const char *name, uint64_t value, base_buf *out) {
    put_key(name, false, out);
    base_buf_put_u64(out, value);
}

/* NULL: null. */
static void put_text(const char *name, const char *text, base_buf *out) {
    put_key(name, false, out);
    if (text)
        base_buf_put_json(out, text);
    else
        base_buf_puts(out, "null");
}

static void put_metrics(const hpo_metrics *metrics, base_buf *out) {
    put_key("metrics", false, out);
    base_buf_putc(out, '{');
    for (size_t i = 0; metrics && i < metrics->count; i++) {
        put_key(metrics->item[i].name, i == 0, out);
        base_buf_put_json_number(out, metrics->item[i].value);
    }
    base_buf_putc(out, '}');
}

static void put_eval(const hpo_account *a, const hpo_eval *eval, base_buf *out) {
    const bool failed = eval->failure != HPO_FAILURE_NONE;
    base_buf_printf(out, "{\"rung\": %u", eval->rung);
    put_number("fidelity", eval->fidelity, out);
    put_number("value", eval->value, out);
    put_number("cost", eval->cost, out);
    put_number("seconds", eval->seconds, out);
    if (failed) put_text("failure", hpo_failure_text(eval->failure), out);
    if (failed && !a->is_anonymous) put_text("reason", eval->reason, out);
    if (eval->artefact && !a->is_anonymous) put_text("artefact", eval->artefact, out);
    if (eval->metrics) put_metrics(eval->metrics, out);
    base_buf_putc(out, '}');
}

static void put_trial(const hpo_account *a, const hpo_trial *trial, base_buf *out) {
    base_buf_printf(out, "{\"trial\": %llu", (unsigned long long)trial->id);
    put_text("state", hpo_trial_state_text(trial->state), out);
    put_text("origin", trial->origin, out);
    put_count("bracket", trial->bracket, out);
    put_key("config", false, out);
    hpo_space_print_json(a->run.space, trial->config, out);
    put_key("evaluations", false, out);
    base_buf_putc(out, '[');
    for (size_t i = 0; i < trial->n_evals; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        put_eval(a, &trial->evals[i], out);
    }
    base_buf_puts(out, "], \"reports\": [");
    for (size_t i = 0; i < trial->n_reports; i++) {
        base_buf_puts(out, i > 0 ? ", [" : "[");
        base_buf_put_json_number(out, trial->reports[i].step);
        base_buf_puts(out, ", ");
        base_buf_put_json_number(out, trial->reports[i].value);
        base_buf_putc(out, ']');
    }
    base_buf_puts(out, "]}");
}

static void put_steps(const hpo_account *a, base_buf *out) {
    put_key("incumbents", false, out);
    base_buf_putc(out, '[');
    for (size_t i = 0; i < a->n_steps; i++) {
        const hpo_step *s = &a->steps[i];
        base_buf_printf(out, "%s{\"trial\": %llu", i > 0 ? ", " : "", (unsigned long long)s->trial);
        put_count("trials", s->trials, out);
        put_number("value", s->value, out);
        put_number("cost", s->cost, out);
        put_number("seconds", s->elapsed, out);
        base_buf_putc(out, '}');
    }
    base_buf_putc(out, ']');
}

static void put_rungs(const hpo_account *a, base_buf *out) {
    put_key("rungs", false, out);
    base_buf_putc(out, '[');
    for (size_t i = 0; i < a->n_rungs; i++) {
        const hpo_rung *r = &a->rungs[i];
        base_buf_printf(out, "%s{\"bracket\": %u, \"rung\": %u", i > 0 ? ", " : "", r->bracket, r->rung);
        put_number("fidelity", r->fidelity, out);
        put_count("evaluations", r->evaluations, out);
        put_count("failed", r->failed, out);
        put_count("promoted", r->promoted, out);
        put_number("best", r->best, out);
        put_number("median", r->median, out);
        base_buf_putc(out, '}');
    }
    base_buf_putc(out, ']');
}

static void put_mishaps(const hpo_account *a, base_buf *out) {
    put_key("failures", false, out);
    base_buf_putc(out, '[');
    for (size_t i = 0; i < a->n_mishaps; i++) {
        const hpo_mishap *m = &a->mishaps[i];
        base_buf_printf(out, "%s{\"count\": %zu", i > 0 ? ", " : "", m->count);
        put_text("failure", hpo_failure_text(m->failure), out);
        put_text("reason", m->reason, out);
        put_count("first", m->first, out);
        put_count("repeated", m->attempts, out);
        base_buf_putc(out, '}');
    }
    base_buf_putc(out, ']');
}

static void put_workers(const hpo_account *a, base_buf *out) {
    put_key("workers", false, out);
    base_buf_putc(out, '[');
    for (size_t i = 0; i < a->n_workers; i++) {
        base_buf_printf(out, "%s{\"worker\": %zu", i > 0 ? ", " : "", i);
        put_count("evaluations", a->workers[i].evaluations, out);
        put_number("busy", a->workers[i].busy, out);
        base_buf_putc(out, '}');
    }
    base_buf_puts(out, "], \"spans\": [");
    for (size_t i = 0; i < a->n_spans; i++) {
        const hpo_span *s = &a->spans[i];
        base_buf_printf(out, "%s{\"worker\": %u", i > 0 ? ", " : "", s->worker);
        put_count("trial", s->trial, out);
        put_number("begin", s->begin, out);
        put_number("end", s->end, out);
        base_buf_putc(out, '}');
    }
    base_buf_putc(out, ']');
}

static void put_head(const hpo_account *a, base_buf *out) {
    base_buf_puts(out, "{\"study\": ");
    base_buf_put_json(out, a->run.head.study);
    if (!a->is_anonymous) put_text("folder", a->dir, out);
    put_text("state", a->state, out);
    put_count("seed", a->run.head.seed, out);
    put_text("program", a->run.head.program, out);
    if (!a->is_anonymous) put_text("machine", a->host, out);
    put_text("metric", a->run.metric, out);
    put_text("goal", a->run.maximize ? "maximize" : "minimize", out);
    put_text("sampler", a->run.sampler, out);
    put_text("scheduler", a->run.scheduler, out);
    put_text("chosen", a->run.head.chosen, out);
    put_text("objective", a->objective, out);
    if (!a->is_anonymous) put_text("settings", a->settings, out);
    put_number("seconds", a->seconds, out);
    put_number("cost", a->cost, out);
}

static void put_best(const hpo_account *a, base_buf *out) {
    uint64_t trial;
    double value, fidelity;
    put_key("best", false, out);
    if (!hpo_account_best(a, &trial, &value, &fidelity)) {
        base_buf_puts(out, "null");
        return;
    }
    base_buf_printf(out, "{\"trial\": %llu", (unsigned long long)trial);
    put_number("value", value, out);
    if (!isnan(a->recommended.mean)) put_number("posterior_mean", a->recommended.mean, out);
    put_number("fidelity", fidelity, out);
    hpo_incumbent best;
    if (a->run.constraints.count > 0 && hpo_view_incumbent(a->view, &best)) {
        put_key("feasible", false, out);
        base_buf_puts(out, hpo_eval_is_feasible(best.eval) ? "true" : "false");
        put_number("violation", hpo_eval_violation(best.eval), out);
    }
    put_key("config", false, out);
    hpo_space_print_json(a->run.space, hpo_view_trial(a->view, trial).config, out);
    base_arena *arena = base_arena_create();
    put_text("again", hpo_account_command(a, trial, arena), out);
    base_arena_destroy(arena);
    base_buf_putc(out, '}');
}

/* Only of several metrics: they, the front, and its hypervolume. */
static void put_front(const hpo_account *a, base_buf *out) {
    const size_t k = a->run.n_goals;
    size_t count;
    if (k == 1) return;
    hpo_incumbent *front = hpo_front_create(a->view, &count);
    put_key("metrics", false, out);
    for (size_t g = 0; g < k; g++) {
        base_buf_puts(out, g > 0 ? ", {\"name\": " : "[{\"name\": ");
        base_buf_put_json(out, a->run.goals[g].name);
        put_text("goal", a->run.goals[g].maximize ? "maximize" : "minimize", out);
        base_buf_putc(out, '}');
    }
    base_buf_putc(out, ']');
    put_number("hypervolume", hpo_view_hypervolume(a->view), out);
    put_key("front", false, out);
    base_buf_putc(out, '[');
    for (size_t i = 0; i < count; i++) {
        base_buf_printf(out, "%s{\"trial\": %llu, \"values\": [", i > 0 ? ", " : "",
                        (unsigned long long)front[i].trial);
        for (size_t g = 0; g < k; g++) {
            if (g > 0) base_buf_puts(out, ", ");
            base_buf_put_json_number(out, hpo_eval_values(front[i].eval, k)[g]);
        }
        base_buf_puts(out, "]}");
    }
    base_buf_putc(out, ']');
    free(front);
}

static void put_shares(const char *name, const double *shares, const hpo_account *a, base_buf *out) {
    put_key(name, false, out);
    base_buf_putc(out, '{');
    for (size_t d = 0; d < hpo_space_dims(a->run.space); d++) {
        put_key(hpo_space_param(a->run.space, hpo_space_dim_param(a->run.space, d))->name, d == 0, out);
        base_buf_put_json_number(out, shares[d]);
    }
    base_buf_putc(out, '}');
}

static void put_pairs(const hpo_account *a, const hpo_importance *m, base_buf *out) {
    bool first = true;
    put_key("pairs", false, out);
    base_buf_putc(out, '[');
    for (size_t i = 0; i < m->dims && m->fanova.pair; i++)
        for (size_t j = i + 1; j < m->dims; j++) {
            base_buf_puts(out, first ? "[" : ", [");
            base_buf_put_json(out, hpo_space_param(a->run.space, hpo_space_dim_param(a->run.space, i))->name);
            base_buf_puts(out, ", ");
            base_buf_put_json(out, hpo_space_param(a->run.space, hpo_space_dim_param(a->run.space, j))->name);
            base_buf_puts(out, ", ");
            base_buf_put_json_number(out, m->fanova.pair[i * m->dims + j]);
            base_buf_putc(out, ']');
            first = false;
        }
    base_buf_putc(out, ']');
}

static void put_importance(const hpo_account *a, base_buf *out) {
    base_arena *arena = base_arena_create();
    const hpo_importance *m = hpo_importance_of(a, arena);
    put_key("importance", false, out);
    if (m) {
        base_buf_puts(out, "{\"fidelity\": ");
        base_buf_put_json_number(out, m->fidelity);
        put_count("values", m->rows, out);
        put_count("sampled", m->sampled, out);
        put_shares("fanova", m->fanova.single, a, out);
        put_shares("ped_anova", m->ped, a, out);
        put_pairs(a, m, out);
        base_buf_putc(out, '}');
    } else {
        base_buf_puts(out, "null");
    }
    base_arena_destroy(arena);
}

void hpo_report_json(const hpo_account *a, base_buf *out) {
    put_head(a, out);
    put_best(a, out);
    put_front(a, out);
    put_steps(a, out);
    put_rungs(a, out);
    put_mishaps(a, out);
    put_workers(a, out);
    put_importance(a, out);
    put_key("trials", false, out);
    base_buf_putc(out, '[');
    for (uint64_t id = 0; id < hpo_view_trials(a->view); id++) {
        const hpo_trial trial = hpo_view_trial(a->view, id);
        base_buf_puts(out, id > 0 ? ",\n" : "\n");
        put_trial(a, &trial, out);
    }
    base_buf_puts(out, "]}\n");
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run as the folder that DeepCAVE 1.3 calls its own (Sass et al., "DeepCAVE: An Interactive Analysis Tool for
 * Automated Machine Learning", ReALML at ICML 2022): the space in the JSON of ConfigSpace (format 0.4), configurations
 * and their origins by number, objectives, and a line of history per evaluation.
 *
 * A configuration has one number there, so one that was tried again is told apart by its seed: 0, 1, ... */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hpo/report/formats.h"

enum { SUCCESS = 1, TIMEOUT = 2, MEMORYOUT = 3, CRASHED = 4, ABORTED = 5, FAILED = 7, PRUNED = 8 }; /* its words */

/* ---- the space ---- */

static void put_number(const hpo_param *param, double value, base_buf *out) {
    if (param->kind == HPO_INT)
        base_buf_put_i64(out, (int64_t)value);
    else
        base_buf_put_double(out, value);
}

static void put_choices(const hpo_param *param, base_buf *out) {
    base_buf_putc(out, '[');
    for (size_t i = 0; i < param->n_choices; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        hpo_value_print_json(&param->choices[i], out);
    }
    base_buf_putc(out, ']');
}

/* A belief (with priors of each metric that about the first) is told by its centre. Without one ConfigSpace takes the
 * middle, or the first choice. */
static void put_default(const hpo_param *param, bool is_number, base_buf *out) {
    if (!param->prior.given) return;
    base_buf_puts(out, ", \"default_value\": ");
    if (is_number)
        put_number(param, param->prior.center, out);
    else
        hpo_value_print_json(&param->choices[(size_t)param->prior.center], out);
}

static void put_range(const hpo_param *param, base_buf *out) {
    base_buf_puts(out, ", \"lower\": ");
    put_number(param, param->min, out);
    base_buf_puts(out, ", \"upper\": ");
    put_number(param, param->max, out);
    base_buf_puts(out, param->scale == HPO_LOG ? ", \"log\": true" : ", \"log\": false");
}

static void put_weights(const hpo_param *param, base_buf *out) {
    base_buf_puts(out, ", \"weights\": [");
    for (size_t i = 0; i < param->n_choices; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        base_buf_put_double(out, param->probabilities[i]);
    }
    base_buf_putc(out, ']');
}

static void put_param(const hpo_param *param, base_buf *out) {
    static const char *const types[] = {[HPO_FLOAT] = "uniform_float",
                                        [HPO_INT] = "uniform_int",
                                        [HPO_CATEGORICAL] = "categorical",
                                        [HPO_ORDINAL] = "ordinal",
                                        [HPO_CONSTANT] = "constant"};
    const bool is_number = param->kind == HPO_FLOAT || param->kind == HPO_INT;
    base_buf_printf(out, "{\"type\": \"%s\", \"name\": ", types[param->kind]);
    base_buf_put_json(out, param->name);
    if (param->kind == HPO_CONSTANT) {
        base_buf_puts(out, ", \"value\": ");
        hpo_value_print_json(&param->choices[0], out);
    } else if (is_number) {
        put_range(param, out);
    } else {
        base_buf_puts(out, param->kind == HPO_ORDINAL ? ", \"sequence\": " : ", \"choices\": ");
        put_choices(param, out);
        if (param->kind == HPO_CATEGORICAL && param->probabilities) put_weights(param, out);
    }
    if (param->kind != HPO_CONSTANT) put_default(param, is_number, out);
    base_buf_puts(out, ", \"meta\": null}");
}

/* ---- conditions ---- */

typedef struct condition {
    const hpo_space *space;
    const hpo_param *child;
    base_buf *out;
} condition;

static void begin_condition(const condition *c, const char *type) {
    base_buf_printf(c->out, "{\"type\": \"%s\", \"child\": ", type);
    base_buf_put_json(c->out, c->child->name);
}

static void put_test(const condition *c, const char *type, const hpo_param *parent, double value) {
    begin_condition(c, type);
    base_buf_puts(c->out, ", \"parent\": ");
    base_buf_put_json(c->out, parent->name);
    base_buf_puts(c->out, ", \"value\": ");
    put_number(parent, value, c->out);
    base_buf_putc(c->out, '}');
}

/* What parts make together; ConfigSpace wants at least two. */
static void begin_parts(const condition *c, const char *type, size_t count) {
    if (count < 2) return;
    begin_condition(c, type);
    base_buf_puts(c->out, ", \"conditions\": [");
}
static void end_parts(const condition *c, size_t count) {
    if (count >= 2) base_buf_puts(c->out, "]}");
}

/* ConfigSpace has less and greater, but neither with equality. */
static void put_number_leaf(const condition *c, const hpo_cond *leaf, const hpo_param *parent) {
    static const char *const types[] = {
        [HPO_COND_EQ] = "EQ", [HPO_COND_NE] = "NEQ", [HPO_COND_LT] = "LT", [HPO_COND_LE] = "LT",
        [HPO_COND_GT] = "GT", [HPO_COND_GE] = "GT",  [HPO_COND_IN] = "EQ", [HPO_COND_NOT_IN] = "NEQ"};
    const bool or_equal = leaf->op == HPO_COND_LE || leaf->op == HPO_COND_GE;
    const size_t count = or_equal ? 2 : leaf->n_values;
    begin_parts(c, leaf->op == HPO_COND_NOT_IN ? "AND" : "OR", count);
    for (size_t i = 0; i < leaf->n_values; i++) {
        if (i > 0) base_buf_puts(c->out, ", ");
        put_test(c, types[leaf->op], parent, leaf->values[i].real);
    }
    if (or_equal) {
        base_buf_puts(c->out, ", ");
        put_test(c, "EQ", parent, leaf->values[0].real);
    }
    end_parts(c, count);
}

static void put_choice_leaf(const condition *c, const hpo_cond *leaf, const hpo_param *parent) {
    bool *passes = base_calloc(parent->n_choices, sizeof *passes), some = false;
    hpo_cond_choices(parent, leaf, passes);
    begin_condition(c, "IN");
    base_buf_puts(c->out, ", \"parent\": ");
    base_buf_put_json(c->out, parent->name);
    base_buf_puts(c->out, ", \"values\": [");
    for (size_t k = 0; k < parent->n_choices; k++) {
        if (!passes[k]) continue;
        if (some) base_buf_puts(c->out, ", ");
        hpo_value_print_json(&parent->choices[k], c->out);
        some = true;
    }
    base_buf_puts(c->out, "]}");
    free(passes);
}

static base_status put_condition(const condition *c, const hpo_cond *cond, base_err *err) {
    if (cond->op == HPO_COND_ALL || cond->op == HPO_COND_ANY) {
        begin_parts(c, cond->op == HPO_COND_ALL ? "AND" : "OR", cond->n_children);
        for (size_t i = 0; i < cond->n_children; i++) {
            if (i > 0) base_buf_puts(c->out, ", ");
            BASE_TRY(put_condition(c, cond->children[i], err));
        }
        end_parts(c, cond->n_children);
        return BASE_OK;
    }
    const hpo_param *parent = hpo_space_param(c->space, cond->param);
    if (cond->against_param)
        return BASE_FAIL(err, BASE_INVALID,
                         "%s is active where %s is compared with %s: DeepCAVE knows only comparisons with values",
                         c->child->name, parent->name, hpo_space_param(c->space, cond->other)->name);
    if (parent->kind == HPO_FLOAT || parent->kind == HPO_INT)
        put_number_leaf(c, cond, parent);
    else
        put_choice_leaf(c, cond, parent);
    return BASE_OK;
}

/* To Python true is 1 and false is 0, and a choice may stand there once. */
static base_status check_choices(const hpo_param *param, base_err *err) {
    for (size_t i = 0; i < param->n_choices; i++)
        for (size_t j = 0; param->choices[i].kind == HPO_VALUE_BOOL && j < param->n_choices; j++) {
            const hpo_value *b = &param->choices[j];
            if ((b->kind == HPO_VALUE_INT || b->kind == HPO_VALUE_REAL) && b->real == param->choices[i].boolean)
                return BASE_FAIL(err, BASE_INVALID, "%s has the choices %s and %.6g: they are the same to DeepCAVE",
                                 param->name, param->choices[i].boolean ? "true" : "false", b->real);
        }
    return BASE_OK;
}

static base_status put_space(const hpo_account *a, base_buf *out, base_err *err) {
    const hpo_space *space = a->run.space, *belief = hpo_space_belief(space, 0);
    bool some = false;
    for (size_t i = 0; i < hpo_space_count(space); i++) BASE_TRY(check_choices(hpo_space_param(space, i), err));
    base_buf_puts(out, "{\"name\": ");
    base_buf_put_json(out, a->run.head.study);
    base_buf_puts(out, ", \"hyperparameters\": [");
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        base_buf_puts(out, i > 0 ? ",\n" : "\n");
        put_param(hpo_space_param(belief, i), out);
    }
    base_buf_puts(out, "],\n\"conditions\": [");
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        const condition c = {.space = space, .child = hpo_space_param(space, i), .out = out};
        if (!c.child->when) continue;
        base_buf_puts(out, some ? ",\n" : "\n");
        BASE_TRY(put_condition(&c, c.child->when, err));
        some = true;
    }
    base_buf_puts(out, "],\n\"forbiddens\": [], \"format_version\": 0.4}\n");
    return BASE_OK;
}

/* ---- configurations ---- */

static void put_configs(const hpo_account *a, const hpo_tries *t, base_buf *out) {
    for (uint64_t k = 0; k < t->configs; k++) {
        base_buf_printf(out, "%s\n\"%llu\": ", k > 0 ? "," : "{", (unsigned long long)k);
        hpo_space_print_json(a->run.space, hpo_view_trial(a->view, t->first[k]).config, out);
    }
    base_buf_puts(out, t->configs > 0 ? "}\n" : "{}\n");
}

static void put_origins(const hpo_account *a, const hpo_tries *t, base_buf *out) {
    for (uint64_t k = 0; k < t->configs; k++) {
        const char *origin = hpo_view_trial(a->view, t->first[k]).origin;
        base_buf_printf(out, "%s\n\"%llu\": ", k > 0 ? "," : "{", (unsigned long long)k);
        if (origin)
            base_buf_put_json(out, origin);
        else
            base_buf_puts(out, "null");
    }
    base_buf_puts(out, t->configs > 0 ? "}\n" : "{}\n");
}

/* ---- the history ---- */

/* A line of history, before it is written. */
typedef struct row {
    double budget, begin, end;
    const double *values; /* NULL: none */
    int status;
    const hpo_eval *failed; /* NULL: it worked */
} row;

typedef struct history {
    const hpo_account *account;
    const hpo_tries *tries;
    base_buf *out;
    double lower[HPO_MAX_GOALS], upper[HPO_MAX_GOALS]; /* of what was found */
    double *budgets;
    size_t n_budgets, capacity;
} history;

static int status_of(hpo_failure failure) {
    switch (failure) {
    case HPO_FAILURE_NONE: return SUCCESS;
    case HPO_FAILURE_TIMEOUT: return TIMEOUT;
    case HPO_FAILURE_OOM: return MEMORYOUT;
    case HPO_FAILURE_CRASH: return CRASHED;
    case HPO_FAILURE_LOST:
    case HPO_FAILURE_STORAGE:
    case HPO_FAILURE_INTERRUPTED: return ABORTED;
    default: return FAILED;
    }
}

/* Ascending, each once. There are as many as rungs, or steps at which trials were stopped. */
static void note_budget(history *h, double budget) {
    size_t at = h->n_budgets;
    while (at > 0 && h->budgets[at - 1] > budget) at--;
    if (at > 0 && h->budgets[at - 1] == budget) return;
    BASE_GROW(h->budgets, h->capacity, h->n_budgets + 1);
    memmove(&h->budgets[at + 1], &h->budgets[at], (h->n_budgets - at) * sizeof *h->budgets);
    h->budgets[at] = budget;
    h->n_budgets++;
}

static void put_costs(history *h, const double *values) {
    for (size_t g = 0; g < h->account->run.n_goals; g++) {
        base_buf_puts(h->out, g > 0 ? ", " : "[");
        base_buf_put_json_number(h->out, values ? values[g] : NAN);
        if (!values || !isfinite(values[g])) continue;
        h->lower[g] = fmin(h->lower[g], values[g]);
        h->upper[g] = fmax(h->upper[g], values[g]);
    }
    base_buf_putc(h->out, ']');
}

static void put_row(history *h, uint64_t id, const row *r) {
    base_buf *out = h->out;
    base_buf_printf(out, "[%llu, ", (unsigned long long)h->tries->config[id]);
    base_buf_put_double(out, r->budget);
    base_buf_printf(out, ", %llu, ", (unsigned long long)h->tries->number[id]);
    put_costs(h, r->values);
    base_buf_puts(out, ", ");
    base_buf_put_json_number(out, r->begin);
    base_buf_puts(out, ", ");
    base_buf_put_json_number(out, r->end);
    base_buf_printf(out, ", %d, {\"trial\": %llu", r->status, (unsigned long long)id);
    if (r->failed) {
        base_buf_puts(out, ", \"failure\": ");
        base_buf_put_json(out, hpo_failure_text(r->failed->failure));
    }
    if (r->failed && r->failed->reason && !h->account->is_anonymous) {
        base_buf_puts(out, ", \"traceback\": ");
        base_buf_put_json(out, r->failed->reason);
    }
    base_buf_puts(out, "}]\n");
    note_budget(h, r->budget);
}

static double elapsed_at(const hpo_account *a, uint64_t event) {
    return event < a->n_events ? a->elapsed_at[event] : a->seconds;
}

/* span: the last of this trial; NULL: none. */
static void put_trial(history *h, uint64_t id, const hpo_span *span) {
    const hpo_account *a = h->account;
    const hpo_trial trial = hpo_view_trial(a->view, id);
    const size_t k = a->run.n_goals;
    uint64_t told = 0;
    for (size_t i = 0; i < trial.n_evals; i++) {
        const hpo_eval *eval = &trial.evals[i];
        const bool failed = eval->failure != HPO_FAILURE_NONE;
        const double end = elapsed_at(a, eval->event);
        told = eval->event;
        if (i + 1 < trial.n_evals && trial.evals[i + 1].fidelity == eval->fidelity) continue; /* it was done again */
        put_row(h, id,
                &(row){.budget = eval->fidelity,
                       .begin = fmax(0, end - eval->seconds),
                       .end = end,
                       .values = failed ? NULL : hpo_eval_values(eval, k),
                       .status = status_of(eval->failure),
                       .failed = failed ? eval : NULL});
    }
    const hpo_report *last = trial.n_reports > 0 ? &trial.reports[trial.n_reports - 1] : NULL;
    if (trial.state != HPO_TRIAL_STOPPED || !last || last->event < told) return;
    const double end = elapsed_at(a, last->event);
    put_row(h, id,
            &(row){.budget = last->step,
                   .begin = span && span->begin < end ? span->begin : end,
                   .end = end,
                   .values = hpo_report_values(last, k),
                   .status = PRUNED});
}

static void put_history(history *h) {
    const hpo_account *a = h->account;
    const uint64_t n = hpo_view_trials(a->view);
    const hpo_span **span = base_calloc(n + 1, sizeof *span);
    for (size_t i = 0; i < a->n_spans; i++)
        if (a->spans[i].trial < n) span[a->spans[i].trial] = &a->spans[i];
    for (size_t g = 0; g < HPO_MAX_GOALS; g++) {
        h->lower[g] = INFINITY;
        h->upper[g] = -INFINITY;
    }
    for (uint64_t id = 0; id < n; id++) put_trial(h, id, span[id]);
    free(span);
}

/* What its overview shows, of which it needs objectives, budgets and seeds. Bounds of nothing are null. */
static void put_meta(const history *h, base_buf *out) {
    const hpo_account *a = h->account;
    base_buf_puts(out, "{\"objectives\": [");
    for (size_t g = 0; g < a->run.n_goals; g++) {
        base_buf_puts(out, g > 0 ? ",\n{\"name\": " : "\n{\"name\": ");
        base_buf_put_json(out, a->run.goals[g].name);
        base_buf_puts(out, ", \"lower\": ");
        base_buf_put_json_number(out, h->lower[g]);
        base_buf_puts(out, ", \"upper\": ");
        base_buf_put_json_number(out, h->upper[g]);
        base_buf_printf(out, ", \"lock_lower\": false, \"lock_upper\": false, \"optimize\": \"%s\"}",
                        a->run.goals[g].maximize ? "upper" : "lower");
    }
    base_buf_puts(out, "],\n\"budgets\": [");
    for (size_t i = 0; i < h->n_budgets; i++) {
        if (i > 0) base_buf_puts(out, ", ");
        base_buf_put_double(out, h->budgets[i]);
    }
    base_buf_puts(out, "],\n\"seeds\": [");
    for (uint64_t s = 0; s < h->tries->most; s++)
        base_buf_printf(out, "%s%llu", s > 0 ? ", " : "", (unsigned long long)s);
    base_buf_puts(out, "],\n\"study\": ");
    base_buf_put_json(out, a->run.head.study);
    base_buf_puts(out, ", \"program\": ");
    base_buf_put_json(out, a->run.head.program);
    base_buf_puts(out, ", \"sampler\": ");
    base_buf_put_json(out, a->run.sampler);
    base_buf_puts(out, ", \"scheduler\": ");
    base_buf_put_json(out, a->run.scheduler);
    base_buf_puts(out, "}\n");
}

base_status hpo_report_deepcave(const hpo_account *a, hpo_file_taker *take, void *self, base_err *err) {
    base_arena *arena = base_arena_create();
    base_buf space = {0}, lines = {0}, text = {0};
    const hpo_tries t = hpo_account_tries(a, arena);
    history h = {.account = a, .tries = &t, .out = &lines};
    const base_status status = put_space(a, &space, err);
    if (status == BASE_OK) {
        put_history(&h);
        take(self, "configspace.json", &space);
        put_configs(a, &t, &text);
        take(self, "configs.json", &text);
        base_buf_clear(&text);
        put_origins(a, &t, &text);
        take(self, "origins.json", &text);
        base_buf_clear(&text);
        put_meta(&h, &text);
        take(self, "meta.json", &text);
        take(self, "history.jsonl", &lines); /* the last one, as DeepCAVE watches it */
    }
    free(h.budgets);
    base_buf_fini(&space);
    base_buf_fini(&lines);
    base_buf_fini(&text);
    base_arena_destroy(arena);
    return status;
}

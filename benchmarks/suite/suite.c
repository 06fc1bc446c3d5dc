/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a suite. What a study file would say itself (objective, fidelity, parameters, metric, method) is kept as it
 * was written and judged by the study's own reader. */
#include "benchmarks/suite/suite.h"

#include <stdio.h>
#include <string.h>

typedef struct page {
    const char *suite, *title;
    const base_yaml_node *problems, *methods, *workers, *budget, *at;
    int64_t seeds;
    int charge, pin;
    bool times;
} page;

#define NODE(field, text_, shape_)                                                                                     \
    {                                                                                                                  \
        .name = #field, .kind = BASE_OPTION_NODE, .offset = offsetof(page, field), .fallback = (text_),                \
        .shape = (shape_)

static const char *const charges[] = {"cost", "scratch", "difference", NULL}; /* as bench_charge */
static const char *const pins[] = {"none", "portable", NULL};

static const base_option page_options[] = {{.name = "suite",
                                            .kind = BASE_OPTION_STRING,
                                            .offset = offsetof(page, suite),
                                            .fallback = BASE_REQUIRED,
                                            .help = "its name"},
                                           {.name = "title",
                                            .kind = BASE_OPTION_STRING,
                                            .offset = offsetof(page, title),
                                            .fallback = "",
                                            .help = "a headline"},
                                           NODE(problems, BASE_REQUIRED, "list"),
                                           .help = "what is searched"},
                         NODE(methods, BASE_REQUIRED, "list"), .help = "what searches"
}
,
    {.name = "seeds",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(page, seeds),
     .fallback = "10",
     .min = 1,
     .max = 1e6,
     .help = "runs of every method on every problem, with the seeds 1, 2, ..."},
    NODE(workers, "", "number or list of numbers"), .help = "virtual workers; default 1"
}
, NODE(budget, "", "map"), .help = "{full: 30}: full evaluations; or trials, or cost; a problem may have its own"
}
, NODE(at, "", "list of numbers"), .help = "full evaluations at which results are told"
}
,
    {.name = "charge",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(page, charge),
     .fallback = "cost",
     .choices = charges,
     .help = "what an evaluation counts on the axis of costs: what it cost, its fidelity, or what was added to that"},
    {.name = "pin",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(page, pin),
     .fallback = "none",
     .choices = pins,
     .help = "portable: kernels that give the same bits on every processor"},
    {.name = "times",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(page, times),
     .fallback = "false",
     .help = "how long suggestions took, in a table of its own"},
    BASE_OPTIONS_END,
}
;

/* ---- problems ---- */

typedef struct problem_entry {
    const char *name;
    const base_yaml_node *problem, *objective, *fidelity, *parameters, *metric, *budget, *methods;
} problem_entry;

#define PART(field, shape_)                                                                                            \
    {                                                                                                                  \
        .name = #field, .kind = BASE_OPTION_NODE, .offset = offsetof(problem_entry, field), .fallback = "",            \
        .shape = (shape_)

static const base_option problem_options[] = {{.name = "name",
                                               .kind = BASE_OPTION_STRING,
                                               .offset = offsetof(problem_entry, name),
                                               .fallback = "",
                                               .help = "in tables and figures"},
                                              PART(problem, "name or map"),
                                              .help = "settings of the objective function"},
                         PART(objective, "map"), .help = "or an objective as in a study"
}
, PART(fidelity, "map"), .help = "as in a study"
}
, PART(parameters, "map"), .help = "as in a study; default: the problem's own"
}
, PART(metric, "name or map"), .help = "as in a study"
}
, PART(budget, "map"), .help = "instead of the suite's"
}
, PART(methods, "list of labels"), .help = "that search it; default: all"
}
, BASE_OPTIONS_END,
}
;

static const base_option budget_options[] = {
    {.name = "full",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(bench_budget, full),
     .fallback = "0",
     .max = 1e12,
     .help = "full evaluations"},
    {.name = "trials",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_budget, trials),
     .fallback = "0",
     .max = 1e12,
     .help = "configurations"},
    {.name = "cost",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(bench_budget, cost),
     .fallback = "0",
     .max = 1e15,
     .help = "units of the fidelity"},
    BASE_OPTIONS_END,
};

static base_status read_budget(bench_suite *s, const base_yaml_node *node, bench_budget *out, base_err *err) {
    BASE_TRY(base_options_read(budget_options, node, out, s->arena, err));
    if ((out->full > 0) + (out->trials > 0) + (out->cost > 0) == 1) return BASE_OK;
    return base_yaml_fail(node, err, "a budget is one of full, trials and cost, e.g. {full: 30}");
}

/* `branin` and `{problem: branin}` are `{objective: {function: {problem: branin}}}`. */
static base_yaml_node *function_of(bench_suite *s, const base_yaml_node *problem) {
    base_yaml_node *objective = base_yaml_new_map(s->arena, problem), *settings;
    if (problem->kind == BASE_YAML_MAP) {
        settings = base_yaml_copy(s->arena, problem);
    } else {
        settings = base_yaml_new_map(s->arena, problem);
        base_yaml_put(s->arena, settings, "problem", base_yaml_copy(s->arena, problem));
    }
    base_yaml_put(s->arena, objective, "function", settings);
    return objective;
}

/* That of a problem without a name: branin, lcbench Fashion-MNIST. */
static const char *name_of(bench_suite *s, const base_yaml_node *problem) {
    if (problem->kind != BASE_YAML_MAP) return problem->text;
    const char *text = "";
    for (size_t i = 0; i < problem->count; i++)
        if (base_yaml_is_scalar(problem->items[i]))
            text = base_arena_printf(s->arena, "%s%s%s", text, i == 0 ? "" : " ", problem->items[i]->text);
    return text;
}

static base_status read_problem(bench_suite *s, const base_yaml_node *node, bench_suite_problem *out, base_err *err) {
    problem_entry e = {0};
    if (base_yaml_is_scalar(node) && node->kind != BASE_YAML_NULL) {
        *out = (bench_suite_problem){.name = node->text, .objective = function_of(s, node), .budget = out->budget};
        return BASE_OK;
    }
    BASE_TRY(base_options_read(problem_options, node, &e, s->arena, err));
    if (!e.problem == !e.objective)
        return base_yaml_fail(node, err, "a problem has one of problem (of the objective function) and objective");
    if (e.objective && !e.name)
        return base_yaml_fail(node, err, "a problem with an objective needs a name for the tables");
    if (e.budget) BASE_TRY(read_budget(s, e.budget, &out->budget, err));
    out->name = e.name ? e.name : name_of(s, e.problem);
    out->objective = e.objective ? e.objective : function_of(s, e.problem);
    out->fidelity = e.fidelity;
    out->parameters = e.parameters;
    out->metric = e.metric;
    return BASE_OK;
}

/* ---- methods ---- */

static base_status read_method(bench_suite *s, const base_yaml_node *node, bench_suite_method *out, base_err *err) {
    if (base_yaml_is_scalar(node) && node->kind != BASE_YAML_NULL) {
        *out = (bench_suite_method){.label = node->text, .method = node};
        return BASE_OK;
    }
    if (node->kind != BASE_YAML_MAP)
        return base_yaml_fail(node, err, "a method is a name, or a map as in a study, but this is %s",
                              base_yaml_kind_text(node->kind));
    const base_yaml_node *label = base_yaml_get(node, "label");
    base_yaml_node *method = base_yaml_new_map(s->arena, node);
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i] != label) base_yaml_put(s->arena, method, node->keys[i]->text, node->items[i]);
    if (label && !base_yaml_is_scalar(label)) return base_yaml_fail(label, err, "a label is a text");
    if (!label) { /* the map without its braces */
        base_buf text = {0};
        base_yaml_print_flow(method, &text);
        out->label = base_arena_printf(s->arena, "%.*s", (int)text.length - 2, base_buf_text(&text) + 1);
        base_buf_fini(&text);
    } else {
        out->label = label->text;
    }
    out->method = method;
    return BASE_OK;
}

static base_status find_method(const bench_suite *s, const base_yaml_node *label, size_t *index, base_err *err) {
    for (*index = 0; *index < s->n_methods; (*index)++)
        if (base_yaml_is_scalar(label) && strcmp(s->methods[*index].label, label->text) == 0) return BASE_OK;
    return base_yaml_fail(label, err, "no method of the suite has the label '%s'",
                          base_yaml_is_scalar(label) ? label->text : base_yaml_kind_text(label->kind));
}

static base_status read_runs(bench_suite *s, const base_yaml_node *node, bench_suite_problem *problem, base_err *err) {
    const base_yaml_node *only = base_yaml_get(node, "methods");
    problem->runs = BASE_NEW_ARRAY(s->arena, s->n_methods, bool);
    for (size_t m = 0; m < s->n_methods; m++) problem->runs[m] = only == NULL;
    if (!only) return BASE_OK;
    if (only->kind != BASE_YAML_LIST) return base_yaml_fail(only, err, "methods is a list of labels");
    for (size_t i = 0, m; i < only->count; i++) {
        BASE_TRY(find_method(s, only->items[i], &m, err));
        problem->runs[m] = true;
    }
    return BASE_OK;
}

/* ---- the page ---- */

static base_status check_list(const base_yaml_node *list, const char *what, base_err *err) {
    if (list->kind == BASE_YAML_LIST && list->count > 0) return BASE_OK;
    return base_yaml_fail(list, err, "%s is a list of at least one, but this is %s", what,
                          list->kind == BASE_YAML_LIST ? "empty" : base_yaml_kind_text(list->kind));
}

static base_status read_methods(bench_suite *s, const base_yaml_node *list, base_err *err) {
    BASE_TRY(check_list(list, "methods", err));
    s->n_methods = list->count;
    s->methods = BASE_NEW_ARRAY(s->arena, list->count, bench_suite_method);
    for (size_t i = 0; i < list->count; i++) {
        BASE_TRY(read_method(s, list->items[i], &s->methods[i], err));
        for (size_t k = 0; k < i; k++)
            if (strcmp(s->methods[k].label, s->methods[i].label) == 0)
                return base_yaml_fail(list->items[i], err, "two methods are called '%s': give one a label",
                                      s->methods[i].label);
    }
    return BASE_OK;
}

static base_status read_problems(bench_suite *s, const page *p, base_err *err) {
    bench_budget budget = {0};
    BASE_TRY(check_list(p->problems, "problems", err));
    if (p->budget) BASE_TRY(read_budget(s, p->budget, &budget, err));
    s->n_problems = p->problems->count;
    s->problems = BASE_NEW_ARRAY(s->arena, s->n_problems, bench_suite_problem);
    for (size_t i = 0; i < s->n_problems; i++) {
        const base_yaml_node *node = p->problems->items[i];
        bench_suite_problem *problem = &s->problems[i];
        problem->budget = budget;
        BASE_TRY(read_problem(s, node, problem, err));
        BASE_TRY(read_runs(s, node, problem, err));
        const bench_budget *b = &problem->budget;
        if (!(b->full > 0) && !(b->cost > 0) && b->trials == 0)
            return base_yaml_fail(node, err,
                                  "the problem %s has no budget: give it one, or the suite, e.g. budget: "
                                  "{full: 30}",
                                  problem->name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(s->problems[k].name, problem->name) == 0)
                return base_yaml_fail(node, err, "two problems are called '%s': give one a name", problem->name);
    }
    return BASE_OK;
}

static base_status read_workers(bench_suite *s, const base_yaml_node *node, base_err *err) {
    const bool list = node && node->kind == BASE_YAML_LIST;
    s->n_workers = list ? node->count : 1;
    s->workers = BASE_NEW_ARRAY(s->arena, s->n_workers + 1, int64_t);
    s->workers[0] = 1;
    if (list) BASE_TRY(check_list(node, "workers", err));
    for (size_t i = 0; node && i < s->n_workers; i++) {
        const base_yaml_node *item = list ? node->items[i] : node;
        if (item->kind != BASE_YAML_INT || item->integer < 1 || item->integer > 10000000)
            return base_yaml_fail(item, err, "a number of workers is an integer of at least 1");
        s->workers[i] = item->integer;
    }
    return BASE_OK;
}

/* Rising. Without the key: a tenth, a third and all of the suite's largest budget of full evaluations or trials. */
static base_status read_at(bench_suite *s, const base_yaml_node *node, base_err *err) {
    double most = 0;
    for (size_t i = 0; i < s->n_problems; i++) {
        const bench_budget *b = &s->problems[i].budget;
        const double full = b->full > 0 ? b->full : (double)b->trials;
        if (full > most) most = full;
    }
    if (node) BASE_TRY(check_list(node, "at", err));
    s->n_at = node ? node->count : most > 0 ? 3 : 0;
    s->at = BASE_NEW_ARRAY(s->arena, s->n_at + 1, double);
    if (!node && most > 0) s->at[0] = most / 10, s->at[1] = most / 3, s->at[2] = most;
    for (size_t i = 0; node && i < s->n_at; i++) {
        const base_yaml_node *item = node->items[i];
        const bool number = item->kind == BASE_YAML_INT || item->kind == BASE_YAML_FLOAT;
        if (!number || !(item->number > (i == 0 ? 0 : s->at[i - 1])))
            return base_yaml_fail(item, err, "at is a list of rising numbers, of full evaluations");
        s->at[i] = item->number;
    }
    return BASE_OK;
}

static base_status read_page(bench_suite *s, const base_yaml_node *root, base_err *err) {
    page p = {0};
    BASE_TRY(base_options_read(page_options, root, &p, s->arena, err));
    s->page = root;
    s->name = p.suite;
    s->title = p.title;
    s->seeds = p.seeds;
    s->charge = p.charge;
    s->times = p.times;
    s->portable = p.pin == 1;
    BASE_TRY(read_methods(s, p.methods, err));
    BASE_TRY(read_problems(s, &p, err));
    BASE_TRY(read_workers(s, p.workers, err));
    return read_at(s, p.at, err);
}

/* In its own arena. */
static bench_suite *begin(const char *file) {
    base_arena *arena = base_arena_create();
    bench_suite *s = BASE_NEW(arena, bench_suite);
    *s = (bench_suite){.file = base_arena_strdup(arena, file), .arena = arena};
    return s;
}

static base_status finish(bench_suite *s, base_status status, bench_suite **out) {
    *out = status == BASE_OK ? s : NULL;
    if (status != BASE_OK) bench_suite_destroy(s);
    return status;
}

static base_status read_text(bench_suite *s, const char *text, size_t length, const char *const *sets, size_t n_sets,
                             base_err *err) {
    base_yaml_node *root;
    BASE_TRY(base_yaml_parse(s->arena, s->file, text, length, &root, err));
    for (size_t i = 0; i < n_sets; i++) BASE_TRY(base_yaml_set(s->arena, root, sets[i], err));
    return read_page(s, root, err);
}

base_status bench_suite_read(const char *file, const char *text, size_t length, const char *const *sets, size_t n_sets,
                             bench_suite **out, base_err *err) {
    bench_suite *s = begin(file);
    return finish(s, read_text(s, text, length, sets, n_sets, err), out);
}

base_status bench_suite_read_node(const base_yaml_node *root, bench_suite **out, base_err *err) {
    bench_suite *s = begin(root->file ? root->file : "");
    return finish(s, read_page(s, root, err), out);
}

void bench_suite_destroy(bench_suite *suite) {
    if (suite) base_arena_destroy(suite->arena);
}

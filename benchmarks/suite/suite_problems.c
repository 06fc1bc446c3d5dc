/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The problems of a suite. An entry of the list is one of them, or with `each` as many as its lists have combinations:
 * {problem: lcbench, each: {task: [adult, airlines]}} is "lcbench adult" and "lcbench airlines". */
#include "benchmarks/suite/suite_internal.h"

#include <string.h>

enum { MOST_PROBLEMS = 10000 };

typedef struct problem_entry {
    const char *name;
    const base_yaml_node *problem, *each, *objective, *fidelity, *parameters, *metric, *metrics, *constraints, *budget,
        *methods;
    size_t combinations; /* of the lists of each */
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
                         PART(each, "map of lists"),
                         .help = "settings with several values: a problem for each combination"
}
, PART(objective, "map"), .help = "or an objective as in a study"
}
, PART(fidelity, "map"), .help = "as in a study"
}
, PART(parameters, "map"), .help = "as in a study; default: the problem's own"
}
, PART(metric, "name or map"), .help = "as in a study"
}
, PART(metrics, "list"), .help = "as in a study, each with its reference: results are compared by hypervolume"
}
, PART(constraints, "list"), .help = "as in a study: only feasible results count"
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

/* ---- one entry ---- */

/* The settings of `branin` and of `{problem: branin}`, to be added to. */
static base_yaml_node *settings_of(bench_suite *s, const base_yaml_node *problem) {
    if (problem && problem->kind == BASE_YAML_MAP) return base_yaml_copy(s->arena, problem);
    base_yaml_node *settings = base_yaml_new_map(s->arena, problem);
    if (problem) base_yaml_put(s->arena, settings, "problem", base_yaml_copy(s->arena, problem));
    return settings;
}

static base_yaml_node *function_of(bench_suite *s, base_yaml_node *settings) {
    base_yaml_node *objective = base_yaml_new_map(s->arena, settings);
    base_yaml_put(s->arena, objective, "function", settings);
    return objective;
}

static const char *join_words(bench_suite *s, const char *a, const char *b) {
    return *a ? base_arena_printf(s->arena, "%s %s", a, b) : b;
}

/* That of a problem without a name: branin, lcbench Fashion-MNIST. */
static const char *name_of(bench_suite *s, const base_yaml_node *problem) {
    if (problem->kind != BASE_YAML_MAP) return problem->text;
    const char *text = "";
    for (size_t i = 0; i < problem->count; i++)
        if (base_yaml_is_scalar(problem->items[i])) text = join_words(s, text, problem->items[i]->text);
    return text;
}

/* What the names of its combinations begin with: its name, else that of the problem, unless `each` chooses it. */
static const char *name_before_each(const problem_entry *e) {
    if (e->name) return e->name;
    const base_yaml_node *problem =
        e->problem && e->problem->kind == BASE_YAML_MAP ? base_yaml_get(e->problem, "problem") : e->problem;
    return problem && base_yaml_is_scalar(problem) ? problem->text : "";
}

static base_status check_each(problem_entry *e, base_err *err) {
    if (!e->each) return BASE_OK;
    if (e->objective) return base_yaml_fail(e->each, err, "each is for settings of a problem, not of an objective");
    if (e->each->kind != BASE_YAML_MAP || e->each->count == 0)
        return base_yaml_fail(e->each, err, "each is a map of settings to lists, e.g. {instance: [1, 2, 3]}");
    for (size_t i = 0; i < e->each->count; i++) {
        const char *key = e->each->keys[i]->text;
        BASE_TRY(bench_suite_check_list(e->each->items[i], key, err));
        for (size_t k = 0; k < e->each->items[i]->count; k++)
            if (!base_yaml_is_scalar(e->each->items[i]->items[k]))
                return base_yaml_fail(e->each->items[i]->items[k], err, "a value in each is a name or a number");
        if (base_yaml_get(e->problem, key) ||
            (e->problem && base_yaml_is_scalar(e->problem) && strcmp(key, "problem") == 0))
            return base_yaml_fail(e->each->keys[i], err, "%s is in problem and in each", key);
        e->combinations *= e->each->items[i]->count;
        if (e->combinations > MOST_PROBLEMS)
            return base_yaml_fail(e->each, err, "each has more than %d combinations", MOST_PROBLEMS);
    }
    return BASE_OK;
}

/* Combination number `which` of an entry; its last list changes fastest. */
static void choose(bench_suite *s, const problem_entry *e, size_t which, bench_suite_problem *out) {
    base_yaml_node *settings = settings_of(s, e->problem);
    const char *name = name_before_each(e);
    size_t left = which, below = 1;
    for (size_t i = 0; i < e->each->count; i++) below *= e->each->items[i]->count;
    for (size_t i = 0; i < e->each->count; i++) {
        below /= e->each->items[i]->count;
        const base_yaml_node *value = e->each->items[i]->items[left / below];
        left %= below;
        base_yaml_put(s->arena, settings, e->each->keys[i]->text, base_yaml_copy(s->arena, value));
        name = join_words(s, name, value->text);
    }
    out->name = name;
    out->objective = function_of(s, settings);
}

/* ---- which methods search it ---- */

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

/* ---- the list ---- */

static base_status read_entry(bench_suite *s, const base_yaml_node *node, problem_entry *e, base_err *err) {
    if (base_yaml_is_scalar(node) && node->kind != BASE_YAML_NULL) {
        *e = (problem_entry){.problem = node, .combinations = 1};
        return BASE_OK;
    }
    BASE_TRY(base_options_read(problem_options, node, e, s->arena, err));
    e->combinations = 1;
    const bool chosen = base_yaml_get(e->each, "problem") != NULL;
    if ((e->problem || chosen) == (e->objective != NULL))
        return base_yaml_fail(node, err, "a problem has one of problem (of the objective function) and objective");
    if (e->objective && !e->name)
        return base_yaml_fail(node, err, "a problem with an objective needs a name for the tables");
    return check_each(e, err);
}

static base_status check_problem(const bench_suite *s, const base_yaml_node *node, size_t index, base_err *err) {
    const bench_suite_problem *problem = &s->problems[index];
    const bench_budget *b = &problem->budget;
    if (!(b->full > 0) && !(b->cost > 0) && b->trials == 0)
        return base_yaml_fail(node, err,
                              "the problem %s has no budget: give it one, or the suite, e.g. budget: {full: 30}",
                              problem->name);
    for (size_t k = 0; k < index; k++)
        if (strcmp(s->problems[k].name, problem->name) == 0)
            return base_yaml_fail(node, err, "two problems are called '%s': give one a name", problem->name);
    return BASE_OK;
}

static base_status add_entry(bench_suite *s, const base_yaml_node *node, const problem_entry *e, bench_budget budget,
                             base_err *err) {
    bench_suite_problem common = {.fidelity = e->fidelity,
                                  .parameters = e->parameters,
                                  .metric = e->metric,
                                  .metrics = e->metrics,
                                  .constraints = e->constraints,
                                  .budget = budget};
    if (e->budget) BASE_TRY(read_budget(s, e->budget, &common.budget, err));
    BASE_TRY(read_runs(s, node, &common, err));
    for (size_t i = 0; i < e->combinations; i++) {
        bench_suite_problem *out = &s->problems[s->n_problems];
        *out = common;
        if (e->each) {
            choose(s, e, i, out);
        } else {
            out->name = e->name ? e->name : name_of(s, e->problem);
            out->objective = e->objective ? e->objective : function_of(s, settings_of(s, e->problem));
        }
        BASE_TRY(check_problem(s, node, s->n_problems++, err));
    }
    return BASE_OK;
}

base_status bench_suite_read_problems(bench_suite *s, const base_yaml_node *list, const base_yaml_node *budget,
                                      base_err *err) {
    bench_budget common = {0};
    size_t count = 0;
    BASE_TRY(bench_suite_check_list(list, "problems", err));
    if (budget) BASE_TRY(read_budget(s, budget, &common, err));
    problem_entry *entries = BASE_NEW_ARRAY(s->arena, list->count, problem_entry);
    for (size_t i = 0; i < list->count; i++) {
        BASE_TRY(read_entry(s, list->items[i], &entries[i], err));
        count += entries[i].combinations;
    }
    s->problems = BASE_NEW_ARRAY(s->arena, count, bench_suite_problem);
    for (size_t i = 0; i < list->count; i++) BASE_TRY(add_entry(s, list->items[i], &entries[i], common, err));
    return BASE_OK;
}

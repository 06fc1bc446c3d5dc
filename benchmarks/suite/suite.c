/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a suite: the page and its methods. What a study file would say itself (objective, fidelity, parameters,
 * metric, method) is kept as it was written and judged by the study's own reader. */
#include "benchmarks/suite/suite_internal.h"

#include <stdio.h>
#include <string.h>

typedef struct page {
    const char *suite, *title;
    const base_yaml_node *problems, *methods, *workers, *budget, *at;
    int64_t seeds, first_seed;
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
     .help = "runs of every method on every problem, each with another seed"},
    {.name = "first_seed",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(page, first_seed),
     .fallback = "1",
     .min = 1,
     .max = 1e9,
     .help = "the seeds are this one and those after it"},
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

/* ---- methods ---- */

static base_status read_method(bench_suite *s, const base_yaml_node *node, bench_suite_method *out, base_err *err) {
    if (base_yaml_is_scalar(node) && node->kind != BASE_YAML_NULL) {
        *out = (bench_suite_method){.label = node->text, .method = node};
        return BASE_OK;
    }
    if (node->kind != BASE_YAML_MAP)
        return base_yaml_fail(node, err, "a method is a name, or a map as in a study, but this is %s",
                              base_yaml_kind_text(node->kind));
    const base_yaml_node *label = base_yaml_get(node, "label"), *repeats = base_yaml_get(node, "repeats"),
                         *replicates = base_yaml_get(node, "replicates"), *incumbent = base_yaml_get(node, "incumbent");
    base_yaml_node *method = base_yaml_new_map(s->arena, node);
    for (size_t i = 0; i < node->count; i++) {
        const base_yaml_node *item = node->items[i];
        if (item != label && item != repeats && item != replicates && item != incumbent)
            base_yaml_put(s->arena, method, node->keys[i]->text, node->items[i]);
    }
    *out = (bench_suite_method){.method = method, .replicates = replicates};
    if (repeats && repeats->kind != BASE_YAML_BOOL) return base_yaml_fail(repeats, err, "repeats is true or false");
    out->repeats = repeats && repeats->boolean;
    const char *recommends = !incumbent ? "value" : base_yaml_is_scalar(incumbent) ? incumbent->text : "";
    out->by_posterior = strcmp(recommends, "posterior") == 0;
    if (!out->by_posterior && strcmp(recommends, "value") != 0)
        return base_yaml_fail(incumbent, err, "incumbent is value or posterior");
    if (label && !base_yaml_is_scalar(label)) return base_yaml_fail(label, err, "a label is a text");
    if (!label) { /* the map without its braces */
        base_buf text = {0};
        base_yaml_print_flow(method, &text);
        out->label = base_arena_printf(s->arena, "%.*s", (int)text.length - 2, base_buf_text(&text) + 1);
        base_buf_fini(&text);
    } else {
        out->label = label->text;
    }
    return BASE_OK;
}

/* ---- the page ---- */

base_status bench_suite_check_list(const base_yaml_node *list, const char *what, base_err *err) {
    if (list->kind == BASE_YAML_LIST && list->count > 0) return BASE_OK;
    return base_yaml_fail(list, err, "%s is a list of at least one, but this is %s", what,
                          list->kind == BASE_YAML_LIST ? "empty" : base_yaml_kind_text(list->kind));
}

static base_status read_methods(bench_suite *s, const base_yaml_node *list, base_err *err) {
    BASE_TRY(bench_suite_check_list(list, "methods", err));
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

static base_status read_workers(bench_suite *s, const base_yaml_node *node, base_err *err) {
    const bool list = node && node->kind == BASE_YAML_LIST;
    s->n_workers = list ? node->count : 1;
    s->workers = BASE_NEW_ARRAY(s->arena, s->n_workers + 1, int64_t);
    s->workers[0] = 1;
    if (list) BASE_TRY(bench_suite_check_list(node, "workers", err));
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
    if (node) BASE_TRY(bench_suite_check_list(node, "at", err));
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
    s->first_seed = p.first_seed;
    s->charge = p.charge;
    s->times = p.times;
    s->portable = p.pin == 1;
    BASE_TRY(read_methods(s, p.methods, err));
    BASE_TRY(bench_suite_read_problems(s, p.problems, p.budget, err));
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

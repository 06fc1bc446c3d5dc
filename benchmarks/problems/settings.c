/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a study file, or a program in another language, says of a problem: its name and its settings. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/problem.h"

static const char *const priors[] = {"none", "good", "at25", "bad", "medium", NULL}; /* as bench_prior */
static const base_option prior_word = {.name = "prior", .kind = BASE_OPTION_CHOICE, .choices = priors};

const base_option bench_options[] = {
    {.name = "problem",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(bench_request, problem),
     .fallback = "",
     .help = "a name of --list, e.g. branin; not needed with journal"},
    {.name = "n_categorical",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_request, settings.n_categorical),
     .fallback = "8",
     .min = 0,
     .max = 1024,
     .help = "counting-ones: parameters cat_0, cat_1, ... with the values 0 and 1"},
    {.name = "n_continuous",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_request, settings.n_continuous),
     .fallback = "8",
     .min = 0,
     .max = 1024,
     .help = "counting-ones: parameters float_0, float_1, ... in [0, 1]"},
    {.name = "dimensions",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_request, settings.dimensions),
     .fallback = "2",
     .min = 2,
     .max = 1024,
     .help = "rosenbrock, ackley, levy, rastrigin, griewank, michalewicz, bbob, zdt, dtlz2: parameters x1, x2, ..."},
    {.name = "integers",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_request, settings.integers),
     .fallback = "0",
     .min = 0,
     .max = 1024,
     .help =
         "problems with dimensions: this many of the first parameters are integers, each a place on a grid that has "
         "the optimum"},
    {.name = "choices",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_request, settings.choices),
     .fallback = "0",
     .min = 0,
     .max = 1024,
     .help = "of the next parameters: choices without order, on such a grid"},
    {.name = "logs",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_request, settings.logs),
     .fallback = "0",
     .min = 0,
     .max = 1024,
     .help = "of the next parameters: numbers from 0.001 to 1000 on the logarithm's scale"},
    {.name = "levels",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_request, settings.levels),
     .fallback = "8",
     .min = 2,
     .max = 1024,
     .help = "of these integers and choices"},
    {.name = "instance",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(bench_request, settings.instance),
     .fallback = "1",
     .min = 1,
     .max = 1000,
     .help = "bbob: the optimum's place and value, rotations and peaks, as COCO numbers them"},
    {.name = "prior",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(bench_request, prior),
     .fallback = "none",
     .shape = "one of none, good, at25, bad, medium, or map of metrics to them",
     .help =
         "what its own parameters believe in: the optimum (or a place beside it; of lcbench the best of 1,000 random "
         "points), the best of 25 random points, a very bad point, a place at some distance from the optimum; for "
         "several metrics also of each: {val_accuracy: good, time: bad}"},
    {.name = "noise",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(bench_request, settings.noise),
     .fallback = "0",
     .min = 0,
     .max = INFINITY,
     .help =
         "formulas without noise of their own: the standard deviation of normal noise, as a fraction of the values' "
         "standard deviation over random points; the metric exact is without it"},
    {.name = "average",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(bench_request, settings.average),
     .fallback = "false",
     .help = "tables: the mean of the repeated trainings instead of one, which the trial's seed chooses"},
    {.name = "task",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(bench_request, task),
     .fallback = "",
     .help = "lcbench: a data set or its OpenML task, e.g. Fashion-MNIST or 189908"},
    {.name = "file",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(bench_request, table.file),
     .fallback = "",
     .help = "table: comma-separated values, a line of names first; relative to the file that says so"},
    {.name = "minimize",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(bench_request, table.minimize),
     .fallback = "",
     .shape = "column or list of columns",
     .help = "table: metrics of which less is better"},
    {.name = "maximize",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(bench_request, table.maximize),
     .fallback = "",
     .shape = "column or list of columns",
     .help = "table: metrics of which more is better"},
    {.name = "fidelity",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(bench_request, table.fidelity),
     .fallback = "",
     .shape = "column",
     .help = "table: how long was trained, e.g. epochs: a row for each"},
    {.name = "ignore",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(bench_request, table.ignore),
     .fallback = "",
     .shape = "column or list of columns",
     .help = "table: columns that mean nothing here, e.g. a seed; all others are parameters"},
    {.name = "log",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(bench_request, table.log),
     .fallback = "",
     .shape = "column or list of columns",
     .help = "table: parameters with many values that are searched on the logarithm's scale"},
    {.name = "continues",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(bench_request, table.continues),
     .fallback = "true",
     .help = "table: rows of a configuration are points of one training, and a promoted trial is charged the "
             "difference; false: every row is a training of its own, charged in full"},
    {.name = "journal",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(bench_request, journal),
     .fallback = "",
     .help =
         "journal: the folder of a run of hpo_search whose results a forest is fitted to; relative to the file that "
         "says so"},
    BASE_OPTIONS_END,
};

/* One of those that are made of a user's file. */
static const bench_problem *find_own(const char *name) {
    if (strcmp(name, bench_problem_table.name) == 0) return &bench_problem_table;
    return strcmp(name, bench_problem_journal.name) == 0 ? &bench_problem_journal : NULL;
}

static base_status find_problem(const base_yaml_node *settings, const bench_request *request,
                                const bench_problem **problem, base_err *err) {
    const char *name = request->problem ? request->problem : request->journal ? bench_problem_journal.name : NULL;
    if (!name)
        return base_yaml_fail(settings, err,
                              "the key 'problem' is missing: a name of --list, e.g. problem: branin; or journal: a run "
                              "of your own");
    *problem = find_own(name);
    if (!*problem) *problem = bench_problem_find(name);
    if (*problem) return BASE_OK;
    const base_yaml_node *where = base_yaml_get(settings, "problem");
    const char *near = bench_problem_nearest(name);
    return near ? base_yaml_fail(where, err, "there is no problem '%s'; did you mean '%s'?", name, near)
                : base_yaml_fail(where, err, "there is no problem '%s'; hpo_search --list shows them all", name);
}

unsigned bench_takes(const bench_problem *problem) {
    const unsigned mixed = problem->takes & BENCH_TAKES_DIMENSIONS && problem->optimum ? BENCH_TAKES_MIXED : 0;
    return problem->takes | (problem->metric[1] ? 0 : BENCH_TAKES_NOISE) | (problem->optimum ? BENCH_TAKES_PRIOR : 0) |
           mixed;
}

bool bench_believes(const bench_settings *settings) {
    bool any = settings->prior != BENCH_PRIOR_NONE;
    for (size_t m = 0; m < BENCH_MAX_METRICS; m++) any = any || settings->priors[m] != BENCH_PRIOR_NONE;
    return any;
}

/* A setting that the problem does not understand would be believed to have an effect. */
static base_status check_settings(const base_yaml_node *settings, const bench_problem *problem, base_err *err) {
    static const struct {
        const char *key;
        unsigned takes;
    } rules[] = {
        {"n_categorical", BENCH_TAKES_SIZE}, {"n_continuous", BENCH_TAKES_SIZE}, {"dimensions", BENCH_TAKES_DIMENSIONS},
        {"prior", BENCH_TAKES_PRIOR},        {"average", BENCH_TAKES_AVERAGE},   {"task", BENCH_TAKES_TASK},
        {"instance", BENCH_TAKES_INSTANCE},  {"noise", BENCH_TAKES_NOISE},       {"integers", BENCH_TAKES_MIXED},
        {"choices", BENCH_TAKES_MIXED},      {"logs", BENCH_TAKES_MIXED},        {"levels", BENCH_TAKES_MIXED},
        {"file", BENCH_TAKES_TABLE},         {"minimize", BENCH_TAKES_TABLE},    {"maximize", BENCH_TAKES_TABLE},
        {"fidelity", BENCH_TAKES_TABLE},     {"ignore", BENCH_TAKES_TABLE},      {"log", BENCH_TAKES_TABLE},
        {"continues", BENCH_TAKES_TABLE},    {"journal", BENCH_TAKES_JOURNAL}};
    enum { ANY_SIZE = BENCH_TAKES_SIZE | BENCH_TAKES_DIMENSIONS, OF_SIZE = ANY_SIZE | BENCH_TAKES_MIXED };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const base_yaml_node *key = base_yaml_key(settings, rules[i].key);
        if (!key || (bench_takes(problem) & rules[i].takes)) continue;
        if ((rules[i].takes & OF_SIZE) && !(problem->takes & ANY_SIZE))
            return base_yaml_fail(key, err, "the problem %s has one size: remove %s", problem->name, rules[i].key);
        return base_yaml_fail(key, err, "the problem %s knows no %s: remove it", problem->name, rules[i].key);
    }
    return BASE_OK;
}

static base_status check_size(const base_yaml_node *settings, const bench_settings *size, base_err *err) {
    const int64_t special = size->integers + size->choices + size->logs;
    if (special > size->dimensions) {
        return base_yaml_fail(base_yaml_get(settings, "problem"), err,
                              "integers, choices and logs are %lld parameters together, but dimensions is %lld",
                              (long long)special, (long long)size->dimensions);
    }
    if (size->n_categorical + size->n_continuous > 0) return BASE_OK;
    return base_yaml_fail(base_yaml_get(settings, "problem"), err,
                          "n_categorical and n_continuous must not both be 0: there would be nothing to search");
}

static base_status find_task(const base_yaml_node *settings, const bench_problem *problem, const base_yaml_node *task,
                             base_arena *arena, size_t *found, base_err *err) {
    if (!(problem->takes & BENCH_TAKES_TASK)) return BASE_OK;
    if (!task || task->kind == BASE_YAML_NULL) {
        return base_yaml_fail(base_yaml_get(settings, "problem"), err, "the problem %s needs a task, e.g. task: %s",
                              problem->name, problem->tasks[0].name);
    }
    if (!base_yaml_is_scalar(task)) return base_yaml_fail(task, err, "task must be a name or a number");
    *found = bench_task_find(problem, task->text);
    if (*found != SIZE_MAX) return BASE_OK;
    const char **names = BASE_NEW_ARRAY(arena, problem->n_tasks, const char *);
    const char *all = "";
    for (size_t i = 0; i < problem->n_tasks; i++) {
        names[i] = problem->tasks[i].name;
        all = base_arena_printf(arena, "%s%s%s", all, i == 0 ? "" : ", ", names[i]);
    }
    const char *near = base_nearest(task->text, names, problem->n_tasks);
    return near ? base_yaml_fail(task, err, "the problem %s has no task '%s'; did you mean '%s'?", problem->name,
                                 task->text, near)
                : base_yaml_fail(task, err, "the problem %s has no task '%s'; it has %s", problem->name, task->text,
                                 all);
}

static base_status read_prior_word(const base_yaml_node *node, int *prior, base_err *err) {
    BASE_TRY(base_option_check(&prior_word, node, err));
    for (int i = 0; priors[i]; i++)
        if (strcmp(node->text, priors[i]) == 0) *prior = i;
    return BASE_OK;
}

static base_status unknown_metric(const bench_problem *problem, const base_yaml_node *key, base_err *err) {
    size_t count = 0;
    while (count < BENCH_MAX_METRICS && problem->metric[count]) count++;
    const char *near = base_nearest(key->text, problem->metric, count);
    return base_yaml_fail(key, err, "the problem %s has no metric '%s'; %s '%s'%s", problem->name, key->text,
                          near ? "did you mean" : "its first is", near ? near : problem->metric[0], near ? "?" : "");
}

/* good, or {val_accuracy: good, time: bad} */
static base_status read_prior(const bench_problem *problem, const base_yaml_node *node, bench_settings *out,
                              base_err *err) {
    if (node->kind != BASE_YAML_MAP) return read_prior_word(node, &out->prior, err);
    if (node->count == 0)
        return base_yaml_fail(node, err, "prior names no metric: e.g. {%s: good}", problem->metric[0]);
    for (size_t i = 0; i < node->count; i++) {
        size_t m = 0;
        while (m < BENCH_MAX_METRICS && problem->metric[m] && strcmp(problem->metric[m], node->keys[i]->text) != 0) m++;
        if (m == BENCH_MAX_METRICS || !problem->metric[m]) return unknown_metric(problem, node->keys[i], err);
        BASE_TRY(read_prior_word(node->items[i], &out->priors[m], err));
    }
    return BASE_OK;
}

const char *bench_path_beside(const base_yaml_node *map, const char *path, base_arena *arena) {
    const char *slash = map->file ? strrchr(map->file, '/') : NULL;
    if (path[0] == '/' || !slash) return path;
    return base_arena_printf(arena, "%.*s/%s", (int)(slash - map->file), map->file, path);
}

base_status bench_resolve(const bench_request *request, const base_yaml_node *map, base_arena *arena,
                          bench_instance *out, base_err *err) {
    const bench_problem *problem;
    *out = (bench_instance){.settings = request->settings, .where = map};
    BASE_TRY(find_problem(map, request, &problem, err));
    BASE_TRY(check_settings(map, problem, err));
    BASE_TRY(check_size(map, &request->settings, err));
    BASE_TRY(find_task(map, problem, request->task, arena, &out->settings.task, err));
    BASE_TRY(read_prior(problem, request->prior, &out->settings, err));
    out->problem = problem;
    if (problem == &bench_problem_table) return bench_table_open(&request->table, map, arena, &out->problem, err);
    if (problem == &bench_problem_journal) return bench_journal_open(request->journal, map, arena, &out->problem, err);
    return BASE_OK;
}

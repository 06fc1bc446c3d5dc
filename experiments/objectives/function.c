/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `function`: a formula or a published table, for benchmarks, tests and first steps.
 *
 * It costs a microsecond, so it runs in the worker itself. What an evaluation costs is in units of the fidelity, so
 * that a full one costs the highest: what was added to it where a problem is a training that goes on (lcbench, a user's
 * table), all of it where every evaluation stands for itself (formulas, tables of trainings with schedules of their
 * own), or what the problem's authors say. Without a `fidelity:` in the study every evaluation is a full one. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/problem.h"
#include "experiments/objectives/registry.h"

typedef struct function_state {
    bench_request request;
    double report_every;
    bool has_fidelity, knows_optimum;
    bench_binding binding;
} function_state;

/* Its own, beside those of the problems. */
static const base_option function_options[] = {
    {.name = "report_every",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(function_state, report_every),
     .fallback = "0",
     .min = 0,
     .max = INFINITY,
     .help = "a learning curve for schedulers that stop by reports: what each multiple of this fidelity shows, before "
             "the result; 0: none"},
    BASE_OPTIONS_END,
};

static const base_option *function_table(base_arena *arena) {
    const base_options_part parts[] = {{bench_options, offsetof(function_state, request), NULL},
                                       {function_options, 0, NULL}};
    return base_options_join(arena, parts, sizeof parts / sizeof *parts);
}

/* Where a problem is named; a run needs no other name. */
static const base_yaml_node *problem_in(const base_yaml_node *settings) {
    const base_yaml_node *problem = base_yaml_get(settings, "problem");
    return problem ? problem : base_yaml_get(settings, bench_problem_journal.name);
}

/* Reads the settings and finds the problem: what every question about it begins with. */
static base_status read_settings(const base_yaml_node *settings, base_arena *arena, function_state *state,
                                 bench_instance *instance, base_err *err) {
    BASE_TRY(base_options_read(function_table(arena), settings, state, arena, err));
    return bench_resolve(&state->request, settings, arena, instance, err);
}

static base_status check_fidelity(const hpo_objective_env *env, const bench_problem *problem, base_err *err) {
    const hpo_fidelity *given = &env->fidelity, *own = &problem->fidelity;
    const base_yaml_node *where = problem_in(env->settings);
    if (!given->name) return BASE_OK;
    if (!own->name) {
        return base_yaml_fail(where, err,
                              "the problem %s has no fidelity: remove `fidelity:`, or take one of --list that has, "
                              "e.g. mf-hartmann3",
                              problem->name);
    }
    const char *example = own->integer ? "min: 9, max: 729" : "min: 1, max: 100";
    if (strcmp(given->name, own->name) != 0) {
        return base_yaml_fail(where, err, "the fidelity of the problem %s is '%s', not '%s': fidelity: {%s: {%s}}",
                              problem->name, own->name, given->name, own->name, example);
    }
    if (given->min < own->min || given->max > own->max) {
        return base_yaml_fail(where, err, "the fidelity %s of the problem %s must lie in [%g, %g], but is [%g, %g]",
                              own->name, problem->name, own->min, own->max, given->min, given->max);
    }
    if (own->integer && !given->integer) {
        return base_yaml_fail(where, err,
                              "the fidelity %s of the problem %s is counted: give it integer bounds, e.g. {%s}",
                              own->name, problem->name, example);
    }
    return BASE_OK;
}

/* Everything but the problem's data. */
static base_status prepare(function_state *state, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    bench_instance instance;
    BASE_TRY(read_settings(env->settings, arena, state, &instance, err));
    for (size_t g = 1; g < env->n_goals; g++)
        BASE_TRY(bench_search_for(&instance, env->goals[g].name, problem_in(env->settings), arena, err));
    for (size_t c = 0; c < env->constraints.count; c++)
        BASE_TRY(bench_search_for(&instance, env->constraints.items[c].metric, problem_in(env->settings), arena, err));
    BASE_TRY(bench_search_for(&instance, env->metric, problem_in(env->settings), arena, err));
    BASE_TRY(check_fidelity(env, instance.problem, err));
    state->has_fidelity = env->fidelity.name != NULL;
    const bool exact = strcmp(env->metric, "exact") == 0; /* the same without noise: it has the same optimum */
    state->knows_optimum = env->n_goals <= 1 && (exact || strcmp(env->metric, instance.problem->metric[0]) == 0);
    if (state->report_every > 0 && !state->has_fidelity) {
        return base_yaml_fail(base_yaml_key(env->settings, "report_every"), err,
                              "report_every counts in units of the fidelity: add one, e.g. fidelity: {epochs: {min: 1, "
                              "max: 52}} for lcbench");
    }
    if (bench_believes(&instance.settings) && !hpo_space_has_beliefs(env->space)) {
        return base_yaml_fail(base_yaml_key(env->settings, "prior"), err,
                              "this prior is one of the problem's own parameters: remove `parameters:`, or write the "
                              "prior there");
    }
    return bench_bind(instance.problem, &instance.settings, env->space, problem_in(env->settings), arena,
                      &state->binding, err);
}

static base_status function_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    function_state *state = self;
    BASE_TRY(prepare(state, env, arena, err));
    return bench_load(&state->binding, arena, err);
}

static base_status function_check(const hpo_objective_env *env, base_err *err) {
    base_arena *arena = base_arena_create();
    function_state state = {0};
    const base_status status = prepare(&state, env, arena, err);
    base_arena_destroy(arena);
    return status;
}

static base_status function_parameters(const base_yaml_node *settings, hpo_space *space, base_err *err) {
    function_state state = {0};
    bench_instance instance;
    base_arena *arena = base_arena_create();
    base_status status = read_settings(settings, arena, &state, &instance, err);
    if (status == BASE_OK) status = bench_parameters(&instance, space, err);
    base_arena_destroy(arena);
    return status;
}

/* False for settings that check refuses, which is asked later. */
static bool find_instance(const base_yaml_node *settings, base_arena *arena, bench_instance *instance) {
    function_state state = {0};
    base_err ignored = {0};
    return read_settings(settings, arena, &state, instance, &ignored) == BASE_OK;
}

/* A table's own names live no longer than the table: a study of one names its metric, and prepare compares it. A run's
 * are always the same. */
static const char *const *function_metrics(const base_yaml_node *settings) {
    bench_instance instance;
    size_t count;
    const base_yaml_node *problem = base_yaml_get(settings, "problem");
    if (base_yaml_get(settings, bench_problem_journal.name)) return bench_problem_journal.metric;
    if (problem && problem->text && strcmp(problem->text, bench_problem_table.name) == 0) return NULL;
    base_arena *arena = base_arena_create();
    const bool found = find_instance(settings, arena, &instance);
    base_arena_destroy(arena);
    return found ? bench_metrics(&instance) : bench_problems(&count)[0]->metric;
}

static bool function_maximize(const base_yaml_node *settings, const char *metric) {
    bench_instance instance;
    base_arena *arena = base_arena_create();
    bool maximize = false;
    const char *const *names = find_instance(settings, arena, &instance) ? bench_metrics(&instance) : NULL;
    for (size_t i = 0; names && names[i]; i++)
        if (strcmp(metric, names[i]) == 0) maximize = bench_maximizes(&instance, i);
    base_arena_destroy(arena);
    return maximize;
}

static bool function_resumes(const hpo_objective_env *env) {
    bench_instance instance;
    base_arena *arena = base_arena_create();
    const bool continues = find_instance(env->settings, arena, &instance) && instance.problem->continues;
    base_arena_destroy(arena);
    return continues;
}

static base_status function_describe(const hpo_objective_env *env, const hpo_limits *limits, base_buf *out,
                                     base_err *err) {
    bench_instance instance;
    base_arena *arena = base_arena_create();
    base_buf lines = {0};
    (void)limits, (void)err;
    if (find_instance(env->settings, arena, &instance)) bench_journal_describe(&instance, &lines);
    for (char *rest = NULL, *line = strtok_r(base_arena_strdup(arena, base_buf_text(&lines)), "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        base_buf_printf(out, "# %s\n", line);
    base_buf_fini(&lines);
    base_arena_destroy(arena);
    return BASE_OK;
}

static void function_advise(const hpo_objective_env *env, base_buf *out) {
    bench_instance instance;
    base_arena *arena = base_arena_create();
    if (find_instance(env->settings, arena, &instance)) {
        bench_table_advise(&instance, out);
        bench_journal_advise(&instance, out);
    }
    base_arena_destroy(arena);
}

static void measure(const function_state *state, const hpo_job *job, double fidelity, hpo_metrics *metrics) {
    const bench_instance *instance = &state->binding.instance;
    const char *const *names = bench_metrics(instance);
    double values[sizeof instance->problem->metric / sizeof *instance->problem->metric];
    bench_evaluate_all(&state->binding, job->config, fidelity, job->seed, values);
    for (size_t i = 0; names[i]; i++) hpo_metrics_set(metrics, names[i], values[i]);
}

/* The curve between the fidelity that is known already and the one that is asked for. */
static hpo_verdict report_curve(const function_state *state, const hpo_job *job, const hpo_reporter *reporter) {
    const double lowest = state->binding.instance.problem->fidelity.min;
    hpo_verdict verdict = HPO_CONTINUE;
    for (double k = floor(job->from / state->report_every) + 1; verdict == HPO_CONTINUE; k++) {
        const double step = k * state->report_every;
        if (!(step < job->fidelity)) break;
        if (step < lowest) continue;
        hpo_metrics metrics = {0};
        measure(state, job, step, &metrics);
        verdict = reporter->report(reporter->self, step, &metrics);
    }
    return verdict;
}

static base_status function_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                     base_err *err) {
    const function_state *state = self;
    const bench_problem *problem = state->binding.instance.problem;
    if (state->report_every > 0 && reporter && report_curve(state, job, reporter) != HPO_CONTINUE)
        return BASE_FAIL(err, BASE_CANCELLED, "told to stop");
    const double fidelity = state->has_fidelity ? job->fidelity : problem->fidelity.max;
    measure(state, job, fidelity, &out->metrics);
    if (state->has_fidelity && problem->cost) out->cost = problem->cost(fidelity) * problem->fidelity.max;
    return BASE_OK;
}

/* Of the metric that is searched by default, on the problem's whole domain. */
static bool function_optimum(const void *self, double *value) {
    const function_state *state = self;
    const bench_instance *instance = &state->binding.instance;
    base_arena *arena = base_arena_create();
    double *x = BASE_NEW_ARRAY(arena, state->binding.count + 1, double);
    const bool known = state->knows_optimum && bench_optimum(instance, 0, x, value);
    base_arena_destroy(arena);
    return known;
}

static void function_list(base_buf *out) {
    size_t count;
    const bench_problem *const *problems = bench_problems(&count);
    base_buf_puts(out, "problems of the objective function\n");
    for (size_t i = 0; i < count; i++) {
        const char *family = problems[i]->family, *last = i > 0 ? problems[i - 1]->family : NULL;
        if (family && last && strcmp(family, last) == 0) continue;
        const char *shared = problems[i]->family_summary;
        base_put_row(family ? family : problems[i]->name, 23, shared ? shared : problems[i]->summary, out);
    }
    base_put_row(bench_problem_table.name, 23, bench_problem_table.summary, out);
    base_put_row(bench_problem_journal.name, 23, bench_problem_journal.summary, out);
}

const hpo_objective_type obj_function = {
    .name = "function",
    .summary = "a formula or a published table, to try methods on",
    .table = function_table,
    .state_size = sizeof(function_state),
    .flags = HPO_OBJECTIVE_IN_RANK | HPO_OBJECTIVE_DEFAULT_SPACE | HPO_OBJECTIVE_RESUMABLE | HPO_OBJECTIVE_INHERITS,
    .check = function_check,
    .parameters = function_parameters,
    .describe = function_describe,
    .advise = function_advise,
    .metrics = function_metrics,
    .maximize = function_maximize,
    .init = function_init,
    .evaluate = function_evaluate,
    .optimum = function_optimum,
    .resumes = function_resumes,
    .list = function_list,
};

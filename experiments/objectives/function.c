/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective `function`: a problem with a known optimum, for benchmarks, tests and first steps.
 *
 * It costs a microsecond, so it runs in the worker itself. A problem with a fidelity reports the cost that its authors
 * gave it, in units of the fidelity: a full evaluation costs the highest one. Without a `fidelity:` in the study every
 * evaluation is a full one. */
#include <string.h>

#include "benchmarks/problems/problem.h"
#include "experiments/objectives/registry.h"

typedef struct function_state {
    const char *problem_name;
    bench_size size;
    bool has_fidelity;
    bench_binding binding;
} function_state;

static const base_option function_options[] = {
    {.name = "problem",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(function_state, problem_name),
     .fallback = BASE_REQUIRED,
     .help = "a name of --list, e.g. branin"},
    {.name = "n_categorical",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(function_state, size.n_categorical),
     .fallback = "8",
     .min = 0,
     .max = 1024,
     .help = "counting-ones: parameters cat_0, cat_1, ... with the values 0 and 1"},
    {.name = "n_continuous",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(function_state, size.n_continuous),
     .fallback = "8",
     .min = 0,
     .max = 1024,
     .help = "counting-ones: parameters float_0, float_1, ... in [0, 1]"},
    BASE_OPTIONS_END,
};

static base_status find_problem(const base_yaml_node *settings, const char *name, const bench_problem **problem,
                                base_err *err) {
    *problem = bench_problem_find(name);
    if (*problem) return BASE_OK;
    const base_yaml_node *where = base_yaml_get(settings, "problem");
    const char *near = bench_problem_nearest(name);
    return near ? base_yaml_fail(where, err, "there is no problem '%s'; did you mean '%s'?", name, near)
                : base_yaml_fail(where, err, "there is no problem '%s'; hpo_search --list shows them all", name);
}

static base_status check_size(const base_yaml_node *settings, const bench_problem *problem, const bench_size *size,
                              base_err *err) {
    static const char *const keys[] = {"n_categorical", "n_continuous"};
    for (size_t i = 0; i < 2 && !problem->sized; i++) {
        const base_yaml_node *key = base_yaml_key(settings, keys[i]);
        if (key) return base_yaml_fail(key, err, "the problem %s has one size: remove %s", problem->name, keys[i]);
    }
    if (size->n_categorical + size->n_continuous > 0) return BASE_OK;
    return base_yaml_fail(base_yaml_get(settings, "problem"), err,
                          "n_categorical and n_continuous must not both be 0: there would be nothing to search");
}

/* Reads the settings and finds the problem: what every question about it begins with. */
static base_status read_settings(const base_yaml_node *settings, base_arena *arena, function_state *state,
                                 const bench_problem **problem, base_err *err) {
    BASE_TRY(base_options_read(function_options, settings, state, arena, err));
    BASE_TRY(find_problem(settings, state->problem_name, problem, err));
    return check_size(settings, *problem, &state->size, err);
}

static base_status check_fidelity(const hpo_objective_env *env, const bench_problem *problem, base_err *err) {
    const hpo_fidelity *given = &env->fidelity, *own = &problem->fidelity;
    const base_yaml_node *where = base_yaml_get(env->settings, "problem");
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

static base_status function_init(void *self, const hpo_objective_env *env, base_arena *arena, base_err *err) {
    function_state *state = self;
    const bench_problem *problem;
    BASE_TRY(read_settings(env->settings, arena, state, &problem, err));
    BASE_TRY(check_fidelity(env, problem, err));
    state->has_fidelity = env->fidelity.name != NULL;
    return bench_bind(problem, &state->size, env->space, base_yaml_get(env->settings, "problem"), arena,
                      &state->binding, err);
}

static base_status function_check(const hpo_objective_env *env, base_err *err) {
    base_arena *arena = base_arena_create();
    function_state state = {0};
    const base_status status = function_init(&state, env, arena, err);
    base_arena_destroy(arena);
    return status;
}

static base_status function_parameters(const base_yaml_node *settings, hpo_space *space, base_err *err) {
    function_state state = {0};
    const bench_problem *problem;
    BASE_TRY(read_settings(settings, hpo_space_arena(space), &state, &problem, err));
    return problem->parameters(problem, &state.size, space, err);
}

/* Of the problem; an unknown one is refused by check, which is asked later. */
static const char *const *function_metrics(const base_yaml_node *settings) {
    const base_yaml_node *name = base_yaml_get(settings, "problem");
    const bench_problem *problem = name && name->text ? bench_problem_find(name->text) : NULL;
    size_t count;
    return problem ? problem->metric : bench_problems(&count)[0]->metric;
}

static base_status function_evaluate(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *out,
                                     base_err *err) {
    (void)reporter, (void)err;
    const function_state *state = self;
    const bench_problem *problem = state->binding.problem;
    const double fidelity = state->has_fidelity ? job->fidelity : problem->fidelity.max;
    const double value = bench_evaluate(&state->binding, job->config, fidelity, job->seed);
    hpo_metrics_set(&out->metrics, problem->metric[0], value);
    if (state->has_fidelity && problem->cost) out->cost = problem->cost(fidelity) * problem->fidelity.max;
    return BASE_OK;
}

static void function_list(base_buf *out) {
    size_t count;
    const bench_problem *const *problems = bench_problems(&count);
    base_buf_puts(out, "problems of the objective function\n");
    for (size_t i = 0; i < count; i++) base_buf_printf(out, "  %-21s %s\n", problems[i]->name, problems[i]->summary);
}

const hpo_objective_type obj_function = {
    .name = "function",
    .summary = "a formula whose minimum is known",
    .options = function_options,
    .state_size = sizeof(function_state),
    .flags = HPO_OBJECTIVE_IN_RANK,
    .check = function_check,
    .parameters = function_parameters,
    .metrics = function_metrics,
    .init = function_init,
    .evaluate = function_evaluate,
    .list = function_list,
};

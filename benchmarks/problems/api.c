/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The problems as a shared library: a problem bound to the space that it declares itself. */
#include "benchmarks/problems/api.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "benchmarks/problems/problem.h"
#include "hpo/models/hypervolume.h"

struct bench_api_problem {
    base_arena *arena;
    hpo_space *space;
    bench_binding binding;
    const char *text;           /* of the space */
    const char *const **choice; /* texts of every parameter's choices */
};

int bench_api_version(void) {
    return BENCH_API_VERSION;
}

size_t bench_api_count(void) {
    size_t count;
    bench_problems(&count);
    return count;
}

static const bench_problem *problem_at(size_t index) {
    size_t count;
    const bench_problem *const *problems = bench_problems(&count);
    return problems[index];
}

const char *bench_api_name(size_t index) {
    return problem_at(index)->name;
}

const char *bench_api_summary(size_t index) {
    return problem_at(index)->summary;
}

/* ---- opening ---- */
static const char *text_of_value(const hpo_value *value, base_arena *arena) {
    base_buf text = {0};
    hpo_value_print(value, &text);
    const char *copy = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

static const char *const **texts_of_choices(const hpo_space *space, base_arena *arena) {
    const size_t count = hpo_space_count(space);
    const char *const **all = BASE_NEW_ARRAY(arena, count, const char *const *);
    for (size_t i = 0; i < count; i++) {
        const hpo_param *param = hpo_space_param(space, i);
        const char **texts = BASE_NEW_ARRAY(arena, param->n_choices, const char *);
        for (size_t k = 0; k < param->n_choices; k++) texts[k] = text_of_value(&param->choices[k], arena);
        all[i] = texts;
    }
    return all;
}

static const char *text_of_space(const hpo_space *space, base_arena *arena) {
    base_buf text = {0};
    hpo_space_describe(space, &text);
    const char *copy = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

static base_status open_problem(bench_api_problem *problem, const char *settings, base_err *err) {
    base_arena *arena = problem->arena;
    base_yaml_node *map;
    bench_request request = {0};
    bench_instance instance;
    BASE_TRY(base_yaml_parse(arena, "settings", settings, strlen(settings), &map, err));
    BASE_TRY(base_options_read(bench_options, map, &request, arena, err));
    BASE_TRY(bench_resolve(&request, map, arena, &instance, err));
    BASE_TRY(bench_parameters(&instance, problem->space, err));
    if (hpo_space_has_metric_priors(problem->space))
        return base_yaml_fail(base_yaml_get(map, "prior"), err, "here a parameter has one prior, e.g. prior: good");
    BASE_TRY(hpo_space_seal(problem->space, err));
    BASE_TRY(bench_bind(instance.problem, &instance.settings, problem->space, map, arena, &problem->binding, err));
    BASE_TRY(bench_load(&problem->binding, arena, err));
    problem->text = text_of_space(problem->space, arena);
    problem->choice = texts_of_choices(problem->space, arena);
    return BASE_OK;
}

bench_api_problem *bench_api_open(const char *settings, char *error, size_t room) {
    base_err err = {0};
    base_arena *arena = base_arena_create();
    bench_api_problem *problem = BASE_NEW(arena, bench_api_problem);
    problem->arena = arena;
    problem->space = hpo_space_create();
    if (open_problem(problem, settings, &err) == BASE_OK) return problem;
    if (room > 0) snprintf(error, room, "%s", err.text);
    bench_api_close(problem);
    return NULL;
}

void bench_api_close(bench_api_problem *problem) {
    if (!problem) return;
    hpo_space_destroy(problem->space);
    base_arena_destroy(problem->arena);
}

/* ---- looking ---- */
size_t bench_api_parameters(const bench_api_problem *problem) {
    return hpo_space_count(problem->space);
}

static bench_api_kind kind_of(const hpo_param *param) {
    switch (param->kind) {
    case HPO_FLOAT: return BENCH_API_FLOAT;
    case HPO_INT: return BENCH_API_INT;
    case HPO_ORDINAL: return BENCH_API_ORDINAL;
    default: return BENCH_API_CATEGORICAL;
    }
}

void bench_api_describe(const bench_api_problem *problem, size_t parameter, bench_api_parameter *out) {
    const hpo_param *param = hpo_space_param(problem->space, parameter);
    *out = (bench_api_parameter){.name = param->name,
                                 .kind = (int)kind_of(param),
                                 .log = param->scale == HPO_LOG,
                                 .min = param->min,
                                 .max = param->max,
                                 .n_choices = param->n_choices,
                                 .has_prior = param->prior.given,
                                 .center = param->prior.center,
                                 .deviation = param->prior.deviation,
                                 .weight = param->prior.weight};
}

const char *bench_api_choice(const bench_api_problem *problem, size_t parameter, size_t choice) {
    return problem->choice[parameter][choice];
}

const char *bench_api_space(const bench_api_problem *problem) {
    return problem->text;
}

void bench_api_activate(const bench_api_problem *problem, double *point) {
    hpo_space_activate(problem->space, point);
}

static const bench_problem *problem_of(const bench_api_problem *problem) {
    return problem->binding.instance.problem;
}

size_t bench_api_metrics(const bench_api_problem *problem) {
    const char *const *names = bench_metrics(&problem->binding.instance);
    size_t count = 0;
    while (names[count]) count++;
    return count;
}

const char *bench_api_metric(const bench_api_problem *problem, size_t metric) {
    return bench_metrics(&problem->binding.instance)[metric];
}

int bench_api_maximize(const bench_api_problem *problem, size_t metric) {
    return bench_maximizes(&problem->binding.instance, metric);
}

const char *bench_api_fidelity(const bench_api_problem *problem, double *min, double *max, int *integer) {
    const hpo_fidelity *fidelity = &problem_of(problem)->fidelity;
    *min = fidelity->min;
    *max = fidelity->max;
    *integer = fidelity->integer;
    return fidelity->name;
}

double bench_api_cost(const bench_api_problem *problem, double fidelity) {
    const bench_problem *of = problem_of(problem);
    if (!of->fidelity.name) return 1;
    if (isinf(of->fidelity.max)) return NAN;
    return of->cost ? of->cost(fidelity) : fidelity / of->fidelity.max;
}

int bench_api_continues(const bench_api_problem *problem) {
    return problem_of(problem)->continues;
}

/* ---- evaluating ---- */
/* A formula goes on beyond its box; what counts does not. */
static int is_legal(const hpo_param *param, double value) {
    if (isnan(value)) return param->when != NULL;
    if (param->kind == HPO_FLOAT) return 1;
    const double min = param->kind == HPO_INT ? param->min : 0;
    const double max = param->kind == HPO_INT ? param->max : (double)param->n_choices - 1;
    return value >= min && value <= max && value == floor(value);
}

int bench_api_evaluate(const bench_api_problem *problem, const double *point, double fidelity, uint64_t seed,
                       double *values) {
    const hpo_fidelity *own = &problem_of(problem)->fidelity;
    const double asked = own->name && !isnan(fidelity) ? fidelity : own->max;
    if (asked < own->min || asked > own->max) return -1;
    for (size_t i = 0; i < hpo_space_count(problem->space); i++)
        if (!is_legal(hpo_space_param(problem->space, i), point[i])) return -1;
    bench_evaluate_all(&problem->binding, point, asked, seed, values);
    return 0;
}

int bench_api_optimum(const bench_api_problem *problem, size_t which, double *point, double *value) {
    return bench_optimum(&problem->binding.instance, which, point, value);
}

double bench_api_hypervolume(const double *losses, size_t n, size_t k, const double *reference) {
    return hpo_hypervolume(losses, n, k, reference);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connects the parameters of a study with the arguments of a problem.
 *
 * What a problem needs is told once, by the space that it declares itself; a study's own space is compared with that
 * one. It may narrow a range, take a grid of values, fix a parameter; it may not leave the problem's domain, because
 * there the known optimum would not be one. */
#include <math.h>
#include <string.h>

#include "benchmarks/problems/problem.h"

static bool is_number(const hpo_param *param) {
    return param->kind == HPO_FLOAT || param->kind == HPO_INT;
}

/* How the parameter would be written: "{min: 0, max: 1}". */
static const char *domain_text(const hpo_param *param, base_arena *arena) {
    if (is_number(param)) return base_arena_printf(arena, "{min: %g, max: %g}", param->min, param->max);
    base_buf text = {0};
    for (size_t i = 0; i < param->n_choices; i++) {
        base_buf_puts(&text, i == 0 ? "{values: [" : ", ");
        hpo_value_print(&param->choices[i], &text);
    }
    base_buf_puts(&text, "]}");
    const char *copy = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

/* What the problem gets for this value: a number as it is, a choice as its index; NAN: it has no such value. */
static double argument_of(const hpo_param *domain, const hpo_value *value) {
    if (is_number(domain)) {
        if (value->kind != HPO_VALUE_INT && value->kind != HPO_VALUE_REAL) return NAN;
        return value->real >= domain->min && value->real <= domain->max ? value->real : NAN;
    }
    for (size_t i = 0; i < domain->n_choices; i++)
        if (hpo_value_equal(&domain->choices[i], value)) return (double)i;
    return NAN;
}

static bool in_domain(const hpo_param *domain, double number) {
    const hpo_value value = hpo_value_real(number);
    return !isnan(argument_of(domain, &value));
}

/* Every value that the parameter can take is one that the domain has. */
static bool fits(const hpo_param *domain, const hpo_param *param) {
    if (!is_number(param)) {
        for (size_t i = 0; i < param->n_choices; i++)
            if (isnan(argument_of(domain, &param->choices[i]))) return false;
        return true;
    }
    if (is_number(domain)) return in_domain(domain, param->min) && in_domain(domain, param->max);
    if (param->kind != HPO_INT) return false;
    for (double value = param->min; value <= param->max; value += param->step)
        if (!in_domain(domain, value)) return false;
    return true;
}

static bool same_values(const hpo_cond *a, const hpo_cond *b) {
    for (size_t i = 0; i < a->n_values; i++)
        if (!hpo_value_equal(&a->values[i], &b->values[i])) return false;
    return true;
}

/* Two conditions are the same when they are written alike, on parameters of the same names. */
static bool same_condition(const hpo_space *domain, const hpo_cond *a, const hpo_space *space, const hpo_cond *b) {
    if (a->op != b->op || a->n_children != b->n_children || a->n_values != b->n_values) return false;
    for (size_t i = 0; i < a->n_children; i++)
        if (!same_condition(domain, a->children[i], space, b->children[i])) return false;
    if (a->n_children > 0) return true;
    const char *one = hpo_space_param(domain, a->param)->name, *two = hpo_space_param(space, b->param)->name;
    return !b->against_param && strcmp(one, two) == 0 && same_values(a, b);
}

static base_status check_condition(const bench_problem *problem, const hpo_space *domain, const hpo_param *own,
                                   const hpo_space *space, const hpo_param *param, base_err *err) {
    if (!param->when || (own->when && same_condition(domain, own->when, space, param->when))) return BASE_OK;
    if (!own->when) {
        return base_yaml_fail(param->where, err, "the problem %s always needs '%s': remove its condition (when)",
                              problem->name, param->name);
    }
    return base_yaml_fail(param->where, err,
                          "the problem %s needs '%s' under another condition: remove it (when), or write it as --check "
                          "prints it for a study without `parameters:`",
                          problem->name, param->name);
}

static base_status check_parameter(const bench_problem *problem, const hpo_param *domain, const hpo_param *param,
                                   base_arena *arena, base_err *err) {
    if (fits(domain, param)) return BASE_OK;
    return base_yaml_fail(param->where, err, "'%s' must stay within the domain of the problem %s: %s: %s", param->name,
                          problem->name, param->name, domain_text(domain, arena));
}

/* Only a name that the study lacks can have been meant. */
static base_status unknown_parameter(const bench_problem *problem, const hpo_param *param, const hpo_space *domain,
                                     const hpo_space *space, base_arena *arena, base_err *err) {
    const size_t count = hpo_space_count(domain);
    const char **names = BASE_NEW_ARRAY(arena, count, const char *);
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = hpo_space_param(domain, i)->name;
        if (hpo_space_find(space, name) == SIZE_MAX) names[missing++] = name;
    }
    const char *near = base_nearest(param->name, names, missing);
    if (near) {
        return base_yaml_fail(param->where, err, "the problem %s has no parameter '%s'; did you mean '%s'?",
                              problem->name, param->name, near);
    }
    return base_yaml_fail(param->where, err, "the problem %s has no parameter '%s'; it has %s to %s", problem->name,
                          param->name, hpo_space_param(domain, 0)->name, hpo_space_param(domain, count - 1)->name);
}

static base_status check_space(const bench_problem *problem, const hpo_space *domain, const hpo_space *space,
                               const base_yaml_node *where, base_arena *arena, base_err *err) {
    for (size_t i = 0; i < hpo_space_count(space); i++) {
        const hpo_param *param = hpo_space_param(space, i);
        const size_t found = hpo_space_find(domain, param->name);
        if (found == SIZE_MAX) return unknown_parameter(problem, param, domain, space, arena, err);
        const hpo_param *own = hpo_space_param(domain, found);
        BASE_TRY(check_parameter(problem, own, param, arena, err));
        BASE_TRY(check_condition(problem, domain, own, space, param, err));
    }
    for (size_t i = 0; i < hpo_space_count(domain); i++) {
        const hpo_param *param = hpo_space_param(domain, i);
        if (hpo_space_find(space, param->name) != SIZE_MAX) continue;
        return base_yaml_fail(where, err,
                              "the problem %s needs a parameter '%s': %s: %s (a study without `parameters:` takes the "
                              "problem's own)",
                              problem->name, param->name, param->name, domain_text(param, arena));
    }
    return BASE_OK;
}

/* A parameter that fits takes few values where the domain is a list, or may be any number. */
static bench_argument argument_for(const hpo_param *domain, const hpo_param *param, size_t index, base_arena *arena) {
    bench_argument argument = {.param = index, .step = 1};
    if (is_number(domain) && is_number(param)) return argument;
    if (is_number(param)) {
        argument.first = param->min;
        argument.step = param->step;
    }
    const size_t count = is_number(param) ? (size_t)hpo_param_levels(param) : param->n_choices;
    double *numbers = BASE_NEW_ARRAY(arena, count, double);
    for (size_t i = 0; i < count; i++) {
        const hpo_value level = hpo_value_real(argument.first + (double)i * argument.step);
        numbers[i] = argument_of(domain, is_number(param) ? &level : &param->choices[i]);
    }
    argument.numbers = numbers;
    return argument;
}

base_status bench_bind(const bench_problem *problem, const bench_settings *settings, const hpo_space *space,
                       const base_yaml_node *where, base_arena *arena, bench_binding *binding, base_err *err) {
    const bench_instance instance = {.problem = problem, .settings = *settings};
    hpo_space *domain = hpo_space_create();
    base_status status = problem->parameters(&instance, domain, err);
    if (status == BASE_OK) status = check_space(problem, domain, space, where, arena, err);
    if (status != BASE_OK) goto out;
    const size_t count = hpo_space_count(domain);
    bench_argument *arguments = BASE_NEW_ARRAY(arena, count, bench_argument);
    for (size_t i = 0; i < count; i++) {
        const hpo_param *own = hpo_space_param(domain, i);
        const size_t param = hpo_space_find(space, own->name);
        arguments[i] = argument_for(own, hpo_space_param(space, param), param, arena);
    }
    *binding = (bench_binding){
        .instance = instance, .count = count, .arguments = arguments, .x = BASE_NEW_ARRAY(arena, count, double)};
out:
    hpo_space_destroy(domain);
    return status;
}

base_status bench_load(bench_binding *binding, base_arena *arena, base_err *err) {
    return bench_instance_load(&binding->instance, arena, err);
}

/* The bits of the fidelity name the stream: rungs of one trial see independent noise. */
static base_rng noise_of(double fidelity, uint64_t seed) {
    uint64_t bits;
    memcpy(&bits, &fidelity, sizeof bits);
    return base_rng_stream(seed, BASE_RNG_PROBLEM, (uint32_t)bits, (uint32_t)(bits >> 32));
}

void bench_evaluate_all(const bench_binding *binding, const double *config, double fidelity, uint64_t seed,
                        double *values) {
    for (size_t i = 0; i < binding->count; i++) {
        const bench_argument *argument = &binding->arguments[i];
        const double value = config[argument->param];
        const bool listed = argument->numbers && !isnan(value);
        binding->x[i] = listed ? argument->numbers[(size_t)((value - argument->first) / argument->step)] : value;
    }
    base_rng noise = noise_of(fidelity, seed);
    bench_instance_evaluate(&binding->instance, binding->x, fidelity, &noise, values);
}

double bench_evaluate(const bench_binding *binding, const double *config, double fidelity, uint64_t seed) {
    double values[sizeof binding->instance.problem->metric / sizeof *binding->instance.problem->metric];
    bench_evaluate_all(binding, config, fidelity, seed, values);
    return values[0];
}

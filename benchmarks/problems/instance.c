/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A problem with its settings: what these add to a descriptor's own functions, which know nothing of noise and of mixed
 * variants. */
#include <math.h>

#include "benchmarks/problems/problem.h"

enum { MEASURED_POINTS = 1000 };

static bool has_noise(const bench_instance *instance) {
    return instance->settings.noise > 0;
}

const char *const *bench_metrics(const bench_instance *instance) {
    static const char *const noisy[] = {"value", "exact", NULL};
    return has_noise(instance) ? noisy : instance->problem->metric;
}

/* "exact" is better in the direction of the value that it is without noise. */
bool bench_maximizes(const bench_instance *instance, size_t metric) {
    return instance->problem->maximize >> (has_noise(instance) ? 0 : metric) & 1;
}

/* The values' standard deviation over random points of the problem's own space, at full fidelity. */
static base_status measure_deviation(const bench_instance *instance, double *deviation, base_err *err) {
    hpo_space *space = hpo_space_create();
    base_status status = instance->problem->parameters(instance, space, err);
    if (status == BASE_OK) status = hpo_space_seal(space, err);
    double *x = BASE_NEW_ARRAY(hpo_space_arena(space), hpo_space_count(space) + 1, double), value;
    base_rng rng = base_rng_stream(MEASURED_POINTS, BASE_RNG_PROBLEM, 1, 0);
    double mean = 0, squares = 0;
    for (size_t i = 0; i < MEASURED_POINTS && status == BASE_OK; i++) {
        status = hpo_space_sample(space, &rng, x, err);
        if (status != BASE_OK) break;
        bench_box_decode(instance, x);
        instance->problem->evaluate(instance, x, instance->problem->fidelity.max, &rng, &value);
        const double step = value - mean;
        mean += step / (double)(i + 1);
        squares += step * (value - mean);
    }
    hpo_space_destroy(space);
    *deviation = sqrt(squares / (MEASURED_POINTS - 1));
    return status;
}

base_status bench_instance_load(bench_instance *instance, base_arena *arena, base_err *err) {
    const bench_problem *problem = instance->problem;
    double deviation;
    if (problem->load) BASE_TRY(problem->load(instance, arena, &instance->data, err));
    instance->grid = bench_box_grid(instance, arena);
    if (!has_noise(instance)) return BASE_OK;
    BASE_TRY(measure_deviation(instance, &deviation, err));
    instance->noise = instance->settings.noise * deviation;
    return BASE_OK;
}

void bench_instance_evaluate(const bench_instance *instance, double *x, double fidelity, base_rng *noise,
                             double *values) {
    const bench_problem *problem = instance->problem;
    bench_box_decode(instance, x);
    problem->evaluate(instance, x, fidelity, noise, values);
    if (!has_noise(instance)) return;
    values[1] = values[0];
    if (fidelity != problem->fidelity.max) problem->evaluate(instance, x, problem->fidelity.max, noise, &values[1]);
    values[0] += instance->noise * base_rng_normal(noise);
}

bool bench_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    const bench_problem *problem = instance->problem;
    if (!problem->optimum || (which > 0 && instance->grid) || !problem->optimum(instance, which, x, value))
        return false;
    bench_box_encode(instance, x);
    return true;
}

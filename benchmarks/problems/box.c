/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The space of problems on a cube, and the mixed variants of them.
 *
 * The first coordinates of a mixed variant are integers, the next are choices, the next are numbers on the logarithm's
 * scale. An integer or a choice stands for a place on a grid: the middles of `levels` equal parts of the box, moved by
 * less than half a part so that the optimum lies on one of them (as in T. Tusar, D. Brockhoff, N. Hansen,
 * "Mixed-integer benchmark problems for single- and bi-objective optimization", GECCO 2019). So the variant's space is
 * a part of the box that holds the optimum, whose value is the variant's as well. Choices are in random order, because
 * their index must not tell where they lie. */
#include <math.h>

#include "benchmarks/problems/problem.h"

/* Of a coordinate on the logarithm's scale, which is the box's linear one. */
static const double log_min = 1e-3, log_max = 1e3;

typedef enum coordinate { NUMBER, INTEGER, CHOICE, LOG } coordinate;

static coordinate kind_of(const bench_settings *settings, size_t i) {
    const int64_t at = (int64_t)i, choices = settings->integers + settings->choices;
    if (at < settings->integers) return INTEGER;
    if (at < choices) return CHOICE;
    return at < choices + settings->logs ? LOG : NUMBER;
}

static const hpo_value *choice_names(size_t levels, base_arena *arena) {
    hpo_value *names = BASE_NEW_ARRAY(arena, levels, hpo_value);
    for (size_t k = 0; k < levels; k++) names[k] = hpo_value_text(base_arena_printf(arena, "c%zu", k + 1));
    return names;
}

static hpo_param parameter_at(const bench_instance *instance, size_t i, base_arena *arena) {
    const size_t levels = (size_t)instance->settings.levels;
    hpo_param param = {.name = base_arena_printf(arena, "x%zu", i + 1)};
    switch (kind_of(&instance->settings, i)) {
    case INTEGER:
        param.kind = HPO_INT;
        param.max = (double)(levels - 1);
        break;
    case CHOICE:
        param.kind = HPO_CATEGORICAL;
        param.choices = choice_names(levels, arena);
        param.n_choices = levels;
        break;
    case LOG:
        param.scale = HPO_LOG;
        param.min = log_min;
        param.max = log_max;
        break;
    case NUMBER:
        param.min = instance->problem->box.min;
        param.max = instance->problem->box.max;
        break;
    }
    return param;
}

base_status bench_box_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    for (size_t i = 0; i < (size_t)instance->settings.dimensions; i++) {
        const hpo_param param = parameter_at(instance, i, hpo_space_arena(space));
        BASE_TRY(bench_add(instance, space, &param, err));
    }
    return BASE_OK;
}

/* ---- the grid ---- */
static size_t on_grid(const bench_instance *instance) {
    return (size_t)(instance->settings.integers + instance->settings.choices);
}

/* The places of one coordinate, of which one is the optimum's. */
static void lay_grid(const bench_instance *instance, double optimum, double *places) {
    const size_t levels = (size_t)instance->settings.levels;
    const double min = instance->problem->box.min, part = (instance->problem->box.max - min) / (double)levels;
    const size_t nearest = (size_t)fmin((double)(levels - 1), floor((optimum - min) / part));
    const double shift = optimum - (min + ((double)nearest + 0.5) * part);
    for (size_t k = 0; k < levels; k++) places[k] = min + ((double)k + 0.5) * part + shift;
    places[nearest] = optimum;
}

static void shuffle(base_rng *rng, double *places, size_t count) {
    for (size_t i = count; i > 1; i--) {
        const size_t k = base_rng_below(rng, i);
        const double place = places[k];
        places[k] = places[i - 1];
        places[i - 1] = place;
    }
}

const double *bench_box_grid(const bench_instance *instance, base_arena *arena) {
    const size_t count = on_grid(instance), levels = (size_t)instance->settings.levels;
    if (count == 0) return NULL;
    double *grid = BASE_NEW_ARRAY(arena, count * levels, double), value;
    double *optimum = BASE_NEW_ARRAY(arena, (size_t)instance->settings.dimensions, double);
    BASE_ASSERT(instance->problem->optimum(instance, 0, optimum, &value));
    for (size_t i = 0; i < count; i++) {
        base_rng rng = base_rng_stream(levels, BASE_RNG_PROBLEM, (uint32_t)i, 0);
        lay_grid(instance, optimum[i], grid + i * levels);
        if (kind_of(&instance->settings, i) == CHOICE) shuffle(&rng, grid + i * levels, levels);
    }
    return grid;
}

/* ---- between arguments and the box ---- */
static double log_share(double x) {
    return log(x / log_min) / log(log_max / log_min);
}

void bench_box_decode(const bench_instance *instance, double *x) {
    const size_t begin = on_grid(instance), levels = (size_t)instance->settings.levels;
    const double min = instance->problem->box.min, max = instance->problem->box.max;
    for (size_t i = 0; i < begin; i++) x[i] = instance->grid[i * levels + (size_t)x[i]];
    for (size_t i = begin; i < begin + (size_t)instance->settings.logs; i++) x[i] = min + (max - min) * log_share(x[i]);
}

void bench_box_encode(const bench_instance *instance, double *x) {
    const size_t begin = on_grid(instance), levels = (size_t)instance->settings.levels;
    const double min = instance->problem->box.min, max = instance->problem->box.max;
    for (size_t i = 0; i < begin; i++) {
        size_t level = 0;
        while (level + 1 < levels && instance->grid[i * levels + level] != x[i]) level++;
        x[i] = (double)level;
    }
    for (size_t i = begin; i < begin + (size_t)instance->settings.logs; i++)
        x[i] = log_min * pow(log_max / log_min, (x[i] - min) / (max - min));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a user's table answers. Repeated rows are repeated trainings, one of which answers, as the trial's seed has it;
 * a configuration that the table does not have is answered by the nearest one, and a fidelity by the highest one below
 * it, or by the lowest where there is none below. */
#include "benchmarks/problems/user_table.h"

#include <math.h>
#include <string.h>

/* ---- finding a configuration ---- */

uint64_t bench_table_hash(const bench_user_table *table, const double *arguments) {
    return base_hash64(arguments, table->n_axes * sizeof *arguments);
}

size_t bench_table_exact(const bench_user_table *table, const double *arguments) {
    const uint64_t hash = bench_table_hash(table, arguments);
    const size_t size = table->n_axes * sizeof *arguments;
    size_t cursor = 0, at;
    do {
        at = base_index_next(&table->index, hash, &cursor);
    } while (at != SIZE_MAX && memcmp(table->arguments + at * table->n_axes, arguments, size) != 0);
    return at;
}

double bench_table_place(const bench_table_axis *axis, double argument) {
    if (!axis->ordered) return argument;
    if (!axis->is_range) return axis->n_choices > 1 ? argument / (double)(axis->n_choices - 1) : 0;
    if (axis->log) return log(argument / axis->min) / log(axis->max / axis->min);
    return (argument - axis->min) / (axis->max - axis->min);
}

/* The sum of squared steps on the axes; another choice without order is a whole step. Ties: the first in the file. */
size_t bench_table_nearest(const bench_user_table *table, const double *arguments) {
    size_t nearest = 0;
    double least = INFINITY;
    for (size_t c = 0; c < table->n_configs; c++) {
        double sum = 0;
        for (size_t i = 0; i < table->n_axes && sum < least; i++) {
            const bench_table_axis *axis = &table->axes[i];
            const double step = bench_table_place(axis, arguments[i]) - table->places[c * table->n_axes + i];
            sum += axis->ordered ? step * step : step != 0;
        }
        if (sum < least) nearest = c;
        least = fmin(least, sum);
    }
    return nearest;
}

/* ---- its rows ---- */

double bench_table_full(const bench_user_table *table, size_t config, size_t metric) {
    const size_t last = table->first[config + 1] - 1;
    double sum = 0;
    size_t count = 0;
    for (size_t row = last + 1; row-- > table->first[config] && table->level[row] == table->level[last];) {
        const double value = table->values[row * table->n_metrics + metric];
        if (isnan(value)) continue;
        sum += value;
        count++;
    }
    return count > 0 ? sum / (double)count : NAN;
}

/* The rows that answer at this fidelity. */
static void rows_at(const bench_user_table *table, size_t config, double fidelity, size_t *begin, size_t *end) {
    const size_t first = table->first[config], last = table->first[config + 1] - 1;
    size_t row = first;
    while (row < last && table->level[row + 1] <= fidelity) row++;
    *begin = *end = row;
    while (*begin > first && table->level[*begin - 1] == table->level[row]) --*begin;
    while (*end <= last && table->level[*end] == table->level[row]) ++*end;
}

static double mean_of(const bench_user_table *table, size_t begin, size_t end, size_t metric) {
    double sum = 0;
    for (size_t row = begin; row < end; row++) sum += table->values[row * table->n_metrics + metric];
    return sum / (double)(end - begin);
}

/* ---- the functions of its bench_problem ---- */

static const bench_table_view *view_of(const bench_instance *instance) {
    return instance->problem->detail;
}

static const hpo_value *copy_choices(const bench_table_axis *axis, base_arena *arena) {
    hpo_value *choices = BASE_NEW_ARRAY(arena, axis->n_choices, hpo_value);
    for (size_t i = 0; i < axis->n_choices; i++) {
        choices[i] = axis->choices[i];
        if (choices[i].kind == HPO_VALUE_TEXT) choices[i].text = base_arena_strdup(arena, choices[i].text);
    }
    return choices;
}

static hpo_param param_of(const bench_user_table *table, const bench_table_axis *axis, base_arena *arena) {
    base_yaml_node *where = BASE_NEW(arena, base_yaml_node);
    *where = base_csv_where(&table->csv, axis->name);
    where->file = base_arena_strdup(arena, where->file);
    hpo_param param = {.name = base_arena_strdup(arena, axis->name->text), .where = where};
    if (axis->is_range) {
        param.kind = axis->integer ? HPO_INT : HPO_FLOAT;
        param.scale = axis->log ? HPO_LOG : HPO_LINEAR;
        param.min = axis->min;
        param.max = axis->max;
        param.step = axis->integer;
        return param;
    }
    param.kind = axis->n_choices == 1 ? HPO_CONSTANT : axis->ordered ? HPO_ORDINAL : HPO_CATEGORICAL;
    param.choices = copy_choices(axis, arena);
    param.n_choices = axis->n_choices;
    return param;
}

base_status bench_user_table_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    const bench_user_table *table = view_of(instance)->table;
    for (size_t i = 0; i < table->n_axes; i++) {
        const hpo_param param = param_of(table, &table->axes[i], hpo_space_arena(space));
        BASE_TRY(bench_add(instance, space, &param, err));
    }
    return BASE_OK;
}

void bench_user_table_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                               double *values) {
    const bench_table_view *view = view_of(instance);
    const bench_user_table *table = view->table;
    size_t config = bench_table_exact(table, x), begin, end, told = 0;
    if (config == SIZE_MAX) config = bench_table_nearest(table, x);
    rows_at(table, config, fidelity, &begin, &end);
    if (!instance->settings.average && end - begin > 1) {
        begin += (size_t)base_rng_below(noise, end - begin);
        end = begin + 1;
    }
    for (size_t i = 0; i < table->n_metrics; i++) {
        values[told++] = mean_of(table, begin, end, view->order[i]);
        if (i == 0) values[told++] = bench_table_full(table, config, view->order[0]);
    }
}

bool bench_user_table_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    const bench_table_view *view = view_of(instance);
    const bench_user_table *table = view->table;
    if (which > 0 || view->best == SIZE_MAX) return false;
    memcpy(x, table->arguments + view->best * table->n_axes, table->n_axes * sizeof *x);
    *value = view->best_value;
    return true;
}

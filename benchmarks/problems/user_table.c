/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table that a user brings becomes a problem: which rows belong together, and where the best one lies. */
#include "benchmarks/problems/user_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

static base_status read_levels(bench_table_builder *b, base_err *err) {
    const base_csv *csv = &b->table->csv;
    b->levels = BASE_NEW_ARRAY(b->scratch, csv->n_rows, double);
    for (size_t row = 0; row < csv->n_rows; row++) {
        b->levels[row] = 1;
        if (b->fidelity == SIZE_MAX) continue;
        const base_csv_cell *cell = bench_table_cell(b, row, b->fidelity);
        if (bench_table_number(cell->text, &b->levels[row]) && b->levels[row] > 0) continue;
        const base_yaml_node where = base_csv_where(csv, cell);
        return base_yaml_fail(&where, err, "'%s' is no positive number, but %s is the fidelity", cell->text,
                              csv->names[b->fidelity].text);
    }
    return BASE_OK;
}

/* An empty cell, or one that says nan or inf, is a failed evaluation. */
static base_status read_value(const bench_table_builder *b, size_t row, size_t metric, double *value, base_err *err) {
    const base_csv_cell *cell = bench_table_cell(b, row, b->table->metrics[metric].column);
    *value = NAN;
    if (cell->text[0] == '\0') return BASE_OK;
    if (base_parse_double(cell->text, value)) {
        if (!isfinite(*value)) *value = NAN;
        return BASE_OK;
    }
    const base_yaml_node where = base_csv_where(&b->table->csv, cell);
    return base_yaml_fail(&where, err, "'%s' is no number, but %s is a metric", cell->text,
                          b->table->csv.names[b->table->metrics[metric].column].text);
}

typedef struct place {
    size_t config, row;
    double level;
} place;

static int compare_places(const void *a, const void *b) {
    const place *x = a, *y = b;
    if (x->config != y->config) return x->config < y->config ? -1 : 1;
    if (x->level != y->level) return x->level < y->level ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Configurations in the order of their first rows. */
static place *find_configs(bench_table_builder *b) {
    bench_user_table *table = b->table;
    place *places = BASE_NEW_ARRAY(b->scratch, table->csv.n_rows, place);
    double *kept = BASE_NEW_ARRAY(b->arena, table->csv.n_rows * table->n_axes, double);
    table->arguments = kept;
    for (size_t row = 0; row < table->csv.n_rows; row++) {
        const double *arguments = b->arguments + row * table->n_axes;
        size_t config = bench_table_exact(table, arguments);
        if (config == SIZE_MAX) {
            config = table->n_configs++;
            memcpy(kept + config * table->n_axes, arguments, table->n_axes * sizeof *kept);
            base_index_add(b->arena, &table->index, bench_table_hash(table, arguments), config);
        }
        places[row] = (place){.config = config, .row = row, .level = b->levels[row]};
    }
    qsort(places, table->csv.n_rows, sizeof *places, compare_places);
    return places;
}

static base_status read_rows(bench_table_builder *b, base_err *err) {
    bench_user_table *table = b->table;
    const size_t n_rows = table->csv.n_rows;
    const place *places = find_configs(b);
    size_t *first = BASE_NEW_ARRAY(b->arena, table->n_configs + 1, size_t);
    double *level = BASE_NEW_ARRAY(b->arena, n_rows, double);
    double *values = BASE_NEW_ARRAY(b->arena, n_rows * table->n_metrics, double);
    for (size_t i = 0; i < n_rows; i++) {
        first[places[i].config + 1] = i + 1;
        level[i] = places[i].level;
        for (size_t m = 0; m < table->n_metrics; m++)
            BASE_TRY(read_value(b, places[i].row, m, &values[i * table->n_metrics + m], err));
    }
    table->first = first;
    table->level = level;
    table->values = values;
    return BASE_OK;
}

static void find_places(bench_table_builder *b) {
    bench_user_table *table = b->table;
    double *places = BASE_NEW_ARRAY(b->arena, table->n_configs * table->n_axes, double), combinations = 1;
    for (size_t i = 0; i < table->n_configs * table->n_axes; i++)
        places[i] = bench_table_place(&table->axes[i % table->n_axes], table->arguments[i]);
    table->places = places;
    for (size_t i = 0; i < table->n_axes; i++)
        combinations *= table->axes[i].is_range ? INFINITY : (double)table->axes[i].n_choices;
    table->complete = combinations == (double)table->n_configs;
}

/* ---- the problem ---- */

const bench_problem bench_problem_table = {
    .name = "table",
    .summary = "a table of your own: file, the columns to minimize or maximize, perhaps a fidelity",
    .metric = {"value", "exact"},
    .takes = BENCH_TAKES_AVERAGE | BENCH_TAKES_TABLE,
    .fidelity = {.min = 1, .max = 1},
    .parameters = bench_user_table_parameters,
    .evaluate = bench_user_table_evaluate,
    .optimum = bench_user_table_optimum,
};

static hpo_fidelity fidelity_of(const bench_table_builder *b) {
    if (b->fidelity == SIZE_MAX) return bench_problem_table.fidelity;
    hpo_fidelity fidelity = {
        .name = b->table->csv.names[b->fidelity].text, .min = INFINITY, .max = -INFINITY, .integer = true};
    for (size_t row = 0; row < b->table->csv.n_rows; row++) {
        fidelity.min = fmin(fidelity.min, b->levels[row]);
        fidelity.max = fmax(fidelity.max, b->levels[row]);
        fidelity.integer = fidelity.integer && b->levels[row] == floor(b->levels[row]);
    }
    return fidelity;
}

static void find_best(bench_table_view *view) {
    const bench_user_table *table = view->table;
    const bool maximize = table->metrics[view->order[0]].maximize;
    view->best = SIZE_MAX;
    for (size_t c = 0; c < table->n_configs; c++) {
        const double value = bench_table_full(table, c, view->order[0]);
        if (isnan(value)) continue;
        if (view->best != SIZE_MAX && (maximize ? value <= view->best_value : value >= view->best_value)) continue;
        view->best = c;
        view->best_value = value;
    }
}

/* The problem whose first metric is the one that is searched. */
static const bench_problem *view_of(const bench_user_table *table, const hpo_fidelity *fidelity, size_t searched,
                                    base_arena *arena) {
    bench_problem *problem = BASE_NEW(arena, bench_problem);
    bench_table_view *view = BASE_NEW(arena, bench_table_view);
    size_t told = 2;
    *problem = bench_problem_table;
    *view = (bench_table_view){.table = table, .order = {searched}};
    for (size_t i = 0; i < table->n_metrics; i++) {
        if (i != searched) view->order[told++ - 1] = i;
    }
    for (size_t i = 0; i < told; i++) {
        const bench_table_metric *metric = &table->metrics[view->order[i > 1 ? i - 1 : 0]];
        problem->metric[i] = i == 1 ? "exact" : table->csv.names[metric->column].text;
        problem->maximize |= metric->maximize ? 1u << i : 0;
    }
    find_best(view);
    problem->fidelity = *fidelity;
    problem->continues = table->continues;
    problem->detail = view;
    return problem;
}

/* The file's text goes when it is read, its names stay. */
static void keep_names(bench_table_builder *b) {
    base_csv *csv = &b->table->csv;
    base_csv_cell *names = BASE_NEW_ARRAY(b->arena, csv->n_columns, base_csv_cell);
    for (size_t i = 0; i < csv->n_columns; i++) {
        names[i] = csv->names[i];
        names[i].text = base_arena_strdup(b->arena, names[i].text);
    }
    csv->names = names;
    csv->file = base_arena_strdup(b->arena, csv->file);
}

static base_status build(bench_table_builder *b, const char *path, hpo_fidelity *fidelity, base_err *err) {
    base_status status = base_csv_read(path, b->scratch, &b->table->csv, err);
    if (status == BASE_NOTFOUND) return base_yaml_fail(base_yaml_get(b->map, "file"), err, "there is no file %s", path);
    BASE_TRY(status);
    if (b->table->csv.n_rows == 0) return BASE_FAIL(err, BASE_INVALID, "%s has names, but no line of values", path);
    keep_names(b);
    BASE_TRY(bench_table_read_columns(b, err));
    BASE_TRY(read_levels(b, err));
    BASE_TRY(read_rows(b, err));
    find_places(b);
    *fidelity = fidelity_of(b);
    return BASE_OK;
}

base_status bench_table_open(const bench_table_request *request, const base_yaml_node *map, base_arena *arena,
                             const bench_problem **out, base_err *err) {
    if (!request->file || !*request->file)
        return base_yaml_fail(
            base_yaml_get(map, "problem"), err,
            "the problem table needs a file, e.g. {problem: table, file: results.csv, minimize: loss}");
    bench_user_table *table = BASE_NEW(arena, bench_user_table);
    table->continues = request->continues;
    bench_table_builder b = {
        .request = request, .map = map, .arena = arena, .scratch = base_arena_create(), .table = table};
    hpo_fidelity fidelity;
    const base_status status = build(&b, bench_path_beside(map, request->file, arena), &fidelity, err);
    base_arena_destroy(b.scratch);
    table->csv.cells = NULL;
    if (status == BASE_OK) *out = view_of(table, &fidelity, 0, arena);
    return status;
}

base_status bench_search_for(bench_instance *instance, const char *metric, const base_yaml_node *where,
                             base_arena *arena, base_err *err) {
    if (!(instance->problem->takes & BENCH_TAKES_TABLE)) return BASE_OK;
    const bench_user_table *table = ((const bench_table_view *)instance->problem->detail)->table;
    for (size_t i = 0; i < table->n_metrics; i++) {
        if (strcmp(table->csv.names[table->metrics[i].column].text, metric) != 0) continue;
        instance->problem = view_of(table, &instance->problem->fidelity, i, arena);
        return BASE_OK;
    }
    return base_yaml_fail(
        where, err, "the study's metric '%s' is not among the columns that the table minimizes or maximizes", metric);
}

void bench_table_advise(const bench_instance *instance, base_buf *out) {
    if (!(instance->problem->takes & BENCH_TAKES_TABLE)) return;
    const bench_user_table *table = ((const bench_table_view *)instance->problem->detail)->table;
    if (table->complete) return;
    base_buf_printf(out,
                    "%s does not have all combinations of its values: of a configuration that is not among its %zu it "
                    "tells what the nearest one shows\n",
                    table->csv.file, table->n_configs);
}

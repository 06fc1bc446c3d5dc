/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The columns of a user's table: which is what, and which values occur in those of parameters.
 *
 * Columns that the settings do not name are parameters. Numbers are an ordered list of the values that occur, or a
 * range when these are many; texts are choices in the order of their first appearance; a column with a single value
 * distinguishes nothing and is left out. */
#include "benchmarks/problems/user_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const base_csv_cell *bench_table_cell(const bench_table_builder *b, size_t row, size_t column) {
    return &b->table->csv.cells[row * b->table->csv.n_columns + column];
}

bool bench_table_number(const char *text, double *value) {
    if (!base_parse_double(text, value) || !isfinite(*value)) return false;
    *value += 0.0; /* no -0 */
    return true;
}

/* ---- roles ---- */

static base_status find_column(const bench_table_builder *b, const base_yaml_node *name, size_t *column,
                               base_err *err) {
    const base_csv *csv = &b->table->csv;
    if (!base_yaml_is_scalar(name) || name->kind == BASE_YAML_NULL)
        return base_yaml_fail(name, err, "the name of a column of the table was expected, but this is %s",
                              base_yaml_kind_text(name->kind));
    *column = base_csv_find(csv, name->text);
    if (*column != SIZE_MAX) return BASE_OK;
    const char **names = BASE_NEW_ARRAY(b->scratch, csv->n_columns, const char *);
    const char *all = "";
    for (size_t i = 0; i < csv->n_columns; i++) {
        names[i] = csv->names[i].text;
        all = base_arena_printf(b->scratch, "%s%s%s", all, i ? ", " : "", names[i]);
    }
    const char *near = base_nearest(name->text, names, csv->n_columns);
    return near ? base_yaml_fail(name, err, "%s has no column '%s'; did you mean '%s'?", csv->file, name->text, near)
                : base_yaml_fail(name, err, "%s has no column '%s'; it has %s", csv->file, name->text, all);
}

static base_status take_column(bench_table_builder *b, const base_yaml_node *name, bench_table_role as, size_t *column,
                               base_err *err) {
    BASE_TRY(find_column(b, name, column, err));
    if (b->roles[*column] != BENCH_PARAMETER)
        return base_yaml_fail(name, err, "the column '%s' cannot be two things at once", name->text);
    b->roles[*column] = as;
    return BASE_OK;
}

static const base_yaml_node *item_of(const base_yaml_node *names, size_t i) {
    return names->kind == BASE_YAML_LIST ? names->items[i] : names;
}

/* A name alone is a list of one. */
static size_t count_of(const base_yaml_node *names) {
    return !names || names->kind == BASE_YAML_NULL ? 0 : names->kind == BASE_YAML_LIST ? names->count : 1;
}

static base_status take_metrics(bench_table_builder *b, const base_yaml_node *names, bool maximize, base_err *err) {
    bench_user_table *table = b->table;
    for (size_t i = 0; i < count_of(names); i++) {
        const base_yaml_node *name = item_of(names, i);
        size_t column;
        BASE_TRY(take_column(b, name, BENCH_METRIC, &column, err));
        if (table->n_metrics == BENCH_TABLE_METRICS)
            return base_yaml_fail(name, err, "a table has at most %d metrics: ignore others", BENCH_TABLE_METRICS);
        if (strlen(name->text) >= HPO_METRIC_NAME || strcmp(name->text, "exact") == 0)
            return base_yaml_fail(name, err,
                                  "a metric's name has at most %d characters and is not 'exact', which is the mean of "
                                  "repeated rows: rename the column",
                                  HPO_METRIC_NAME - 1);
        table->metrics[table->n_metrics++] = (bench_table_metric){.column = column, .maximize = maximize};
    }
    return BASE_OK;
}

static base_status take_roles(bench_table_builder *b, base_err *err) {
    const bench_table_request *r = b->request;
    size_t column;
    b->roles = BASE_NEW_ARRAY(b->scratch, b->table->csv.n_columns, bench_table_role);
    BASE_TRY(take_metrics(b, r->minimize, false, err));
    BASE_TRY(take_metrics(b, r->maximize, true, err));
    if (b->table->n_metrics == 0)
        return base_yaml_fail(base_yaml_get(b->map, "problem"), err,
                              "which columns of the table are metrics? minimize: a column or a list of them, or "
                              "maximize:");
    b->fidelity = SIZE_MAX;
    if (count_of(r->fidelity) > 0) BASE_TRY(take_column(b, r->fidelity, BENCH_FIDELITY, &b->fidelity, err));
    for (size_t i = 0; i < count_of(r->ignore); i++)
        BASE_TRY(take_column(b, item_of(r->ignore, i), BENCH_IGNORED, &column, err));
    return BASE_OK;
}

/* ---- parameters ---- */

/* The different texts of a column: where each appears first, and which one a row has. */
typedef struct texts {
    const base_csv_cell **first;
    size_t *of_row;
    size_t count;
} texts;

static base_status find_texts(const bench_table_builder *b, size_t column, texts *out, base_err *err) {
    const base_csv *csv = &b->table->csv;
    base_index index = {0};
    *out = (texts){.first = BASE_NEW_ARRAY(b->scratch, csv->n_rows, const base_csv_cell *),
                   .of_row = BASE_NEW_ARRAY(b->scratch, csv->n_rows, size_t)};
    for (size_t row = 0; row < csv->n_rows; row++) {
        const base_csv_cell *cell = bench_table_cell(b, row, column);
        const uint64_t hash = base_hash64(cell->text, strlen(cell->text));
        if (cell->text[0] == '\0') {
            const base_yaml_node where = base_csv_where(csv, cell);
            return base_yaml_fail(&where, err,
                                  "the parameter %s has no value here: give it one, even if only a word such as none, "
                                  "or leave the column out (ignore: %s)",
                                  csv->names[column].text, csv->names[column].text);
        }
        size_t cursor = 0, at;
        do {
            at = base_index_next(&index, hash, &cursor);
        } while (at != SIZE_MAX && strcmp(out->first[at]->text, cell->text) != 0);
        if (at == SIZE_MAX) {
            at = out->count++;
            out->first[at] = cell;
            base_index_add(b->scratch, &index, hash, at);
        }
        out->of_row[row] = at;
    }
    return BASE_OK;
}

static int compare_numbers(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* False: not all are numbers. Integers are written as 1.0 by programs that know no others. */
static bool read_numbers(const texts *t, double *numbers, bool *integer) {
    const double most = 0x1p53;
    *integer = true;
    for (size_t i = 0; i < t->count; i++) {
        if (!bench_table_number(t->first[i]->text, &numbers[i])) return false;
        *integer = *integer && numbers[i] == floor(numbers[i]) && fabs(numbers[i]) <= most;
    }
    return true;
}

static size_t sort_numbers(double *numbers, size_t count) {
    size_t kept = 0;
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || numbers[i] != numbers[kept - 1]) numbers[kept++] = numbers[i];
    return kept;
}

static void make_ordered(const bench_table_builder *b, bench_table_axis *axis, const double *sorted, size_t count) {
    axis->ordered = true;
    axis->is_range = count > BENCH_TABLE_LEVELS;
    axis->min = sorted[0];
    axis->max = sorted[count - 1];
    axis->n_choices = count;
    if (axis->is_range) return;
    hpo_value *choices = BASE_NEW_ARRAY(b->arena, count, hpo_value);
    for (size_t i = 0; i < count; i++)
        choices[i] = axis->integer ? hpo_value_int((int64_t)sorted[i]) : hpo_value_real(sorted[i]);
    axis->choices = choices;
}

/* A cell reads as a value of a study file does: true is a truth value. */
static void make_unordered(const bench_table_builder *b, bench_table_axis *axis, const texts *t) {
    hpo_value *choices = BASE_NEW_ARRAY(b->arena, t->count, hpo_value);
    for (size_t i = 0; i < t->count; i++) {
        const base_yaml_node *node = base_yaml_scalar(b->arena, NULL, t->first[i]->text, false);
        choices[i] = node->kind == BASE_YAML_NULL ? hpo_value_text(node->text) : hpo_value_of_node(node);
    }
    axis->choices = choices;
    axis->n_choices = t->count;
}

/* The argument that stands for each text: the number of a range, else the index of the choice. */
static double *read_axis(const bench_table_builder *b, const texts *t, bench_table_axis *axis) {
    double *numbers = BASE_NEW_ARRAY(b->scratch, t->count, double);
    double *sorted = BASE_NEW_ARRAY(b->scratch, t->count, double);
    if (!read_numbers(t, numbers, &axis->integer)) {
        make_unordered(b, axis, t);
        for (size_t i = 0; i < t->count; i++) numbers[i] = (double)i;
        return numbers;
    }
    memcpy(sorted, numbers, t->count * sizeof *sorted);
    const size_t count = sort_numbers(sorted, t->count);
    make_ordered(b, axis, sorted, count);
    for (size_t i = 0; i < t->count && !axis->is_range; i++) {
        const double *found = bsearch(&numbers[i], sorted, count, sizeof *sorted, compare_numbers);
        numbers[i] = (double)(found - sorted);
    }
    return numbers;
}

static base_status read_axes(bench_table_builder *b, base_err *err) {
    bench_user_table *table = b->table;
    const base_csv *csv = &table->csv;
    double *all = BASE_NEW_ARRAY(b->scratch, csv->n_columns * csv->n_rows, double);
    b->axes = BASE_NEW_ARRAY(b->arena, csv->n_columns, bench_table_axis);
    for (size_t column = 0; column < csv->n_columns; column++) {
        if (b->roles[column] != BENCH_PARAMETER) continue;
        bench_table_axis *axis = &b->axes[table->n_axes];
        texts t;
        BASE_TRY(find_texts(b, column, &t, err));
        axis->name = &csv->names[column];
        const double *arguments = read_axis(b, &t, axis);
        if (axis->n_choices == 1) continue;
        for (size_t row = 0; row < csv->n_rows; row++)
            all[table->n_axes * csv->n_rows + row] = arguments[t.of_row[row]];
        table->n_axes++;
    }
    if (table->n_axes == 0)
        return BASE_FAIL(err, BASE_INVALID, "%s: no column is left that is a parameter with two values", csv->file);
    b->arguments = BASE_NEW_ARRAY(b->scratch, csv->n_rows * table->n_axes, double);
    for (size_t i = 0; i < csv->n_rows * table->n_axes; i++)
        b->arguments[i] = all[i % table->n_axes * csv->n_rows + i / table->n_axes];
    table->axes = b->axes;
    return BASE_OK;
}

/* log: the scale of a range. Of a list of values only the order matters. */
static base_status set_scales(bench_table_builder *b, base_err *err) {
    for (size_t i = 0; i < count_of(b->request->log); i++) {
        const base_yaml_node *name = item_of(b->request->log, i);
        size_t column, a = 0;
        BASE_TRY(find_column(b, name, &column, err));
        while (a < b->table->n_axes && b->axes[a].name != &b->table->csv.names[column]) a++;
        bench_table_axis *axis = &b->axes[a];
        if (a == b->table->n_axes || !axis->is_range || axis->min <= 0)
            return base_yaml_fail(name, err,
                                  "log is for parameters that are positive numbers with more than %d different values "
                                  "(fewer are a list without a scale), which '%s' is not",
                                  BENCH_TABLE_LEVELS, name->text);
        axis->log = true;
    }
    return BASE_OK;
}

base_status bench_table_read_columns(bench_table_builder *b, base_err *err) {
    BASE_TRY(take_roles(b, err));
    BASE_TRY(read_axes(b, err));
    return set_scales(b, err);
}

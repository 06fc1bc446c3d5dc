/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of finished trainings.
 *
 * A row is found by its mixed-radix number, so that an evaluation is one look into an array. What was trained several
 * times answers with one of the trainings, chosen by the trial's seed, as a new training would; "exact" is their mean,
 * and that is what the optimum is about. */
#include "benchmarks/problems/table.h"

#include <math.h>
#include <string.h>

typedef struct table_data {
    const double *runs; /* n_rows x runs: the present ones first, then NAN */
    const double *mean, *cheap;
    const double *more; /* n_rows x n_more */
    size_t best;
} table_data;

static const bench_table_file *file_of(const bench_instance *instance) {
    return instance->problem->detail;
}

static size_t row_count(const bench_table_file *file) {
    size_t count = 1;
    for (size_t i = 0; i < file->n_axes; i++) count *= file->axes[i].count;
    return count;
}

base_status bench_table_parameters(const bench_instance *instance, hpo_space *space, base_err *err) {
    const bench_table_file *file = file_of(instance);
    for (size_t i = 0; i < file->n_axes; i++) {
        const bench_axis *axis = &file->axes[i];
        hpo_value *choices = BASE_NEW_ARRAY(hpo_space_arena(space), axis->count, hpo_value);
        for (size_t k = 0; k < axis->count; k++) {
            if (axis->texts) {
                choices[k] = hpo_value_text(axis->texts[k]);
            } else {
                const double number = axis->numbers[k];
                choices[k] = number >= 1 ? hpo_value_int((int64_t)number) : hpo_value_real(number);
            }
        }
        const hpo_param param = {.name = axis->name,
                                 .kind = axis->texts ? HPO_CATEGORICAL : HPO_ORDINAL,
                                 .choices = choices,
                                 .n_choices = axis->count};
        BASE_TRY(bench_add(instance, space, &param, err));
    }
    return BASE_OK;
}

/* ---- reading ---- */
enum { MAX_COLUMNS = 32 };

/* Cuts a line at its commas, in place; the number of columns. */
static size_t split_line(char *line, const char *column[MAX_COLUMNS]) {
    size_t count = 0;
    while (line && count < MAX_COLUMNS) {
        column[count++] = line;
        line = strchr(line, ',');
        if (line) *line++ = '\0';
    }
    return count;
}

/* SIZE_MAX: it is no row of the table. */
static size_t row_of_id(const bench_table_file *file, const char *id) {
    size_t row = 0;
    for (size_t i = 0; i < file->n_axes; i++) {
        if (id[i] < '0' || (size_t)(id[i] - '0') >= file->axes[i].count) return SIZE_MAX;
        row = row * file->axes[i].count + (size_t)(id[i] - '0');
    }
    return id[file->n_axes] == '\0' ? row : SIZE_MAX;
}

/* Reads the present trainings of a row; false: a field is no number, or none is present. */
static bool read_runs(const bench_table_file *file, const char *const *column, double *runs, double *mean) {
    size_t count = 0;
    double sum = 0;
    for (size_t k = 0; k < file->runs; k++) {
        const char *text = column[file->first + k];
        if (*text == '\0') continue;
        if (!base_parse_double(text, &runs[count])) return false;
        sum += runs[count++];
    }
    for (size_t k = count; k < file->runs; k++) runs[k] = NAN;
    *mean = sum / (double)count;
    return count > 0;
}

typedef struct table_arrays {
    double *runs, *mean, *cheap, *more;
} table_arrays;

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* The last column that is read. */
static size_t last_column(const bench_table_file *file) {
    return larger(larger(file->first + file->runs - 1, file->cheap),
                  file->n_more > 0 ? file->more + file->n_more - 1 : 0);
}

static bool read_more(const bench_table_file *file, const char *const *column, double *more) {
    for (size_t i = 0; i < file->n_more; i++)
        if (!base_parse_double(column[file->more + i], &more[i])) return false;
    return true;
}

/* One line into its place; false: the line is damaged. A place that is taken has a mean already. */
static bool read_line(const bench_table_file *file, char *line, const table_arrays *into) {
    const char *column[MAX_COLUMNS];
    if (split_line(line, column) <= last_column(file)) return false;
    const size_t row = row_of_id(file, column[file->id]);
    if (row == SIZE_MAX || !isnan(into->mean[row])) return false;
    if (!read_runs(file, column, &into->runs[row * file->runs], &into->mean[row])) return false;
    if (!read_more(file, column, &into->more[row * file->n_more])) return false;
    return !file->cheap || base_parse_double(column[file->cheap], &into->cheap[row]);
}

static base_status read_lines(const bench_table_file *file, char *text, const table_arrays *into, base_err *err) {
    const size_t count = row_count(file);
    size_t rows = 0;
    char *line = strchr(text, '\n'); /* after the header */
    for (size_t number = 2; line && line[1] != '\0'; number++, rows++) {
        char *start = line + 1;
        line = strchr(start, '\n');
        if (line) *line = '\0';
        if (!read_line(file, start, into))
            return BASE_FAIL(err, BASE_CORRUPT, "%s: line %zu is damaged", file->file, number);
    }
    if (rows == count) return BASE_OK;
    return BASE_FAIL(err, BASE_CORRUPT, "%s has %zu rows instead of %zu", file->file, rows, count);
}

static size_t best_row(const double *mean, size_t count, bool maximize) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (maximize ? mean[i] > mean[best] : mean[i] < mean[best]) best = i;
    return best;
}

base_status bench_table_load(const bench_instance *instance, base_arena *arena, const void **data, base_err *err) {
    const bench_table_file *file = file_of(instance);
    const size_t count = row_count(file);
    const table_arrays arrays = {.runs = BASE_NEW_ARRAY(arena, count * file->runs, double),
                                 .mean = BASE_NEW_ARRAY(arena, count, double),
                                 .cheap = file->cheap ? BASE_NEW_ARRAY(arena, count, double) : NULL,
                                 .more = BASE_NEW_ARRAY(arena, count * file->n_more, double)};
    for (size_t i = 0; i < count; i++) arrays.mean[i] = NAN;
    base_buf text = {0};
    base_status status = bench_data_read(file->file, &text, err);
    if (status == BASE_OK) {
        base_buf_putc(&text, '\0');
        status = read_lines(file, text.data, &arrays, err);
    }
    base_buf_fini(&text);
    if (status != BASE_OK) return status;
    table_data *table = BASE_NEW(arena, table_data);
    *table = (table_data){.runs = arrays.runs,
                          .mean = arrays.mean,
                          .cheap = arrays.cheap,
                          .more = arrays.more,
                          .best = best_row(arrays.mean, count, instance->problem->maximize)};
    *data = table;
    return BASE_OK;
}

/* ---- answering ---- */
static double one_run(const double *runs, size_t count, base_rng *noise) {
    while (count > 1 && isnan(runs[count - 1])) count--;
    return runs[count > 1 ? base_rng_below(noise, count) : 0];
}

void bench_table_evaluate(const bench_instance *instance, const double *x, double fidelity, base_rng *noise,
                          double *values) {
    const bench_table_file *file = file_of(instance);
    const table_data *table = instance->data;
    size_t row = 0;
    for (size_t i = 0; i < file->n_axes; i++) row = row * file->axes[i].count + (size_t)x[i];
    values[1] = table->mean[row];
    if (table->cheap && fidelity < instance->problem->fidelity.max)
        values[0] = table->cheap[row];
    else
        values[0] =
            instance->settings.average ? table->mean[row] : one_run(&table->runs[row * file->runs], file->runs, noise);
    for (size_t i = 0; i < file->n_more; i++) values[2 + i] = table->more[row * file->n_more + i];
    if (file->parameters) values[2 + file->n_more] = file->parameters(x);
}

bool bench_table_optimum(const bench_instance *instance, size_t which, double *x, double *value) {
    const bench_table_file *file = file_of(instance);
    const table_data *table = instance->data;
    if (which > 0) return false;
    size_t rest = table->best;
    for (size_t i = file->n_axes; i-- > 0;) {
        x[i] = (double)(rest % file->axes[i].count);
        rest /= file->axes[i].count;
    }
    *value = table->mean[table->best];
    return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples without answers: which kind of file it is, and tables of them. */
#include "engine/data/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/csv.h"
#include "base/gzfile.h"

base_status eng_samples_differ(const char *path, const eng_shape *found, const eng_samples_wanted *wanted,
                               base_err *err) {
    base_buf text = {0};
    eng_shape_text(found, &text);
    base_buf_puts(&text, ", but the network was trained on ");
    eng_shape_text(&wanted->shape, &text);
    const base_status status = BASE_FAIL(err, BASE_INVALID, "%s has samples of shape %s", path, base_buf_text(&text));
    base_buf_fini(&text);
    return status;
}

/* ---- tables ---- */

static base_status fail_at(const base_csv *csv, const base_csv_cell *cell, const char *sentence, base_err *err) {
    const base_yaml_node where = base_csv_where(csv, cell);
    return base_yaml_fail(&where, err, "'%s' %s", cell->text, sentence);
}

/* columns[j]: that of feature j. */
static base_status find_columns(const base_csv *csv, const eng_samples_wanted *wanted, size_t features, size_t *columns,
                                base_err *err) {
    for (size_t j = 0; j < features; j++) {
        columns[j] = j;
        if (wanted->feature_names != NULL) BASE_TRY(base_csv_column(csv, wanted->feature_names[j], &columns[j], err));
    }
    if (wanted->feature_names != NULL || csv->n_columns == features || csv->n_columns == features + 1) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "%s has %zu columns; a sample has %zu numbers", csv->file, csv->n_columns,
                     features);
}

static base_status read_number(const base_csv *csv, size_t row, size_t column, float *out, base_err *err) {
    const base_csv_cell *cell = base_csv_at(csv, row, column);
    double number;
    if (!base_parse_double(cell->text, &number) || !(fabs(number) <= 3.4e38))
        return fail_at(csv, cell, "is not a finite 32-bit number, as a feature must be", err);
    *out = (float)number;
    return BASE_OK;
}

static base_status fill(const base_csv *csv, const size_t *columns, eng_dataset *set, base_err *err) {
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = 0; j < set->features; j++)
            BASE_TRY(read_number(csv, i, columns[j], &set->reals[i * set->features + j], err));
    return BASE_OK;
}

static base_status load_table(const char *path, const eng_samples_wanted *wanted, eng_dataset **out, base_err *err) {
    base_arena *arena = base_arena_create();
    const size_t features = eng_shape_count(&wanted->shape);
    size_t *columns = BASE_NEW_ARRAY(arena, features, size_t);
    base_csv csv;
    base_status status = base_csv_read(path, arena, &csv, err);
    if (status == BASE_OK && csv.n_rows == 0)
        status = BASE_FAIL(err, BASE_INVALID, "%s has no line of values below its names", path);
    if (status == BASE_OK) status = find_columns(&csv, wanted, features, columns, err);
    if (status == BASE_OK)
        status = eng_dataset_create(path, ENG_TARGET_NUMBERS, ENG_STORE_REALS, csv.n_rows, wanted->shape.ndim,
                                    wanted->shape.dim, out, err);
    if (status == BASE_OK) status = fill(&csv, columns, *out, err);
    base_arena_destroy(arena);
    return status;
}

/* ---- kinds ---- */

/* Two zero bytes, which no text begins with. */
static base_status begins_like_idx(const char *path, bool *idx, base_err *err) {
    base_buf bytes = {0};
    const base_status status = base_gz_read(path, 0, &bytes, err);
    *idx = status == BASE_OK && bytes.length >= 2 && bytes.data[0] == '\0' && bytes.data[1] == '\0';
    base_buf_fini(&bytes);
    return status;
}

static base_status load(const char *path, const eng_samples_wanted *wanted, eng_dataset **out, const char ***ids,
                        base_err *err) {
    struct stat info;
    bool idx;
    if (stat(path, &info) != 0) return BASE_FAIL(err, BASE_NOTFOUND, "there is no file or folder %s", path);
    if (S_ISDIR(info.st_mode)) return eng_png_samples(path, wanted, out, ids, err);
    BASE_TRY(begins_like_idx(path, &idx, err));
    return idx ? eng_idx_samples(path, wanted, out, err) : load_table(path, wanted, out, err);
}

base_status eng_samples_load(const char *path, const eng_samples_wanted *wanted, eng_dataset **out, const char ***ids,
                             base_err *err) {
    *out = NULL;
    *ids = NULL;
    const base_status status = load(path, wanted, out, ids, err);
    if (status == BASE_OK) return BASE_OK;
    eng_dataset_destroy(*out);
    *out = NULL;
    return status;
}

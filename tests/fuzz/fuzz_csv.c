/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables: as cells, as a data set, as samples, and as configurations to begin with. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "engine/data/csv.h"
#include "engine/data/samples.h"
#include "hpo/study/try_first.h"
#include "tests/fuzz/datasets.h"
#include "tests/fuzz/fuzz.h"

static void read_cells(const uint8_t *data, size_t size) {
    base_arena *arena = base_arena_create();
    char *text = base_malloc(size + 1);
    base_csv csv;
    base_err err = {0};
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    if (base_csv_parse("fuzz.csv", text, size, arena, &csv, &err) == BASE_OK) {
        for (size_t row = 0; row < csv.n_rows; row++) {
            double real;
            int64_t integer;
            for (size_t column = 0; column < csv.n_columns; column++) {
                if (base_csv_number(&csv, row, column, &real, &err) != BASE_OK) BASE_ASSERT(err.text[0] != '\0');
                if (base_csv_integer(&csv, row, column, &integer, &err) != BASE_OK) BASE_ASSERT(err.text[0] != '\0');
            }
        }
    }
    free(text);
    base_yaml_node *list;
    if (hpo_try_first_parse(arena, "fuzz.csv", (const char *)data, size, &list, &err) == BASE_OK)
        BASE_ASSERT(list->kind == BASE_YAML_LIST);
    base_arena_destroy(arena);
}

static void read_set(const char *path, eng_target_hint target) {
    const eng_dataset_source source = {.path = path, .target_is = target};
    eng_dataset *set;
    base_err err = {0};
    if (eng_csv_load("fuzz", path, &source, &set, &err) != BASE_OK) return;
    fuzz_check_set(set);
    eng_dataset_destroy(set);
}

static void read_samples(const char *path, size_t features) {
    const eng_samples_wanted wanted = {.shape = {.ndim = 1, .dim = {features}}};
    eng_dataset *set;
    const char **ids;
    base_err err = {0};
    if (eng_samples_load(path, &wanted, &set, &ids, &err) != BASE_OK) return;
    fuzz_check_set(set);
    eng_dataset_destroy(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const unsigned choice = fuzz_choice(&data, &size);
    const char *path = fuzz_file("fuzz.csv", data, size);
    read_cells(data, size);
    read_set(path, choice % 3);
    read_samples(path, 1 + choice / 3 % 4);
    return 0;
}

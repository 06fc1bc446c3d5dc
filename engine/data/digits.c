/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handwritten digits, 8 x 8: the 1,797 test images of UCI's "Optical Recognition of Handwritten Digits" (E. Alpaydin,
 * C. Kaynak, 1998; CC BY 4.0), the set that scikit-learn's load_digits returns. Shipped: see
 * engine/data/sets/README.md. */
#include <string.h>

#include "engine/data/csv.h"
#include "engine/data/shipped.h"

enum { ROWS = 1797, SIDE = 8, CLASSES = 10, LARGEST = 16 };

/* The table's floats as the bytes of images. */
static base_status as_images(const char *path, const eng_dataset *table, eng_dataset **out, base_err *err) {
    const size_t shape[] = {SIDE, SIDE, 1};
    if (table->features != SIDE * SIDE || table->target != ENG_TARGET_CLASSES || table->classes != CLASSES ||
        table->count != ROWS)
        return BASE_FAIL(err, BASE_CORRUPT,
                         "%s has %zu lines of %zu features and %zu classes; the digits have %d, %d and %d", path,
                         table->count, table->features, table->classes, ROWS, SIDE * SIDE, CLASSES);
    BASE_TRY(eng_dataset_create("digits", ENG_TARGET_CLASSES, ENG_STORE_BYTES, table->count, 3, shape, out, err));
    for (size_t i = 0; i < table->count * table->features; i++) {
        float value = table->reals[i];
        if (!(value >= 0 && value <= LARGEST))
            return BASE_FAIL(err, BASE_CORRUPT, "%s holds %g; a pixel is 0 to %d", path, (double)value, LARGEST);
        (*out)->bytes[i] = (uint8_t)value;
    }
    memcpy((*out)->labels, table->labels, table->count * sizeof *table->labels);
    eng_dataset_name_classes(*out, table->class_names, table->classes);
    return BASE_OK;
}

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    base_buf path = {0};
    eng_dataset *table = NULL;
    const eng_dataset_source csv = {.target_is = ENG_TARGET_AS_CLASSES};
    base_status status = BASE_OK;
    *out = NULL;
    if (source->path)
        base_buf_puts(&path, source->path);
    else
        status = eng_shipped_find("digits.csv.gz", &path, err);
    if (status == BASE_OK) status = eng_csv_load("digits", path.data, &csv, &table, err);
    if (status == BASE_OK) status = as_images(path.data, table, out, err);
    eng_dataset_destroy(table);
    base_buf_fini(&path);
    if (status != BASE_OK) {
        eng_dataset_destroy(*out);
        *out = NULL;
    }
    return status;
}

const eng_dataset_type eng_dataset_digits = {
    .name = "digits",
    .summary = "1,797 handwritten digits, 8 x 8, 10 classes (UCI optdigits, as in scikit-learn); shipped",
    .load = load,
};

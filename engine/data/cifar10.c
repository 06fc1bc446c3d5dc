/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CIFAR-10 in its binary form: 50,000 + 10,000 colour images of 32 x 32 in ten classes.
 *
 * A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; https://www.cs.toronto.edu/~kriz. The
 * set may not be shipped, so there is no default place. A record is a label byte and three planes of 1,024 bytes (red,
 * green, blue); a pixel's channels are put together here, as every other image has them. Batches may be absent or
 * shortened, for sets made in this format. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gzfile.h"
#include "engine/data/dataset.h"

enum { SIDE = 32, PIXELS = SIDE * SIDE, CHANNELS = 3, RECORD = 1 + CHANNELS * PIXELS, CLASSES = 10, BATCHES = 6 };

static const char *const files[BATCHES] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                           "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};
static const char *const classes[CLASSES] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                             "dog",      "frog",       "horse", "ship", "truck"};

/* Reads a batch, plain or with .gz; nothing when there is none. */
static base_status read_batch(const char *folder, const char *file, base_buf *out, base_err *err) {
    base_buf path = {0};
    base_buf_printf(&path, "%s/%s", folder, file);
    if (access(path.data, F_OK) != 0) base_buf_puts(&path, ".gz");
    base_status status = BASE_OK;
    if (access(path.data, F_OK) == 0) {
        status = base_gz_read(path.data, 0, out, err);
        if (status == BASE_OK && (out->length % RECORD != 0 || out->length == 0))
            status = BASE_FAIL(err, BASE_CORRUPT, "%s holds %zu bytes; CIFAR-10 has records of %d", path.data,
                               out->length, RECORD);
    }
    base_buf_fini(&path);
    return status;
}

static base_status copy_batch(const base_buf *batch, const char *file, eng_dataset *set, size_t at, base_err *err) {
    const uint8_t *record = (const uint8_t *)batch->data;
    for (size_t i = 0; i < batch->length / RECORD; i++, record += RECORD) {
        if (record[0] >= CLASSES)
            return BASE_FAIL(err, BASE_CORRUPT, "%s: image %zu has label %u; CIFAR-10 has 0 to %d", file, i, record[0],
                             CLASSES - 1);
        uint8_t *image = set->bytes + (at + i) * set->features;
        set->labels[at + i] = record[0];
        for (size_t p = 0; p < PIXELS; p++)
            for (size_t c = 0; c < CHANNELS; c++) image[p * CHANNELS + c] = record[1 + c * PIXELS + p];
    }
    return BASE_OK;
}

static base_status join(const base_buf batches[BATCHES], const char *folder, eng_dataset **out, base_err *err) {
    const size_t shape[] = {SIDE, SIDE, CHANNELS};
    size_t count = 0, at = 0, test = batches[BATCHES - 1].length / RECORD;
    for (size_t b = 0; b < BATCHES; b++) count += batches[b].length / RECORD;
    if (count == test)
        return BASE_FAIL(err, BASE_NOTFOUND, "there is no %s in %s; unpack cifar-10-binary.tar.gz and name its folder",
                         files[0], folder);
    BASE_TRY(eng_dataset_create("cifar10", ENG_TARGET_CLASSES, ENG_STORE_BYTES, count, 3, shape, out, err));
    for (size_t b = 0; b < BATCHES; b++) {
        BASE_TRY(copy_batch(&batches[b], files[b], *out, at, err));
        at += batches[b].length / RECORD;
    }
    (*out)->test_count = test;
    eng_dataset_name_classes(*out, classes, CLASSES);
    return BASE_OK;
}

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    base_buf batches[BATCHES] = {0};
    struct stat info;
    *out = NULL;
    if (stat(source->path, &info) != 0 || !S_ISDIR(info.st_mode))
        return BASE_FAIL(err, BASE_NOTFOUND, "%s is no folder; path is the one that holds %s", source->path, files[0]);
    base_status status = BASE_OK;
    for (size_t b = 0; b < BATCHES && status == BASE_OK; b++)
        status = read_batch(source->path, files[b], &batches[b], err);
    if (status == BASE_OK) status = join(batches, source->path, out, err);
    for (size_t b = 0; b < BATCHES; b++) base_buf_fini(&batches[b]);
    if (status != BASE_OK) {
        eng_dataset_destroy(*out);
        *out = NULL;
    }
    return status;
}

const eng_dataset_type eng_dataset_cifar10 = {
    .name = "cifar10",
    .summary = "60,000 colour images, 32 x 32, 10 classes: path is the folder of its binary version",
    .needs_path = true,
    .load = load,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Image sets in the IDX format: two bytes with the length of the images' file, that file, and the labels' file. */
#include "engine/data/idx.h"
#include "engine/data/samples.h"
#include "tests/fuzz/datasets.h"
#include "tests/fuzz/fuzz.h"

static void read_samples(const char *path) {
    const eng_samples_wanted wanted = {.shape = {.ndim = 3, .dim = {3, 4, 1}}};
    eng_dataset *set;
    const char **ids;
    base_err err = {0};
    if (eng_samples_load(path, &wanted, &set, &ids, &err) != BASE_OK) return;
    fuzz_check_set(set);
    eng_dataset_destroy(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t length = fuzz_choice(&data, &size);
    length += 256 * fuzz_choice(&data, &size);
    if (length > size) length = size;
    const char *images = fuzz_file("train-images-idx3-ubyte", data, length);
    fuzz_file("train-labels-idx1-ubyte", data + length, size - length);
    eng_dataset *set;
    base_err err = {0};
    if (eng_idx_load("fuzz", images, NULL, 0, &set, &err) == BASE_OK) {
        fuzz_check_set(set);
        eng_dataset_destroy(set);
    } else {
        BASE_ASSERT(err.text[0] != '\0');
    }
    if (eng_idx_load("fuzz", fuzz_folder(), NULL, 0, &set, &err) == BASE_OK) eng_dataset_destroy(set);
    read_samples(images);
    return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PNG images as samples. */
#include <stdlib.h>
#include <string.h>

#include "base/gzfile.h"
#include "engine/data/samples.h"
#include "tests/fuzz/datasets.h"
#include "tests/fuzz/fuzz.h"

static uint32_t get_u32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Every chunk's checksum as it should be. */
static void mend(uint8_t *bytes, size_t size) {
    enum { SIGNATURE = 8, TYPE = 4, SUM = 4 };
    size_t at = SIGNATURE;
    while (size >= at + 4 + TYPE + SUM) {
        const size_t length = get_u32(bytes + at);
        if (length > size - at - 4 - TYPE - SUM) return;
        uint8_t *sum = bytes + at + 4 + TYPE + length;
        const uint32_t crc = base_crc32(0, bytes + at + 4, TYPE + length);
        for (int i = 0; i < 4; i++) sum[i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 4 + TYPE + length + SUM;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const unsigned choice = fuzz_choice(&data, &size);
    const eng_samples_wanted wanted = {.shape = {.ndim = 3, .dim = {5, 7, choice & 2 ? 3 : 1}}};
    uint8_t *bytes = base_malloc(size > 0 ? size : 1);
    if (size > 0) memcpy(bytes, data, size);
    if (choice & 1) mend(bytes, size);
    fuzz_file("image.png", bytes, size);
    eng_dataset *set;
    const char **ids;
    base_err err = {0};
    if (eng_png_samples(fuzz_folder(), &wanted, &set, &ids, &err) == BASE_OK) {
        fuzz_check_set(set);
        BASE_ASSERT(set->count == 1 && strcmp(ids[0], "image.png") == 0);
        eng_dataset_destroy(set);
    } else {
        BASE_ASSERT(err.text[0] != '\0');
    }
    free(bytes);
    return 0;
}

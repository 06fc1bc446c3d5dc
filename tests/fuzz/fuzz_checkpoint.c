/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checkpoints: files of sections, read by a training that would go on and by a predictor that would answer. */
#include <stdlib.h>
#include <string.h>

#include "base/gzfile.h"
#include "engine/train/predictor.h"
#include "engine/train/trainer.h"
#include "tests/fuzz/fuzz.h"

/* The seeds in tests/fuzz/corpus/checkpoint are trainings of it and of others. */
static const char recipe_text[] = "{dataset: blobs, hidden: [2], norm: batch, optimizer: adam, ema: 0.9, "
                                  "early_stopping: 5, epochs: 3, batch_size: 200}";

static eng_trainer *trainer(void) {
    static eng_trainer *made;
    static eng_recipe recipe;
    static base_arena *arena;
    if (made) return made;
    arena = base_arena_create();
    base_yaml_node *map;
    base_err err = {0};
    static eng_dataset *set;
    static eng_view *view;
    BASE_ASSERT(base_yaml_parse(arena, "recipe", recipe_text, sizeof recipe_text - 1, &map, &err) == BASE_OK);
    BASE_ASSERT(eng_recipe_read(map, eng_networks, arena, &recipe, &err) == BASE_OK);
    BASE_ASSERT(eng_data_load(&recipe.data, NULL, &set, &err) == BASE_OK);
    const eng_view_settings settings = eng_data_view(&recipe.data);
    BASE_ASSERT(eng_view_create(set, &settings, &view, &err) == BASE_OK);
    BASE_ASSERT(eng_trainer_create(&recipe, view, &made, &err) == BASE_OK);
    return made;
}

static void put_u32(uint8_t *at, uint32_t value) {
    memcpy(at, &value, sizeof value);
}

/* Length and checksums of file and sections as they should be: else no input would get past them. The layout is that of
 * engine/train/sections.c. */
static void mend(uint8_t *bytes, size_t size) {
    enum { HEADER = 32, LENGTH = 16, COUNT = 24, SUM = 28, HEAD = 56, HEAD_SUM = 44, HEAD_LENGTH = 48 };
    if (size < HEADER) return;
    uint32_t count;
    const uint64_t total = size;
    memcpy(&count, bytes + COUNT, sizeof count);
    memcpy(bytes + LENGTH, &total, sizeof total);
    put_u32(bytes + SUM, base_crc32(0, bytes, SUM));
    size_t at = HEADER;
    for (; count > 0 && size - at >= HEAD; count--) {
        uint64_t length;
        memcpy(&length, bytes + at + HEAD_LENGTH, sizeof length);
        if (length > size - at - HEAD) return;
        put_u32(bytes + at + HEAD_SUM, 0);
        put_u32(bytes + at + HEAD_SUM, base_crc32(0, bytes + at, HEAD + (size_t)length));
        at += HEAD + (size_t)length;
    }
}

static void answer(eng_predictor *predictor) {
    const eng_shape *shape = &predictor->sample;
    base_err err = {0};
    eng_dataset *set;
    if (eng_dataset_create("fuzz", ENG_TARGET_NUMBERS, ENG_STORE_REALS, 1, shape->ndim, shape->dim, &set, &err) !=
        BASE_OK)
        return;
    float *answers = base_calloc(predictor->answers, sizeof *answers);
    eng_predictor_answer(predictor, set, 0, 1, answers);
    free(answers);
    eng_dataset_destroy(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const unsigned choice = fuzz_choice(&data, &size);
    uint8_t *bytes = base_malloc(size > 0 ? size : 1);
    if (size > 0) memcpy(bytes, data, size);
    if (choice & 1) mend(bytes, size);
    const char *path = fuzz_file("checkpoint", bytes, size);
    base_err err = {0};
    eng_predictor *predictor;
    if (choice & 2) {
        if (eng_predictor_load(path, 4, &predictor, &err) == BASE_OK) {
            answer(predictor);
            eng_predictor_destroy(predictor);
        }
    } else if (eng_trainer_load(trainer(), path, &err) != BASE_OK) {
        BASE_ASSERT(err.text[0] != '\0');
    }
    free(bytes);
    return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The container of a data set: flat arrays, 64-byte aligned for the vector loop that gathers batches from them. */
#include "engine/data/dataset.h"

#include <stdlib.h>
#include <string.h>

/* count x features x size bytes, zeroed, or NULL when the product overflows or memory is short. */
static void *array(size_t count, size_t features, size_t size) {
    size_t cells, bytes;
    if (__builtin_mul_overflow(count, features, &cells) || __builtin_mul_overflow(cells, size, &bytes)) return NULL;
    if (bytes > SIZE_MAX - 63) return NULL;
    void *data = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (data) memset(data, 0, bytes);
    return data;
}

static base_status allocate(eng_dataset *set, eng_dataset_storage storage, base_err *err) {
    bool bytes = storage == ENG_STORE_BYTES, labels = set->target == ENG_TARGET_CLASSES;
    void *x = array(set->count, set->features, bytes ? sizeof *set->bytes : sizeof *set->reals);
    void *y = array(set->count, 1, labels ? sizeof *set->labels : sizeof *set->targets);
    set->bytes = bytes ? x : NULL;
    set->reals = bytes ? NULL : x;
    set->labels = labels ? y : NULL;
    set->targets = labels ? NULL : y;
    if (x && y) return BASE_OK;
    return BASE_FAIL(err, BASE_NOMEM, "no memory for data set %s: %zu samples of %zu features", set->name, set->count,
                     set->features);
}

base_status eng_dataset_create(const char *name, eng_target_kind target, eng_dataset_storage storage, size_t count,
                               size_t rank, const size_t *shape, eng_dataset **out, base_err *err) {
    BASE_ASSERT(rank >= 1 && rank <= ENG_DATASET_MAX_RANK);
    *out = NULL;
    if (count == 0 || count > UINT32_MAX)
        return BASE_FAIL(err, BASE_INVALID, "data set %s has %zu samples; 1 to 4294967295 are possible", name, count);
    size_t features = 1;
    for (size_t d = 0; d < rank; d++)
        if (shape[d] == 0 || __builtin_mul_overflow(features, shape[d], &features))
            return BASE_FAIL(err, BASE_INVALID, "data set %s: size %zu of a sample is %zu, which is not possible", name,
                             d + 1, shape[d]);
    base_arena *arena = base_arena_create();
    eng_dataset *set = BASE_NEW(arena, eng_dataset);
    set->arena = arena;
    set->name = base_arena_strdup(arena, name);
    set->target = target;
    set->count = count;
    set->rank = rank;
    memcpy(set->shape, shape, rank * sizeof *shape);
    set->features = features;
    base_status status = allocate(set, storage, err);
    if (status != BASE_OK) {
        eng_dataset_destroy(set);
        return status;
    }
    *out = set;
    return BASE_OK;
}

void eng_dataset_destroy(eng_dataset *set) {
    if (!set) return;
    free(set->bytes);
    free(set->reals);
    free(set->labels);
    free(set->targets);
    base_arena_destroy(set->arena);
}

size_t eng_dataset_bytes(const eng_dataset *set) {
    size_t x = set->bytes ? sizeof *set->bytes : sizeof *set->reals;
    size_t y = set->labels ? sizeof *set->labels : sizeof *set->targets;
    return set->count * (set->features * x + y);
}

void eng_dataset_name_classes(eng_dataset *set, const char *const *names, size_t classes) {
    set->classes = classes;
    set->class_names = BASE_NEW_ARRAY(set->arena, classes, const char *);
    for (size_t c = 0; c < classes; c++) set->class_names[c] = base_arena_strdup(set->arena, names[c]);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters laid out in one block of values and one of gradients.
 *
 * Decayed parameters of a group come first, so that "the weights" and "the rest" are two runs of memory and an update
 * is two calls of a vector kernel whatever the depth of the network. */
#include "engine/tensor/param.h"

#include <string.h>

#include "base/arena.h"

struct eng_params {
    base_arena *arena;
    size_t count;
    eng_param *items;
    eng_param_spec *specs;
    uint32_t groups;
    eng_param_range group[ENG_MAX_GROUPS];
    size_t size, trained, numbers;
    float *values, *gradients; /* one allocation */
};

/* Places those of a group whose flags are exactly `flags`. */
static size_t lay_out(eng_params *params, uint32_t group, unsigned flags, size_t offset) {
    for (size_t i = 0; i < params->count; i++) {
        eng_param *item = &params->items[i];
        if (item->flags != flags || item->group != group) continue;
        item->offset = offset;
        offset += eng_align_floats(item->count);
    }
    return offset;
}

static void lay_out_all(eng_params *params) {
    size_t offset = 0;
    for (uint32_t g = 0; g < params->groups; g++) {
        eng_param_range *range = &params->group[g];
        range->first = offset;
        range->decayed = lay_out(params, g, ENG_PARAM_DECAY, offset);
        range->end = offset = lay_out(params, g, 0, range->decayed);
    }
    params->trained = offset;
    for (uint32_t g = 0; g < params->groups; g++) offset = lay_out(params, g, ENG_PARAM_STATE, offset);
    params->size = offset;
}

/* Far beyond any machine, and small enough that no sum of sizes wraps around. */
#define MOST_NUMBERS ((size_t)1 << 44)

base_status eng_params_create(const eng_param_spec *specs, size_t count, eng_params **out, base_err *err) {
    *out = NULL;
    for (size_t i = 0, left = MOST_NUMBERS; i < count; i++) {
        size_t numbers = eng_shape_count(&specs[i].shape);
        if (numbers > left)
            return BASE_FAIL(err, BASE_NOMEM, "no memory for the %zu numbers of %s", numbers, specs[i].name);
        left -= numbers;
    }
    base_arena *arena = base_arena_create();
    eng_params *params = BASE_NEW(arena, eng_params);
    params->arena = arena;
    params->count = count;
    params->items = BASE_NEW_ARRAY(arena, count, eng_param);
    params->specs = BASE_NEW_ARRAY(arena, count, eng_param_spec);
    for (size_t i = 0; i < count; i++) {
        params->specs[i] = specs[i];
        params->specs[i].name = base_arena_strdup(arena, specs[i].name);
        params->items[i] = (eng_param){.name = params->specs[i].name,
                                       .shape = specs[i].shape,
                                       .count = eng_shape_count(&specs[i].shape),
                                       .flags = specs[i].flags,
                                       .group = specs[i].group};
        BASE_ASSERT(specs[i].flags <= ENG_PARAM_STATE && specs[i].group < ENG_MAX_GROUPS);
        if (specs[i].group >= params->groups) params->groups = specs[i].group + 1;
        if ((specs[i].flags & ENG_PARAM_STATE) == 0) params->numbers += params->items[i].count;
    }
    lay_out_all(params);

    void *blocks = NULL;
    const size_t step = eng_block_step(params->size);
    const base_status status = eng_alloc(2 * step * sizeof(float), &blocks, err);
    if (status != BASE_OK) {
        eng_params_destroy(params);
        return status;
    }
    params->values = blocks;
    params->gradients = params->values + step;
    *out = params;
    return BASE_OK;
}

void eng_params_destroy(eng_params *params) {
    if (params == NULL) return;
    eng_free(params->values);
    base_arena_destroy(params->arena);
}

void eng_params_init(eng_params *params, uint64_t seed) {
    memset(params->gradients, 0, params->size * sizeof(float));
    for (size_t i = 0; i < params->count; i++) {
        const eng_param_spec *spec = &params->specs[i];
        size_t count = params->items[i].count;
        float *out = params->values + params->items[i].offset;
        if (spec->init != NULL) {
            base_rng rng = base_rng_stream(seed, BASE_RNG_INIT, spec->layer, spec->slot);
            spec->init->fill(&rng, spec->fan_in, spec->fan_out, count, out);
        } else {
            for (size_t j = 0; j < count; j++) out[j] = spec->value;
        }
    }
}

size_t eng_params_count(const eng_params *params) {
    return params->count;
}

const eng_param *eng_params_at(const eng_params *params, size_t index) {
    BASE_ASSERT(index < params->count);
    return &params->items[index];
}

const eng_param *eng_params_find(const eng_params *params, const char *name) {
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->items[i].name, name) == 0) return &params->items[i];
    return NULL;
}

size_t eng_params_numbers(const eng_params *params) {
    return params->numbers;
}

uint32_t eng_params_groups(const eng_params *params) {
    return params->groups;
}

eng_param_range eng_params_group(const eng_params *params, uint32_t group) {
    BASE_ASSERT(group < ENG_MAX_GROUPS);
    return params->group[group];
}

size_t eng_params_size(const eng_params *params) {
    return params->size;
}

size_t eng_params_decayed(const eng_params *params) {
    return params->group[0].decayed;
}

size_t eng_params_trained(const eng_params *params) {
    return params->trained;
}

float *eng_params_values(const eng_params *params) {
    return params->values;
}

float *eng_params_gradients(const eng_params *params) {
    return params->gradients;
}

eng_tensor eng_params_view(const eng_params *params, size_t index, float *block) {
    const eng_param *item = eng_params_at(params, index);
    return (eng_tensor){.name = item->name, .shape = item->shape, .data = block + item->offset};
}

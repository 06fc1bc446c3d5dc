/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list of named parameters: all values in one aligned block, all gradients in another of the same layout, so that an
 * optimizer runs over them in a single pass and a checkpoint writes them in a single call.
 *
 * Every parameter starts on a 64-byte boundary; the padding between is zero in both blocks and stays zero. Groups lie
 * one behind the other; within a group, parameters that weight decay and penalties apply to come first. State that no
 * gradient trains comes last, behind all groups. All that whatever their order in the list. */
#ifndef ENG_PARAM_H
#define ENG_PARAM_H

#include <stdint.h>

#include "engine/tensor/init.h"
#include "engine/tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ENG_PARAM_DECAY = 1u, /* weight decay and L1/L2 penalties apply (weights yes; biases and slopes no) */
    ENG_PARAM_STATE = 2u, /* no gradient: forward in training writes it (running statistics); saved like a weight */
};

/* What trains on its own, with an optimizer of its own: weights are group 0, architecture parameters another. */
#define ENG_MAX_GROUPS 3

/* A parameter's place in its list. */
typedef uint32_t eng_param_id;
#define ENG_NO_PARAM UINT32_MAX

/* What a layer asks for. */
typedef struct eng_param_spec {
    const char *name; /* in full: "dense1.weight" */
    eng_shape shape;
    unsigned flags;
    uint32_t group;       /* below ENG_MAX_GROUPS */
    const eng_init *init; /* NULL: every element is `value` */
    float value;
    size_t fan_in, fan_out; /* for init */
    uint32_t layer, slot;   /* the random stream of its initial values: (seed, BASE_RNG_INIT, layer, slot) */
} eng_param_spec;

typedef struct eng_param {
    const char *name;
    eng_shape shape;
    size_t count;  /* elements */
    size_t offset; /* floats from the start of either block */
    unsigned flags;
    uint32_t group;
} eng_param;

/* A group's trained numbers in either block: floats first .. end - 1, padding included, of which first .. decayed - 1
 * carry ENG_PARAM_DECAY. */
typedef struct eng_param_range {
    size_t first, decayed, end;
} eng_param_range;

typedef struct eng_params eng_params;

#define ENG_UPDATER_BLOCKS 3

/* Who changes parameters as soon as their gradient is known, which then need not be kept: n of them, from w in the
 * block of values on, by the gradient g. Several threads may apply different parts at the same time. */
typedef struct eng_updater {
    void (*apply)(void *self, const float *w, size_t n, const float *g);
    void *self;
    uint32_t group;                         /* whose parameters it changes */
    const float *block[ENG_UPDATER_BLOCKS]; /* what it changes: the values and blocks of their layout; NULL: fewer */
} eng_updater;

/* Lays out `count` parameters and allocates both blocks, zeroed. BASE_NOMEM. */
BASE_CHECK base_status eng_params_create(const eng_param_spec *specs, size_t count, eng_params **out, base_err *err);
void eng_params_destroy(eng_params *params);
/* (Re)writes every value from the specs; gradients become zero. */
void eng_params_init(eng_params *params, uint64_t seed);

size_t eng_params_count(const eng_params *params);
const eng_param *eng_params_at(const eng_params *params, size_t index);
const eng_param *eng_params_find(const eng_params *params, const char *name); /* or NULL */
/* Trainable numbers, without padding and without state. */
size_t eng_params_numbers(const eng_params *params);

/* One more than the largest group; and the place of one. */
uint32_t eng_params_groups(const eng_params *params);
eng_param_range eng_params_group(const eng_params *params, uint32_t group);

/* The blocks: floats in each, padding included; the first `decayed` of them are those of group 0 that carry
 * ENG_PARAM_DECAY, those from `trained` on carry ENG_PARAM_STATE: their gradients are zero for ever, so that no
 * optimizer moves them. */
size_t eng_params_size(const eng_params *params);
size_t eng_params_decayed(const eng_params *params);
size_t eng_params_trained(const eng_params *params);
float *eng_params_values(const eng_params *params);
float *eng_params_gradients(const eng_params *params);
/* One parameter seen in a block of this layout (values, gradients, or an optimizer's slot). */
eng_tensor eng_params_view(const eng_params *params, size_t index, float *block);

#ifdef __cplusplus
}
#endif
#endif

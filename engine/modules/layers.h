/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network as a list of layers in YAML: what a study file says of it, and the graph that it means.
 *
 *     - {conv: 16, kernel: 3, norm: batch}
 *     - {repeat: 2, layers: [{residual: [{conv: 16}, {conv: 16, activation: linear}]}, {pool: max}]}
 *     - global_pool
 *
 * The first key of a layer names its kind and holds its main value; the others are options with defaults. A kind that
 * needs no value may be written as a bare word; one whose value is null is left out. */
#ifndef ENG_LAYERS_H
#define ENG_LAYERS_H

#include "base/options.h"
#include "engine/modules/net.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eng_layer eng_layer;

typedef struct eng_layers {
    const eng_layer *items;
    size_t count;
} eng_layers;

typedef enum eng_layer_parts {
    ENG_LAYER_PLAIN,
    ENG_LAYER_LIST,  /* the option `layers` is a list of layers */
    ENG_LAYER_LISTS, /* the main option is a list of such lists */
} eng_layer_parts;

/* A kind of layer: one descriptor, one line in layer_kinds.h. */
typedef struct eng_layer_kind {
    const char *name, *summary;
    const base_option *options; /* the first has the kind's name */
    size_t size;                /* of the struct that they are read into */
    eng_layer_parts parts;
    const char *layers;                                    /* the option that holds them */
    base_status (*resolve)(void *settings, base_err *err); /* what a table cannot read; BASE_INVALID; or NULL */
    base_status (*build)(eng_net *net, const eng_layer *layer);
} eng_layer_kind;

struct eng_layer {
    const eng_layer_kind *kind;
    const base_yaml_node *where;
    size_t number; /* in its list, from 1 */
    const void *settings;
    const eng_layers *parts; /* LIST: one, LISTS: count of them */
    size_t n_parts;
};

extern const eng_layer_kind *const eng_layer_kinds[]; /* NULL-terminated */

/* Everything lives in arena or in list's tree. BASE_INVALID with position. */
BASE_CHECK base_status eng_layers_read(const base_yaml_node *list, base_arena *arena, eng_layers *out, base_err *err);
/* Puts them on the end of net. BASE_INVALID names position, number and kind of the layer that does not fit. */
BASE_CHECK base_status eng_layers_build(const eng_layers *layers, eng_net *net);
/* The kinds and their options, for --help. */
void eng_layers_help(base_buf *out);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kinds of layers, one line each, and what their option tables share. */
#ifndef ENG_LAYER_KINDS_H
#define ENG_LAYER_KINDS_H

#include "engine/modules/layers.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENG_LAYER_LIST_OF_KINDS(X)                                                                                     \
    X(conv)                                                                                                            \
    X(depthwise)                                                                                                       \
    X(separable)                                                                                                       \
    X(spatially_separable)                                                                                             \
    X(transposed)                                                                                                      \
    X(conv3d)                                                                                                          \
    X(pool)                                                                                                            \
    X(global_pool)                                                                                                     \
    X(upsample)                                                                                                        \
    X(norm_alone)                                                                                                      \
    X(dense)                                                                                                           \
    X(dropout)                                                                                                         \
    X(activation)                                                                                                      \
    X(flatten)                                                                                                         \
    X(reshape)                                                                                                         \
    X(repeat)                                                                                                          \
    X(residual)                                                                                                        \
    X(concat)                                                                                                          \
    X(add)

#define ENG_LAYER_EXTERN(id) extern const eng_layer_kind eng_layer_##id;
ENG_LAYER_LIST_OF_KINDS(ENG_LAYER_EXTERN)
#undef ENG_LAYER_EXTERN

/* What comes behind the linear part of a layer. */
typedef struct eng_layer_end {
    int norm;       /* index into eng_layer_norms */
    int activation; /* index into eng_layer_activations */
} eng_layer_end;

extern const char *const eng_layer_norms[];       /* "default", "none", "batch", "layer" */
extern const char *const eng_layer_activations[]; /* "default", then eng_activation_names */

eng_norm eng_layer_norm_of(const eng_net *net, int choice);
const eng_op *eng_layer_activation_of(const eng_net *net, int choice);

/* The two lines of an option table for a field `end` of type eng_layer_end. */
#define ENG_LAYER_END_OPTIONS(type)                                                                                    \
    {.name = "norm",                                                                                                   \
     .kind = BASE_OPTION_CHOICE,                                                                                       \
     .offset = offsetof(type, end.norm),                                                                               \
     .choices = eng_layer_norms,                                                                                       \
     .fallback = "default",                                                                                            \
     .help = "default = the setting norm of the network"},                                                             \
    {                                                                                                                  \
        .name = "activation", .kind = BASE_OPTION_CHOICE, .offset = offsetof(type, end.activation),                    \
        .choices = eng_layer_activations, .fallback = "default",                                                       \
        .help = "default = the setting activation of the network"                                                      \
    }

#ifdef __cplusplus
}
#endif
#endif

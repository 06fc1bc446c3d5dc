/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers of one step: dense, dropout, activation, flatten. */
#include "engine/modules/layer_kinds.h"

#define FIELD(type, name) .offset = offsetof(type, name)

const char *const eng_layer_norms[] = {"default", "none", "batch", "layer", NULL};
const char *const eng_layer_activations[] = {
    "default",
#define NAME(id) #id,
    ENG_ACTIVATION_LIST(NAME)
#undef NAME
        NULL,
};

eng_norm eng_layer_norm_of(const eng_net *net, int choice) {
    return choice == 0 ? net->config->norm : (eng_norm)(choice - 1);
}

const eng_op *eng_layer_activation_of(const eng_net *net, int choice) {
    return choice == 0 ? eng_net_activation(net) : eng_op_find(eng_layer_activations[choice]);
}

/* ---- dense ---- */

typedef struct dense_settings {
    int64_t width;
    eng_layer_end end;
} dense_settings;

static const base_option dense_options[] = {
    {.name = "dense",
     .kind = BASE_OPTION_INT,
     FIELD(dense_settings, width),
     .fallback = BASE_REQUIRED,
     .min = 1,
     .max = 1 << 20,
     .help = "units; reads images as rows of numbers"},
    ENG_LAYER_END_OPTIONS(dense_settings),
    BASE_OPTIONS_END,
};

static base_status build_dense(eng_net *net, const eng_layer *layer) {
    const dense_settings *s = layer->settings;
    /* The network's normalisation is one for convolutions: a dense layer has one when it says so. */
    eng_norm norm = s->end.norm == 0 ? ENG_NORM_NONE : eng_layer_norm_of(net, s->end.norm);
    return eng_net_dense(net, (size_t)s->width, norm, eng_layer_activation_of(net, s->end.activation), NULL);
}

const eng_layer_kind eng_layer_dense = {
    .name = "dense",
    .summary = "fully connected units",
    .options = dense_options,
    .size = sizeof(dense_settings),
    .build = build_dense,
};

/* ---- dropout ---- */

typedef struct dropout_settings {
    double rate;
} dropout_settings;

static const base_option dropout_options[] = {
    {.name = "dropout",
     .kind = BASE_OPTION_REAL,
     FIELD(dropout_settings, rate),
     .fallback = BASE_REQUIRED,
     .min = 0,
     .max = 1,
     .open_max = true,
     .help = "probability that a number is zeroed in training"},
    BASE_OPTIONS_END,
};

static base_status build_dropout(eng_net *net, const eng_layer *layer) {
    return eng_net_dropout(net, ((const dropout_settings *)layer->settings)->rate);
}

const eng_layer_kind eng_layer_dropout = {
    .name = "dropout",
    .summary = "a random share of numbers becomes zero in training",
    .options = dropout_options,
    .size = sizeof(dropout_settings),
    .build = build_dropout,
};

/* ---- activation ---- */

typedef struct activation_settings {
    int activation;
} activation_settings;

static const base_option activation_options[] = {
    {.name = "activation",
     .kind = BASE_OPTION_CHOICE,
     FIELD(activation_settings, activation),
     .fallback = "default",
     .choices = eng_layer_activations,
     .help = "default = the setting activation of the network"},
    BASE_OPTIONS_END,
};

static base_status build_activation(eng_net *net, const eng_layer *layer) {
    const activation_settings *s = layer->settings;
    return eng_net_activate(net, eng_layer_activation_of(net, s->activation));
}

const eng_layer_kind eng_layer_activation = {
    .name = "activation",
    .summary = "an activation by itself",
    .options = activation_options,
    .size = sizeof(activation_settings),
    .build = build_activation,
};

/* ---- flatten ---- */

typedef struct flatten_settings {
    bool flatten;
} flatten_settings;

static const base_option flatten_options[] = {
    {.name = "flatten",
     .kind = BASE_OPTION_BOOL,
     FIELD(flatten_settings, flatten),
     .fallback = "true",
     .help = "false leaves the shape"},
    BASE_OPTIONS_END,
};

static base_status build_flatten(eng_net *net, const eng_layer *layer) {
    const flatten_settings *s = layer->settings;
    if (!s->flatten || eng_net_shape(net)->ndim == 1) return BASE_OK;
    return eng_net_apply(net, &eng_op_reshape, NULL, NULL);
}

const eng_layer_kind eng_layer_flatten = {
    .name = "flatten",
    .summary = "an image becomes a row of numbers",
    .options = flatten_options,
    .size = sizeof(flatten_settings),
    .build = build_flatten,
};

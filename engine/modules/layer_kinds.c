/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers of one step: dense, dropout, activation, flatten, reshape. */
#include "engine/modules/layer_kinds.h"

#define FIELD(type, name) .offset = offsetof(type, name)

const char *const eng_layer_norms[] = {"default", "none", "batch", "layer", NULL};
const char *const eng_layer_activations[] = {
    "default",
#define NAME(id)          #id,
#define MAP_NAME(id, ...) NAME(id)
    ENG_ACTIVATION_LIST(NAME, MAP_NAME)
#undef NAME
#undef MAP_NAME
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
    /* The network's normalization is one for convolutions: a dense layer has one when it says so. */
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
    .summary = "a random fraction of numbers becomes zero in training",
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
     .synonyms = ENG_ACTIVATION_SYNONYMS,
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

/* ---- reshape ---- */

enum { MOST_SIZES = 4 };

typedef struct reshape_settings {
    const base_yaml_node *sizes;
    eng_shape shape;
} reshape_settings;

static const base_option reshape_options[] = {
    {.name = "reshape",
     .kind = BASE_OPTION_NODE,
     FIELD(reshape_settings, sizes),
     .fallback = BASE_REQUIRED,
     .shape = "list of 1 to 4 sizes",
     .help = "[numbers], [height, width, channels] or [depth, height, width, channels]; as many numbers as before"},
    BASE_OPTIONS_END,
};

static base_status resolve_reshape(void *settings, base_err *err) {
    static const base_option each = {
        .name = "a size", .kind = BASE_OPTION_INT, .fallback = BASE_REQUIRED, .min = 1, .max = 1 << 20};
    reshape_settings *s = settings;
    const base_yaml_node *list = s->sizes;
    double numbers = 1.0;
    if (list->kind != BASE_YAML_LIST || list->count == 0 || list->count > MOST_SIZES)
        return base_yaml_fail(list, err, "reshape must be a list of 1 to %d sizes, like [8, 8, 8, 1]", MOST_SIZES);
    for (size_t i = 0; i < list->count; i++) {
        BASE_TRY(base_option_check(&each, list->items[i], err));
        s->shape.dim[s->shape.ndim++] = (size_t)list->items[i]->integer;
        numbers *= (double)list->items[i]->integer;
    }
    if (numbers <= 1LL << 40) return BASE_OK;
    return base_yaml_fail(list, err, "reshape to %g numbers is too large", numbers);
}

static base_status build_reshape(eng_net *net, const eng_layer *layer) {
    const eng_reshape_config config = {.shape = ((const reshape_settings *)layer->settings)->shape};
    return eng_net_apply(net, &eng_op_reshape, &config, NULL);
}

const eng_layer_kind eng_layer_reshape = {
    .name = "reshape",
    .summary = "the same numbers in another shape, such as a volume",
    .options = reshape_options,
    .size = sizeof(reshape_settings),
    .resolve = resolve_reshape,
    .build = build_reshape,
};

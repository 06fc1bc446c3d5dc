/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers made of layers: repeat, residual, concat, add.
 *
 * A branch is a list of layers that reads what the block reads; an empty one is the value itself. U-Net's skips are
 * concats of an empty branch and one that goes down and up again (O. Ronneberger et al., MICCAI 2015), DenseNet's are
 * concats of an empty branch and a convolution (G. Huang et al., CVPR 2017). */
#include "engine/modules/layer_kinds.h"

#define FIELD(type, name) .offset = offsetof(type, name)

/* ---- repeat ---- */

typedef struct repeat_settings {
    int64_t times;
    const base_yaml_node *layers;
} repeat_settings;

static const base_option repeat_options[] = {
    {.name = "repeat",
     .kind = BASE_OPTION_INT,
     FIELD(repeat_settings, times),
     .fallback = BASE_REQUIRED,
     .min = 0,
     .max = 1000,
     .help = "how many times; 0 = not at all"},
    {.name = "layers",
     .kind = BASE_OPTION_NODE,
     FIELD(repeat_settings, layers),
     .fallback = BASE_REQUIRED,
     .shape = "list of layers",
     .help = "what is repeated, with weights of its own each time"},
    BASE_OPTIONS_END,
};

static base_status build_repeat(eng_net *net, const eng_layer *layer) {
    const repeat_settings *s = layer->settings;
    for (int64_t i = 0; i < s->times; i++) BASE_TRY(eng_layers_build(&layer->parts[0], net));
    return BASE_OK;
}

const eng_layer_kind eng_layer_repeat = {
    .name = "repeat",
    .summary = "layers, several times",
    .options = repeat_options,
    .size = sizeof(repeat_settings),
    .parts = ENG_LAYER_LIST,
    .layers = "layers",
    .build = build_repeat,
};

/* ---- residual ---- */

typedef struct residual_settings {
    const base_yaml_node *layers;
    double drop_path;
    eng_layer_end end;
} residual_settings;

static const base_option residual_options[] = {
    {.name = "residual",
     .kind = BASE_OPTION_NODE,
     FIELD(residual_settings, layers),
     .fallback = BASE_REQUIRED,
     .shape = "list of layers",
     .help = "f in x + f(x); x is projected where f changes its shape"},
    {.name = "norm",
     .kind = BASE_OPTION_CHOICE,
     FIELD(residual_settings, end.norm),
     .choices = eng_layer_norms,
     .fallback = "default",
     .help = "of the projection; default = the setting norm of the network"},
    {.name = "activation",
     .kind = BASE_OPTION_CHOICE,
     FIELD(residual_settings, end.activation),
     .choices = eng_layer_activations,
     .synonyms = ENG_ACTIVATION_SYNONYMS,
     .fallback = "linear",
     .help = "of the sum"},
    {.name = "drop_path",
     .kind = BASE_OPTION_REAL,
     FIELD(residual_settings, drop_path),
     .fallback = "0",
     .min = 0,
     .max = 1,
     .open_max = true,
     .help = "probability that f is left out for a sample in training"},
    BASE_OPTIONS_END,
};

static base_status build_residual(eng_net *net, const eng_layer *layer) {
    const residual_settings *s = layer->settings;
    const eng_value before = net->at;
    BASE_TRY(eng_layers_build(&layer->parts[0], net));
    return eng_net_residual(net, before, s->drop_path, eng_layer_norm_of(net, s->end.norm),
                            eng_layer_activation_of(net, s->end.activation));
}

const eng_layer_kind eng_layer_residual = {
    .name = "residual",
    .summary = "layers whose output is added to their input",
    .options = residual_options,
    .size = sizeof(residual_settings),
    .parts = ENG_LAYER_LIST,
    .layers = "residual",
    .build = build_residual,
};

/* ---- concat, add ---- */

typedef struct branch_settings {
    const base_yaml_node *branches;
    int activation;
} branch_settings;

/* All branches, of the same input; at least one. */
static base_status build_branches(eng_net *net, const eng_layer *layer, eng_value ends[ENG_OP_MAX_INPUTS]) {
    const eng_value before = net->at;
    if (layer->n_parts == 0 || layer->n_parts > ENG_OP_MAX_INPUTS)
        return BASE_FAIL(net->err, BASE_INVALID, "it has %zu branches; 1 to %d are possible", layer->n_parts,
                         ENG_OP_MAX_INPUTS);
    for (size_t i = 0; i < layer->n_parts; i++) {
        net->at = before;
        BASE_TRY(eng_layers_build(&layer->parts[i], net));
        ends[i] = net->at;
    }
    return BASE_OK;
}

static const base_option concat_options[] = {
    {.name = "concat",
     .kind = BASE_OPTION_NODE,
     FIELD(branch_settings, branches),
     .fallback = BASE_REQUIRED,
     .shape = "list of lists of layers",
     .help = "branches; an empty one is the input itself"},
    BASE_OPTIONS_END,
};

static base_status build_concat(eng_net *net, const eng_layer *layer) {
    eng_value ends[ENG_OP_MAX_INPUTS];
    BASE_TRY(build_branches(net, layer, ends));
    return eng_net_concat(net, ends, layer->n_parts);
}

const eng_layer_kind eng_layer_concat = {
    .name = "concat",
    .summary = "branches whose channels are put side by side",
    .options = concat_options,
    .size = sizeof(branch_settings),
    .parts = ENG_LAYER_LISTS,
    .layers = "concat",
    .build = build_concat,
};

static const base_option add_options[] = {
    {.name = "add",
     .kind = BASE_OPTION_NODE,
     FIELD(branch_settings, branches),
     .fallback = BASE_REQUIRED,
     .shape = "list of lists of layers",
     .help = "branches; an empty one is the input itself"},
    {.name = "activation",
     .kind = BASE_OPTION_CHOICE,
     FIELD(branch_settings, activation),
     .choices = eng_layer_activations,
     .synonyms = ENG_ACTIVATION_SYNONYMS,
     .fallback = "linear",
     .help = "of the sum"},
    BASE_OPTIONS_END,
};

static base_status build_add(eng_net *net, const eng_layer *layer) {
    const branch_settings *s = layer->settings;
    eng_value ends[ENG_OP_MAX_INPUTS];
    BASE_TRY(build_branches(net, layer, ends));
    return eng_net_add(net, ends, layer->n_parts, eng_layer_activation_of(net, s->activation));
}

const eng_layer_kind eng_layer_add = {
    .name = "add",
    .summary = "branches that are summed",
    .options = add_options,
    .size = sizeof(branch_settings),
    .parts = ENG_LAYER_LISTS,
    .layers = "add",
    .build = build_add,
};

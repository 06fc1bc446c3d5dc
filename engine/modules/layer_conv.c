/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Convolutions: conv, depthwise, separable, spatially_separable, transposed, conv3d. */
#include "engine/modules/layer_kinds.h"

#define FIELD(type, name) .offset = offsetof(type, name)

static const char *const paddings[] = {"same", "none", NULL};

typedef struct conv_settings {
    int64_t channels, dilation, groups;
    const base_yaml_node *kernel, *stride; /* a number, or a list with one for each direction */
    int padding;                           /* index into paddings */
    eng_layer_end end;
    size_t size[3], step[3]; /* kernel and stride as numbers: of eng_window */
} conv_settings;

enum { MOST_CHANNELS = 1 << 16, MOST_KERNEL = 15, MOST_STRIDE = 64, MOST_DILATION = 64 };

#define KERNEL_SHAPE "1 to 15"
#define STRIDE_SHAPE "1 to 64"
#define PAIR         " or [height, width]"
#define TRIPLE       " or [depth, height, width]"

#define CHANNELS_OPTION(word)                                                                                          \
    {                                                                                                                  \
        .name = word, .kind = BASE_OPTION_INT, FIELD(conv_settings, channels), .fallback = BASE_REQUIRED, .min = 1,    \
        .max = MOST_CHANNELS, .help = "channels of the output"                                                         \
    }
#define KERNEL_OPTION(word, value, sides)                                                                              \
    {                                                                                                                  \
        .name = word, .kind = BASE_OPTION_NODE, FIELD(conv_settings, kernel), .fallback = value,                       \
        .shape = KERNEL_SHAPE sides, .help = "pixels of the kernel in each direction"                                  \
    }
#define STRIDE_OPTION(value, sides, text)                                                                              \
    {                                                                                                                  \
        .name = "stride", .kind = BASE_OPTION_NODE, FIELD(conv_settings, stride), .fallback = value,                   \
        .shape = STRIDE_SHAPE sides, .help = text                                                                      \
    }
#define PLACE_OPTIONS(sides)                                                                                           \
    STRIDE_OPTION("1", sides, "pixels between two places of the kernel"),                                              \
        {.name = "dilation",                                                                                           \
         .kind = BASE_OPTION_INT,                                                                                      \
         FIELD(conv_settings, dilation),                                                                               \
         .fallback = "1",                                                                                              \
         .min = 1,                                                                                                     \
         .max = MOST_DILATION,                                                                                         \
         .help = "pixels between two points of the kernel"},                                                           \
    {                                                                                                                  \
        .name = "padding", .kind = BASE_OPTION_CHOICE, FIELD(conv_settings, padding), .fallback = "same",              \
        .choices = paddings, .help = "same: zeros around, so that stride 1 keeps the size"                             \
    }

static base_status read_sizes(const base_yaml_node *node, const char *name, double most, size_t directions,
                              size_t sizes[3], base_err *err) {
    const base_option each = {.name = name, .kind = BASE_OPTION_INT, .fallback = BASE_REQUIRED, .min = 1, .max = most};
    const bool list = node->kind == BASE_YAML_LIST && directions > 1;
    if (list && node->count != directions)
        return base_yaml_fail(node, err, "%s must be one number or a list of %zu, but the list has %zu", name,
                              directions, node->count);
    for (size_t i = 0; i < (list ? directions : 1); i++) {
        const base_yaml_node *item = list ? node->items[i] : node;
        BASE_TRY(base_option_check(&each, item, err));
        sizes[i] = (size_t)item->integer;
    }
    return BASE_OK;
}

static base_status resolve(conv_settings *s, const char *kernel, size_t directions, base_err *err) {
    BASE_TRY(read_sizes(s->kernel, kernel, MOST_KERNEL, directions, s->size, err));
    return read_sizes(s->stride, "stride", MOST_STRIDE, directions, s->step, err);
}

static base_status resolve_one(void *settings, base_err *err) {
    return resolve(settings, "kernel", 1, err);
}

static base_status resolve_pair(void *settings, base_err *err) {
    return resolve(settings, "kernel", 2, err);
}

static base_status resolve_depthwise(void *settings, base_err *err) {
    return resolve(settings, "depthwise", 2, err);
}

static base_status resolve_triple(void *settings, base_err *err) {
    return resolve(settings, "kernel", 3, err);
}

static eng_window window_of(const conv_settings *s) {
    eng_window window = {.dilation = (size_t)s->dilation, .same = s->padding == 0};
    for (size_t i = 0; i < 3; i++) {
        window.size[i] = s->size[i];
        window.stride[i] = s->step[i];
    }
    return window;
}

/* ---- conv ---- */

static const base_option conv_options[] = {
    CHANNELS_OPTION("conv"),
    KERNEL_OPTION("kernel", "3", PAIR),
    PLACE_OPTIONS(PAIR),
    {.name = "groups",
     .kind = BASE_OPTION_INT,
     FIELD(conv_settings, groups),
     .fallback = "1",
     .min = 1,
     .max = MOST_CHANNELS,
     .help = "parts of the channels that do not see each other"},
    ENG_LAYER_END_OPTIONS(conv_settings),
    BASE_OPTIONS_END,
};

static base_status build_conv(eng_net *net, const eng_layer *layer) {
    const conv_settings *s = layer->settings;
    const eng_window window = window_of(s);
    return eng_net_conv(net, (size_t)s->channels, &window, (size_t)s->groups, eng_layer_norm_of(net, s->end.norm),
                        eng_layer_activation_of(net, s->end.activation));
}

const eng_layer_kind eng_layer_conv = {
    .name = "conv",
    .summary = "convolution, normalization, activation",
    .options = conv_options,
    .size = sizeof(conv_settings),
    .resolve = resolve_pair,
    .build = build_conv,
};

/* ---- depthwise ---- */

static const base_option depthwise_options[] = {
    KERNEL_OPTION("depthwise", BASE_REQUIRED, PAIR),
    PLACE_OPTIONS(PAIR),
    ENG_LAYER_END_OPTIONS(conv_settings),
    BASE_OPTIONS_END,
};

static base_status build_depthwise(eng_net *net, const eng_layer *layer) {
    const conv_settings *s = layer->settings;
    const eng_window window = window_of(s);
    return eng_net_depthwise(net, &window, eng_layer_norm_of(net, s->end.norm),
                             eng_layer_activation_of(net, s->end.activation));
}

const eng_layer_kind eng_layer_depthwise = {
    .name = "depthwise",
    .summary = "a convolution of each channel by itself; its value is the kernel",
    .options = depthwise_options,
    .size = sizeof(conv_settings),
    .resolve = resolve_depthwise,
    .build = build_depthwise,
};

/* ---- separable ---- */

static const base_option separable_options[] = {
    CHANNELS_OPTION("separable"),
    KERNEL_OPTION("kernel", "3", PAIR),
    PLACE_OPTIONS(PAIR),
    ENG_LAYER_END_OPTIONS(conv_settings),
    BASE_OPTIONS_END,
};

static base_status build_separable(eng_net *net, const eng_layer *layer) {
    const conv_settings *s = layer->settings;
    const eng_window window = window_of(s);
    return eng_net_separable(net, (size_t)s->channels, &window, eng_layer_norm_of(net, s->end.norm),
                             eng_layer_activation_of(net, s->end.activation));
}

const eng_layer_kind eng_layer_separable = {
    .name = "separable",
    .summary = "depthwise, then a 1 x 1 convolution, each with normalization and activation",
    .options = separable_options,
    .size = sizeof(conv_settings),
    .resolve = resolve_pair,
    .build = build_separable,
};

/* ---- spatially_separable ---- */

static const base_option spatially_separable_options[] = {
    CHANNELS_OPTION("spatially_separable"),
    KERNEL_OPTION("kernel", "3", ""),
    PLACE_OPTIONS(""),
    ENG_LAYER_END_OPTIONS(conv_settings),
    BASE_OPTIONS_END,
};

static base_status build_spatially_separable(eng_net *net, const eng_layer *layer) {
    const conv_settings *s = layer->settings;
    const eng_window window = window_of(s);
    return eng_net_spatially_separable(net, (size_t)s->channels, &window, eng_layer_norm_of(net, s->end.norm),
                                       eng_layer_activation_of(net, s->end.activation));
}

const eng_layer_kind eng_layer_spatially_separable = {
    .name = "spatially_separable",
    .summary = "a convolution of height kernel and width 1, then one of height 1 and width kernel, each with "
               "normalization and activation",
    .options = spatially_separable_options,
    .size = sizeof(conv_settings),
    .resolve = resolve_one,
    .build = build_spatially_separable,
};

/* ---- transposed ---- */

static const base_option transposed_options[] = {
    CHANNELS_OPTION("transposed"),
    KERNEL_OPTION("kernel", "2", PAIR),
    STRIDE_OPTION("2", PAIR, "pixels of the output between two places of the kernel"),
    ENG_LAYER_END_OPTIONS(conv_settings),
    BASE_OPTIONS_END,
};

static base_status build_transposed(eng_net *net, const eng_layer *layer) {
    const conv_settings *s = layer->settings;
    const eng_window window = window_of(s);
    return eng_net_transposed(net, (size_t)s->channels, &window, eng_layer_norm_of(net, s->end.norm),
                              eng_layer_activation_of(net, s->end.activation));
}

const eng_layer_kind eng_layer_transposed = {
    .name = "transposed",
    .summary = "transposed convolution: a larger image, by learned weights",
    .options = transposed_options,
    .size = sizeof(conv_settings),
    .resolve = resolve_pair,
    .build = build_transposed,
};

/* ---- conv3d ---- */

static const base_option conv3d_options[] = {
    CHANNELS_OPTION("conv3d"), KERNEL_OPTION("kernel", "3", TRIPLE),
    PLACE_OPTIONS(TRIPLE),     ENG_LAYER_END_OPTIONS(conv_settings),
    BASE_OPTIONS_END,
};

static base_status build_conv3d(eng_net *net, const eng_layer *layer) {
    const conv_settings *s = layer->settings;
    const eng_window window = window_of(s);
    return eng_net_conv3d(net, (size_t)s->channels, &window, eng_layer_norm_of(net, s->end.norm),
                          eng_layer_activation_of(net, s->end.activation));
}

const eng_layer_kind eng_layer_conv3d = {
    .name = "conv3d",
    .summary = "convolution of a volume, normalization, activation",
    .options = conv3d_options,
    .size = sizeof(conv_settings),
    .resolve = resolve_triple,
    .build = build_conv3d,
};

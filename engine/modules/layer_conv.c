/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers of images: conv, depthwise, separable, transposed, pool, global_pool, upsample, norm. */
#include "engine/modules/layer_kinds.h"

#define FIELD(type, name) .offset = offsetof(type, name)

static const char *const paddings[] = {"same", "none", NULL};
static const char *const poolings[] = {"max", "average", NULL};

typedef struct conv_settings {
    int64_t channels, kernel, stride, dilation, groups;
    int padding; /* index into paddings */
    eng_layer_end end;
} conv_settings;

enum { MOST_CHANNELS = 1 << 16, MOST_KERNEL = 15, MOST_STRIDE = 64, MOST_DILATION = 64 };

#define CHANNELS_OPTION(word)                                                                                          \
    {                                                                                                                  \
        .name = word, .kind = BASE_OPTION_INT, FIELD(conv_settings, channels), .fallback = BASE_REQUIRED, .min = 1,    \
        .max = MOST_CHANNELS, .help = "channels of the output"                                                         \
    }
#define KERNEL_OPTION(word, value)                                                                                     \
    {                                                                                                                  \
        .name = word, .kind = BASE_OPTION_INT, FIELD(conv_settings, kernel), .fallback = value, .min = 1,              \
        .max = MOST_KERNEL, .help = "pixels of the kernel in each direction"                                           \
    }
#define PLACE_OPTIONS                                                                                                  \
    {.name = "stride",                                                                                                 \
     .kind = BASE_OPTION_INT,                                                                                          \
     FIELD(conv_settings, stride),                                                                                     \
     .fallback = "1",                                                                                                  \
     .min = 1,                                                                                                         \
     .max = MOST_STRIDE,                                                                                               \
     .help = "pixels between two places of the kernel"},                                                               \
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

static eng_window window_of(const conv_settings *s) {
    return (eng_window){.size = (size_t)s->kernel,
                        .stride = (size_t)s->stride,
                        .dilation = (size_t)s->dilation,
                        .same = s->padding == 0};
}

/* ---- conv ---- */

static const base_option conv_options[] = {
    CHANNELS_OPTION("conv"),
    KERNEL_OPTION("kernel", "3"),
    PLACE_OPTIONS,
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
    .summary = "convolution, normalisation, activation",
    .options = conv_options,
    .size = sizeof(conv_settings),
    .build = build_conv,
};

/* ---- depthwise ---- */

static const base_option depthwise_options[] = {
    KERNEL_OPTION("depthwise", BASE_REQUIRED),
    PLACE_OPTIONS,
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
    .build = build_depthwise,
};

/* ---- separable ---- */

static const base_option separable_options[] = {
    CHANNELS_OPTION("separable"),
    KERNEL_OPTION("kernel", "3"),
    PLACE_OPTIONS,
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
    .summary = "depthwise, then a 1 x 1 convolution, each with normalisation and activation",
    .options = separable_options,
    .size = sizeof(conv_settings),
    .build = build_separable,
};

/* ---- transposed ---- */

static const base_option transposed_options[] = {
    CHANNELS_OPTION("transposed"),
    KERNEL_OPTION("kernel", "2"),
    {.name = "stride",
     .kind = BASE_OPTION_INT,
     FIELD(conv_settings, stride),
     .fallback = "2",
     .min = 1,
     .max = MOST_STRIDE,
     .help = "pixels of the output between two places of the kernel"},
    ENG_LAYER_END_OPTIONS(conv_settings),
    BASE_OPTIONS_END,
};

static base_status build_transposed(eng_net *net, const eng_layer *layer) {
    const conv_settings *s = layer->settings;
    const eng_window window = {.size = (size_t)s->kernel, .stride = (size_t)s->stride, .dilation = 1};
    return eng_net_transposed(net, (size_t)s->channels, &window, eng_layer_norm_of(net, s->end.norm),
                              eng_layer_activation_of(net, s->end.activation));
}

const eng_layer_kind eng_layer_transposed = {
    .name = "transposed",
    .summary = "transposed convolution: a larger image, by learned weights",
    .options = transposed_options,
    .size = sizeof(conv_settings),
    .build = build_transposed,
};

/* ---- pool ---- */

typedef struct pool_settings {
    int pooling; /* index into poolings */
    int64_t size, stride;
    int padding; /* index into paddings */
} pool_settings;

static const base_option pool_options[] = {
    {.name = "pool",
     .kind = BASE_OPTION_CHOICE,
     FIELD(pool_settings, pooling),
     .fallback = "max",
     .choices = poolings,
     .help = "what stands for a window"},
    {.name = "size",
     .kind = BASE_OPTION_INT,
     FIELD(pool_settings, size),
     .fallback = "2",
     .min = 1,
     .max = MOST_KERNEL,
     .help = "pixels of the window in each direction"},
    {.name = "stride",
     .kind = BASE_OPTION_INT,
     FIELD(pool_settings, stride),
     .fallback = "0",
     .min = 0,
     .max = MOST_STRIDE,
     .help = "pixels between two windows; 0 = size"},
    {.name = "padding",
     .kind = BASE_OPTION_CHOICE,
     FIELD(pool_settings, padding),
     .fallback = "none",
     .choices = paddings,
     .help = "same: windows hang over the edge (odd sizes)"},
    BASE_OPTIONS_END,
};

static base_status build_pool(eng_net *net, const eng_layer *layer) {
    const pool_settings *s = layer->settings;
    const eng_window window = {.size = (size_t)s->size,
                               .stride = (size_t)(s->stride > 0 ? s->stride : s->size),
                               .dilation = 1,
                               .same = s->padding == 0};
    return eng_net_pool(net, (eng_pooling)s->pooling, &window);
}

const eng_layer_kind eng_layer_pool = {
    .name = "pool",
    .summary = "the largest or the mean of each window",
    .options = pool_options,
    .size = sizeof(pool_settings),
    .build = build_pool,
};

/* ---- global_pool ---- */

static const base_option global_pool_options[] = {
    {.name = "global_pool",
     .kind = BASE_OPTION_CHOICE,
     FIELD(pool_settings, pooling),
     .fallback = "average",
     .choices = poolings,
     .help = "what stands for a channel"},
    BASE_OPTIONS_END,
};

static base_status build_global_pool(eng_net *net, const eng_layer *layer) {
    return eng_net_global_pool(net, (eng_pooling)((const pool_settings *)layer->settings)->pooling);
}

const eng_layer_kind eng_layer_global_pool = {
    .name = "global_pool",
    .summary = "one number for each channel",
    .options = global_pool_options,
    .size = sizeof(pool_settings),
    .build = build_global_pool,
};

/* ---- upsample ---- */

typedef struct upsample_settings {
    int64_t factor;
} upsample_settings;

static const base_option upsample_options[] = {
    {.name = "upsample",
     .kind = BASE_OPTION_INT,
     FIELD(upsample_settings, factor),
     .fallback = "2",
     .min = 1,
     .max = MOST_STRIDE,
     .help = "how many times in each direction"},
    BASE_OPTIONS_END,
};

static base_status build_upsample(eng_net *net, const eng_layer *layer) {
    return eng_net_upsample(net, (size_t)((const upsample_settings *)layer->settings)->factor);
}

const eng_layer_kind eng_layer_upsample = {
    .name = "upsample",
    .summary = "a larger image, by repeating pixels",
    .options = upsample_options,
    .size = sizeof(upsample_settings),
    .build = build_upsample,
};

/* ---- norm ---- */

static const base_option norm_options[] = {
    {.name = "norm",
     .kind = BASE_OPTION_CHOICE,
     FIELD(eng_layer_end, norm),
     .fallback = "default",
     .choices = eng_layer_norms,
     .help = "default = the setting norm of the network"},
    BASE_OPTIONS_END,
};

static base_status build_norm(eng_net *net, const eng_layer *layer) {
    return eng_net_normalise(net, eng_layer_norm_of(net, ((const eng_layer_end *)layer->settings)->norm));
}

const eng_layer_kind eng_layer_norm_alone = {
    .name = "norm",
    .summary = "a normalisation by itself",
    .options = norm_options,
    .size = sizeof(eng_layer_end),
    .build = build_norm,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers of images without convolutions: pool, global_pool, upsample, norm. */
#include "engine/modules/layer_kinds.h"

#define FIELD(type, name) .offset = offsetof(type, name)

enum { MOST_WINDOW = 15, MOST_STRIDE = 64 };

static const char *const paddings[] = {"same", "none", NULL};
static const char *const poolings[] = {"max", "average", NULL};

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
     .max = MOST_WINDOW,
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
    const eng_window window = {.size = {(size_t)s->size},
                               .stride = {(size_t)(s->stride > 0 ? s->stride : s->size)},
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
    return eng_net_normalize(net, eng_layer_norm_of(net, ((const eng_layer_end *)layer->settings)->norm));
}

const eng_layer_kind eng_layer_norm_alone = {
    .name = "norm",
    .summary = "a normalization by itself",
    .options = norm_options,
    .size = sizeof(eng_layer_end),
    .build = build_norm,
};

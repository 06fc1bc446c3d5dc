/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The skeleton of a space from YAML: stem, stack, head. */
#include <math.h>
#include <string.h>

#include "base/options.h"
#include "nas/space_internal.h"

typedef struct skeleton_keys {
    int64_t channels;
    const base_yaml_node *stem, *stack, *head;
} skeleton_keys;

static const base_option skeleton_options[] = {
    {.name = "channels",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(skeleton_keys, channels),
     .fallback = "16",
     .min = 1,
     .max = 4096,
     .help = "of the network; a setting of the same name overrules it"},
    {.name = "stem",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(skeleton_keys, stem),
     .fallback = "",
     .shape = "none, or map",
     .help = "{width: 3, kernel: 3}: convolution to 3 x channels and normalization; none: the first cell reads the "
             "data"},
    {.name = "stack",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(skeleton_keys, stack),
     .fallback = BASE_REQUIRED,
     .shape = "list of places, or map",
     .help = "the cells from the stem to the head"},
    {.name = "head",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(skeleton_keys, head),
     .fallback = "",
     .shape = "list of layers",
     .help = "in front of the output layer, as in networks.md; default [global_pool]"},
    BASE_OPTIONS_END,
};

typedef struct stem_keys {
    double width;
    int64_t kernel;
    bool relu;
} stem_keys;

static const base_option stem_options[] = {
    {.name = "width",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(stem_keys, width),
     .fallback = "1",
     .min = 0,
     .open_min = true,
     .max = 64,
     .help = "channels as a multiple of those of the network"},
    {.name = "kernel",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(stem_keys, kernel),
     .fallback = "3",
     .min = 1,
     .max = 11,
     .help = "pixels, odd"},
    {.name = "relu",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(stem_keys, relu),
     .fallback = "false",
     .help = "behind the normalization"},
    BASE_OPTIONS_END,
};

static base_status read_stem(const base_yaml_node *node, base_arena *arena, nas_space *space, base_err *err) {
    space->stem_width = 0.0;
    if (node != NULL && node->kind == BASE_YAML_STRING && strcmp(node->text, "none") == 0) return BASE_OK;
    if (node != NULL && node->kind != BASE_YAML_MAP)
        return base_yaml_fail(node, err, "the stem is none or a map like {width: 3, kernel: 3}, but this is %s",
                              base_yaml_kind_text(node->kind));
    stem_keys keys;
    BASE_TRY(base_options_read(stem_options, node, &keys, arena, err));
    if (keys.kernel % 2 == 0)
        return base_yaml_fail(base_yaml_get(node, "kernel"), err,
                              "the kernel of the stem has no middle: take %lld or "
                              "%lld",
                              (long long)keys.kernel - 1, (long long)keys.kernel + 1);
    space->stem_width = keys.width;
    space->stem_kernel = (size_t)keys.kernel;
    space->stem_relu = keys.relu;
    return BASE_OK;
}

static base_status find_cell(const char *name, const base_yaml_node *where, const nas_space *space, size_t *out,
                             base_err *err) {
    *out = nas_space_cell_find(space, name);
    if (*out < space->n_cells) return BASE_OK;
    base_buf all = {0};
    for (size_t i = 0; i < space->n_cells; i++) base_buf_printf(&all, "%s%s", i > 0 ? ", " : "", space->cells[i].name);
    base_status status =
        base_yaml_fail(where, err, "there is no cell '%.40s' in this space; cells are %s", name, base_buf_text(&all));
    base_buf_fini(&all);
    return status;
}

/* ---- a list of places ---- */

typedef struct place_keys {
    const char *cell;
    bool residual;
    double width, dropout;
    int64_t times;
} place_keys;

static const base_option place_options[] = {
    {.name = "cell",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(place_keys, cell),
     .fallback = "",
     .help = "which cell stands here"},
    {.name = "residual",
     .kind = BASE_OPTION_BOOL,
     .offset = offsetof(place_keys, residual),
     .fallback = "false",
     .help = "instead of a cell a residual block with stride 2 (NAS-Bench-201)"},
    {.name = "width",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(place_keys, width),
     .fallback = "1",
     .min = 0,
     .open_min = true,
     .max = 1024,
     .help = "channels of its nodes as a multiple of those of the network"},
    {.name = "times",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(place_keys, times),
     .fallback = "1",
     .min = 1,
     .max = NAS_MAX_BLOCKS,
     .help = "how many of them"},
    {.name = "dropout",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(place_keys, dropout),
     .fallback = "0",
     .min = 0,
     .max = 1,
     .open_max = true,
     .help = "rate behind it"},
    BASE_OPTIONS_END,
};

static base_status read_places(const base_yaml_node *list, base_arena *arena, nas_space *space, base_err *err) {
    nas_space_block *blocks = BASE_NEW_ARRAY(arena, NAS_MAX_BLOCKS, nas_space_block);
    for (size_t i = 0; i < list->count; i++) {
        const base_yaml_node *item = list->items[i];
        place_keys keys;
        if (item->kind != BASE_YAML_MAP)
            return base_yaml_fail(item, err,
                                  "a place of the stack is a map like {cell: normal, times: 2}, but this is "
                                  "%s",
                                  base_yaml_kind_text(item->kind));
        BASE_TRY(base_options_read(place_options, item, &keys, arena, err));
        if ((keys.cell != NULL) == keys.residual)
            return base_yaml_fail(item, err, "a place of the stack has either a cell or residual: true");
        nas_space_block block = {.type = NAS_RESIDUAL, .width = keys.width, .dropout = keys.dropout};
        if (keys.cell != NULL) BASE_TRY(find_cell(keys.cell, base_yaml_get(item, "cell"), space, &block.type, err));
        if (space->n_blocks + (size_t)keys.times > NAS_MAX_BLOCKS)
            return base_yaml_fail(item, err, "a stack has at most %d places", NAS_MAX_BLOCKS);
        for (int64_t k = 0; k < keys.times; k++) blocks[space->n_blocks++] = block;
    }
    if (space->n_blocks == 0) return base_yaml_fail(list, err, "a stack needs at least one cell");
    space->blocks = blocks;
    return BASE_OK;
}

/* ---- normal cells with two reductions ---- */

typedef struct thirds_keys {
    const char *normal, *reduction;
    int64_t cells;
} thirds_keys;

static const base_option thirds_options[] = {
    {.name = "normal",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(thirds_keys, normal),
     .fallback = BASE_REQUIRED,
     .help = "the cell at all places but two"},
    {.name = "reduction",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(thirds_keys, reduction),
     .fallback = BASE_REQUIRED,
     .help = "the cell at one and two thirds of the stack, which doubles the channels"},
    {.name = "cells",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(thirds_keys, cells),
     .fallback = "8",
     .min = 1,
     .max = NAS_MAX_BLOCKS,
     .help = "length of the stack; a setting of the same name overrules it"},
    BASE_OPTIONS_END,
};

static base_status read_thirds(const base_yaml_node *map, base_arena *arena, nas_space *space, base_err *err) {
    thirds_keys keys;
    BASE_TRY(base_options_read(thirds_options, map, &keys, arena, err));
    space->n_blocks = (size_t)keys.cells;
    BASE_TRY(find_cell(keys.normal, base_yaml_get(map, "normal"), space, &space->normal, err));
    return find_cell(keys.reduction, base_yaml_get(map, "reduction"), space, &space->reduction, err);
}

static base_status read_stack(const base_yaml_node *node, base_arena *arena, nas_space *space, base_err *err) {
    if (node->kind == BASE_YAML_LIST) return read_places(node, arena, space, err);
    if (node->kind == BASE_YAML_MAP) return read_thirds(node, arena, space, err);
    return base_yaml_fail(node, err,
                          "the stack is a list of places like [{cell: normal, times: 2}], or a map like "
                          "{normal: normal, reduction: reduce, cells: 8}, but this is %s",
                          base_yaml_kind_text(node->kind));
}

/* A cell that stands nowhere would be searched for nothing. */
static base_status check_used(const nas_space *space, base_err *err) {
    for (size_t type = 0; type < space->n_cells; type++) {
        bool used = space->blocks == NULL && (type == space->normal || type == space->reduction);
        for (size_t i = 0; space->blocks != NULL && i < space->n_blocks; i++)
            used = used || space->blocks[i].type == type;
        if (!used)
            return base_yaml_fail(space->cells[type].where, err,
                                  "cell %s stands nowhere in the stack: put it there or "
                                  "leave it out",
                                  space->cells[type].name);
    }
    return BASE_OK;
}

base_status nas_space_skeleton_read(const base_yaml_node *map, base_arena *arena, nas_space *space, base_err *err) {
    static const char pool[] = "[global_pool]";
    skeleton_keys keys;
    if (map == NULL)
        return base_yaml_fail(space->cells[0].where, err,
                              "the space has no skeleton: add one, like {stack: [{cell: "
                              "%s}]}",
                              space->cells[0].name);
    if (map->kind != BASE_YAML_MAP)
        return base_yaml_fail(map, err,
                              "a skeleton is a map like {stem: {width: 1}, stack: [{cell: %s}]}, but this is "
                              "%s",
                              space->cells[0].name, base_yaml_kind_text(map->kind));
    BASE_TRY(base_options_read(skeleton_options, map, &keys, arena, err));
    space->channels = (size_t)keys.channels;
    BASE_TRY(read_stem(keys.stem, arena, space, err));
    BASE_TRY(read_stack(keys.stack, arena, space, err));
    BASE_TRY(check_used(space, err));
    base_yaml_node *head;
    if (keys.head != NULL) return eng_layers_read(keys.head, arena, &space->head, err);
    BASE_TRY(base_yaml_parse(arena, "head", pool, sizeof pool - 1, &head, err));
    return eng_layers_read(head, arena, &space->head, err);
}

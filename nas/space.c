/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A space from its YAML text, and what can be asked of it. */
#include "nas/space.h"

#include <string.h>

#include "base/options.h"
#include "nas/space_internal.h"
#include "base/hint.h"

typedef struct space_keys {
    const char *name;
    const base_yaml_node *operations, *cells, *skeleton;
    bool pool_norm;
} space_keys;

#define FIELD(name) .offset = offsetof(space_keys, name)

static const base_option options[] = {
    {.name = "name", .kind = BASE_OPTION_STRING, FIELD(name), .fallback = "custom", .help = "what genotypes call it"},
    {.name = "operations",
     .kind = BASE_OPTION_NODE,
     FIELD(operations),
     .fallback = "",
     .shape = "list of operations",
     .help = "what an edge may carry, unless its cell or the edge says otherwise"},
    {.name = "pool_norm",
     .kind = BASE_OPTION_BOOL,
     FIELD(pool_norm),
     .fallback = "false",
     .help = "pools of the search are followed by a normalization"},
    {.name = "cells",
     .kind = BASE_OPTION_NODE,
     FIELD(cells),
     .fallback = BASE_REQUIRED,
     .shape = "map of cells",
     .help = "the types of cells by name"},
    {.name = "skeleton",
     .kind = BASE_OPTION_NODE,
     FIELD(skeleton),
     .fallback = "",
     .shape = "map",
     .help = "stem, stack of cells, head"},
    BASE_OPTIONS_END,
};

static base_status read_cells(const base_yaml_node *map, nas_operations_list operations, base_arena *arena,
                              nas_space *space, base_err *err) {
    if (map->kind != BASE_YAML_MAP || map->count == 0)
        return base_yaml_fail(map, err,
                              "cells is a map from the names of cells to what they are, like {normal: "
                              "{inputs: 2, nodes: 4}}, but this is %s",
                              map->kind == BASE_YAML_MAP ? "empty" : base_yaml_kind_text(map->kind));
    nas_space_cell *cells = BASE_NEW_ARRAY(arena, map->count, nas_space_cell);
    for (size_t i = 0; i < map->count; i++)
        BASE_TRY(nas_space_cell_read(map->keys[i]->text, map->items[i], operations, arena, &cells[i], err));
    space->cells = cells;
    space->n_cells = map->count;
    return BASE_OK;
}

static base_status read_map(const base_yaml_node *map, base_arena *arena, nas_space *space, base_err *err) {
    space_keys keys;
    nas_operations_list operations;
    BASE_TRY(base_options_read(options, map, &keys, arena, err));
    space->name = keys.name;
    space->summary = "";
    space->pool_norm = keys.pool_norm;
    BASE_TRY(nas_space_operations_read(keys.operations, arena, &operations, err));
    BASE_TRY(read_cells(keys.cells, operations, arena, space, err));
    return nas_space_skeleton_read(keys.skeleton, arena, space, err);
}

base_status nas_space_find(const char *name, base_arena *arena, const nas_space **out, base_err *err) {
    size_t count;
    const nas_space_preset *const *presets = nas_space_presets(&count);
    const char **names = BASE_NEW_ARRAY(arena, count, const char *);
    base_buf all = {0};
    const nas_space_preset *preset = NULL;
    for (size_t i = 0; i < count; i++) {
        names[i] = presets[i]->name;
        base_buf_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
        if (strcmp(names[i], name) == 0) preset = presets[i];
    }
    base_status status = BASE_OK;
    *out = NULL;
    if (preset == NULL) {
        const char *near = base_nearest(name, names, count);
        status = BASE_FAIL(err, BASE_NOTFOUND, "there is no space '%.40s'%s; known are %s, or a map describes one",
                           name, base_did_you_mean_aside(near).text, all.data);
    }
    base_buf_fini(&all);
    if (status != BASE_OK) return status;
    base_yaml_node *root;
    nas_space *space = BASE_NEW(arena, nas_space);
    const char *file = base_arena_printf(arena, "space:%s", preset->name);
    BASE_TRY(base_yaml_parse(arena, file, preset->text, strlen(preset->text), &root, err));
    BASE_TRY(read_map(root, arena, space, err));
    space->name = preset->name;
    space->summary = preset->summary;
    *out = space;
    return BASE_OK;
}

base_status nas_space_read(const base_yaml_node *node, base_arena *arena, const nas_space **out, base_err *err) {
    *out = NULL;
    if (node->kind == BASE_YAML_STRING) {
        base_status status = nas_space_find(node->text, arena, out, err);
        if (status != BASE_NOTFOUND || err == NULL) return status;
        const base_err why = *err;
        return base_yaml_fail(node, err, "%s", why.text);
    }
    if (node->kind != BASE_YAML_MAP)
        return base_yaml_fail(node, err,
                              "a space is the name of a preset or a map with cells and a skeleton, but this "
                              "is %s",
                              base_yaml_kind_text(node->kind));
    nas_space *space = BASE_NEW(arena, nas_space);
    BASE_TRY(read_map(node, arena, space, err));
    *out = space;
    return BASE_OK;
}

/* ---- questions ---- */

size_t nas_space_cell_find(const nas_space *space, const char *name) {
    size_t i = 0;
    while (i < space->n_cells && strcmp(space->cells[i].name, name) != 0) i++;
    return i;
}

size_t nas_space_edge_find(const nas_space_cell *cell, size_t to, size_t from) {
    size_t i = 0;
    while (i < cell->n_edges && !(cell->edges[i].to == to && cell->edges[i].from == from)) i++;
    return i;
}

size_t nas_space_operation_find(const nas_space_edge *edge, const nas_operation *operation) {
    size_t i = 0;
    while (i < edge->n_operations && edge->operations[i] != operation) i++;
    return i;
}

size_t nas_space_weights(const nas_space *space) {
    size_t sum = 0;
    for (size_t i = 0; i < space->n_cells; i++) sum += space->cells[i].weights;
    return sum;
}

size_t nas_space_edges(const nas_space *space) {
    size_t sum = 0;
    for (size_t i = 0; i < space->n_cells; i++) sum += space->cells[i].n_edges;
    return sum;
}

size_t nas_space_edges_to(const nas_space_cell *cell, size_t node) {
    size_t count = 0;
    for (size_t e = 0; e < cell->n_edges; e++) count += cell->edges[e].to == node;
    return count;
}

bool nas_space_may_choose(const nas_space_cell *cell, const nas_operation *operation) {
    return cell->keep == 0 || (operation->flags & NAS_OPERATION_NONE) == 0;
}

static double choices(const nas_space_cell *cell, const nas_space_edge *edge) {
    double count = 0.0;
    for (size_t i = 0; i < edge->n_operations; i++) count += nas_space_may_choose(cell, edge->operations[i]);
    return count;
}

/* Ways to choose `keep` of a node's edges with an operation for each: the elementary symmetric polynomial of the
 * numbers of operations. */
static double node_size(const nas_space_cell *cell, size_t node) {
    double ways[NAS_MAX_INPUTS + NAS_MAX_NODES + 1] = {1.0};
    size_t edges = 0;
    for (size_t e = 0; e < cell->n_edges; e++) {
        if (cell->edges[e].to != node) continue;
        edges++;
        const double count = choices(cell, &cell->edges[e]);
        for (size_t k = edges; k > 0; k--) ways[k] += ways[k - 1] * count;
    }
    return ways[cell->keep == 0 || cell->keep > edges ? edges : cell->keep];
}

double nas_space_cell_size(const nas_space_cell *cell) {
    double size = 1.0;
    for (size_t i = 0; i < cell->nodes; i++) size *= node_size(cell, cell->inputs + i);
    return size;
}

double nas_space_size(const nas_space *space) {
    double size = 1.0;
    for (size_t i = 0; i < space->n_cells; i++) size *= nas_space_cell_size(&space->cells[i]);
    return size;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our own form, which any space has: {"space": NAME, "cells": {CELL: [{"node": 2, "from": 0, "operation": NAME},
 * ...]}}. It is read as YAML, which JSON is a part of, so a file may also be written by hand. */
#include <string.h>

#include "base/options.h"
#include "nas/genotype.h"

static bool recognizes(const char *text) {
    return text[0] == '{' || strncmp(text, "space:", 6) == 0 || strncmp(text, "cells:", 6) == 0;
}

static bool holds(const nas_space *space) {
    (void)space;
    return true;
}

typedef struct gene_keys {
    int64_t node, from;
    const char *operation;
} gene_keys;

static const base_option gene_options[] = {
    {.name = "node",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(gene_keys, node),
     .fallback = BASE_REQUIRED,
     .min = 0,
     .max = NAS_MAX_INPUTS + NAS_MAX_NODES,
     .help = "where the edge leads"},
    {.name = "from",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(gene_keys, from),
     .fallback = BASE_REQUIRED,
     .min = 0,
     .max = NAS_MAX_INPUTS + NAS_MAX_NODES,
     .help = "what it reads"},
    {.name = "operation",
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(gene_keys, operation),
     .fallback = BASE_REQUIRED,
     .help = "what it carries"},
    BASE_OPTIONS_END,
};

static base_status read_gene(const base_yaml_node *item, base_arena *arena, size_t cell, nas_genotype *genotype,
                             base_err *err) {
    gene_keys keys;
    base_err why;
    if (item->kind != BASE_YAML_MAP)
        return base_yaml_fail(item, err,
                              "an edge is {\"node\": 2, \"from\": 0, \"operation\": \"sep_conv_3x3\"}, but "
                              "this is %s",
                              base_yaml_kind_text(item->kind));
    BASE_TRY(base_options_read(gene_options, item, &keys, arena, err));
    if (nas_genotype_add(genotype, cell, (size_t)keys.node, keys.from, keys.operation, &why) == BASE_OK) return BASE_OK;
    return base_yaml_fail(item, err, "%s", why.text);
}

static base_status read_cells(const base_yaml_node *cells, base_arena *arena, nas_genotype *genotype, base_err *err) {
    for (size_t i = 0; i < cells->count; i++) {
        const size_t cell = nas_space_cell_find(genotype->space, cells->keys[i]->text);
        const base_yaml_node *list = cells->items[i];
        if (cell == genotype->space->n_cells)
            return base_yaml_fail(cells->keys[i], err,
                                  "space %s has no cell '%.40s': is this the genotype of another "
                                  "space?",
                                  genotype->space->name, cells->keys[i]->text);
        if (list->kind != BASE_YAML_LIST)
            return base_yaml_fail(list, err, "a cell is a list of edges, but this is %s",
                                  base_yaml_kind_text(list->kind));
        for (size_t k = 0; k < list->count; k++) BASE_TRY(read_gene(list->items[k], arena, cell, genotype, err));
    }
    return BASE_OK;
}

static base_status read(const char *file, const char *text, base_arena *arena, nas_genotype *genotype, base_err *err) {
    base_yaml_node *root;
    BASE_TRY(base_yaml_parse(arena, file, text, strlen(text), &root, err));
    if (root->kind != BASE_YAML_MAP)
        return base_yaml_fail(root, err, "a genotype is {\"space\": NAME, \"cells\": {...}}, but this is %s",
                              base_yaml_kind_text(root->kind));
    for (size_t i = 0; i < root->count; i++)
        if (strcmp(root->keys[i]->text, "space") != 0 && strcmp(root->keys[i]->text, "cells") != 0)
            return base_yaml_fail(root->keys[i], err, "a genotype has space and cells, but no '%.40s'",
                                  root->keys[i]->text);
    const base_yaml_node *space = base_yaml_get(root, "space"), *cells = base_yaml_get(root, "cells");
    if (space != NULL && (space->text == NULL || strcmp(space->text, genotype->space->name) != 0))
        return base_yaml_fail(space, err,
                              "this is a genotype of space %.40s, not of %s: name the space that it is from",
                              space->text != NULL ? space->text : "?", genotype->space->name);
    if (cells == NULL || cells->kind != BASE_YAML_MAP)
        return base_yaml_fail(cells != NULL ? cells : root, err,
                              "a genotype has a map of cells, like {\"normal\": "
                              "[...]}");
    return read_cells(cells, arena, genotype, err);
}

static void write(const nas_genotype *genotype, base_buf *out) {
    base_buf_puts(out, "{\"space\": ");
    base_buf_put_json(out, genotype->space->name);
    base_buf_puts(out, ",\n \"cells\": {");
    for (size_t c = 0; c < genotype->space->n_cells; c++) {
        const nas_space_cell *type = &genotype->space->cells[c];
        base_buf_puts(out, c > 0 ? ",\n  " : "\n  ");
        base_buf_put_json(out, type->name);
        base_buf_puts(out, ": [");
        for (size_t i = 0; i < genotype->cells[c].count; i++) {
            const nas_gene *gene = &genotype->cells[c].genes[i];
            const nas_space_edge *edge = &type->edges[gene->edge];
            base_buf_printf(out, "%s\n   {\"node\": %zu, \"from\": %zu, \"operation\": \"%s\"}", i > 0 ? "," : "",
                            edge->to, edge->from, gene->operation->name);
        }
        base_buf_putc(out, ']');
    }
    base_buf_puts(out, "}}");
}

const nas_genotype_form nas_genotype_form_json = {
    .name = "json",
    .summary = "{\"space\": ..., \"cells\": {...}}",
    .recognizes = recognizes,
    .holds = holds,
    .read = read,
    .write = write,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One type of cell from YAML: its edges with their operations, and whether they make a network. */
#include <string.h>

#include "base/options.h"
#include "nas/space_internal.h"

base_status nas_space_operations_read(const base_yaml_node *list, base_arena *arena, nas_operations_list *out,
                                      base_err *err) {
    *out = (nas_operations_list){0};
    if (list == NULL || list->kind == BASE_YAML_NULL) return BASE_OK;
    if (list->kind != BASE_YAML_LIST || list->count == 0)
        return base_yaml_fail(list, err, "operations are a list like [skip_connect, sep_conv_3x3], but this is %s",
                              list->kind == BASE_YAML_LIST ? "empty" : base_yaml_kind_text(list->kind));
    const nas_operation **items = BASE_NEW_ARRAY(arena, list->count, const nas_operation *);
    bool something = false;
    for (size_t i = 0; i < list->count; i++) {
        const base_yaml_node *item = list->items[i];
        if (item->kind != BASE_YAML_STRING)
            return base_yaml_fail(item, err, "an operation is a name, but this is %s", base_yaml_kind_text(item->kind));
        base_err why;
        if (nas_operation_find(item->text, &items[i], &why) != BASE_OK)
            return base_yaml_fail(item, err, "%s", why.text);
        for (size_t k = 0; k < i; k++)
            if (items[k] == items[i])
                return base_yaml_fail(item, err, "%s is in this list twice: leave one out", item->text);
        something = something || (items[i]->flags & NAS_OPERATION_NONE) == 0;
    }
    if (!something) return base_yaml_fail(list, err, "an edge that can only be none is no edge: add an operation");
    *out = (nas_operations_list){items, list->count};
    return BASE_OK;
}

/* ---- edges ---- */

typedef struct edge_keys {
    int64_t to;
    const base_yaml_node *from, *operations;
} edge_keys;

static const base_option edge_options[] = {
    {.name = "to",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(edge_keys, to),
     .fallback = BASE_REQUIRED,
     .min = 0,
     .max = NAS_MAX_INPUTS + NAS_MAX_NODES,
     .help = "the node that it leads to; inputs are 0, 1, ..., nodes count on from there"},
    {.name = "from",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(edge_keys, from),
     .fallback = BASE_REQUIRED,
     .shape = "number or list of numbers",
     .help = "the input or node that it reads; of a list, each"},
    {.name = "operations",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(edge_keys, operations),
     .fallback = "",
     .shape = "list of operations",
     .help = "what it may carry; default: operations of the cell, or of the space"},
    BASE_OPTIONS_END,
};

/* Is there a way from one node to another along the edges that are known? */
static bool leads(const nas_space_edge *edges, size_t count, size_t from, size_t to) {
    bool reached[NAS_MAX_INPUTS + NAS_MAX_NODES] = {false};
    reached[from] = true;
    for (size_t round = 0; round < count; round++)
        for (size_t i = 0; i < count; i++)
            if (reached[edges[i].from]) reached[edges[i].to] = true;
    return reached[to];
}

static base_status add_edge(const base_yaml_node *where, const nas_space_cell *cell, size_t to, int64_t from,
                            nas_operations_list operations, nas_space_edge *edges, size_t *count, base_err *err) {
    const size_t most = cell->inputs + cell->nodes;
    if (to < cell->inputs || to >= most)
        return base_yaml_fail(where, err, "an edge leads to a node, and those of cell %s are %zu to %zu, not %zu",
                              cell->name, cell->inputs, most - 1, to);
    if (from < 0 || (size_t)from >= most)
        return base_yaml_fail(where, err, "cell %s has inputs and nodes 0 to %zu, so an edge cannot read %lld",
                              cell->name, most - 1, (long long)from);
    if ((size_t)from == to || leads(edges, *count, to, (size_t)from))
        return base_yaml_fail(where, err,
                              "the edge from %lld to %zu closes a cycle in cell %s: turn it round or leave "
                              "it out",
                              (long long)from, to, cell->name);
    if ((size_t)from > to)
        return base_yaml_fail(where, err,
                              "the edge from %lld to %zu goes backwards: number the nodes of cell %s so "
                              "that each reads only lower ones",
                              (long long)from, to, cell->name);
    for (size_t i = 0; i < *count; i++)
        if (edges[i].to == to && edges[i].from == (size_t)from)
            return base_yaml_fail(where, err, "cell %s has an edge from %lld to %zu already: leave one out", cell->name,
                                  (long long)from, to);
    if (operations.count == 0)
        return base_yaml_fail(where, err,
                              "the edge from %lld to %zu of cell %s has no operations: give it a list, or "
                              "the cell, or the space",
                              (long long)from, to, cell->name);
    edges[(*count)++] = (nas_space_edge){.to = to,
                                         .from = (size_t)from,
                                         .stride = (size_t)from < cell->inputs ? cell->stride : 1,
                                         .operations = operations.items,
                                         .n_operations = operations.count};
    return BASE_OK;
}

static base_status read_edge(const base_yaml_node *item, nas_operations_list fallback, base_arena *arena,
                             const nas_space_cell *cell, nas_space_edge *edges, size_t *count, base_err *err) {
    edge_keys keys;
    nas_operations_list operations;
    if (item->kind != BASE_YAML_MAP)
        return base_yaml_fail(item, err, "an edge is a map like {to: 2, from: 0}, but this is %s",
                              base_yaml_kind_text(item->kind));
    BASE_TRY(base_options_read(edge_options, item, &keys, arena, err));
    BASE_TRY(nas_space_operations_read(keys.operations, arena, &operations, err));
    if (operations.count == 0) operations = fallback;
    const bool many = keys.from->kind == BASE_YAML_LIST;
    for (size_t i = 0; i < (many ? keys.from->count : 1); i++) {
        const base_yaml_node *from = many ? keys.from->items[i] : keys.from;
        if (from->kind != BASE_YAML_INT)
            return base_yaml_fail(from, err, "an edge comes from the number of an input or a node, but this is %s",
                                  base_yaml_kind_text(from->kind));
        BASE_TRY(add_edge(from, cell, (size_t)keys.to, from->integer, operations, edges, count, err));
    }
    return BASE_OK;
}

/* By `to`, then by `from`: the order of their weights. */
static void sort_edges(nas_space_edge *edges, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0; k--) {
            nas_space_edge *a = &edges[k - 1], *b = &edges[k], swap = *a;
            if (a->to < b->to || (a->to == b->to && a->from < b->from)) break;
            *a = *b;
            *b = swap;
        }
}

base_status nas_space_edges_read(const base_yaml_node *node, nas_operations_list fallback, base_arena *arena,
                                 nas_space_cell *cell, base_err *err) {
    const size_t most = cell->inputs + cell->nodes;
    nas_space_edge *edges = BASE_NEW_ARRAY(arena, most * most, nas_space_edge);
    size_t count = 0;
    if (node == NULL || (node->kind == BASE_YAML_STRING && strcmp(node->text, "all") == 0)) {
        for (size_t to = cell->inputs; to < most; to++)
            for (size_t from = 0; from < to; from++)
                BASE_TRY(
                    add_edge(node != NULL ? node : cell->where, cell, to, (int64_t)from, fallback, edges, &count, err));
    } else if (node->kind == BASE_YAML_LIST) {
        for (size_t i = 0; i < node->count; i++)
            BASE_TRY(read_edge(node->items[i], fallback, arena, cell, edges, &count, err));
    } else {
        return base_yaml_fail(node, err, "edges are all, or a list like [{to: 2, from: 0}], but this is %s",
                              base_yaml_kind_text(node->kind));
    }
    sort_edges(edges, count);
    for (size_t i = 0; i < count; i++) {
        edges[i].offset = cell->weights;
        cell->weights += edges[i].n_operations;
    }
    cell->edges = edges;
    cell->n_edges = count;
    return BASE_OK;
}

/* ---- the cell ---- */

typedef struct cell_keys {
    int64_t inputs, nodes, stride;
    bool preprocess;
    const base_yaml_node *edges, *operations, *keep, *output;
} cell_keys;

#define FIELD(name) .offset = offsetof(cell_keys, name)

static const base_option cell_options[] = {
    {.name = "inputs",
     .kind = BASE_OPTION_INT,
     FIELD(inputs),
     .fallback = "1",
     .min = 1,
     .max = NAS_MAX_INPUTS,
     .help = "how many of the cells before it reads; the last of them has the highest number"},
    {.name = "nodes",
     .kind = BASE_OPTION_INT,
     FIELD(nodes),
     .fallback = BASE_REQUIRED,
     .min = 1,
     .max = NAS_MAX_NODES,
     .help = "sums of edges"},
    {.name = "edges",
     .kind = BASE_OPTION_NODE,
     FIELD(edges),
     .fallback = "",
     .shape = "all, or list of edges",
     .help = "all (default): from every input and node to every later node"},
    {.name = "operations",
     .kind = BASE_OPTION_NODE,
     FIELD(operations),
     .fallback = "",
     .shape = "list of operations",
     .help = "what its edges may carry; default: operations of the space"},
    {.name = "keep",
     .kind = BASE_OPTION_NODE,
     FIELD(keep),
     .fallback = "",
     .shape = "all, or number",
     .help = "edges of a node in a finished cell; default all, which then may carry none"},
    {.name = "output",
     .kind = BASE_OPTION_NODE,
     FIELD(output),
     .fallback = "",
     .shape = "concat, last, or list of nodes",
     .help = "concat (default): all nodes side by side; a list: those"},
    {.name = "stride",
     .kind = BASE_OPTION_INT,
     FIELD(stride),
     .fallback = "1",
     .min = 1,
     .max = 2,
     .help = "of the edges that leave an input; 2: a reduction"},
    {.name = "preprocess",
     .kind = BASE_OPTION_BOOL,
     FIELD(preprocess),
     .fallback = "true",
     .help = "ReLU, 1 x 1 convolution and normalization in front of each input"},
    BASE_OPTIONS_END,
};

static base_status read_keep(const base_yaml_node *node, nas_space_cell *cell, base_err *err) {
    cell->keep = 0;
    if (node == NULL || (node->kind == BASE_YAML_STRING && strcmp(node->text, "all") == 0)) return BASE_OK;
    if (node->kind != BASE_YAML_INT || node->integer < 1 || node->integer > NAS_MAX_NODES)
        return base_yaml_fail(node, err, "keep is all or a number of edges from 1 to %d", NAS_MAX_NODES);
    cell->keep = (size_t)node->integer;
    return BASE_OK;
}

static base_status read_outputs(const base_yaml_node *node, base_arena *arena, nas_space_cell *cell, base_err *err) {
    const size_t most = cell->inputs + cell->nodes;
    const char *word = node == NULL ? "concat" : node->kind == BASE_YAML_STRING ? node->text : "";
    const bool all = strcmp(word, "concat") == 0, last = strcmp(word, "last") == 0;
    if (!all && !last && (node->kind != BASE_YAML_LIST || node->count == 0))
        return base_yaml_fail(node, err, "the output is concat, last, or a list of nodes like [2, 3]");
    cell->n_outputs = all ? cell->nodes : last ? 1 : node->count;
    size_t *outputs = BASE_NEW_ARRAY(arena, cell->n_outputs, size_t);
    cell->outputs = outputs;
    for (size_t i = 0; i < cell->n_outputs; i++) {
        outputs[i] = last ? most - 1 : cell->inputs + i;
        if (all || last) continue;
        const base_yaml_node *item = node->items[i];
        const size_t least = i == 0 ? cell->inputs : outputs[i - 1] + 1;
        if (item->kind != BASE_YAML_INT || item->integer < (int64_t)least || item->integer >= (int64_t)most)
            return base_yaml_fail(item, err, "the outputs of cell %s are nodes in rising order, here one of %zu to %zu",
                                  cell->name, least, most - 1);
        outputs[i] = (size_t)item->integer;
    }
    return BASE_OK;
}

/* Every node needs an edge and a reader, every input a reader. */
static base_status check_connections(const nas_space_cell *cell, base_err *err) {
    bool read[NAS_MAX_INPUTS + NAS_MAX_NODES] = {false}, fed[NAS_MAX_INPUTS + NAS_MAX_NODES] = {false};
    for (size_t i = 0; i < cell->n_outputs; i++) read[cell->outputs[i]] = true;
    for (size_t i = cell->n_edges; i-- > 0;) { /* from the last node on, so that readers are known */
        fed[cell->edges[i].to] = true;
        if (read[cell->edges[i].to]) read[cell->edges[i].from] = true;
    }
    for (size_t i = 0; i < cell->inputs + cell->nodes; i++) {
        if (i >= cell->inputs && !fed[i])
            return base_yaml_fail(cell->where, err,
                                  "no edge leads to node %zu of cell %s: add one, or take fewer nodes", i, cell->name);
        if (!read[i])
            return base_yaml_fail(cell->where, err,
                                  "nothing that leads to the output of cell %s reads its %s %zu: add "
                                  "an edge, or take fewer %s",
                                  cell->name, i < cell->inputs ? "input" : "node", i,
                                  i < cell->inputs ? "inputs" : "nodes");
    }
    return BASE_OK;
}

base_status nas_space_cell_read(const char *name, const base_yaml_node *map, nas_operations_list fallback,
                                base_arena *arena, nas_space_cell *out, base_err *err) {
    cell_keys keys;
    nas_operations_list operations;
    if (map->kind != BASE_YAML_MAP)
        return base_yaml_fail(map, err, "a cell is a map like {inputs: 2, nodes: 4}, but %s is %s", name,
                              base_yaml_kind_text(map->kind));
    BASE_TRY(base_options_read(cell_options, map, &keys, arena, err));
    BASE_TRY(nas_space_operations_read(keys.operations, arena, &operations, err));
    *out = (nas_space_cell){.name = name,
                            .inputs = (size_t)keys.inputs,
                            .nodes = (size_t)keys.nodes,
                            .stride = (size_t)keys.stride,
                            .preprocess = keys.preprocess,
                            .where = map};
    BASE_TRY(read_keep(keys.keep, out, err));
    BASE_TRY(read_outputs(keys.output, arena, out, err));
    BASE_TRY(nas_space_edges_read(keys.edges, operations.count > 0 ? operations : fallback, arena, out, err));
    return check_connections(out, err);
}

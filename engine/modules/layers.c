/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads lists of layers by the tables of their kinds, and builds them one after the other.
 *
 * Reading checks all that can be checked without data (kinds, options, bounds); whether shapes fit is known when a
 * graph is built, so a layer keeps its place in the file until then. */
#include "engine/modules/layers.h"

#include <string.h>

#include "engine/modules/layer_kinds.h"
#include "base/hint.h"

enum { MAX_NODES = 50000, MAX_KINDS = 32 };

const eng_layer_kind *const eng_layer_kinds[] = {
#define ENG_LAYER_ENTRY(id) &eng_layer_##id,
    ENG_LAYER_LIST_OF_KINDS(ENG_LAYER_ENTRY)
#undef ENG_LAYER_ENTRY
        NULL,
};

static const eng_layer_kind *find(const char *name) {
    for (size_t i = 0; eng_layer_kinds[i] != NULL; i++)
        if (strcmp(eng_layer_kinds[i]->name, name) == 0) return eng_layer_kinds[i];
    return NULL;
}

static base_status fail_kind(const base_yaml_node *where, const char *name, base_err *err) {
    const char *names[MAX_KINDS];
    size_t count = 0;
    base_buf all = {0};
    for (; eng_layer_kinds[count] != NULL; count++) {
        names[count] = eng_layer_kinds[count]->name;
        base_buf_printf(&all, "%s%s", count > 0 ? ", " : "", names[count]);
    }
    const char *near = base_nearest(name, names, count);
    base_status status = base_yaml_fail(where, err, "there is no layer '%.40s'%s; the first key names the layer: %s",
                                        name, base_did_you_mean_aside(near).text, all.data);
    base_buf_fini(&all);
    return status;
}

/* The kind of an item, and the map of its options: NULL for a bare word. */
static base_status recognize(const base_yaml_node *item, const eng_layer_kind **kind, const base_yaml_node **map,
                             base_err *err) {
    const bool bare = item->kind == BASE_YAML_STRING;
    if (!bare && (item->kind != BASE_YAML_MAP || item->count == 0))
        return base_yaml_fail(item, err, "a layer is a map like {dense: 64} or a word like flatten, but this is %s",
                              item->kind == BASE_YAML_MAP ? "empty" : base_yaml_kind_text(item->kind));
    const base_yaml_node *key = bare ? item : item->keys[0];
    *kind = find(key->text);
    *map = bare ? NULL : item;
    if (*kind == NULL) return fail_kind(key, key->text, err);
    if (bare && (*kind)->options[0].fallback == BASE_REQUIRED)
        return base_yaml_fail(item, err, "%s needs a value: {%s: ...}, %s", key->text, key->text,
                              (*kind)->options[0].help);
    return BASE_OK;
}

static base_status read_parts(const base_yaml_node *map, base_arena *arena, eng_layer *layer, base_err *err) {
    const eng_layer_kind *kind = layer->kind;
    if (kind->parts == ENG_LAYER_PLAIN) return BASE_OK;
    const base_yaml_node *value = base_yaml_get(map, kind->layers);
    if (value->kind != BASE_YAML_LIST)
        return base_yaml_fail(value, err, "%s must be a list of %s, but is %s", kind->layers,
                              kind->parts == ENG_LAYER_LIST ? "layers" : "lists of layers, one for each branch",
                              base_yaml_kind_text(value->kind));
    layer->n_parts = kind->parts == ENG_LAYER_LIST ? 1 : value->count;
    eng_layers *parts = BASE_NEW_ARRAY(arena, layer->n_parts + 1, eng_layers);
    layer->parts = parts;
    if (kind->parts == ENG_LAYER_LIST) return eng_layers_read(value, arena, parts, err);
    for (size_t i = 0; i < value->count; i++) BASE_TRY(eng_layers_read(value->items[i], arena, &parts[i], err));
    return BASE_OK;
}

/* The options that have a value: null is what is left of an inactive parameter, and means the default. */
static const base_yaml_node *without_nulls(const base_yaml_node *map, base_arena *arena) {
    if (map == NULL) return NULL;
    base_yaml_node *made = BASE_NEW(arena, base_yaml_node);
    *made = *map;
    made->keys = BASE_NEW_ARRAY(arena, map->count, base_yaml_node *);
    made->items = BASE_NEW_ARRAY(arena, map->count, base_yaml_node *);
    made->count = 0;
    for (size_t i = 0; i < map->count; i++) {
        if (map->items[i]->kind == BASE_YAML_NULL) continue;
        made->keys[made->count] = map->keys[i];
        made->items[made->count++] = map->items[i];
    }
    return made;
}

static base_status read_layer(const base_yaml_node *item, base_arena *arena, eng_layer *layer, base_err *err) {
    const base_yaml_node *map = NULL;
    layer->where = item;
    BASE_TRY(recognize(item, &layer->kind, &map, err));
    map = without_nulls(map, arena);
    void *settings = base_arena_alloc(arena, layer->kind->size);
    layer->settings = settings;
    BASE_TRY(base_options_read(layer->kind->options, map, settings, arena, err));
    if (layer->kind->resolve != NULL) BASE_TRY(layer->kind->resolve(settings, err));
    return read_parts(map, arena, layer, err);
}

/* A layer whose value is null: what a study made of it refers to a parameter that is inactive. */
static bool is_left_out(const base_yaml_node *item) {
    return item->kind == BASE_YAML_MAP && item->count > 0 && item->items[0]->kind == BASE_YAML_NULL &&
           find(item->keys[0]->text) != NULL;
}

base_status eng_layers_read(const base_yaml_node *list, base_arena *arena, eng_layers *out, base_err *err) {
    *out = (eng_layers){0};
    if (list->kind != BASE_YAML_LIST)
        return base_yaml_fail(list, err, "layers are a list, like [{dense: 64}, {dropout: 0.1}], but this is %s",
                              base_yaml_kind_text(list->kind));
    eng_layer *items = BASE_NEW_ARRAY(arena, list->count + 1, eng_layer);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (is_left_out(list->items[i])) continue;
        items[count].number = i + 1;
        BASE_TRY(read_layer(list->items[i], arena, &items[count++], err));
    }
    *out = (eng_layers){.items = items, .count = count};
    return BASE_OK;
}

/* The innermost layer that fails is the one to name. */
static base_status name_place(eng_net *net, const eng_layer *layer, base_status status) {
    if (status == BASE_OK || net->blamed || net->err == NULL) return status;
    const base_err why = *net->err;
    (void)base_yaml_fail(layer->where, net->err, "layer %zu (%s): %s", layer->number, layer->kind->name, why.text);
    net->err->code = status;
    net->blamed = true;
    return status;
}

base_status eng_layers_build(const eng_layers *layers, eng_net *net) {
    for (size_t i = 0; i < layers->count; i++) {
        const eng_layer *layer = &layers->items[i];
        base_status status = layer->kind->build(net, layer);
        if (status == BASE_OK && eng_graph_nodes(net->graph) > MAX_NODES)
            status = BASE_FAIL(net->err, BASE_INVALID, "the network has more than %d nodes", MAX_NODES);
        BASE_TRY(name_place(net, layer, status));
    }
    return BASE_OK;
}

void eng_layers_help(base_buf *out) {
    for (size_t i = 0; eng_layer_kinds[i] != NULL; i++) {
        base_buf text = {0};
        base_buf_printf(&text, "layer %s: %s", eng_layer_kinds[i]->name, eng_layer_kinds[i]->summary);
        if (i > 0) base_buf_putc(out, '\n');
        base_put_text(base_buf_text(&text), 0, out);
        base_options_help(eng_layer_kinds[i]->options, out);
        base_buf_fini(&text);
    }
}

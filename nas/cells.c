/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network `cells`: what people train after a search, larger and longer. */
#include "nas/cells.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nas/network.h"

static const char GENOTYPE[] = "genotype", LOT[] = "random";

static const base_option options[] = {
    {.name = GENOTYPE,
     .kind = BASE_OPTION_STRING,
     .offset = offsetof(nas_cells, genotype),
     .help = "the cells: DARTS_V2 and other known ones, a file such as genotype.json, the text of one, or random: one "
             "of the space by lot, each trial another"},
    {.name = "space",
     .kind = BASE_OPTION_NODE,
     .offset = offsetof(nas_cells, space),
     .help = "of the cells: a name or a map, where the genotype does not say it"},
    {.name = "channels",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(nas_cells, channels),
     .fallback = "0",
     .min = 0,
     .max = 4096,
     .help = "of the first cells; 0: those of the space"},
    {.name = "cells",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(nas_cells, cells),
     .fallback = "0",
     .min = 0,
     .max = NAS_MAX_BLOCKS,
     .help = "in a stack with reductions at one and two thirds; 0: as many as the space has"},
    {.name = "auxiliary",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(nas_cells, auxiliary),
     .fallback = "0",
     .min = 0,
     .max = 10,
     .help = "weight of the loss of an auxiliary tower in training; 0: no tower"},
    {.name = "drop_path",
     .kind = BASE_OPTION_REAL,
     .offset = offsetof(nas_cells, drop_path),
     .fallback = "0",
     .min = 0,
     .max = 1,
     .open_max = true,
     .help = "rate at which a path is left out in training, reached in the last epoch"},
    BASE_OPTIONS_END,
};

/* A text holds the cells themselves: what a file's or a cell's name never begins or goes on with. */
static bool is_text(const char *given) {
    return strpbrk(given, "{(|\n") != NULL || (*given && strspn(given, "0123456789") == strlen(given));
}

static const char *folder_of(const base_yaml_node *node, base_arena *arena) {
    const char *slash = node->file ? strrchr(node->file, '/') : NULL;
    return slash ? base_arena_strndup(arena, node->file, (size_t)(slash - node->file)) : NULL;
}

static base_status find(nas_cells *own, const base_yaml_node *where, base_arena *arena, base_err *err) {
    const nas_space *space = NULL;
    nas_genotype *genotype;
    if (own->space) BASE_TRY(nas_space_read(own->space, arena, &space, err));
    base_err why = {0};
    const base_status status =
        is_text(own->genotype) && space
            ? nas_genotype_read(space, "genotype", own->genotype, arena, &genotype, &why)
            : nas_genotype_load(space, own->genotype, folder_of(where, arena), arena, &genotype, &why);
    if (status != BASE_OK) return base_yaml_fail(where, err, "%s", why.text);
    own->found = genotype;
    return BASE_OK;
}

/* Whether the genotype is drawn: `random`, or `random 7` for the lot with that number. */
static bool is_lot(const char *given, uint64_t *number) {
    const size_t length = sizeof LOT - 1;
    *number = 0;
    if (strncmp(given, LOT, length) != 0) return false;
    if (given[length] == '\0') return true;
    const char *digits = given + length + 1;
    if (given[length] != ' ' || !*digits || digits[strspn(digits, "0123456789")] != '\0') return false;
    errno = 0;
    *number = strtoull(digits, NULL, 10);
    return errno == 0;
}

static base_status draw(nas_cells *own, uint64_t number, const base_yaml_node *where, base_arena *arena,
                        base_err *err) {
    base_rng rng = base_rng_stream(number, BASE_RNG_ARCHITECTURE, 0, 0);
    const nas_space *space;
    if (!own->space)
        return base_yaml_fail(where, err, "genotype: %s needs the space that it is drawn from, e.g. space: toy", LOT);
    BASE_TRY(nas_space_read(own->space, arena, &space, err));
    own->found = nas_genotype_random(space, &rng, arena);
    own->drawn = true;
    return BASE_OK;
}

bool nas_cells_by_lot(const base_yaml_node *settings) {
    const base_yaml_node *given = base_yaml_get(settings, GENOTYPE);
    return given && given->kind == BASE_YAML_STRING && strcmp(given->text, LOT) == 0;
}

void nas_cells_number(base_yaml_node *settings, uint64_t seed, base_arena *arena) {
    if (!nas_cells_by_lot(settings)) return;
    const char *lot = base_arena_printf(arena, "%s %llu", LOT, (unsigned long long)seed);
    base_yaml_put(arena, settings, GENOTYPE, base_yaml_scalar(arena, base_yaml_get(settings, GENOTYPE), lot, true));
}

const nas_genotype *nas_cells_drawn(const eng_network *network) {
    const nas_cells *own = network->own;
    return network->kind == &nas_network_cells && own->drawn ? own->found : NULL;
}

/* From now on the text stands for the file, so that a changed file is another network. */
static void keep_text(nas_cells *own, base_arena *arena) {
    base_buf text = {0};
    nas_genotype_write_short(own->found, &text);
    own->genotype = base_arena_printf(arena, "%s %s", own->found->space->name, base_buf_text(&text));
    base_buf_fini(&text);
}

static base_status resolve(void *self, const base_yaml_node *settings, base_arena *arena, base_err *err) {
    nas_cells *own = self;
    const base_yaml_node *where = base_yaml_get(settings, GENOTYPE);
    uint64_t number;
    if (!own->genotype)
        return base_yaml_fail(settings, err, "model: cells needs a genotype: DARTS_V2, or a genotype.json of a search");
    BASE_TRY(is_lot(own->genotype, &number) ? draw(own, number, where, arena, err) : find(own, where, arena, err));
    keep_text(own, arena);
    return BASE_OK;
}

static base_status build(eng_net *net, const eng_network *network, eng_ports *ports) {
    const nas_cells *own = network->own;
    const nas_settings settings = {.channels = (size_t)own->channels,
                                   .cells = (size_t)own->cells,
                                   .auxiliary = own->auxiliary,
                                   .drop_path = own->drop_path};
    return nas_network_build(own->found, &settings, net, ports);
}

const eng_network_kind nas_network_cells = {
    .name = "cells",
    .summary = "a genotype of an architecture search in its skeleton",
    .options = options,
    .size = sizeof(nas_cells),
    .resolve = resolve,
    .build = build,
    .norm = ENG_NORM_BATCH,
    .grows_drop_path = true,
};

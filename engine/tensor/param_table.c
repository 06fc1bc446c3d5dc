/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing list of parameter specs with an index by name, since a supernet has thousands. */
#include "engine/tensor/param_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/xxh64.h"

struct eng_param_table {
    base_arena *arena; /* of names */
    uint32_t owners, numbers;
    eng_param_spec *specs;
    size_t count, capacity;
    eng_param_id *slots; /* open addressing; a power of two, at most half full */
    size_t slot_count;
};

enum { FIRST_SLOTS = 64 };

static void clear(eng_param_table *table, size_t count) {
    free(table->slots);
    table->slots = base_calloc(count, sizeof *table->slots);
    table->slot_count = count;
    for (size_t i = 0; i < count; i++) table->slots[i] = ENG_NO_PARAM;
}

/* Where name lies, or would lie. */
static eng_param_id *slot_of(const eng_param_table *table, const char *name) {
    size_t at = (size_t)base_xxh64(name, strlen(name), 0) & (table->slot_count - 1);
    while (table->slots[at] != ENG_NO_PARAM && strcmp(table->specs[table->slots[at]].name, name) != 0)
        at = (at + 1) & (table->slot_count - 1);
    return &table->slots[at];
}

eng_param_table *eng_param_table_create(void) {
    eng_param_table *table = base_calloc(1, sizeof *table);
    table->arena = base_arena_create();
    table->owners = table->numbers = 1;
    clear(table, FIRST_SLOTS);
    return table;
}

eng_param_table *eng_param_table_share(eng_param_table *table, uint32_t *number) {
    table->owners++;
    *number = table->numbers++;
    return table;
}

void eng_param_table_release(eng_param_table *table) {
    if (--table->owners > 0) return;
    base_arena_destroy(table->arena);
    free(table->specs);
    free(table->slots);
    free(table);
}

size_t eng_param_table_count(const eng_param_table *table) {
    return table->count;
}

const eng_param_spec *eng_param_table_at(const eng_param_table *table, eng_param_id id) {
    BASE_ASSERT(id < table->count);
    return &table->specs[id];
}

const eng_param_spec *eng_param_table_specs(const eng_param_table *table) {
    return table->specs;
}

eng_param_id eng_param_table_find(const eng_param_table *table, const char *name) {
    return *slot_of(table, name);
}

eng_param_id eng_param_table_add(eng_param_table *table, const eng_param_spec *spec) {
    const eng_param_id id = (eng_param_id)table->count;
    BASE_GROW(table->specs, table->capacity, table->count + 1);
    table->specs[id] = *spec;
    table->specs[id].name = base_arena_strdup(table->arena, spec->name);
    if (2 * (table->count + 1) > table->slot_count) {
        clear(table, 2 * table->slot_count);
        for (size_t i = 0; i < table->count; i++) *slot_of(table, table->specs[i].name) = (eng_param_id)i;
    }
    table->count++;
    *slot_of(table, table->specs[id].name) = id;
    return id;
}

size_t eng_param_table_bytes(const eng_param_table *table) {
    const size_t name = 24;
    return table->count * (sizeof(eng_param) + sizeof(eng_param_spec) + 2 * name);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a changed study still searches the same: two identities are compared but for the settings of the objective
 * that may change in a run.
 *
 * An identity is a text of lines; that of the objective is its name and its settings as a flow map. Both are texts that
 * this program wrote, so they are compared as what they are, and an older journal's is understood as well. */
#include <string.h>

#include "hpo/study/study_keys.h"

static const char LINE[] = "\nobjective: ";

/* An identity in three parts: what stands before the settings, the settings, and what stands behind them. */
typedef struct parts {
    const char *settings;
    size_t before, length;
    const char *behind;
} parts;

static bool take_apart(const char *identity, parts *out) {
    const char *line = strstr(identity, LINE);
    const char *settings = line ? strstr(line, ", ") : NULL;
    const char *end = line ? strchr(line + 1, '\n') : NULL;
    if (!settings || !end || settings > end) return false;
    settings += 2;
    *out = (parts){.settings = settings,
                   .before = (size_t)(settings - identity),
                   .length = (size_t)(end - settings),
                   .behind = end};
    return true;
}

static const base_yaml_node *read_settings(base_arena *arena, const parts *of) {
    base_yaml_node *root = NULL;
    const base_status status = base_yaml_parse(arena, "", of->settings, of->length, &root, NULL);
    if (status != BASE_OK || root->kind != BASE_YAML_MAP) return NULL;
    const base_yaml_node *settings = base_yaml_get(root, "settings");
    return settings && settings->kind == BASE_YAML_MAP ? settings : base_yaml_new_map(arena, NULL);
}

static bool may_change(const hpo_objective_type *objective, const char *key) {
    for (const char *const *name = objective->changeable; name && *name; name++) {
        if (strcmp(*name, key) == 0) return true;
    }
    return false;
}

/* Compares the keys of one map with the other's. Those that differ are named, on the second way those only that the
 * other map does not have. */
static bool compare(const hpo_objective_type *objective, const base_yaml_node *map, const base_yaml_node *other,
                    bool second_way, base_buf *changed) {
    for (size_t i = 0; i < map->count; i++) {
        const char *key = map->keys[i]->text;
        const base_yaml_node *there = base_yaml_get(other, key);
        if (there && (second_way || base_yaml_equal(map->items[i], there))) continue;
        if (!may_change(objective, key)) return false;
        base_buf_printf(changed, "%s%s", changed->length > 0 ? ", " : "", key);
    }
    return true;
}

/* What settings of objectives were called before, as far as they stand in identities. */
static const struct {
    const char *was, *is;
} former[] = {
    {"normalise: ", "normalize: "},
    {"init: xavier-uniform", "init: xavier_uniform"},
    {"init: xavier-normal", "init: xavier_normal"},
    {"init: he-uniform", "init: he_uniform"},
    {"init: he-normal", "init: he_normal"},
};

/* The identity in the words of today. */
static const char *respelled(base_arena *arena, const char *identity) {
    const char *text = identity;
    for (size_t i = 0; i < sizeof former / sizeof *former; i++) {
        for (const char *at = text; (at = strstr(at, former[i].was)) != NULL;) {
            const size_t before = (size_t)(at - text), behind = before + strlen(former[i].was);
            text = base_arena_printf(arena, "%.*s%s%s", (int)before, text, former[i].is, text + behind);
            at = text + before + strlen(former[i].is);
        }
    }
    return text;
}

bool hpo_study_same_search(const hpo_study_spec *spec, const char *identity, base_buf *changed) {
    base_arena *arena = base_arena_create();
    const char *older = respelled(arena, identity), *newer = respelled(arena, spec->identity);
    parts had, has;
    bool same = take_apart(older, &had) && take_apart(newer, &has) && had.before == has.before &&
                memcmp(older, newer, had.before) == 0 && strcmp(had.behind, has.behind) == 0;
    if (same) {
        const base_yaml_node *before = read_settings(arena, &had), *now = read_settings(arena, &has);
        same = before && now && compare(spec->objective, now, before, false, changed) &&
               compare(spec->objective, before, now, true, changed);
    }
    base_arena_destroy(arena);
    return same;
}

/* What older programs did without saying so. */
static const char *const unsaid[] = {", trust: false", ", rounding: down"};

void hpo_study_respell(hpo_study_spec *spec, const char *identity) {
    const char *older = respelled(spec->arena, spec->identity), *theirs = respelled(spec->arena, identity);
    for (size_t i = 0; i < sizeof unsaid / sizeof *unsaid; i++) {
        const char *said = strstr(older, unsaid[i]);
        if (!said || strstr(theirs, unsaid[i])) continue;
        older = base_arena_printf(spec->arena, "%.*s%s", (int)(said - older), older, said + strlen(unsaid[i]));
    }
    if (strcmp(older, theirs) == 0) spec->recorded = base_arena_strdup(spec->arena, identity);
}

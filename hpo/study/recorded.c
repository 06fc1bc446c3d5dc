/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hpo/study/recorded.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "hpo/space/space_file.h"
#include "hpo/study/study_keys.h"

/* ---- the head ---- */

/* What stands behind "key: " in a line of the identity; NULL: no such line. */
static const char *line_of(const char *identity, const char *key, base_arena *arena) {
    const size_t length = strlen(key);
    for (const char *line = identity; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && strncmp(line + length, ": ", 2) == 0)
            return base_arena_strndup(arena, line + length + 2, strcspn(line + length + 2, "\n"));
    }
    return NULL;
}

/* "accuracy, maximize" */
static bool read_metric(hpo_goal *goal, const char *text, base_arena *arena) {
    const char *comma = text ? strrchr(text, ',') : NULL;
    if (!comma) return false;
    *goal = (hpo_goal){.name = base_arena_strndup(arena, text, (size_t)(comma - text)),
                       .maximize = strcmp(comma + 1, " maximize") == 0,
                       .reference = (double)NAN};
    return true;
}

/* [{name: error, goal: minimize}, ...]; how many, 0: it cannot be read. */
static size_t read_metrics(hpo_goal *goals, const char *text, base_arena *arena) {
    base_yaml_node *list;
    if (base_yaml_parse(arena, "", text, strlen(text), &list, NULL) != BASE_OK) return 0;
    if (list->kind != BASE_YAML_LIST || list->count > HPO_MAX_GOALS) return 0;
    for (size_t g = 0; g < list->count; g++) {
        const base_yaml_node *name = base_yaml_get(list->items[g], "name"),
                             *goal = base_yaml_get(list->items[g], "goal");
        const base_yaml_node *reference = base_yaml_get(list->items[g], "reference");
        if (!name || !goal || !base_yaml_is_scalar(name) || !base_yaml_is_scalar(goal)) return 0;
        for (size_t h = 0; h < g; h++)
            if (strcmp(goals[h].name, name->text) == 0) return 0;
        goals[g] = (hpo_goal){.name = name->text,
                              .maximize = strcmp(goal->text, "maximize") == 0,
                              .reference = reference ? reference->number : (double)NAN};
    }
    return list->count;
}

static bool read_goals(hpo_recorded *r, const char *identity, base_arena *arena) {
    hpo_goal *goals = BASE_NEW_ARRAY(arena, HPO_MAX_GOALS, hpo_goal);
    const char *several = line_of(identity, "metrics", arena);
    r->goals = goals;
    r->n_goals =
        several ? read_metrics(goals, several, arena) : read_metric(goals, line_of(identity, "metric", arena), arena);
    if (r->n_goals == 0) return false;
    r->metric = goals[0].name;
    r->maximize = goals[0].maximize;
    return true;
}

/* [{metric: latency, max: 0.01}, ...], one bound each; false: it cannot be read. */
static bool read_constraints(hpo_recorded *r, const char *text, base_arena *arena) {
    base_yaml_node *list;
    if (!text) return true;
    if (base_yaml_parse(arena, "", text, strlen(text), &list, NULL) != BASE_OK) return false;
    if (list->kind != BASE_YAML_LIST || list->count > HPO_MAX_CONSTRAINTS) return false;
    hpo_constraint *all = BASE_NEW_ARRAY(arena, list->count, hpo_constraint);
    for (size_t c = 0; c < list->count; c++) {
        const base_yaml_node *metric = base_yaml_get(list->items[c], "metric");
        const base_yaml_node *max = base_yaml_get(list->items[c], "max"), *min = base_yaml_get(list->items[c], "min");
        if (!metric || (!max && !min)) return false;
        all[c] = (hpo_constraint){.metric = metric->text, .bound = (max ? max : min)->number, .is_max = max != NULL};
    }
    r->constraints = (hpo_constraints){all, list->count};
    return true;
}

/* {epochs: {min: 1, max: 52}} or null */
static base_status read_fidelity(hpo_recorded *r, const char *text, base_arena *arena, base_err *err) {
    base_yaml_node *root;
    r->fidelity = (hpo_fidelity){.min = 1, .max = 1};
    BASE_TRY(base_yaml_parse(arena, r->file, text, strlen(text), &root, err));
    if (root->kind != BASE_YAML_MAP || root->count != 1) return BASE_OK;
    const base_yaml_node *min = base_yaml_get(root->items[0], "min"), *max = base_yaml_get(root->items[0], "max");
    if (!min || !max) return BASE_FAIL(err, BASE_CORRUPT, "%s: its fidelity has no bounds", r->file);
    r->fidelity = (hpo_fidelity){.name = root->keys[0]->text,
                                 .min = min->number,
                                 .max = max->number,
                                 .integer = min->kind == BASE_YAML_INT && max->kind == BASE_YAML_INT};
    return BASE_OK;
}

static base_status read_head(hpo_recorded *r, base_arena *arena, base_err *err) {
    BASE_TRY(hpo_journal_peek(r->file, arena, &r->head, err));
    const char *identity = r->head.identity, *fidelity = line_of(identity, "fidelity", arena);
    r->parameters = line_of(identity, "space", arena);
    r->objective = line_of(identity, "objective", arena);
    r->sampler = line_of(identity, "sampler", arena);
    r->scheduler = line_of(identity, "scheduler", arena);
    const bool measured =
        read_goals(r, identity, arena) && read_constraints(r, line_of(identity, "constraints", arena), arena);
    if (!r->parameters || !fidelity || !measured)
        return BASE_FAIL(err, BASE_CORRUPT, "%s: its head does not say space, metric and fidelity", r->file);
    return read_fidelity(r, fidelity, arena, err);
}

static base_status read_space(hpo_recorded *r, base_arena *arena, base_err *err) {
    base_yaml_node *root;
    BASE_TRY(base_yaml_parse(arena, r->file, r->parameters, strlen(r->parameters), &root, err));
    const base_yaml_node *parameters = base_yaml_get(root, "parameters");
    if (parameters && parameters->kind == BASE_YAML_MAP && parameters->count == 0) { /* trials differ by their seeds */
        r->space = hpo_space_create();
        return hpo_space_seal(r->space, err);
    }
    return hpo_space_read(parameters, base_yaml_get(root, "forbid"), r->fidelity.name, &r->space, err);
}

/* Priors of single metrics find theirs. */
static base_status set_metrics(hpo_recorded *r, base_err *err) {
    const base_status status = study_set_metrics(r->space, r->goals, r->n_goals, err);
    if (status == BASE_OK) return BASE_OK;
    hpo_space_destroy(r->space);
    r->space = NULL;
    return status;
}

/* ---- the records ---- */

typedef struct reading {
    hpo_history *history;
    void (*visit)(void *self, const hpo_entry *entry);
    void *self;
} reading;

static base_status apply(void *self, const hpo_entry *entry, base_err *err) {
    const reading *r = self;
    if (entry->kind == HPO_ENTRY_RECORD) BASE_TRY(hpo_history_apply(r->history, &entry->record, err));
    if (r->visit) r->visit(r->self, entry);
    return BASE_OK;
}

static const char *journal_at(const char *path, base_arena *arena) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? base_arena_printf(arena, "%s/journal.log", path)
                                                       : base_arena_strdup(arena, path);
}

base_status hpo_recorded_read(const char *path, base_arena *arena, void (*visit)(void *self, const hpo_entry *entry),
                              void *self, hpo_recorded *out, base_err *err) {
    *out = (hpo_recorded){.file = journal_at(path, arena)};
    BASE_TRY(read_head(out, arena, err));
    BASE_TRY(read_space(out, arena, err));
    BASE_TRY(set_metrics(out, err));
    out->history = hpo_history_create_for(out->space, out->goals, out->n_goals, out->fidelity.max);
    hpo_history_constrain(out->history, out->constraints);
    reading r = {.history = out->history, .visit = visit, .self = self};
    const base_status status = hpo_journal_read(out->file, out->space, apply, &r, err);
    if (status != BASE_OK) hpo_recorded_fini(out);
    return status;
}

void hpo_recorded_fini(hpo_recorded *recorded) {
    hpo_history_destroy(recorded->history);
    hpo_space_destroy(recorded->space);
    recorded->history = NULL;
    recorded->space = NULL;
}

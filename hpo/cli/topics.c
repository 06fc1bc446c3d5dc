/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --help NAME: what a name means, and the page of it.
 *
 * A name may mean several things: `darts` is an objective, a space and a search. KIND:NAME says which; a bare name that
 * means one thing needs no kind, and of one that means several the meanings are listed. A method, its sampler and its
 * scheduler often share a name and are one page. */
#include <string.h>

#include "base/arena.h"
#include "hpo/cli/cli_impl.h"

/* Where a name is looked up, and what it is called there. */
typedef struct meaning {
    const char *kind;
    const hpo_topics *topics; /* NULL: one of ours */
    size_t index;             /* in topics */
} meaning;

enum { MOST = 16 };
static const char *const method_kinds[] = {"method", "sampler", "scheduler"};

static const hpo_objective_type *find_objective(const hpo_catalog *catalog, const char *name) {
    for (size_t i = 0; i < catalog->n_objectives; i++) {
        if (strcmp(catalog->objectives[i]->name, name) == 0) return catalog->objectives[i];
    }
    return NULL;
}

static bool find_key(const char *name) {
    for (size_t i = 0; hpo_study_key_name(i); i++) {
        if (strcmp(hpo_study_key_name(i), name) == 0) return true;
    }
    return false;
}

static bool is_auto(const char *name) {
    return strcmp(name, "auto") == 0;
}

static bool is_part_of_method(const char *kind, const char *name) {
    if (strcmp(kind, "method") == 0) return is_auto(name) || hpo_method_find(name) != NULL;
    return strcmp(kind, "sampler") == 0 ? hpo_sampler_find(name) != NULL : hpo_scheduler_find(name) != NULL;
}

/* Every meaning of the name, or those of one kind (NULL: of any). */
static size_t find_meanings(const hpo_catalog *catalog, const char *kind, const char *name, meaning out[MOST]) {
    size_t count = 0;
    for (size_t i = 0; i < sizeof method_kinds / sizeof *method_kinds; i++) {
        const bool wanted = kind ? strcmp(kind, method_kinds[i]) == 0 : count == 0; /* the three are one page */
        if (wanted && is_part_of_method(method_kinds[i], name)) out[count++] = (meaning){.kind = method_kinds[i]};
    }
    if ((!kind || strcmp(kind, "objective") == 0) && find_objective(catalog, name))
        out[count++] = (meaning){.kind = "objective"};
    for (size_t i = 0; catalog->topics && catalog->topics[i]; i++) {
        const hpo_topics *topics = catalog->topics[i];
        if (kind && strcmp(kind, topics->kind) != 0) continue;
        for (size_t k = 0; k < topics->count() && count < MOST; k++)
            if (strcmp(topics->name(k), name) == 0)
                out[count++] = (meaning){.kind = topics->kind, .topics = topics, .index = k};
    }
    const bool keys = kind ? strcmp(kind, "key") == 0 : count == 0;
    if (keys && find_key(name)) out[count++] = (meaning){.kind = "key"};
    return count;
}

/* ---- pages ---- */

/* A method with its two parts, or what of the three has this name. */
static void print_method(const char *kind, const char *name, base_buf *out) {
    const bool all = strcmp(kind, "method") == 0;
    const hpo_method *method = all ? hpo_method_find(name) : NULL;
    if (method) {
        cli_print_heading("method", method->name, method->summary, out);
        base_buf_printf(out, "  = {sampler: %s, scheduler: %s}\n\n", method->sampler, method->scheduler);
    }
    const hpo_sampler_type *sampler = hpo_sampler_find(method ? method->sampler : name);
    const hpo_scheduler_type *scheduler = hpo_scheduler_find(method ? method->scheduler : name);
    if (sampler) cli_print_options("sampler", sampler->name, sampler->summary, sampler->options, out);
    if (sampler && scheduler) base_buf_puts(out, "\n");
    if (scheduler) cli_print_options("scheduler", scheduler->name, scheduler->summary, scheduler->options, out);
}

static void print_part(const char *kind, const char *name, base_buf *out) {
    const hpo_sampler_type *sampler = strcmp(kind, "sampler") == 0 ? hpo_sampler_find(name) : NULL;
    const hpo_scheduler_type *scheduler = strcmp(kind, "scheduler") == 0 ? hpo_scheduler_find(name) : NULL;
    if (sampler) cli_print_options("sampler", sampler->name, sampler->summary, sampler->options, out);
    if (scheduler) cli_print_options("scheduler", scheduler->name, scheduler->summary, scheduler->options, out);
}

/* named: the user said which kind, so of a sampler that a scheduler shares its name with only one is meant. */
static void print_meaning(const hpo_catalog *catalog, const meaning *what, const char *name, bool named,
                          base_buf *out) {
    if (what->topics) {
        cli_print_heading(what->kind, name, what->topics->summary(what->index), out);
        if (what->topics->help) what->topics->help(what->index, out);
    } else if (strcmp(what->kind, "objective") == 0) {
        cli_print_objective(find_objective(catalog, name), out);
    } else if (strcmp(what->kind, "key") == 0) {
        hpo_study_help_key(name, out);
    } else if (named && strcmp(what->kind, "method") != 0) {
        print_part(what->kind, name, out);
    } else if (is_auto(name)) {
        cli_print_heading("method", name, hpo_study_auto_summary(), out);
        hpo_study_auto_help(out);
    } else {
        print_method(what->kind, name, out);
    }
}

/* ---- names that mean nothing, or too much ---- */

static base_status fail_ambiguous(const char *name, const meaning *meanings, size_t count, base_err *err) {
    base_buf list = {0};
    for (size_t i = 0; i < count; i++) {
        const char *between = i == 0 ? "" : i + 1 < count ? ", " : " and ";
        base_buf_printf(&list, "%s%s:%s", between, meanings[i].kind, name);
    }
    const base_status status = BASE_FAIL(err, BASE_NOTFOUND, "'%s' has several meanings, say which: --help with %s",
                                         name, base_buf_text(&list));
    base_buf_fini(&list);
    return status;
}

typedef struct name_list {
    base_arena *arena;
    const char **names;
    size_t count, capacity;
} name_list;

static void add_name(name_list *list, const char *kind, const char *name) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 128;
        const char **names = BASE_NEW_ARRAY(list->arena, capacity, const char *);
        if (list->count > 0) memcpy(names, list->names, list->count * sizeof *names);
        list->names = names;
        list->capacity = capacity;
    }
    list->names[list->count++] = kind ? base_arena_printf(list->arena, "%s:%s", kind, name) : name;
}

/* Every name that has a page; qualified: with its kind. */
static void list_names(const hpo_catalog *catalog, bool qualified, name_list *list) {
    size_t count = 0;
    add_name(list, NULL, "study");
    for (size_t i = 0; hpo_study_key_name(i); i++) add_name(list, qualified ? "key" : NULL, hpo_study_key_name(i));
    const hpo_sampler_type *const *samplers = hpo_samplers(&count);
    for (size_t i = 0; i < count; i++) add_name(list, qualified ? "sampler" : NULL, samplers[i]->name);
    const hpo_scheduler_type *const *schedulers = hpo_schedulers(&count);
    for (size_t i = 0; i < count; i++) add_name(list, qualified ? "scheduler" : NULL, schedulers[i]->name);
    const hpo_method *methods = hpo_methods(&count);
    add_name(list, qualified ? "method" : NULL, "auto");
    for (size_t i = 0; i < count; i++) add_name(list, qualified ? "method" : NULL, methods[i].name);
    for (size_t i = 0; i < catalog->n_objectives; i++)
        add_name(list, qualified ? "objective" : NULL, catalog->objectives[i]->name);
    for (size_t i = 0; catalog->topics && catalog->topics[i]; i++) {
        const hpo_topics *topics = catalog->topics[i];
        for (size_t k = 0; k < topics->count(); k++) add_name(list, qualified ? topics->kind : NULL, topics->name(k));
    }
}

static base_status fail_unknown(const hpo_catalog *catalog, const char *topic, bool qualified, base_err *err) {
    name_list list = {.arena = base_arena_create()};
    list_names(catalog, qualified, &list);
    const char *near = base_nearest(topic, list.names, list.count);
    const base_status status =
        near ? BASE_FAIL(err, BASE_NOTFOUND, "there is no help on '%s'; did you mean '%s'?", topic, near)
             : BASE_FAIL(err, BASE_NOTFOUND, "there is no help on '%s'; --list shows every name", topic);
    base_arena_destroy(list.arena);
    return status;
}

base_status cli_print_topic(const hpo_catalog *catalog, const char *topic, base_buf *out, base_err *err) {
    if (strcmp(topic, "study") == 0) {
        hpo_study_help(out);
        return BASE_OK;
    }
    base_arena *arena = base_arena_create();
    meaning meanings[MOST];
    const char *colon = strchr(topic, ':'), *name = colon ? colon + 1 : topic;
    const char *kind = colon ? base_arena_strndup(arena, topic, (size_t)(colon - topic)) : NULL;
    const size_t count = find_meanings(catalog, kind, name, meanings);
    base_status status = BASE_OK;
    if (count == 1) {
        print_meaning(catalog, &meanings[0], name, kind != NULL, out);
    } else if (count > 1) {
        status = fail_ambiguous(name, meanings, count, err);
    } else {
        status = fail_unknown(catalog, topic, kind != NULL, err);
    }
    base_arena_destroy(arena);
    return status;
}

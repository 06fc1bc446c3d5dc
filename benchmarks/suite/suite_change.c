/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder that has cells of another suite: what differs, in the words of suites. The journal there knows only that
 * its study has changed. */
#include <string.h>

#include "benchmarks/suite/suite_internal.h"

enum { LONG = 100 }; /* characters of a list; a message has room for two */

typedef const char *name_of(const bench_suite *suite, size_t index);

static const char *method_name(const bench_suite *s, size_t index) {
    return s->methods[index].label;
}

static const char *problem_name(const bench_suite *s, size_t index) {
    return s->problems[index].name;
}

static const char *list_of(const bench_suite *s, size_t count, name_of *name, base_arena *arena) {
    const char *text = name(s, 0);
    for (size_t i = 1; i < count; i++) {
        if (strlen(text) > LONG) return base_arena_printf(arena, "%s and %zu more", text, count - i);
        text = base_arena_printf(arena, "%s, %s", text, name(s, i));
    }
    return text;
}

static const char *flow_of(const bench_suite *s, const char *key, base_arena *arena) {
    const base_yaml_node *value = base_yaml_get(s->page, key);
    base_buf text = {0};
    if (!value) return "(not set)";
    base_yaml_print_flow(value, &text);
    const char *copy = text.length > LONG ? base_arena_printf(arena, "%.*s...", LONG, base_buf_text(&text))
                                          : base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

static base_status refuse(const char *run_dir, const char *what, const char *had, const char *has, base_err *err) {
    return BASE_FAIL(err, BASE_INVALID, "%s has %s %s; you ask for %s: give another --out, or remove the folder",
                     run_dir, what, had, has);
}

static base_status compare_key(const bench_suite *before, const bench_suite *now, const char *key, const char *run_dir,
                               base_arena *arena, base_err *err) {
    const base_yaml_node *had = base_yaml_get(before->page, key), *has = base_yaml_get(now->page, key);
    if (had == has || (had && has && base_yaml_equal(had, has))) return BASE_OK;
    return refuse(run_dir, key, flow_of(before, key, arena), flow_of(now, key, arena), err);
}

/* Methods, or problems: by their names, and where these are the same, as the page has them. */
static base_status compare_lists(const bench_suite *before, size_t n_before, const bench_suite *now, size_t n_now,
                                 const char *key, name_of *name, const char *run_dir, base_arena *arena,
                                 base_err *err) {
    bool same_names = n_before == n_now;
    for (size_t i = 0; i < n_now && same_names; i++) same_names = strcmp(name(before, i), name(now, i)) == 0;
    if (!same_names)
        return refuse(run_dir, base_arena_printf(arena, "the %s", key), list_of(before, n_before, name, arena),
                      list_of(now, n_now, name, arena), err);
    return compare_key(before, now, key, run_dir, arena, err);
}

static base_status compare(const bench_suite *before, const bench_suite *now, const char *run_dir, base_arena *arena,
                           base_err *err) {
    static const char *const others[] = {"workers", "budget", "charge", "pin", NULL};
    BASE_TRY(compare_key(before, now, "suite", run_dir, arena, err));
    BASE_TRY(
        compare_lists(before, before->n_methods, now, now->n_methods, "methods", method_name, run_dir, arena, err));
    BASE_TRY(
        compare_lists(before, before->n_problems, now, now->n_problems, "problems", problem_name, run_dir, arena, err));
    for (const char *const *key = others; *key; key++) BASE_TRY(compare_key(before, now, *key, run_dir, arena, err));
    return BASE_OK;
}

/* The suite that the run began with is the objective of its study. NULL: that cannot be read. */
static bench_suite *suite_of_run(const char *run_dir, base_arena *arena) {
    base_buf text = {0};
    base_err ignored;
    base_yaml_node *study = NULL;
    bench_suite *suite = NULL;
    const char *path = base_arena_printf(arena, "%s/study.yaml", run_dir);
    if (base_read_file(path, &text, &ignored) == BASE_OK &&
        base_yaml_parse(arena, path, base_buf_text(&text), text.length, &study, &ignored) == BASE_OK) {
        const base_yaml_node *objective = base_yaml_get(study, "objective");
        const base_yaml_node *cell = objective ? base_yaml_get(objective, "cell") : NULL;
        if (!cell || bench_suite_read_node(cell, &suite, &ignored) != BASE_OK) suite = NULL;
    }
    base_buf_fini(&text);
    return suite;
}

base_status bench_suite_continues(const bench_suite *suite, const char *run_dir, base_err *err) {
    base_arena *arena = base_arena_create();
    bench_suite *before = suite_of_run(run_dir, arena);
    const base_status status = before ? compare(before, suite, run_dir, arena, err) : BASE_OK;
    bench_suite_destroy(before);
    base_arena_destroy(arena);
    return status;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which labels of several folders are one method: two folders that have runs of a label on the same problem have two
 * methods, for what would be compared otherwise? Folders with other problems have more runs of the same one. */
#include <string.h>

#include "benchmarks/report/runs_internal.h"

/* By problem and workers, whether a label has runs there. */
static bool *places_of(const bench_runs_reading *r, base_arena *arena) {
    bool *places = BASE_NEW_ARRAY(arena, r->n_labels * r->n_problems * r->n_workers, bool);
    for (size_t i = 0; i < r->n_run; i++)
        places[(r->run[i].method * r->n_problems + r->run[i].problem) * r->n_workers + r->run[i].workers] = true;
    return places;
}

static bool clash(const bench_runs_reading *r, const bool *places, size_t a, size_t b) {
    const size_t n = r->n_problems * r->n_workers;
    if (a == b || strcmp(r->labels[a].text, r->labels[b].text) != 0) return false;
    for (size_t i = 0; i < n; i++)
        if (places[a * n + i] && places[b * n + i]) return true;
    return false;
}

/* Whether any two labels of this text do. */
static bool clashes(const bench_runs_reading *r, const bool *places, size_t label) {
    for (size_t a = 0; a < r->n_labels; a++)
        for (size_t b = 0; b < a; b++)
            if (strcmp(r->labels[a].text, r->labels[label].text) == 0 && clash(r, places, a, b)) return true;
    return false;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] != 0 ? slash + 1 : path;
}

/* Its last part, where no other folder has the same. */
static const char *short_name(const bench_runs *runs, size_t folder) {
    for (size_t i = 0; i < runs->n_folders; i++)
        if (i != folder && strcmp(last_part(runs->folders[i]), last_part(runs->folders[folder])) == 0)
            return runs->folders[folder];
    return last_part(runs->folders[folder]);
}

static size_t method_named(bench_runs *runs, const char *name) {
    for (size_t i = 0; i < runs->n_methods; i++)
        if (strcmp(runs->methods[i], name) == 0) return i;
    runs->methods[runs->n_methods] = name;
    return runs->n_methods++;
}

void bench_runs_name_methods(bench_runs_reading *r) {
    base_arena *arena = base_arena_create();
    const bool *places = places_of(r, arena);
    r->runs->methods = BASE_NEW_ARRAY(r->runs->arena, r->n_labels + 1, const char *);
    for (size_t i = 0; i < r->n_labels; i++) {
        const char *name = r->labels[i].text;
        if (clashes(r, places, i))
            name = base_arena_printf(r->runs->arena, "%s (%s)", name, short_name(r->runs, r->labels[i].folder));
        r->labels[i].method = method_named(r->runs, name);
    }
    for (size_t i = 0; i < r->n_run; i++) r->run[i].method = r->labels[r->run[i].method].method;
    base_arena_destroy(arena);
}

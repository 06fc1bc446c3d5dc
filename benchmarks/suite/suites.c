/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The suites of benchmarks/suites, by name. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/suite/suite.h"

#ifndef BENCH_SUITES_SOURCE
#error "BENCH_SUITES_SOURCE: the folder of the suites in the source tree"
#endif
#ifndef BENCH_SUITES_INSTALL
#error "BENCH_SUITES_INSTALL: the folder of the suites after installation"
#endif

enum { MOST = 64 };

static const char *folder(void) {
    return access(BENCH_SUITES_SOURCE, R_OK) == 0 ? BENCH_SUITES_SOURCE : BENCH_SUITES_INSTALL;
}

static int is_suite(const struct dirent *entry) {
    const char *ending = strrchr(entry->d_name, '.');
    return ending && ending != entry->d_name && strcmp(ending, ".yaml") == 0;
}

/* In the order of the alphabet. */
static size_t names(base_arena *arena, const char *out[MOST]) {
    struct dirent **entries;
    const int count = scandir(folder(), &entries, is_suite, alphasort);
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (n < MOST) out[n++] = base_arena_printf(arena, "%.*s", (int)(strlen(name) - strlen(".yaml")), name);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return n;
}

/* The folder nas lies in the source tree, where the suite nas is asked for. */
static bool is_file(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 && !S_ISDIR(found.st_mode);
}

base_status bench_suite_find(const char *name, base_buf *path, base_err *err) {
    base_buf_clear(path);
    base_buf_puts(path, name);
    if (is_file(name) || strchr(name, '/')) return BASE_OK;
    base_buf_clear(path);
    base_buf_printf(path, "%s/%s.yaml", folder(), name);
    if (access(base_buf_text(path), F_OK) == 0) return BASE_OK;
    base_arena *arena = base_arena_create();
    const char *known[MOST];
    const char *near = base_nearest(name, known, names(arena, known));
    const base_status status =
        near ? BASE_FAIL(err, BASE_NOTFOUND, "there is no file and no suite '%s'; did you mean '%s'?", name, near)
             : BASE_FAIL(err, BASE_NOTFOUND, "there is no file and no suite '%s'; hpo_bench list shows them", name);
    base_arena_destroy(arena);
    return status;
}

base_status bench_suite_open(const char *name, const char *const *sets, size_t n_sets, bench_suite **out,
                             base_err *err) {
    base_buf path = {0}, text = {0};
    base_status status = bench_suite_find(name, &path, err);
    if (status == BASE_OK) status = base_read_file(base_buf_text(&path), &text, err);
    if (status == BASE_OK)
        status = bench_suite_read(base_buf_text(&path), base_buf_text(&text), text.length, sets, n_sets, out, err);
    base_buf_fini(&path);
    base_buf_fini(&text);
    return status;
}

static void put_suite(const char *name, base_buf *out) {
    bench_suite *suite = NULL;
    base_err ignored;
    const base_status status = bench_suite_open(name, NULL, 0, &suite, &ignored);
    base_put_row(name, 18, status != BASE_OK ? "(cannot be read)" : suite->title ? suite->title : "", out);
    bench_suite_destroy(suite);
}

void bench_suite_list(base_buf *out) {
    base_arena *arena = base_arena_create();
    const char *known[MOST];
    const size_t count = names(arena, known);
    base_buf_printf(out, "suites in %s\n", folder());
    for (size_t i = 0; i < count; i++) put_suite(known[i], out);
    base_arena_destroy(arena);
}

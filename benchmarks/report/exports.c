/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/exports.h"

#include <string.h>

const char *bench_export_method(const bench_runs *runs, size_t workers, size_t method, base_arena *arena) {
    const long long count = (long long)runs->workers[workers];
    if (count == 1) return runs->methods[method];
    return base_arena_printf(arena, "%s, %lld workers", runs->methods[method], count);
}

const char *bench_file_name(size_t index, const char *name, base_arena *arena) {
    char *text = base_arena_printf(arena, "%zu-%s", index + 1, name);
    for (char *c = text; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *c)) *c = '-';
    return text;
}

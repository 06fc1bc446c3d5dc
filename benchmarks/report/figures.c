/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All figures of a report: each is drawn once, for its file and for the page. */
#include "benchmarks/report/figures.h"

#include <string.h>

#include "benchmarks/report/exports.h"

static const char *const kinds[BENCH_FIGURES] = {"regret", "ranks", "targets", "groups"}; /* as bench_figure */

static bool draw(const bench_report *r, bench_figure figure, size_t workers, size_t problem, base_buf *out) {
    switch (figure) {
    case BENCH_FIGURE_REGRET: return bench_figure_regret(r, workers, problem, out);
    case BENCH_FIGURE_RANKS: return bench_figure_ranks(r, workers, out);
    case BENCH_FIGURE_TARGETS: return bench_figure_runtimes(r, workers, out);
    case BENCH_FIGURE_GROUPS: return bench_figure_groups(r, workers, out);
    case BENCH_FIGURES: break;
    }
    BASE_ASSERT(false && "a figure has a kind");
    return false;
}

static size_t problems_of(const bench_report *r, bench_figure figure) {
    return figure == BENCH_FIGURE_REGRET ? r->runs->n_problems : 1;
}

const char *bench_figure_of(const bench_report *r, bench_figure figure, size_t workers, size_t problem) {
    const size_t place = figure == BENCH_FIGURE_REGRET ? problem : r->runs->n_problems + (size_t)figure;
    const char **picture = &r->pictures[workers * bench_report_pictures(r->runs) + place];
    if (!*picture) {
        base_buf text = {0};
        (void)draw(r, figure, workers, problem, &text);
        *picture = base_arena_strdup(r->arena, base_buf_text(&text));
        base_buf_fini(&text);
    }
    return **picture ? *picture : NULL;
}

/* ---- files ---- */

static base_status write(const bench_report *r, const char *folder, bench_figure figure, size_t workers, size_t problem,
                         base_arena *arena, base_err *err) {
    const char *picture = bench_figure_of(r, figure, workers, problem);
    const char *of =
        figure == BENCH_FIGURE_REGRET
            ? base_arena_printf(arena, "-%s", bench_file_name(problem, r->runs->problems[problem].name, arena))
            : "";
    if (!picture) return BASE_OK;
    const char *path =
        base_arena_printf(arena, "%s/%s%s-w%lld.svg", folder, kinds[figure], of, (long long)r->runs->workers[workers]);
    return base_write_file(path, picture, strlen(picture), err);
}

base_status bench_figures_write(const bench_report *r, const char *folder, base_err *err) {
    base_arena *arena = base_arena_create();
    base_status status = base_make_folder(folder, err);
    for (size_t w = 0; w < r->runs->n_workers; w++)
        for (bench_figure f = 0; f < BENCH_FIGURES; f++)
            for (size_t p = 0; p < problems_of(r, f) && status == BASE_OK; p++)
                status = write(r, folder, f, w, p, arena, err);
    base_arena_destroy(arena);
    return status;
}

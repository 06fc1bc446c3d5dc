/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "experiments/bench_compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/report/exports.h"
#include "benchmarks/report/report.h"
#include "hpo/cli/cli.h"

typedef struct request {
    const char **folders, *out, *export, *against;
    size_t n_folders, n_at;
    double *at; /* NULL: the suite's */
    bool markdown;
} request;

/* ---- the command line ---- */

/* Rising numbers with commas in between. */
static base_status read_at(const char *text, base_arena *arena, request *q, base_err *err) {
    q->at = BASE_NEW_ARRAY(arena, strlen(text) + 1, double);
    for (const char *next = text; next; q->n_at++) {
        const char *comma = strchr(next, ',');
        const size_t length = comma ? (size_t)(comma - next) : strlen(next);
        double *at = &q->at[q->n_at];
        if (!base_parse_double(base_arena_strndup(arena, next, length), at) || !isfinite(*at) ||
            !(*at > (q->n_at > 0 ? at[-1] : 0)))
            return BASE_FAIL(err, BASE_INVALID,
                             "--at takes rising numbers of full evaluations, e.g. --at 1,5,10, but "
                             "not %s",
                             text);
        next = comma ? comma + 1 : NULL;
    }
    return BASE_OK;
}

static base_status read_request(int argc, char **argv, base_arena *arena, request *q, base_err *err) {
    q->folders = BASE_NEW_ARRAY(arena, (size_t)argc + 1, const char *);
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--markdown") == 0) {
            q->markdown = true;
            continue;
        }
        const bool known = strcmp(argv[i], "--out") == 0 || strcmp(argv[i], "--at") == 0 ||
                           strcmp(argv[i], "--against") == 0 || strcmp(argv[i], "--export") == 0;
        if (!known && argv[i][0] == '-')
            return BASE_FAIL(err, BASE_INVALID, "compare has no option %s; see hpo_bench --help", argv[i]);
        if (known && i + 1 == argc) return BASE_FAIL(err, BASE_INVALID, "%s needs a value", argv[i]);
        if (!known)
            q->folders[q->n_folders++] = argv[i];
        else if (strcmp(argv[i], "--out") == 0)
            q->out = argv[++i];
        else if (strcmp(argv[i], "--export") == 0)
            q->export = argv[++i];
        else if (strcmp(argv[i], "--against") == 0)
            q->against = argv[++i];
        else
            BASE_TRY(read_at(argv[++i], arena, q, err));
    }
    if (q->n_folders > 0) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID, "compare needs a folder with results.csv and cells.csv; see hpo_bench --help");
}

/* ---- reports ---- */

static base_status print_and_write(const request *q, const bench_report *report, base_err *err) {
    base_buf text = {0};
    (q->markdown ? bench_report_markdown : bench_report_print)(report, &text);
    fputs(base_buf_text(&text), stdout);
    base_buf_fini(&text);
    if (q->out) BASE_TRY(bench_report_write(report, q->out, err));
    if (!q->export) return BASE_OK;
    BASE_TRY(bench_export_iohprofiler(report->runs, q->export, err));
    return bench_export_carps(report->runs, q->export, err);
}

static base_status compare(int argc, char **argv, base_arena *arena, base_err *err) {
    request q = {0};
    bench_runs *runs;
    bench_report *report = NULL;
    BASE_TRY(read_request(argc, argv, arena, &q, err));
    BASE_TRY(bench_runs_read(q.folders, q.n_folders, q.at, q.n_at, &runs, err));
    base_status status = bench_report_make(runs, q.against, "hpo " HPO_VERSION, &report, err);
    if (status == BASE_OK) status = print_and_write(&q, report, err);
    bench_report_destroy(report);
    bench_runs_destroy(runs);
    return status;
}

int bench_compare_main(int argc, char **argv) {
    base_arena *arena = base_arena_create();
    base_err err = {0};
    const base_status status = compare(argc, argv, arena, &err);
    base_arena_destroy(arena);
    if (status != BASE_OK) fprintf(stderr, "%s\n", err.text);
    return status == BASE_OK ? HPO_EXIT_DONE : HPO_EXIT_BAD_INPUT;
}

base_status bench_compare_run(const char *run_dir, base_err *err) {
    bench_runs *runs;
    bench_report *report = NULL;
    base_buf text = {0};
    BASE_TRY(bench_runs_read(&run_dir, 1, NULL, 0, &runs, err));
    base_status status = bench_report_make(runs, NULL, "hpo " HPO_VERSION, &report, err);
    if (status == BASE_OK) status = bench_report_write(report, run_dir, err);
    if (status == BASE_OK) {
        bench_report_brief(report, &text);
        printf("%s%zu cells in %s: results.csv, cells.csv, %ssummary.csv, figures, index.html\n", base_buf_text(&text),
               runs->n_runs, run_dir, runs->has_times ? "times.csv, " : "");
    }
    base_buf_fini(&text);
    bench_report_destroy(report);
    bench_runs_destroy(runs);
    return status;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of a problem holds the runs of one method, one below the other, each with a line of names first. */
#include <math.h>

#include "benchmarks/report/exports.h"

typedef struct file {
    const bench_runs *runs;
    const char *folder;  /* of the method */
    const char *method;  /* with its workers */
    const char *problem; /* as a file's name */
    size_t index;        /* of the problem */
    base_buf data, list;
} file;

static bool is_maximized(const file *f) {
    const bench_runs_problem *problem = &f->runs->problems[f->index];
    return problem->unknown_optimum && problem->maximize;
}

static void put_line(file *f, double evaluations, double value, double cost) {
    base_buf_printf(&f->data, "%.0f %.10g %.10g\n", evaluations, value, cost);
}

/* The best that the run has had, which with noise need not be its last incumbent. */
static const bench_step *best_of(const bench_curve *curve) {
    const bench_step *best = &curve->steps[0];
    for (size_t i = 1; i < curve->n; i++)
        if (curve->steps[i].regret < best->regret) best = &curve->steps[i];
    return best;
}

static double whole(double cost) {
    return fmax(ceil(cost), 1);
}

static void add_run(file *f, const bench_run *run) {
    const bench_curve *curve = &run->curve;
    if (curve->n == 0) return;
    base_buf_puts(&f->data, "evaluations raw_y cost\n");
    if (whole(curve->steps[0].cost) > 1) put_line(f, 1, is_maximized(f) ? -INFINITY : INFINITY, 1);
    for (size_t i = 0; i < curve->n; i++) {
        const double evaluations = whole(curve->steps[i].cost);
        if (i + 1 < curve->n && whole(curve->steps[i + 1].cost) == evaluations)
            continue; /* another one came within it */
        put_line(f, evaluations, bench_runs_shown(f->runs, f->index, curve->steps[i].regret), curve->steps[i].cost);
    }
    const bench_step *best = best_of(curve);
    base_buf_printf(&f->list, "%s\n        {\"instance\": %lld, \"evals\": %.0f, \"best\": {\"evals\": %.0f, \"y\": ",
                    f->list.length > 0 ? "," : "", (long long)run->seed, whole(curve->end), whole(best->cost));
    base_buf_put_json_number(&f->list, bench_runs_shown(f->runs, f->index, best->regret));
    base_buf_puts(&f->list, ", \"x\": []}}");
}

static void put_description(const file *f, const char *data, base_buf *out) {
    const bench_runs_problem *problem = &f->runs->problems[f->index];
    base_buf_puts(out, "{\n  \"version\": \"0.3.5\",\n  \"suite\": ");
    base_buf_put_json(out, f->runs->suites[0] ? f->runs->suites[0]->name : "unknown");
    base_buf_printf(out, ",\n  \"function_id\": %zu,\n  \"function_name\": ", f->index + 1);
    base_buf_put_json(out, problem->name);
    base_buf_printf(out,
                    ",\n  \"maximization\": %s,\n  \"algorithm\": {\"name\": ", is_maximized(f) ? "true" : "false");
    base_buf_put_json(out, f->method);
    base_buf_puts(out, ", \"info\": ");
    base_buf_put_json(out, problem->unknown_optimum ? "values of incumbents" : "regrets of incumbents");
    base_buf_puts(out, "},\n  \"attributes\": [\"evaluations\", \"raw_y\", \"cost\"],\n  \"scenarios\": [\n    "
                       "{\"dimension\": 0,\n     \"path\": ");
    base_buf_put_json(out, data);
    base_buf_printf(out, ",\n     \"runs\": [%s\n     ]}\n  ]\n}\n", base_buf_text(&f->list));
}

static base_status write(const file *f, base_arena *arena, base_err *err) {
    const char *data = base_arena_printf(arena, "data_f%s/IOHprofiler_f%zu_DIM0.dat", f->problem, f->index + 1);
    base_buf text = {0};
    put_description(f, data, &text);
    base_status status = base_make_folder(base_arena_printf(arena, "%s/data_f%s", f->folder, f->problem), err);
    if (status == BASE_OK)
        status = base_write_file(base_arena_printf(arena, "%s/%s", f->folder, data), base_buf_text(&f->data),
                                 f->data.length, err);
    if (status == BASE_OK)
        status = base_write_file(base_arena_printf(arena, "%s/IOHprofiler_f%s.json", f->folder, f->problem),
                                 base_buf_text(&text), text.length, err);
    base_buf_fini(&text);
    return status;
}

static base_status export_problem(file *f, size_t workers, size_t method, base_arena *arena, base_err *err) {
    size_t n;
    const bench_run *of = bench_runs_of(f->runs, workers, f->index, method, &n);
    base_buf_clear(&f->data);
    base_buf_clear(&f->list);
    for (size_t i = 0; i < n; i++) add_run(f, &of[i]);
    return f->list.length > 0 ? write(f, arena, err) : BASE_OK;
}

base_status bench_export_iohprofiler(const bench_runs *runs, const char *folder, base_err *err) {
    base_arena *arena = base_arena_create();
    file f = {.runs = runs};
    base_status status = BASE_OK;
    for (size_t w = 0; w < runs->n_workers; w++)
        for (size_t m = 0; m < runs->n_methods; m++) {
            f.method = bench_export_method(runs, w, m, arena);
            f.folder = base_arena_printf(arena, "%s/iohprofiler/%s", folder, bench_file_name(m, f.method, arena));
            for (f.index = 0; f.index < runs->n_problems && status == BASE_OK; f.index++) {
                f.problem = bench_file_name(f.index, runs->problems[f.index].name, arena);
                status = export_problem(&f, w, m, arena, err);
            }
        }
    base_buf_fini(&f.data);
    base_buf_fini(&f.list);
    base_arena_destroy(arena);
    return status;
}

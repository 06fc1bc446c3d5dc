/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder for every run: what its FileLogger writes, and as much of the configuration as its analysis reads. */
#include "benchmarks/report/exports.h"

typedef struct place {
    const bench_runs *runs;
    const char *folder; /* of the run */
    const char *method;
    size_t problem;
} place;

static void put_trial(double cost, double value, int64_t seed, base_buf *out) {
    base_buf_puts(out, "{\"n_trials\": ");
    base_buf_put_json_number(out, cost);
    base_buf_printf(
        out,
        ", \"n_function_calls\": %.0f, \"trial_info\": {\"config\": [], \"instance\": null, \"seed\": %lld, "
        "\"budget\": null, \"normalized_budget\": null, \"name\": null, \"checkpoint\": null, "
        "\"additional_info\": {}, \"cutoff\": null}, \"trial_value\": {\"cost\": ",
        cost, (long long)seed);
    base_buf_put_json_number(out, value);
    base_buf_puts(out, ", \"time\": 0.0, \"virtual_time\": ");
    base_buf_put_json_number(out, cost);
    base_buf_puts(out, ", \"status\": 1, \"starttime\": 0.0, \"endtime\": 0.0, \"additional_info\": {}}}\n");
}

/* Costs as the curve has them: values that are maximized have their sign turned. */
static void put_trials(const bench_run *run, base_buf *out) {
    const bench_curve *curve = &run->curve;
    const bench_step *last = &curve->steps[curve->n - 1];
    for (size_t i = 0; i < curve->n; i++) put_trial(curve->steps[i].cost, curve->steps[i].regret, run->seed, out);
    if (last->cost < curve->end) put_trial(curve->end, last->regret, run->seed, out);
}

/* JSON is YAML. */
static void put_configuration(const place *p, const bench_run *run, base_buf *out) {
    const bench_suite *suite = p->runs->suites[run->folder];
    base_buf_puts(out, "{\"benchmark_id\": ");
    base_buf_put_json(out, suite ? suite->name : "unknown");
    base_buf_puts(out, ", \"task_id\": ");
    base_buf_put_json(out, p->runs->problems[p->problem].name);
    base_buf_puts(out, ", \"optimizer_id\": ");
    base_buf_put_json(out, p->method);
    base_buf_printf(out,
                    ", \"seed\": %lld, \"task\": {\"optimization_resources\": {\"n_trials\": ", (long long)run->seed);
    base_buf_put_json_number(out, p->runs->problems[p->problem].budget);
    base_buf_puts(out, "}}}\n");
}

static base_status write(const char *folder, const char *name, base_buf *text, base_arena *arena, base_err *err) {
    const char *path = base_arena_printf(arena, "%s/%s", folder, name);
    return base_write_file(path, base_buf_text(text), text->length, err);
}

static base_status export_run(const place *p, const bench_run *run, base_arena *arena, base_err *err) {
    const char *hydra = base_arena_printf(arena, "%s/%lld/.hydra", p->folder, (long long)run->seed);
    base_buf text = {0};
    if (run->curve.n == 0) return BASE_OK;
    base_status status = base_make_folder(hydra, err);
    put_trials(run, &text);
    if (status == BASE_OK) status = write(hydra, "../trial_logs.jsonl", &text, arena, err);
    base_buf_clear(&text);
    put_configuration(p, run, &text);
    if (status == BASE_OK) status = write(hydra, "config.yaml", &text, arena, err);
    base_buf_clear(&text);
    base_buf_puts(&text, "{\"hydra\": {\"overrides\": {\"task\": [], \"hydra\": []}}}\n");
    if (status == BASE_OK) status = write(hydra, "hydra.yaml", &text, arena, err);
    base_buf_fini(&text);
    return status;
}

static base_status export_problem(place *p, size_t workers, size_t method, const char *folder, base_arena *arena,
                                  base_err *err) {
    size_t n;
    const bench_run *of = bench_runs_of(p->runs, workers, p->problem, method, &n);
    p->method = bench_export_method(p->runs, workers, method, arena);
    p->folder = base_arena_printf(arena, "%s/carps/%s/%s", folder, bench_file_name(method, p->method, arena),
                                  bench_file_name(p->problem, p->runs->problems[p->problem].name, arena));
    for (size_t i = 0; i < n; i++) BASE_TRY(export_run(p, &of[i], arena, err));
    return BASE_OK;
}

base_status bench_export_carps(const bench_runs *runs, const char *folder, base_err *err) {
    base_arena *arena = base_arena_create();
    place p = {.runs = runs};
    base_status status = BASE_OK;
    for (size_t w = 0; w < runs->n_workers; w++)
        for (size_t m = 0; m < runs->n_methods; m++)
            for (p.problem = 0; p.problem < runs->n_problems && status == BASE_OK; p.problem++)
                status = export_problem(&p, w, m, folder, arena, err);
    base_arena_destroy(arena);
    return status;
}

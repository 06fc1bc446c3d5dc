/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cells of a suite, and the study that runs in one. */
#include "benchmarks/suite/suite.h"

#include <math.h>
#include <string.h>

/* Only pairs that shall run have cells; workers change fastest. */
static size_t pairs(const bench_suite *s) {
    size_t count = 0;
    for (size_t p = 0; p < s->n_problems; p++)
        for (size_t m = 0; m < s->n_methods; m++) count += s->problems[p].runs[m];
    return count;
}

size_t bench_suite_cells_of_seed(const bench_suite *suite) {
    return pairs(suite) * suite->n_workers;
}

uint64_t bench_suite_cells(const bench_suite *suite) {
    return (uint64_t)bench_suite_cells_of_seed(suite) * (uint64_t)suite->seeds;
}

bench_cell bench_suite_cell(const bench_suite *suite, uint64_t number) {
    const size_t of_seed = bench_suite_cells_of_seed(suite);
    size_t pair = (size_t)(number % of_seed) / suite->n_workers;
    bench_cell cell = {.workers = (size_t)(number % suite->n_workers),
                       .seed = suite->first_seed + (int64_t)(number / of_seed)};
    for (size_t p = 0; p < suite->n_problems; p++)
        for (size_t m = 0; m < suite->n_methods; m++) {
            if (!suite->problems[p].runs[m]) continue;
            if (pair-- > 0) continue;
            cell.problem = p;
            cell.method = m;
            return cell;
        }
    BASE_ASSERT(false && "a cell has a problem and a method");
    return cell;
}

static void put(const char *key, const base_yaml_node *value, base_buf *out) {
    if (!value) return;
    base_buf_printf(out, "%s: ", key);
    base_yaml_print_flow(value, out);
    base_buf_puts(out, "\n");
}

double bench_suite_full_cost(const bench_suite_problem *p) {
    const base_yaml_node *fidelity = p->fidelity && p->fidelity->count == 1 ? p->fidelity->items[0] : NULL;
    const base_yaml_node *max = base_yaml_get(fidelity, "max");
    return max ? max->number : 1; /* what is wrong with it the study's reader says */
}

/* A full evaluation costs the highest fidelity; without one every evaluation is full. */
static void put_budget(const bench_suite_problem *p, base_buf *out) {
    const bench_budget *b = &p->budget;
    if (b->cost > 0)
        base_buf_printf(out, "budget: {cost: %.17g}\n", b->cost);
    else if (b->trials > 0)
        base_buf_printf(out, "budget: {trials: %lld}\n", (long long)b->trials);
    else if (p->fidelity)
        base_buf_printf(out, "budget: {cost: %.17g}\n", b->full * bench_suite_full_cost(p));
    else
        base_buf_printf(out, "budget: {trials: %.0f}\n", ceil(b->full));
}

void bench_suite_study(const bench_suite *suite, bench_cell cell, base_buf *out) {
    const bench_suite_problem *p = &suite->problems[cell.problem];
    base_buf_printf(out, "study: cell\nseed: %lld\ndeterministic: true\nworkers: %lld\n", (long long)cell.seed,
                    (long long)suite->workers[cell.workers]);
    put("objective", p->objective, out);
    put("parameters", p->parameters, out);
    put("metric", p->metric, out);
    put("metrics", p->metrics, out);
    put("constraints", p->constraints, out);
    put("fidelity", p->fidelity, out);
    put("method", suite->methods[cell.method].method, out);
    put("replicates", suite->methods[cell.method].replicates, out);
    put_budget(p, out);
    if (suite->methods[cell.method].repeats) base_buf_puts(out, "repeats: true\n");
    if (suite->methods[cell.method].by_posterior) base_buf_puts(out, "incumbent: posterior\n");
    base_buf_puts(out, "failure: {max_failures: 1000000000, first: 0}\n");
}

/* What mistakes are said of. It lies in the suite's folder, where relative paths begin. */
static const char *file_of_study(const bench_suite *suite, bench_cell cell) {
    char *file = base_arena_printf(suite->arena, "%s (%s by %s, as a study)", suite->file,
                                   suite->problems[cell.problem].name, suite->methods[cell.method].label);
    for (char *c = file + strlen(suite->file); *c; c++)
        if (*c == '/') *c = '|';
    return file;
}

base_status bench_suite_read_study(const bench_suite *suite, bench_cell cell, const hpo_catalog *catalog,
                                   hpo_study_spec **out, base_err *err) {
    base_buf text = {0};
    const char *file = file_of_study(suite, cell);
    bench_suite_study(suite, cell, &text);
    const base_status status =
        hpo_study_read(catalog, file, base_buf_text(&text), text.length, NULL, 0, NULL, out, err);
    base_buf_fini(&text);
    return status;
}

base_status bench_suite_check(const bench_suite *suite, const hpo_catalog *catalog, base_err *err) {
    for (uint64_t i = 0; i < bench_suite_cells_of_seed(suite); i++) {
        hpo_study_spec *spec;
        BASE_TRY(bench_suite_read_study(suite, bench_suite_cell(suite, i), catalog, &spec, err));
        hpo_study_spec_destroy(spec);
    }
    return BASE_OK;
}

base_status bench_suite_describe(const bench_suite *suite, const hpo_catalog *catalog, base_buf *out, base_err *err) {
    size_t told = SIZE_MAX;
    for (uint64_t i = 0; i < bench_suite_cells_of_seed(suite); i++) {
        const bench_cell cell = bench_suite_cell(suite, i);
        if (cell.problem == told) continue;
        hpo_study_spec *spec;
        BASE_TRY(bench_suite_read_study(suite, cell, catalog, &spec, err));
        const base_status status = hpo_study_describe(spec, out, err);
        hpo_study_advise(spec, out);
        hpo_study_spec_destroy(spec);
        BASE_TRY(status);
        told = cell.problem;
    }
    return BASE_OK;
}

/* ---- printing ---- */

/* The keys of these names that the page has. In arena. */
static base_yaml_node *part(const bench_suite *suite, const char *const *names, base_arena *arena) {
    base_yaml_node *page = base_yaml_new_map(arena, NULL);
    for (; *names; names++) {
        base_yaml_node *value = base_yaml_get(suite->page, *names);
        if (value) base_yaml_put(arena, page, *names, value);
    }
    return page;
}

void bench_suite_print(const bench_suite *suite, base_buf *out) {
    static const char *const kept[] = {"suite",  "problems", "methods", "workers", "first_seed",
                                       "budget", "charge",   "pin",     NULL};
    base_arena *arena = base_arena_create();
    base_yaml_print_flow(part(suite, kept, arena), out);
    base_arena_destroy(arena);
}

void bench_suite_print_page(const bench_suite *suite, base_buf *out) {
    static const char *const kept[] = {"suite",      "title",  "problems", "methods", "workers", "seeds",
                                       "first_seed", "budget", "at",       "charge",  "pin",     NULL};
    base_arena *arena = base_arena_create();
    base_yaml_print(part(suite, kept, arena), 0, out);
    base_arena_destroy(arena);
}

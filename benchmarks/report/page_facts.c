/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was run, as far as the suites and the tables say it. */
#include <math.h>
#include <string.h>

#include "base/svg.h"
#include "benchmarks/report/page.h"
#include "benchmarks/report/tables.h"
#include "benchmarks/suite/results.h"

/* ---- problems ---- */

/* Fewest and most seeds of any method with any number of workers. */
static const char *seeds_text(const bench_runs *runs, size_t problem, base_arena *arena) {
    size_t least = SIZE_MAX, most = 0;
    for (size_t w = 0; w < runs->n_workers; w++)
        for (size_t m = 0; m < runs->n_methods; m++) {
            size_t n;
            (void)bench_runs_of(runs, w, problem, m, &n);
            if (n == 0) continue;
            if (n < least) least = n;
            if (n > most) most = n;
        }
    return least == most ? base_arena_printf(arena, "%zu", most) : base_arena_printf(arena, "%zu-%zu", least, most);
}

static const bench_suite_problem *problem_of(const bench_runs *runs, const char *name) {
    for (size_t i = 0; i < runs->n_folders; i++)
        for (size_t k = 0; runs->suites[i] && k < runs->suites[i]->n_problems; k++)
            if (strcmp(runs->suites[i]->problems[k].name, name) == 0) return &runs->suites[i]->problems[k];
    return NULL;
}

static const char *flow(const base_yaml_node *node, base_arena *arena) {
    base_buf text = {0};
    if (node) base_yaml_print_flow(node, &text);
    const char *copy = base_arena_strdup(arena, base_buf_text(&text));
    base_buf_fini(&text);
    return copy;
}

/* The settings of a problem of the objective `function`, else the objective. */
static const char *objective_text(const bench_suite_problem *p, base_arena *arena) {
    if (!p) return "";
    const base_yaml_node *function = base_yaml_get(p->objective, "function");
    return flow(function ? function : p->objective, arena);
}

static void put_problems(const bench_runs *runs, base_arena *arena, base_buf *out) {
    static const char *const names[] = {"problem", "what it is", "fidelity", "optimum", "goal", "budget", "seeds"};
    base_table t = base_table_begin(arena, "Problems", 5, 7, names);
    for (size_t i = 0; i < runs->n_problems; i++) {
        const bench_runs_problem *p = &runs->problems[i];
        const bench_suite_problem *of = problem_of(runs, p->name);
        const char **row = base_table_row(&t);
        row[0] = p->name;
        row[1] = objective_text(of, arena);
        row[2] = flow(of ? of->fidelity : NULL, arena);
        row[3] = p->unknown_optimum ? "unknown" : "known";
        row[4] = p->maximize ? "maximize" : "minimize";
        row[5] = base_table_cost(arena, p->budget);
        row[6] = seeds_text(runs, i, arena);
    }
    t.note = "Budgets are in full evaluations: what an evaluation at the highest fidelity costs.";
    base_table_html(&t, out);
}

/* ---- methods ---- */

/* Of the first suite that has the label; one that was told apart by its folder has the folder's name behind it. */
static const base_yaml_node *method_of(const bench_runs *runs, const char *label, bool told_apart) {
    for (size_t i = 0; i < runs->n_folders; i++)
        for (size_t k = 0; runs->suites[i] && k < runs->suites[i]->n_methods; k++) {
            const bench_suite_method *m = &runs->suites[i]->methods[k];
            const size_t length = strlen(m->label);
            if (strncmp(label, m->label, length) != 0) continue;
            if (told_apart ? strncmp(label + length, " (", 2) == 0 : label[length] == 0) return m->method;
        }
    return NULL;
}

static const char *method_text(const bench_runs *runs, const char *label, base_arena *arena) {
    const base_yaml_node *method = method_of(runs, label, false);
    if (!method) method = method_of(runs, label, true);
    return method ? flow(method, arena) : "of another program";
}

static void put_methods(const bench_runs *runs, base_arena *arena, base_buf *out) {
    static const char *const names[] = {"method", "what it is"};
    base_table t = base_table_begin(arena, "Methods", 2, 2, names);
    for (size_t m = 0; m < runs->n_methods; m++) {
        const char **row = base_table_row(&t);
        row[0] = runs->methods[m];
        row[1] = method_text(runs, runs->methods[m], arena);
    }
    base_table_html(&t, out);
}

/* ---- the rest ---- */

static void put_item(const char *name, const char *text, base_buf *out) {
    base_buf_puts(out, "<dt>");
    base_put_xml(name, out);
    base_buf_puts(out, "</dt><dd>");
    base_put_xml(text, out);
    base_buf_puts(out, "</dd>\n");
}

static const char *charge_text(const bench_suite *suite) {
    static const char *const texts[] = {
        [BENCH_CHARGE_COST] = "what the study was charged",
        [BENCH_CHARGE_SCRATCH] = "the fidelity that was reached, as if from scratch",
        [BENCH_CHARGE_DIFFERENCE] = "what was added to the fidelity",
    };
    return texts[suite->charge];
}

static void put_suite(const bench_runs *runs, size_t folder, base_arena *arena, base_buf *out) {
    const bench_suite *s = runs->suites[folder];
    const char *where = "";
    if (runs->n_folders > 1) { /* alone, it tells nothing; what lies above it is nobody's business */
        const char *slash = strrchr(runs->folders[folder], '/');
        where = base_arena_printf(arena, ", folder %s", slash && slash[1] ? slash + 1 : runs->folders[folder]);
    }
    if (!s) {
        put_item("tables", base_arena_printf(arena, "of another program%s", where), out);
        return;
    }
    put_item("suite",
             base_arena_printf(arena, "%s%s%s%s", s->name, s->title ? ": " : "", s->title ? s->title : "", where), out);
    put_item("an evaluation costs", charge_text(s), out);
    if (s->portable) put_item("kernels", "portable: the same bits on every processor", out);
}

/* What its run said of the problems when it began, a line each. */
static void put_notes(const char *folder, base_arena *arena, base_buf *out) {
    base_buf notes = {0};
    base_err ignored;
    const char *path = base_arena_printf(arena, "%s/" BENCH_NOTES, folder);
    if (base_read_file(path, &notes, &ignored) == BASE_OK)
        for (char *rest = NULL, *line = strtok_r(base_arena_strdup(arena, base_buf_text(&notes)), "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
            put_item("of its problems", strncmp(line, "# ", 2) == 0 ? line + 2 : line, out);
    base_buf_fini(&notes);
}

static void put_lists(const bench_report *r, base_arena *arena, base_buf *out) {
    const bench_runs *runs = r->runs;
    const char *workers = "", *at = "";
    for (size_t w = 0; w < runs->n_workers; w++)
        workers = base_arena_printf(arena, "%s%s%lld", workers, w > 0 ? ", " : "", (long long)runs->workers[w]);
    for (size_t i = 0; i < runs->n_at; i++)
        at = base_arena_printf(arena, "%s%s%s", at, i > 0 ? ", " : "", base_table_cost(arena, runs->at[i]));
    put_item("workers", base_arena_printf(arena, "%s, under a virtual clock", workers), out);
    put_item("results are told after", base_arena_printf(arena, "%s full evaluations", at), out);
    put_item("runs", base_arena_printf(arena, "%zu", runs->n_runs), out);
    put_item("written by", r->version, out);
}

void bench_page_facts(const bench_report *r, base_buf *out) {
    base_arena *arena = base_arena_create();
    base_buf_puts(out, "<h2>What was run</h2>\n<dl>\n");
    for (size_t i = 0; i < r->runs->n_folders; i++) {
        put_suite(r->runs, i, arena, out);
        put_notes(r->runs->folders[i], arena, out);
    }
    put_lists(r, arena, out);
    base_buf_puts(out, "</dl>\n");
    put_problems(r->runs, arena, out);
    put_methods(r->runs, arena, out);
    base_arena_destroy(arena);
}

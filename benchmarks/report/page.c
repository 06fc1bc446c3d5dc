/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/page.h"

#include <string.h>

#include "base/svg.h"
#include "benchmarks/report/figures.h"
#include "benchmarks/report/tables.h"

/* The colours of base/svg, so that pictures have no edges. */
static const char style[] =
    "<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{font:15px/1.5 Helvetica,Arial,sans-serif;color:#1f2328;background:#fff;"
    "max-width:1240px;margin:2em auto;padding:0 1em}\n"
    "h1{font-size:1.6em}h2{font-size:1.25em;margin-top:2.2em;border-bottom:1px solid #d8dee4}\n"
    "h3{font-size:1.05em;margin-top:1.8em}p,dl,ul{max-width:52em}\n"
    "dt{float:left;clear:left;width:11em;color:#656d76}dd{margin-left:12em}\n"
    ".wide{overflow-x:auto;margin:1em 0}.row{display:flex;flex-wrap:wrap;gap:0 1.5em}\n"
    "figure{margin:1em 0;overflow-x:auto;max-width:100%}summary{cursor:pointer}\n"
    "figcaption,.note{max-width:40em;font-size:.92em}figcaption,.note,summary{color:#656d76}\n"
    "table{border-collapse:collapse;font-size:.92em;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;white-space:nowrap;font-weight:bold;padding:.3em 0}\n"
    "th,td{padding:.18em .7em;text-align:right;white-space:nowrap;border-bottom:1px solid #d8dee4}\n"
    "th.label,td.label{text-align:left}td.label{white-space:normal}\n"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}\n"
    "dt,figcaption,.note,summary{color:#8d96a0}h2,th,td{border-color:#30363d}}\n"
    "</style>\n";

static const char ranks_text[] =
    "Methods are ranked for every problem and seed, 1 being the best; ranks are averaged over the seeds of a problem, "
    "then over problems. The band is the standard error over problems (of more than eight methods, of the best "
    "five). Up to the smallest budget of the problems.";
static const char targets_text[] =
    "Which fraction of 51 targets of each problem is reached within a cost. Targets are evenly spaced on the "
    "logarithm's "
    "scale, from the median of what a run's first incumbent had, down to a regret of 1e-8, or to the smallest that "
    "anybody had. A run that missed a target is taken as started again.";
static const char groups_text[] =
    "Methods at their average ranks over problems, at the budgets. A bar covers methods of which no two differ at the "
    "level 0.05. Ranks that are closer than the critical difference do not differ by Nemenyi's test.";
static const char regret_text[] =
    "Regret is the distance of the incumbent's exact value from the best that there is (where nobody knows that, the "
    "value is shown). The line is the median over seeds, the band is its 95 % interval by the bootstrap; of more than "
    "eight methods, the five that are best at the end have bands. On a logarithmic axis, the lower edge stands for all "
    "that is below it.";

/* ---- parts ---- */

static void put_paragraph(const char *text, base_buf *out) {
    base_buf_puts(out, "<p>");
    base_put_xml(text, out);
    base_buf_puts(out, "</p>\n");
}

/* caption: NULL = none. */
static void put_figure(const bench_report *r, bench_figure figure, size_t workers, size_t problem, const char *caption,
                       base_buf *out) {
    const char *picture = bench_figure_of(r, figure, workers, problem);
    if (!picture) return;
    base_buf_printf(out, "<figure>\n%s", picture);
    if (caption) {
        base_buf_puts(out, "<figcaption>");
        base_put_xml(caption, out);
        base_buf_puts(out, "</figcaption>\n");
    }
    base_buf_puts(out, "</figure>\n");
}

static void put_table(base_table table, base_buf *out) {
    if (table.rows > 0) base_table_html(&table, out);
}

static void put_remarks(const bench_report *r, base_buf *out) {
    base_buf remarks = {0};
    bench_runs_remarks(r->runs, &remarks);
    if (remarks.length > 0) base_buf_puts(out, "<h2>What to know of these runs</h2>\n<ul>\n");
    for (char *line = remarks.data; line && *line;) {
        char *end = strchr(line, '\n');
        *end = 0;
        base_buf_puts(out, "<li>");
        base_put_xml(line, out);
        base_buf_puts(out, "</li>\n");
        line = end + 1;
    }
    if (remarks.length > 0) base_buf_puts(out, "</ul>\n");
    base_buf_fini(&remarks);
}

/* ---- sections ---- */

static void put_ranking(const bench_report *r, size_t workers, base_arena *arena, base_buf *out) {
    const bench_ranking *ranking = &r->rankings[workers];
    base_buf_printf(out, "<h2>Over all problems, %s</h2>\n", bench_workers_text(r->runs, workers, arena));
    if (ranking->n_methods < 2) {
        put_paragraph("No two methods have runs on one problem up to its budget, so there are no ranks.", out);
        return;
    }
    put_table(bench_table_of_ranks(r->runs, ranking, arena), out);
    base_buf_puts(out, "<div class=\"row\">\n");
    put_figure(r, BENCH_FIGURE_RANKS, workers, 0, ranks_text, out);
    put_figure(r, BENCH_FIGURE_TARGETS, workers, 0, targets_text, out);
    base_buf_puts(out, "</div>\n");
    put_table(bench_table_of_regrets(r->runs, ranking, arena), out);
    put_table(bench_table_of_stands(r->runs, ranking, arena), out);
    put_figure(r, BENCH_FIGURE_GROUPS, workers, 0, groups_text, out);
    base_buf_puts(out, "<details><summary>On each problem, and groups</summary>\n");
    if (ranking->mean_rank) put_table(bench_table_of_groups(r->runs, ranking, arena), out);
    put_table(bench_table_of_duels(r->runs, ranking, arena), out);
    base_buf_puts(out, "</details>\n");
}

static void put_problem(const bench_report *r, size_t problem, base_arena *arena, base_buf *out) {
    base_buf_puts(out, "<h3>");
    base_put_xml(r->runs->problems[problem].name, out);
    base_buf_puts(out, "</h3>\n");
    base_buf_puts(out, "<div class=\"row\">\n");
    for (size_t w = 0; w < r->runs->n_workers; w++) put_figure(r, BENCH_FIGURE_REGRET, w, problem, NULL, out);
    base_buf_puts(out, "</div>\n<details><summary>In numbers</summary>\n");
    for (size_t w = 0; w < r->runs->n_workers; w++)
        put_table(bench_table_of_problem(r->runs, &r->summary, w, problem, arena), out);
    base_buf_puts(out, "</details>\n");
}

/* The only suite's title or name. */
static const char *title_of(const bench_report *r, base_arena *arena) {
    const bench_suite *suite = r->runs->suites[0];
    if (r->runs->n_folders > 1 || !suite) return "A comparison of runs";
    return suite->title ? base_arena_printf(arena, "%s: %s", suite->name, suite->title) : suite->name;
}

void bench_page(const bench_report *r, base_buf *out) {
    base_arena *arena = base_arena_create();
    const char *title = title_of(r, arena);
    base_buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    base_put_xml(title, out);
    base_buf_printf(out, "</title>\n%s</head>\n<body>\n<h1>", style);
    base_put_xml(title, out);
    base_buf_puts(out, "</h1>\n");
    put_paragraph(
        "Costs are in full evaluations. Nothing here depends on the clock, the number of ranks or the machine. "
        "The numbers are in summary.csv, the pictures in figures/.",
        out);
    for (size_t w = 0; w < r->runs->n_workers; w++) put_ranking(r, w, arena, out);
    base_buf_puts(out, "<h2>Problem by problem</h2>\n");
    put_paragraph(regret_text, out);
    for (size_t p = 0; p < r->runs->n_problems; p++) put_problem(r, p, arena, out);
    base_buf_puts(out, "<h2>Utilisation</h2>\n");
    put_table(bench_table_of_utilisation(r->runs, arena), out);
    put_remarks(r, out);
    bench_page_facts(r, out);
    base_buf_puts(out, "</body>\n</html>\n");
    base_arena_destroy(arena);
}

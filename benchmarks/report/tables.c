/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was reached, who is ahead, and what it took. */
#include "benchmarks/report/tables.h"

#include <math.h>
#include <string.h>

const char *bench_workers_text(const bench_runs *runs, size_t workers, base_arena *arena) {
    const long long n = (long long)runs->workers[workers];
    return base_arena_printf(arena, "%lld worker%s", n, n == 1 ? "" : "s");
}

const size_t *bench_ranking_order(const bench_runs *runs, const bench_ranking *r, base_arena *arena) {
    double *means = BASE_NEW_ARRAY(arena, r->n_methods, double);
    size_t *order = BASE_NEW_ARRAY(arena, r->n_methods, size_t);
    for (size_t m = 0; m < r->n_methods; m++) means[m] = r->ranks[m * (runs->n_at + 1) + runs->n_at].mean;
    bench_rank_order(means, r->n_methods, order);
    return order;
}

/* ---- of a problem ---- */

/* `words` columns, then one for each point. */
static const char **names_at(const bench_runs *runs, const char *const *words, size_t n_words, size_t n_at,
                             base_arena *arena) {
    const char **names = BASE_NEW_ARRAY(arena, n_words + n_at + 1, const char *);
    memcpy(names, words, n_words * sizeof *words);
    for (size_t i = 0; i < n_at; i++) names[n_words + i] = base_table_cost(arena, runs->at[i]);
    return names;
}

/* Of how many runs: fewer at later points where some ended early. */
static const char *counts(const bench_summary_row *rows, size_t n_at, base_arena *arena) {
    size_t least = SIZE_MAX, most = 0;
    for (size_t i = 0; i < n_at; i++) {
        if (rows[i].n < least) least = rows[i].n;
        if (rows[i].n > most) most = rows[i].n;
    }
    return least == most ? base_arena_printf(arena, "%zu", most) : base_arena_printf(arena, "%zu-%zu", least, most);
}

base_table bench_table_of_problem(const bench_runs *runs, const bench_summary *summary, size_t workers, size_t problem,
                                  base_arena *arena) {
    static const char *const words[] = {"method", "", "seeds"};
    const bench_runs_problem *p = &runs->problems[problem];
    const char *title = base_arena_printf(arena, "%s, %s: %s after so many full evaluations", p->name,
                                          bench_workers_text(runs, workers, arena),
                                          !p->unknown_optimum ? "regret (smaller is better)"
                                          : p->maximize       ? "value (larger is better)"
                                                              : "value (smaller is better)");
    base_table t = base_table_begin(arena, title, 2, 3 + p->n_at, names_at(runs, words, 3, p->n_at, arena));
    for (size_t i = 0; i < summary->n; i += 1) {
        const bench_summary_row *rows = &summary->rows[i];
        if (rows->workers != workers || rows->problem != problem || rows->at != 0) continue;
        const char **median = base_table_row(&t);
        median[0] = runs->methods[rows->method];
        median[1] = "median";
        median[2] = counts(rows, p->n_at, arena);
        for (size_t k = 0; k < p->n_at; k++) median[3 + k] = base_table_number(arena, rows[k].median);
        const char **mean = base_table_row(&t);
        mean[0] = runs->methods[rows->method];
        mean[1] = "mean";
        for (size_t k = 0; k < p->n_at; k++) mean[3 + k] = base_table_number(arena, rows[k].mean);
    }
    return t;
}

/* ---- ranks ---- */

static const char *rank_text(const bench_rank *rank, base_arena *arena) {
    if (isnan(rank->mean)) return "";
    if (isnan(rank->problem_error)) return base_arena_printf(arena, "%.2f", rank->mean);
    return base_arena_printf(arena, "%.2f (%.2f)", rank->mean, rank->problem_error);
}

/* Who is left out, as the end of a sentence; "" for nobody. */
static const char *left_out(const bench_runs *runs, const bench_ranking *r, base_arena *arena) {
    const char *text = "";
    for (size_t m = 0, k = 0; m < runs->n_methods; m++) {
        if (k < r->n_methods && r->methods[k] == m)
            k++;
        else
            text = base_arena_printf(arena, "%s%s%s", text,
                                     *text ? ", "
                                           : " Not ranked, for lack of runs on all of them"
                                             " up to the budget: ",
                                     runs->methods[m]);
    }
    return *text ? base_arena_printf(arena, "%s.", text) : text;
}

/* Whether every budget is the last point. */
static bool ends_at_points(const bench_runs *runs, const bench_ranking *r) {
    for (size_t p = 0; p < r->n_problems; p++)
        if (runs->n_at == 0 || runs->problems[r->problems[p]].budget != runs->at[runs->n_at - 1]) return false;
    return true;
}

static const char *ranks_note(const bench_runs *runs, const bench_ranking *r, base_arena *arena) {
    const bench_rank *last = &r->ranks[runs->n_at];
    const char *missing = last->blocks == r->blocks
                              ? ""
                              : base_arena_printf(arena, " %zu of %zu seeds of these problems are common to all.",
                                                  last->blocks, r->blocks);
    const char *one = last->problems == 1 ? " One problem: there is no standard error." : "";
    const char *end = ends_at_points(runs, r) ? "" : "; end: at the budget of each";
    return base_arena_printf(arena, "%zu of %zu problems%s.%s%s%s", r->n_problems, runs->n_problems, end, one, missing,
                             left_out(runs, r, arena));
}

base_table bench_table_of_ranks(const bench_runs *runs, const bench_ranking *r, base_arena *arena) {
    static const char *const words[] = {"method"};
    const size_t points = runs->n_at + !ends_at_points(runs, r);
    const char *title =
        base_arena_printf(arena, "average rank over problems, %s (smaller is better; standard error over problems)",
                          bench_workers_text(runs, r->workers, arena));
    const char **names = names_at(runs, words, 1, runs->n_at, arena);
    if (points > runs->n_at) names[points] = "end";
    base_table t = base_table_begin(arena, title, 1, 1 + points, names);
    const size_t *order = bench_ranking_order(runs, r, arena);
    for (size_t m = 0; m < r->n_methods; m++) {
        const char **row = base_table_row(&t);
        row[0] = runs->methods[r->methods[order[m]]];
        for (size_t i = 0; i < points; i++) row[1 + i] = rank_text(&r->ranks[order[m] * (runs->n_at + 1) + i], arena);
    }
    const char **row = base_table_row(&t);
    row[0] = "problems";
    for (size_t i = 0; i < points; i++) row[1 + i] = base_arena_printf(arena, "%zu", r->ranks[i].problems);
    t.note = ranks_note(runs, r, arena);
    return t;
}

/* ---- what it took ---- */

typedef double figure(const bench_run *run, double *weight); /* NaN: unknown */

/* Mean over runs, by their weights. */
static double mean_figure(const bench_runs *runs, size_t workers, size_t method, figure *of) {
    double sum = 0, weights = 0;
    for (size_t i = 0; i < runs->n_runs; i++) {
        double weight;
        const bench_run *run = &runs->runs[i];
        if (run->workers != workers || run->method != method) continue;
        const double value = of(run, &weight);
        if (isnan(value)) continue;
        sum += value;
        weights += weight;
    }
    return weights > 0 ? sum / weights : NAN;
}

static double utilisation(const bench_run *run, double *weight) {
    *weight = 1;
    return run->utilisation;
}

static double milliseconds(const bench_run *run, double *weight) {
    *weight = run->suggestions;
    return 1e3 * run->seconds;
}

static base_table by_workers(const bench_runs *runs, const char *title, figure *of, base_arena *arena) {
    const char **names = BASE_NEW_ARRAY(arena, runs->n_workers + 1, const char *);
    names[0] = "method";
    for (size_t w = 0; w < runs->n_workers; w++) names[1 + w] = bench_workers_text(runs, w, arena);
    base_table t = base_table_begin(arena, title, 1, 1 + runs->n_workers, names);
    for (size_t m = 0; m < runs->n_methods; m++) {
        const char **row = base_table_row(&t);
        row[0] = runs->methods[m];
        for (size_t w = 0; w < runs->n_workers; w++) row[1 + w] = base_table_number(arena, mean_figure(runs, w, m, of));
    }
    return t;
}

base_table bench_table_of_utilisation(const bench_runs *runs, base_arena *arena) {
    return by_workers(runs, "utilisation: the fraction of the workers' time in which they evaluated", utilisation,
                      arena);
}

base_table bench_table_of_times(const bench_runs *runs, base_arena *arena) {
    return by_workers(runs, "suggestions: milliseconds each", milliseconds, arena);
}

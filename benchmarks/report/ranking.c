/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "benchmarks/report/ranking.h"

#include <math.h>
#include <string.h>

#include "benchmarks/report/blocks.h"

/* ---- what can be ranked ---- */

bool bench_searched(const bench_runs *runs, size_t workers, size_t problem, size_t method) {
    size_t n;
    const bench_run *run = bench_runs_of(runs, workers, problem, method, &n);
    for (size_t i = 0; i < n; i++)
        if (run[i].curve.end >= runs->problems[problem].budget) return true;
    return false;
}

/* Which methods searched which problem. */
typedef struct searches {
    bool *has; /* problems x methods */
    size_t problems, methods;
} searches;

/* The methods that searched both problems, on all problems that have them. */
static void table_of(const searches *s, size_t p, size_t q, bench_ranking *out) {
    out->n_methods = out->n_problems = 0;
    for (size_t m = 0; m < s->methods; m++)
        if (s->has[p * s->methods + m] && s->has[q * s->methods + m]) out->methods[out->n_methods++] = m;
    for (size_t k = 0; k < s->problems; k++) {
        size_t there = 0;
        while (there < out->n_methods && s->has[k * s->methods + out->methods[there]]) there++;
        if (there == out->n_methods) out->problems[out->n_problems++] = k;
    }
}

static searches find_searches(const bench_runs *runs, size_t workers, base_arena *arena) {
    searches s = {.problems = runs->n_problems, .methods = runs->n_methods};
    s.has = BASE_NEW_ARRAY(arena, s.problems * s.methods, bool);
    for (size_t p = 0; p < s.problems; p++)
        for (size_t m = 0; m < s.methods; m++) s.has[p * s.methods + m] = bench_searched(runs, workers, p, m);
    return s;
}

/* A table of one method tells nothing, unless there is no other; of equally large ones that with more methods. */
static bool better_table(const bench_ranking *a, size_t methods, size_t problems) {
    if (a->n_methods == 0) return false;
    if ((a->n_methods > 1) != (methods > 1)) return a->n_methods > 1 || methods == 0;
    const size_t size = a->n_methods * a->n_problems, other = methods * problems;
    return size > other || (size == other && a->n_methods > methods);
}

static void choose_table(const bench_runs *runs, base_arena *arena, bench_ranking *out) {
    const searches s = find_searches(runs, out->workers, arena);
    size_t best[2] = {0, 0}, methods = 0, problems = 0;
    out->methods = BASE_NEW_ARRAY(arena, s.methods, size_t);
    out->problems = BASE_NEW_ARRAY(arena, s.problems, size_t);
    for (size_t p = 0; p < s.problems; p++)
        for (size_t q = p; q < s.problems; q++) {
            table_of(&s, p, q, out);
            if (!better_table(out, methods, problems)) continue;
            best[0] = p;
            best[1] = q;
            methods = out->n_methods;
            problems = out->n_problems;
        }
    if (methods > 0)
        table_of(&s, best[0], best[1], out);
    else
        out->n_methods = out->n_problems = 0;
}

/* ---- ranks ---- */

/* Of one problem: at all points and at its budget. */
static double *blocks_of(const bench_runs *runs, const bench_ranking *r, size_t problem, base_arena *arena, size_t *n) {
    double *costs = BASE_NEW_ARRAY(arena, runs->n_at + 1, double);
    if (runs->n_at > 0) memcpy(costs, runs->at, runs->n_at * sizeof *costs);
    costs[runs->n_at] = runs->problems[problem].budget;
    return bench_blocks(runs, r->workers, problem, r->methods, r->n_methods, costs, runs->n_at + 1, arena, n);
}

static void find_ranks(const bench_runs *runs, base_arena *arena, bench_ranking *r) {
    const size_t points = runs->n_at + 1, size = r->n_methods * points;
    double *values = BASE_NEW_ARRAY(arena, runs->n_runs * size, double);
    uint32_t *of = BASE_NEW_ARRAY(arena, runs->n_runs, uint32_t);
    for (size_t p = 0; p < r->n_problems; p++) {
        size_t n;
        const double *blocks = blocks_of(runs, r, r->problems[p], arena, &n);
        if (n > 0) memcpy(&values[r->blocks * size], blocks, n * size * sizeof *values);
        for (size_t b = 0; b < n; b++) of[r->blocks++] = (uint32_t)p;
    }
    r->ranks = BASE_NEW_ARRAY(arena, size, bench_rank);
    bench_mean_ranks(values, r->blocks, r->n_methods, points, of, r->ranks);
}

static const bench_rank *final_rank(const bench_runs *runs, const bench_ranking *r, size_t place) {
    return &r->ranks[place * (runs->n_at + 1) + runs->n_at];
}

static void find_reference(const bench_runs *runs, size_t against, bench_ranking *r) {
    for (size_t m = 1; m < r->n_methods; m++)
        if (final_rank(runs, r, m)->mean < final_rank(runs, r, r->reference)->mean) r->reference = m;
    for (size_t m = 0; m < r->n_methods; m++)
        if (r->methods[m] == against) r->reference = m;
}

/* ---- one against another ---- */

bench_duel bench_duel_of(const bench_runs *runs, size_t workers, size_t problem, size_t method, size_t other) {
    base_arena *arena = base_arena_create();
    const double budget = runs->problems[problem].budget;
    size_t n, m;
    const double *a = bench_sample_at(runs, workers, problem, method, budget, arena, &n);
    const double *b = bench_sample_at(runs, workers, problem, other, budget, arena, &m);
    const bench_duel duel = {bench_superiority(a, n, b, m), bench_mann_whitney(a, n, b, m, BENCH_P_AUTO)};
    base_arena_destroy(arena);
    return duel;
}

/* Twice the superiority, less 1, and turned: -1 where all runs of the method are better. Computed such that equal
 * differences of opposite sign have equal bits, for they are to be tied. */
static double deficit(const bench_duel *duel) {
    const double pairs = (double)duel->test.n * (double)duel->test.m;
    return pairs > 0 ? (2 * duel->test.statistic - pairs) / pairs : NAN;
}

static bench_test test_pair(const bench_runs *runs, const bench_ranking *r, size_t method, size_t other,
                            base_arena *arena) {
    double *deficits = BASE_NEW_ARRAY(arena, r->n_problems, double), *zeros;
    zeros = BASE_NEW_ARRAY(arena, r->n_problems, double);
    for (size_t p = 0; p < r->n_problems; p++) {
        const bench_duel duel = bench_duel_of(runs, r->workers, r->problems[p], method, other);
        deficits[p] = deficit(&duel);
    }
    return bench_wilcoxon(deficits, zeros, r->n_problems, BENCH_ZEROS_WILCOXON, BENCH_P_AUTO);
}

static void stand_of(const bench_runs *runs, const bench_ranking *r, size_t place, base_arena *arena) {
    const size_t method = r->methods[place], reference = r->methods[r->reference];
    bench_stand *s = &r->stands[place];
    for (size_t p = 0; p < r->n_problems; p++) {
        const bench_duel duel = bench_duel_of(runs, r->workers, r->problems[p], method, reference);
        s->superiority += duel.superiority / (double)r->n_problems;
        s->better += duel.test.p <= BENCH_ALPHA && duel.superiority > 0.5;
        s->worse += duel.test.p <= BENCH_ALPHA && duel.superiority < 0.5;
    }
    s->test = test_pair(runs, r, method, reference, arena);
}

static void find_stands(const bench_runs *runs, base_arena *arena, bench_ranking *r) {
    double *p = BASE_NEW_ARRAY(arena, r->n_methods, double);
    r->stands = BASE_NEW_ARRAY(arena, r->n_methods, bench_stand);
    for (size_t m = 0; m < r->n_methods; m++) {
        stand_of(runs, r, m, arena);
        p[m] = m == r->reference ? NAN : r->stands[m].test.p;
    }
    bench_holm(p, r->n_methods, p);
    for (size_t m = 0; m < r->n_methods; m++) r->stands[m].holm = p[m];
}

/* ---- groups ---- */

static void test_pairs(const bench_runs *runs, base_arena *arena, bench_ranking *r) {
    const size_t k = r->n_methods;
    double *p = BASE_NEW_ARRAY(arena, k * k, double);
    size_t pairs = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = i + 1; j < k; j++) p[pairs++] = test_pair(runs, r, r->methods[i], r->methods[j], arena).p;
    bench_holm(p, pairs, p);
    r->wilcoxon = BASE_NEW_ARRAY(arena, k * k, double);
    pairs = 0;
    for (size_t i = 0; i < k; i++) {
        r->wilcoxon[i * k + i] = 1;
        for (size_t j = i + 1; j < k; j++) r->wilcoxon[i * k + j] = r->wilcoxon[j * k + i] = p[pairs++];
    }
}

/* problems x methods: mean ranks within the seeds of a problem at its budget. */
static double *ranks_of_problems(const bench_runs *runs, base_arena *arena, const bench_ranking *r) {
    const size_t points = runs->n_at + 1;
    double *means = BASE_NEW_ARRAY(arena, r->n_problems * r->n_methods, double);
    bench_rank *ranks = BASE_NEW_ARRAY(arena, r->n_methods * points, bench_rank);
    for (size_t p = 0; p < r->n_problems; p++) {
        size_t n;
        const double *blocks = blocks_of(runs, r, r->problems[p], arena, &n);
        bench_mean_ranks(blocks, n, r->n_methods, points, BASE_NEW_ARRAY(arena, n, uint32_t), ranks);
        for (size_t m = 0; m < r->n_methods; m++) means[p * r->n_methods + m] = ranks[m * points + runs->n_at].mean;
    }
    return means;
}

static void find_groups(const bench_runs *runs, base_arena *arena, bench_ranking *r) {
    const size_t k = r->n_methods;
    if (r->n_problems < BENCH_GROUPS_MIN || k < 2) return;
    r->mean_rank = BASE_NEW_ARRAY(arena, k, double);
    r->friedman = bench_friedman_test(ranks_of_problems(runs, arena, r), r->n_problems, k, r->mean_rank);
    if (r->friedman.blocks < BENCH_GROUPS_MIN) { /* no seed is common to all methods */
        r->mean_rank = NULL;
        return;
    }
    r->nemenyi = BASE_NEW_ARRAY(arena, k * k, double);
    bench_nemenyi(r->mean_rank, r->friedman.blocks, k, r->nemenyi);
    test_pairs(runs, arena, r);
}

bench_ranking bench_ranking_make(const bench_runs *runs, size_t workers, size_t against, base_arena *arena) {
    bench_ranking r = {.workers = workers};
    choose_table(runs, arena, &r);
    if (r.n_methods == 0) return r;
    find_ranks(runs, arena, &r);
    find_reference(runs, against, &r);
    find_stands(runs, arena, &r);
    find_groups(runs, arena, &r);
    return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which differences the seeds and the problems can tell from chance. */
#include <math.h>

#include "benchmarks/report/tables.h"

static const char *reference_of(const bench_runs *runs, const bench_ranking *r) {
    return runs->methods[r->methods[r->reference]];
}

base_table bench_table_of_stands(const bench_runs *runs, const bench_ranking *r, base_arena *arena) {
    static const char *const names[] = {"method", "better", "ahead", "behind", "p", "Holm"};
    const char *title =
        base_arena_printf(arena, "against %s at the budgets, %s, over %zu problem%s", reference_of(runs, r),
                          bench_workers_text(runs, r->workers, arena), r->n_problems, r->n_problems == 1 ? "" : "s");
    base_table t = base_table_begin(arena, title, 1, 6, names);
    const size_t *order = bench_ranking_order(runs, r, arena);
    for (size_t m = 0; m < r->n_methods; m++) {
        const bench_stand *s = &r->stands[order[m]];
        if (order[m] == r->reference) continue;
        const char **row = base_table_row(&t);
        row[0] = runs->methods[r->methods[order[m]]];
        row[1] = base_table_fixed(arena, s->superiority, 2);
        row[2] = base_arena_printf(arena, "%zu", s->better);
        row[3] = base_arena_printf(arena, "%zu", s->worse);
        row[4] = base_table_p(arena, s->test.p);
        row[5] = base_table_p(arena, s->holm);
    }
    t.note = base_arena_printf(
        arena,
        "better: the probability that a run is better than one of %s, a mean over problems; ahead, behind: problems "
        "with p <= %.2f by Mann-Whitney; p: Wilcoxon over problems, with Holm's correction for %zu method%s. So many "
        "problems allow p = %s at the least.",
        reference_of(runs, r), BENCH_ALPHA, r->n_methods - 1, r->n_methods == 2 ? "" : "s",
        base_table_p(arena, bench_wilcoxon_smallest_p(r->n_problems)));
    return t;
}

/* Of the methods that have runs on the problem, ranked or not. */
static void add_duels(const bench_runs *runs, const bench_ranking *r, size_t problem, base_arena *arena,
                      base_table *t) {
    const size_t reference = r->methods[r->reference];
    bench_duel *duels = BASE_NEW_ARRAY(arena, runs->n_methods, bench_duel);
    double *p = BASE_NEW_ARRAY(arena, runs->n_methods, double);
    for (size_t m = 0; m < runs->n_methods; m++) {
        duels[m] = bench_duel_of(runs, r->workers, problem, m, reference);
        p[m] = m == reference || isnan(duels[m].superiority) ? NAN : duels[m].test.p;
    }
    bench_holm(p, runs->n_methods, p);
    for (size_t m = 0; m < runs->n_methods; m++) {
        if (isnan(p[m])) continue;
        const char **row = base_table_row(t);
        row[0] = runs->problems[problem].name;
        row[1] = runs->methods[m];
        row[2] = base_table_fixed(arena, duels[m].superiority, 2);
        row[3] = base_table_p(arena, duels[m].test.p);
        row[4] = base_table_p(arena, p[m]);
        row[5] = base_table_p(arena, duels[m].test.smallest_p);
    }
}

base_table bench_table_of_duels(const bench_runs *runs, const bench_ranking *r, base_arena *arena) {
    static const char *const names[] = {"problem", "method", "better", "p", "Holm", "least p"};
    const char *title = base_arena_printf(arena, "against %s on each problem at its budget, %s", reference_of(runs, r),
                                          bench_workers_text(runs, r->workers, arena));
    base_table t = base_table_begin(arena, title, 2, 6, names);
    for (size_t p = 0; p < runs->n_problems; p++) add_duels(runs, r, p, arena, &t);
    t.note = base_arena_printf(arena,
                               "better: the probability that a run is better than one of %s; p: Mann-Whitney over "
                               "seeds, with Holm's correction for the methods; least p: that so many seeds allow.",
                               reference_of(runs, r));
    return t;
}

/* ---- groups ---- */

/* Whether Wilcoxon's test with Holm's correction could tell any two apart at all. */
static const char *power(const bench_ranking *r) {
    const double pairs = (double)(r->n_methods * (r->n_methods - 1)) / 2;
    return pairs * bench_wilcoxon_smallest_p(r->n_problems) > BENCH_ALPHA
               ? " So few problems allow Wilcoxon's test with Holm's correction to tell no two methods apart."
               : "";
}

static void add_groups(const bench_runs *runs, const bench_ranking *r, const char *test, const double *p,
                       base_arena *arena, base_table *t) {
    size_t *order = BASE_NEW_ARRAY(arena, r->n_methods, size_t);
    bench_group *groups = BASE_NEW_ARRAY(arena, r->n_methods, bench_group);
    bench_rank_order(r->mean_rank, r->n_methods, order);
    const size_t count = bench_groups(p, order, r->n_methods, BENCH_ALPHA, groups);
    for (size_t g = 0; g < count; g++)
        for (size_t i = groups[g].first; i <= groups[g].last; i++) {
            const char **row = base_table_row(t);
            row[0] = base_arena_printf(arena, "%s, group %zu", test, g + 1);
            row[1] = runs->methods[r->methods[order[i]]];
            row[2] = base_table_fixed(arena, r->mean_rank[order[i]], 2);
        }
    if (count > 0) return;
    const char **row = base_table_row(t);
    row[0] = test;
    row[1] = "all methods differ";
}

base_table bench_table_of_groups(const bench_runs *runs, const bench_ranking *r, base_arena *arena) {
    static const char *const names[] = {"test", "methods", "rank"};
    const char *title = base_arena_printf(arena, "groups that do not differ at the budgets, %s",
                                          bench_workers_text(runs, r->workers, arena));
    base_table t = base_table_begin(arena, title, 2, 3, names);
    add_groups(runs, r, "Nemenyi", r->nemenyi, arena, &t);
    add_groups(runs, r, "Wilcoxon, Holm", r->wilcoxon, arena, &t);
    t.note = base_arena_printf(
        arena,
        "rank: of the mean ranks on %zu problems. Friedman's test that any methods differ: p = %s (Iman and Davenport: "
        "%s). Nemenyi's critical difference at %.2f: %.2f.%s",
        r->friedman.blocks, base_table_p(arena, r->friedman.chi2_p), base_table_p(arena, r->friedman.f_p), BENCH_ALPHA,
        bench_nemenyi_difference(BENCH_ALPHA, r->friedman.blocks, r->n_methods), power(r));
    return t;
}

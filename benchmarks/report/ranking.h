/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Methods over all problems: average ranks, each against one of them, and the groups that no test tells apart.
 *
 * A rank needs every method on every problem. So what is compared is a table of methods and problems without holes,
 * where a method has searched a problem if one of its runs went to the problem's budget. It is the one with the most
 * cells of those whose methods are the ones that some two problems have in common. Who is left out is said. */
#ifndef BENCHMARKS_REPORT_RANKING_H
#define BENCHMARKS_REPORT_RANKING_H

#include "benchmarks/report/runs.h"
#include "benchmarks/stats/many_methods.h"
#include "benchmarks/stats/ranks.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_GROUPS_MIN = 5 }; /* problems: with fewer no group is told */
#define BENCH_ALPHA 0.05       /* of all statements that two methods differ */

/* Two methods on one problem at its budget, smaller being better. */
typedef struct bench_duel {
    double superiority; /* the probability that a run of the method is better than one of the other; NaN: no runs */
    bench_test test;    /* Mann-Whitney's, over the seeds */
} bench_duel;

/* A method against the reference over all problems. */
typedef struct bench_stand {
    double superiority;   /* mean over problems */
    size_t better, worse; /* on how many problems Mann-Whitney's test says so, uncorrected */
    bench_test test;      /* Wilcoxon's over problems, of the superiority less that of the reference: it needs no common
                           * scale of regrets, and no third method has a say in it */
    double holm;          /* p, corrected for the number of methods; NaN for the reference itself */
} bench_stand;

typedef struct bench_ranking {
    size_t workers;
    size_t *methods, *problems; /* indices; rising */
    size_t n_methods, n_problems;
    bench_rank *ranks; /* methods x (n_at + 1): the last is at the budget of each problem */
    size_t blocks;     /* seeds of all problems: how many stand behind a rank if nothing is missing */
    size_t reference;  /* a place in methods */
    bench_stand *stands;
    /* Over problems at their budgets, by the mean of the ranks in its seeds; NULL with fewer than BENCH_GROUPS_MIN. */
    double *mean_rank, *nemenyi, *wilcoxon;
    bench_friedman friedman;
} bench_ranking;

/* against: a method, or SIZE_MAX for the one with the best average rank; where it is left out, the best. In arena.
 * n_methods is 0 where there is nothing to rank. */
bench_ranking bench_ranking_make(const bench_runs *runs, size_t workers, size_t against, base_arena *arena);
bench_duel bench_duel_of(const bench_runs *runs, size_t workers, size_t problem, size_t method, size_t other);
/* Whether a run of the method went to the problem's budget. */
bool bench_searched(const bench_runs *runs, size_t workers, size_t problem, size_t method);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small tables of runs, written and read again. */
#ifndef TESTS_BENCHMARKS_REPORT_TABLES_OF_H
#define TESTS_BENCHMARKS_REPORT_TABLES_OF_H

#include "tests/support/check.h"

#include "base/buf.h"
#include "benchmarks/report/runs.h"

typedef struct tables {
    base_buf cells, results;
    const char *median; /* of random configurations, in every line that is added; NULL: there is no such column */
} tables;

/* steps: "cost:regret cost:regret@fidelity", which is 1 where it is not said; exact = 10 + regret. known: whether the
 * regret is said. */
static inline void add_any(tables *t, const char *problem, const char *method, int workers, int seed, double spent,
                           const char *steps, const char *goal, bool known) {
    if (t->cells.length == 0) {
        base_buf_puts(&t->cells,
                      "problem,method,workers,seed,goal,trials,evaluations,spent,time,utilisation,value,exact,"
                      "regret");
        base_buf_puts(&t->cells, t->median ? ",median\n" : "\n");
        base_buf_puts(&t->results,
                      "problem,method,workers,seed,spent,time,evaluations,trial,fidelity,value,exact,regret\n");
    }
    base_buf_printf(&t->cells, "%s,%s,%d,%d,%s,1,1,%g,1,0.5,,,%s%s\n", problem, method, workers, seed, goal, spent,
                    t->median ? "," : "", t->median ? t->median : "");
    double cost, regret;
    int length;
    for (; sscanf(steps, " %lf:%lf%n", &cost, &regret, &length) == 2; steps += length) {
        double fidelity = 1;
        int more = 0;
        if (sscanf(steps + length, "@%lf%n", &fidelity, &more) == 1) length += more;
        base_buf_printf(&t->results, "%s,%s,%d,%d,%.17g,1,1,0,%.17g,%.17g,%.17g,", problem, method, workers, seed, cost,
                        fidelity, 10 + regret, 10 + regret);
        if (known) base_buf_printf(&t->results, "%.17g", regret);
        base_buf_putc(&t->results, '\n');
    }
}

static inline void add(tables *t, const char *problem, const char *method, int workers, int seed, double spent,
                       const char *steps) {
    add_any(t, problem, method, workers, seed, spent, steps, "minimize", true);
}

/* Ten problems on which a is always best, b and c share the other ranks: means 1, 2.5, 2.5. order: of the methods, as
 * "abc". */
static inline void add_rivals(tables *t, const char *order, int seeds) {
    for (int p = 0; p < 10; p++) {
        const char name[] = {'f', (char)('0' + p), 0};
        for (int seed = 1; seed <= seeds; seed++)
            for (const char *m = order; *m; m++) {
                const char method[] = {*m, 0};
                add(t, name, method, 1, seed, 4, *m == 'a' ? "1:1" : (*m == 'b') == (p % 2 == 1) ? "1:2" : "1:3");
            }
    }
}

static inline void write_tables(const check_tmpdir *dir, tables *t) {
    check_tmpdir_write(dir, "cells.csv", base_buf_text(&t->cells));
    check_tmpdir_write(dir, "results.csv", base_buf_text(&t->results));
    base_buf_fini(&t->cells);
    base_buf_fini(&t->results);
}

/* at: NULL = default. t is empty again. */
static inline bench_runs *read_tables(tables *t, const double *at, size_t n_at) {
    const check_tmpdir dir = check_tmpdir_create();
    const char *folder = dir.path;
    base_err err;
    bench_runs *runs;
    write_tables(&dir, t);
    CHECK_OK(bench_runs_read(&folder, 1, at, n_at, &runs, &err));
    check_tmpdir_remove(&dir);
    return runs;
}

#endif

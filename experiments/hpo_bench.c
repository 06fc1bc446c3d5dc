/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The side door: one suite in, tables of which method finds what, and when.
 *
 * A run of a suite is a run of a study whose trials are its cells, so that ranks, restarts and limits are those of
 * hpo_search; this program makes the study from the suite and tables from what the cells left behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/suite/results.h"
#include "experiments/bench_compare.h"
#include "experiments/objectives/cell.h"
#include "hpo/cli/cli.h"
#include "hpo/models/blas.h"

static const char usage[] = "usage: hpo_bench run SUITE [--out DIR] [-j N] [--set KEY=VALUE] [--times]\n"
                            "       hpo_bench compare DIR... [--out DIR] [--at X,Y,...] [--against METHOD]\n"
                            "                 [--markdown] [--export DIR]\n"
                            "       hpo_bench list\n"
                            "       hpo_bench check SUITE [--set KEY=VALUE]\n"
                            "\n"
                            "  run      every method on every problem with every seed, each in virtual time;\n"
                            "           the same command goes on with a run that was interrupted. SUITE is\n"
                            "           a file, or a name that list shows. Also: mpirun -n 4 hpo_bench run\n"
                            "  compare  tables, tests and figures of one run or several, also of other\n"
                            "           programs: what a folder needs is results.csv and cells.csv\n"
                            "  list     the suites that are at hand\n"
                            "  check    reads a suite and says what it would run\n"
                            "\n"
                            "  --out DIR         run: where results go; default: runs/bench-NAME. compare:\n"
                            "                    where summary.csv, figures and index.html go; default:\n"
                            "                    nowhere\n"
                            "  -j N              N workers on this machine\n"
                            "  --set KEY=VALUE   a key of the suite, e.g. --set seeds=3\n"
                            "  --times           how long suggestions took, too: times.csv\n"
                            "  --at X,Y,...      full evaluations at which results are told; default: the\n"
                            "                    suite's\n"
                            "  --against METHOD  whom tests are against; default: the best average rank\n"
                            "  --markdown        ranks and normalized regrets alone, as Markdown\n"
                            "  --export DIR      the runs in IOHprofiler's and CARP-S's formats, too\n";

/* ---- a suite and its study ---- */

static void put_study(const bench_suite *suite, base_buf *out) {
    base_arena *arena = base_arena_create();
    base_buf_puts(out, "study: ");
    base_yaml_print_flow(base_yaml_scalar(arena, NULL, base_arena_printf(arena, "bench-%s", suite->name), true), out);
    base_buf_puts(out, "\nseed: 1\nobjective:\n  cell: ");
    bench_suite_print(suite, out);
    base_buf_printf(out, "\nmethod: random\nbudget: {trials: %llu}\nfailure: {first: 0}\n",
                    (unsigned long long)bench_suite_cells(suite));
    base_arena_destroy(arena);
}

/* What the beginning of a run keeps for its end, which comes in the same process, that of rank 0. */
typedef struct opened {
    bench_suite *suite;
    base_buf notes; /* on the problems */
} opened;

static base_status make_study(void *self, const char *file, const char *const *sets, size_t n_sets, base_buf *study,
                              base_err *err) {
    opened *o = self;
    const hpo_catalog inner = obj_cell_catalog();
    BASE_TRY(bench_suite_open(file, sets, n_sets, &o->suite, err));
    BASE_TRY(bench_suite_check(o->suite, &inner, err));
    BASE_TRY(bench_suite_describe(o->suite, &inner, &o->notes, err));
    fputs(base_buf_text(&o->notes), stderr);
    put_study(o->suite, study);
    return BASE_OK;
}

static base_status differs(void *self, const char *run_dir, base_err *err) {
    return bench_suite_continues(((const opened *)self)->suite, run_dir, err);
}

static base_status end_run(void *self, const char *run_dir, base_err *err) {
    const opened *o = self;
    BASE_TRY(bench_results_join(o->suite, run_dir, err));
    BASE_TRY(bench_results_write_notes(base_buf_text(&o->notes), run_dir, err));
    return bench_compare_run(run_dir, err);
}

/* ---- the command line ---- */

/* hpo_bench run SUITE --out DIR --times -> SUITE --dir DIR --set times=true. A process that mpirun starts is given the
 * latter. */
static int translate(int argc, char **argv, char **out) {
    static char dir[] = "--dir", set[] = "--set", times[] = "times=true";
    int count = 0;
    bool verb = false;
    for (int i = 0; i < argc; i++) {
        if (!verb && strcmp(argv[i], "run") == 0) {
            verb = true;
        } else if (strcmp(argv[i], "--times") == 0) {
            out[count++] = set;
            out[count++] = times;
        } else {
            out[count++] = strcmp(argv[i], "--out") == 0 ? dir : argv[i];
        }
    }
    return count;
}

/* The suite and the assignments among translated arguments; NULL: no suite. */
static const char *find_suite(int argc, char **argv, const char **sets, size_t *n_sets) {
    const char *file = NULL;
    *n_sets = 0;
    for (int i = 1; i < argc; i++) {
        const bool takes = strcmp(argv[i], "--dir") == 0 || strcmp(argv[i], "-j") == 0;
        if (strcmp(argv[i], "--set") == 0 && i + 1 < argc)
            sets[(*n_sets)++] = argv[++i];
        else if (takes)
            i++;
        else if (argv[i][0] != '-')
            file = argv[i];
    }
    return file;
}

/* BLAS and the mathematical library choose their kernels when they are loaded; the program is about to execute itself
 * again. What cannot be read is said later, by whoever runs it. */
static void pin_kernels(int argc, char **argv) {
    const char **sets = base_calloc((size_t)argc, sizeof *sets);
    size_t n_sets;
    const char *file = find_suite(argc, argv, sets, &n_sets), *core = hpo_blas_better_core();
    bench_suite *suite = NULL;
    base_err ignored;
    const bool read = file && bench_suite_open(file, sets, n_sets, &suite, &ignored) == BASE_OK;
    if (read && suite->portable) {
        setenv("OPENBLAS_CORETYPE", "PRESCOTT", 1);
        setenv("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4", 1);
    } else if (core) {
        setenv("OPENBLAS_CORETYPE", core, 0);
    }
    bench_suite_destroy(suite);
    free(sets);
}

static int list(void) {
    base_buf out = {0};
    bench_suite_list(&out);
    fputs(base_buf_text(&out), stdout);
    base_buf_fini(&out);
    return HPO_EXIT_DONE;
}

static void put_count(const char *what, size_t count, const char *behind) {
    printf("%zu %s%s%s", count, what, count == 1 ? "" : "s", behind);
}

static void print_size(const bench_suite *suite, const char *notes) {
    printf("%s%s: ", notes, suite->name);
    put_count("problem", suite->n_problems, ", ");
    put_count("method", suite->n_methods, ", ");
    if (suite->n_workers > 1) printf("%zu numbers of workers, ", suite->n_workers);
    put_count("seed", (size_t)suite->seeds, ": ");
    put_count("cell", (size_t)bench_suite_cells(suite), "\n");
}

static int check(int argc, char **argv) {
    const hpo_catalog inner = obj_cell_catalog();
    const char **sets = base_calloc((size_t)argc, sizeof *sets);
    size_t n_sets;
    const char *file = find_suite(argc - 1, argv + 1, sets, &n_sets);
    bench_suite *suite = NULL;
    base_err err = {0};
    base_status status = file ? bench_suite_open(file, sets, n_sets, &suite, &err)
                              : BASE_FAIL(&err, BASE_INVALID, "check needs a suite; see hpo_bench --help");
    base_buf notes = {0};
    if (status == BASE_OK) status = bench_suite_check(suite, &inner, &err);
    if (status == BASE_OK) status = bench_suite_describe(suite, &inner, &notes, &err);
    if (status == BASE_OK)
        print_size(suite, base_buf_text(&notes));
    else
        fprintf(stderr, "%s\n", err.text);
    base_buf_fini(&notes);
    bench_suite_destroy(suite);
    free(sets);
    return status == BASE_OK ? HPO_EXIT_DONE : HPO_EXIT_BAD_INPUT;
}

static bool asks_for_help(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return argc < 2;
}

int main(int argc, char **argv) {
    if (asks_for_help(argc, argv)) {
        fputs(usage, stdout);
        return HPO_EXIT_DONE;
    }
    const char *verb = argv[1];
    if (strcmp(verb, "list") == 0) return list();
    if (strcmp(verb, "check") == 0) return check(argc, argv);
    if (strcmp(verb, "compare") == 0) return bench_compare_main(argc - 2, argv + 2);
    static const hpo_objective_type *const objectives[] = {&obj_cell};
    opened o = {0};
    const hpo_front front = {.study = make_study, .differs = differs, .end = end_run, .self = &o};
    const hpo_catalog catalog = {
        .objectives = objectives, .n_objectives = 1, .version = "hpo " HPO_VERSION, .front = &front};
    char **arguments = base_calloc(2 * (size_t)argc + 1, sizeof *arguments);
    const int count = translate(argc, argv, arguments);
    pin_kernels(count, arguments);
    const int code = hpo_cli_main(&catalog, count, arguments);
    bench_suite_destroy(o.suite);
    base_buf_fini(&o.notes);
    free(arguments);
    return code;
}

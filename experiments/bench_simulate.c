/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How fast studies run in virtual time: bench_simulate [METHOD PROBLEM FIDELITY TRIALS WORKERS], as a study has them:
 * e.g. bench_simulate bohb "{problem: counting-ones}" "samples: {min: 9, max: 729}" 2000 100 Without arguments: a
 * million trials of random search on 1,000 workers and of Hyperband on 10,000, and a hundred thousand of the others on
 * 10,000.
 *
 * A study is simulated as hpo_bench does it, its trace included, in a process of its own. Prints trials per second of
 * the processor's time (on a busy machine the wall clock counts others' work), and by how much the process grew for
 * every trial, virtual workers and reports included. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "benchmarks/suite/trace.h"
#include "experiments/objectives/registry.h"

typedef struct setup {
    const char *method, *problem, *fidelity; /* fidelity: "" = none */
    uint64_t trials, workers;
} setup;

#define SAMPLES "samples: {min: 9, max: 729}"

static const setup setups[] = {
    {"random", "{problem: branin}", "", 1000000, 1000},
    {"hyperband", "{problem: counting-ones}", SAMPLES, 1000000, 10000},
    {"successive-halving", "{problem: counting-ones}", SAMPLES, 100000, 10000},
    {"asha", "{problem: counting-ones}", SAMPLES, 100000, 10000},
    {"async-hyperband", "{problem: counting-ones}", SAMPLES, 100000, 10000},
    {"{name: asha, mode: stopping}", "{problem: mf-hartmann3-good, report_every: 5}", "z: {min: 1, max: 100}", 100000,
     10000},
    {"median-stop", "{problem: mf-hartmann3-good, report_every: 5}", "z: {min: 1, max: 100}", 100000, 10000},
};

static double seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static double peak_bytes(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return 1024.0 * (double)used.ru_maxrss;
}

static base_status read_study(const setup *s, hpo_study_spec **spec, base_err *err) {
    const hpo_objective_type *const objectives[] = {&obj_function};
    const hpo_catalog catalog = {.objectives = objectives, .n_objectives = 1, .version = "bench_simulate"};
    base_buf text = {0};
    base_buf_printf(&text,
                    "study: simulate\nseed: 1\nobjective: {function: %s}\nmethod: %s\ndeterministic: true\n"
                    "workers: %" PRIu64 "\nbudget: {trials: %" PRIu64 "}\n",
                    s->problem, s->method, s->workers, s->trials);
    if (*s->fidelity) base_buf_printf(&text, "fidelity: {%s}\n", s->fidelity);
    const base_status status =
        hpo_study_read(&catalog, "bench_simulate", text.data, text.length, NULL, 0, NULL, spec, err);
    base_buf_fini(&text);
    return status;
}

static base_status run(const setup *s, base_err *err) {
    hpo_study_spec *spec;
    bench_trace trace;
    bench_simulated sum;
    BASE_TRY(read_study(s, &spec, err));
    bench_trace_begin(&trace, spec, BENCH_CHARGE_COST);
    const double bytes = peak_bytes(), began = seconds();
    const bench_watcher watcher = {.watch = bench_trace_watch, .self = &trace};
    const base_status status = bench_simulate(spec, &(bench_simulation_env){.watcher = &watcher}, &sum, err);
    const double took = seconds() - began;
    if (status == BASE_OK)
        printf("%-30s %8" PRIu64 " trials %6" PRIu64 " workers %8" PRIu64
               " evaluations %7.2f s %9.0f trials/s %6.0f bytes a trial, utilisation %.3f\n",
               s->method, sum.suggestions, s->workers, sum.evaluations, took, (double)sum.suggestions / took,
               (peak_bytes() - bytes) / (double)sum.suggestions, sum.busy / (sum.time * (double)s->workers));
    bench_trace_fini(&trace);
    hpo_study_spec_destroy(spec);
    return status;
}

/* In a process of its own, whose memory is that of this study. */
static int run_apart(const setup *s) {
    int how = 1;
    const pid_t child = fork();
    if (child == 0) {
        base_err err = {0};
        const base_status status = run(s, &err);
        if (status != BASE_OK) fprintf(stderr, "%s\n", err.text);
        fflush(stdout);
        _exit(status != BASE_OK);
    }
    return child < 0 || waitpid(child, &how, 0) < 0 || how != 0;
}

int main(int argc, char **argv) {
    if (argc == 6) {
        const setup one = {.method = argv[1],
                           .problem = argv[2],
                           .fidelity = argv[3],
                           .trials = strtoull(argv[4], NULL, 10),
                           .workers = strtoull(argv[5], NULL, 10)};
        return run_apart(&one);
    }
    if (argc != 1) return fprintf(stderr, "usage: bench_simulate [METHOD PROBLEM FIDELITY TRIALS WORKERS]\n"), 2;
    int failures = 0;
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) failures += run_apart(&setups[i]);
    return failures > 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole study on virtual workers under a virtual clock, in this process: what `deterministic: true` decides, without
 * messages, files and ranks.
 *
 * An evaluation takes as long as it costs, in units of the fidelity. Events are told in the order of (virtual time,
 * trial, step), as hpo/dispatch/order.h has it, so that the records are those of a run of hpo_search with as many
 * virtual workers, bit for bit. */
#ifndef BENCHMARKS_SUITE_SIMULATE_H
#define BENCHMARKS_SUITE_SIMULATE_H

#include "hpo/dispatch/instance.h"
#include "hpo/study/study.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a watcher is shown: after every record, the study as it then is. Pointers are valid during the call. */
typedef struct bench_watcher {
    void (*watch)(void *self, const hpo_study *study, const hpo_record *record, double now); /* virtual time */
    void (*end)(void *self, hpo_study *study, double now); /* all records are there; may be NULL */
    void *self;
} bench_watcher;

/* Who evaluates instead of a function of the objective. What it returns other than BASE_OK ends the study; a trial that
 * fails is a result. */
typedef struct bench_evaluator {
    base_status (*evaluate)(void *self, const hpo_job *job, const hpo_reporter *reporter, hpo_result *result,
                            base_err *err);
    void *self;
} bench_evaluator;

typedef struct bench_simulated {
    double time;          /* virtual, when the last event was told */
    double busy;          /* sum of the virtual times of evaluations, those that were stopped included */
    uint64_t evaluations; /* that ended or were stopped */
    uint64_t suggestions; /* configurations that were asked for */
    bool knows_optimum;
    double optimum;  /* the best value that there is, where the objective knows it */
    double thinking; /* real seconds that asking took; 0 unless measure. Nothing else here depends on a clock */
} bench_simulated;

typedef struct bench_simulation_env {
    const bench_watcher *watcher;     /* may be NULL */
    const bench_evaluator *evaluator; /* NULL: the objective's own function */
    hpo_instance *instance;           /* of a study of the same objective and space; NULL: one is made */
    /* Where evaluations that go on from a checkpoint leave it, below a folder for each trial; what is left in the end
     * is deleted. NULL: for in-rank objectives, which have none, and with an evaluator. */
    const char *folder;
    bool measure; /* how long asking takes */
} bench_simulation_env;

/* Runs spec to its end. It must be deterministic and say its workers. A failed evaluation is not tried again: it fails
 * the same way. BASE_UNSUPPORTED for objectives that run programs, without an evaluator (see programs.h); what the
 * objective's init, the study's methods or the evaluator return. */
BASE_CHECK base_status bench_simulate(const hpo_study_spec *spec, const bench_simulation_env *env, bench_simulated *out,
                                      base_err *err);

#ifdef __cplusplus
}
#endif
#endif

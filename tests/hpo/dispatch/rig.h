/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole run of the controller in one process: a study file as text, a journal, workers that follow a script; and what
 * came of it as text that two runs can be compared by. */
#ifndef TESTS_HPO_DISPATCH_RIG_H
#define TESTS_HPO_DISPATCH_RIG_H

#include "hpo/dispatch/controller.h"
#include "tests/support/check.h"
#include "tests/support/fake_transport.h"

/* The objective `fake` runs in processes and can go on from a lower fidelity; `fake_rank` runs in the rank and says
 * what it costs; `fake_priced` runs in processes, and says it, too: less than it declares, or more. Both report the
 * metric `loss` at every unit of fidelity. They are evaluated by the script, never by themselves. */
extern const hpo_catalog rig_catalog;
double rig_loss(const double *config, size_t n_config, uint64_t seed, double fidelity);

/* A folder for the journals of a group of tests. */
int rig_set_up(void **state);
int rig_tear_down(void **state);
const char *rig_new_journal(void); /* a path in it that was not used before */

/* The beginning of most study files here. */
#define RIG_HEAD                                                                                                       \
    "study: rig\nseed: 5\nobjective: {fake: {}}\nmetric: loss\n"                                                       \
    "parameters: {x: {min: 0.0, max: 1.0}, c: {values: [a, b, c]}}\n"
#define RIG_RANDOM RIG_HEAD "method: random\n"

typedef struct rig_run {
    const char *yaml;
    const char *journal; /* path, or NULL */
    size_t workers;
    uint64_t seed; /* of the order of arrival */
    double heartbeat;
    fake_fate (*fate)(void *self, size_t worker, const hpo_message *job);
    void (*answer)(void *self, const hpo_message *job, fake_answer *answer); /* changes what an evaluation gives */
    void (*hello)(void *self, size_t worker, hpo_message *hello);
    void (*on_job)(void *self, size_t worker, const hpo_message *job);
    void (*on_listen)(void *self, size_t results); /* before the controller waits for the next message */
    void (*on_record)(void *self, const hpo_record *finished);
    bool tells; /* on_record hears of nothing that the journal does not hold */
    void *self;
    const volatile sig_atomic_t *signal;
    const char *run_dir;
    double elapsed_before;
    bool verify;
    bool beside;                         /* suggestions in a thread, whatever the sampler */
    double seconds;                      /* that an evaluation is said to take; 0: 1 ms */
    const hpo_scheduler_type *scheduler; /* instead of the study's, or NULL */
    const hpo_sampler_type *sampler;     /* the same */
    void (*on_end)(void *self);          /* the controller has come back; its study still lives */
    fake_transport **transport;          /* where to put it while the run lasts, or NULL */
} rig_run;

typedef struct rig_end {
    base_status status;
    base_err err;
    hpo_outcome outcome;
    bool lost;
    fake_counts counts;
    size_t jobs[16]; /* per worker */
    uint64_t trials, running, paused, complete, stopped, failed, retried;
    size_t ticks; /* looks at a progress without an event */
    double worker_seconds, waiting_seconds, asking_seconds;
    double cost;
    hpo_notices notices;
    char reason[256];
    hpo_incumbent best;
    double best_value;
    base_buf history; /* everything that the study knows at the end, event numbers included */
} rig_end;

void rig_go(const rig_run *run, rig_end *end);
/* As rig_go, of a run that must come to this end; its journal, if there is one, must hold what the study knew then. */
void rig_go_well(const rig_run *run, rig_end *end, hpo_outcome outcome);
void rig_end_fini(rig_end *end);

/* The records of a journal, one line each, in their order; who computed them, when and in which attempt is left out. */
void rig_records(const char *yaml, const char *journal, base_buf *out);
/* The same, as far as the journal can be read. */
base_status rig_try_records(const char *yaml, const char *journal, base_buf *out, base_err *err);
/* hpo_journal_repair. */
void rig_repair(const char *yaml, const char *journal, base_buf *told);
/* The history that the journal's records make, as rig_end.history. */
void rig_fold(const char *yaml, const char *journal, base_buf *out);
/* Entries of a journal that `wanted` counts. */
size_t rig_count(const char *yaml, const char *journal, bool (*wanted)(const hpo_entry *entry, void *self), void *self);

/* Fails with the first line that differs: the texts are long. */
void rig_check_same_text(const base_buf *got, const base_buf *want);

/* Copies the first `lines` lines of a file (its head is 2); returns the number of lines that there are. */
size_t rig_cut(const char *from, const char *to, size_t lines);

#endif

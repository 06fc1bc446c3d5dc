/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A cheap objective on any space, and a loop that drives a study over it: W workers whose results come back in a random
 * but seeded order. */
#ifndef TESTS_SUPPORT_TOY_OBJECTIVE_H
#define TESTS_SUPPORT_TOY_OBJECTIVE_H

#include "hpo/study/study.h"

/* Metrics loss (a quadratic in the unit cube plus noise that shrinks with fidelity) and accuracy (= -loss). toy is
 * in-rank, resumable and says what it costs: 2 (to - from); toy_restart neither. toy_declared makes its own space,
 * toy_default when the study has none. toy_priced runs in processes, costs (1 + x)(to - from) + 10 passes, and may say
 * that it was less; its reports carry accuracy and speed, its trials drawing.svg and numbers.csv. toy_strict has an
 * option table whose options may be searched. */
extern const hpo_objective_type toy_objective, toy_restart_objective, toy_declared_objective, toy_default_objective,
    toy_strict_objective, toy_priced_objective;
const hpo_catalog *toy_catalog(void);

/* The value that toy reports for a job; what toy_drive_study uses whatever the objective. */
double toy_loss(const hpo_space *space, const hpo_job *job);
/* Another metric of studies that optimize several, "size" or "time": at odds with the loss and with each other. */
double toy_other(const hpo_space *space, const hpo_job *job, const char *name);

/* Reads a study file; the test fails with the sentence when that fails. */
hpo_study_spec *toy_spec(const char *text);
/* The line of a study file that gives a scheduler something to spend: a fidelity from 1 to max, or as many seeds. Valid
 * until the next call. */
const char *toy_spending(const char *scheduler, int max);
/* Reads a study file, "toy.yaml", that must be refused with this in the sentence. */
void toy_spec_fails(const char *text, const char *sentence);

/* The trials that a study ends with: those of its budget, or, where its scheduler ends by itself, some of them. */
void toy_check_trials(const hpo_study_spec *spec, uint64_t trials);

/* ---- records that outlive the study ---- */
typedef struct toy_tape {
    hpo_record *records;
    size_t count, capacity;
    base_arena *arena;
} toy_tape;
void toy_tape_fini(toy_tape *tape);
bool toy_same_record(const hpo_space *space, const hpo_record *a, const hpo_record *b);

/* ---- driving ---- */
typedef struct toy_drive {
    size_t workers;
    uint64_t seed;                                                         /* of the order of results and of failures */
    double fail_share;                                                     /* of evaluations that crash */
    double nan_share;                                                      /* of evaluations whose loss is NaN */
    uint32_t reports;                                                      /* of every evaluation before its result */
    const char *artefact;                                                  /* of every result; may be NULL */
    uint64_t max_records;                                                  /* stop after that many; 0 = until done */
    toy_tape *tape;                                                        /* where every record goes; may be NULL */
    void (*after)(void *self, hpo_study *study, const hpo_record *record); /* after every record; may be NULL */
    void *self;
} toy_drive;
/* Returns the number of records. WAIT while nothing runs fails the test. */
uint64_t toy_drive_study(hpo_study *study, const toy_drive *drive);

#endif

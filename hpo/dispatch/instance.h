/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An objective that lives: its descriptor with its state, in a worker (in-rank) or in a fork server. */
#ifndef HPO_DISPATCH_INSTANCE_H
#define HPO_DISPATCH_INSTANCE_H

#include "hpo/dispatch/message.h"
#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hpo_instance hpo_instance;

/* Reads the options into a fresh state and runs init. worker: its number. The spec must outlive the instance. */
BASE_CHECK base_status hpo_instance_create(const hpo_study_spec *spec, uint32_t worker, hpo_instance **out,
                                           base_err *err);
void hpo_instance_destroy(hpo_instance *instance);

/* The job that a message of kind JOB carries, without its folders; config points into the message. BASE_CORRUPT: the
 * configuration does not belong to the study's space. */
BASE_CHECK base_status hpo_instance_job(const hpo_instance *instance, const hpo_message *message, hpo_job *job,
                                        base_err *err);
/* One evaluation; an error that the objective returned has become a failure. result->seconds is left at 0. */
void hpo_instance_evaluate(hpo_instance *instance, const hpo_job *job, const hpo_reporter *reporter,
                           hpo_result *result);

const hpo_goal *hpo_instance_goals(const hpo_instance *instance, size_t *count); /* the study's */
bool hpo_instance_replicates(const hpo_instance *instance);
hpo_constraints hpo_instance_constraints(const hpo_instance *instance);
/* The best value that it can have; false: not known. */
bool hpo_instance_optimum(const hpo_instance *instance, double *value);
/* NULL: it evaluates in a child of the server. */
const hpo_program_ops *hpo_instance_program(const hpo_instance *instance);
/* The program that evaluates the job. */
BASE_CHECK base_status hpo_instance_launch(hpo_instance *instance, const hpo_job *job, base_arena *arena,
                                           hpo_program *out, base_err *err);

/* An empty result: no metrics, the declared cost. */
void hpo_result_begin(hpo_result *result);
/* Makes result a failure without metrics and artefact; the sentence is cut to fit. */
void hpo_result_fail(hpo_result *result, hpo_failure failure, int code, const char *fmt, ...) BASE_PRINTF(4, 5);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configurations that a study begins with, before its sampler proposes anything: what the user has in use already, or
 * what another run found.
 *
 *   try_first: [{learning_rate: 0.01, optimizer: sgd}, {width: 64}]
 *   try_first: best.yaml       of another run, a YAML list of configurations, or a CSV file with a header
 * A configuration may leave values out: they are drawn from the base measure when its trial begins. Reading a file is
 * for the caller, who keeps a copy in the run's folder and hands its text to every rank. */
#ifndef HPO_STUDY_TRY_FIRST_H
#define HPO_STUDY_TRY_FIRST_H

#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The path of the file that has to be read, in arena; NULL when there is none or the configurations are known. */
const char *hpo_try_first_path(const hpo_study_spec *spec, base_arena *arena);
/* The text of such a file as a list of maps whose nodes know their places: CSV when the name ends in .csv, else YAML.
 * BASE_INVALID "file:line:column: ..." */
BASE_CHECK base_status hpo_try_first_parse(base_arena *arena, const char *file, const char *text, size_t length,
                                           base_yaml_node **list, base_err *err);
/* Makes the list that of the study, checks every configuration against the space and changes the identity. The list
 * need not outlive the call. BASE_INVALID with the place of what is wrong. */
BASE_CHECK base_status hpo_try_first_set(hpo_study_spec *spec, const base_yaml_node *list, base_err *err);
/* The configurations as a flow-YAML list that reads back to the same: [{x: 1.0}, {n: 2}]. */
void hpo_try_first_print(const hpo_study_spec *spec, base_buf *out);
/* The configuration of trial < spec->first.count, completed. With `seen` (may be NULL: nothing was) a completion that
 * was not tried yet is sought first. */
typedef bool hpo_seen_function(const void *self, const double *config);
BASE_CHECK base_status hpo_try_first_complete(const hpo_study_spec *spec, uint64_t trial, hpo_seen_function *seen,
                                              const void *self, double *config, base_err *err);

#ifdef __cplusplus
}
#endif
#endif

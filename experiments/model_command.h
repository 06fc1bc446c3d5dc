/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hpo_model retrain for a study of programs: the program once more, with a trial's configuration. */
#ifndef EXPERIMENTS_MODEL_COMMAND_H
#define EXPERIMENTS_MODEL_COMMAND_H

#include "hpo/study/study_file.h"
#include "hpo/trials/history.h"

/* Runs the study's program as a trial would, from scratch to the highest fidelity, with the trial's configuration and
 * seed. Its output is this program's. folder (made where it is not there, an absolute path): where its checkpoint and
 * the file of its configuration go. BASE_INVALID when it cannot be started or does not end with 0. */
BASE_CHECK base_status model_command(const hpo_study_spec *spec, const hpo_trial *trial, const char *folder,
                                     base_err *err);

#endif

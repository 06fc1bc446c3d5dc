/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the rooms below that --help and --list of hpo_search know: hpo cannot see these rooms. */
#ifndef EXPERIMENTS_TOPICS_H
#define EXPERIMENTS_TOPICS_H

#include "hpo/study/study_file.h"

/* NULL-terminated. */
const hpo_topics *const *experiments_topics(void);

#endif

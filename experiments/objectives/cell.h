/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objective of hpo_bench, which hpo_search does not have. */
#ifndef EXPERIMENTS_OBJECTIVES_CELL_H
#define EXPERIMENTS_OBJECTIVES_CELL_H

#include "hpo/study/study_file.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const hpo_objective_type obj_cell;
/* What the studies of cells are made of. */
hpo_catalog obj_cell_catalog(void);

#ifdef __cplusplus
}
#endif
#endif

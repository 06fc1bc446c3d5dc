/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How people see the cells of a trial, whether a search has found them or a lot: in its result, and in its folder. */
#ifndef EXPERIMENTS_OBJECTIVES_CELLS_FILES_H
#define EXPERIMENTS_OBJECTIVES_CELLS_FILES_H

#include "hpo/objective.h"
#include "nas/genotype.h"

extern const char *const cells_files[]; /* genotype.json and cells.svg; NULL-terminated */

/* The genotype as artefact: the short text where there is room for it, else the name of the file that holds it. */
void cells_put_artefact(const nas_genotype *genotype, hpo_result *out);
/* The files. A full disk costs them and not the result. */
void cells_write_files(const nas_genotype *genotype, const char *folder);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front door: one study file in, the best configuration out. */
#include <stdlib.h>

#include "hpo/models/blas.h"
#include "experiments/objectives/registry.h"
#include "experiments/topics.h"
#include "hpo/cli/cli.h"

int main(int argc, char **argv) {
    /* BLAS picks its kernels when it is loaded; the program is about to execute itself again, so this counts. */
    const char *core = hpo_blas_better_core();
    if (core) setenv("OPENBLAS_CORETYPE", core, 0);
    size_t count;
    const hpo_objective_type *const *objectives = obj_registry(&count);
    const hpo_catalog catalog = {
        .objectives = objectives, .n_objectives = count, .version = "hpo " HPO_VERSION, .topics = experiments_topics()};
    return hpo_cli_main(&catalog, argc, argv);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The front door: one study file in, the best configuration out. */
#include "experiments/objectives/registry.h"
#include "hpo/cli/cli.h"

int main(int argc, char **argv) {
    size_t count;
    const hpo_objective_type *const *objectives = obj_registry(&count);
    const hpo_catalog catalog = {.objectives = objectives, .n_objectives = count, .version = "hpo " HPO_VERSION};
    return hpo_cli_main(&catalog, argc, argv);
}

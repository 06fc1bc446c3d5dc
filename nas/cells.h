/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network `cells` of a recipe: a genotype in the skeleton of its space, trained like any other network. */
#ifndef NAS_CELLS_H
#define NAS_CELLS_H

#include "engine/modules/network.h"
#include "nas/genotype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Its settings: the options of the model `cells`. */
typedef struct nas_cells {
    const char *genotype;        /* as it was given: a known cell, a file, the text itself, or a lot; then its text */
    const base_yaml_node *space; /* NULL: that of the known cell or the one that the file names */
    int64_t channels, cells;
    double auxiliary, drop_path;
    /* resolved */
    const nas_genotype *found;
    bool drawn; /* by lot */
} nas_cells;

/* For a list of kinds that is handed to eng_recipe_read; its eng_network.own is a nas_cells. A file is relative to the
 * folder of the study file that names it. */
extern const eng_network_kind nas_network_cells;

/* Do settings say `genotype: random`, so that another seed is another network? */
bool nas_cells_by_lot(const base_yaml_node *settings);
/* Makes that `random SEED`: the lot of this seed, which is the same genotype of the space whenever it is drawn. Other
 * settings stay as they are. */
void nas_cells_number(base_yaml_node *settings, uint64_t seed, base_arena *arena);
/* What was drawn for a network; NULL: it is of another kind, or its genotype was given. */
const nas_genotype *nas_cells_drawn(const eng_network *network);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of selections, one line each. */
#include <math.h>
#include <string.h>

#include "nas/selection.h"

/* One line each. */
#define NAS_SELECTION_LIST(X)                                                                                          \
    X(magnitude)                                                                                                       \
    X(threshold)                                                                                                       \
    X(perturbation)                                                                                                    \
    X(few_skips)                                                                                                       \
    X(best_of_random)

#define DECLARE(name) extern const nas_selection nas_selection_##name;
NAS_SELECTION_LIST(DECLARE)

#define ADDRESS(name) &nas_selection_##name,
static const nas_selection *const selections[] = {NAS_SELECTION_LIST(ADDRESS)};

const nas_selection *const *nas_selections(size_t *count) {
    *count = sizeof selections / sizeof *selections;
    return selections;
}

const nas_selection *nas_selection_find(const char *name) {
    for (size_t i = 0; i < sizeof selections / sizeof *selections; i++)
        if (strcmp(selections[i]->name, name) == 0) return selections[i];
    return NULL;
}

base_status nas_selection_choose(const nas_selection *selection, const void *state, const nas_space *space,
                                 const double *const *weights, base_arena *arena, nas_genotype **out, base_err *err) {
    *out = NULL;
    for (size_t c = 0; c < space->n_cells; c++)
        for (size_t i = 0; i < space->cells[c].weights; i++)
            if (!isfinite(weights[c][i]))
                return BASE_FAIL(err, BASE_NUMERIC, "a weight of cell %s is not finite: the search diverged",
                                 space->cells[c].name);
    nas_genotype *genotype = nas_genotype_create(space, arena);
    selection->choose(state, space, weights, genotype);
    base_err why;
    BASE_ASSERT(nas_genotype_check(genotype, &why) == BASE_OK);
    *out = genotype;
    return BASE_OK;
}

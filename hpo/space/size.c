/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many different configurations a space has: counted where that is quick, else estimated.
 *
 * A point of the grid whose parameters are all active stands for itself; where a parameter is inactive, as many points
 * as it has values are the same configuration. Counting takes the one whose inactive parameters have their first
 * values; an estimate counts each drawn point for the share that it is of its configuration (D. G. Horvitz, D. J.
 * Thompson, JASA 47(260), 1952). */
#include "hpo/space/space_impl.h"

#include <math.h>
#include <stdlib.h>

enum { COUNTED = 1000000, DRAWS = 10000 };

/* The coordinate of a grid is unit coordinate / levels; digits are those of index. */
static bool is_first(const hpo_space *space, uint64_t index, const double *config) {
    for (size_t i = space->count; i-- > 0;) {
        const uint64_t levels = hpo_param_levels(&space->params[i]);
        if (isnan(config[i]) && index % levels != 0) return false;
        index /= levels;
    }
    return true;
}

static double count(const hpo_space *space, uint64_t size, double *config) {
    double found = 0;
    for (uint64_t index = 0; index < size; index++) {
        hpo_space_grid_point(space, 1, index, config);
        found += is_first(space, index, config) && hpo_space_allowed(space, config);
    }
    return found;
}

static double estimate(const hpo_space *space, double size, double *config) {
    const size_t draws = space->count < COUNTED / DRAWS ? DRAWS : DRAWS / 100;
    base_rng rng = base_rng_stream(0, BASE_RNG_SAMPLER, 0, 0);
    double sum = 0;
    for (size_t n = 0; n < draws; n++) {
        for (size_t i = 0; i < space->count; i++)
            config[i] = hpo_param_from_unit(&space->params[i], base_rng_uniform(&rng));
        hpo_space_activate(space, config);
        if (!hpo_space_allowed(space, config)) continue;
        double share = 1;
        for (size_t i = 0; i < space->count; i++)
            if (isnan(config[i])) share /= (double)hpo_param_levels(&space->params[i]);
        sum += share;
    }
    return size * (sum / (double)draws);
}

double hpo_space_size(const hpo_space *space, bool *exact) {
    BASE_ASSERT(space->sealed);
    const double size = hpo_space_cardinality(space);
    *exact = true;
    if (isinf(size) || (space->n_clauses == 0 && space->n_conditional == 0)) return size;
    double *config = base_malloc((space->count + 1) * sizeof *config);
    *exact = size * (double)space->count <= COUNTED;
    const double found = *exact ? count(space, (uint64_t)size, config) : estimate(space, size, config);
    free(config);
    return found;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best of many random networks by their error with the weights of the supernet: L. Li, A. Talwalkar, "Random Search
 * and Reproducibility for Neural Architecture Search", UAI 2019, section 3.2. All are tried on a few batches
 * first, the best of these on all of the data that did not train the weights. */
#include <stdlib.h>

#include "nas/limits.h"
#include "nas/selection.h"

typedef struct best_of_random {
    int64_t candidates, batches, finalists;
} best_of_random;

typedef struct candidate {
    nas_genotype *genotype;
    size_t index; /* of its draw: the earlier one of equals wins */
    double error;
} candidate;

enum { TOLD = 10 }; /* candidates from one word to the next */

static int by_error(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->error != y->error) return x->error < y->error ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static base_status try_all(const nas_explorer *explorer, candidate *all, size_t count, size_t batches, base_err *err) {
    for (size_t i = 0; i < count; i++) {
        BASE_TRY(explorer->error(explorer->self, all[i].genotype, batches, &all[i].error, err));
        if (all[i].error != all[i].error)
            return BASE_FAIL(err, BASE_NUMERIC, "a random network of the space has an error that is no number");
        if ((i + 1) % TOLD == 0 || i + 1 == count) explorer->told(explorer->self, i + 1, count);
    }
    qsort(all, count, sizeof *all, by_error);
    return BASE_OK;
}

static base_status explore(const void *state, const nas_space *space, const nas_explorer *explorer, base_arena *arena,
                           nas_genotype **out, base_err *err) {
    const best_of_random *s = state;
    const size_t count = (size_t)s->candidates;
    const size_t finalists = s->finalists < s->candidates ? (size_t)s->finalists : count;
    candidate *all = BASE_NEW_ARRAY(arena, count, candidate);
    for (size_t i = 0; i < count; i++) {
        base_rng rng = base_rng_stream(explorer->seed, BASE_RNG_ARCHITECTURE, UINT32_MAX, (uint32_t)i);
        all[i] = (candidate){.genotype = nas_limits_random(explorer->limits, space, &rng, arena), .index = i};
    }
    BASE_TRY(try_all(explorer, all, count, (size_t)s->batches, err));
    BASE_TRY(try_all(explorer, all, finalists, 0, err));
    *out = all[0].genotype;
    return BASE_OK;
}

#define COUNT(field) .name = #field, .kind = BASE_OPTION_INT, .offset = offsetof(best_of_random, field), .min = 1

static const base_option options[] = {
    {COUNT(candidates), .fallback = "100", .max = 1e6, .help = "random networks that are tried on a few batches"},
    {COUNT(batches), .fallback = "10", .max = 1e9, .help = "so many"},
    {COUNT(finalists), .fallback = "10", .max = 1e6, .help = "the best of them, tried on all of the data"},
    BASE_OPTIONS_END,
};

const nas_selection nas_selection_best_of_random = {
    .name = "best-of-random",
    .summary = "the random network that is best with the supernet's weights (Li and Talwalkar)",
    .options = options,
    .state_size = sizeof(best_of_random),
    .explore = explore,
};

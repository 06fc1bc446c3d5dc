/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one-exchange neighbourhood of a configuration: all that differ from it in one parameter.
 *
 * It is what local search moves in, over the objective itself or over an acquisition function. */
#ifndef HPO_MODELS_NEIGHBOURS_H
#define HPO_MODELS_NEIGHBOURS_H

#include "hpo/space/space.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Parameter `param` gets `value`. */
typedef struct hpo_exchange {
    size_t param;
    double value;
} hpo_exchange;

typedef struct hpo_exchanges {
    hpo_exchange *items;
    size_t count, capacity;
} hpo_exchanges;

/* Exchanges at an activated configuration, in a random order, replacing what the list held: a choice gets each of its
 * other values; an ordered choice its two neighbours; a continuous number `draws` values from a normal of this
 * deviation around it in the unit cube, truncated to it; a stepped number the two levels next to it and up to `draws`
 * others drawn so, or simply all when these are no more. Each value once. Inactive parameters and constants are left
 * alone. */
void hpo_exchanges_list(hpo_exchanges *list, const hpo_space *space, const double *config, size_t draws,
                        double deviation, base_rng *rng);
void hpo_exchanges_fini(hpo_exchanges *list);

/* The neighbour, activated; parameters that only now become active are drawn from the base measure. False: it is
 * forbidden. neighbour must not be config. */
bool hpo_exchange_apply(const hpo_space *space, const double *config, hpo_exchange exchange, base_rng *rng,
                        double *neighbour);

#ifdef __cplusplus
}
#endif
#endif

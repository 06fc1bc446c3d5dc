/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One-exchange neighbourhoods, as ConfigSpace and SMAC have them (F. Hutter, H. H. Hoos, K. Leyton-Brown, "Sequential
 * Model-Based Optimization for General Algorithm Configuration", LION 5, 2011, section 4.3: every choice's other
 * values, and 4 draws of N(u, 0.2) for each number).
 *
 * Differences: a stepped number also offers the levels next to it, without which a climb may end beside the best of a
 * table; and what becomes active by an exchange is drawn, since a parameter here has no default value. */
#include "hpo/models/neighbours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TRIES = 16 }; /* of a draw that must fall into [0,1] and hit a value that is not listed */

void hpo_exchanges_fini(hpo_exchanges *list) {
    free(list->items);
    *list = (hpo_exchanges){0};
}

/* `first`: where this parameter's exchanges begin. */
static bool is_listed(const hpo_exchanges *list, size_t first, double value) {
    for (size_t i = first; i < list->count; i++)
        if (list->items[i].value == value) return true;
    return false;
}

static void push(hpo_exchanges *list, size_t param, double value) {
    BASE_GROW(list->items, list->capacity, list->count + 1);
    list->items[list->count++] = (hpo_exchange){.param = param, .value = value};
}

static void push_choices(hpo_exchanges *list, const hpo_param *param, size_t index, double value) {
    if (param->kind == HPO_ORDINAL) {
        if (value > 0) push(list, index, value - 1);
        if (value + 1 < (double)param->n_choices) push(list, index, value + 1);
        return;
    }
    for (size_t k = 0; k < param->n_choices; k++) {
        const bool possible = !param->probabilities || param->probabilities[k] > 0;
        if (possible && (double)k != value) push(list, index, (double)k);
    }
}

/* Level k of a stepped number, through the unit cube, which knows how it is written exactly. */
static double level_at(const hpo_param *param, double k) {
    return hpo_param_from_unit(param, hpo_param_to_unit(param, param->min + k * param->step));
}

static void push_all_levels(hpo_exchanges *list, const hpo_param *param, size_t index, double value) {
    const uint64_t levels = hpo_param_levels(param);
    for (uint64_t k = 0; k < levels; k++) {
        const double level = level_at(param, (double)k);
        if (level != value) push(list, index, level);
    }
}

/* The two levels next to the value. */
static void push_levels(hpo_exchanges *list, const hpo_param *param, size_t index, double value) {
    const double levels = (double)hpo_param_levels(param), k = rint((value - param->min) / param->step);
    if (k > 0) push(list, index, level_at(param, k - 1));
    if (k + 1 < levels) push(list, index, level_at(param, k + 1));
}

static void push_draws(hpo_exchanges *list, const hpo_param *param, size_t index, double value, size_t draws,
                       double deviation, base_rng *rng) {
    const size_t first = list->count;
    const double unit = hpo_param_to_unit(param, value);
    const uint64_t levels = hpo_param_levels(param);
    if (levels > 0 && levels <= draws + 3) {
        push_all_levels(list, param, index, value);
        return;
    }
    if (levels > 0) push_levels(list, param, index, value);
    for (size_t n = 0; n < draws; n++) {
        for (int tries = 0; tries < MAX_TRIES; tries++) {
            const double u = unit + deviation * base_rng_normal(rng);
            if (!(u >= 0 && u <= 1)) continue;
            const double drawn = hpo_param_from_unit(param, u);
            if (drawn == value || is_listed(list, first, drawn)) continue;
            push(list, index, drawn);
            break;
        }
    }
}

void hpo_exchanges_list(hpo_exchanges *list, const hpo_space *space, const double *config, size_t draws,
                        double deviation, base_rng *rng) {
    list->count = 0;
    for (size_t dim = 0; dim < hpo_space_dims(space); dim++) {
        const size_t index = hpo_space_dim_param(space, dim);
        const hpo_param *param = hpo_space_param(space, index);
        if (isnan(config[index])) continue;
        if (param->kind == HPO_FLOAT || param->kind == HPO_INT) {
            push_draws(list, param, index, config[index], draws, deviation, rng);
        } else {
            push_choices(list, param, index, config[index]);
        }
    }
    for (size_t i = list->count; i > 1; i--) {
        const size_t j = (size_t)base_rng_below(rng, i);
        const hpo_exchange swap = list->items[i - 1];
        list->items[i - 1] = list->items[j];
        list->items[j] = swap;
    }
}

bool hpo_exchange_apply(const hpo_space *space, const double *config, hpo_exchange exchange, base_rng *rng,
                        double *neighbour) {
    const size_t count = hpo_space_count(space);
    memcpy(neighbour, config, count * sizeof *neighbour);
    neighbour[exchange.param] = exchange.value;
    for (size_t i = 0; i < count; i++) {
        if (isnan(neighbour[i])) neighbour[i] = hpo_param_quantile(hpo_space_param(space, i), base_rng_uniform(rng));
    }
    hpo_space_activate(space, neighbour);
    return hpo_space_allowed(space, neighbour);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits as a knapsack problem: only those that can bind go into it. */
#include "nas/limits.h"

#include <math.h>

#include "nas/edge_weights.h"
#include "nas/knapsack.h"
#include "nas/narrow.h"
#include "nas/supernet.h"

enum { TRIES = 100 };

nas_limits nas_limits_none(const nas_costs *costs) {
    nas_limits limits = {.costs = *costs};
    for (int kind = 0; kind < NAS_COSTS; kind++) limits.max[kind] = (double)INFINITY;
    return limits;
}

nas_limits *nas_limits_narrow(const nas_limits *limits, const nas_space *space, base_arena *arena) {
    nas_limits *narrow = BASE_NEW(arena, nas_limits);
    *narrow = *limits;
    narrow->costs.space = space;
    for (int kind = 0; kind < NAS_COSTS; kind++) {
        narrow->costs.each[kind] = nas_operation_blocks(space, arena);
        nas_narrow_blocks(limits->costs.space, space, (const double *const *)limits->costs.each[kind],
                          narrow->costs.each[kind]);
    }
    return narrow;
}

bool nas_limits_meet(const nas_limits *limits, const nas_genotype *genotype) {
    for (int kind = 0; kind < NAS_COSTS; kind++)
        if (nas_costs_of(&limits->costs, (nas_cost)kind, genotype) > limits->max[kind]) return false;
    return true;
}

void nas_cost_print(nas_cost kind, double value, base_buf *out) {
    if (kind == NAS_COST_LATENCY)
        base_buf_printf(out, "%.6g ms", value / 1e6);
    else
        base_buf_printf(out, "%.15g %s", value, nas_cost_names[kind]);
}

/* ---- the best ---- */

static nas_knapsack knapsack_of(const nas_limits *limits, const double *const *weights) {
    nas_knapsack knapsack = {.space = limits->costs.space, .weights = weights};
    for (int kind = 0; kind < NAS_COSTS; kind++) {
        double smallest, largest;
        nas_costs_range(&limits->costs, (nas_cost)kind, &smallest, &largest);
        if (largest <= limits->max[kind]) continue;
        knapsack.costs[knapsack.n_costs] = (const double *const *)limits->costs.each[kind];
        knapsack.capacity[knapsack.n_costs++] = limits->max[kind] - limits->costs.fixed[kind];
    }
    return knapsack;
}

/* What was taken, in the order in which the strongest edges would be chosen. */
static void write_taken(const nas_space *space, const double *const *weights, size_t *const *taken, base_arena *arena,
                        nas_genotype *out) {
    double **chosen = nas_operation_blocks(space, arena);
    for (size_t t = 0; t < space->n_cells; t++) {
        for (size_t i = 0; i < space->cells[t].weights; i++) chosen[t][i] = -(double)INFINITY;
        for (size_t e = 0; e < space->cells[t].n_edges; e++) {
            const size_t at = space->cells[t].edges[e].offset + taken[t][e];
            if (taken[t][e] != SIZE_MAX) chosen[t][at] = weights[t][at];
        }
    }
    nas_choose_strongest(space, (const double *const *)chosen, -(double)INFINITY, out);
}

bool nas_limits_best(const nas_limits *limits, const double *const *weights, nas_genotype *out, size_t *states) {
    const nas_space *space = limits->costs.space;
    const nas_knapsack knapsack = knapsack_of(limits, weights);
    base_arena *arena = base_arena_create();
    size_t **taken = BASE_NEW_ARRAY(arena, space->n_cells, size_t *), kept;
    for (size_t t = 0; t < space->n_cells; t++) taken[t] = BASE_NEW_ARRAY(arena, space->cells[t].n_edges, size_t);
    const bool found = nas_knapsack_solve(&knapsack, taken, &kept);
    if (found) write_taken(space, weights, taken, arena, out);
    if (states) *states = kept;
    base_arena_destroy(arena);
    return found;
}

/* The weights of what a genotype has; no other operation stands. */
static double **weights_of(const nas_genotype *genotype, const double *const *weights, base_arena *arena) {
    const nas_space *space = genotype->space;
    double **chosen = nas_operation_blocks(space, arena);
    nas_genotype_weights(genotype, chosen);
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t i = 0; i < space->cells[t].weights; i++)
            chosen[t][i] = chosen[t][i] > 0.0 ? weights[t][i] : -(double)INFINITY;
    return chosen;
}

static bool is_part(const nas_genotype *genotype, const nas_genotype *of) {
    for (size_t t = 0; t < of->space->n_cells; t++)
        for (size_t i = 0; i < genotype->cells[t].count; i++) {
            const nas_gene *gene = &genotype->cells[t].genes[i];
            size_t k = 0;
            while (k < of->cells[t].count && of->cells[t].genes[k].edge != gene->edge) k++;
            if (k == of->cells[t].count || of->cells[t].genes[k].operation != gene->operation) return false;
        }
    return true;
}

base_status nas_limits_choose(const nas_limits *limits, const nas_selection *selection, const void *state,
                              const nas_space *space, const double *const *weights, base_arena *arena,
                              nas_genotype **out, base_err *err) {
    BASE_TRY(nas_selection_choose(selection, state, space, weights, arena, out, err));
    if (limits == NULL || nas_limits_meet(limits, *out)) return BASE_OK;
    nas_genotype *best = nas_genotype_create(space, arena);
    *out = NULL;
    if (!nas_limits_best(limits, weights, best, NULL))
        return BASE_FAIL(err, BASE_INVALID, "no genotype of space %s is within the limits", space->name);
    *out = nas_genotype_create(space, arena);
    selection->choose(state, space, (const double *const *)weights_of(best, weights, arena), *out);
    if (!is_part(*out, best)) *out = best; /* a rule that wants other operations comes after the limits */
    return BASE_OK;
}

nas_genotype *nas_limits_nearest(const nas_limits *limits, nas_genotype *genotype, const double *const *weights,
                                 base_arena *arena) {
    const nas_space *space = limits->costs.space;
    if (nas_limits_meet(limits, genotype)) return genotype;
    double **close = nas_operation_blocks(space, arena), sum = 1.0;
    nas_genotype *nearest = nas_genotype_create(space, arena);
    nas_genotype_weights(genotype, close);
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t i = 0; i < space->cells[t].weights; i++) sum += fabs(weights[t][i]);
    for (size_t t = 0; t < space->n_cells; t++) /* all of them together weigh less than one operation */
        for (size_t i = 0; i < space->cells[t].weights; i++) close[t][i] += 0.5 * weights[t][i] / sum;
    const bool found = nas_limits_best(limits, (const double *const *)close, nearest, NULL);
    BASE_ASSERT(found);
    return nearest;
}

/* ---- on average ---- */

/* Choosable weights of an edge, and their mean cost. */
static double mean_cost(const nas_space_cell *cell, const nas_space_edge *edge, const double *weights,
                        const double *costs, double *sum) {
    double mean = 0.0;
    *sum = 0.0;
    for (size_t k = 0; k < edge->n_operations; k++) {
        if (!nas_space_may_choose(cell, edge->operations[k])) continue;
        *sum += weights[edge->offset + k];
        mean += weights[edge->offset + k] * costs[edge->offset + k];
    }
    return *sum > 0.0 ? mean / *sum : 0.0;
}

/* Of the edges of a node that is finished. */
static double kept_share(const nas_space_cell *cell, size_t node) {
    return (double)nas_genotype_expected(cell, node) / (double)nas_space_edges_to(cell, node);
}

static double expected(const nas_costs *costs, nas_cost kind, const double *const *weights) {
    double sum = costs->fixed[kind], ignored;
    for (size_t t = 0; t < costs->space->n_cells; t++) {
        const nas_space_cell *cell = &costs->space->cells[t];
        for (size_t e = 0; e < cell->n_edges; e++)
            sum += kept_share(cell, cell->edges[e].to) *
                   mean_cost(cell, &cell->edges[e], weights[t], costs->each[kind][t], &ignored);
    }
    return sum;
}

/* d share_k / d weight_i = (1 [i = k] - share_k) / sum of weights. */
static void add_slopes(const nas_costs *costs, nas_cost kind, double factor, const double *const *weights,
                       double *const *slopes) {
    for (size_t t = 0; t < costs->space->n_cells; t++) {
        const nas_space_cell *cell = &costs->space->cells[t];
        for (size_t e = 0; e < cell->n_edges; e++) {
            const nas_space_edge *edge = &cell->edges[e];
            double sum;
            const double mean = mean_cost(cell, edge, weights[t], costs->each[kind][t], &sum);
            const double by = factor * kept_share(cell, edge->to);
            for (size_t k = 0; k < edge->n_operations; k++)
                if (sum > 0.0 && nas_space_may_choose(cell, edge->operations[k]))
                    slopes[t][edge->offset + k] += by * (costs->each[kind][t][edge->offset + k] - mean) / sum;
        }
    }
}

double nas_limits_penalty(const nas_limits *limits, double strength, const double *const *weights,
                          double *const *slopes) {
    double penalty = 0.0;
    for (int kind = 0; kind < NAS_COSTS; kind++) {
        if (!isfinite(limits->max[kind])) continue;
        const double over = expected(&limits->costs, (nas_cost)kind, weights) / limits->max[kind] - 1.0;
        if (!(over > 0.0)) continue;
        penalty += over;
        add_slopes(&limits->costs, (nas_cost)kind, strength / limits->max[kind], weights, slopes);
    }
    return penalty;
}

void nas_limits_identify(const nas_limits *limits, double penalty, base_buf *out) {
    for (int kind = 0; kind < NAS_COSTS; kind++) {
        uint64_t hash = 0;
        if (!isfinite(limits->max[kind])) continue;
        for (size_t t = 0; t < limits->costs.space->n_cells; t++)
            hash = hash * 31 +
                   base_hash64(limits->costs.each[kind][t], limits->costs.space->cells[t].weights * sizeof(double));
        base_buf_printf(out, " %s %.17g %.17g %016llx", nas_cost_names[kind], limits->max[kind],
                        limits->costs.fixed[kind], (unsigned long long)hash);
    }
    base_buf_printf(out, " %.17g", penalty);
}

/* ---- at random ---- */

nas_genotype *nas_limits_random(const nas_limits *limits, const nas_space *space, base_rng *rng, base_arena *arena) {
    nas_genotype *genotype = nas_genotype_random(space, rng, arena);
    for (int i = 1; limits && i < TRIES && !nas_limits_meet(limits, genotype); i++)
        genotype = nas_genotype_random(space, rng, arena);
    if (!limits || nas_limits_meet(limits, genotype)) return genotype;
    double **weights = nas_operation_blocks(space, arena);
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t i = 0; i < space->cells[t].weights; i++) weights[t][i] = base_rng_uniform(rng);
    genotype = nas_genotype_create(space, arena);
    const bool found = nas_limits_best(limits, (const double *const *)weights, genotype, NULL);
    BASE_ASSERT(found);
    return genotype;
}

/* ---- whether there is one ---- */

/* The smallest cost of a kind among the genotypes that meet the other limits; INFINITY: none does. */
static double smallest_with(const nas_limits *limits, nas_cost kind, base_arena *arena) {
    const nas_space *space = limits->costs.space;
    nas_limits others = *limits;
    double **weights = nas_operation_blocks(space, arena);
    nas_genotype *genotype = nas_genotype_create(space, arena);
    others.max[kind] = (double)INFINITY;
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t i = 0; i < space->cells[t].weights; i++) weights[t][i] = -limits->costs.each[kind][t][i];
    if (!nas_limits_best(&others, (const double *const *)weights, genotype, NULL)) return (double)INFINITY;
    return nas_costs_of(&limits->costs, kind, genotype);
}

/* A limit that is too small by itself. */
static bool is_alone_too_small(const nas_limits *limits, nas_cost kind, base_buf *why) {
    double smallest, largest;
    nas_costs_range(&limits->costs, kind, &smallest, &largest);
    if (smallest <= limits->max[kind]) return false;
    base_buf_puts(why, "no network of the space is so small: the smallest has ");
    nas_cost_print(kind, smallest, why);
    return true;
}

bool nas_limits_possible(const nas_limits *limits, nas_cost *which, base_buf *why) {
    base_arena *arena = base_arena_create();
    nas_cost last = NAS_COSTS;
    double smallest = 0.0;
    for (int kind = 0; kind < NAS_COSTS; kind++) {
        *which = (nas_cost)kind;
        if (is_alone_too_small(limits, *which, why)) {
            base_arena_destroy(arena);
            return false;
        }
        if (isfinite(limits->max[kind])) last = (nas_cost)kind;
    }
    if (last != NAS_COSTS) smallest = smallest_with(limits, last, arena);
    *which = last;
    base_arena_destroy(arena);
    if (last == NAS_COSTS || smallest <= limits->max[last]) return true;
    base_buf_puts(why, "no network of the space is within all limits");
    if (!isfinite(smallest)) return false;
    base_buf_puts(why, ": within the others the smallest has ");
    nas_cost_print(last, smallest, why);
    return false;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operations by what the supernet loses without them: R. Wang et al., "Rethinking Architecture Selection in
 * Differentiable NAS", ICLR 2021, algorithm 1 (DARTS-PT).
 *
 * Edges are decided in random order. Of an undecided edge every operation is taken away once, the others as they are;
 * that without which the supernet is worst on the alphas' half stands from then on, alone and with weight 1. The
 * supernet is tuned, and so on. Then nodes with more edges than they keep, again in random order, lose the edge without
 * which the supernet is best, until they have as many; with tuning between.
 *
 * As in the authors' code one edge (node) of each type of cell is decided before each tuning. There the alphas of
 * undecided edges move while the weights are tuned; here only the weights do, so that their alphas say no more than at
 * the end of the search. Ties go to the operation that stands first, and to the edges that come first. */
#include <math.h>

#include "nas/relaxation.h"
#include "nas/selection.h"

enum { ACCURACY, LOSS };

typedef struct perturbation {
    int criterion;
    int64_t tune;
} perturbation;

typedef struct projection {
    const perturbation *options;
    const nas_space *space;
    const nas_explorer *explorer;
    base_rng rng;
    double **weights, **edges; /* as the passes read them */
    size_t **chosen;           /* by type and edge: index of the operation; UNDECIDED; REMOVED */
    size_t rounds, of;         /* of deciding: done, in all */
} projection;

static const size_t UNDECIDED = SIZE_MAX, REMOVED = SIZE_MAX - 1;

/* ---- how much there is to do ---- */

static size_t choosable(const nas_space_cell *cell, size_t edge) {
    size_t count = 0;
    for (size_t k = 0; k < cell->edges[edge].n_operations; k++)
        count += nas_space_may_choose(cell, cell->edges[edge].operations[k]);
    return count;
}

static bool is_crowded(const nas_space_cell *cell, size_t node) {
    return nas_space_edges_to(cell, node) > nas_genotype_expected(cell, node);
}

static size_t rounds_of(const nas_space *space) {
    size_t edges = 0, nodes = 0;
    for (size_t t = 0; t < space->n_cells; t++) {
        const nas_space_cell *cell = &space->cells[t];
        size_t crowded = 0;
        for (size_t node = cell->inputs; node < cell->inputs + cell->nodes; node++) crowded += is_crowded(cell, node);
        edges = edges > cell->n_edges ? edges : cell->n_edges;
        nodes = nodes > crowded ? nodes : crowded;
    }
    return edges + nodes;
}

/* Times that the supernet is scored. */
static size_t scores_of(const nas_space_cell *cell) {
    size_t count = 0;
    for (size_t e = 0; e < cell->n_edges; e++) count += choosable(cell, e) > 1 ? choosable(cell, e) : 0;
    for (size_t node = cell->inputs; node < cell->inputs + cell->nodes; node++)
        for (size_t left = nas_space_edges_to(cell, node); left > nas_genotype_expected(cell, node); left--)
            count += left;
    return count;
}

static nas_selection_work work(const void *state, const nas_space *space) {
    const perturbation *o = state;
    nas_selection_work w = {.tuned = (double)o->tune * (double)(rounds_of(space) - 1)};
    for (size_t t = 0; t < space->n_cells; t++) w.scored += (double)scores_of(&space->cells[t]);
    return w;
}

/* ---- deciding ---- */

/* How bad the supernet is now; what is no number is as bad as can be. */
static base_status score(const projection *p, double *bad, base_err *err) {
    double loss, error;
    BASE_TRY(p->explorer->score(p->explorer->self, (const double *const *)p->weights, (const double *const *)p->edges,
                                &loss, &error, err));
    *bad = p->options->criterion == LOSS ? loss : error;
    if (isnan(*bad)) *bad = (double)INFINITY;
    return BASE_OK;
}

static void stand_alone(projection *p, size_t type, size_t e, size_t operation) {
    const nas_space_edge *edge = &p->space->cells[type].edges[e];
    for (size_t k = 0; k < edge->n_operations; k++) p->weights[type][edge->offset + k] = k == operation;
    p->chosen[type][e] = operation;
}

static base_status decide_edge(projection *p, size_t type, size_t e, base_err *err) {
    const nas_space_cell *cell = &p->space->cells[type];
    const nas_space_edge *edge = &cell->edges[e];
    size_t best = SIZE_MAX;
    double most = 0;
    for (size_t k = 0; k < edge->n_operations; k++) {
        double *weight = &p->weights[type][edge->offset + k], kept = *weight, bad = 0;
        if (!nas_space_may_choose(cell, edge->operations[k])) continue;
        *weight = 0;
        if (choosable(cell, e) > 1) BASE_TRY(score(p, &bad, err));
        *weight = kept;
        if (best != SIZE_MAX && !(bad > most)) continue;
        best = k;
        most = bad;
    }
    stand_alone(p, type, e, best);
    return BASE_OK;
}

static void remove_edge(projection *p, size_t type, size_t e) {
    const nas_space_edge *edge = &p->space->cells[type].edges[e];
    p->weights[type][edge->offset + p->chosen[type][e]] = 0;
    p->edges[type][e] = 0;
    p->chosen[type][e] = REMOVED;
}

/* Without an edge whose operation is decided. */
static base_status score_without(projection *p, size_t type, size_t e, double *bad, base_err *err) {
    const size_t operation = p->chosen[type][e];
    const double share = p->edges[type][e];
    remove_edge(p, type, e);
    const base_status status = score(p, bad, err);
    stand_alone(p, type, e, operation);
    p->edges[type][e] = share;
    return status;
}

static base_status thin_node(projection *p, size_t type, size_t node, base_err *err) {
    const nas_space_cell *cell = &p->space->cells[type];
    for (size_t left = nas_space_edges_to(cell, node); left > nas_genotype_expected(cell, node); left--) {
        size_t worst = SIZE_MAX;
        double least = 0;
        for (size_t e = 0; e < cell->n_edges; e++) {
            double bad = 0;
            if (cell->edges[e].to != node || p->chosen[type][e] == REMOVED) continue;
            BASE_TRY(score_without(p, type, e, &bad, err));
            if (worst != SIZE_MAX && bad > least) continue;
            worst = e;
            least = bad;
        }
        remove_edge(p, type, worst);
    }
    return BASE_OK;
}

/* ---- order ---- */

/* Is this edge still to be decided; or is this node still to be thinned? */
static bool is_open(const projection *p, size_t type, size_t which, bool nodes) {
    const nas_space_cell *cell = &p->space->cells[type];
    size_t there = 0;
    if (!nodes) return p->chosen[type][which] == UNDECIDED;
    for (size_t e = 0; e < cell->n_edges; e++) there += cell->edges[e].to == which && p->chosen[type][e] != REMOVED;
    return there > nas_genotype_expected(cell, which);
}

/* A random one that is open, `end` where none is. */
static size_t draw(projection *p, size_t type, size_t begin, size_t end, bool nodes) {
    size_t open = 0;
    for (size_t i = begin; i < end; i++) open += is_open(p, type, i, nodes);
    if (open == 0) return end;
    size_t left = (size_t)base_rng_below(&p->rng, open), at = begin;
    for (;; at++) {
        if (!is_open(p, type, at, nodes)) continue;
        if (left-- == 0) return at;
    }
}

/* One edge or node of each type that has one left. */
static base_status decide(projection *p, bool nodes, base_err *err) {
    for (size_t t = 0; t < p->space->n_cells; t++) {
        const nas_space_cell *cell = &p->space->cells[t];
        const size_t begin = nodes ? cell->inputs : 0, end = nodes ? cell->inputs + cell->nodes : cell->n_edges;
        const size_t which = draw(p, t, begin, end, nodes);
        if (which == end) continue;
        BASE_TRY(nodes ? thin_node(p, t, which, err) : decide_edge(p, t, which, err));
    }
    return BASE_OK;
}

static bool any_open(const projection *p, bool nodes) {
    for (size_t t = 0; t < p->space->n_cells; t++) {
        const nas_space_cell *cell = &p->space->cells[t];
        const size_t begin = nodes ? cell->inputs : 0, end = nodes ? cell->inputs + cell->nodes : cell->n_edges;
        for (size_t i = begin; i < end; i++)
            if (is_open(p, t, i, nodes)) return true;
    }
    return false;
}

static base_status tune(const projection *p, base_err *err) {
    const size_t epochs = (size_t)p->options->tune;
    for (size_t i = 0; i < epochs; i++)
        BASE_TRY(p->explorer->tune(p->explorer->self, (const double *const *)p->weights,
                                   (const double *const *)p->edges, (p->rounds - 1) * epochs + i, (p->of - 1) * epochs,
                                   err));
    return BASE_OK;
}

static base_status decide_all(projection *p, base_err *err) {
    for (int nodes = 0; nodes < 2; nodes++)
        while (any_open(p, nodes)) {
            BASE_TRY(decide(p, nodes, err));
            p->rounds++;
            p->explorer->told(p->explorer->self, p->rounds, p->of);
            if (p->rounds < p->of) BASE_TRY(tune(p, err));
        }
    return BASE_OK;
}

static nas_genotype *genotype_of(const projection *p, base_arena *arena) {
    nas_genotype *genotype = nas_genotype_create(p->space, arena);
    for (size_t t = 0; t < p->space->n_cells; t++)
        for (size_t e = 0; e < p->space->cells[t].n_edges; e++) {
            nas_genotype_cell *cell = &genotype->cells[t];
            const nas_space_edge *edge = &p->space->cells[t].edges[e];
            if (p->chosen[t][e] == REMOVED) continue;
            cell->genes[cell->count++] = (nas_gene){e, edge->operations[p->chosen[t][e]]};
        }
    return genotype;
}

static base_status explore(const void *state, const nas_space *space, const nas_explorer *explorer, base_arena *arena,
                           nas_genotype **out, base_err *err) {
    projection p = {
        .options = state,
        .space = space,
        .explorer = explorer,
        .rng = base_rng_stream(explorer->seed, BASE_RNG_ARCHITECTURE, UINT32_MAX - 1, 0),
        .weights = nas_operation_blocks(space, arena),
        .edges = nas_edge_blocks(space, arena),
        .chosen = BASE_NEW_ARRAY(arena, space->n_cells, size_t *),
        .of = rounds_of(space),
    };
    for (size_t t = 0; t < space->n_cells; t++) {
        p.chosen[t] = BASE_NEW_ARRAY(arena, space->cells[t].n_edges, size_t);
        for (size_t e = 0; e < space->cells[t].n_edges; e++) p.chosen[t][e] = UNDECIDED;
    }
    explorer->mean(explorer->self, p.weights, p.edges);
    BASE_TRY(decide_all(&p, err));
    *out = genotype_of(&p, arena);
    return BASE_OK;
}

static const char *const criteria[] = {"accuracy", "loss", NULL};

static const base_option options[] = {
    {.name = "criterion",
     .kind = BASE_OPTION_CHOICE,
     .offset = offsetof(perturbation, criterion),
     .fallback = "accuracy",
     .choices = criteria,
     .help = "of the supernet on the alphas' half"},
    {.name = "tune",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(perturbation, tune),
     .fallback = "5",
     .max = 1e6,
     .help = "epochs in which its weights are tuned after each decision"},
    BASE_OPTIONS_END,
};

const nas_selection nas_selection_perturbation = {
    .name = "perturbation",
    .summary = "the operation without which the supernet is worst, on edge after edge (DARTS-PT)",
    .options = options,
    .state_size = sizeof(perturbation),
    .mixture = true,
    .copies = 2,
    .work = work,
    .explore = explore,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exact dynamic programming over the edges of all nodes, one after the other (H. Kellerer, U. Pferschy, D. Pisinger,
 * "Knapsack Problems", 2004, chapters 9 and 11). A state is what has been spent, what has been gained, and how many
 * edges the node at hand has taken. It is dropped when
 *
 * - the rest cannot be finished within a capacity,
 * - another one of the same edge and number has spent no more of anything and gained no less (Pareto), or
 * - it cannot reach a solution that is known already. The bound is that of Lagrange: for any multipliers l >= 0 the
 * rest gains at most l * (capacity - spent) + the largest sum of (weight - l * cost), which needs no capacities and is
 * one more pass over the edges. Multipliers that make the bound of the whole problem small are found by bisection along
 *   one after the other, and the solutions on the way that are within the capacities are those that are known. */
#include "nas/knapsack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nas/genotype.h"

enum { ROUNDS = 3, DOUBLINGS = 100, HALVINGS = 60, STEPS = 200, MAX_EDGES = NAS_MAX_INPUTS + NAS_MAX_NODES };

typedef struct option {
    size_t operation;
    double weight, cost[NAS_KNAPSACK_COSTS];
} option;

/* An edge of one of the nodes. */
typedef struct step {
    size_t type, edge;
    size_t need; /* edges that its node takes */
    bool last;   /* of its node */
    option *options;
    size_t n_options;
} step;

typedef struct state {
    double gained, spent[NAS_KNAPSACK_COSTS];
    size_t parent; /* in the list of all that were kept */
    uint32_t count;
    uint32_t taken; /* 0 = nothing, else option + 1 */
} state;

typedef struct solver {
    const nas_knapsack *k;
    base_arena *arena;
    step *steps;
    size_t n_steps;
    /* Tables of what can be had from step s on by a node that has taken c edges: [s * (MAX_EDGES + 1) + c]. */
    double *least[NAS_KNAPSACK_COSTS], *bound, *scratch;
    double multiplier[NAS_KNAPSACK_COSTS];
    double known; /* gained by the best solution that is known */
    double slack; /* of comparisons with it: more than rounding, less than anything that matters */
    state *kept, *made;
    size_t n_kept, kept_capacity, n_made, made_capacity;
} solver;

/* ---- edges and their options ---- */

static bool is_dominated(const solver *s, const option *a, const option *by) {
    if (by->weight < a->weight) return false;
    for (size_t j = 0; j < s->k->n_costs; j++)
        if (by->cost[j] > a->cost[j]) return false;
    return true;
}

/* What another option gives for no more is left out; of equal ones the first stays. */
static void add_option(const solver *s, step *to, const option *new) {
    size_t kept = 0;
    for (size_t i = 0; i < to->n_options; i++)
        if (is_dominated(s, new, &to->options[i])) return;
    for (size_t i = 0; i < to->n_options; i++)
        if (!is_dominated(s, &to->options[i], new)) to->options[kept++] = to->options[i];
    to->options[kept] = *new;
    to->n_options = kept + 1;
}

static void add_step(solver *s, size_t type, size_t index) {
    const nas_space_cell *cell = &s->k->space->cells[type];
    const nas_space_edge *edge = &cell->edges[index];
    step *to = &s->steps[s->n_steps++];
    *to = (step){.type = type, .edge = index, .need = nas_genotype_expected(cell, edge->to)};
    to->last = index + 1 == cell->n_edges || cell->edges[index + 1].to != edge->to;
    to->options = BASE_NEW_ARRAY(s->arena, edge->n_operations, option);
    for (size_t k = 0; k < edge->n_operations; k++) {
        option new = {.operation = k, .weight = s->k->weights[type][edge->offset + k]};
        for (size_t j = 0; j < s->k->n_costs; j++) new.cost[j] = s->k->costs[j][type][edge->offset + k];
        if (nas_space_may_choose(cell, edge->operations[k])) add_option(s, to, &new);
    }
}

static double *new_table(const solver *s) {
    return BASE_NEW_ARRAY(s->arena, (s->n_steps + 1) * (MAX_EDGES + 1), double);
}

static void begin(solver *s) {
    s->steps = BASE_NEW_ARRAY(s->arena, nas_space_edges(s->k->space), step);
    for (size_t t = 0; t < s->k->space->n_cells; t++)
        for (size_t e = 0; e < s->k->space->cells[t].n_edges; e++) add_step(s, t, e);
    for (size_t j = 0; j < s->k->n_costs; j++) s->least[j] = new_table(s);
    s->bound = new_table(s);
    s->scratch = new_table(s);
    s->known = -(double)INFINITY;
    for (size_t i = 0; i < s->n_steps; i++) {
        double largest = 0.0;
        for (size_t k = 0; k < s->steps[i].n_options; k++) largest = fmax(largest, fabs(s->steps[i].options[k].weight));
        s->slack += 1e-10 * largest;
    }
}

/* ---- what the rest can bring ---- */

static size_t at(size_t index, size_t count) {
    return index * (MAX_EDGES + 1) + count;
}

/* Behind a step that leaves its node with so many edges. */
static double behind(const solver *s, const double *table, size_t index, size_t count) {
    const step *here = &s->steps[index];
    if (!here->last) return table[at(index + 1, count)];
    return count == here->need ? table[at(index + 1, 0)] : -(double)INFINITY;
}

/* by * weight - multipliers * costs. */
static double reduced(const solver *s, const option *o, double by, const double *multiplier) {
    double sum = by * o->weight;
    for (size_t j = 0; j < s->k->n_costs; j++) sum -= multiplier[j] * o->cost[j];
    return sum;
}

/* The option of a step with the largest reduced weight. */
static const option *best_option(const solver *s, const step *here, double by, const double *multiplier, double *out) {
    const option *best = NULL;
    *out = -(double)INFINITY;
    for (size_t k = 0; k < here->n_options; k++) {
        const double value = reduced(s, &here->options[k], by, multiplier);
        if (best && !(value > *out)) continue;
        best = &here->options[k];
        *out = value;
    }
    return best;
}

/* The largest sums of reduced weights, from the end to the beginning. */
static void fill(const solver *s, double *table, double by, const double *multiplier) {
    table[at(s->n_steps, 0)] = 0.0;
    for (size_t i = s->n_steps; i-- > 0;) {
        double best;
        (void)best_option(s, &s->steps[i], by, multiplier, &best);
        for (size_t c = 0; c <= s->steps[i].need; c++) {
            const double skip = behind(s, table, i, c);
            const double take = c < s->steps[i].need ? best + behind(s, table, i, c + 1) : -(double)INFINITY;
            table[at(i, c)] = take >= skip ? take : skip;
        }
    }
}

/* ---- multipliers ---- */

/* What the solution that the table `scratch` stands for gains and spends. */
static double follow(const solver *s, const double *multiplier, double *spent) {
    double gained = 0.0;
    size_t count = 0;
    for (size_t j = 0; j < s->k->n_costs; j++) spent[j] = 0.0;
    for (size_t i = 0; i < s->n_steps; i++) {
        const step *here = &s->steps[i];
        double value;
        const option *best = best_option(s, here, 1.0, multiplier, &value);
        const bool take = count < here->need && best &&
                          value + behind(s, s->scratch, i, count + 1) >= behind(s, s->scratch, i, count);
        if (take) {
            gained += best->weight;
            for (size_t j = 0; j < s->k->n_costs; j++) spent[j] += best->cost[j];
        }
        count = here->last ? 0 : count + take;
    }
    return gained;
}

/* The best solution for these multipliers; the bound that they give. */
static double relax(solver *s, const double *multiplier, double *spent) {
    bool within = true;
    fill(s, s->scratch, 1.0, multiplier);
    const double gained = follow(s, multiplier, spent);
    double bound = s->scratch[at(0, 0)];
    for (size_t j = 0; j < s->k->n_costs; j++) {
        bound += multiplier[j] * s->k->capacity[j];
        within = within && spent[j] <= s->k->capacity[j];
    }
    if (within && gained > s->known) s->known = gained;
    return bound;
}

typedef struct dual {
    double multiplier[NAS_KNAPSACK_COSTS], bound;
} dual;

static void try_multiplier(solver *s, const double *multiplier, double *spent, dual *best) {
    const double bound = relax(s, multiplier, spent);
    if (!(bound < best->bound)) return;
    best->bound = bound;
    memcpy(best->multiplier, multiplier, sizeof best->multiplier);
}

/* The bound is convex along each multiplier, and falls as long as the relaxed solution spends too much. */
static void bisect(solver *s, size_t j, double *multiplier, dual *best) {
    double spent[NAS_KNAPSACK_COSTS], low = 0.0, high = 1.0 / fmax(s->k->capacity[j], 1.0);
    multiplier[j] = 0.0;
    try_multiplier(s, multiplier, spent, best);
    if (spent[j] <= s->k->capacity[j]) return;
    for (int i = 0; i < DOUBLINGS; i++, low = high, high *= 2.0) {
        multiplier[j] = high;
        try_multiplier(s, multiplier, spent, best);
        if (spent[j] <= s->k->capacity[j]) break;
    }
    for (int i = 0; i < HALVINGS; i++) {
        multiplier[j] = low + (high - low) / 2.0;
        try_multiplier(s, multiplier, spent, best);
        *(spent[j] <= s->k->capacity[j] ? &high : &low) = multiplier[j];
    }
    multiplier[j] = high;
}

/* Multipliers that grow together lead to something that is within the capacities, as a rule: without a known solution
 * no state could be excluded. */
static void find_known(solver *s, dual *best) {
    double spent[NAS_KNAPSACK_COSTS], multiplier[NAS_KNAPSACK_COSTS];
    for (size_t j = 0; j < s->k->n_costs; j++)
        multiplier[j] = fmax(best->multiplier[j], 1e-3 * fabs(best->bound) / fmax(s->k->capacity[j], 1.0));
    for (int i = 0; i < DOUBLINGS && !isfinite(s->known); i++) {
        try_multiplier(s, multiplier, spent, best);
        for (size_t j = 0; j < s->k->n_costs; j++) multiplier[j] *= spent[j] > s->k->capacity[j] ? 1.25 : 1.0;
    }
}

/* Steps against a subgradient, of the length that would reach the best known solution if the bound were linear (B. T.
 * Polyak, "Minimization of unsmooth functionals", 1969), halved where the bound does not fall: along several
 * multipliers at once, which bisection along each cannot do. */
static void descend(solver *s, dual *best) {
    double spent[NAS_KNAPSACK_COSTS], multiplier[NAS_KNAPSACK_COSTS], length = 1.0;
    memcpy(multiplier, best->multiplier, sizeof multiplier);
    for (int i = 0; i < STEPS && isfinite(s->known); i++) {
        const double before = best->bound;
        double norm = 0.0;
        try_multiplier(s, multiplier, spent, best);
        if (i > 0 && !(best->bound < before)) length *= 0.95;
        for (size_t j = 0; j < s->k->n_costs; j++) {
            const double over = (spent[j] - s->k->capacity[j]) / fmax(s->k->capacity[j], 1.0);
            norm += over * over;
        }
        for (size_t j = 0; j < s->k->n_costs && norm > 0.0; j++) {
            const double unit = fmax(s->k->capacity[j], 1.0), over = (spent[j] - s->k->capacity[j]) / unit;
            multiplier[j] = fmax(multiplier[j] + length * (best->bound - s->known) * over / norm / unit, 0.0);
        }
    }
}

static void find_multipliers(solver *s) {
    double multiplier[NAS_KNAPSACK_COSTS] = {0.0};
    dual best = {.bound = (double)INFINITY};
    for (int round = 0; round < (s->k->n_costs > 1 ? ROUNDS : 1); round++)
        for (size_t j = 0; j < s->k->n_costs; j++) bisect(s, j, multiplier, &best);
    find_known(s, &best);
    if (s->k->n_costs > 1) descend(s, &best);
    memcpy(s->multiplier, best.multiplier, sizeof s->multiplier);
    fill(s, s->bound, 1.0, s->multiplier);
}

/* ---- states ---- */

/* Can the state, which has passed step `index`, end well? */
static bool is_promising(const solver *s, size_t index, const state *made) {
    double most = made->gained + behind(s, s->bound, index, made->count);
    for (size_t j = 0; j < s->k->n_costs; j++) {
        const double left = s->k->capacity[j] - made->spent[j];
        if (!(-behind(s, s->least[j], index, made->count) <= left)) return false;
        most += s->multiplier[j] * left;
    }
    return isfinite(most) && most >= s->known - s->slack;
}

static void make(solver *s, size_t index, size_t parent, uint32_t taken) {
    const step *here = &s->steps[index];
    state made = s->kept[parent];
    made.parent = parent;
    made.taken = taken;
    if (taken > 0) {
        const option *o = &here->options[taken - 1];
        made.count++;
        made.gained += o->weight;
        for (size_t j = 0; j < s->k->n_costs; j++) made.spent[j] += o->cost[j];
    }
    if (!is_promising(s, index, &made)) return;
    if (here->last) made.count = 0;
    BASE_GROW(s->made, s->made_capacity, s->n_made + 1);
    s->made[s->n_made++] = made;
}

#define ORDER(x, y)                                                                                                    \
    if ((x) != (y)) return (x) < (y) ? -1 : 1

/* By number of edges, costs, and gain, the largest first; equal ones as they were made. */
static int by_costs(const void *left, const void *right) {
    const state *a = left, *b = right;
    ORDER(a->count, b->count);
    for (size_t j = 0; j < NAS_KNAPSACK_COSTS; j++) {
        ORDER(a->spent[j], b->spent[j]);
    }
    ORDER(b->gained, a->gained);
    ORDER(a->parent, b->parent);
    ORDER(a->taken, b->taken);
    return 0;
}

static bool is_worse(const solver *s, const state *a, const state *than) {
    if (than->gained < a->gained) return false;
    for (size_t j = 1; j < s->k->n_costs; j++)
        if (than->spent[j] > a->spent[j]) return false;
    return true;
}

/* Keeps of the states that were made those that no other dominates. They are sorted, so what comes later has spent no
 * less of the first cost. Who dominated last is asked first: it is likely to do so again. */
static void keep(solver *s) {
    const size_t first = s->n_kept;
    size_t *front = BASE_NEW_ARRAY(s->arena, s->n_made + 1, size_t), n_front = 0;
    if (s->n_made > 1) qsort(s->made, s->n_made, sizeof *s->made, by_costs);
    for (size_t i = 0; i < s->n_made; i++) {
        const state *new = &s->made[i];
        size_t f = 0;
        if (s->n_kept > first && s->kept[s->n_kept - 1].count != new->count) n_front = 0;
        while (f < n_front && !is_worse(s, new, &s->kept[front[f]])) f++;
        if (f < n_front) {
            const size_t swap = front[f];
            front[f] = front[0];
            front[0] = swap;
            continue;
        }
        BASE_GROW(s->kept, s->kept_capacity, s->n_kept + 1);
        s->kept[s->n_kept] = *new;
        front[n_front++] = s->n_kept++;
        if (s->k->n_costs == 1) { /* a single front: the last one dominates whatever the others do */
            front[0] = s->n_kept - 1;
            n_front = 1;
        }
    }
    s->n_made = 0;
}

static bool run(solver *s, size_t *const *taken) {
    size_t first = 0;
    s->n_kept = 1;
    BASE_GROW(s->kept, s->kept_capacity, 1);
    s->kept[0] = (state){0};
    for (size_t i = 0; i < s->n_steps; i++) {
        const size_t end = s->n_kept;
        for (size_t p = first; p < end; p++) {
            make(s, i, p, 0);
            for (uint32_t k = 0; k < s->steps[i].n_options && s->kept[p].count < s->steps[i].need; k++)
                make(s, i, p, k + 1);
        }
        keep(s);
        first = end;
    }
    if (first == s->n_kept) return false;
    size_t best = first;
    for (size_t p = first; p < s->n_kept; p++)
        if (s->kept[p].gained > s->kept[best].gained) best = p;
    for (size_t i = s->n_steps; i-- > 0; best = s->kept[best].parent) {
        const step *here = &s->steps[i];
        const uint32_t k = s->kept[best].taken;
        taken[here->type][here->edge] = k > 0 ? here->options[k - 1].operation : SIZE_MAX;
    }
    return true;
}

bool nas_knapsack_solve(const nas_knapsack *knapsack, size_t *const *taken, size_t *states) {
    solver s = {.k = knapsack, .arena = base_arena_create()};
    bool found = true;
    begin(&s);
    for (size_t j = 0; j < knapsack->n_costs; j++) {
        double one[NAS_KNAPSACK_COSTS] = {0.0};
        one[j] = 1.0;
        fill(&s, s.least[j], 0.0, one);
        found = found && -s.least[j][at(0, 0)] <= knapsack->capacity[j];
    }
    if (found) {
        find_multipliers(&s);
        found = run(&s, taken);
    }
    *states = s.n_kept;
    free(s.kept);
    free(s.made);
    base_arena_destroy(s.arena);
    return found;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The order in which a point is activated: parents before children.
 *
 * Conditions make a directed graph from tested parameters to the ones they activate. It is sorted by Kahn's algorithm
 * (A. B. Kahn, "Topological sorting of large networks", CACM 5(11), 1962), always taking the first parameter in
 * declaration order that is ready: the ready ones wait in a heap. What can never be ready stands on a cycle. */
#include "hpo/space/space_impl.h"

/* Edges of the graph: the children of parameter i are child[first[i]] to child[first[i + 1] - 1]. A parameter that is
 * tested twice by the same child has two edges, which count as two on both sides. */
typedef struct graph {
    size_t *first, *child;
    size_t *open; /* by parameter: edges from parents that are not placed yet */
} graph;

typedef void edge_function(graph *g, size_t parent, size_t child);

static void count_edge(graph *g, size_t parent, size_t child) {
    g->first[parent + 1]++;
    g->open[child]++;
}

static void put_edge(graph *g, size_t parent, size_t child) {
    g->child[g->first[parent]++] = child;
}

static void each_edge(const hpo_cond *cond, size_t child, graph *g, edge_function *visit) {
    if (cond->op == HPO_COND_ALL || cond->op == HPO_COND_ANY) {
        for (size_t i = 0; i < cond->n_children; i++) each_edge(cond->children[i], child, g, visit);
        return;
    }
    visit(g, cond->param, child);
    if (cond->against_param) visit(g, cond->other, child);
}

static void each_edge_of_space(const hpo_space *space, graph *g, edge_function *visit) {
    for (size_t i = 0; i < space->count; i++)
        if (space->params[i].when) each_edge(space->params[i].when, i, g, visit);
}

static graph make_graph(const hpo_space *space) {
    const size_t n = space->count;
    graph g = {.first = BASE_NEW_ARRAY(space->arena, n + 1, size_t), .open = BASE_NEW_ARRAY(space->arena, n, size_t)};
    each_edge_of_space(space, &g, count_edge);
    for (size_t i = 0; i < n; i++) g.first[i + 1] += g.first[i];
    g.child = BASE_NEW_ARRAY(space->arena, g.first[n], size_t);
    each_edge_of_space(space, &g, put_edge); /* which moves every beginning to its end, the next one's beginning */
    for (size_t i = n; i > 0; i--) g.first[i] = g.first[i - 1];
    g.first[0] = 0;
    return g;
}

static void mark_parents(const hpo_cond *cond, bool *tested) {
    for (size_t i = 0; i < cond->n_children; i++) mark_parents(cond->children[i], tested);
    if (cond->n_children > 0) return;
    tested[cond->param] = true;
    if (cond->against_param) tested[cond->other] = true;
}

void hpo_space_mark_tested(const hpo_space *space, bool *tested) {
    for (size_t i = 0; i < space->count; i++)
        if (space->params[i].when) mark_parents(space->params[i].when, tested);
}

/* ---- the ready ones: a binary heap, the smallest index first ---- */

static void heap_put(size_t *heap, size_t *count, size_t value) {
    size_t at = (*count)++;
    for (; at > 0 && heap[(at - 1) / 2] > value; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = value;
}

static size_t heap_take(size_t *heap, size_t *count) {
    const size_t least = heap[0], last = heap[--*count];
    size_t at = 0;
    for (size_t child = 1; child < *count; child = 2 * at + 1) {
        if (child + 1 < *count && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= last) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return least;
}

/* ---- cycles ---- */

/* The first parameter of a condition that is not placed, or SIZE_MAX. */
static size_t waiting_for(const hpo_cond *cond, const bool *placed) {
    if (!cond) return SIZE_MAX;
    if (cond->op != HPO_COND_ALL && cond->op != HPO_COND_ANY) {
        if (!placed[cond->param]) return cond->param;
        return cond->against_param && !placed[cond->other] ? cond->other : SIZE_MAX;
    }
    for (size_t i = 0; i < cond->n_children; i++) {
        size_t parent = waiting_for(cond->children[i], placed);
        if (parent != SIZE_MAX) return parent;
    }
    return SIZE_MAX;
}

/* Every parameter that is not placed waits for another one: following them must come back to one already seen. */
static base_status fail_with_cycle(const hpo_space *space, const bool *placed, base_err *err) {
    enum { SHOWN = 20 };
    const hpo_param *params = space->params;
    size_t at = 0;
    while (placed[at]) at++;
    for (size_t i = 0; i < space->count; i++) at = waiting_for(params[at].when, placed); /* now surely on the cycle */
    size_t first = at; /* named from its first parameter in declaration order */
    for (size_t i = waiting_for(params[at].when, placed); i != at; i = waiting_for(params[i].when, placed))
        if (i < first) first = i;
    base_buf path = {0};
    base_buf_puts(&path, params[first].name);
    size_t length = 1;
    for (size_t i = waiting_for(params[first].when, placed); i != first; i = waiting_for(params[i].when, placed))
        if (length++ < SHOWN) base_buf_printf(&path, " -> %s", params[i].name);
    if (length > SHOWN) base_buf_printf(&path, " -> ... (%zu in all)", length);
    const base_yaml_node *when = base_yaml_get(params[first].where, "when");
    base_status status = hpo_space_fail(when ? when : params[first].where, err,
                                        "conditions go round in a circle: %s -> %s: each waits for the next",
                                        base_buf_text(&path), params[first].name);
    base_buf_fini(&path);
    return status;
}

base_status hpo_space_sort(hpo_space *space, base_err *err) {
    bool *placed = BASE_NEW_ARRAY(space->arena, space->count, bool);
    size_t *heap = BASE_NEW_ARRAY(space->arena, space->count, size_t);
    graph g = make_graph(space);
    size_t n = 0, ready = 0;
    space->order = BASE_NEW_ARRAY(space->arena, space->count, size_t);
    for (size_t i = 0; i < space->count; i++) {
        if (space->params[i].when) continue;
        space->order[n++] = i;
        placed[i] = true;
    }
    space->n_conditional = space->count - n;
    for (size_t k = 0; k < n; k++) {
        size_t i = space->order[k];
        for (size_t e = g.first[i]; e < g.first[i + 1]; e++)
            if (--g.open[g.child[e]] == 0) heap_put(heap, &ready, g.child[e]);
    }
    while (ready > 0) {
        size_t i = heap_take(heap, &ready);
        space->order[n++] = i;
        placed[i] = true;
        for (size_t e = g.first[i]; e < g.first[i + 1]; e++)
            if (--g.open[g.child[e]] == 0) heap_put(heap, &ready, g.child[e]);
    }
    return n == space->count ? BASE_OK : fail_with_cycle(space, placed, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Genotypes as they are in memory: made, checked against their space, compared, drawn. */
#include "nas/genotype.h"

#include <string.h>

#include "base/rng.h"

nas_genotype *nas_genotype_create(const nas_space *space, base_arena *arena) {
    nas_genotype *genotype = BASE_NEW(arena, nas_genotype);
    genotype->space = space;
    genotype->cells = BASE_NEW_ARRAY(arena, space->n_cells, nas_genotype_cell);
    for (size_t i = 0; i < space->n_cells; i++)
        genotype->cells[i].genes = BASE_NEW_ARRAY(arena, space->cells[i].n_edges, nas_gene);
    return genotype;
}

static bool is_there(const nas_genotype_cell *cell, size_t edge) {
    for (size_t i = 0; i < cell->count; i++)
        if (cell->genes[i].edge == edge) return true;
    return false;
}

/* Genes stay sorted by node; those of one node in the order in which they came. */
static void insert(const nas_space_cell *type, nas_genotype_cell *cell, nas_gene gene) {
    size_t at = cell->count++;
    for (; at > 0 && type->edges[cell->genes[at - 1].edge].to > type->edges[gene.edge].to; at--)
        cell->genes[at] = cell->genes[at - 1];
    cell->genes[at] = gene;
}

static base_status fail_operation(const nas_space_cell *type, const nas_space_edge *edge, const char *name,
                                  base_err *err) {
    base_buf all = {0};
    for (size_t i = 0; i < edge->n_operations; i++)
        base_buf_printf(&all, "%s%s", i > 0 ? ", " : "", edge->operations[i]->name);
    base_status status = BASE_FAIL(err, BASE_INVALID,
                                   "the edge from %zu to %zu of cell %s cannot carry %s in this "
                                   "space, only %s",
                                   edge->from, edge->to, type->name, name, base_buf_text(&all));
    base_buf_fini(&all);
    return status;
}

base_status nas_genotype_add(nas_genotype *genotype, size_t cell, size_t to, int64_t from, const char *operation,
                             base_err *err) {
    const nas_space_cell *type = &genotype->space->cells[cell];
    nas_gene gene;
    if (nas_operation_find(operation, &gene.operation, err) != BASE_OK) {
        if (err != NULL) err->code = BASE_INVALID;
        return BASE_INVALID;
    }
    gene.edge = from < 0 ? type->n_edges : nas_space_edge_find(type, to, (size_t)from);
    if (gene.edge == type->n_edges)
        return BASE_FAIL(err, BASE_INVALID, "cell %s of space %s has no edge from %lld to node %zu", type->name,
                         genotype->space->name, (long long)from, to);
    if (is_there(&genotype->cells[cell], gene.edge))
        return BASE_FAIL(err, BASE_INVALID, "the edge from %lld to node %zu of cell %s is there twice", (long long)from,
                         to, type->name);
    const nas_space_edge *edge = &type->edges[gene.edge];
    if (nas_space_operation_find(edge, gene.operation) == edge->n_operations)
        return fail_operation(type, edge, gene.operation->name, err);
    insert(type, &genotype->cells[cell], gene);
    return BASE_OK;
}

size_t nas_genotype_expected(const nas_space_cell *cell, size_t node) {
    const size_t edges = nas_space_edges_to(cell, node);
    return cell->keep == 0 || cell->keep > edges ? edges : cell->keep;
}

static size_t edges_at(const nas_genotype *genotype, size_t cell, size_t node) {
    const nas_space_cell *type = &genotype->space->cells[cell];
    size_t count = 0;
    for (size_t i = 0; i < genotype->cells[cell].count; i++)
        count += type->edges[genotype->cells[cell].genes[i].edge].to == node;
    return count;
}

bool nas_genotype_is_full(const nas_genotype *genotype) {
    for (size_t c = 0; c < genotype->space->n_cells; c++) {
        const nas_space_cell *type = &genotype->space->cells[c];
        for (size_t node = type->inputs; node < type->inputs + type->nodes; node++)
            if (edges_at(genotype, c, node) != nas_genotype_expected(type, node)) return false;
    }
    return true;
}

static base_status check_cell(const nas_genotype *genotype, size_t index, base_err *err) {
    const nas_space_cell *type = &genotype->space->cells[index];
    const nas_genotype_cell *cell = &genotype->cells[index];
    for (size_t node = type->inputs; node < type->inputs + type->nodes; node++) {
        const size_t expected = nas_genotype_expected(type, node), count = edges_at(genotype, index, node);
        const bool fewer = type->keep > 0 && count > 0 && count < expected;
        if (count != expected && !fewer)
            return BASE_FAIL(err, BASE_INVALID,
                             "node %zu of cell %s has %zu edges where space %s keeps %zu: give the "
                             "space that the genotype is from",
                             node, type->name, count, genotype->space->name, expected);
    }
    for (size_t i = 0; i < cell->count; i++)
        if (!nas_space_may_choose(type, cell->genes[i].operation))
            return BASE_FAIL(err, BASE_INVALID,
                             "%s of cell %s is no edge: a finished cell of space %s keeps %zu others "
                             "at each node",
                             cell->genes[i].operation->name, type->name, genotype->space->name, type->keep);
    return BASE_OK;
}

base_status nas_genotype_check(const nas_genotype *genotype, base_err *err) {
    for (size_t i = 0; i < genotype->space->n_cells; i++) BASE_TRY(check_cell(genotype, i, err));
    return BASE_OK;
}

static bool cell_has(const nas_genotype_cell *cell, const nas_gene *gene) {
    for (size_t i = 0; i < cell->count; i++)
        if (cell->genes[i].edge == gene->edge) return cell->genes[i].operation == gene->operation;
    return false;
}

bool nas_genotype_equal(const nas_genotype *a, const nas_genotype *b) {
    if (a->space->n_cells != b->space->n_cells) return false;
    for (size_t c = 0; c < a->space->n_cells; c++) {
        if (a->cells[c].count != b->cells[c].count) return false;
        for (size_t i = 0; i < a->cells[c].count; i++)
            if (!cell_has(&b->cells[c], &a->cells[c].genes[i])) return false;
    }
    return true;
}

size_t nas_genotype_count(const nas_genotype *genotype, size_t cell, unsigned flags) {
    size_t count = 0;
    for (size_t i = 0; i < genotype->cells[cell].count; i++)
        count += (genotype->cells[cell].genes[i].operation->flags & flags) != 0;
    return count;
}

/* ---- drawing ---- */

static size_t choices(const nas_space_cell *type, const nas_space_edge *edge) {
    size_t count = 0;
    for (size_t i = 0; i < edge->n_operations; i++) count += nas_space_may_choose(type, edge->operations[i]);
    return count;
}

static const nas_operation *draw_operation(const nas_space_cell *type, const nas_space_edge *edge, base_rng *rng) {
    size_t left = (size_t)base_rng_below(rng, choices(type, edge)), i = 0;
    for (;; i++) {
        if (!nas_space_may_choose(type, edge->operations[i])) continue;
        if (left-- == 0) return edge->operations[i];
    }
}

/* Ways to choose k of the edges from `edge` on that lead to node, with operations. */
static double ways(const nas_space_cell *type, size_t node, size_t edge, size_t k) {
    double sums[NAS_MAX_INPUTS + NAS_MAX_NODES + 1] = {1.0};
    for (; edge < type->n_edges && type->edges[edge].to == node; edge++)
        for (size_t i = k; i > 0; i--) sums[i] += sums[i - 1] * (double)choices(type, &type->edges[edge]);
    return sums[k];
}

/* Edge by edge, each with the fraction of genotypes that have it. */
static void draw_node(const nas_space_cell *type, size_t node, base_rng *rng, nas_genotype_cell *cell) {
    size_t edge = 0, left = nas_genotype_expected(type, node);
    while (type->edges[edge].to != node) edge++;
    for (; left > 0; edge++) {
        const double with = (double)choices(type, &type->edges[edge]) * ways(type, node, edge + 1, left - 1);
        if (base_rng_uniform(rng) * ways(type, node, edge, left) >= with) continue;
        cell->genes[cell->count++] = (nas_gene){edge, draw_operation(type, &type->edges[edge], rng)};
        left--;
    }
}

nas_genotype *nas_genotype_random(const nas_space *space, base_rng *rng, base_arena *arena) {
    nas_genotype *genotype = nas_genotype_create(space, arena);
    for (size_t c = 0; c < space->n_cells; c++)
        for (size_t node = 0; node < space->cells[c].nodes; node++)
            draw_node(&space->cells[c], space->cells[c].inputs + node, rng, &genotype->cells[c]);
    return genotype;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alphas to edge weights. The weights of a pass are made in doubles before it, since they say what it computes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nas/relaxation_impl.h"
#include "nas/softmax.h"

/* ---- tables ---- */

double **nas_operation_blocks(const nas_space *space, base_arena *arena) {
    double **blocks = BASE_NEW_ARRAY(arena, space->n_cells, double *);
    for (size_t t = 0; t < space->n_cells; t++) blocks[t] = BASE_NEW_ARRAY(arena, space->cells[t].weights, double);
    return blocks;
}

double **nas_edge_blocks(const nas_space *space, base_arena *arena) {
    double **blocks = BASE_NEW_ARRAY(arena, space->n_cells, double *);
    for (size_t t = 0; t < space->n_cells; t++) blocks[t] = BASE_NEW_ARRAY(arena, space->cells[t].n_edges, double);
    return blocks;
}

static size_t table_for(nas_relaxation *r, size_t type, size_t columns) {
    size_t i = 0;
    while (i < r->n_tables && (r->tables[i].type != type || r->tables[i].columns != columns)) i++;
    if (i < r->n_tables) return i;
    nas_table *new = &r->tables[r->n_tables++];
    *new = (nas_table){.owner = r, .type = type, .columns = columns};
    new->edges = BASE_NEW_ARRAY(r->arena, r->space->cells[type].n_edges, size_t);
    return i;
}

/* Gives every edge of every type its row. */
static void place_edges(nas_relaxation *r) {
    r->tables = BASE_NEW_ARRAY(r->arena, nas_space_edges(r->space), nas_table);
    r->places = BASE_NEW_ARRAY(r->arena, r->space->n_cells, nas_place *);
    for (size_t t = 0; t < r->space->n_cells; t++) {
        const nas_space_cell *cell = &r->space->cells[t];
        const size_t first = r->n_tables;
        r->places[t] = BASE_NEW_ARRAY(r->arena, cell->n_edges, nas_place);
        for (size_t e = 0; e < cell->n_edges; e++) {
            const size_t at = table_for(r, t, cell->edges[e].n_operations);
            r->places[t][e] = (nas_place){.table = at, .row = r->tables[at].rows};
            r->tables[at].edges[r->tables[at].rows++] = e;
        }
        for (size_t i = first; i < r->n_tables; i++) {
            nas_table *of_type = &r->tables[i];
            of_type->made = BASE_NEW_ARRAY(r->arena, of_type->rows * of_type->columns, float);
            if (r->n_tables - first == 1)
                snprintf(of_type->name, sizeof of_type->name, "alphas.%.60s", cell->name);
            else
                snprintf(of_type->name, sizeof of_type->name, "alphas.%.50s.of%zu", cell->name, of_type->columns);
        }
    }
}

static size_t most_weights(const nas_space *space) {
    size_t most = 0;
    for (size_t t = 0; t < space->n_cells; t++) most = most > space->cells[t].weights ? most : space->cells[t].weights;
    return most; /* an edge has one at least */
}

nas_relaxation *nas_relaxation_create(const nas_space *space, const nas_choices *choices, base_arena *arena) {
    nas_relaxation *r = BASE_NEW(arena, nas_relaxation);
    *r = (nas_relaxation){
        .space = space,
        .rule = choices->edge_weights,
        .state = nas_choices_state(choices, NAS_CHOICE_EDGE_WEIGHTS, arena),
        .arena = arena,
        .weighs_edges = choices->mixed->weighs_edges && choices->edge_weights->learned,
        .shares = choices->mixed->weighs_edges ? BASE_NEW_ARRAY(arena, space->n_cells, eng_value) : NULL,
        .made_shares = BASE_NEW_ARRAY(arena, space->n_cells, float *),
        .betas = BASE_NEW_ARRAY(arena, space->n_cells, float *),
        .beta_gradients = BASE_NEW_ARRAY(arena, space->n_cells, float *),
        .shift = BASE_NEW_ARRAY(arena, nas_space_weights(space), float),
        .shift_slopes = BASE_NEW_ARRAY(arena, nas_space_weights(space), float),
        .alphas = nas_operation_blocks(space, arena),
        .noise = nas_operation_blocks(space, arena),
        .operations = nas_operation_blocks(space, arena),
        .weights = nas_operation_blocks(space, arena),
        .edges = nas_edge_blocks(space, arena),
        .given = nas_edge_blocks(space, arena),
        .scratch = BASE_NEW_ARRAY(arena, 2 * most_weights(space), double),
    };
    for (size_t t = 0; t < space->n_cells; t++)
        r->made_shares[t] = BASE_NEW_ARRAY(arena, space->cells[t].n_edges, float);
    place_edges(r);
    return r;
}

void nas_relaxation_bind(nas_relaxation *r, eng_params *params) {
    char name[96];
    for (size_t i = 0; r->rule->learned && i < r->n_tables; i++) {
        snprintf(name, sizeof name, "%s.value", r->tables[i].name);
        const size_t offset = eng_params_find(params, name)->offset;
        r->tables[i].values = eng_params_values(params) + offset;
        r->tables[i].gradients = eng_params_gradients(params) + offset;
    }
    for (size_t t = 0; r->weighs_edges && t < r->space->n_cells; t++) {
        snprintf(name, sizeof name, "betas.%.60s.value", r->space->cells[t].name);
        const size_t offset = eng_params_find(params, name)->offset;
        r->betas[t] = eng_params_values(params) + offset;
        r->beta_gradients[t] = eng_params_gradients(params) + offset;
    }
}

eng_value nas_relaxation_value(const nas_relaxation *r, size_t type, size_t edge, size_t *row) {
    const nas_place *at = &r->places[type][edge];
    *row = at->row;
    return r->tables[at->table].weights;
}

eng_value nas_relaxation_shares(const nas_relaxation *r, size_t type) {
    return r->shares ? r->shares[type] : ENG_NO_VALUE;
}

bool nas_relaxation_scalars(const nas_relaxation *r) {
    return r->rule->scalars && r->rule->scalars(r->state);
}

/* ---- from alphas to weights ---- */

void nas_relaxation_alphas(const nas_relaxation *r, double *const *alphas) {
    for (size_t i = 0; i < r->n_tables; i++) {
        const nas_table *t = &r->tables[i];
        const nas_space_edge *edges = r->space->cells[t->type].edges;
        for (size_t row = 0; row < t->rows; row++)
            for (size_t k = 0; k < t->columns; k++)
                alphas[t->type][edges[t->edges[row]].offset + k] = t->values ? t->values[row * t->columns + k] : 0;
    }
}

void nas_relaxation_set_alphas(nas_relaxation *r, const double *const *alphas) {
    for (size_t i = 0; i < r->n_tables; i++) {
        const nas_table *t = &r->tables[i];
        const nas_space_edge *edges = r->space->cells[t->type].edges;
        for (size_t row = 0; t->values && row < t->rows; row++)
            for (size_t k = 0; k < t->columns; k++)
                t->values[row * t->columns + k] = (float)alphas[t->type][edges[t->edges[row]].offset + k];
    }
}

size_t nas_relaxation_edges_of_node(const nas_space_cell *cell, size_t first) {
    size_t count = 1;
    while (first + count < cell->n_edges && cell->edges[first + count].to == cell->edges[first].to) count++;
    return count;
}

void nas_relaxation_edges(const nas_relaxation *r, double *const *edges) {
    for (size_t t = 0; t < r->space->n_cells; t++) {
        const nas_space_cell *cell = &r->space->cells[t];
        for (size_t e = 0, n; e < cell->n_edges; e += n) {
            n = nas_relaxation_edges_of_node(cell, e);
            for (size_t i = e; i < e + n; i++) edges[t][i] = r->weighs_edges ? r->betas[t][i] : 1;
            if (r->weighs_edges) nas_softmax(edges[t] + e, n, edges[t] + e);
        }
    }
}

void nas_relaxation_mean(const nas_relaxation *r, const double *const *alphas, const double *const *edges,
                         double *const *weights) {
    for (size_t t = 0; t < r->space->n_cells; t++)
        for (size_t e = 0; e < r->space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &r->space->cells[t].edges[e];
            double *of_edge = weights[t] + edge->offset;
            r->rule->mean(r->state, alphas[t] + edge->offset, edge->n_operations, of_edge);
            for (size_t k = 0; edges && k < edge->n_operations; k++) of_edge[k] *= edges[t][e];
        }
}

static void draw_edges(nas_relaxation *r, base_rng *rng) {
    for (size_t t = 0; t < r->space->n_cells; t++)
        for (size_t e = 0; e < r->space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &r->space->cells[t].edges[e];
            const double *alphas = r->alphas[t] + edge->offset;
            double *noise = r->noise[t] + edge->offset;
            r->rule->noise(r->state, alphas, edge->n_operations, rng, noise);
            r->rule->draw(r->state, r->draw.progress, alphas, noise, edge->n_operations,
                          r->operations[t] + edge->offset);
        }
}

static void draw_operations(nas_relaxation *r) {
    base_rng rng = base_rng_stream(r->draw.seed, BASE_RNG_ARCHITECTURE, r->draw.step, r->draw.purpose);
    if (r->rule->network)
        r->rule->network(r->state, r->space, &rng, r->operations);
    else
        draw_edges(r, &rng);
}

static bool has_weight(const nas_space_edge *edge, const double *weights) {
    for (size_t k = edge->offset; k < edge->offset + edge->n_operations; k++)
        if (weights[k] != 0) return true;
    return false;
}

/* Where nothing is learned, an edge that is not in the network has no share. */
static double share_of(const nas_relaxation *r, size_t type, size_t edge) {
    if (r->source == NAS_FROM_GIVEN) return r->given[type][edge];
    if (r->weighs_edges || r->source == NAS_FROM_MEAN) return r->edges[type][edge];
    return has_weight(&r->space->cells[type].edges[edge], r->weights[type]);
}

static void make_shares(nas_relaxation *r) {
    nas_relaxation_edges(r, r->edges);
    for (size_t t = 0; t < r->space->n_cells; t++)
        for (size_t e = 0; e < r->space->cells[t].n_edges; e++) r->made_shares[t][e] = (float)share_of(r, t, e);
}

static void round_to_floats(nas_relaxation *r) {
    for (size_t i = 0; i < r->n_tables; i++) {
        nas_table *t = &r->tables[i];
        const nas_space_edge *edges = r->space->cells[t->type].edges;
        for (size_t row = 0; row < t->rows; row++)
            for (size_t k = 0; k < t->columns; k++)
                t->made[row * t->columns + k] = (float)r->weights[t->type][edges[t->edges[row]].offset + k];
    }
}

bool nas_relaxation_in_tables(const nas_relaxation *r) {
    return r->source == NAS_FROM_MEAN && !r->shifted && r->rule->table != NULL;
}

void nas_relaxation_make_operations(nas_relaxation *r) {
    nas_relaxation_alphas(r, r->alphas);
    if (r->source == NAS_FROM_DRAWN)
        draw_operations(r);
    else
        nas_relaxation_mean(r, (const double *const *)r->alphas, NULL, r->operations);
}

static void make_weights(nas_relaxation *r) {
    const float *shift = r->shift;
    if (r->source != NAS_FROM_GIVEN) {
        nas_relaxation_make_operations(r);
        for (size_t t = 0; t < r->space->n_cells; t++)
            for (size_t k = 0; k < r->space->cells[t].weights; k++, shift++)
                r->weights[t][k] = r->operations[t][k] + (r->shifted ? (double)*shift : 0);
    }
    round_to_floats(r);
}

void nas_relaxation_prepare(nas_relaxation *r) {
    if (!nas_relaxation_in_tables(r)) make_weights(r);
    if (r->shares) make_shares(r);
}

void nas_relaxation_use_mean(nas_relaxation *r) {
    r->shifted = false;
    r->source = NAS_FROM_MEAN;
}

void nas_relaxation_use_draw(nas_relaxation *r, const nas_draw *draw) {
    r->shifted = false;
    r->source = nas_edge_weights_random(r->rule) ? NAS_FROM_DRAWN : NAS_FROM_MEAN;
    r->draw = *draw;
}

void nas_relaxation_use(nas_relaxation *r, const double *const *weights, const double *const *edges) {
    r->shifted = false;
    r->source = NAS_FROM_GIVEN;
    for (size_t t = 0; t < r->space->n_cells; t++) {
        const nas_space_cell *cell = &r->space->cells[t];
        memcpy(r->weights[t], weights[t], cell->weights * sizeof **weights);
        for (size_t e = 0; e < cell->n_edges; e++)
            r->given[t][e] = edges ? edges[t][e] : has_weight(&cell->edges[e], weights[t]);
    }
}

const double *const *nas_relaxation_drawn(const nas_relaxation *r) {
    return r->source == NAS_FROM_MEAN || r->shifted ? NULL : (const double *const *)r->weights;
}

/* ---- reading ---- */

bool nas_relaxation_weighs_edges(const nas_relaxation *r) {
    return r->weighs_edges;
}

size_t nas_relaxation_count(const nas_relaxation *r) {
    size_t count = 0;
    for (size_t i = 0; r->rule->learned && i < r->n_tables; i++) count += r->tables[i].rows * r->tables[i].columns;
    return count + (r->weighs_edges ? nas_space_edges(r->space) : 0);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shifts of the weights, and the way back: slopes by the weights of a pass into slopes by alphas and betas. */
#include <math.h>
#include <string.h>

#include "nas/relaxation_impl.h"
#include "nas/softmax.h"

/* ---- a shift ---- */

void nas_relaxation_use_shift(nas_relaxation *r) {
    BASE_ASSERT(r->source != NAS_FROM_GIVEN && !r->rule->single_path);
    r->shifted = true;
}

float *nas_relaxation_shift(const nas_relaxation *r) {
    return r->shift;
}

float *nas_relaxation_shift_slopes(const nas_relaxation *r) {
    return r->shift_slopes;
}

/* Where nothing is left of an edge, its largest weight was the least wrong one and becomes 1 (SDARTS, in the authors'
 * code). */
static void make_valid(double *weights, size_t count, bool independent) {
    size_t best = 0;
    double sum = 0;
    for (size_t k = 1; k < count; k++)
        if (weights[k] > weights[best]) best = k;
    for (size_t k = 0; k < count; k++) sum += weights[k] = fmin(fmax(weights[k], 0), 1);
    if (independent) return;
    if (sum == 0) sum = weights[best] = 1;
    for (size_t k = 0; k < count; k++) weights[k] /= sum;
}

void nas_relaxation_settle(nas_relaxation *r) {
    float *shift = r->shift;
    nas_relaxation_make_operations(r);
    for (size_t t = 0; t < r->space->n_cells; shift += r->space->cells[t++].weights)
        for (size_t e = 0; e < r->space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &r->space->cells[t].edges[e];
            double *weights = r->weights[t];
            for (size_t k = edge->offset; k < edge->offset + edge->n_operations; k++)
                weights[k] = r->operations[t][k] + (double)shift[k];
            make_valid(weights + edge->offset, edge->n_operations, r->rule->independent);
            for (size_t k = edge->offset; k < edge->offset + edge->n_operations; k++)
                shift[k] = (float)(weights[k] - r->operations[t][k]);
        }
}

/* ---- and back ---- */

double *nas_relaxation_shares_back(const nas_relaxation *r, size_t type, double *by_edges) {
    const nas_space_cell *cell = &r->space->cells[type];
    double *out = by_edges + cell->n_edges;
    memset(out, 0, cell->n_edges * sizeof *out);
    for (size_t e = 0, n; e < cell->n_edges; e += n) {
        n = nas_relaxation_edges_of_node(cell, e);
        nas_softmax_back(r->edges[type] + e, n, 1, by_edges + e, out + e);
    }
    return out;
}

static void row_back(const nas_relaxation *r, const nas_table *t, size_t row, const float *slopes,
                     double *by_operations, double *out) {
    const size_t e = t->edges[row], at = r->space->cells[t->type].edges[e].offset, count = t->columns;
    const double *alphas = r->alphas[t->type] + at, *weights = r->operations[t->type] + at;
    for (size_t k = 0; k < count; k++) by_operations[k] = (double)slopes[k];
    memset(out, 0, count * sizeof *out);
    if (r->source == NAS_FROM_MEAN && r->rule->mean_back)
        r->rule->mean_back(r->state, alphas, weights, count, by_operations, out);
    else if (r->source == NAS_FROM_DRAWN && r->rule->draw_back)
        r->rule->draw_back(r->state, r->draw.progress, alphas, r->noise[t->type] + at, weights, count, by_operations,
                           out);
}

void nas_relaxation_alphas_back(const nas_relaxation *r, const nas_table *t, const float *slopes, float *out) {
    double *by_operations = r->scratch, *row_out = r->scratch + t->columns;
    for (size_t row = 0; row < t->rows; row++) {
        row_back(r, t, row, slopes + row * t->columns, by_operations, row_out);
        for (size_t k = 0; k < t->columns; k++) out[row * t->columns + k] = (float)row_out[k];
    }
}

void nas_relaxation_shift_back(const nas_relaxation *r, const nas_table *t, const float *slopes) {
    const nas_space_edge *edges = r->space->cells[t->type].edges;
    float *out = r->shift_slopes;
    for (size_t type = 0; type < t->type; type++) out += r->space->cells[type].weights;
    for (size_t row = 0; row < t->rows; row++)
        memcpy(out + edges[t->edges[row]].offset, slopes + row * t->columns, t->columns * sizeof *out);
}

/* ---- what else the alphas follow ---- */

static void add_row(const nas_relaxation *r, size_t type, size_t edge, const double *slopes) {
    const nas_place *at = &r->places[type][edge];
    float *to = r->tables[at->table].gradients + at->row * r->tables[at->table].columns;
    for (size_t k = 0; k < r->tables[at->table].columns; k++) to[k] += (float)slopes[k];
}

static void add_edge(nas_relaxation *r, size_t type, size_t e, const double *slopes) {
    const nas_space_edge *edge = &r->space->cells[type].edges[e];
    const double *alphas = r->alphas[type] + edge->offset, *weights = r->operations[type] + edge->offset;
    double *scaled = r->scratch, *out = r->scratch + edge->n_operations;
    for (size_t k = 0; k < edge->n_operations; k++) {
        scaled[k] = r->edges[type][e] * slopes[k];
        out[k] = 0;
    }
    r->rule->mean_back(r->state, alphas, weights, edge->n_operations, scaled, out);
    add_row(r, type, e, out);
}

static void add_betas(nas_relaxation *r, size_t type, const double *slopes) {
    const nas_space_cell *cell = &r->space->cells[type];
    memset(r->scratch, 0, cell->n_edges * sizeof *r->scratch);
    for (size_t e = 0; e < cell->n_edges; e++)
        for (size_t k = cell->edges[e].offset; k < cell->edges[e].offset + cell->edges[e].n_operations; k++)
            r->scratch[e] += r->operations[type][k] * slopes[k];
    const double *by_betas = nas_relaxation_shares_back(r, type, r->scratch);
    for (size_t e = 0; e < cell->n_edges; e++) r->beta_gradients[type][e] += (float)by_betas[e];
}

void nas_relaxation_add_slopes(nas_relaxation *r, const double *const *slopes) {
    if (!r->rule->learned) return;
    nas_relaxation_alphas(r, r->alphas);
    nas_relaxation_edges(r, r->edges);
    nas_relaxation_mean(r, (const double *const *)r->alphas, NULL, r->operations);
    for (size_t t = 0; t < r->space->n_cells; t++) {
        for (size_t e = 0; e < r->space->cells[t].n_edges; e++)
            add_edge(r, t, e, slopes[t] + r->space->cells[t].edges[e].offset);
        if (r->weighs_edges) add_betas(r, t, slopes[t]);
    }
}

double nas_relaxation_add_penalty(nas_relaxation *r) {
    if (!r->rule->penalty) return 0;
    nas_relaxation_alphas(r, r->alphas);
    for (size_t t = 0; t < r->space->n_cells; t++)
        memset(r->operations[t], 0, r->space->cells[t].weights * sizeof **r->operations);
    const double value = r->rule->penalty(r->state, r->space, (const double *const *)r->alphas, r->operations);
    for (size_t t = 0; t < r->space->n_cells; t++)
        for (size_t e = 0; e < r->space->cells[t].n_edges; e++)
            add_row(r, t, e, r->operations[t] + r->space->cells[t].edges[e].offset);
    return value;
}

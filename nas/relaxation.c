/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alphas to edge weights and back. The weights of a pass are made in doubles before it, since they say what it
 * computes; the node in the graph hands them on, and turns the gradient by them into that by alphas and betas. */
#include "nas/relaxation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nas/softmax.h"

typedef enum source { MEAN, DRAWN, GIVEN } source;

/* The edges of a type that have `columns` candidates. */
typedef struct table {
    nas_relaxation *owner;
    size_t type, columns, rows;
    size_t *edges; /* by row */
    char name[80];
    eng_value weights;         /* what the mixtures read */
    float *values, *gradients; /* of the parameter; NULL where nothing is learned */
    float *made;               /* the weights of this pass, where they are not the mean that the node computes */
} table;

/* Where an edge of a type has its alphas. */
typedef struct place {
    size_t table, row;
} place;

struct nas_relaxation {
    const nas_space *space;
    const nas_edge_weights *rule;
    const void *state;
    base_arena *arena;
    table *tables;
    size_t n_tables;
    place **places;                  /* by type and edge */
    bool weighs_edges;               /* by betas that are trained */
    eng_value *shares;               /* by type; NULL = edges count as they are */
    float **betas, **beta_gradients; /* by type: of the parameter */
    float **made_shares;             /* by type and edge: of this pass */
    source source;
    nas_draw draw;
    bool shifted;
    float *shift, *shift_slopes;                       /* over operations, type by type */
    double **alphas, **noise, **operations, **weights; /* weights: of the pass; operations: what they were made of */
    double **edges, **given;                           /* shares of edges: by betas; those that were given */
    double *scratch;                                   /* for two arrays over the operations or edges of a type */
};

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
    table *new = &r->tables[r->n_tables++];
    *new = (table){.owner = r, .type = type, .columns = columns};
    new->edges = BASE_NEW_ARRAY(r->arena, r->space->cells[type].n_edges, size_t);
    return i;
}

/* Gives every edge of every type its row. */
static void place_edges(nas_relaxation *r) {
    size_t edges = 0;
    for (size_t t = 0; t < r->space->n_cells; t++) edges += r->space->cells[t].n_edges;
    r->tables = BASE_NEW_ARRAY(r->arena, edges, table);
    r->places = BASE_NEW_ARRAY(r->arena, r->space->n_cells, place *);
    for (size_t t = 0; t < r->space->n_cells; t++) {
        const nas_space_cell *cell = &r->space->cells[t];
        const size_t first = r->n_tables;
        r->places[t] = BASE_NEW_ARRAY(r->arena, cell->n_edges, place);
        for (size_t e = 0; e < cell->n_edges; e++) {
            const size_t at = table_for(r, t, cell->edges[e].n_operations);
            r->places[t][e] = (place){.table = at, .row = r->tables[at].rows};
            r->tables[at].edges[r->tables[at].rows++] = e;
        }
        for (size_t i = first; i < r->n_tables; i++) {
            table *of_type = &r->tables[i];
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
    const place *at = &r->places[type][edge];
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
        const table *t = &r->tables[i];
        const nas_space_edge *edges = r->space->cells[t->type].edges;
        for (size_t row = 0; row < t->rows; row++)
            for (size_t k = 0; k < t->columns; k++)
                alphas[t->type][edges[t->edges[row]].offset + k] = t->values ? t->values[row * t->columns + k] : 0;
    }
}

void nas_relaxation_set_alphas(nas_relaxation *r, const double *const *alphas) {
    for (size_t i = 0; i < r->n_tables; i++) {
        const table *t = &r->tables[i];
        const nas_space_edge *edges = r->space->cells[t->type].edges;
        for (size_t row = 0; t->values && row < t->rows; row++)
            for (size_t k = 0; k < t->columns; k++)
                t->values[row * t->columns + k] = (float)alphas[t->type][edges[t->edges[row]].offset + k];
    }
}

/* The edges that lead to the same node as edge `first`, which is the first of them. */
static size_t edges_of_node(const nas_space_cell *cell, size_t first) {
    size_t count = 1;
    while (first + count < cell->n_edges && cell->edges[first + count].to == cell->edges[first].to) count++;
    return count;
}

void nas_relaxation_edges(const nas_relaxation *r, double *const *edges) {
    for (size_t t = 0; t < r->space->n_cells; t++) {
        const nas_space_cell *cell = &r->space->cells[t];
        for (size_t e = 0, n; e < cell->n_edges; e += n) {
            n = edges_of_node(cell, e);
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
    if (r->source == GIVEN) return r->given[type][edge];
    if (r->weighs_edges || r->source == MEAN) return r->edges[type][edge];
    return has_weight(&r->space->cells[type].edges[edge], r->weights[type]);
}

static void make_shares(nas_relaxation *r) {
    nas_relaxation_edges(r, r->edges);
    for (size_t t = 0; t < r->space->n_cells; t++)
        for (size_t e = 0; e < r->space->cells[t].n_edges; e++) r->made_shares[t][e] = (float)share_of(r, t, e);
}

static void round_to_floats(nas_relaxation *r) {
    for (size_t i = 0; i < r->n_tables; i++) {
        table *t = &r->tables[i];
        const nas_space_edge *edges = r->space->cells[t->type].edges;
        for (size_t row = 0; row < t->rows; row++)
            for (size_t k = 0; k < t->columns; k++)
                t->made[row * t->columns + k] = (float)r->weights[t->type][edges[t->edges[row]].offset + k];
    }
}

/* Whether the nodes compute the weights of the pass themselves. */
static bool in_tables(const nas_relaxation *r) {
    return r->source == MEAN && !r->shifted && r->rule->table != NULL;
}

static void make_operations(nas_relaxation *r) {
    nas_relaxation_alphas(r, r->alphas);
    if (r->source == DRAWN)
        draw_operations(r);
    else
        nas_relaxation_mean(r, (const double *const *)r->alphas, NULL, r->operations);
}

static void make_weights(nas_relaxation *r) {
    const float *shift = r->shift;
    if (r->source != GIVEN) {
        make_operations(r);
        for (size_t t = 0; t < r->space->n_cells; t++)
            for (size_t k = 0; k < r->space->cells[t].weights; k++, shift++)
                r->weights[t][k] = r->operations[t][k] + (r->shifted ? (double)*shift : 0);
    }
    round_to_floats(r);
}

void nas_relaxation_prepare(nas_relaxation *r) {
    if (!in_tables(r)) make_weights(r);
    if (r->shares) make_shares(r);
}

void nas_relaxation_use_mean(nas_relaxation *r) {
    r->shifted = false;
    r->source = MEAN;
}

void nas_relaxation_use_draw(nas_relaxation *r, const nas_draw *draw) {
    r->shifted = false;
    r->source = nas_edge_weights_random(r->rule) ? DRAWN : MEAN;
    r->draw = *draw;
}

void nas_relaxation_use(nas_relaxation *r, const double *const *weights, const double *const *edges) {
    r->shifted = false;
    r->source = GIVEN;
    for (size_t t = 0; t < r->space->n_cells; t++) {
        const nas_space_cell *cell = &r->space->cells[t];
        memcpy(r->weights[t], weights[t], cell->weights * sizeof **weights);
        for (size_t e = 0; e < cell->n_edges; e++)
            r->given[t][e] = edges ? edges[t][e] : has_weight(&cell->edges[e], weights[t]);
    }
}

const double *const *nas_relaxation_drawn(const nas_relaxation *r) {
    return r->source == MEAN || r->shifted ? NULL : (const double *const *)r->weights;
}

/* ---- a shift ---- */

void nas_relaxation_use_shift(nas_relaxation *r) {
    BASE_ASSERT(r->source != GIVEN && !r->rule->single_path);
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
    make_operations(r);
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

/* by_edges: room for two numbers for each edge of the type; the first half is given, the second becomes the slopes by
 * the betas. */
static double *shares_back(const nas_relaxation *r, size_t type, double *by_edges) {
    const nas_space_cell *cell = &r->space->cells[type];
    double *out = by_edges + cell->n_edges;
    memset(out, 0, cell->n_edges * sizeof *out);
    for (size_t e = 0, n; e < cell->n_edges; e += n) {
        n = edges_of_node(cell, e);
        nas_softmax_back(r->edges[type] + e, n, 1, by_edges + e, out + e);
    }
    return out;
}

static void row_back(const nas_relaxation *r, const table *t, size_t row, const float *slopes, double *by_operations,
                     double *out) {
    const size_t e = t->edges[row], at = r->space->cells[t->type].edges[e].offset, count = t->columns;
    const double *alphas = r->alphas[t->type] + at, *weights = r->operations[t->type] + at;
    for (size_t k = 0; k < count; k++) by_operations[k] = (double)slopes[k];
    memset(out, 0, count * sizeof *out);
    if (r->source == MEAN && r->rule->mean_back)
        r->rule->mean_back(r->state, alphas, weights, count, by_operations, out);
    else if (r->source == DRAWN && r->rule->draw_back)
        r->rule->draw_back(r->state, r->draw.progress, alphas, r->noise[t->type] + at, weights, count, by_operations,
                           out);
}

static void alphas_back(const nas_relaxation *r, const table *t, const float *slopes, float *out) {
    double *by_operations = r->scratch, *row_out = r->scratch + t->columns;
    for (size_t row = 0; row < t->rows; row++) {
        row_back(r, t, row, slopes + row * t->columns, by_operations, row_out);
        for (size_t k = 0; k < t->columns; k++) out[row * t->columns + k] = (float)row_out[k];
    }
}

static void shift_back(const nas_relaxation *r, const table *t, const float *slopes) {
    const nas_space_edge *edges = r->space->cells[t->type].edges;
    float *out = r->shift_slopes;
    for (size_t type = 0; type < t->type; type++) out += r->space->cells[type].weights;
    for (size_t row = 0; row < t->rows; row++)
        memcpy(out + edges[t->edges[row]].offset, slopes + row * t->columns, t->columns * sizeof *out);
}

/* ---- what else the alphas follow ---- */

static void add_row(const nas_relaxation *r, size_t type, size_t edge, const double *slopes) {
    const place *at = &r->places[type][edge];
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
    const double *by_betas = shares_back(r, type, r->scratch);
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

/* ---- the node ---- */

typedef struct edge_config {
    const table *table;
} edge_config;

static const table *table_of(const eng_call *call) {
    return ((const edge_config *)call->node->config)->table;
}

static base_status infer(eng_node *node, base_err *err) {
    const table *t = ((const edge_config *)node->config)->table;
    (void)err;
    node->out_shape = eng_shape_2d(t->rows, t->columns);
    return BASE_OK;
}

static void forward(const eng_call *call, eng_run *run) {
    const table *t = table_of(call);
    if (in_tables(t->owner))
        t->owner->rule->table(run->k, t->rows, t->columns, call->x[0], call->y);
    else
        memcpy(call->y, t->made, t->rows * t->columns * sizeof *call->y);
}

static void backward(const eng_call *call, const eng_run *run) {
    const table *t = table_of(call);
    if (call->node->inputs == 0) return;
    if (t->owner->shifted) shift_back(t->owner, t, call->dy);
    if (call->dx[0] && in_tables(t->owner))
        t->owner->rule->table_back(run->k, t->rows, t->columns, call->y, call->dy, call->dx[0]);
    else if (call->dx[0])
        alphas_back(t->owner, t, call->dy, call->dx[0]);
}

const eng_op nas_op_edge_weights = {
    .name = "edge_weights",
    .summary = "weights of operations from alphas, by a rule",
    .inputs = 0,
    .config_size = sizeof(edge_config),
    .traits = ENG_VARIADIC | ENG_READS_Y,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};

/* ---- the node of shares ---- */

typedef struct shares_config {
    nas_relaxation *owner;
    size_t type;
} shares_config;

static base_status infer_shares(eng_node *node, base_err *err) {
    const shares_config *c = node->config;
    (void)err;
    node->out_shape = eng_shape_2d(1, c->owner->space->cells[c->type].n_edges);
    return BASE_OK;
}

static void forward_shares(const eng_call *call, eng_run *run) {
    const shares_config *c = call->node->config;
    (void)run;
    memcpy(call->y, c->owner->made_shares[c->type], call->out_count * sizeof *call->y);
}

static void backward_shares(const eng_call *call, const eng_run *run) {
    const shares_config *c = call->node->config;
    const nas_relaxation *r = c->owner;
    (void)run;
    if (call->node->inputs == 0 || !call->dx[0]) return;
    memset(call->dx[0], 0, call->out_count * sizeof(float));
    if (r->source == GIVEN) return;
    for (size_t e = 0; e < call->out_count; e++) r->scratch[e] = (double)call->dy[e];
    const double *by_betas = shares_back(r, c->type, r->scratch);
    for (size_t e = 0; e < call->out_count; e++) call->dx[0][e] = (float)by_betas[e];
}

static const eng_op op_edge_shares = {
    .name = "edge_shares",
    .summary = "shares of the edges of a node",
    .inputs = 0,
    .config_size = sizeof(shares_config),
    .traits = ENG_VARIADIC,
    .infer = infer_shares,
    .forward = forward_shares,
    .backward = backward_shares,
};

/* ---- building ---- */

/* 1e-3 N(0, 1), as in the authors' code. */
static void fill_alphas(base_rng *rng, size_t fan_in, size_t fan_out, size_t count, float *out) {
    (void)fan_in, (void)fan_out;
    for (size_t i = 0; i < count; i++) out[i] = (float)(1e-3 * base_rng_normal(rng));
}

static const eng_init init_alphas = {.name = "alphas", .summary = "normal, deviation 0.001", .fill = fill_alphas};

static base_status add_parameter(eng_net *net, eng_shape shape, const char *name, eng_value *out) {
    const eng_parameter_config config = {.shape = shape, .init = &init_alphas, .decay = true};
    eng_graph_set_group(net->graph, NAS_GROUP_ALPHAS);
    const base_status status = eng_graph_add(net->graph, &eng_op_parameter, &config, name, NULL, out, net->err);
    eng_graph_set_group(net->graph, NAS_GROUP_WEIGHTS);
    return status;
}

static base_status build_shares(nas_relaxation *r, size_t type, eng_net *net) {
    const shares_config config = {r, type};
    const char *cell = r->space->cells[type].name;
    eng_value betas = ENG_NO_VALUE;
    char name[96];
    snprintf(name, sizeof name, "betas.%.60s", cell);
    if (r->weighs_edges) BASE_TRY(add_parameter(net, eng_shape_1d(r->space->cells[type].n_edges), name, &betas));
    snprintf(name, sizeof name, "shares.%.60s", cell);
    return eng_graph_add_many(net->graph, &op_edge_shares, &config, name, &betas, r->weighs_edges, &r->shares[type],
                              net->err);
}

base_status nas_relaxation_build(nas_relaxation *r, eng_net *net) {
    char name[96];
    for (size_t t = 0; r->shares && t < r->space->n_cells; t++) BASE_TRY(build_shares(r, t, net));
    for (size_t i = 0; i < r->n_tables; i++) {
        table *t = &r->tables[i];
        const edge_config config = {t};
        eng_value alphas = ENG_NO_VALUE;
        if (r->rule->learned) BASE_TRY(add_parameter(net, eng_shape_2d(t->rows, t->columns), t->name, &alphas));
        snprintf(name, sizeof name, "weights.%s", t->name);
        BASE_TRY(eng_graph_add_many(net->graph, &nas_op_edge_weights, &config, name, &alphas, r->rule->learned,
                                    &t->weights, net->err));
    }
    return BASE_OK;
}

bool nas_relaxation_weighs_edges(const nas_relaxation *r) {
    return r->weighs_edges;
}

size_t nas_relaxation_count(const nas_relaxation *r) {
    size_t count = 0;
    for (size_t i = 0; r->rule->learned && i < r->n_tables; i++) count += r->tables[i].rows * r->tables[i].columns;
    for (size_t t = 0; r->weighs_edges && t < r->space->n_cells; t++) count += r->space->cells[t].n_edges;
    return count;
}

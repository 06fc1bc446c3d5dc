/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The candidates of an edge that differ in their sizes alone as one operation with the parameters of the largest
 * (R. S. Sukthanker et al., "Weight-Entanglement Meets Gradient-Based Neural Architecture Search", AutoML 2024: weight
 * superposition):
 *
 *   y = sum_k p_k o_k(x) over the others + P o(x; sum_k q_k crop_k(W)),   P = sum_k p_k,   q_k = p_k / P
 *
 * where k runs over the family. Of the common weights W of a convolution crop_k(W) are the middle taps of a kernel, the
 * first hidden channels of an inverted residual, or both; what all members have in the same size (1 x 1 convolutions of
 * separable ones), and normalizations, are shared. One convolution is computed instead of one for each candidate.
 *
 * A normalization follows the convolutions, so a common factor of the weights would have no effect. Therefore the
 * shares q of the family make the weights, and its sum P weighs what comes out: P is what the family counts against the
 * other candidates of the edge, q says which of its sizes that is. Gradients flow through both. Where one candidate of
 * the family has all the weight the family is that candidate with its part of W; without weight it is not computed.
 *
 * A family with a single candidate is that candidate as in `plain`; so are all others. */
#include <stdio.h>
#include <string.h>

#include "nas/mixed.h"

/* What is built once: a candidate, or a family of them. */
typedef struct family {
    const nas_operation *largest;
    nas_superposition sizes;
} family;

typedef struct families {
    family at[ENG_OP_MAX_INPUTS];
    size_t count;
} families;

/* Where an operation belongs: the family that has begun, or a new one. */
static size_t place(const families *all, const nas_operation *operation) {
    size_t i = 0;
    if (operation->family == NULL) return all->count;
    while (i < all->count &&
           (all->at[i].largest->family == NULL || strcmp(all->at[i].largest->family, operation->family) != 0))
        i++;
    return i;
}

static void join(family *f, const nas_operation *operation, size_t column) {
    nas_superposition *sizes = &f->sizes;
    sizes->kernel[sizes->count] = operation->kernel;
    sizes->expansion[sizes->count] = operation->expansion;
    sizes->column[sizes->count++] = column;
    if (f->largest != NULL && operation->kernel <= sizes->largest && operation->expansion <= sizes->widest) return;
    f->largest = operation;
    sizes->largest = operation->kernel;
    sizes->widest = operation->expansion;
}

static base_status sort(const eng_net *net, nas_mixture *m, families *all) {
    const nas_space_edge *c = m->candidates;
    for (size_t k = 0; k < c->n_operations; k++) {
        m->input[k] = NAS_NO_INPUT;
        if (c->operations[k]->flags & NAS_OPERATION_NONE) continue;
        const size_t at = place(all, c->operations[k]);
        if (at + 1 == ENG_OP_MAX_INPUTS || all->at[at].sizes.count == ENG_SUPERPOSE_MOST || k >= 32)
            return BASE_FAIL(net->err, BASE_INVALID,
                             "an edge of a search has at most %d operations besides none, %d of a family",
                             ENG_OP_MAX_INPUTS - 1, ENG_SUPERPOSE_MOST);
        if (at == all->count) all->at[all->count++].sizes = (nas_superposition){.weights = m->weights, .row = m->row};
        join(&all->at[at], c->operations[k], k);
        m->input[k] = at;
    }
    if (all->count == 0)
        return BASE_FAIL(net->err, BASE_INVALID, "an edge of a search needs an operation besides none");
    return BASE_OK;
}

static base_status build_family(const family *f, eng_net *net, const nas_mixture *m, eng_value *out) {
    nas_edge edge = *m->edge;
    if (f->sizes.count > 1) edge.superposition = &f->sizes;
    return nas_operation_build(f->largest, net, &edge, out);
}

static base_status build(const void *state, eng_net *net, nas_mixture *m, eng_value *out) {
    (void)state;
    families all = {0};
    eng_value in[ENG_OP_MAX_INPUTS];
    eng_mix_config config = {.row = m->row, .scalars = m->scalars};
    char name[64];
    BASE_TRY(sort(net, m, &all));
    for (size_t i = 0; i < all.count; i++) {
        const nas_superposition *sizes = &all.at[i].sizes;
        BASE_TRY(build_family(&all.at[i], net, m, &in[i]));
        config.column[i] = sizes->column[0];
        for (size_t j = 1; j < sizes->count; j++) config.also[i] |= (uint32_t)1 << sizes->column[j];
    }
    in[all.count] = m->weights;
    m->node = eng_graph_nodes(net->graph);
    snprintf(name, sizeof name, "%s.mix", m->edge->name);
    return eng_graph_add_many(net->graph, &eng_op_mix, &config, name, in, all.count + 1, out, net->err);
}

const nas_mixed nas_mixed_entangled = {
    .name = "entangled",
    .summary = "one operation in the place of those that differ in their sizes alone (TangleNAS)",
    .build = build,
};

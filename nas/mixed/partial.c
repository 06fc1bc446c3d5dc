/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Partial channels: only the first 1 / K of the channels of an edge go through the candidates, which are built with so
 * many channels; the others pass by. Both stand side by side and are shuffled in K groups, so that the next edge sees
 * other channels; the fractions of edges at a node are learned, since so few channels say little about an edge (Y. Xu
 * et al., "PC-DARTS", ICLR 2020, eq. 2 and 3). Less memory and time, so larger batches.
 *
 * As in the authors' code the others are pooled, 2 x 2, where the stride is 2. There an odd number of rows does not
 * fit; here a pixel of padding comes before the first row, so that windows end where those of the candidates are
 * centred. */
#include "nas/mixed.h"

typedef struct partial {
    int64_t share;
} partial;

/* What edges from one place share. */
enum { ACTIVE, ACTIVE_RELU, REST, REST_POOLED };

static base_status check(const partial *p, const nas_edge *edge, size_t channels, base_err *err) {
    const size_t share = (size_t)p->share;
    if (channels != edge->channels)
        return BASE_FAIL(err, BASE_INVALID,
                         "mixed: partial needs edges that keep the number of channels, and this one makes %zu of %zu; "
                         "preprocess: true would do so before the edges",
                         edge->channels, channels);
    if (channels % share == 0) return BASE_OK;
    return BASE_FAIL(err, BASE_INVALID,
                     "mixed: partial with share %zu needs numbers of channels that are multiples of %zu, not %zu",
                     share, share, channels);
}

/* Channels of the edge's input, once for all edges from there. */
static base_status slice(eng_net *net, const nas_edge *edge, int which, size_t begin, size_t count, eng_value *out) {
    eng_value *kept = &edge->shared[which];
    net->at = edge->input;
    if (*kept == ENG_NO_VALUE) {
        BASE_TRY(eng_net_apply(net, &eng_op_slice, &(eng_slice_config){begin, count}, NULL));
        *kept = net->at;
    }
    *out = *kept;
    return BASE_OK;
}

/* ceil(pixels / stride) windows of stride x stride pixels. */
static base_status pool(eng_net *net, const nas_edge *edge, eng_value rest, eng_value *out) {
    const eng_shape *in = &eng_graph_value(net->graph, rest)->shape;
    const size_t s = edge->stride;
    eng_value *kept = &edge->shared[REST_POOLED];
    eng_pool_config config = {.window = {s, s}, .stride = {s, s}};
    for (size_t d = 0; d < 2; d++) config.padding[d] = in->dim[d] % s == 0 ? 0 : (s - in->dim[d] % s + 1) / 2;
    net->at = rest;
    if (*kept == ENG_NO_VALUE) {
        BASE_TRY(eng_net_apply(net, &eng_op_max_pool, &config, NULL));
        *kept = net->at;
    }
    *out = *kept;
    return BASE_OK;
}

static base_status build(const void *state, eng_net *net, nas_mixture *m, eng_value *out) {
    const partial *p = state;
    const nas_edge *edge = m->edge;
    const size_t share = (size_t)p->share, channels = eng_graph_value(net->graph, edge->input)->shape.dim[2];
    const size_t active = channels / share;
    eng_value both[2];
    nas_edge inner = *edge;
    nas_mixture few = *m;
    BASE_TRY(check(p, edge, channels, net->err));
    if (share == 1) return nas_mixed_plain.build(NULL, net, m, out);
    BASE_TRY(slice(net, edge, ACTIVE, 0, active, &inner.input));
    inner.relu = &edge->shared[ACTIVE_RELU];
    inner.shared = NULL;
    inner.channels = active;
    few.edge = &inner;
    BASE_TRY(nas_mixed_plain.build(NULL, net, &few, &both[0]));
    m->node = few.node;
    BASE_TRY(slice(net, edge, REST, active, channels - active, &both[1]));
    if (edge->stride > 1) BASE_TRY(pool(net, edge, both[1], &both[1]));
    return eng_graph_add_many(net->graph, &eng_op_shuffle, &(eng_shuffle_config){share}, NULL, both, 2, out, net->err);
}

static const base_option options[] = {
    {.name = "share",
     .kind = BASE_OPTION_INT,
     .offset = offsetof(partial, share),
     .fallback = "4",
     .min = 1,
     .max = 1e6,
     .help = "K: one of so many channels goes through the operations"},
    BASE_OPTIONS_END,
};

const nas_mixed nas_mixed_partial = {
    .name = "partial",
    .summary = "a fraction of the channels goes through the operations, edges are weighed (PC-DARTS)",
    .options = options,
    .state_size = sizeof(partial),
    .weighs_edges = true,
    .build = build,
};

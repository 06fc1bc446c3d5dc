/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lifetimes.
 *
 * With N nodes, forward of node i happens at time i and its backward at time 2N - 1 - i; what is kept lives until 2N.
 * A value lives from its producer's forward to its last reading, which is a backward when an op's derivative needs it
 * (ENG_READS_X of the reader, ENG_READS_Y of the producer). A gradient lives from the backward of its last reader,
 * which comes first, to its producer's. Where an op allows it, the output takes over the memory of an input that dies
 * there.
 *
 * A value with several readers has the sum of their gradients. The reader whose backward comes first writes it (beta =
 * 0); each of the others writes apart, for a moment, and a call that the plan puts behind it adds. So it is with a
 * parameter of several nodes. Who writes and who adds follows from the order of the nodes, so ops know nothing of it,
 * nothing is ever cleared, and the sum is made in the same order every time.
 *
 * A node whose output leads neither to a loss nor to a value that is kept is not run. */
#include "engine/tensor/plan_layout.h"

static size_t backward_time(const eng_layout *l, size_t node) {
    return 2 * l->nodes - 1 - node;
}

static size_t add_extent(eng_layout *l, size_t bytes, size_t from, size_t to) {
    l->extents[l->count] = (eng_extent){.bytes = eng_align_bytes(bytes), .from = from, .to = to};
    l->unshared += l->extents[l->count].bytes;
    return l->count++;
}

static void extend(eng_extent *extent, size_t from, size_t to) {
    if (from < extent->from) extent->from = from;
    if (to > extent->to) extent->to = to;
}

static size_t value_bytes(const eng_layout *l, eng_value value) {
    const eng_value_info *info = eng_graph_value(l->graph, value);
    return (info->single ? 1 : l->batch) * eng_shape_count(&info->shape) * sizeof(float);
}

static size_t param_bytes(const eng_node *node, size_t param) {
    return eng_shape_count(&node->param[param].shape) * sizeof(float);
}

/* ---- who runs ---- */

static bool trains(const eng_layout *l, const eng_node *node) {
    if (node->params > 0) return true;
    for (size_t i = 0; i < node->inputs; i++)
        if (eng_graph_value(l->graph, node->in[i])->groups != 0) return true;
    return false;
}

static void find_runs(eng_layout *l, base_arena *arena) {
    const size_t values = eng_graph_values(l->graph);
    bool *read = BASE_NEW_ARRAY(arena, values, bool), *judged = BASE_NEW_ARRAY(arena, values, bool);
    for (size_t n = l->nodes; n-- > 0;) {
        const eng_node *node = eng_graph_node(l->graph, n);
        const bool loss = node->out == ENG_NO_VALUE;
        l->forward[n] = loss || read[node->out] || eng_graph_value(l->graph, node->out)->kept;
        l->backward[n] = (loss || judged[node->out]) && trains(l, node);
        for (size_t i = 0; i < node->inputs; i++) {
            read[node->in[i]] |= l->forward[n];
            judged[node->in[i]] |= l->backward[n];
        }
    }
}

/* ---- values ---- */

static void find_last_readings(eng_layout *l) {
    for (eng_value v = 0; v < eng_graph_values(l->graph); v++) l->last[v] = 0;
    for (size_t n = 0; n < l->nodes; n++) {
        const eng_node *node = eng_graph_node(l->graph, n);
        if (!l->forward[n]) continue;
        const size_t x = (node->traits & ENG_READS_X) != 0 && l->backward[n] ? backward_time(l, n) : n;
        for (size_t i = 0; i < node->inputs; i++)
            if (x > l->last[node->in[i]]) l->last[node->in[i]] = x;
        if (node->out == ENG_NO_VALUE) continue;
        const size_t y = (node->traits & ENG_READS_Y) != 0 && l->backward[n] ? backward_time(l, n) : n;
        if (y > l->last[node->out]) l->last[node->out] = y;
    }
    for (eng_value v = 0; v < eng_graph_values(l->graph); v++)
        if (eng_graph_value(l->graph, v)->kept) l->last[v] = 2 * l->nodes;
}

/* A value that two inputs of one node read must not be overwritten by what is made of it. */
static bool reads_once(const eng_node *node, eng_value value) {
    size_t count = 0;
    for (size_t i = 0; i < node->inputs; i++) count += node->in[i] == value;
    return count == 1;
}

static void lay_out_value(eng_layout *l, size_t index) {
    const eng_node *node = eng_graph_node(l->graph, index);
    if (node->out == ENG_NO_VALUE) return;
    size_t last = l->last[node->out], bytes = value_bytes(l, node->out);
    size_t x = node->inputs > 0 ? l->value[node->in[0]] : ENG_NO_EXTENT;
    bool in_place = (node->traits & ENG_INPLACE_FORWARD) != 0 && x != ENG_NO_EXTENT && reads_once(node, node->in[0]) &&
                    value_bytes(l, node->in[0]) == bytes && l->last[node->in[0]] == index;
    if (in_place) {
        extend(&l->extents[x], index, last);
        l->unshared += eng_align_bytes(bytes);
        l->value[node->out] = x;
    } else {
        l->value[node->out] = add_extent(l, bytes, index, last);
    }
}

/* ---- gradients ---- */

bool eng_layout_adds_value(const eng_layout *l, size_t index, size_t input) {
    size_t dx = l->dx[index * ENG_OP_MAX_INPUTS + input];
    return dx != ENG_NO_EXTENT && dx != l->gradient[eng_graph_node(l->graph, index)->in[input]];
}

bool eng_layout_adds_param(const eng_layout *l, size_t index, size_t param) {
    return l->dw[index * ENG_OP_MAX_PARAMS + param] != ENG_NO_EXTENT;
}

/* Where the node writes the gradient of an input, from now to `last`: over that of its output where it may. */
static size_t lay_out_dx(eng_layout *l, const eng_node *node, size_t input, size_t now, size_t last) {
    size_t bytes = value_bytes(l, node->in[input]);
    size_t dy = node->out == ENG_NO_VALUE ? ENG_NO_EXTENT : l->gradient[node->out];
    bool in_place = input == 0 && (node->traits & ENG_INPLACE_BACKWARD) != 0 && dy != ENG_NO_EXTENT &&
                    value_bytes(l, node->out) == bytes;
    if (!in_place) return add_extent(l, bytes, now, last);
    extend(&l->extents[dy], now, last);
    l->unshared += eng_align_bytes(bytes);
    return dy;
}

/* In the order of backward: the gradient of the output was laid out by the node's readers. */
static void lay_out_gradients(eng_layout *l, size_t index) {
    const eng_node *node = eng_graph_node(l->graph, index);
    size_t now = backward_time(l, index);
    for (size_t i = 0; i < node->inputs; i++) {
        const eng_value_info *info = eng_graph_value(l->graph, node->in[i]);
        if (info->groups == 0) continue;
        size_t *gradient = &l->gradient[node->in[i]], *dx = &l->dx[index * ENG_OP_MAX_INPUTS + i];
        if (*gradient == ENG_NO_EXTENT) {
            *dx = *gradient = lay_out_dx(l, node, i, now, backward_time(l, info->producer));
        } else {
            *dx = lay_out_dx(l, node, i, now, now);
            l->sums++;
        }
    }
}

static void lay_out_params(eng_layout *l, size_t index, bool *written) {
    const eng_node *node = eng_graph_node(l->graph, index);
    const size_t now = backward_time(l, index);
    for (size_t p = 0; p < node->params; p++) {
        if ((node->param[p].flags & ENG_PARAM_STATE) != 0) continue;
        if (written[node->param_id[p]]) {
            l->dw[index * ENG_OP_MAX_PARAMS + p] = add_extent(l, param_bytes(node, p), now, now);
            l->sums++;
        }
        written[node->param_id[p]] = true;
    }
}

/* ---- the rest ---- */

static void lay_out_saved(eng_layout *l, size_t index) {
    const eng_node *node = eng_graph_node(l->graph, index);
    if (node->op->saved == NULL) return;
    size_t last = l->backward[index] ? backward_time(l, index) : index;
    l->saved[index] = add_extent(l, node->op->saved(node, node->single ? 1 : l->batch), index, last);
}

static void lay_out_workspace(eng_layout *l, size_t index) {
    const eng_node *node = eng_graph_node(l->graph, index);
    if (node->op->workspace == NULL) return;
    size_t bytes = node->op->workspace(node, node->single ? 1 : l->batch);
    l->workspace[0][index] = add_extent(l, bytes, index, index);
    if (!l->backward[index]) return;
    l->workspace[1][index] = add_extent(l, bytes, backward_time(l, index), backward_time(l, index));
}

static size_t *no_extents(base_arena *arena, size_t count) {
    size_t *list = BASE_NEW_ARRAY(arena, count, size_t);
    for (size_t i = 0; i < count; i++) list[i] = ENG_NO_EXTENT;
    return list;
}

void eng_layout_make(eng_layout *l, base_arena *arena, const eng_graph *graph, size_t batch) {
    size_t values = eng_graph_values(graph), nodes = eng_graph_nodes(graph);
    *l = (eng_layout){.graph = graph, .nodes = nodes, .batch = batch};
    l->forward = BASE_NEW_ARRAY(arena, nodes, bool);
    l->backward = BASE_NEW_ARRAY(arena, nodes, bool);
    l->last = BASE_NEW_ARRAY(arena, values, size_t);
    l->extents = BASE_NEW_ARRAY(arena, 2 * values + (3 + ENG_OP_MAX_INPUTS + ENG_OP_MAX_PARAMS) * nodes, eng_extent);
    l->value = no_extents(arena, values);
    l->gradient = no_extents(arena, values);
    l->saved = no_extents(arena, nodes);
    for (size_t i = 0; i < 2; i++) l->workspace[i] = no_extents(arena, nodes);
    l->dx = no_extents(arena, ENG_OP_MAX_INPUTS * nodes);
    l->dw = no_extents(arena, ENG_OP_MAX_PARAMS * nodes);
    bool *written = BASE_NEW_ARRAY(arena, eng_graph_param_count(graph), bool);
    find_runs(l, arena);
    find_last_readings(l);
    for (size_t i = 0; i < nodes; i++)
        if (l->forward[i]) lay_out_value(l, i);
    for (size_t i = nodes; i-- > 0;)
        if (l->backward[i]) lay_out_gradients(l, i);
    for (size_t i = nodes; i-- > 0;)
        if (l->backward[i]) lay_out_params(l, i, written);
    for (size_t i = 0; i < nodes; i++)
        if (l->forward[i]) lay_out_saved(l, i);
    for (size_t i = 0; i < nodes; i++)
        if (l->forward[i]) lay_out_workspace(l, i);
}

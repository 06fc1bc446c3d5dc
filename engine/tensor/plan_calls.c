/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a placed layout to lists of calls, and from those to the shorter lists of passes that leave something out: a
 * supernet of which one path is sampled, or gradients of one group of parameters.
 *
 * Such a pass has the places of the whole one. What changes is who writes a gradient: where the reader that would write
 * it is left out, the first of the others writes apart as ever, and its sum becomes a copy. */
#include "engine/tensor/plan_calls.h"

#include <string.h>

/* ---- sums ---- */

typedef struct sum_job {
    const eng_call *call;
    const eng_run *run;
} sum_job;

static void add_range(const void *self, size_t thread, size_t begin, size_t end) {
    const sum_job *job = self;
    (void)thread;
    float *sum = job->call->dx[0] + begin;
    job->run->k->add(end - begin, sum, job->call->dy + begin, sum);
}

enum { ADDED = 8192 }; /* floats worth another thread */

/* A gradient grows by what a further reader wrote apart. */
static void accumulate(const eng_call *call, const eng_run *run) {
    const sum_job job = {.call = call, .run = run};
    eng_threads_ranges(run->threads, run->n * call->out_count, ADDED, add_range, &job);
}

static void copy(const eng_call *call, const eng_run *run) {
    memcpy(call->dx[0], call->dy, run->n * call->out_count * sizeof(float));
}

static const eng_op accumulate_op = {.name = "accumulate", .summary = "adds a gradient", .backward = accumulate};
static const eng_op copy_op = {.name = "accumulate", .summary = "the first of a sum", .backward = copy};
/* By whether it is a single value. */
static const eng_node accumulate_node[2] = {
    {.op = &accumulate_op, .name = "accumulate", .out = ENG_NO_VALUE},
    {.op = &accumulate_op, .name = "accumulate", .out = ENG_NO_VALUE, .single = true},
};
static const eng_node copy_node[2] = {
    {.op = &copy_op, .name = "accumulate", .out = ENG_NO_VALUE},
    {.op = &copy_op, .name = "accumulate", .out = ENG_NO_VALUE, .single = true},
};

/* ---- resolving ---- */

typedef struct resolver {
    eng_all_calls *all;
    const eng_layout *l;
    char *memory;
    uint32_t *readers; /* by parameter: those whose backward is still to come */
} resolver;

static void *place_of(const resolver *r, size_t extent) {
    return extent == ENG_NO_EXTENT ? NULL : r->memory + r->l->extents[extent].offset;
}

static float *param_in(const resolver *r, eng_param_id id, float *block) {
    return eng_params_view(r->all->params, id, block).data;
}

static void resolve_params(const resolver *r, const eng_node *node, eng_call *call) {
    float *values = eng_params_values(r->all->params), *gradients = eng_params_gradients(r->all->params);
    for (size_t i = 0; i < node->params; i++) {
        const eng_param_id id = node->param_id[i];
        const size_t apart = r->l->dw[node->index * ENG_OP_MAX_PARAMS + i];
        call->w[i] = param_in(r, id, values);
        call->dw[i] = apart != ENG_NO_EXTENT ? place_of(r, apart) : param_in(r, id, gradients);
        if ((node->param[i].flags & ENG_PARAM_STATE) != 0) call->state[i] = param_in(r, id, values);
    }
}

static void resolve_call(const resolver *r, const eng_node *node, bool backward, eng_call *call) {
    const eng_layout *l = r->l;
    const size_t index = node->index;
    *call = (eng_call){.node = node, .out_count = eng_shape_count(&node->out_shape)};
    for (size_t i = 0; i < node->inputs; i++) {
        call->in_count[i] = eng_shape_count(&node->in_shape[i]);
        call->x[i] = place_of(r, l->value[node->in[i]]);
        call->dx[i] = place_of(r, l->dx[index * ENG_OP_MAX_INPUTS + i]);
    }
    if (node->out != ENG_NO_VALUE) {
        call->y = place_of(r, l->value[node->out]);
        call->dy = place_of(r, l->gradient[node->out]);
    }
    resolve_params(r, node, call);
    call->saved = place_of(r, l->saved[index]);
    call->workspace = place_of(r, l->workspace[backward ? 1 : 0][index]);
}

static eng_call *add_call(const resolver *r, const eng_node *node, eng_call_kind kind, size_t which) {
    eng_calls *calls = &r->all->backward;
    r->all->roles[calls->count] = (eng_call_role){kind, node->index, (uint32_t)which};
    return &calls->items[calls->count++];
}

static void resolve_value_sums(const resolver *r, const eng_node *node) {
    for (size_t i = 0; i < node->inputs; i++) {
        if (!eng_layout_adds_value(r->l, node->index, i)) continue;
        eng_call *call = add_call(r, node, ENG_CALL_ADD_VALUE, i);
        *call =
            (eng_call){.node = &accumulate_node[node->in_single[i]], .out_count = eng_shape_count(&node->in_shape[i])};
        call->dx[0] = place_of(r, r->l->gradient[node->in[i]]);
        call->dy = place_of(r, r->l->dx[node->index * ENG_OP_MAX_INPUTS + i]);
    }
}

/* A gradient is whole after the last reader; where that one adds, after the sum. */
static void resolve_param_sums(const resolver *r, const eng_node *node, eng_call *own) {
    for (size_t i = 0; i < node->params; i++) {
        const eng_param_id id = node->param_id[i];
        if ((node->param[i].flags & ENG_PARAM_STATE) != 0) continue;
        const bool last = --r->readers[id] == 0;
        if (!eng_layout_adds_param(r->l, node->index, i)) {
            if (last) own->complete = (uint8_t)(own->complete | 1u << i);
            continue;
        }
        eng_call *call = add_call(r, node, ENG_CALL_ADD_PARAM, i);
        *call = (eng_call){.node = &accumulate_node[true], .out_count = eng_shape_count(&node->param[i].shape)};
        call->dy = own->dw[i];
        call->dx[0] = call->dw[0] = param_in(r, id, eng_params_gradients(r->all->params));
        call->w[0] = own->w[i];
        call->complete = last;
    }
}

static void resolve_backward(const resolver *r, const eng_node *node) {
    eng_call *own = add_call(r, node, ENG_CALL_NODE, 0);
    resolve_call(r, node, true, own);
    resolve_value_sums(r, node);
    resolve_param_sums(r, node, own);
}

static void count_readers(const resolver *r) {
    for (size_t n = 0; n < r->l->nodes; n++) {
        const eng_node *node = eng_graph_node(r->l->graph, n);
        for (size_t i = 0; i < node->params; i++) r->readers[node->param_id[i]] += r->l->backward[n];
    }
}

void eng_calls_resolve(eng_all_calls *all, base_arena *book, const eng_layout *l, void *memory,
                       const eng_params *params) {
    const size_t calls = l->nodes + l->sums;
    *all = (eng_all_calls){.graph = l->graph, .params = params, .roles = BASE_NEW_ARRAY(book, calls, eng_call_role)};
    all->forward.items = BASE_NEW_ARRAY(book, l->nodes, eng_call);
    all->backward.items = BASE_NEW_ARRAY(book, calls, eng_call);
    base_arena *scratch = base_arena_create();
    const resolver r = {all, l, memory, BASE_NEW_ARRAY(scratch, eng_params_count(params), uint32_t)};
    count_readers(&r);
    all->complete = true;
    for (eng_param_id id = 0; id < eng_params_count(params); id++)
        if ((eng_params_at(params, id)->flags & ENG_PARAM_STATE) == 0 && r.readers[id] == 0) all->complete = false;
    for (size_t i = 0; i < l->nodes; i++)
        if (l->forward[i])
            resolve_call(&r, eng_graph_node(l->graph, i), false, &all->forward.items[all->forward.count++]);
    for (size_t i = l->nodes; i-- > 0;)
        if (l->backward[i]) resolve_backward(&r, eng_graph_node(l->graph, i));
    base_arena_destroy(scratch);
}

eng_calls eng_calls_like(base_arena *book, const eng_calls *calls, const eng_params *params) {
    return (eng_calls){.items = BASE_NEW_ARRAY(book, calls->count, eng_call),
                       .zeros = BASE_NEW_ARRAY(book, eng_params_count(params), eng_param_id)};
}

/* ---- leaving out ---- */

static bool leaves_out(const uint32_t *left_out, const eng_node *node, size_t input) {
    return (left_out[node->index] >> input & 1u) != 0;
}

void eng_calls_filter_forward(const eng_all_calls *all, const uint32_t *left_out, bool *runs, eng_calls *out) {
    base_arena *scratch = base_arena_create();
    bool *read = BASE_NEW_ARRAY(scratch, eng_graph_values(all->graph), bool);
    for (size_t c = all->forward.count; c-- > 0;) {
        const eng_node *node = all->forward.items[c].node;
        runs[node->index] =
            node->out == ENG_NO_VALUE || read[node->out] || eng_graph_value(all->graph, node->out)->kept;
        if (!runs[node->index]) continue;
        for (size_t i = 0; i < node->inputs; i++)
            if (!leaves_out(left_out, node, i)) read[node->in[i]] = true;
    }
    out->count = 0;
    for (size_t c = 0; c < all->forward.count; c++) {
        const eng_call *call = &all->forward.items[c];
        if (!runs[call->node->index]) continue;
        out->items[out->count] = *call;
        out->items[out->count++].left_out = left_out[call->node->index];
    }
    base_arena_destroy(scratch);
}

/* Backward in the making. */
typedef struct filter {
    const eng_all_calls *all;
    const uint32_t *left_out;
    unsigned groups;
    bool *written[2]; /* gradients that hold something: of values, of parameters */
    bool *runs;       /* by node: its backward */
} filter;

static bool wants_value(const filter *f, const eng_node *node, size_t input) {
    return (eng_graph_value(f->all->graph, node->in[input])->groups & f->groups) != 0 &&
           !leaves_out(f->left_out, node, input);
}

static bool wants_param(const filter *f, const eng_node *node, size_t param) {
    return (node->param[param].flags & ENG_PARAM_STATE) == 0 && (f->groups >> node->param[param].group & 1u) != 0;
}

static bool wants(const filter *f, const eng_node *node) {
    bool wanted = false;
    for (size_t i = 0; i < node->inputs; i++) wanted = wanted || wants_value(f, node, i);
    for (size_t i = 0; i < node->params; i++) wanted = wanted || wants_param(f, node, i);
    return wanted;
}

static bool apart(const eng_all_calls *all, size_t at, eng_call_kind kind, size_t which) {
    const uint32_t node = all->roles[at].node;
    for (size_t c = at + 1; c < all->backward.count && all->roles[c].node == node; c++)
        if (all->roles[c].kind == kind && all->roles[c].which == which) return true;
    return false;
}

/* False when the node has nothing to do. */
static bool filter_node(filter *f, size_t at, eng_call *call) {
    const eng_node *node = call->node;
    if ((node->out != ENG_NO_VALUE && !f->written[0][node->out]) || !wants(f, node)) return false;
    call->left_out = f->left_out[node->index];
    call->frozen = node->params > 0;
    for (size_t i = 0; i < node->inputs; i++) {
        if (!wants_value(f, node, i))
            call->dx[i] = NULL;
        else if (call->dx[i] != NULL && !apart(f->all, at, ENG_CALL_ADD_VALUE, i))
            f->written[0][node->in[i]] = true;
    }
    for (size_t i = 0; i < node->params; i++) {
        if (!wants_param(f, node, i)) continue;
        call->frozen = false;
        if (!apart(f->all, at, ENG_CALL_ADD_PARAM, i)) f->written[1][node->param_id[i]] = true;
    }
    if (call->frozen) call->complete = 0;
    return true;
}

/* False when nobody wrote what it would add. */
static bool filter_sum(filter *f, const eng_call_role *role, eng_call *call) {
    const eng_node *node = eng_graph_node(f->all->graph, role->node);
    const bool value = role->kind == ENG_CALL_ADD_VALUE;
    if (!(value ? wants_value(f, node, role->which) : wants_param(f, node, role->which))) return false;
    bool *written = value ? &f->written[0][node->in[role->which]] : &f->written[1][node->param_id[role->which]];
    if (!*written) call->node = &copy_node[call->node->single];
    *written = true;
    return true;
}

static void find_zeros(const filter *f, eng_calls *out) {
    out->zero_count = 0;
    for (eng_param_id id = 0; id < eng_params_count(f->all->params); id++) {
        const eng_param *param = eng_params_at(f->all->params, id);
        if ((param->flags & ENG_PARAM_STATE) == 0 && (f->groups >> param->group & 1u) != 0 && !f->written[1][id])
            out->zeros[out->zero_count++] = id;
    }
}

void eng_calls_filter_backward(const eng_all_calls *all, const uint32_t *left_out, const bool *runs, unsigned groups,
                               eng_calls *out) {
    base_arena *scratch = base_arena_create();
    filter f = {.all = all, .left_out = left_out, .groups = groups};
    f.written[0] = BASE_NEW_ARRAY(scratch, eng_graph_values(all->graph), bool);
    f.written[1] = BASE_NEW_ARRAY(scratch, eng_params_count(all->params), bool);
    f.runs = BASE_NEW_ARRAY(scratch, eng_graph_nodes(all->graph), bool);
    out->count = 0;
    for (size_t c = 0; c < all->backward.count; c++) {
        const eng_call_role *role = &all->roles[c];
        if (!runs[role->node]) continue;
        eng_call *call = &out->items[out->count];
        *call = all->backward.items[c];
        if (role->kind == ENG_CALL_NODE)
            out->count += f.runs[role->node] = filter_node(&f, c, call);
        else
            out->count += f.runs[role->node] && filter_sum(&f, role, call);
    }
    find_zeros(&f, out);
    base_arena_destroy(scratch);
}

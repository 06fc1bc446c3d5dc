/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The static executor.
 *
 * With N nodes, forward of node i happens at time i and its backward at time 2N - 1 - i; what is kept lives until 2N.
 * A value lives from its producer's forward to its last reading, which is a backward when an op's derivative needs it
 * (ENG_READS_X of the reader, ENG_READS_Y of the producer). A gradient lives from the backward of its last reader,
 * which comes first, to its producer's. Where an op allows it, the output takes over the memory of an input that dies
 * there.
 *
 * A value with several readers has the sum of their gradients. The reader whose backward comes first writes it (beta =
 * 0); each of the others writes apart, for a moment, and a call that the plan puts behind it adds. Who writes and who
 * adds follows from the order of the nodes, so ops know nothing of it, nothing is ever cleared, and the sum is made in
 * the same order every time.
 *
 * All of it is placed in one arena by eng_lifetime_place, pointers are resolved into two lists of calls, and a pass
 * walks a list. */
#include "engine/tensor/plan.h"

#include "engine/tensor/lifetime.h"

#define NO_EXTENT SIZE_MAX

struct eng_plan {
    base_arena *book;
    const eng_graph *graph;
    size_t batch;
    eng_call *forward, *backward;
    size_t forwards, backwards;
    void *arena;
    size_t bytes, unshared;
    const float **kept; /* per value; NULL when not kept */
    void *rooms;        /* of the threads: workspaces, then what they share */
    eng_run run;
    eng_plan_watch_fn *watch; /* NULL = nobody */
    void *watcher;
};

/* The plan in the making: extents, and for every value and node the extent it lies in. */
typedef struct layout {
    const eng_graph *graph;
    size_t nodes, batch;
    eng_extent *extents;
    size_t count, unshared;
    size_t *value, *gradient; /* by value */
    size_t *saved;            /* by node */
    size_t *workspace[2];     /* by node: of forward, of backward */
    size_t *dx;               /* by node and input: what the node writes: the gradient, or what is added to it */
    size_t sums;              /* of dx that are added */
} layout;

static size_t backward_time(const layout *l, size_t node) {
    return 2 * l->nodes - 1 - node;
}

static bool runs_backward(const layout *l, const eng_node *node) {
    if (node->params > 0) return true;
    for (size_t i = 0; i < node->inputs; i++)
        if (eng_graph_value(l->graph, node->in[i])->needs_gradient) return true;
    return false;
}

static size_t add_extent(layout *l, size_t bytes, size_t from, size_t to) {
    l->extents[l->count] = (eng_extent){.bytes = eng_align_bytes(bytes), .from = from, .to = to};
    l->unshared += l->extents[l->count].bytes;
    return l->count++;
}

static void extend(eng_extent *extent, size_t from, size_t to) {
    if (from < extent->from) extent->from = from;
    if (to > extent->to) extent->to = to;
}

static size_t value_bytes(const layout *l, eng_value value) {
    return l->batch * eng_shape_count(&eng_graph_value(l->graph, value)->shape) * sizeof(float);
}

/* The last time the data of `value` are read. */
static size_t last_reading(const layout *l, eng_value value) {
    const eng_value_info *info = eng_graph_value(l->graph, value);
    if (info->kept) return 2 * l->nodes;
    size_t last = 0;
    if (info->producer != ENG_GRAPH_INPUT) {
        const eng_node *producer = eng_graph_node(l->graph, info->producer);
        bool again = (producer->traits & ENG_READS_Y) != 0 && runs_backward(l, producer);
        last = again ? backward_time(l, info->producer) : info->producer;
    }
    for (size_t i = 0; i < l->nodes; i++) {
        const eng_node *node = eng_graph_node(l->graph, i);
        for (size_t k = 0; k < node->inputs; k++) {
            if (node->in[k] != value) continue;
            size_t read = (node->traits & ENG_READS_X) != 0 && runs_backward(l, node) ? backward_time(l, i) : i;
            if (read > last) last = read;
        }
    }
    return last;
}

/* A value that two inputs of one node read must not be overwritten by what is made of it. */
static bool reads_once(const eng_node *node, eng_value value) {
    size_t count = 0;
    for (size_t i = 0; i < node->inputs; i++) count += node->in[i] == value;
    return count == 1;
}

static void lay_out_value(layout *l, size_t index) {
    const eng_node *node = eng_graph_node(l->graph, index);
    if (node->out == ENG_NO_VALUE) return;
    size_t last = last_reading(l, node->out), bytes = value_bytes(l, node->out);
    size_t x = node->inputs > 0 ? l->value[node->in[0]] : NO_EXTENT;
    bool in_place = (node->traits & ENG_INPLACE_FORWARD) != 0 && x != NO_EXTENT && reads_once(node, node->in[0]) &&
                    value_bytes(l, node->in[0]) == bytes && last_reading(l, node->in[0]) == index;
    if (in_place) {
        extend(&l->extents[x], index, last);
        l->unshared += eng_align_bytes(bytes);
        l->value[node->out] = x;
    } else {
        l->value[node->out] = add_extent(l, bytes, index, last);
    }
}

static bool is_sum(const layout *l, size_t index, size_t input) {
    size_t dx = l->dx[index * ENG_OP_MAX_INPUTS + input];
    return dx != NO_EXTENT && dx != l->gradient[eng_graph_node(l->graph, index)->in[input]];
}

/* Where the node writes the gradient of an input, from now to `last`: over that of its output where it may. */
static size_t lay_out_dx(layout *l, const eng_node *node, size_t input, size_t now, size_t last) {
    size_t bytes = value_bytes(l, node->in[input]);
    size_t dy = node->out == ENG_NO_VALUE ? NO_EXTENT : l->gradient[node->out];
    bool in_place = input == 0 && (node->traits & ENG_INPLACE_BACKWARD) != 0 && dy != NO_EXTENT &&
                    value_bytes(l, node->out) == bytes;
    if (!in_place) return add_extent(l, bytes, now, last);
    extend(&l->extents[dy], now, last);
    l->unshared += eng_align_bytes(bytes);
    return dy;
}

/* In the order of backward: the gradient of the output was laid out by the node's readers. */
static void lay_out_gradients(layout *l, size_t index) {
    const eng_node *node = eng_graph_node(l->graph, index);
    size_t now = backward_time(l, index);
    for (size_t i = 0; i < node->inputs; i++) {
        const eng_value_info *info = eng_graph_value(l->graph, node->in[i]);
        if (!info->needs_gradient) continue;
        size_t *gradient = &l->gradient[node->in[i]], *dx = &l->dx[index * ENG_OP_MAX_INPUTS + i];
        if (*gradient == NO_EXTENT) {
            *dx = *gradient = lay_out_dx(l, node, i, now, backward_time(l, info->producer));
        } else {
            *dx = lay_out_dx(l, node, i, now, now);
            l->sums++;
        }
    }
}

static void lay_out_saved(layout *l, size_t index) {
    const eng_node *node = eng_graph_node(l->graph, index);
    if (node->op->saved == NULL) return;
    size_t last = runs_backward(l, node) ? backward_time(l, index) : index;
    l->saved[index] = add_extent(l, node->op->saved(node, l->batch), index, last);
}

static void lay_out_workspace(layout *l, size_t index) {
    const eng_node *node = eng_graph_node(l->graph, index);
    if (node->op->workspace == NULL) return;
    size_t bytes = node->op->workspace(node, l->batch);
    l->workspace[0][index] = add_extent(l, bytes, index, index);
    if (!runs_backward(l, node)) return;
    l->workspace[1][index] = add_extent(l, bytes, backward_time(l, index), backward_time(l, index));
}

static size_t *no_extents(base_arena *arena, size_t count) {
    size_t *list = BASE_NEW_ARRAY(arena, count, size_t);
    for (size_t i = 0; i < count; i++) list[i] = NO_EXTENT;
    return list;
}

static void lay_out(layout *l, base_arena *arena, const eng_graph *graph, size_t batch) {
    size_t values = eng_graph_values(graph), nodes = eng_graph_nodes(graph);
    *l = (layout){.graph = graph, .nodes = nodes, .batch = batch};
    l->extents = BASE_NEW_ARRAY(arena, 2 * values + (3 + ENG_OP_MAX_INPUTS) * nodes, eng_extent);
    l->value = no_extents(arena, values);
    l->gradient = no_extents(arena, values);
    l->saved = no_extents(arena, nodes);
    for (size_t i = 0; i < 2; i++) l->workspace[i] = no_extents(arena, nodes);
    l->dx = no_extents(arena, ENG_OP_MAX_INPUTS * nodes);
    for (size_t i = 0; i < nodes; i++) lay_out_value(l, i);
    for (size_t i = nodes; i-- > 0;) lay_out_gradients(l, i);
    for (size_t i = 0; i < nodes; i++) lay_out_saved(l, i);
    for (size_t i = 0; i < nodes; i++) lay_out_workspace(l, i);
}

static void *place_of(const eng_plan *plan, const layout *l, size_t extent) {
    return extent == NO_EXTENT ? NULL : (char *)plan->arena + l->extents[extent].offset;
}

static void resolve_call(const eng_plan *plan, const layout *l, size_t index, const eng_params *params,
                         size_t first_param, bool backward, eng_call *call) {
    const eng_node *node = eng_graph_node(plan->graph, index);
    *call = (eng_call){.node = node, .out_count = eng_shape_count(&node->out_shape)};
    for (size_t i = 0; i < node->inputs; i++) {
        call->in_count[i] = eng_shape_count(&node->in_shape[i]);
        call->x[i] = place_of(plan, l, l->value[node->in[i]]);
        call->dx[i] = place_of(plan, l, l->dx[index * ENG_OP_MAX_INPUTS + i]);
    }
    if (node->out != ENG_NO_VALUE) {
        call->y = place_of(plan, l, l->value[node->out]);
        call->dy = place_of(plan, l, l->gradient[node->out]);
    }
    for (size_t i = 0; i < node->params; i++) {
        call->w[i] = eng_params_view(params, first_param + i, eng_params_values(params)).data;
        call->dw[i] = eng_params_view(params, first_param + i, eng_params_gradients(params)).data;
        if ((node->param[i].flags & ENG_PARAM_STATE) != 0)
            call->state[i] = eng_params_view(params, first_param + i, eng_params_values(params)).data;
    }
    call->saved = place_of(plan, l, l->saved[index]);
    call->workspace = place_of(plan, l, l->workspace[backward ? 1 : 0][index]);
}

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

static const eng_op accumulate_op = {.name = "accumulate", .summary = "adds a gradient", .backward = accumulate};
static const eng_node accumulate_node = {.op = &accumulate_op, .name = "accumulate", .out = ENG_NO_VALUE};

static void resolve_sums(eng_plan *plan, const layout *l, size_t index) {
    const eng_node *node = eng_graph_node(plan->graph, index);
    for (size_t i = 0; i < node->inputs; i++) {
        if (!is_sum(l, index, i)) continue;
        eng_call *call = &plan->backward[plan->backwards++];
        *call = (eng_call){.node = &accumulate_node, .out_count = eng_shape_count(&node->in_shape[i])};
        call->dx[0] = place_of(plan, l, l->gradient[node->in[i]]);
        call->dy = place_of(plan, l, l->dx[index * ENG_OP_MAX_INPUTS + i]);
    }
}

static void resolve(eng_plan *plan, const layout *l, const eng_params *params) {
    plan->forward = BASE_NEW_ARRAY(plan->book, l->nodes, eng_call);
    plan->backward = BASE_NEW_ARRAY(plan->book, l->nodes + l->sums, eng_call);
    plan->kept = BASE_NEW_ARRAY(plan->book, eng_graph_values(plan->graph), const float *);
    size_t first = 0;
    for (size_t i = 0; i < l->nodes; i++) {
        resolve_call(plan, l, i, params, first, false, &plan->forward[plan->forwards++]);
        first += eng_graph_node(plan->graph, i)->params;
    }
    for (size_t i = l->nodes; i-- > 0;) {
        const eng_node *node = eng_graph_node(plan->graph, i);
        first -= node->params;
        if (!runs_backward(l, node)) continue;
        resolve_call(plan, l, i, params, first, true, &plan->backward[plan->backwards++]);
        resolve_sums(plan, l, i);
    }
    for (eng_value v = 0; v < eng_graph_values(plan->graph); v++)
        if (eng_graph_value(plan->graph, v)->kept) plan->kept[v] = place_of(plan, l, l->value[v]);
}

/* Every value that needs a gradient must get one, or a backward would read what nobody wrote. */
static base_status check_readers(const eng_graph *graph, base_err *err) {
    for (eng_value v = 0; v < eng_graph_values(graph); v++) {
        const eng_value_info *info = eng_graph_value(graph, v);
        if (info->needs_gradient && info->readers == 0)
            return BASE_FAIL(err, BASE_INVALID, "the output of %s leads to no loss",
                             eng_graph_node(graph, info->producer)->name);
    }
    return BASE_OK;
}

/* Far beyond any machine, and small enough that no sum of sizes wraps around. */
#define MOST_BYTES ((size_t)1 << 46)

static base_status check_batch(const eng_graph *graph, size_t batch, base_err *err) {
    if (batch == 0) return BASE_FAIL(err, BASE_INVALID, "a batch must hold at least one sample");
    for (eng_value v = 0; v < eng_graph_values(graph); v++) {
        size_t count = eng_shape_count(&eng_graph_value(graph, v)->shape);
        if (count > MOST_BYTES / sizeof(float) / batch)
            return BASE_FAIL(err, BASE_NOMEM, "no memory for a batch of %zu samples of %zu numbers", batch, count);
    }
    return BASE_OK;
}

size_t eng_plan_calls_bytes(const eng_graph *graph) {
    size_t calls = 2 * eng_graph_nodes(graph);
    for (eng_value v = 0; v < eng_graph_values(graph); v++) {
        const eng_value_info *info = eng_graph_value(graph, v);
        if (info->needs_gradient && info->readers > 1) calls += info->readers - 1; /* sums */
    }
    return calls * sizeof(eng_call) + eng_graph_values(graph) * sizeof(float *);
}

base_status eng_plan_measure(const eng_graph *graph, size_t batch, size_t *bytes, base_err *err) {
    *bytes = 0;
    BASE_TRY(check_batch(graph, batch, err));
    base_arena *book = base_arena_create();
    layout l;
    lay_out(&l, book, graph, batch);
    *bytes = eng_lifetime_place(l.extents, l.count);
    base_arena_destroy(book);
    return BASE_OK;
}

base_status eng_plan_create(const eng_graph *graph, const eng_params *params, size_t batch, const eng_kernels *kernels,
                            eng_plan **out, base_err *err) {
    *out = NULL;
    BASE_TRY(check_batch(graph, batch, err));
    BASE_TRY(check_readers(graph, err));
    base_arena *book = base_arena_create();
    eng_plan *plan = BASE_NEW(book, eng_plan);
    plan->book = book;
    plan->graph = graph;
    plan->batch = batch;
    plan->run.k = kernels;
    base_arena *scratch = base_arena_create();
    layout l;
    lay_out(&l, scratch, graph, batch);
    plan->unshared = l.unshared;
    plan->bytes = eng_lifetime_place(l.extents, l.count);
    base_status status = eng_alloc(plan->bytes, &plan->arena, err);
    if (status == BASE_OK) {
        resolve(plan, &l, params);
        *out = plan;
    } else {
        eng_plan_destroy(plan);
    }
    base_arena_destroy(scratch);
    return status;
}

/* The largest that any node asks for. */
static size_t most_bytes(const eng_graph *graph, size_t batch, bool shared) {
    size_t most = 0;
    for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
        const eng_node *node = eng_graph_node(graph, i);
        size_t (*bytes)(const eng_node *, size_t) = shared ? node->op->shared : node->op->workspace;
        const size_t wanted = bytes == NULL ? 0 : eng_align_bytes(bytes(node, batch));
        if (wanted > most) most = wanted;
    }
    return most;
}

size_t eng_plan_threads_bytes(const eng_graph *graph, size_t batch, size_t n) {
    return n < 2 ? 0 : (n - 1) * most_bytes(graph, batch, false) + most_bytes(graph, batch, true);
}

base_status eng_plan_threads(eng_plan *plan, eng_threads *threads, base_err *err) {
    const size_t n = eng_threads_count(threads);
    void *rooms = NULL;
    if (n > 1) BASE_TRY(eng_alloc(eng_plan_threads_bytes(plan->graph, plan->batch, n), &rooms, err));
    eng_free(plan->rooms);
    plan->rooms = rooms;
    plan->run.threads = n > 1 ? threads : NULL;
    plan->run.workspaces = rooms;
    plan->run.workspace_step = n > 1 ? most_bytes(plan->graph, plan->batch, false) : 0;
    plan->run.shared = n > 1 ? plan->run.workspaces + (n - 1) * plan->run.workspace_step : NULL;
    return BASE_OK;
}

void eng_plan_destroy(eng_plan *plan) {
    if (plan == NULL) return;
    eng_free(plan->rooms);
    eng_free(plan->arena);
    base_arena_destroy(plan->book);
}

static void bind_calls(eng_call *calls, size_t count, eng_value input, const void *data) {
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < calls[c].node->inputs; i++)
            if (calls[c].node->in[i] == input) calls[c].x[i] = data;
}

void eng_plan_bind(eng_plan *plan, eng_value input, const void *data) {
    BASE_ASSERT(eng_graph_value(plan->graph, input)->producer == ENG_GRAPH_INPUT);
    bind_calls(plan->forward, plan->forwards, input, data);
    bind_calls(plan->backward, plan->backwards, input, data);
}

void eng_plan_watch(eng_plan *plan, eng_plan_watch_fn *watch, void *self) {
    plan->watch = watch;
    plan->watcher = self;
}

static void update(const eng_updater *updater, const eng_call *call) {
    for (size_t i = 0; i < call->node->params; i++)
        if ((call->node->param[i].flags & ENG_PARAM_STATE) == 0)
            updater->apply(updater->self, call->w[i], eng_shape_count(&call->node->param[i].shape), call->dw[i]);
}

static void step_back(const eng_plan *plan, const eng_call *call) {
    const eng_updater *updater = plan->run.updater;
    call->node->op->backward(call, &plan->run);
    if (updater != NULL && (call->node->traits & ENG_UPDATES) == 0) update(updater, call);
}

static void compute(eng_plan *plan, const eng_call *call, bool backward) {
    if (backward)
        step_back(plan, call);
    else
        call->node->op->forward(call, &plan->run);
    if (plan->watch != NULL) plan->watch(plan->watcher, call->node, backward);
}

double eng_plan_forward(eng_plan *plan, size_t n, bool training, uint64_t seed, uint32_t step) {
    BASE_ASSERT(n >= 1 && n <= plan->batch);
    eng_run *run = &plan->run;
    run->n = n;
    run->training = training;
    run->seed = seed;
    run->step = step;
    run->loss = 0.0;
    for (const eng_call *call = plan->forward, *end = call + plan->forwards; call < end; call++) {
        if ((call->node->traits & ENG_IS_LOSS) != 0 && call->x[1] == NULL) continue;
        compute(plan, call, false);
    }
    return run->loss;
}

void eng_plan_backward(eng_plan *plan) {
    eng_plan_backward_update(plan, NULL);
}

void eng_plan_backward_update(eng_plan *plan, const eng_updater *updater) {
    BASE_ASSERT(plan->run.training);
    plan->run.updater = updater;
    for (const eng_call *call = plan->backward, *end = call + plan->backwards; call < end; call++)
        compute(plan, call, true);
}

const float *eng_plan_value(const eng_plan *plan, eng_value value) {
    BASE_ASSERT(value < eng_graph_values(plan->graph) && plan->kept[value] != NULL);
    return plan->kept[value];
}

size_t eng_plan_batch(const eng_plan *plan) {
    return plan->batch;
}

size_t eng_plan_bytes(const eng_plan *plan) {
    return plan->bytes;
}

size_t eng_plan_bytes_unshared(const eng_plan *plan) {
    return plan->unshared;
}

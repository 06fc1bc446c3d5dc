/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The static executor: what lives when is found by plan_layout.c, placed in one arena by eng_lifetime_place, resolved
 * into lists of calls by plan_calls.c; a pass walks a list. */
#include "engine/tensor/plan.h"

#include <string.h>

#include "engine/tensor/call.h"
#include "engine/tensor/plan_calls.h"

enum { GROUP_SETS = 1 << ENG_MAX_GROUPS };

/* Where a call has the data of an input of the graph. */
typedef struct slot {
    eng_value input;
    const void **x;
} slot;

struct eng_plan {
    base_arena *book;
    const eng_graph *graph;
    const eng_params *params;
    size_t batch, n; /* samples: at most, of the present pass */
    eng_all_calls all;
    bool masked, remask;            /* a mask was ever set; one was set since the last forward */
    uint32_t *left_out;             /* by node: inputs */
    bool *runs;                     /* by node, in forward */
    uint64_t mask;                  /* number of the present mask */
    uint64_t made[GROUP_SETS];      /* number of the mask that a list was made for, plus one; 0 = none yet */
    eng_calls forward;              /* masked */
    eng_calls backward[GROUP_SETS]; /* by groups */
    unsigned groups;                /* all that there are */
    void *arena;
    size_t bytes, unshared;
    const float **kept; /* per value; NULL when not kept */
    struct slot *slots; /* of the calls of `all` that read what is bound */
    size_t slot_count;
    bool filtered; /* there are other lists */
    void *rooms;   /* of the threads: workspaces, then what they share */
    eng_run run;
    eng_plan_watch_fn *watch; /* NULL = nobody */
    void *watcher;
};

/* ---- making ---- */

/* A graph without a loss has nothing to train: then an output that wants a gradient is a mistake. */
static base_status check_losses(const eng_graph *graph, base_err *err) {
    for (size_t i = 0; i < eng_graph_nodes(graph); i++)
        if (eng_graph_node(graph, i)->out == ENG_NO_VALUE) return BASE_OK;
    for (eng_value v = 0; v < eng_graph_values(graph); v++) {
        const eng_value_info *info = eng_graph_value(graph, v);
        if (info->groups != 0 && info->readers == 0)
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
        if (info->groups != 0 && info->readers > 1) calls += info->readers - 1; /* sums */
    }
    return calls * (sizeof(eng_call) + sizeof(eng_call_role)) + eng_graph_values(graph) * sizeof(float *);
}

base_status eng_plan_measure(const eng_graph *graph, size_t batch, size_t *bytes, base_err *err) {
    *bytes = 0;
    BASE_TRY(check_batch(graph, batch, err));
    base_arena *book = base_arena_create();
    eng_layout l;
    eng_layout_make(&l, book, graph, batch);
    *bytes = eng_lifetime_place(l.extents, l.count);
    base_arena_destroy(book);
    return BASE_OK;
}

static void find_slots(eng_plan *plan, const eng_calls *calls) {
    for (eng_call *call = calls->items, *end = call + calls->count; call < end; call++)
        for (size_t i = 0; i < call->node->inputs; i++)
            if (eng_graph_value(plan->graph, call->node->in[i])->producer == ENG_GRAPH_INPUT)
                plan->slots[plan->slot_count++] = (slot){call->node->in[i], &call->x[i]};
}

static size_t count_slots(const eng_graph *graph) {
    size_t count = 0;
    for (eng_value v = 0; v < eng_graph_values(graph); v++)
        if (eng_graph_value(graph, v)->producer == ENG_GRAPH_INPUT) count += eng_graph_value(graph, v)->readers;
    return 2 * count; /* forward and backward */
}

static void resolve(eng_plan *plan, const eng_layout *l) {
    const eng_graph *graph = plan->graph;
    eng_calls_resolve(&plan->all, plan->book, l, plan->arena, plan->params);
    plan->kept = BASE_NEW_ARRAY(plan->book, eng_graph_values(graph), const float *);
    for (eng_value v = 0; v < eng_graph_values(graph); v++)
        if (eng_graph_value(graph, v)->kept && l->value[v] != ENG_NO_EXTENT)
            plan->kept[v] = (const float *)(const void *)((char *)plan->arena + l->extents[l->value[v]].offset);
    plan->slots = BASE_NEW_ARRAY(plan->book, count_slots(graph), slot);
    find_slots(plan, &plan->all.forward);
    find_slots(plan, &plan->all.backward);
    plan->left_out = BASE_NEW_ARRAY(plan->book, l->nodes, uint32_t);
    plan->runs = BASE_NEW_ARRAY(plan->book, l->nodes, bool);
    for (size_t i = 0; i < l->nodes; i++) plan->runs[i] = l->forward[i];
}

base_status eng_plan_create(const eng_graph *graph, const eng_params *params, size_t batch, const eng_kernels *kernels,
                            eng_plan **out, base_err *err) {
    *out = NULL;
    BASE_ASSERT(eng_graph_param_count(graph) == eng_params_count(params));
    BASE_TRY(check_batch(graph, batch, err));
    BASE_TRY(check_losses(graph, err));
    base_arena *book = base_arena_create();
    eng_plan *plan = BASE_NEW(book, eng_plan);
    *plan = (eng_plan){.book = book, .graph = graph, .params = params, .batch = batch};
    plan->groups = (1u << eng_params_groups(params)) - 1;
    plan->run.k = kernels;
    base_arena *scratch = base_arena_create();
    eng_layout l;
    eng_layout_make(&l, scratch, graph, batch);
    plan->unshared = l.unshared;
    plan->bytes = eng_lifetime_place(l.extents, l.count);
    base_status status = eng_alloc(plan->bytes, &plan->arena, err);
    if (status == BASE_OK) {
        resolve(plan, &l);
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

size_t eng_plan_shared_bytes(const eng_plan *plan) {
    return eng_plan_threads_bytes(plan->graph, plan->batch, eng_threads_count(plan->run.threads));
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

/* ---- lists ---- */

static const eng_calls *forward_calls(const eng_plan *plan) {
    return plan->masked ? &plan->forward : &plan->all.forward;
}

/* A pass over everything walks the list of everything; others are made when they are first wanted. */
static const eng_calls *backward_calls(eng_plan *plan, unsigned groups) {
    if (!plan->masked && groups == plan->groups && plan->all.complete) return &plan->all.backward;
    if (plan->made[groups] == plan->mask + 1) return &plan->backward[groups];
    if (plan->made[groups] == 0) plan->backward[groups] = eng_calls_like(plan->book, &plan->all.backward, plan->params);
    plan->made[groups] = plan->mask + 1;
    eng_calls_filter_backward(&plan->all, plan->left_out, plan->runs, groups, &plan->backward[groups]);
    return &plan->backward[groups];
}

void eng_plan_mask(eng_plan *plan, size_t node, size_t input, bool left_out) {
    const eng_node *at = eng_graph_node(plan->graph, node);
    BASE_ASSERT(input < at->inputs && (at->traits & ENG_LEAVES_OUT) != 0);
    const uint32_t bit = (uint32_t)1 << input;
    plan->left_out[node] = left_out ? plan->left_out[node] | bit : plan->left_out[node] & ~bit;
    plan->remask = true;
}

static void apply_mask(eng_plan *plan) {
    if (!plan->remask) return;
    plan->remask = false;
    plan->mask++;
    plan->masked = plan->filtered = true;
    if (plan->forward.items == NULL) plan->forward = eng_calls_like(plan->book, &plan->all.forward, plan->params);
    eng_calls_filter_forward(&plan->all, plan->left_out, plan->runs, &plan->forward);
}

/* ---- passes ---- */

static void bind_calls(const eng_calls *calls, eng_value input, const void *data) {
    for (eng_call *call = calls->items, *end = call + calls->count; call < end; call++)
        for (size_t i = 0; i < call->node->inputs; i++)
            if (call->node->in[i] == input) call->x[i] = data;
}

void eng_plan_bind(eng_plan *plan, eng_value input, const void *data) {
    BASE_ASSERT(eng_graph_value(plan->graph, input)->producer == ENG_GRAPH_INPUT);
    for (const slot *at = plan->slots, *end = at + plan->slot_count; at < end; at++)
        if (at->input == input) *at->x = data;
    if (!plan->filtered) return;
    bind_calls(&plan->forward, input, data);
    for (size_t i = 0; i < GROUP_SETS; i++) bind_calls(&plan->backward[i], input, data);
}

void eng_plan_watch(eng_plan *plan, eng_plan_watch_fn *watch, void *self) {
    plan->watch = watch;
    plan->watcher = self;
}

static size_t param_count(const eng_call *call, size_t i) {
    return i < call->node->params ? eng_shape_count(&call->node->param[i].shape) : call->out_count;
}

typedef struct update_job {
    const eng_updater *updater;
    const float *w, *dw;
} update_job;

static void update_range(const void *self, size_t thread, size_t begin, size_t end) {
    const update_job *job = self;
    (void)thread;
    job->updater->apply(job->updater->self, job->w + begin, end - begin, job->dw + begin);
}

enum { UPDATED = 16384 }; /* numbers worth another thread */

static void update(const eng_plan *plan, const eng_updater *updater, const eng_call *call) {
    for (size_t i = 0; i < ENG_OP_MAX_PARAMS && call->complete >> i != 0; i++) {
        const update_job job = {.updater = updater, .w = call->w[i], .dw = call->dw[i]};
        if ((call->complete >> i & 1u) != 0)
            eng_threads_ranges(plan->run.threads, param_count(call, i), UPDATED, update_range, &job);
    }
}

/* A node that updates its parameters itself may do so when no other node has them. */
static void step_back(eng_plan *plan, const eng_call *call, const eng_updater *updater) {
    const eng_node *node = call->node;
    const bool itself = (node->traits & ENG_UPDATES) != 0 && call->complete + 1u == 1u << node->params;
    plan->run.updater = itself ? updater : NULL;
    eng_call_backward(call, &plan->run);
    if (updater != NULL && !itself) update(plan, updater, call);
}

static void begin(eng_plan *plan, const eng_call *call) {
    plan->run.n = call->node->single ? 1 : plan->n;
}

static void watch(const eng_plan *plan, const eng_call *call, bool backward) {
    if (plan->watch != NULL) plan->watch(plan->watcher, call->node, backward);
}

/* The loss of a value against targets that are not there is not known. */
static bool lacks_target(const eng_call *call) {
    return (call->node->traits & ENG_IS_LOSS) != 0 && call->node->inputs > 1 && call->x[1] == NULL;
}

double eng_plan_run(eng_plan *plan, const eng_pass *pass) {
    BASE_ASSERT(pass->n >= 1 && pass->n <= plan->batch);
    eng_run *run = &plan->run;
    plan->n = pass->n;
    run->training = pass->training;
    run->keep_state = pass->keep_state;
    run->seed = pass->seed;
    run->step = pass->step;
    run->drop_path_less = pass->drop_path_less;
    run->loss = 0.0;
    apply_mask(plan);
    const eng_calls *calls = forward_calls(plan);
    for (const eng_call *call = calls->items, *end = call + calls->count; call < end; call++) {
        if (lacks_target(call)) continue;
        begin(plan, call);
        eng_call_forward(call, run);
        watch(plan, call, false);
    }
    return run->loss;
}

double eng_plan_forward(eng_plan *plan, size_t n, bool training, uint64_t seed, uint32_t step) {
    return eng_plan_run(plan, &(eng_pass){.n = n, .training = training, .seed = seed, .step = step});
}

static void clear(const eng_plan *plan, const eng_calls *calls) {
    for (size_t i = 0; i < calls->zero_count; i++) {
        eng_tensor g = eng_params_view(plan->params, calls->zeros[i], eng_params_gradients(plan->params));
        memset(g.data, 0, eng_shape_count(&g.shape) * sizeof *g.data);
    }
}

static void walk_back(eng_plan *plan, const eng_calls *calls, const eng_updater *updater) {
    BASE_ASSERT(plan->run.training && !plan->remask);
    clear(plan, calls);
    for (const eng_call *call = calls->items, *end = call + calls->count; call < end; call++) {
        begin(plan, call);
        step_back(plan, call, updater);
        watch(plan, call, true);
    }
}

void eng_plan_backward(eng_plan *plan) {
    walk_back(plan, backward_calls(plan, plan->groups), NULL);
}

void eng_plan_backward_groups(eng_plan *plan, unsigned groups) {
    BASE_ASSERT(groups < GROUP_SETS);
    walk_back(plan, backward_calls(plan, groups), NULL);
}

void eng_plan_backward_update(eng_plan *plan, const eng_updater *updater) {
    BASE_ASSERT(!plan->masked);
    walk_back(plan, backward_calls(plan, 1u << updater->group), updater);
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan's memory: what is shared, what is not, and that old contents never reach a result. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/ops/ops.h"
#include "engine/tensor/plan.h"

/* Under AddressSanitizer: NULL for a size that cannot be had, as without it. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

typedef struct net {
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_value x, target, output;
} net;

typedef struct layer {
    const eng_op *op;
    const void *config;
} layer;

enum { IN = 6, OUT = 3, BATCH = 10 };

static net make(const layer *layers, size_t count, size_t batch) {
    net n = {.graph = eng_graph_create()};
    base_err err;
    eng_value at = n.x = eng_graph_input(n.graph, eng_shape_1d(IN), ENG_F32);
    for (size_t i = 0; i < count; i++)
        CHECK_OK(eng_graph_add(n.graph, layers[i].op, layers[i].config, NULL, &at, &at, &err));
    n.output = at;
    eng_graph_keep(n.graph, at);
    n.target = eng_graph_input(n.graph, eng_graph_value(n.graph, at)->shape, ENG_F32);
    eng_value none;
    CHECK_OK(eng_graph_add(n.graph, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){at, n.target}, &none, &err));
    CHECK_OK(eng_graph_params(n.graph, 3, &n.params, &err));
    CHECK_OK(eng_plan_create(n.graph, n.params, batch, eng_kernels_find(NULL), &n.plan, &err));
    return n;
}

static void destroy(net *n) {
    eng_plan_destroy(n->plan);
    eng_params_destroy(n->params);
    eng_graph_destroy(n->graph);
}

static const eng_dense_config wide = {.width = 32}, narrow = {.width = OUT};
static const eng_dropout_config drop = {.rate = 0.4};
static const layer deep[] = {
    {&eng_op_dropout, &drop}, {&eng_op_dense, &wide},  {&eng_op_gelu, NULL},     {&eng_op_dropout, &drop},
    {&eng_op_dense, &wide},   {&eng_op_tanh, NULL},    {&eng_op_dense, &wide},   {&eng_op_relu, NULL},
    {&eng_op_dropout, &drop}, {&eng_op_dense, &wide},  {&eng_op_prelu, NULL},    {&eng_op_softmax, NULL},
    {&eng_op_dense, &wide},   {&eng_op_linear, NULL},  {&eng_op_swish, NULL},    {&eng_op_dense, &wide},
    {&eng_op_elu, NULL},      {&eng_op_sigmoid, NULL}, {&eng_op_dense, &narrow},
};

typedef struct probe {
    net *n;
    size_t count;
} probe;

static double loss_of(void *self) {
    const probe *p = self;
    return eng_plan_forward(p->n->plan, p->count, true, 11, 4);
}

static void bind(net *n, float x[BATCH * IN], float target[BATCH * OUT]) {
    double random[BATCH * IN];
    gradcheck_fill(1, 0.0, BATCH * IN, random);
    gradcheck_to_float(BATCH * IN, random, x);
    gradcheck_fill(2, 0.0, BATCH * OUT, random);
    gradcheck_to_float(BATCH * OUT, random, target);
    eng_plan_bind(n->plan, n->x, x);
    eng_plan_bind(n->plan, n->target, target);
}

/* Every gradient of a deep network of every activation, dropout included (the mask is the same at every evaluation),
 * where values and gradients share memory: a lifetime cut short would show. */
static void gradients_of_everything_through_shared_memory(void **state) {
    (void)state;
    net n = make(deep, CHECK_COUNT(deep), BATCH);
    float x[BATCH * IN], target[BATCH * OUT];
    bind(&n, x, target);
    probe p = {.n = &n, .count = BATCH};
    loss_of(&p);
    eng_plan_backward(n.plan);
    size_t size = eng_params_size(n.params), checked = 0;
    float *w = eng_params_values(n.params), *got = calloc(size, sizeof *got);
    memcpy(got, eng_params_gradients(n.params), size * sizeof *got);
    for (size_t i = 0; i < eng_params_count(n.params); i++) {
        const eng_param *param = eng_params_at(n.params, i);
        for (size_t k = 0; k < param->count; k += 1 + param->count / 40, checked++) {
            double want = gradcheck_derivative_float(loss_of, &p, &w[param->offset + k], 0.02);
            if (fabs((double)got[param->offset + k] - want) > 2e-4 * (1.0 + fabs(want)))
                print_error("%s[%zu]: %g, by differences %g\n", param->name, k, (double)got[param->offset + k], want);
            CHECK_NEAR((double)got[param->offset + k], want, 2e-4 * (1.0 + fabs(want)));
        }
    }
    assert_true(checked > 200);
    free(got);
    destroy(&n);
}

/* A step on NaN fills all that is not input or parameter with NaN; the next step must not see it. */
static void old_contents_never_reach_a_result(void **state) {
    (void)state;
    net fresh = make(deep, CHECK_COUNT(deep), BATCH), used = make(deep, CHECK_COUNT(deep), BATCH);
    float x[BATCH * IN], target[BATCH * OUT], bad[BATCH * IN];
    for (size_t i = 0; i < BATCH * IN; i++) bad[i] = NAN;
    bind(&fresh, x, target);
    bind(&used, x, target);
    eng_plan_bind(used.plan, used.x, bad);
    assert_true(isnan(eng_plan_forward(used.plan, BATCH, true, 11, 4)));
    eng_plan_backward(used.plan);
    eng_plan_bind(used.plan, used.x, x);
    for (size_t n = 1; n <= BATCH; n += 3) {
        CHECK_SAME_DOUBLE(eng_plan_forward(used.plan, n, true, 11, 4), eng_plan_forward(fresh.plan, n, true, 11, 4));
        eng_plan_backward(used.plan);
        eng_plan_backward(fresh.plan);
        assert_memory_equal(eng_params_gradients(used.params), eng_params_gradients(fresh.params),
                            eng_params_size(used.params) * sizeof(float));
        assert_memory_equal(eng_plan_value(used.plan, used.output), eng_plan_value(fresh.plan, fresh.output),
                            n * OUT * sizeof(float));
    }
    destroy(&fresh);
    destroy(&used);
}

/* The masks of dropout, and so the loss, follow from the seed and the step of the pass. */
static void passes_take_their_seed_and_step(void **state) {
    (void)state;
    net n = make(deep, CHECK_COUNT(deep), BATCH);
    float x[BATCH * IN], target[BATCH * OUT];
    bind(&n, x, target);
    double loss = eng_plan_forward(n.plan, BATCH, true, 11, 4);
    CHECK_SAME_DOUBLE(eng_plan_forward(n.plan, BATCH, true, 11, 4), loss);
    assert_true(eng_plan_forward(n.plan, BATCH, true, 12, 4) != loss);
    assert_true(eng_plan_forward(n.plan, BATCH, true, 11, 5) != loss);
    CHECK_SAME_DOUBLE(eng_plan_forward(n.plan, BATCH, false, 11, 4), eng_plan_forward(n.plan, BATCH, false, 12, 5));
    destroy(&n);
}

/* dense, relu, dense, loss for 16 samples of 32 and 3. Forward times 0..3, backward 4..7.
 *   h (dense and relu in place): 0 .. 6, relu reads it at 6 and the second dense at 5;   16 * 32 floats
 *   y: 2 .. kept;                                                                        16 * 3 floats
 *   dy: 4 .. 5;  dh (relu's in place on dense's): 5 .. 7.                                16 * 3, 16 * 32 floats
 *   The workspace of each dense, at its forward and at its backward:  32 floats for each unit of its width.
 * That of the first, the largest, lies with h at time 0 and with dh at time 7, and these meet at 5; all else finds room
 * in its place but y. */
static void memory_is_what_a_hand_count_says(void **state) {
    (void)state;
    const layer chain[] = {{&eng_op_dense, &wide}, {&eng_op_relu, NULL}, {&eng_op_dense, &narrow}};
    net n = make(chain, CHECK_COUNT(chain), 16);
    size_t h = 16 * 32 * sizeof(float), y = 16 * 3 * sizeof(float);
    size_t first = 32 * 32 * sizeof(float), second = 32 * 3 * sizeof(float);
    assert_int_equal(eng_plan_bytes(n.plan), first + 2 * h + y);
    assert_int_equal(eng_plan_bytes_unshared(n.plan), 4 * h + 2 * y + 2 * (first + second));
    assert_int_equal(eng_plan_batch(n.plan), 16);
    destroy(&n);
}

/* In a deep chain of equal layers gradients take two places however deep it is, and workspaces one. */
static void gradients_take_turns(void **state) {
    (void)state;
    enum { DEPTH = 20 };
    static const eng_dense_config tanh_layer = {.width = 32, .epilogue = ENG_EPILOGUE_TANH};
    layer chain[DEPTH + 1];
    for (size_t i = 0; i < DEPTH; i++) chain[i] = (layer){&eng_op_dense, &tanh_layer};
    chain[DEPTH] = (layer){&eng_op_dense, &narrow};
    net n = make(chain, CHECK_COUNT(chain), 16);
    size_t h = 16 * 32 * sizeof(float), y = 16 * 3 * sizeof(float);
    size_t wide_one = 32 * 32 * sizeof(float), narrow_one = 32 * 3 * sizeof(float);
    assert_in_range(eng_plan_bytes(n.plan), DEPTH * h + y, (DEPTH + 2) * h + 2 * y + wide_one);
    assert_int_equal(eng_plan_bytes_unshared(n.plan), 2 * DEPTH * h + 2 * y + 2 * (DEPTH * wide_one + narrow_one));
    destroy(&n);
}

/* ---- graphs that branch ---- */

/* A network of random shape: every node reads any earlier values, and what nobody read in the end is joined. Widths are
 * 4, 8 or 12, so that ops of equal shape and of equal size occur, and with them memory that is taken over. */
typedef struct grower {
    net n;
    base_rng rng;
    eng_value values[64];
    size_t count;
} grower;

static size_t width_of(const grower *g, eng_value value) {
    return eng_shape_count(&eng_graph_value(g->n.graph, value)->shape);
}

static eng_value any(grower *g) {
    return g->values[base_rng_below(&g->rng, g->count)];
}

static eng_value grow(grower *g, const eng_op *op, const void *config, const eng_value *in, size_t count) {
    base_err err;
    eng_value out;
    CHECK_OK(eng_graph_add_many(g->n.graph, op, config, NULL, in, count, &out, &err));
    g->values[g->count++] = out;
    return out;
}

/* Any other values of the same width, or the same one again. */
static size_t alike(grower *g, eng_value first, eng_value *in) {
    size_t count = 1;
    in[0] = first;
    for (size_t i = 0; i < g->count && count < 4; i++)
        if (width_of(g, g->values[i]) == width_of(g, first) && base_rng_below(&g->rng, 2)) in[count++] = g->values[i];
    return count;
}

static void grow_any(grower *g) {
    static const eng_op *const maps[] = {&eng_op_tanh, &eng_op_gelu, &eng_op_sigmoid, &eng_op_dropout, &eng_op_linear};
    static const eng_epilogue ends[] = {ENG_EPILOGUE_NONE, ENG_EPILOGUE_TANH, ENG_EPILOGUE_SIGMOID};
    eng_value in[ENG_OP_MAX_INPUTS] = {any(g), any(g)};
    size_t kind = base_rng_below(&g->rng, 7), choice = base_rng_below(&g->rng, 5);
    if (kind < 2) {
        const eng_dense_config dense = {.width = 4 * (1 + base_rng_below(&g->rng, 3)), .epilogue = ends[choice % 3]};
        (void)grow(g, &eng_op_dense, &dense, in, 1);
    } else if (kind == 2) {
        (void)grow(g, maps[choice], maps[choice] == &eng_op_dropout ? &drop : NULL, in, 1);
    } else if (kind == 3) {
        (void)grow(g, &eng_op_reshape, NULL, in, 1);
    } else if (kind == 4) {
        const eng_slice_config slice = {.begin = choice % width_of(g, in[0]), .count = 1};
        (void)grow(g, &eng_op_slice, &slice, in, 1);
    } else if (kind == 5) {
        (void)grow(g, &eng_op_concat, NULL, in, 2);
    } else {
        const eng_add_config add = {.epilogue = ends[choice % 3]};
        size_t count = alike(g, in[0], in);
        (void)grow(g, &eng_op_add, &add, in, count);
    }
}

static net grow_net(uint32_t number, size_t nodes) {
    grower g = {.n = {.graph = eng_graph_create()}, .rng = base_rng_stream(4, BASE_RNG_TEST, number, 0)};
    base_err err;
    g.values[g.count++] = g.n.x = eng_graph_input(g.n.graph, eng_shape_1d(IN), ENG_F32);
    (void)grow(&g, &eng_op_dense, &(eng_dense_config){.width = 8}, &g.n.x, 1);
    g.values[0] = g.values[1]; /* what follows reads only what needs a gradient */
    for (size_t i = 0; i < nodes; i++) grow_any(&g);
    eng_value end = g.values[g.count - 1];
    for (size_t i = 1; i + 1 < g.count; i++) /* the last value is not read before this */
        if (eng_graph_value(g.n.graph, g.values[i])->readers == 0)
            CHECK_OK(eng_graph_add_many(g.n.graph, &eng_op_concat, NULL, NULL, (eng_value[]){end, g.values[i]}, 2, &end,
                                        &err));
    end = grow(&g, &eng_op_dense, &narrow, &end, 1);
    g.n.output = end;
    eng_graph_keep(g.n.graph, end);
    g.n.target = eng_graph_input(g.n.graph, eng_shape_1d(OUT), ENG_F32);
    CHECK_OK(
        eng_graph_add(g.n.graph, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){end, g.n.target}, &end, &err));
    CHECK_OK(eng_graph_params(g.n.graph, 3, &g.n.params, &err));
    CHECK_OK(eng_plan_create(g.n.graph, g.n.params, BATCH, eng_kernels_find(NULL), &g.n.plan, &err));
    return g.n;
}

enum { NETS = 60 };

/* The gradients of a network with branches are those of its loss. */
static void check_differences(net *n, size_t most) {
    probe p = {.n = n, .count = BATCH};
    size_t size = eng_params_size(n->params);
    float *w = eng_params_values(n->params), *got = base_calloc(size, sizeof *got);
    loss_of(&p);
    eng_plan_backward(n->plan);
    memcpy(got, eng_params_gradients(n->params), size * sizeof *got);
    for (size_t i = 0; i < eng_params_count(n->params); i++) {
        const eng_param *param = eng_params_at(n->params, i);
        for (size_t k = 0; k < param->count; k += 1 + param->count / most) {
            double want = gradcheck_derivative_float(loss_of, &p, &w[param->offset + k], 0.02);
            CHECK_NEAR((double)got[param->offset + k], want, 5e-4 * (1.0 + fabs(want)));
        }
    }
    free(got);
}

static void gradients_of_random_graphs(void **state) {
    (void)state;
    size_t sums = 0;
    for (uint32_t i = 0; i < NETS; i++) {
        net n = grow_net(i, 4 + i % 16);
        float x[BATCH * IN], target[BATCH * OUT];
        bind(&n, x, target);
        check_differences(&n, 6);
        for (eng_value v = 0; v < eng_graph_values(n.graph); v++)
            sums += eng_graph_value(n.graph, v)->groups != 0 && eng_graph_value(n.graph, v)->readers > 1;
        destroy(&n);
    }
    assert_true(sums > 2 * NETS); /* values whose gradient is a sum */
}

/* A plan that has computed on NaN, and so is poisoned all over, computes the same bits as a fresh one. */
static void poison_never_reaches_a_branch(void **state) {
    (void)state;
    for (uint32_t i = 0; i < NETS; i++) {
        net fresh = grow_net(i, 4 + i % 16), used = grow_net(i, 4 + i % 16);
        float x[BATCH * IN], target[BATCH * OUT], bad[BATCH * IN];
        for (size_t k = 0; k < BATCH * IN; k++) bad[k] = NAN;
        bind(&fresh, x, target);
        bind(&used, x, target);
        eng_plan_bind(used.plan, used.x, bad);
        assert_true(isnan(eng_plan_forward(used.plan, BATCH, true, 11, 4)));
        eng_plan_backward(used.plan);
        eng_plan_bind(used.plan, used.x, x);
        for (size_t n = 1; n <= BATCH; n += 3) {
            double loss = eng_plan_forward(fresh.plan, n, true, 11, 4);
            CHECK_SAME_DOUBLE(eng_plan_forward(used.plan, n, true, 11, 4), loss);
            assert_true(isfinite(loss));
            eng_plan_backward(used.plan);
            eng_plan_backward(fresh.plan);
            assert_memory_equal(eng_params_gradients(used.params), eng_params_gradients(fresh.params),
                                eng_params_size(used.params) * sizeof(float));
        }
        destroy(&fresh);
        destroy(&used);
    }
}

/* What is measured without allocating is what a plan takes. */
static void a_plan_is_measured_before_it_is_made(void **state) {
    (void)state;
    for (uint32_t i = 0; i < NETS; i++) {
        net n = grow_net(i, 4 + i % 16);
        base_err err;
        size_t bytes;
        CHECK_OK(eng_plan_measure(n.graph, BATCH, &bytes, &err));
        assert_int_equal(bytes, eng_plan_bytes(n.plan));
        assert_true(bytes < eng_plan_bytes_unshared(n.plan));
        CHECK_FAILS(eng_plan_measure(n.graph, 0, &bytes, &err), BASE_INVALID, "at least one sample");
        destroy(&n);
    }
}

/* a = dense(x), b = dense(a), s = a + b, y = dense(s), loss for 16 samples of 32 and 3. Forward 0..4, backward 5..9.
 *   a: 0 .. 8 (the second dense);  b and s in place: 1 .. 6;  y: 3 .. kept;  dy: 5 .. 6
 *   ds, and db in place on it: 6 .. 8;  da, first written by the sum: 7 .. 9;  what the second dense adds to it: 8 .. 8
 * At time 8 a, db, da and its second part live, and the second dense's workspace; dy lies where one of them will be. */
static void a_skip_takes_what_a_hand_count_says(void **state) {
    (void)state;
    net n = {.graph = eng_graph_create()};
    base_err err;
    eng_value a, b, end;
    n.x = eng_graph_input(n.graph, eng_shape_1d(IN), ENG_F32);
    CHECK_OK(eng_graph_add(n.graph, &eng_op_dense, &wide, NULL, &n.x, &a, &err));
    CHECK_OK(eng_graph_add(n.graph, &eng_op_dense, &wide, NULL, &a, &b, &err));
    CHECK_OK(eng_graph_add_many(n.graph, &eng_op_add, NULL, NULL, (eng_value[]){b, a}, 2, &b, &err));
    CHECK_OK(eng_graph_add(n.graph, &eng_op_dense, &narrow, NULL, &b, &n.output, &err));
    eng_graph_keep(n.graph, n.output);
    n.target = eng_graph_input(n.graph, eng_shape_1d(OUT), ENG_F32);
    CHECK_OK(
        eng_graph_add(n.graph, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){n.output, n.target}, &end, &err));
    CHECK_OK(eng_graph_params(n.graph, 3, &n.params, &err));
    CHECK_OK(eng_plan_create(n.graph, n.params, 16, eng_kernels_find(NULL), &n.plan, &err));
    size_t h = 16 * 32 * sizeof(float), y = 16 * 3 * sizeof(float);
    assert_int_equal(eng_plan_bytes(n.plan), 32 * 32 * sizeof(float) + 4 * h + y);
    destroy(&n);
}

/* Two inputs of their own width: loss and gradients are those of one input that holds both. */
static void inputs_may_be_several(void **state) {
    (void)state;
    base_err err;
    float both[BATCH * IN], target[BATCH * OUT], left[BATCH * 2], right[BATCH * 4];
    const layer chain[] = {{&eng_op_dense, &wide}, {&eng_op_tanh, NULL}, {&eng_op_dense, &narrow}};
    net one = make(chain, CHECK_COUNT(chain), BATCH), two = {.graph = eng_graph_create()};
    eng_value a = eng_graph_input(two.graph, eng_shape_1d(2), ENG_F32), at;
    eng_value b = eng_graph_input(two.graph, eng_shape_1d(4), ENG_F32), none;
    CHECK_OK(eng_graph_add_many(two.graph, &eng_op_concat, NULL, NULL, (eng_value[]){a, b}, 2, &at, &err));
    for (size_t i = 0; i < CHECK_COUNT(chain); i++)
        CHECK_OK(eng_graph_add(two.graph, chain[i].op, chain[i].config, NULL, &at, &at, &err));
    two.target = eng_graph_input(two.graph, eng_shape_1d(OUT), ENG_F32);
    CHECK_OK(
        eng_graph_add(two.graph, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){at, two.target}, &none, &err));
    CHECK_OK(eng_graph_params(two.graph, 3, &two.params, &err));
    CHECK_OK(eng_plan_create(two.graph, two.params, BATCH, eng_kernels_find(NULL), &two.plan, &err));
    assert_int_equal(eng_params_size(one.params), eng_params_size(two.params));
    memcpy(eng_params_values(two.params), eng_params_values(one.params), eng_params_size(one.params) * sizeof(float));
    bind(&one, both, target);
    for (size_t i = 0; i < BATCH; i++) {
        memcpy(left + 2 * i, both + IN * i, 2 * sizeof *left);
        memcpy(right + 4 * i, both + IN * i + 2, 4 * sizeof *right);
    }
    eng_plan_bind(two.plan, a, left);
    eng_plan_bind(two.plan, b, right);
    eng_plan_bind(two.plan, two.target, target);
    CHECK_SAME_DOUBLE(eng_plan_forward(two.plan, BATCH, true, 1, 0), eng_plan_forward(one.plan, BATCH, true, 1, 0));
    eng_plan_backward(one.plan);
    eng_plan_backward(two.plan);
    assert_memory_equal(eng_params_gradients(two.params), eng_params_gradients(one.params),
                        eng_params_size(one.params) * sizeof(float));
    destroy(&one);
    destroy(&two);
}

static void a_batch_needs_a_sample(void **state) {
    (void)state;
    net n = make(deep, CHECK_COUNT(deep), 1);
    base_err err;
    eng_plan *plan;
    CHECK_FAILS(eng_plan_create(n.graph, n.params, 0, eng_kernels_find(NULL), &plan, &err), BASE_INVALID,
                "at least one sample");
    static const size_t too_many[] = {(size_t)1 << 38, (size_t)1 << 50, SIZE_MAX};
    for (size_t i = 0; i < CHECK_COUNT(too_many); i++)
        CHECK_STATUS(eng_plan_create(n.graph, n.params, too_many[i], eng_kernels_find(NULL), &plan, &err), BASE_NOMEM);
    destroy(&n);
}

typedef struct diary {
    size_t seen[2];
    uint32_t last[2];
} diary;

static void write_down(void *self, const eng_node *node, bool backward) {
    diary *d = self;
    if (d->seen[backward] > 0) assert_true(backward ? node->index < d->last[1] : node->index > d->last[0]);
    d->last[backward] = node->index;
    d->seen[backward]++;
}

/* Forward every node in its order, backward in the opposite one; nothing after the watch has ended. */
static void a_watch_sees_every_node(void **state) {
    (void)state;
    net n = make(deep, CHECK_COUNT(deep), BATCH);
    float x[BATCH * IN], target[BATCH * OUT];
    bind(&n, x, target);
    diary d = {0};
    eng_plan_watch(n.plan, write_down, &d);
    eng_plan_forward(n.plan, BATCH, true, 11, 4);
    assert_int_equal(d.seen[0], CHECK_COUNT(deep) + 1); /* and the loss */
    assert_int_equal(d.seen[1], 0);
    eng_plan_backward(n.plan);
    assert_int_equal(d.seen[1], CHECK_COUNT(deep)); /* all but the first dropout: nobody wants the gradient of x */
    assert_int_equal(d.last[1], 1);
    eng_plan_watch(n.plan, NULL, NULL);
    eng_plan_forward(n.plan, BATCH, true, 11, 5);
    assert_int_equal(d.seen[0], CHECK_COUNT(deep) + 1);
    destroy(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_everything_through_shared_memory),
        cmocka_unit_test(old_contents_never_reach_a_result),
        cmocka_unit_test(passes_take_their_seed_and_step),
        cmocka_unit_test(memory_is_what_a_hand_count_says),
        cmocka_unit_test(gradients_take_turns),
        cmocka_unit_test(gradients_of_random_graphs),
        cmocka_unit_test(poison_never_reaches_a_branch),
        cmocka_unit_test(a_plan_is_measured_before_it_is_made),
        cmocka_unit_test(a_skip_takes_what_a_hand_count_says),
        cmocka_unit_test(inputs_may_be_several),
        cmocka_unit_test(a_batch_needs_a_sample),
        cmocka_unit_test(a_watch_sees_every_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

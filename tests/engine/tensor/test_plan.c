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
 * At time 5 all four are alive: nothing to share but the in-place pairs. */
static void memory_is_what_a_hand_count_says(void **state) {
    (void)state;
    const layer chain[] = {{&eng_op_dense, &wide}, {&eng_op_relu, NULL}, {&eng_op_dense, &narrow}};
    net n = make(chain, CHECK_COUNT(chain), 16);
    size_t h = 16 * 32 * sizeof(float), y = 16 * 3 * sizeof(float);
    assert_int_equal(eng_plan_bytes(n.plan), 2 * h + 2 * y);
    assert_int_equal(eng_plan_bytes_unshared(n.plan), 4 * h + 2 * y);
    assert_int_equal(eng_plan_batch(n.plan), 16);
    destroy(&n);
}

/* In a deep chain of equal layers gradients take two places however deep it is. */
static void gradients_take_turns(void **state) {
    (void)state;
    enum { DEPTH = 20 };
    static const eng_dense_config tanh_layer = {.width = 32, .epilogue = ENG_EPILOGUE_TANH};
    layer chain[DEPTH + 1];
    for (size_t i = 0; i < DEPTH; i++) chain[i] = (layer){&eng_op_dense, &tanh_layer};
    chain[DEPTH] = (layer){&eng_op_dense, &narrow};
    net n = make(chain, CHECK_COUNT(chain), 16);
    size_t h = 16 * 32 * sizeof(float), y = 16 * 3 * sizeof(float);
    assert_in_range(eng_plan_bytes(n.plan), DEPTH * h + y, (DEPTH + 2) * h + 2 * y);
    assert_int_equal(eng_plan_bytes_unshared(n.plan), 2 * DEPTH * h + 2 * y);
    destroy(&n);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_everything_through_shared_memory),
        cmocka_unit_test(old_contents_never_reach_a_result),
        cmocka_unit_test(passes_take_their_seed_and_step),
        cmocka_unit_test(memory_is_what_a_hand_count_says),
        cmocka_unit_test(gradients_take_turns),
        cmocka_unit_test(a_batch_needs_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

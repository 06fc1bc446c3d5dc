/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters of several nodes and of several graphs, ends that lead nowhere, losses of several kinds, and passes that
 * leave state alone. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/ops/ops.h"
#include "engine/optim/optimizer.h"
#include "engine/tensor/plan.h"

enum { IN = 6, BATCH = 5 };

typedef struct net {
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_value x, target, at;
    float data[BATCH * IN], want[BATCH * IN];
} net;

static net *begin(eng_graph *sharing) {
    net *n = base_calloc(1, sizeof *n);
    n->graph = sharing != NULL ? eng_graph_create_sharing(sharing) : eng_graph_create();
    n->at = n->x = eng_graph_input(n->graph, eng_shape_1d(IN), ENG_F32);
    double random[BATCH * IN];
    gradcheck_fill(1, 0.0, BATCH * IN, random);
    gradcheck_to_float(BATCH * IN, random, n->data);
    gradcheck_fill(2, 0.0, BATCH * IN, random);
    gradcheck_to_float(BATCH * IN, random, n->want);
    return n;
}

static void add(net *n, const eng_op *op, const void *config, const char *name, const char *params_of) {
    base_err err;
    CHECK_OK(eng_graph_add_tied(n->graph, op, config, name, params_of, &n->at, 1, &n->at, &err));
}

static void end(net *n) {
    base_err err;
    eng_value none;
    n->target = eng_graph_input(n->graph, eng_graph_value(n->graph, n->at)->shape, ENG_F32);
    CHECK_OK(
        eng_graph_add(n->graph, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){n->at, n->target}, &none, &err));
}

static void plan(net *n, eng_params *params) {
    base_err err;
    if (params == NULL) CHECK_OK(eng_graph_params(n->graph, 3, &n->params, &err));
    CHECK_OK(
        eng_plan_create(n->graph, params != NULL ? params : n->params, BATCH, eng_kernels_find(NULL), &n->plan, &err));
    eng_plan_bind(n->plan, n->x, n->data);
    eng_plan_bind(n->plan, n->target, n->want);
}

static void destroy(net *n) {
    eng_plan_destroy(n->plan);
    eng_params_destroy(n->params);
    eng_graph_destroy(n->graph);
    free(n);
}

static double loss_of(void *self) {
    return eng_plan_forward(((const net *)self)->plan, BATCH, true, 11, 4);
}

static const eng_dense_config square = {.width = IN, .epilogue = ENG_EPILOGUE_TANH};

/* A layer three times in a row, and batch normalization twice with the same scale. */
static net *recurrent(void) {
    net *n = begin(NULL);
    add(n, &eng_op_dense, &square, "step", NULL);
    add(n, &eng_op_batch_norm, NULL, "norm", NULL);
    add(n, &eng_op_dense, &square, "again", "step");
    add(n, &eng_op_dense, &square, "other", NULL);
    add(n, &eng_op_batch_norm, NULL, "norm2", "norm");
    add(n, &eng_op_dense, &square, "last", "step");
    end(n);
    plan(n, NULL);
    return n;
}

static void tied_gradients_are_sums(void **state) {
    (void)state;
    net *n = recurrent();
    assert_int_equal(eng_params_numbers(n->params), 2 * (IN * IN + IN) + 2 * IN);
    loss_of(n);
    for (size_t i = 0; i < eng_params_size(n->params); i++) eng_params_gradients(n->params)[i] = NAN;
    eng_plan_backward(n->plan);
    for (size_t i = 0; i < eng_params_count(n->params); i++) {
        const eng_param *param = eng_params_at(n->params, i);
        if ((param->flags & ENG_PARAM_STATE) != 0) continue;
        for (size_t k = 0; k < param->count; k++) {
            const double got = (double)eng_params_gradients(n->params)[param->offset + k];
            float *w = &eng_params_values(n->params)[param->offset + k];
            CHECK_NEAR(got, gradcheck_derivative_float(loss_of, n, w, 0.01), 5e-3 * (1.0 + fabs(got)));
        }
    }
    destroy(n);
}

/* Updated during backward, a tied parameter moves once, by its whole gradient, when nobody wants its old value. */
static void tied_parameters_move_once(void **state) {
    (void)state;
    net *whole = recurrent(), *parts = recurrent();
    const eng_optimizer_config config = eng_optimizer_momentum.defaults;
    eng_optimizer *a, *b;
    base_err err;
    CHECK_OK(eng_optimizer_create(&eng_optimizer_momentum, &config, whole->params, eng_kernels_find(NULL), &a, &err));
    CHECK_OK(eng_optimizer_create(&eng_optimizer_momentum, &config, parts->params, eng_kernels_find(NULL), &b, &err));
    for (size_t step = 0; step < 5; step++) {
        CHECK_SAME_DOUBLE(loss_of(parts), loss_of(whole));
        eng_plan_backward(whole->plan);
        eng_optimizer_step(a, 0.1);
        eng_plan_backward_update(parts->plan, eng_optimizer_begin(b, 0.1));
        for (size_t i = 0; i < eng_params_count(whole->params); i++) {
            const eng_param *param = eng_params_at(whole->params, i);
            assert_memory_equal(eng_params_values(whole->params) + param->offset,
                                eng_params_values(parts->params) + param->offset, param->count * sizeof(float));
        }
    }
    eng_optimizer_destroy(a);
    eng_optimizer_destroy(b);
    destroy(whole);
    destroy(parts);
}

/* A graph of part of another's layers: the same numbers as a graph of its own with the same weights; zero gradients for
 * what it lacks. */
static void graphs_share_parameters(void **state) {
    (void)state;
    net *large = begin(NULL), *alone = begin(NULL);
    add(large, &eng_op_dense, &square, "a", NULL);
    add(large, &eng_op_dense, &square, "b", NULL);
    add(large, &eng_op_dense, &square, "c", NULL);
    end(large);
    net *small = begin(large->graph);
    net *both[] = {small, alone};
    for (size_t i = 0; i < 2; i++) {
        add(both[i], &eng_op_dense, &square, "a", NULL);
        add(both[i], &eng_op_dense, &square, "c", NULL);
        end(both[i]);
    }
    plan(large, NULL);
    plan(small, large->params);
    plan(alone, NULL);
    const char *const names[] = {"a.weight", "a.bias", "c.weight", "c.bias"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        const eng_param *to = eng_params_find(alone->params, names[i]),
                        *from = eng_params_find(large->params, names[i]);
        memcpy(eng_params_values(alone->params) + to->offset, eng_params_values(large->params) + from->offset,
               to->count * sizeof(float));
    }
    loss_of(large);
    eng_plan_backward(large->plan); /* leaves gradients of b */
    CHECK_SAME_DOUBLE(loss_of(small), loss_of(alone));
    eng_plan_backward(small->plan);
    eng_plan_backward(alone->plan);
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        const eng_param *to = eng_params_find(alone->params, names[i]),
                        *from = eng_params_find(large->params, names[i]);
        assert_memory_equal(eng_params_gradients(alone->params) + to->offset,
                            eng_params_gradients(large->params) + from->offset, to->count * sizeof(float));
    }
    const eng_param *b = eng_params_find(large->params, "b.weight");
    for (size_t i = 0; i < b->count; i++) assert_true(eng_params_gradients(large->params)[b->offset + i] == 0.0f);
    destroy(small);
    destroy(alone);
    destroy(large);
}

static void count_nodes(void *self, const eng_node *node, bool backward) {
    (void)backward;
    size_t *count = self;
    (*count)++;
    assert_string_not_equal(node->name, "nowhere");
}

/* A branch that leads to no loss is not run; one that is kept is, without a backward. */
static void branches_that_lead_nowhere(void **state) {
    (void)state;
    net *n = begin(NULL), *plain = begin(NULL);
    base_err err;
    eng_value nowhere, kept;
    add(n, &eng_op_dense, &square, "a", NULL);
    add(plain, &eng_op_dense, &square, "a", NULL);
    CHECK_OK(eng_graph_add(n->graph, &eng_op_dense, &square, "nowhere", &n->at, &nowhere, &err));
    CHECK_OK(eng_graph_add(n->graph, &eng_op_tanh, NULL, "kept", &n->at, &kept, &err));
    eng_graph_keep(n->graph, kept);
    end(n);
    end(plain);
    plan(n, NULL);
    plan(plain, NULL);
    size_t count = 0;
    eng_plan_watch(n->plan, count_nodes, &count);
    CHECK_SAME_DOUBLE(loss_of(n), loss_of(plain));
    assert_int_equal(count, 3);
    eng_plan_backward(n->plan);
    assert_int_equal(count, 5);
    eng_plan_backward(plain->plan);
    const eng_param *w = eng_params_find(n->params, "a.weight");
    assert_memory_equal(eng_params_gradients(n->params) + w->offset, eng_params_gradients(plain->params) + w->offset,
                        w->count * sizeof(float));
    w = eng_params_find(n->params, "nowhere.weight");
    for (size_t i = 0; i < w->count; i++) assert_true(eng_params_gradients(n->params)[w->offset + i] == 0.0f);
    assert_true(isfinite(eng_plan_value(n->plan, kept)[0]));
    destroy(n);
    destroy(plain);
}

/* Forward as in training, running statistics as before. */
static void a_pass_may_keep_the_state(void **state) {
    (void)state;
    net *n = recurrent();
    const eng_param *mean = eng_params_find(n->params, "norm.mean");
    const float *now = eng_params_values(n->params) + mean->offset;
    float before[IN];
    memcpy(before, now, sizeof before);
    const eng_pass pass = {.n = BATCH, .training = true, .keep_state = true, .seed = 11, .step = 4};
    const double loss = eng_plan_run(n->plan, &pass);
    assert_memory_equal(now, before, sizeof before);
    CHECK_SAME_DOUBLE(loss_of(n), loss);
    assert_memory_not_equal(now, before, sizeof before);
    destroy(n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tied_gradients_are_sums),   cmocka_unit_test(tied_parameters_move_once),
        cmocka_unit_test(graphs_share_parameters),   cmocka_unit_test(branches_that_lead_nowhere),
        cmocka_unit_test(a_pass_may_keep_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

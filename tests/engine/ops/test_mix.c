/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weighted sums: against the published numbers of a mixed operation and against differences, with and without inputs,
 * on every instance of the kernels. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/ops/ops.h"
#include "engine/tensor/plan.h"

enum { IN = 5, WIDTH = 700, BRANCHES = 3, ROWS = 2, BATCH = 6 }; /* sums of more than one piece */

/* BRANCHES dense layers of x, mixed by row 1 of softmax(alpha), then a dense layer and a loss. */
typedef struct net {
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_value alphas, mixed;
    float x[BATCH * IN], target[BATCH];
} net;

static eng_value add(net *n, const eng_op *op, const void *config, const char *name, const eng_value *in,
                     size_t count) {
    base_err err;
    eng_value out;
    CHECK_OK(eng_graph_add_many(n->graph, op, config, name, in, count, &out, &err));
    return out;
}

static net *make_with(const eng_kernels *kernels, bool scalars) {
    net *n = base_calloc(1, sizeof *n);
    base_err err;
    n->graph = eng_graph_create();
    const eng_value x = eng_graph_input(n->graph, eng_shape_1d(IN), ENG_F32);
    const eng_value target = eng_graph_input(n->graph, eng_shape_1d(1), ENG_F32);
    eng_value in[BRANCHES + 1], end[2];
    for (size_t i = 0; i < BRANCHES; i++)
        in[i] = add(n, &eng_op_dense, &(eng_dense_config){.width = WIDTH}, NULL, &x, 1);
    eng_graph_set_group(n->graph, 1);
    const eng_parameter_config alphas = {.shape = eng_shape_2d(ROWS, BRANCHES + 1), .init = &eng_init_he_normal};
    n->alphas = add(n, &eng_op_parameter, &alphas, "alphas", NULL, 0);
    eng_graph_set_group(n->graph, 0);
    in[BRANCHES] = add(n, &eng_op_softmax, NULL, NULL, &n->alphas, 1);
    const eng_mix_config mix = {
        .row = 1, .scalars = scalars, .column = {0, 2, 3}}; /* column 1 is of an operation that yields zeros */
    n->mixed = end[0] = add(n, &eng_op_mix, &mix, NULL, in, BRANCHES + 1);
    end[0] = add(n, &eng_op_dense, &(eng_dense_config){.width = 1}, NULL, end, 1);
    end[1] = target;
    (void)add(n, &eng_op_mean_squared_error, NULL, NULL, end, 2);
    CHECK_OK(eng_graph_params(n->graph, 3, &n->params, &err));
    CHECK_OK(eng_plan_create(n->graph, n->params, BATCH, kernels, &n->plan, &err));
    double random[BATCH * IN];
    gradcheck_fill(1, 0.0, BATCH * IN, random);
    gradcheck_to_float(BATCH * IN, random, n->x);
    gradcheck_fill(2, 0.0, BATCH, random);
    gradcheck_to_float(BATCH, random, n->target);
    eng_plan_bind(n->plan, x, n->x);
    eng_plan_bind(n->plan, target, n->target);
    return n;
}

static net *make(const eng_kernels *kernels) {
    return make_with(kernels, false);
}

static void destroy(net *n) {
    eng_plan_destroy(n->plan);
    eng_params_destroy(n->params);
    eng_graph_destroy(n->graph);
    free(n);
}

static size_t mix_node(const net *n) {
    return eng_graph_value(n->graph, n->mixed)->producer;
}

static double loss_of(void *self) {
    const net *n = self;
    return eng_plan_forward(n->plan, BATCH, true, 1, 0);
}

static float *gradients_of(net *n, unsigned groups) {
    const size_t size = eng_params_size(n->params);
    float *got = base_calloc(size, sizeof *got);
    for (size_t i = 0; i < size; i++) eng_params_gradients(n->params)[i] = NAN;
    loss_of(n);
    eng_plan_backward_groups(n->plan, groups);
    memcpy(got, eng_params_gradients(n->params), size * sizeof *got);
    return got;
}

static void check_group(net *n, uint32_t group, const float *got) {
    for (size_t i = 0; i < eng_params_count(n->params); i++) {
        const eng_param *param = eng_params_at(n->params, i);
        if (param->group != group) continue;
        for (size_t k = 0; k < param->count; k += 1 + param->count / 50) {
            float *w = &eng_params_values(n->params)[param->offset + k];
            const double want = gradcheck_derivative_float(loss_of, n, w, 0.02);
            CHECK_NEAR((double)got[param->offset + k], want, 1e-3 * (1.0 + fabs(want)));
        }
    }
}

/* Every group alone has the bits of the pass that makes both, and those are the loss's differences. */
static void gradients_by_groups(void **state) {
    (void)state;
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        if (kernels == NULL) continue;
        net *n = make(kernels);
        float *both = gradients_of(n, 3);
        for (uint32_t g = 0; g < 2; g++) {
            check_group(n, g, both);
            float *one = gradients_of(n, 1u << g);
            const eng_param_range range = eng_params_group(n->params, g);
            for (size_t i = range.first; i < range.end; i++)
                if (isfinite(both[i])) CHECK_SAME_DOUBLE((double)one[i], (double)both[i]); /* not the padding */
            free(one);
        }
        free(both);
        destroy(n);
    }
}

/* A branch that is left out: its layer is not run, its weights have zero gradients, the others those of the loss. */
static void inputs_may_be_left_out(void **state) {
    (void)state;
    net *n = make(eng_kernels_find(NULL));
    for (size_t masked = 0; masked < BRANCHES; masked++) {
        for (size_t i = 0; i < BRANCHES; i++) eng_plan_mask(n->plan, mix_node(n), i, i == masked);
        float *both = gradients_of(n, 3);
        for (uint32_t g = 0; g < 2; g++) check_group(n, g, both);
        char weight[32];
        snprintf(weight, sizeof weight, "dense%zu.weight", masked);
        const eng_param *param = eng_params_find(n->params, weight);
        float *w = eng_params_values(n->params) + param->offset, before = *w;
        *w = NAN; /* would show */
        assert_true(isfinite(loss_of(n)));
        *w = before;
        for (size_t k = 0; k < param->count; k++) assert_true(both[param->offset + k] == 0.0f);
        free(both);
    }
    for (size_t i = 0; i < BRANCHES; i++) eng_plan_mask(n->plan, mix_node(n), i, true);
    free(gradients_of(n, 3));
    for (size_t i = 0; i < BRANCHES; i++) eng_plan_mask(n->plan, mix_node(n), i, false);
    float *again = gradients_of(n, 3);
    net *fresh = make(eng_kernels_find(NULL));
    float *want = gradients_of(fresh, 3);
    for (size_t i = 0; i < eng_params_count(n->params); i++) {
        const eng_param *param = eng_params_at(n->params, i);
        assert_memory_equal(again + param->offset, want + param->offset, param->count * sizeof *want);
    }
    free(again);
    free(want);
    destroy(fresh);
    destroy(n);
}

/* DARTS's mixed operation on scalars: alpha (.2, -.1, .4), branches (1, 2, -1): p = (.3375..), L = sum p f, dL/dalpha_j
 * = p_j (f_j - L). */
static void a_mixed_operation_of_scalars(void **state) {
    (void)state;
    static const float alpha[3] = {0.2f, -0.1f, 0.4f}, branches[3] = {1.0f, 2.0f, -1.0f};
    static const double want[3] = {0.19396412, 0.39378093, -0.58774506};
    eng_graph *graph = eng_graph_create();
    base_err err;
    eng_value in[4], end[2], none;
    for (size_t i = 0; i < 3; i++) in[i] = eng_graph_input(graph, eng_shape_1d(1), ENG_F32);
    CHECK_OK(eng_graph_add_many(graph, &eng_op_parameter, &(eng_parameter_config){.shape = eng_shape_2d(1, 3)}, "alpha",
                                NULL, 0, &in[3], &err));
    CHECK_OK(eng_graph_add(graph, &eng_op_softmax, NULL, NULL, &in[3], &in[3], &err));
    CHECK_OK(
        eng_graph_add_many(graph, &eng_op_mix, &(eng_mix_config){.column = {0, 1, 2}}, NULL, in, 4, &end[0], &err));
    eng_graph_keep(graph, end[0]);
    end[1] = eng_graph_input(graph, eng_shape_1d(1), ENG_F32);
    CHECK_OK(eng_graph_add(graph, &eng_op_mean_squared_error, NULL, NULL, end, &none, &err));
    eng_params *params;
    eng_plan *plan;
    CHECK_OK(eng_graph_params(graph, 1, &params, &err));
    CHECK_OK(eng_plan_create(graph, params, 1, eng_kernels_find(NULL), &plan, &err));
    memcpy(eng_params_values(params), alpha, sizeof alpha);
    for (size_t i = 0; i < 3; i++) eng_plan_bind(plan, in[i], &branches[i]);
    float target = 0.0f;
    eng_plan_bind(plan, end[1], &target);
    const double loss = eng_plan_forward(plan, 1, true, 1, 0);
    const double value = (double)eng_plan_value(plan, end[0])[0];
    CHECK_NEAR(value, 0.42543541, 1e-7);
    eng_plan_backward(plan);
    /* The loss is a multiple of the square: by the chain rule dloss/dvalue = 2 loss / value. */
    for (size_t i = 0; i < 3; i++)
        CHECK_NEAR((double)eng_params_gradients(params)[i], 2.0 * loss / value * want[i], 1e-6);
    eng_plan_destroy(plan);
    eng_params_destroy(params);
    eng_graph_destroy(graph);
}

/* y = w_1 x_1 with w = (0, 0, 1, 0), two inputs left out and column 1 without one. With scalars every weight that is 0
 * has the slope of a number that is added to y; the loss is linear in y, so that one difference is exact. Inputs that
 * are there, and all without scalars, keep their slopes. */
static void check_scalars(bool scalars, double *by_weights) {
    static const float x[2][4] = {{1, -2, 3, .5f}, {2, 0, 1, 1}}, weights[4] = {0, 0, 1, 0}, slope[4] = {.5f, 1, -2, 4};
    eng_graph *graph = eng_graph_create();
    base_err err;
    eng_params *params;
    eng_plan *plan;
    eng_value in[BRANCHES + 1], end[2], none;
    const eng_value data = eng_graph_input(graph, eng_shape_1d(4), ENG_F32);
    for (size_t i = 0; i < BRANCHES; i++)
        CHECK_OK(eng_graph_add(graph, &eng_op_linear, NULL, NULL, &data, &in[i], &err));
    const eng_parameter_config table = {.shape = eng_shape_2d(1, 4), .init = &eng_init_he_normal};
    CHECK_OK(eng_graph_add_many(graph, &eng_op_parameter, &table, "w", NULL, 0, &in[BRANCHES], &err));
    const eng_mix_config mix = {.scalars = scalars, .column = {0, 2, 3}};
    CHECK_OK(eng_graph_add_many(graph, &eng_op_mix, &mix, NULL, in, BRANCHES + 1, &end[0], &err));
    const size_t node = eng_graph_value(graph, end[0])->producer;
    CHECK_OK(eng_graph_add(graph, &eng_op_dense, &(eng_dense_config){.width = 1}, "out", &end[0], &end[0], &err));
    end[1] = eng_graph_input(graph, eng_shape_1d(1), ENG_F32);
    CHECK_OK(eng_graph_add(graph, &eng_op_mean_squared_error, NULL, NULL, end, &none, &err));
    CHECK_OK(eng_graph_params(graph, 1, &params, &err));
    CHECK_OK(eng_plan_create(graph, params, 2, eng_kernels_find(NULL), &plan, &err));
    memcpy(eng_params_values(params) + eng_params_find(params, "w.value")->offset, weights, sizeof weights);
    memcpy(eng_params_values(params) + eng_params_find(params, "out.weight")->offset, slope, sizeof slope);
    const float target[2] = {0};
    eng_plan_bind(plan, data, x);
    eng_plan_bind(plan, end[1], target);
    eng_plan_mask(plan, node, 0, true);
    eng_plan_mask(plan, node, 2, true);
    (void)eng_plan_forward(plan, 2, true, 1, 0);
    eng_plan_backward(plan);
    for (size_t k = 0; k < 4; k++)
        by_weights[k] = (double)eng_params_gradients(params)[eng_params_find(params, "w.value")->offset + k];
    eng_plan_destroy(plan);
    eng_params_destroy(params);
    eng_graph_destroy(graph);
}

static void what_is_left_out_may_enter_as_its_weight(void **state) {
    (void)state;
    double plain[4], scalars[4];
    check_scalars(false, plain);
    check_scalars(true, scalars);
    /* Outputs -5.5 and 3, so that dL/dout_i = 2 out_i / 2 and dL/dy_i = out_i slope; the slopes add up to 3.5. */
    static const double want_plain[4] = {0, 0, 5.5 * 5.5 + 3 * 3, 0};
    static const double want_scalars[4] = {-8.75, -8.75, 5.5 * 5.5 + 3 * 3, -8.75};
    CHECK_ARRAY_NEAR(plain, want_plain, 4, 1e-5);
    CHECK_ARRAY_NEAR(scalars, want_scalars, 4, 1e-5);
}

static void tables_that_do_not_fit_are_refused(void **state) {
    (void)state;
    eng_graph *graph = eng_graph_create();
    base_err err;
    const eng_value x = eng_graph_input(graph, eng_shape_1d(4), ENG_F32),
                    y = eng_graph_input(graph, eng_shape_1d(5), ENG_F32);
    const eng_value w = eng_graph_input_single(graph, eng_shape_2d(2, 3), ENG_F32);
    eng_value out;
    const eng_mix_config row = {.row = 2}, column = {.column = {0, 3}}, good = {.column = {0, 1}};
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_mix, &row, NULL, (eng_value[]){x, w}, 2, &out, &err), BASE_INVALID,
                "no row 2 but 2");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_mix, &column, NULL, (eng_value[]){x, x, w}, 3, &out, &err),
                BASE_INVALID, "no column 3 but 3");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_mix, &good, NULL, (eng_value[]){x, y, w}, 3, &out, &err),
                BASE_INVALID, "candidate 2 has another shape");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_mix, &good, NULL, (eng_value[]){x, x, x}, 3, &out, &err),
                BASE_INVALID, "one table");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_add, NULL, NULL, (eng_value[]){x, w}, 2, &out, &err), BASE_INVALID,
                "not both");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_parameter, &(eng_parameter_config){.shape = eng_shape_1d(0)}, NULL,
                                   NULL, 0, &out, &err),
                BASE_INVALID, "at least one number");
    eng_graph_destroy(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_by_groups),
        cmocka_unit_test(inputs_may_be_left_out),
        cmocka_unit_test(a_mixed_operation_of_scalars),
        cmocka_unit_test(what_is_left_out_may_enter_as_its_weight),
        cmocka_unit_test(tables_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

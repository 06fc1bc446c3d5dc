/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the general test of ops cannot see of batch normalization: running statistics, evaluation, numbers far from
 * zero, and a network with everything in it, planned, against differences of its own loss. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/ops/ops.h"
#include "engine/tensor/plan.h"
#include "engine/tensor/tiles.h"

typedef void kernels_check(const eng_kernels *kernels);

static void on_every_instance(kernels_check *check) {
    for (const char *const *name = eng_kernels_names; *name != NULL; name++)
        if (eng_kernels_find(*name) != NULL) check(eng_kernels_find(*name));
}

/* Columns with means up to 10^4 and deviations down to 10^-2: float's E[x^2] - m^2 has no digit left there. */
static void check_moments(const eng_kernels *k) {
    static const size_t rows[] = {1, 2, 63, 64, 65, 1000}, cols[] = {1, 3, 16, 21, 53};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        for (size_t j = 0; j < CHECK_COUNT(cols); j++) {
            size_t n = rows[i], m = cols[j];
            double *x = calloc(n * m, sizeof *x);
            float *fx = calloc(n * m, sizeof *fx), mean[64], variance[64];
            gradcheck_fill(7, 0.0, n * m, x);
            for (size_t e = 0; e < n * m; e++)
                x[e] = x[e] * pow(10.0, (double)(e % m % 3) - 2.0) + 1e4 * (double)(e % m % 2);
            gradcheck_round(n * m, x);
            gradcheck_to_float(n * m, x, fx);
            mean[m] = variance[m] = -7.0f;
            k->tiles->moments(n, m, fx, mean, variance);
            for (size_t c = 0; c < m; c++) {
                double sum = 0.0, squares = 0.0;
                for (size_t r = 0; r < n; r++) sum += x[r * m + c] / (double)n;
                for (size_t r = 0; r < n; r++) squares += pow(x[r * m + c] - sum, 2.0) / (double)n;
                CHECK_CLOSE((double)mean[c], sum, 1e-6 + 1e-6 / fmax(fabs(sum), 1e-6));
                CHECK_NEAR((double)variance[c], squares, 1e-5 * squares + 1e-6 * fabs(sum) * 1e-2);
            }
            assert_true(mean[m] == -7.0f && variance[m] == -7.0f);
            fx[n * m - 1] = NAN;
            k->tiles->moments(n, m, fx, mean, variance);
            assert_true(isnan(mean[m - 1]) && isnan(variance[m - 1]));
            free(x), free(fx);
        }
}

static void moments_are_stable(void **state) {
    (void)state;
    on_every_instance(check_moments);
}

enum { MOST_ROWS = 150, MOST_COLS = 37 };

/* All passes over one array, against their definitions (tiles.h) in double precision. */
static void check_passes_of(const eng_kernels *k, size_t rows, size_t cols, bool relu) {
    enum { MOST = MOST_ROWS * MOST_COLS };
    static double x[MOST], dy[MOST], column[3][MOST_COLS];
    static float fx[MOST], fy[MOST], fdy[MOST], fcolumn[3][MOST_COLS], sum[MOST_COLS], sum_x[MOST_COLS];
    gradcheck_fill(3, 0.0, rows * cols, x);
    gradcheck_fill(4, 0.0, rows * cols, dy);
    gradcheck_to_float(rows * cols, x, fx);
    gradcheck_to_float(rows * cols, dy, fdy);
    for (size_t i = 0; i < 3; i++) {
        gradcheck_fill(5 + (uint32_t)i, 0.0, cols, column[i]);
        gradcheck_to_float(cols, column[i], fcolumn[i]);
    }
    eng_norm_job job = {.rows = rows,
                        .cols = cols,
                        .x = fx,
                        .mean = fcolumn[0],
                        .scale = fcolumn[1],
                        .shift = fcolumn[2],
                        .y = fy,
                        .dy = fdy,
                        .sum = sum,
                        .sum_x = sum_x,
                        .relu = relu};
    k->tiles->normalize(&job);
    k->tiles->norm_sums(&job);
    double want[MOST_COLS] = {0}, want_x[MOST_COLS] = {0};
    for (size_t i = 0; i < rows * cols; i++) {
        const size_t c = i % cols;
        const double centred = x[i] - column[0][c], y = centred * column[1][c] + column[2][c];
        CHECK_NEAR((double)fy[i], relu ? fmax(y, 0.0) : y, 1e-6 * (1.0 + fabs(y)));
        if (relu && y <= 0.0) dy[i] = 0.0;
        want[c] += dy[i];
        want_x[c] += dy[i] * centred;
    }
    for (size_t c = 0; c < cols; c++) {
        CHECK_NEAR((double)sum[c], want[c], 1e-6 * (double)rows);
        CHECK_NEAR((double)sum_x[c], want_x[c], 1e-6 * (double)rows);
        sum[c] /= (float)rows;
        sum_x[c] /= (float)rows;
    }
    job.dx = fdy;
    k->tiles->norm_grad(&job);
    for (size_t i = 0; i < rows * cols; i++) {
        const size_t c = i % cols;
        const double slope = want_x[c] / (double)rows * (x[i] - column[0][c]);
        CHECK_NEAR((double)fdy[i], column[1][c] * (dy[i] - want[c] / (double)rows - slope), 3e-6);
    }
}

static void check_passes(const eng_kernels *k) {
    static const size_t rows[] = {1, 63, 64, 65, MOST_ROWS}, cols[] = {1, 2, 3, 4, 8, 16, 21, MOST_COLS};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        for (size_t j = 0; j < CHECK_COUNT(cols); j++) {
            check_passes_of(k, rows[i], cols[j], false);
            check_passes_of(k, rows[i], cols[j], true);
        }
}

static void passes_do_what_they_say(void **state) {
    (void)state;
    on_every_instance(check_passes);
}

/* Rows that are read several at once have the bits that each has alone. */
static void check_rows_of(const eng_kernels *k, size_t rows, size_t cols, bool relu) {
    enum { MOST = 37 * 32 };
    static float x[MOST], dy[MOST], column[5][32], whole[2][MOST], alone[2][MOST];
    double random[MOST];
    gradcheck_fill(3, 0.0, rows * cols, random);
    gradcheck_to_float(rows * cols, random, x);
    gradcheck_fill(4, 0.0, rows * cols, random);
    gradcheck_to_float(rows * cols, random, dy);
    for (uint32_t i = 0; i < 5; i++) {
        gradcheck_fill(5 + i, 0.0, cols, random);
        gradcheck_to_float(cols, random, column[i]);
    }
    eng_norm_job job = {.rows = rows,
                        .cols = cols,
                        .x = x,
                        .mean = column[0],
                        .scale = column[1],
                        .shift = column[2],
                        .sum = column[3],
                        .sum_x = column[4],
                        .y = whole[0],
                        .dy = dy,
                        .dx = whole[1],
                        .relu = relu};
    k->tiles->normalize(&job);
    k->tiles->norm_grad(&job);
    job.rows = 1;
    for (size_t r = 0; r < rows; r++) {
        job.x = x + r * cols, job.dy = dy + r * cols;
        job.y = alone[0] + r * cols, job.dx = alone[1] + r * cols;
        k->tiles->normalize(&job);
        k->tiles->norm_grad(&job);
    }
    for (size_t i = 0; i < 2; i++) assert_memory_equal(whole[i], alone[i], rows * cols * sizeof(float));
}

static void check_rows(const eng_kernels *k) {
    for (size_t cols = 1; cols <= 32; cols++)
        for (size_t rows = 1; rows <= 37; rows += 4) {
            check_rows_of(k, rows, cols, false);
            check_rows_of(k, rows, cols, true);
        }
}

static void short_rows_have_the_bits_of_rows_alone(void **state) {
    (void)state;
    on_every_instance(check_rows);
}

typedef struct network {
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_value x, target, out;
} network;

static eng_value add(network *net, const eng_op *op, const void *config, eng_value in) {
    base_err err;
    eng_value out;
    CHECK_OK(eng_graph_add(net->graph, op, config, NULL, &in, &out, &err));
    return out;
}

static void finish(network *net, eng_value logits, size_t batch, const eng_kernels *k) {
    base_err err;
    eng_value none;
    net->out = logits;
    net->target = eng_graph_input(net->graph, eng_shape_1d(1), ENG_I32);
    CHECK_OK(
        eng_graph_add(net->graph, &eng_op_cross_entropy, NULL, NULL, (eng_value[]){logits, net->target}, &none, &err));
    eng_graph_keep(net->graph, logits);
    CHECK_OK(eng_graph_params(net->graph, 3, &net->params, &err));
    CHECK_OK(eng_plan_create(net->graph, net->params, batch, k, &net->plan, &err));
}

static void network_destroy(network *net) {
    eng_plan_destroy(net->plan);
    eng_params_destroy(net->params);
    eng_graph_destroy(net->graph);
}

static float *value_of(const network *net, const char *name) {
    const eng_param *p = eng_params_find(net->params, name);
    assert_non_null(p);
    return eng_params_values(net->params) + p->offset;
}

static void check_running(const eng_kernels *k) {
    network net = {.graph = eng_graph_create()};
    net.x = eng_graph_input(net.graph, eng_shape_1d(3), ENG_F32);
    const eng_batch_norm_config config = {.momentum = 0.25};
    finish(&net, add(&net, &eng_op_batch_norm, &config, net.x), 4, k);
    const float x[12] = {1, 10, -1, 2, 20, -1, 3, 30, -1, 6, 40, -1};
    const int32_t labels[4] = {0, 1, 2, 0};
    eng_plan_bind(net.plan, net.x, x);
    eng_plan_bind(net.plan, net.target, labels);
    eng_plan_forward(net.plan, 4, true, 1, 0);
    const float *mean = value_of(&net, "batch-norm0.mean"), *variance = value_of(&net, "batch-norm0.variance");
    CHECK_NEAR((double)mean[0], 0.25 * 3.0, 1e-6);
    CHECK_NEAR((double)mean[1], 0.25 * 25.0, 1e-5);
    CHECK_NEAR((double)variance[0], 0.75 + 0.25 * 14.0 / 3.0, 1e-6); /* unbiased */
    CHECK_NEAR((double)variance[2], 0.75, 1e-6);
    eng_plan_backward(net.plan);
    for (size_t i = eng_params_trained(net.params); i < eng_params_size(net.params); i++)
        assert_true(eng_params_gradients(net.params)[i] == 0.0f);
    float before[2] = {mean[0], variance[0]};
    eng_plan_forward(net.plan, 1, false, 1, 0); /* one sample: its own variance would be zero */
    CHECK_NEAR((double)eng_plan_value(net.plan, net.out)[0], (1.0 - (double)mean[0]) / sqrt((double)variance[0] + 1e-5),
               1e-6);
    assert_true(before[0] == mean[0] && before[1] == variance[0]);
    network_destroy(&net);
}

static void running_statistics_follow_and_serve(void **state) {
    (void)state;
    on_every_instance(check_running);
}

enum { BATCH = 6, SIDE = 9, CLASSES = 3 };

/* One of everything. */
static network image_network(const eng_kernels *k) {
    network net = {.graph = eng_graph_create()};
    net.x = eng_graph_input(net.graph, eng_shape_3d(SIDE, SIDE, 2), ENG_F32);
    const eng_conv2d_config first = {.filters = 6, .kernel = {3}, .same = true, .no_bias = true};
    const eng_batch_norm_config norm = {.relu = false};
    const eng_pool_config pool = {.window = {3}, .stride = {2}, .padding = {1, 1}};
    const eng_conv2d_config depth = {.filters = 6, .kernel = {3}, .same = true, .groups = 6, .dilation = {2}};
    const eng_conv2d_config point = {.filters = 10, .kernel = {1}, .epilogue = ENG_EPILOGUE_TANH};
    const eng_conv2d_transposed_config up = {.filters = 5, .kernel = {2}, .stride = {2}};
    const eng_dense_config head = {.width = CLASSES};
    eng_value v = add(&net, &eng_op_conv2d, &first, net.x);
    v = add(&net, &eng_op_batch_norm, &norm, v);
    v = add(&net, &eng_op_mean_pool, &pool, v);
    v = add(&net, &eng_op_conv2d, &depth, v);
    v = add(&net, &eng_op_conv2d, &point, v);
    v = add(&net, &eng_op_conv2d_transposed, &up, v);
    v = add(&net, &eng_op_layer_norm, NULL, v);
    v = add(&net, &eng_op_global_mean_pool, NULL, v);
    finish(&net, add(&net, &eng_op_dense, &head, v), BATCH, k);
    return net;
}

typedef struct loss_of {
    network *net;
} loss_of;

static double loss(void *self) {
    return eng_plan_forward(((loss_of *)self)->net->plan, BATCH, true, 1, 0);
}

static void check_network(const eng_kernels *k) {
    network net = image_network(k);
    static double random[BATCH * SIDE * SIDE * 2];
    static float x[BATCH * SIDE * SIDE * 2];
    gradcheck_fill(11, 0.0, CHECK_COUNT(random), random);
    gradcheck_to_float(CHECK_COUNT(random), random, x);
    const int32_t labels[BATCH] = {0, 1, 2, 2, 1, 0};
    eng_plan_bind(net.plan, net.x, x);
    eng_plan_bind(net.plan, net.target, labels);
    loss_of self = {&net};
    loss(&self);
    eng_plan_backward(net.plan);
    size_t size = eng_params_trained(net.params);
    float *got = calloc(size, sizeof *got), *w = eng_params_values(net.params);
    memcpy(got, eng_params_gradients(net.params), size * sizeof *got);
    double worst = 0.0, largest = 0.0;
    for (size_t i = 0; i < size; i += 7) { /* padding has no gradient, and none by differences */
        double want = gradcheck_derivative_float(loss, &self, &w[i], 1e-2);
        worst = fmax(worst, fabs((double)got[i] - want));
        largest = fmax(largest, fabs(want));
    }
    assert_true(largest > 0.01);
    if (!(worst < 2e-3 * largest)) print_error("%s: off by %g of %g\n", k->name, worst, largest);
    assert_true(worst < 2e-3 * largest);
    /* The same inputs give the same bits. */
    loss(&self);
    eng_plan_backward(net.plan);
    assert_memory_equal(got, eng_params_gradients(net.params), size * sizeof *got);
    free(got);
    network_destroy(&net);
}

static void a_planned_network_has_its_gradient(void **state) {
    (void)state;
    on_every_instance(check_network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_stable),
        cmocka_unit_test(passes_do_what_they_say),
        cmocka_unit_test(short_rows_have_the_bits_of_rows_alone),
        cmocka_unit_test(running_statistics_follow_and_serve),
        cmocka_unit_test(a_planned_network_has_its_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

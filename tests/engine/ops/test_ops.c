/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every op of the registry, on every instance of the kernels, in many shapes: forward against a naive reference in
 * double, backward against differences of that reference; in place as apart; NaN in, NaN out. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/tensor/graph.h"
#include "tests/engine/ops/op_reference.h"
#include "tests/support/op_cases.h"

static const struct { size_t n, in; } shapes[] = {{1, 1}, {1, 7}, {2, 3}, {5, 16}, {7, 25}, {17, 10}, {18, 21}};

/* A case in a shape with everything it needs, in double for the reference and in float for the op. */
typedef struct bench {
    const op_case *what;
    eng_graph *graph;
    const eng_node *node;
    size_t n, in, out;
    op_problem problem;
    op_reference *reference;
    double *weight; /* of each output in the scalar that is differentiated */
    double *dx, *dw[ENG_OP_MAX_PARAMS];
    size_t param_count[ENG_OP_MAX_PARAMS];
    int32_t labels[64];
    float *x, *target, *w[ENG_OP_MAX_PARAMS];
} bench;

static bool is_loss(const bench *b) {
    return (b->node->traits & ENG_IS_LOSS) != 0;
}

static double *doubles(size_t count) {
    return base_calloc(count + 1, sizeof(double));
}

static float *floats(size_t count) {
    void *memory;
    base_err err;
    CHECK_OK(eng_alloc((count + 16) * sizeof(float), &memory, &err));
    return memory;
}

static float *float_copy(size_t count, const double *from) {
    float *to = floats(count);
    gradcheck_to_float(count, from, to);
    return to;
}

static bench *bench_create(const op_case *what, size_t n, size_t width) {
    bench *b = base_calloc(1, sizeof *b);
    const eng_shape shape = what->image.ndim > 0 ? what->image : eng_shape_1d(width);
    const size_t in = eng_shape_count(&shape);
    b->what = what;
    b->graph = op_case_graph(what, shape);
    b->node = eng_graph_node(b->graph, 0);
    b->n = n;
    b->in = in;
    b->out = is_loss(b) ? 1 : n * eng_shape_count(&b->node->out_shape);
    b->reference = op_reference_of(what->op);
    assert_non_null(b->reference);
    b->problem = (op_problem){.node = b->node, .n = n, .x = doubles(n * in), .y = doubles(b->out), .labels = b->labels};
    gradcheck_fill(1, 0.01, n * in, b->problem.x);
    b->x = float_copy(n * in, b->problem.x);
    double *values = doubles(n * in);
    gradcheck_fill(2, 0.0, n * in, values);
    if (what->op == &eng_op_binary_cross_entropy)
        for (size_t i = 0; i < n * in; i++) values[i] = (double)(float)(1.0 / (1.0 + exp(-values[i])));
    b->problem.values = values;
    b->target = float_copy(n * in, values);
    for (size_t r = 0; r < n; r++) b->labels[r] = (int32_t)((r * 7 + 3) % in);
    b->weight = doubles(b->out);
    gradcheck_fill(3, 0.0, b->out, b->weight);
    if (is_loss(b)) b->weight[0] = 1.0;
    for (size_t p = 0; p < b->node->params; p++) {
        b->param_count[p] = eng_shape_count(&b->node->param[p].shape);
        b->problem.w[p] = doubles(b->param_count[p]);
        gradcheck_fill(4 + (uint32_t)p, 0.05, b->param_count[p], b->problem.w[p]);
        b->w[p] = float_copy(b->param_count[p], b->problem.w[p]);
    }
    return b;
}

static void bench_destroy(bench *b) {
    for (size_t p = 0; p < b->node->params; p++) {
        free(b->problem.w[p]);
        free(b->dw[p]);
        eng_free(b->w[p]);
    }
    free(b->problem.x);
    free(b->problem.y);
    free((void *)(uintptr_t)b->problem.values);
    free(b->weight);
    free(b->dx);
    eng_free(b->x);
    eng_free(b->target);
    eng_graph_destroy(b->graph);
    free(b);
}

static double weighted(void *self) {
    bench *b = self;
    double sum = 0.0;
    b->reference(&b->problem);
    for (size_t i = 0; i < b->out; i++) sum += b->weight[i] * b->problem.y[i];
    return sum;
}

/* The gradients by differences, once for all instances; the reference's y is left at the point itself. */
static void differentiate(bench *b) {
    if (b->dx != NULL) return;
    b->dx = doubles(b->n * b->in);
    for (size_t i = 0; i < b->n * b->in; i++) b->dx[i] = gradcheck_derivative(weighted, b, &b->problem.x[i], 1e-4);
    for (size_t p = 0; p < b->node->params; p++) {
        b->dw[p] = doubles(b->param_count[p]);
        if ((b->node->param[p].flags & ENG_PARAM_STATE) != 0) continue;
        for (size_t i = 0; i < b->param_count[p]; i++)
            b->dw[p][i] = gradcheck_derivative(weighted, b, &b->problem.w[p][i], 1e-4);
    }
    weighted(b);
}

/* The op's buffers, filled with NaN: whatever is not overwritten shows. */
typedef struct buffers {
    eng_call call;
    eng_run run;
} buffers;

static float *poisoned(size_t count) {
    float *memory = floats(count);
    for (size_t i = 0; i < count + 16; i++) memory[i] = NAN;
    return memory;
}

static buffers buffers_create(const bench *b, const eng_kernels *kernels, bool in_place) {
    buffers f = {.call = {.node = b->node, .out_count = eng_shape_count(&b->node->out_shape)},
                 .run = {.n = b->n, .training = true, .seed = 5, .step = 9, .k = kernels}};
    f.call.in_count[0] = b->in;
    f.call.in_count[1] = b->in;
    float *x = floats(b->n * b->in);
    memcpy(x, b->x, b->n * b->in * sizeof *x);
    f.call.x[0] = x;
    if (b->what->op == &eng_op_cross_entropy)
        f.call.x[1] = b->labels;
    else
        f.call.x[1] = b->target;
    f.call.y = in_place ? x : poisoned(b->out);
    f.call.dy = floats(b->out);
    gradcheck_to_float(b->out, b->weight, f.call.dy);
    f.call.dx[0] = in_place ? f.call.dy : poisoned(b->n * b->in);
    for (size_t p = 0; p < b->node->params; p++) {
        f.call.w[p] = b->w[p];
        f.call.dw[p] = poisoned(b->param_count[p]);
        if ((b->node->param[p].flags & ENG_PARAM_STATE) != 0) f.call.state[p] = b->w[p];
    }
    size_t saved = b->node->op->saved != NULL ? b->node->op->saved(b->node, b->n) : 0;
    f.call.saved = poisoned(saved / sizeof(float) + 1);
    size_t workspace = b->node->op->workspace != NULL ? b->node->op->workspace(b->node, b->n) : 0;
    f.call.workspace = poisoned(workspace / sizeof(float) + 1);
    return f;
}

static void buffers_destroy(buffers *f) {
    if (f->call.y != f->call.x[0]) eng_free(f->call.y);
    if (f->call.dx[0] != f->call.dy) eng_free(f->call.dx[0]);
    eng_free((void *)(uintptr_t)f->call.x[0]);
    eng_free(f->call.dy);
    eng_free(f->call.saved);
    eng_free(f->call.workspace);
    for (size_t p = 0; p < f->call.node->params; p++) eng_free(f->call.dw[p]);
}

static void check_against_reference(bench *b, const eng_kernels *kernels) {
    buffers f = buffers_create(b, kernels, false);
    const eng_op *op = b->what->op;
    char what[128];
    op->forward(&f.call, &f.run);
    b->problem.keep = f.call.saved;
    differentiate(b);
    snprintf(what, sizeof what, "%s, %s, n %zu, in %zu: y", b->what->name, kernels->name, b->n, b->in);
    if (is_loss(b))
        CHECK_CLOSE(f.run.loss, b->problem.y[0], 2e-6);
    else
        gradcheck_near(what, b->out, f.call.y, b->problem.y, b->what->tolerance);
    op->backward(&f.call, &f.run);
    snprintf(what, sizeof what, "%s, %s, n %zu, in %zu: dx", b->what->name, kernels->name, b->n, b->in);
    gradcheck_near(what, b->n * b->in, f.call.dx[0], b->dx, fmax(b->what->tolerance, 1e-7));
    for (size_t p = 0; p < b->node->params; p++) {
        snprintf(what, sizeof what, "%s, %s, n %zu, in %zu: dw%zu", b->what->name, kernels->name, b->n, b->in, p);
        if ((b->node->param[p].flags & ENG_PARAM_STATE) != 0) continue;
        gradcheck_near(what, b->param_count[p], f.call.dw[p], b->dw[p], b->what->tolerance);
    }
    for (size_t i = 0; i < 16; i++) { /* nothing is written behind the end */
        assert_true(isnan(f.call.dx[0][b->n * b->in + i]));
        assert_true(isnan(f.call.y[b->out + i]));
    }
    buffers_destroy(&f);
}

static void check_in_place(const bench *b, const eng_kernels *kernels) {
    const unsigned both = ENG_INPLACE_FORWARD | ENG_INPLACE_BACKWARD;
    if ((b->node->traits & both) != both || (b->node->traits & ENG_READS_X) != 0) return;
    buffers apart = buffers_create(b, kernels, false), place = buffers_create(b, kernels, true);
    buffers *each[] = {&apart, &place};
    for (size_t i = 0; i < 2; i++) {
        b->what->op->forward(&each[i]->call, &each[i]->run);
        b->what->op->backward(&each[i]->call, &each[i]->run);
    }
    assert_memory_equal(apart.call.y, place.call.y, b->out * sizeof(float));
    assert_memory_equal(apart.call.dx[0], place.call.dx[0], b->out * sizeof(float));
    buffers_destroy(&apart);
    buffers_destroy(&place);
}

/* dx on dy, y apart. */
static void check_backward_in_place(const bench *b, const eng_kernels *kernels) {
    if ((b->node->traits & ENG_INPLACE_BACKWARD) == 0) return;
    buffers apart = buffers_create(b, kernels, false), place = buffers_create(b, kernels, false);
    eng_free(place.call.dx[0]);
    place.call.dx[0] = place.call.dy;
    buffers *each[] = {&apart, &place};
    for (size_t i = 0; i < 2; i++) {
        b->what->op->forward(&each[i]->call, &each[i]->run);
        b->what->op->backward(&each[i]->call, &each[i]->run);
    }
    assert_memory_equal(apart.call.dx[0], place.call.dx[0], b->out * sizeof(float));
    buffers_destroy(&apart);
    buffers_destroy(&place);
}

static void check_nan(const bench *b, const eng_kernels *kernels) {
    for (size_t at = 0; at < b->n * b->in && !b->what->sparse; at += 5) {
        buffers f = buffers_create(b, kernels, false);
        ((float *)(uintptr_t)f.call.x[0])[at] = NAN;
        if (!is_loss(b)) memset(f.call.y, 0, b->out * sizeof(float));
        b->what->op->forward(&f.call, &f.run);
        bool seen = isnan(f.run.loss);
        for (size_t i = 0; !is_loss(b) && i < b->out; i++) seen = seen || isnan(f.call.y[i]);
        if (!seen) print_error("%s on %s hides a NaN at %zu\n", b->what->name, kernels->name, at);
        assert_true(seen);
        buffers_destroy(&f);
    }
}

static void every_op_and_its_gradient(void **state) {
    (void)state;
    for (size_t c = 0; c < op_cases_count; c++)
        for (size_t s = 0; s < CHECK_COUNT(shapes); s++) {
            if (op_cases[c].op == &eng_op_cross_entropy && shapes[s].in < 2) continue;
            if (op_cases[c].moves || (op_cases[c].image.ndim > 0 && shapes[s].n > 5)) continue;
            bench *b = bench_create(&op_cases[c], shapes[s].n, shapes[s].in);
            for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
                const eng_kernels *kernels = eng_kernels_find(*name);
                if (kernels == NULL) continue;
                check_against_reference(b, kernels);
                check_in_place(b, kernels);
                check_backward_in_place(b, kernels);
                check_nan(b, kernels);
            }
            bench_destroy(b);
        }
}

static void every_op_has_a_case(void **state) {
    (void)state;
    for (const eng_op *const *op = eng_ops; *op != NULL; op++) {
        bool tested = false, timed = false;
        for (size_t c = 0; c < op_cases_count; c++)
            if (op_cases[c].op == *op) tested = true, timed = timed || op_cases[c].timed.ndim > 0;
        if (!tested || !timed) print_error("%s has no case, or none is timed\n", (*op)->name);
        assert_true(tested && timed);
        assert_ptr_equal(eng_op_find((*op)->name), *op);
        assert_true((*op)->summary[0] != '\0');
    }
    assert_null(eng_op_find("rrelu"));
    for (const char *const *name = eng_activation_names; *name != NULL; name++) {
        assert_non_null(eng_op_find(*name));
        assert_true((eng_op_find(*name)->traits & ENG_IS_ACTIVATION) != 0);
    }
}

static void bad_configurations_are_refused(void **state) {
    (void)state;
    static const struct {
        const eng_op *op;
        eng_elu_config elu;
        eng_dropout_config dropout;
        eng_cross_entropy_config entropy;
        const char *part;
    } bad[] = {
        {&eng_op_dropout, .dropout = {1.0}, .part = "at least 0 and below 1, not 1"},
        {&eng_op_dropout, .dropout = {-0.1}, .part = "not -0.1"},
        {&eng_op_dropout, .dropout = {(double)NAN}, .part = "not nan"},
        {&eng_op_elu, .elu = {-1.0}, .part = "alpha of elu must be positive"},
        {&eng_op_dense, .part = "width of a dense layer must be at least 1"},
        {&eng_op_cross_entropy, .entropy.smoothing = 1.0, .part = "label smoothing must be at least 0 and below 1"},
    };
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        base_err err;
        eng_graph *graph = eng_graph_create();
        eng_value in[2] = {eng_graph_input(graph, eng_shape_1d(4), ENG_F32),
                           eng_graph_input(graph, eng_shape_1d(1), ENG_I32)},
                  out;
        const void *config = bad[i].op == &eng_op_dropout         ? (const void *)&bad[i].dropout
                             : bad[i].op == &eng_op_elu           ? (const void *)&bad[i].elu
                             : bad[i].op == &eng_op_cross_entropy ? (const void *)&bad[i].entropy
                                                                  : NULL;
        CHECK_FAILS(eng_graph_add(graph, bad[i].op, config, NULL, in, &out, &err), BASE_INVALID, bad[i].part);
        eng_graph_destroy(graph);
    }
}

/* A configuration that does not fit an image of 5 x 4 with 6 channels. */
static void check_refused(const eng_op *op, const void *config, const char *part) {
    base_err err;
    eng_graph *graph = eng_graph_create();
    eng_value in = eng_graph_input(graph, eng_shape_3d(5, 4, 6), ENG_F32), out;
    CHECK_FAILS(eng_graph_add(graph, op, config, NULL, &in, &out, &err), BASE_INVALID, part);
    eng_graph_destroy(graph);
}

static void layers_that_do_not_fit_are_refused(void **state) {
    (void)state;
    check_refused(&eng_op_conv2d, &(eng_conv2d_config){.kernel = {3}}, "not 6 and 0");
    check_refused(&eng_op_conv2d, &(eng_conv2d_config){.filters = 4}, "1 to 15 pixels wide, not 0");
    check_refused(&eng_op_conv2d, &(eng_conv2d_config){.filters = 4, .kernel = {5}}, "does not fit into 4 pixels");
    check_refused(&eng_op_conv2d, &(eng_conv2d_config){.filters = 4, .kernel = {3}, .groups = 3}, "3 groups do not");
    check_refused(&eng_op_conv2d, &(eng_conv2d_config){.filters = 4, .kernel = {2}, .same = true}, "an odd kernel");
    check_refused(&eng_op_conv2d, &(eng_conv2d_config){.filters = 4, .kernel = {3}, .padding = {1, 3}}, "padding of 3");
    check_refused(&eng_op_conv2d_transposed,
                  &(eng_conv2d_transposed_config){.filters = 4, .kernel = {2}, .stride = {2}, .extra = {0, 2}},
                  "fewer than the stride");
    check_refused(&eng_op_conv3d, &(eng_conv3d_config){.filters = 4, .kernel = {3}}, "wants volumes");
    check_refused(&eng_op_max_pool, &(eng_pool_config){.window = {0}}, "at least 1");
    check_refused(&eng_op_max_pool, &(eng_pool_config){.window = {5}}, "does not fit into 4 pixels");
    check_refused(&eng_op_mean_pool, &(eng_pool_config){.window = {2}, .padding = {0, 2}}, "without a pixel");
    check_refused(&eng_op_batch_norm, &(eng_batch_norm_config){.momentum = 1.5}, "at most 1, not 1.5");
    check_refused(&eng_op_layer_norm, &(eng_layer_norm_config){.epsilon = -1.0}, "must be positive, not -1");
}

static void losses_want_their_kind_of_target(void **state) {
    (void)state;
    base_err err;
    eng_graph *graph = eng_graph_create();
    eng_value x = eng_graph_input(graph, eng_shape_1d(4), ENG_F32), out;
    eng_value labels = eng_graph_input(graph, eng_shape_1d(1), ENG_I32);
    eng_value values = eng_graph_input(graph, eng_shape_1d(3), ENG_F32);
    const eng_op *numeric[] = {&eng_op_mean_squared_error, &eng_op_binary_cross_entropy};
    for (size_t i = 0; i < 2; i++) {
        CHECK_FAILS(eng_graph_add(graph, numeric[i], NULL, NULL, (eng_value[]){x, labels}, &out, &err), BASE_INVALID,
                    "one target number for each output");
        CHECK_FAILS(eng_graph_add(graph, numeric[i], NULL, NULL, (eng_value[]){x, values}, &out, &err), BASE_INVALID,
                    "one target number for each output");
    }
    CHECK_FAILS(eng_graph_add(graph, &eng_op_cross_entropy, NULL, NULL, (eng_value[]){x, values}, &out, &err),
                BASE_INVALID, "one label for each sample");
    eng_graph_destroy(graph);
}

/* In evaluation: dropout passes x on bit by bit, and cross-entropy takes the labels as they are. */
static void evaluation_is_plain(void **state) {
    (void)state;
    const op_case drop = {&eng_op_dropout, "dropout", .config = &op_case_dropout};
    bench *b = bench_create(&drop, 7, 25);
    buffers f = buffers_create(b, eng_kernels_find(NULL), false);
    f.run.training = false;
    drop.op->forward(&f.call, &f.run);
    assert_memory_equal(f.call.y, b->x, b->out * sizeof(float));
    buffers_destroy(&f);
    bench_destroy(b);

    const op_case smooth = {&eng_op_cross_entropy, "smooth", .config = &op_case_smoothing};
    const op_case hard = {&eng_op_cross_entropy, "hard", .config = NULL};
    double loss[2];
    for (size_t i = 0; i < 2; i++) {
        b = bench_create(i == 0 ? &smooth : &hard, 7, 25);
        f = buffers_create(b, eng_kernels_find(NULL), false);
        f.run.training = false;
        b->what->op->forward(&f.call, &f.run);
        loss[i] = f.run.loss;
        buffers_destroy(&f);
        bench_destroy(b);
    }
    CHECK_SAME_DOUBLE(loss[0], loss[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_has_a_case),
        cmocka_unit_test(every_op_and_its_gradient),
        cmocka_unit_test(bad_configurations_are_refused),
        cmocka_unit_test(layers_that_do_not_fit_are_refused),
        cmocka_unit_test(losses_want_their_kind_of_target),
        cmocka_unit_test(evaluation_is_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

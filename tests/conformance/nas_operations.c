/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every operation of the registry keeps what the interface promises: names that are unique, the shape that its edge
 * asks for, the numbers of parameters that its descriptor states, gradients that differences confirm, the same bits
 * twice. Those of a family differ in their sizes, and one may stand for all. */
#include "tests/support/suite.h"
#include "tests/support/gradcheck.h"

#include "engine/modules/summary.h"
#include "engine/tensor/plan.h"
#include "nas/operation.h"

enum { BATCH = 6, COLOURS = 3 };

/* Data -> 1 x 1 convolution -> operation -> mean squared error against random targets. The convolution's weight sees
 * the gradient of the operation's input. */
typedef struct bench {
    const nas_operation *operation;
    const nas_operation *smaller; /* that it stands for, too; NULL = it is itself */
    size_t size, in, out, stride;
    bool affine, pool_norm;
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_value x, target, y;
    size_t count; /* outputs of a sample */
    float *data, *targets;
} bench;

static void fill(uint32_t who, size_t count, float *out) {
    double *random = base_calloc(count, sizeof *random);
    gradcheck_fill(who, 0.0, count, random);
    gradcheck_to_float(count, random, out);
    free(random);
}

/* Weights that are trained, too. */
static void superpose(const eng_net *net, const bench *b, nas_superposition *both) {
    base_err err;
    const eng_parameter_config table = {.shape = eng_shape_2d(1, 2), .value = 0.5f};
    const nas_operation *const sizes[2] = {b->operation, b->smaller};
    for (size_t j = 0; j < 2; j++) {
        both->kernel[j] = sizes[j]->kernel;
        both->expansion[j] = sizes[j]->expansion;
    }
    CHECK_OK(eng_graph_add(net->graph, &eng_op_parameter, &table, "weights", NULL, &both->weights, &err));
}

/* False: the operation does not stand there (a pool that should change the channels). */
static bool begin(bench *b) {
    base_err err;
    const eng_net_config config = {
        .input = eng_shape_3d(b->size, b->size, COLOURS), .task = ENG_REGRESSION, .outputs = 1};
    eng_net net;
    eng_value relu = ENG_NO_VALUE, none;
    CHECK_OK(eng_net_begin(&net, &config, &err));
    b->graph = net.graph;
    b->x = net.x;
    const eng_conv2d_config before = {.filters = b->in, .kernel = {1}, .no_bias = true};
    CHECK_OK(eng_net_apply(&net, &eng_op_conv2d, &before, "before"));
    nas_superposition both = {
        .count = 2, .largest = b->operation->kernel, .widest = b->operation->expansion, .column = {0, 1}};
    if (b->smaller != NULL) superpose(&net, b, &both);
    const nas_edge edge = {.input = net.at,
                           .relu = &relu,
                           .channels = b->out,
                           .stride = b->stride,
                           .affine = b->affine,
                           .pool_norm = b->pool_norm,
                           .name = "cell0.e0",
                           .superposition = b->smaller != NULL ? &both : NULL};
    base_status status = nas_operation_build(b->operation, &net, &edge, &b->y);
    if (status != BASE_OK && b->in != b->out) {
        eng_graph_destroy(b->graph);
        return false;
    }
    CHECK_OK(status);
    b->count = eng_shape_count(eng_net_shape(&net));
    CHECK_OK(eng_net_apply(&net, &eng_op_reshape, NULL, NULL));
    eng_graph_keep(net.graph, net.at);
    b->y = net.at;
    b->target = eng_graph_input(net.graph, eng_shape_1d(b->count), ENG_F32);
    CHECK_OK(eng_graph_add(net.graph, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){net.at, b->target}, &none,
                           &err));
    CHECK_OK(eng_graph_params(net.graph, 1, &b->params, &err));
    CHECK_OK(eng_plan_create(net.graph, b->params, BATCH, eng_kernels_find(NULL), &b->plan, &err));
    b->data = base_calloc(BATCH * b->size * b->size * COLOURS, sizeof *b->data);
    b->targets = base_calloc(BATCH * b->count, sizeof *b->targets);
    fill(1, BATCH * b->size * b->size * COLOURS, b->data);
    fill(2, BATCH * b->count, b->targets);
    eng_plan_bind(b->plan, b->x, b->data);
    eng_plan_bind(b->plan, b->target, b->targets);
    return true;
}

static void end(bench *b) {
    eng_plan_destroy(b->plan);
    eng_params_destroy(b->params);
    eng_graph_destroy(b->graph);
    free(b->data);
    free(b->targets);
}

static double loss_of(bench *b) {
    return eng_plan_run(b->plan, &(eng_pass){.n = BATCH, .training = true, .keep_state = true, .seed = 3, .step = 1});
}

/* The loss at w + h d. */
static double loss_at(bench *b, const float *w, const double *d, double h) {
    float *values = eng_params_values(b->params);
    const size_t size = eng_params_trained(b->params);
    for (size_t i = 0; i < size; i++) values[i] = (float)((double)w[i] + h * d[i]);
    const double loss = loss_of(b);
    memcpy(values, w, size * sizeof *w);
    return loss;
}

static void check_direction(bench *b, const float *w, const double *g, const double *d, double scale) {
    const size_t size = eng_params_trained(b->params);
    double slope = 0.0;
    for (size_t i = 0; i < size; i++) slope += g[i] * d[i];
    /* Fourth order. A kink of a ReLU or a max pool between the points spoils a wide step, rounding a narrow one, so the
     * nearest of several counts. */
    static const double steps[] = {8e-3, 4e-3, 2e-3, 1e-3, 5e-4};
    double best = INFINITY;
    for (size_t i = 0; i < CHECK_COUNT(steps); i++) {
        const double h = steps[i], near = loss_at(b, w, d, h) - loss_at(b, w, d, -h),
                     far = loss_at(b, w, d, 2 * h) - loss_at(b, w, d, -2 * h), got = (8.0 * near - far) / (12.0 * h);
        if (fabs(got - slope) < fabs(best - slope)) best = got;
    }
    CHECK_NEAR(best, slope, 5e-3 * scale + 1e-4);
}

/* Along the gradient and along random directions. */
static void check_gradient(bench *b) {
    const size_t size = eng_params_trained(b->params);
    float *w = base_calloc(size, sizeof *w);
    double *g = base_calloc(size, sizeof *g), *d = base_calloc(size, sizeof *d), norm = 0.0;
    memcpy(w, eng_params_values(b->params), size * sizeof *w);
    (void)loss_of(b);
    eng_plan_backward(b->plan);
    for (size_t i = 0; i < size; i++) {
        g[i] = (double)eng_params_gradients(b->params)[i];
        norm += g[i] * g[i];
    }
    norm = sqrt(norm);
    for (uint32_t k = 0; k < 4; k++) {
        double length = 0.0;
        gradcheck_fill(10 + k, 0.0, size, d);
        for (size_t i = 0; i < size; i++) d[i] = w[i] == 0.0f && g[i] == 0.0 ? 0.0 : k == 0 ? g[i] : d[i];
        for (size_t i = 0; i < size; i++) length += d[i] * d[i];
        if (length == 0.0) continue; /* noise and none have no gradient */
        for (size_t i = 0; i < size; i++) d[i] /= sqrt(length);
        check_direction(b, w, g, d, norm);
    }
    free(w), free(g), free(d);
}

static void check_numbers(const bench *b) {
    const size_t stated =
        b->operation->parameters == NULL ? 0 : b->operation->parameters(b->in, b->out, b->stride, b->affine);
    assert_int_equal(eng_graph_numbers(b->graph) - COLOURS * b->in, stated);
}

/* Parameters belong to cell0.e0.operation. */
static void check_names(const bench *b) {
    base_buf prefix = {0};
    base_buf_printf(&prefix, "cell0.e0.%s.", b->operation->name);
    for (size_t i = 0; i < eng_graph_nodes(b->graph); i++) {
        const eng_node *node = eng_graph_node(b->graph, i);
        if (node->params == 0 || strcmp(node->name, "before") == 0 || strcmp(node->name, "weights") == 0) continue;
        assert_int_equal(strncmp(node->name, base_buf_text(&prefix), prefix.length), 0);
    }
    base_buf_fini(&prefix);
}

/* none gives zeros; what is no noise does not change from step to step. */
static void check_values(bench *b) {
    const double loss = loss_of(b);
    const float *y = eng_plan_value(b->plan, b->y);
    for (size_t i = 0; i < BATCH * b->count; i++) {
        assert_true(isfinite(y[i]));
        if ((b->operation->flags & NAS_OPERATION_NONE) != 0) assert_true(y[i] == 0.0f);
    }
    CHECK_SAME_DOUBLE(loss_of(b), loss);
}

static void check_all(bench *b) {
    check_numbers(b);
    check_names(b);
    check_values(b);
    check_gradient(b);
}

/* Every operation for every stride, with and without scale and shift, images of even and odd size, more and fewer
 * channels than come in. */
static void operations_keep_their_promises(void **state) {
    (void)state;
    static const size_t sizes[] = {6, 7}, channels[][2] = {{4, 4}, {4, 6}, {6, 4}};
    size_t count, built = 0;
    const nas_operation *const *operations = nas_operations(&count);
    for (size_t i = 0; i < count * 2 * 2 * 2 * 3; i++) {
        bench b = {.operation = operations[i % count],
                   .stride = 1 + i / count % 2,
                   .affine = i / count / 2 % 2 == 0,
                   .pool_norm = i / count / 2 % 2 == 1,
                   .size = sizes[i / count / 4 % 2],
                   .in = channels[i / count / 8][0],
                   .out = channels[i / count / 8][1]};
        if (!suite_begins("operation", b.operation->name)) continue;
        suite_at("edge", "%zu x %zu pixels, %zu to %zu channels, stride %zu, affine %d, pool_norm %d", b.size, b.size,
                 b.in, b.out, b.stride, b.affine, b.pool_norm);
        if (!begin(&b)) continue;
        built++;
        check_all(&b);
        end(&b);
    }
    assert_true(built >= (suite_wants_all() ? count : 1) * 8);
}

/* ---- families ---- */

static bool same_family(const nas_operation *a, const nas_operation *b) {
    return a->family != NULL && b->family != NULL && strcmp(a->family, b->family) == 0;
}

/* Equal, or numbers of hidden channels. */
static bool same_channels(const bench *a, size_t one, const bench *b, size_t other) {
    const size_t wide = a->operation->expansion, narrow = b->operation->expansion;
    return one == other || (wide > 0 && narrow > 0 && one % wide == 0 && one / wide * narrow == other);
}

static bool similar(const bench *a, const eng_shape *one, const bench *b, const eng_shape *other) {
    if (one->ndim != other->ndim) return false;
    for (size_t d = 0; d < one->ndim; d++) {
        const bool kernel = one->dim[d] == a->operation->kernel && other->dim[d] == b->operation->kernel;
        const bool may = one->ndim == 4 && d < 2 ? kernel : same_channels(a, one->dim[d], b, other->dim[d]);
        if (one->dim[d] != other->dim[d] && !may) return false;
    }
    return true;
}

/* The same nodes with shapes that differ in kernels and hidden channels alone. Returns how many weights differ. */
static size_t compare(const bench *a, const bench *b) {
    size_t weights = 0;
    assert_int_equal(eng_graph_nodes(a->graph), eng_graph_nodes(b->graph));
    for (size_t i = 0; i < eng_graph_nodes(a->graph); i++) {
        const eng_node *one = eng_graph_node(a->graph, i), *other = eng_graph_node(b->graph, i);
        assert_ptr_equal(one->op, other->op);
        assert_true(similar(a, &one->out_shape, b, &other->out_shape));
        assert_int_equal(one->params, other->params);
        for (size_t p = 0; p < one->params; p++) {
            assert_true(similar(a, &one->param[p].shape, b, &other->param[p].shape));
            weights += one->param[p].shape.ndim == 4 && !eng_shape_equal(&one->param[p].shape, &other->param[p].shape);
        }
    }
    return weights;
}

/* The larger one, standing for both, has its own parameters, and superposes those that differ. */
static void check_superposed(bench *large, const nas_operation *small, size_t weights) {
    const size_t numbers = eng_graph_numbers(large->graph);
    size_t found = 0;
    bench both = *large;
    both.smaller = small;
    assert_true(begin(&both));
    assert_int_equal(eng_graph_numbers(both.graph), numbers + 2);
    check_names(&both);
    for (size_t i = 0; i < eng_graph_nodes(both.graph); i++)
        found += eng_graph_node(both.graph, i)->op == &eng_op_superpose;
    assert_int_equal(found, weights);
    check_gradient(&both);
    end(&both);
}

static void families_differ_in_their_sizes_alone(void **state) {
    (void)state;
    size_t count, pairs = 0;
    const nas_operation *const *operations = nas_operations(&count);
    for (size_t i = 0; i < count * count; i++) {
        const nas_operation *small = operations[i / count], *large = operations[i % count];
        if (small == large || !same_family(small, large)) continue;
        if (!suite_wants(small->name) && !suite_wants(large->name)) continue;
        suite_at("family", "%s, %s in %s", small->family, small->name, large->name);
        assert_int_equal(small->kernel % 2, 1);
        assert_true(small->kernel != large->kernel || small->expansion != large->expansion);
        assert_int_equal(small->expansion == 0, large->expansion == 0);
        assert_false(small->kernel < large->kernel && small->expansion > large->expansion);
        if (small->kernel > large->kernel || small->expansion > large->expansion) continue;
        pairs++;
        for (size_t stride = 1; stride <= 2; stride++) {
            bench a = {.operation = large, .stride = stride, .size = 7, .in = 4, .out = 6}, b = a;
            b.operation = small;
            assert_true(begin(&a) && begin(&b));
            const size_t weights = compare(&a, &b);
            assert_true(weights > 0);
            check_superposed(&a, small, weights);
            end(&a);
            end(&b);
        }
    }
    if (suite_wants_all()) assert_true(pairs >= 4);
}

static bool is_name(const nas_operation *operation, const char *name) {
    if (strcmp(operation->name, name) == 0) return true;
    for (const char *const *alias = operation->aliases; alias != NULL && *alias != NULL; alias++)
        if (strcmp(*alias, name) == 0) return true;
    return false;
}

/* A name or alias means one operation, and can stand in every text form: letters, digits and _, at most 63 of them. */
static void names_are_unique(void **state) {
    (void)state;
    size_t count;
    const nas_operation *const *operations = nas_operations(&count);
    for (size_t i = 0; i < count; i++) {
        const nas_operation *found;
        base_err err;
        const char *name = operations[i]->name;
        if (!suite_begins("operation", name)) continue;
        CHECK_OK(nas_operation_find(name, &found, &err));
        assert_ptr_equal(found, operations[i]);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
        assert_in_range(strlen(name), 1, 63);
        assert_in_range(strlen(operations[i]->summary), 5, 80);
        for (size_t k = 0; k < count; k++) {
            if (k == i) continue;
            assert_false(is_name(operations[k], name));
            for (const char *const *alias = operations[i]->aliases; alias != NULL && *alias != NULL; alias++)
                assert_false(is_name(operations[k], *alias));
        }
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(families_differ_in_their_sizes_alone),
        cmocka_unit_test(operations_keep_their_promises),
    };
    return SUITE_MAIN(tests);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers whose weights are values: what they compute, and what they leave in the gradients, has the bits of the layers
 * with parameters of their own, for every kind of them and on every instance of the kernels. */
#include "tests/support/check.h"

#include "engine/modules/summary.h"
#include "engine/ops/ops.h"
#include "engine/tensor/plan.h"

enum { BATCH = 5, COLOURS = 3, SIDE = 9, WIDTH = 16 };
enum { OTHERS = 0, OWN = 1 }; /* groups: of the layer before, of the one that is looked at */

typedef struct layer {
    const char *name;
    const eng_op *own, *given;
    const void *config;
    size_t channels;
} layer;

#define CONV(...)                                                                                                      \
    &eng_op_conv2d, &eng_op_conv2d_given, &(const eng_conv2d_config) {                                                 \
        __VA_ARGS__                                                                                                    \
    }
#define DENSE(...)                                                                                                     \
    &eng_op_dense, &eng_op_dense_given, &(const eng_dense_config) {                                                    \
        __VA_ARGS__                                                                                                    \
    }

static const layer layers[] = {
    {"same", CONV(.filters = 5, .kernel = {3}, .same = true, .no_bias = true), 4},
    {"with bias", CONV(.filters = 18, .kernel = {5}, .same = true), 4},
    {"strided", CONV(.filters = 17, .kernel = {3}, .stride = {2}, .padding = {1, 1}, .epilogue = ENG_EPILOGUE_RELU), 6},
    {"tanh", CONV(.filters = 6, .kernel = {3, 2}, .dilation = {2, 1}, .epilogue = ENG_EPILOGUE_TANH), 4},
    {"sigmoid without bias", CONV(.filters = 6, .kernel = {3}, .no_bias = true, .epilogue = ENG_EPILOGUE_SIGMOID), 4},
    {"groups", CONV(.filters = 12, .kernel = {3}, .groups = 2), 6},
    {"depthwise", CONV(.filters = 20, .kernel = {5}, .same = true, .groups = 20, .no_bias = true), 20},
    {"depthwise strided", CONV(.filters = 20, .kernel = {3}, .stride = {2}, .same = true, .groups = 20), 20},
    {"depthwise dilated", CONV(.filters = 8, .kernel = {5}, .dilation = {2}, .same = true, .groups = 8), 8},
    {"1 x 1", CONV(.filters = 17, .kernel = {1}, .no_bias = true), 8},
    {"1 x 1 with bias", CONV(.filters = 32, .kernel = {1}, .stride = {2}, .epilogue = ENG_EPILOGUE_RELU), 8},
    {"dense", DENSE(.width = 19), 4},
    {"dense relu", DENSE(.width = 1, .epilogue = ENG_EPILOGUE_RELU), 4},
    {"dense tanh", DENSE(.width = 37, .epilogue = ENG_EPILOGUE_TANH), 3},
};

/* Image -> 1 x 1 convolution -> the layer -> mean squared error against random numbers. */
typedef struct net {
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    float *x, *target;
    double flops;
} net;

static float *random_numbers(uint32_t who, size_t count) {
    float *out = base_calloc(count, sizeof *out);
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, who, 0);
    for (size_t i = 0; i < count; i++) out[i] = (float)base_rng_normal(&rng);
    return out;
}

static eng_value add(const net *n, const eng_op *op, const void *config, const char *name, const eng_value *in,
                     size_t count) {
    base_err err = {0};
    eng_value out;
    CHECK_OK(eng_graph_add_many(n->graph, op, config, name, in, count, &out, &err));
    return out;
}

/* The values that the layer asks for, as parameters of the names and initial values that the layer's own have. */
static size_t add_values(const net *n, const eng_node *like, eng_value *in) {
    for (size_t p = 0; p < like->params; p++) {
        const eng_param_spec *spec = &like->param[p];
        const eng_parameter_config config = {.shape = spec->shape,
                                             .init = spec->init,
                                             .fan_in = spec->fan_in,
                                             .fan_out = spec->fan_out,
                                             .value = spec->value,
                                             .decay = (spec->flags & ENG_PARAM_DECAY) != 0,
                                             .role = p == 0 ? "weight" : "bias"};
        in[1 + p] = add(n, &eng_op_parameter, &config, p == 0 ? "layer" : "layer_bias", NULL, 0);
    }
    return 1 + like->params;
}

/* like: the node with parameters of its own; NULL = this is to be it. */
static net make(const layer *l, const eng_node *like, const eng_kernels *kernels) {
    net n = {.graph = eng_graph_create()};
    base_err err = {0};
    eng_value in[4], end[2];
    const eng_value x = eng_graph_input(n.graph, eng_shape_3d(SIDE, SIDE, COLOURS), ENG_F32);
    const eng_conv2d_config first = {.filters = l->channels, .kernel = {1}, .no_bias = true};
    in[0] = add(&n, &eng_op_conv2d, &first, "first", &x, 1);
    eng_graph_set_group(n.graph, OWN);
    if (like == NULL)
        end[0] = add(&n, l->own, l->config, "layer", in, 1);
    else
        end[0] = add(&n, l->given, l->config, "given", in, add_values(&n, like, in));
    eng_graph_keep(n.graph, end[0]);
    n.flops = eng_graph_flops(n.graph);
    const size_t count = eng_shape_count(&eng_graph_value(n.graph, end[0])->shape);
    end[1] = eng_graph_input(n.graph, eng_shape_1d(count), ENG_F32);
    const eng_value target = end[1], flat = add(&n, &eng_op_reshape, NULL, NULL, end, 1);
    (void)add(&n, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){flat, target}, 2);
    CHECK_OK(eng_graph_params(n.graph, 1, &n.params, &err));
    CHECK_OK(eng_plan_create(n.graph, n.params, BATCH, kernels, &n.plan, &err));
    n.x = random_numbers(1, BATCH * SIDE * SIDE * COLOURS);
    n.target = random_numbers(2, BATCH * count);
    eng_plan_bind(n.plan, x, n.x);
    eng_plan_bind(n.plan, target, n.target);
    return n;
}

static void destroy(net *n) {
    eng_plan_destroy(n->plan);
    eng_params_destroy(n->params);
    eng_graph_destroy(n->graph);
    free(n->x);
    free(n->target);
}

static const char *role_of(const char *name) {
    return strchr(name, '.');
}

/* The parameter of the other network that stands for this one. */
static const eng_param *twin(const eng_params *params, const eng_param *of) {
    if (strncmp(of->name, "first", 5) == 0) return eng_params_find(params, of->name);
    return eng_params_find(params, strcmp(role_of(of->name), ".bias") == 0 ? "layer_bias.bias" : "layer.weight");
}

static void same_start(const net *from, const net *to) {
    for (size_t i = 0; i < eng_params_count(from->params); i++) {
        const eng_param *a = eng_params_at(from->params, i), *b = twin(to->params, a);
        assert_non_null(b);
        float *values = random_numbers(10 + (uint32_t)i, a->count);
        memcpy(eng_params_values(from->params) + a->offset, values, a->count * sizeof(float));
        memcpy(eng_params_values(to->params) + b->offset, values, a->count * sizeof(float));
        free(values);
    }
}

static void check_pass(const layer *l, const net *one, const net *other, unsigned groups) {
    const net *both[2] = {one, other};
    double loss[2];
    for (size_t k = 0; k < 2; k++) {
        float *g = eng_params_gradients(both[k]->params);
        for (size_t i = 0; i < eng_params_size(both[k]->params); i++) g[i] = NAN;
        loss[k] = eng_plan_forward(both[k]->plan, BATCH, true, 1, 0);
        eng_plan_backward_groups(both[k]->plan, groups);
    }
    CHECK_SAME_DOUBLE(loss[1], loss[0]);
    for (size_t i = 0; i < eng_params_count(one->params); i++) {
        const eng_param *a = eng_params_at(one->params, i), *b = twin(other->params, a);
        const float *want = eng_params_gradients(one->params) + a->offset;
        const float *got = eng_params_gradients(other->params) + b->offset;
        if ((groups >> a->group & 1u) == 0) continue;
        for (size_t k = 0; k < a->count; k++)
            if (memcmp(&got[k], &want[k], sizeof *got) != 0 || !isfinite(got[k]))
                fail_msg("%s: gradient of %s, number %zu, is %.9g and not %.9g", l->name, a->name, k, (double)got[k],
                         (double)want[k]);
    }
}

static void given_weights_give_the_same_bits(void **state) {
    (void)state;
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        for (size_t i = 0; kernels != NULL && i < CHECK_COUNT(layers); i++) {
            net one = make(&layers[i], NULL, kernels);
            net other = make(&layers[i], eng_graph_node(one.graph, 1), kernels);
            same_start(&one, &other);
            CHECK_SAME_DOUBLE(other.flops, one.flops);
            check_pass(&layers[i], &one, &other, 1u << OTHERS | 1u << OWN);
            check_pass(&layers[i], &one, &other, 1u << OWN);
            check_pass(&layers[i], &one, &other, 1u << OTHERS);
            destroy(&one);
            destroy(&other);
        }
    }
}

static void values_that_do_not_fit_are_refused(void **state) {
    (void)state;
    eng_graph *graph = eng_graph_create();
    base_err err;
    const eng_value x = eng_graph_input(graph, eng_shape_3d(6, 6, 4), ENG_F32),
                    row = eng_graph_input(graph, eng_shape_1d(4), ENG_F32);
    const eng_shape kernel = {.ndim = 4, .dim = {3, 3, 4, 8}}, narrow = {.ndim = 4, .dim = {3, 3, 1, 8}};
    const eng_value w = eng_graph_input_single(graph, kernel, ENG_F32);
    const eng_value other = eng_graph_input_single(graph, narrow, ENG_F32);
    const eng_value each = eng_graph_input(graph, kernel, ENG_F32);
    const eng_value bias = eng_graph_input_single(graph, eng_shape_1d(8), ENG_F32);
    const eng_conv2d_config config = {.filters = 8, .kernel = {3}, .no_bias = true},
                            biased = {.filters = 8, .kernel = {3}};
    const eng_dense_config dense = {.width = 8};
    eng_value out;
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_conv2d_given, &config, NULL, (eng_value[]){x, other}, 2, &out, &err),
                BASE_INVALID, "the weight must be a value [3, 3, 4, 8] and not [3, 3, 1, 8]");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_conv2d_given, &config, NULL, (eng_value[]){x, each}, 2, &out, &err),
                BASE_INVALID, "for the whole batch");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_conv2d_given, &biased, NULL, (eng_value[]){x, w}, 2, &out, &err),
                BASE_INVALID, "reads 2 values beside its input, not 1");
    CHECK_FAILS(eng_graph_add_many(graph, &eng_op_conv2d_given, &biased, NULL, (eng_value[]){x, w, w}, 3, &out, &err),
                BASE_INVALID, "the bias must be a value [8]");
    CHECK_OK(eng_graph_add_many(graph, &eng_op_conv2d_given, &biased, NULL, (eng_value[]){x, w, bias}, 3, &out, &err));
    CHECK_FAILS(
        eng_graph_add_many(graph, &eng_op_dense_given, &dense, NULL, (eng_value[]){row, bias, bias}, 3, &out, &err),
        BASE_INVALID, "the weight must be a value [4, 8] and not [8]");
    eng_graph_destroy(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_weights_give_the_same_bits),
        cmocka_unit_test(values_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

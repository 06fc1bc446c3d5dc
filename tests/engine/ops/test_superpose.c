/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entangled weights against published numbers, against the weighted sum of the layers that they stand for, and against
 * differences of a loss behind them. */
#include "tests/support/check.h"
#include "tests/support/gradcheck.h"

#include "engine/ops/ops.h"
#include "engine/tensor/plan.h"

/* ---- one node ---- */

typedef struct node {
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_value in[2], out;
} node;

static node node_create(eng_shape weights, eng_shape table, const eng_superpose_config *config) {
    node n = {.graph = eng_graph_create()};
    base_err err = {0};
    n.in[0] = eng_graph_input_single(n.graph, weights, ENG_F32);
    n.in[1] = eng_graph_input_single(n.graph, table, ENG_F32);
    CHECK_OK(eng_graph_add(n.graph, &eng_op_superpose, config, NULL, n.in, &n.out, &err));
    eng_graph_keep(n.graph, n.out);
    CHECK_OK(eng_graph_params(n.graph, 1, &n.params, &err));
    CHECK_OK(eng_plan_create(n.graph, n.params, 1, eng_kernels_find(NULL), &n.plan, &err));
    return n;
}

static const float *run(const node *n, const float *weights, const float *table) {
    eng_plan_bind(n->plan, n->in[0], weights);
    eng_plan_bind(n->plan, n->in[1], table);
    (void)eng_plan_forward(n->plan, 1, false, 1, 0);
    return eng_plan_value(n->plan, n->out);
}

static void node_destroy(node *n) {
    eng_plan_destroy(n->plan);
    eng_params_destroy(n->params);
    eng_graph_destroy(n->graph);
}

/* w[r][c] = .1 (5 r + c), p = (.3, .7) for 3 x 3 and 5 x 5. */
static void kernels_of_two_sizes(void **state) {
    (void)state;
    static const double want[25] = {0,   .07, .14,  .21, .28, .35, .6,   .7,  .8,   .63,  .7,   1.1, 1.2,
                                    1.3, .98, 1.05, 1.6, 1.7, 1.8, 1.33, 1.4, 1.47, 1.54, 1.61, 1.68};
    static const float half[6] = {9, 9, 9, 9, .15f, .35f}, p[6] = {9, 9, 9, 9, .3f, .7f};
    eng_superpose_config config = {.row = 2, .count = 2, .column = {0, 1}, .keep = {{3, 3}, {0, 0}}, .middle = 3};
    const eng_shape kernel = {.ndim = 4, .dim = {5, 5, 1, 1}};
    float w[25];
    for (size_t i = 0; i < 25; i++) w[i] = .1f * (float)i;
    for (int normalize = 0; normalize < 2; normalize++) {
        config.normalize = normalize;
        node n = node_create(kernel, eng_shape_2d(3, 2), &config);
        const float *got = run(&n, w, normalize ? half : p);
        for (size_t i = 0; i < 25; i++) CHECK_NEAR((double)got[i], want[i], 2e-7);
        node_destroy(&n);
    }
}

/* The sum of no weights is no layer. */
static void weights_of_zero_give_zero(void **state) {
    (void)state;
    static const float w[3] = {1, 2, 3}, none[2] = {0, 0}, one[2] = {.25f, 0};
    const eng_superpose_config config = {.count = 2, .column = {0, 1}, .keep = {{2}}, .normalize = true};
    node n = node_create(eng_shape_1d(3), eng_shape_2d(1, 2), &config);
    for (size_t i = 0; i < 3; i++) assert_true(run(&n, w, none)[i] == 0.0f);
    for (size_t i = 0; i < 3; i++) assert_true(run(&n, w, one)[i] == (i < 2 ? w[i] : 0.0f));
    node_destroy(&n);
}

/* A combination of a kernel and a width counts as the product of both. */
static void a_superposition_of_superpositions_has_products(void **state) {
    (void)state;
    static const float p[2] = {.3f, .7f}, q[3] = {.2f, .5f, .3f};
    static const size_t kernels[2] = {1, 3}, widths[3] = {2, 4, 5};
    const eng_shape shape = {.ndim = 4, .dim = {3, 3, 2, 5}};
    const eng_superpose_config of_kernels = {.count = 2, .column = {0, 1}, .keep = {{1, 1}}, .middle = 3};
    const eng_superpose_config of_widths = {
        .count = 3, .column = {0, 1, 2}, .keep = {{0, 0, 0, 2}, {0, 0, 0, 4}, {0, 0, 0, 5}}};
    float w[90];
    for (size_t i = 0; i < 90; i++) w[i] = (float)(i * 37 % 19) - 9.0f;
    node one = node_create(shape, eng_shape_2d(1, 2), &of_kernels);
    node two = node_create(shape, eng_shape_2d(1, 3), &of_widths);
    const float *got = run(&two, run(&one, w, p), q);
    for (size_t i = 0; i < 90; i++) {
        const size_t r = i / 30, c = i / 10 % 3, o = i % 5;
        double want = 0.0;
        for (size_t a = 0; a < 2; a++)
            for (size_t b = 0; b < 3; b++) {
                const size_t edge = (3 - kernels[a]) / 2;
                const bool kept = r >= edge && r < 3 - edge && c >= edge && c < 3 - edge && o < widths[b];
                if (kept) want += (double)p[a] * (double)q[b] * (double)w[i];
            }
        CHECK_NEAR((double)got[i], want, 2e-6);
    }
    node_destroy(&one);
    node_destroy(&two);
}

/* ---- layers ---- */

/* A layer that reads weights of parameters which are superposed, beside the layers that it stands for, each on its own
 * with the cropped numbers. */
enum { LAYERS = 3, BATCH = 4, MOST = 20000 };

typedef struct layer_case {
    const char *name;
    const eng_op *given;
    const void *config;                 /* of the largest */
    const eng_op *own;                  /* of the others, with their own parameters; */
    const void *small[LAYERS];          /* their configurations */
    eng_superpose_config weights, bias; /* bias.count 0: none */
    eng_shape input;
} layer_case;

#define DEPTHWISE(k, s, d)                                                                                             \
    &(const eng_conv2d_config) {                                                                                       \
        .filters = 12, .kernel = {k}, .stride = {s}, .dilation = {d}, .same = true, .groups = 12, .no_bias = true      \
    }
#define SQUARE(f, k, s, d)                                                                                             \
    &(const eng_conv2d_config) {                                                                                       \
        .filters = f, .kernel = {k}, .stride = {s}, .dilation = {d}, .same = true                                      \
    }
#define WIDE(w)                                                                                                        \
    &(const eng_dense_config) {                                                                                        \
        .width = w                                                                                                     \
    }
#define KERNELS                                                                                                        \
    { .row = 1, .count = 3, .column = {0, 3, 2}, .keep = {{1, 1}, {3, 3}, {5, 5}}, .middle = 3 }
#define IMAGE                                                                                                          \
    {                                                                                                                  \
        .ndim = 3, .dim = { 9, 8, 12 }                                                                                 \
    }

static const layer_case cases[] = {
    {"depthwise",
     &eng_op_conv2d_given,
     DEPTHWISE(5, 1, 1),
     &eng_op_conv2d,
     {DEPTHWISE(1, 1, 1), DEPTHWISE(3, 1, 1), DEPTHWISE(5, 1, 1)},
     KERNELS,
     .input = IMAGE},
    {"depthwise, stride 2",
     &eng_op_conv2d_given,
     DEPTHWISE(5, 2, 1),
     &eng_op_conv2d,
     {DEPTHWISE(1, 2, 1), DEPTHWISE(3, 2, 1), DEPTHWISE(5, 2, 1)},
     KERNELS,
     .input = IMAGE},
    {"depthwise, dilation 2",
     &eng_op_conv2d_given,
     DEPTHWISE(5, 1, 2),
     &eng_op_conv2d,
     {DEPTHWISE(1, 1, 2), DEPTHWISE(3, 1, 2), DEPTHWISE(5, 1, 2)},
     KERNELS,
     .input = IMAGE},
    {"depthwise, stride and dilation 2",
     &eng_op_conv2d_given,
     DEPTHWISE(5, 2, 2),
     &eng_op_conv2d,
     {DEPTHWISE(1, 2, 2), DEPTHWISE(3, 2, 2), DEPTHWISE(5, 2, 2)},
     KERNELS,
     .input = IMAGE},
    {"kernels and channels",
     &eng_op_conv2d_given,
     SQUARE(17, 3, 2, 1),
     &eng_op_conv2d,
     {SQUARE(5, 1, 2, 1), SQUARE(5, 3, 2, 1), SQUARE(17, 3, 2, 1)},
     {.row = 1, .count = 3, .column = {0, 3, 2}, .keep = {{1, 1, 0, 5}, {3, 3, 0, 5}}, .middle = 3},
     {.row = 1, .count = 3, .column = {0, 3, 2}, .keep = {{5}, {5}, {17}}},
     IMAGE},
    {"widths",
     &eng_op_dense_given,
     WIDE(33),
     &eng_op_dense,
     {WIDE(4), WIDE(16), WIDE(33)},
     {.row = 1, .count = 3, .column = {0, 3, 2}, .keep = {{0, 4}, {0, 16}, {0, 33}}},
     {.row = 1, .count = 3, .column = {0, 3, 2}, .keep = {{4}, {16}, {33}}},
     {.ndim = 1, .dim = {70}}},
};

static const float table[2][4] = {{9, 9, 9, 9}, {.2f, 9, .5f, .3f}}; /* row 1: .2, .3, .5 */

static void fill(uint32_t who, size_t count, float *out) {
    static double random[MOST];
    assert_true(count <= MOST);
    gradcheck_fill(who, 0.0, count, random);
    gradcheck_to_float(count, random, out);
}

/* The numbers of the largest that a smaller one has: the middle rows and columns of the kernel, the first filters. */
static void crop(const eng_shape *large, const float *from, const eng_shape *small, float *to) {
    const size_t n = large->ndim, wide = large->dim[n - 1], narrow = small->dim[n - 1];
    const size_t edge = n == 4 ? (large->dim[0] - small->dim[0]) / 2 : 0, k = n == 4 ? small->dim[0] : 1;
    const size_t rows = n == 4 ? small->dim[2] : n == 2 ? small->dim[0] : 1;
    for (size_t r = 0; r < k; r++)
        for (size_t c = 0; c < k; c++)
            for (size_t i = 0; i < rows; i++) {
                const size_t at = n == 4 ? ((r + edge) * large->dim[1] + c + edge) * rows + i : i;
                memcpy(to + ((r * k + c) * rows + i) * narrow, from + at * wide, narrow * sizeof *to);
            }
}

typedef struct scene {
    const layer_case *what;
    eng_graph *graph;
    eng_params *params;
    eng_plan *plan;
    eng_value mixed, alone[LAYERS];
    float *x;
} scene;

static eng_value add(const scene *s, const eng_op *op, const void *config, const char *name, const eng_value *in,
                     size_t count) {
    base_err err = {0};
    eng_value out;
    CHECK_OK(eng_graph_add_many(s->graph, op, config, name, in, count, &out, &err));
    return out;
}

static eng_value superposed(const scene *s, const char *name, eng_shape shape, const eng_superpose_config *config,
                            eng_value weights) {
    const eng_parameter_config all = {.shape = shape};
    const eng_value in[2] = {add(s, &eng_op_parameter, &all, name, NULL, 0), weights};
    return add(s, &eng_op_superpose, config, NULL, in, 2);
}

static scene scene_create(const layer_case *what, const eng_kernels *kernels) {
    scene s = {.what = what, .graph = eng_graph_create()};
    base_err err = {0};
    char name[8];
    const eng_value x = eng_graph_input(s.graph, what->input, ENG_F32);
    const eng_value weights = eng_graph_input_single(s.graph, eng_shape_2d(2, 4), ENG_F32);
    for (size_t i = 0; i < LAYERS; i++) {
        snprintf(name, sizeof name, "l%zu", i);
        s.alone[i] = add(&s, what->own, what->small[i], name, &x, 1);
        eng_graph_keep(s.graph, s.alone[i]);
    }
    const eng_node *largest = eng_graph_node(s.graph, LAYERS - 1);
    eng_value in[3] = {x, superposed(&s, "w", largest->param[0].shape, &what->weights, weights)};
    if (largest->params > 1) in[2] = superposed(&s, "b", largest->param[1].shape, &what->bias, weights);
    s.mixed = add(&s, what->given, what->config, NULL, in, 1 + largest->params);
    eng_graph_keep(s.graph, s.mixed);
    const eng_value flat = add(&s, &eng_op_reshape, NULL, NULL, &s.mixed, 1);
    (void)add(&s, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){flat, flat}, 2);
    CHECK_OK(eng_graph_params(s.graph, 1, &s.params, &err));
    CHECK_OK(eng_plan_create(s.graph, s.params, BATCH, kernels, &s.plan, &err));
    const size_t count = BATCH * eng_shape_count(&what->input);
    s.x = base_calloc(count, sizeof *s.x);
    fill(1, count, s.x);
    eng_plan_bind(s.plan, x, s.x);
    eng_plan_bind(s.plan, weights, table);
    return s;
}

static void scene_destroy(scene *s) {
    eng_plan_destroy(s->plan);
    eng_params_destroy(s->params);
    eng_graph_destroy(s->graph);
    free(s->x);
}

static float *values_of(const scene *s, const char *name) {
    const eng_param *param = eng_params_find(s->params, name);
    assert_non_null(param);
    return eng_params_values(s->params) + param->offset;
}

/* Random numbers of the largest, so small that outputs are of order 1; those of the others are their parts. */
static void give_numbers(const scene *s) {
    static const char *const roles[2] = {"weight", "bias"}, *const all[2] = {"w.value", "b.value"};
    const eng_node *largest = eng_graph_node(s->graph, LAYERS - 1);
    char name[16];
    for (size_t p = 0; p < largest->params; p++) {
        const eng_shape *large = &largest->param[p].shape;
        const size_t count = eng_shape_count(large);
        fill(2 + (uint32_t)p, count, values_of(s, all[p]));
        for (size_t i = 0; i < count; i++) values_of(s, all[p])[i] *= .125f;
        for (size_t i = 0; i < LAYERS; i++) {
            snprintf(name, sizeof name, "l%zu.%s", i, roles[p]);
            crop(large, values_of(s, all[p]), &eng_graph_node(s->graph, i)->param[p].shape, values_of(s, name));
        }
    }
}

/* Channels that a layer does not have are zeros. */
static double sum_of_layers(const scene *s, size_t pixel, size_t channel) {
    static const double p[LAYERS] = {.2, .3, .5};
    double sum = 0.0;
    for (size_t i = 0; i < LAYERS; i++) {
        const eng_shape *shape = &eng_graph_value(s->graph, s->alone[i])->shape;
        const size_t channels = shape->dim[shape->ndim - 1];
        if (channel < channels) sum += p[i] * (double)eng_plan_value(s->plan, s->alone[i])[pixel * channels + channel];
    }
    return sum;
}

static void a_superposed_layer_is_the_sum_of_layers(void **state) {
    (void)state;
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        for (size_t c = 0; kernels != NULL && c < CHECK_COUNT(cases); c++) {
            scene s = scene_create(&cases[c], kernels);
            give_numbers(&s);
            (void)eng_plan_forward(s.plan, BATCH, false, 1, 0);
            const eng_shape *out = &eng_graph_value(s.graph, s.mixed)->shape;
            const size_t channels = out->dim[out->ndim - 1], pixels = BATCH * eng_shape_count(out) / channels;
            const float *got = eng_plan_value(s.plan, s.mixed);
            for (size_t i = 0; i < pixels * channels; i++)
                CHECK_NEAR((double)got[i], sum_of_layers(&s, i / channels, i % channels), 1e-5);
            scene_destroy(&s);
        }
    }
}

/* W = 1 .. 9 [out, in], b = (1, 2, 3), widths 2 and 3 of input and output with p = (.4, .6), x = (1, 2, 3). */
static void a_linear_layer_of_two_widths(void **state) {
    (void)state;
    static const double want[3] = {11.4, 26.8, 31.8};
    static const float x[3] = {1, 2, 3}, p[2] = {.4f, .6f}, b[3] = {1, 2, 3};
    scene s = {.graph = eng_graph_create()};
    base_err err = {0};
    const eng_value in = eng_graph_input(s.graph, eng_shape_1d(3), ENG_F32);
    const eng_value weights = eng_graph_input_single(s.graph, eng_shape_2d(1, 2), ENG_F32);
    const eng_superpose_config both = {.count = 2, .column = {0, 1}, .keep = {{2, 2}}};
    const eng_value layer[3] = {in, superposed(&s, "w", eng_shape_2d(3, 3), &both, weights),
                                superposed(&s, "b", eng_shape_1d(3),
                                           &(eng_superpose_config){.count = 2, .column = {0, 1}, .keep = {{2}}},
                                           weights)};
    const eng_value y = add(&s, &eng_op_dense_given, &(eng_dense_config){.width = 3}, NULL, layer, 3);
    eng_graph_keep(s.graph, y);
    (void)add(&s, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){y, in}, 2);
    CHECK_OK(eng_graph_params(s.graph, 1, &s.params, &err));
    CHECK_OK(eng_plan_create(s.graph, s.params, 1, eng_kernels_find(NULL), &s.plan, &err));
    for (size_t i = 0; i < 9; i++) values_of(&s, "w.value")[i % 3 * 3 + i / 3] = (float)(i + 1);
    memcpy(values_of(&s, "b.value"), b, sizeof b);
    eng_plan_bind(s.plan, in, x);
    eng_plan_bind(s.plan, weights, p);
    (void)eng_plan_forward(s.plan, 1, false, 1, 0);
    for (size_t i = 0; i < 3; i++) CHECK_NEAR((double)eng_plan_value(s.plan, y)[i], want[i], 5e-6);
    scene_destroy(&s);
}

/* ---- gradients ---- */

/* Image -> convolution whose kernel counts as row 1 of softmax(alpha) says -> loss; weights in group 0, alphas in group
 * 1. */
typedef struct trained {
    scene s;
    eng_value x, target;
    float *want;
    size_t n;
} trained;

static trained trained_create(bool normalize, const eng_kernels *kernels) {
    trained t = {.n = 3};
    scene *s = &t.s;
    base_err err = {0};
    s->graph = eng_graph_create();
    t.x = eng_graph_input(s->graph, eng_shape_3d(6, 5, 3), ENG_F32);
    eng_graph_set_group(s->graph, 1);
    const eng_parameter_config alphas = {.shape = eng_shape_2d(2, 4), .init = &eng_init_he_normal};
    eng_value p = add(s, &eng_op_parameter, &alphas, "alphas", NULL, 0);
    eng_graph_set_group(s->graph, 0);
    p = add(s, &eng_op_softmax, NULL, NULL, &p, 1);
    eng_superpose_config sizes = {.row = 1, .count = 3, .column = {3, 0, 1}, .keep = {{1, 1}, {3, 3}}, .middle = 3};
    sizes.normalize = normalize;
    const eng_shape kernel = {.ndim = 4, .dim = {5, 5, 1, 3}};
    const eng_parameter_config all = {.shape = kernel, .init = &eng_init_he_normal, .fan_in = 25, .fan_out = 25};
    const eng_value both[2] = {add(s, &eng_op_parameter, &all, "w", NULL, 0), p};
    const eng_conv2d_config conv = {
        .filters = 3, .kernel = {5}, .stride = {2}, .same = true, .groups = 3, .no_bias = true};
    const eng_value in[2] = {t.x, add(s, &eng_op_superpose, &sizes, NULL, both, 2)};
    eng_value y = add(s, &eng_op_conv2d_given, &conv, NULL, in, 2);
    /* The family counts as its sum says, beside an operation of column 2. */
    const eng_value skip = add(s, &eng_op_subsample, &(eng_subsample_config){.stride = 2}, NULL, &t.x, 1);
    const eng_mix_config mix = {.row = 1, .column = {1, 2}, .also = {1u << 0 | 1u << 3}};
    y = add(s, &eng_op_mix, &mix, NULL, (eng_value[]){y, skip, p}, 3);
    y = add(s, &eng_op_reshape, NULL, NULL, &y, 1);
    const size_t count = eng_shape_count(&eng_graph_value(s->graph, y)->shape);
    t.target = eng_graph_input(s->graph, eng_shape_1d(count), ENG_F32);
    (void)add(s, &eng_op_mean_squared_error, NULL, NULL, (eng_value[]){y, t.target}, 2);
    CHECK_OK(eng_graph_params(s->graph, 1, &s->params, &err));
    CHECK_OK(eng_plan_create(s->graph, s->params, t.n, kernels, &s->plan, &err));
    s->x = base_calloc(t.n * 90, sizeof *s->x);
    t.want = base_calloc(t.n * count, sizeof *t.want);
    fill(5, t.n * 90, s->x);
    fill(6, t.n * count, t.want);
    eng_plan_bind(s->plan, t.x, s->x);
    eng_plan_bind(s->plan, t.target, t.want);
    return t;
}

static double loss_of(void *self) {
    const trained *t = self;
    return eng_plan_forward(t->s.plan, t->n, true, 1, 0);
}

static void gradients_are_those_of_differences(void **state) {
    (void)state;
    for (const char *const *name = eng_kernels_names; *name != NULL; name++) {
        const eng_kernels *kernels = eng_kernels_find(*name);
        for (size_t c = 0; kernels != NULL && c < 6; c++) {
            static const unsigned groups[3] = {3, 1, 2};
            trained t = trained_create(c % 2 == 0, kernels);
            const eng_params *params = t.s.params;
            loss_of(&t);
            eng_plan_backward_groups(t.s.plan, groups[c / 2]);
            size_t moving = 0;
            for (size_t i = 0; i < eng_params_count(params); i++) {
                const eng_param *param = eng_params_at(params, i);
                if ((groups[c / 2] >> param->group & 1u) == 0) continue;
                for (size_t k = 0; k < param->count; k++) {
                    const double got = (double)eng_params_gradients(params)[param->offset + k];
                    float *at = &eng_params_values(params)[param->offset + k];
                    const double want = gradcheck_derivative_float(loss_of, &t, at, 0.05);
                    CHECK_NEAR(got, want, 2e-5 * (1.0 + fabs(want)));
                    moving += fabs(want) > 1e-3;
                }
            }
            assert_true(moving >= (groups[c / 2] == 2 ? 4 : 60));
            free(t.want);
            scene_destroy(&t.s);
        }
    }
}

/* A kernel that is normalized does not feel a common factor: the slopes along it are zero. */
static void a_common_factor_of_normalized_weights_has_no_slope(void **state) {
    (void)state;
    const eng_superpose_config config = {
        .row = 1, .count = 3, .column = {0, 1, 3}, .keep = {{1, 1}, {3, 3}}, .middle = 3, .normalize = true};
    static const float p[8] = {0, 0, 0, 0, .3f, .2f, 7, .1f};
    float w[75], dy[75], dw[75], dp[8], y[75];
    eng_graph *graph = eng_graph_create();
    base_err err;
    const eng_shape kernel = {.ndim = 4, .dim = {5, 5, 1, 3}};
    const eng_value in[2] = {eng_graph_input_single(graph, kernel, ENG_F32),
                             eng_graph_input_single(graph, eng_shape_2d(2, 4), ENG_F32)};
    eng_value out;
    CHECK_OK(eng_graph_add(graph, &eng_op_superpose, &config, NULL, in, &out, &err));
    fill(7, 75, w);
    fill(8, 75, dy);
    eng_call call = {.node = eng_graph_node(graph, 0),
                     .out_count = 75,
                     .x = {w, p},
                     .in_count = {75, 8},
                     .y = y,
                     .dy = dy,
                     .dx = {dw, dp}};
    const eng_run pass = {.n = 1, .k = eng_kernels_find(NULL)};
    eng_op_superpose.backward(&call, &pass);
    double along = 0.0;
    for (size_t i = 0; i < 8; i++) along += (double)p[i] * (double)dp[i];
    CHECK_NEAR(along, 0, 1e-6);
    for (size_t i = 0; i < 8; i++) assert_int_equal(dp[i] != 0.0f, i == 4 || i == 5 || i == 7);
    static const float none[8] = {0};
    call.x[1] = none;
    eng_op_superpose.backward(&call, &pass);
    for (size_t i = 0; i < 8; i++) assert_true(dp[i] == 0.0f);
    for (size_t i = 0; i < 75; i++) assert_true(dw[i] == 0.0f);
    eng_graph_destroy(graph);
}

/* ---- mistakes ---- */

static void check_refused(const eng_superpose_config *config, const char *part) {
    eng_graph *graph = eng_graph_create();
    base_err err;
    eng_value out;
    const eng_shape kernel = {.ndim = 4, .dim = {5, 5, 1, 3}};
    const eng_value in[2] = {eng_graph_input_single(graph, kernel, ENG_F32),
                             eng_graph_input_single(graph, eng_shape_2d(2, 4), ENG_F32)};
    CHECK_FAILS(eng_graph_add(graph, &eng_op_superpose, config, NULL, in, &out, &err), BASE_INVALID, part);
    const eng_value each[2] = {eng_graph_input(graph, kernel, ENG_F32),
                               eng_graph_input(graph, eng_shape_2d(2, 4), ENG_F32)};
    CHECK_FAILS(eng_graph_add(graph, &eng_op_superpose, config, NULL, each, &out, &err), BASE_INVALID, "whole batch");
    eng_graph_destroy(graph);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    check_refused(&(eng_superpose_config){.count = 1, .row = 2}, "no row 2 but 2");
    check_refused(&(eng_superpose_config){.count = 1, .column = {4}}, "no column 4 but 4");
    check_refused(&(eng_superpose_config){.count = 0}, "1 to 16 layers can be superposed, not 0");
    check_refused(&(eng_superpose_config){.count = 1, .keep = {{6}}}, "of 5 numbers 6 cannot be kept (dimension 0)");
    check_refused(&(eng_superpose_config){.count = 1, .keep = {{0, 0, 0, 0, 1}}}, "(dimension 4)");
    check_refused(&(eng_superpose_config){.count = 1, .keep = {{3, 2}}, .middle = 3}, "no middle in 5 (dimension 1)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_of_two_sizes),
        cmocka_unit_test(weights_of_zero_give_zero),
        cmocka_unit_test(a_superposition_of_superpositions_has_products),
        cmocka_unit_test(a_superposed_layer_is_the_sum_of_layers),
        cmocka_unit_test(a_linear_layer_of_two_widths),
        cmocka_unit_test(gradients_are_those_of_differences),
        cmocka_unit_test(a_common_factor_of_normalized_weights_has_no_slope),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/op_cases.h"

#include <stdio.h>
#include <stdlib.h>

static const eng_elu_config elu_config = {.alpha = 0.7};
static const eng_prelu_config prelu_config = {.slope = 0.1};
const eng_dropout_config op_case_dropout = {.rate = 0.3};
const eng_cross_entropy_config op_case_smoothing = {.smoothing = 0.1};
static const eng_dense_config dense_linear = {.width = 5}, dense_relu = {.width = 16, .epilogue = ENG_EPILOGUE_RELU};
static const eng_dense_config dense_sigmoid = {.width = 1, .epilogue = ENG_EPILOGUE_SIGMOID};
static const eng_dense_config dense_tanh = {.width = 19, .epilogue = ENG_EPILOGUE_TANH};

static const eng_conv2d_config conv_same = {
    .filters = 5, .kernel = {3, 3}, .padding = {1, 1}, .epilogue = ENG_EPILOGUE_TANH};
static const eng_conv2d_config conv_strided = {
    .filters = 18, .kernel = {2, 3}, .stride = {2, 1}, .dilation = {1, 2}, .padding = {1, 0}, .no_bias = true};
static const eng_conv2d_config conv_grouped = {
    .filters = 6, .kernel = {3, 1}, .groups = 2, .epilogue = ENG_EPILOGUE_SIGMOID, .no_bias = true};
static const eng_conv2d_config conv_depthwise = {.filters = 3, .kernel = {3, 5}, .padding = {1, 2}, .groups = 3};
static const eng_conv2d_config conv_pointwise = {.filters = 17, .kernel = {1, 1}, .epilogue = ENG_EPILOGUE_LINEAR};
static const eng_conv2d_transposed_config transposed = {.filters = 3,
                                                        .kernel = {3, 2},
                                                        .stride = {2, 2},
                                                        .padding = {1, 0},
                                                        .extra = {1, 0},
                                                        .epilogue = ENG_EPILOGUE_TANH};
static const eng_conv2d_transposed_config transposed_grouped = {
    .filters = 4, .kernel = {2, 3}, .dilation = {2, 1}, .groups = 2, .no_bias = true};
static const eng_conv3d_config volume_same = {
    .filters = 4, .kernel = {3, 3, 3}, .padding = {1, 1, 1}, .epilogue = ENG_EPILOGUE_TANH};
static const eng_conv3d_config volume_strided = {.filters = 17,
                                                 .kernel = {2, 1, 2},
                                                 .stride = {2, 1, 1},
                                                 .dilation = {1, 1, 2},
                                                 .padding = {1, 0, 1},
                                                 .no_bias = true};
static const eng_conv3d_config volume_flat = {.filters = 3, .kernel = {1, 2, 2}, .epilogue = ENG_EPILOGUE_SIGMOID};
static const eng_pool_config pool_halves = {.window = {2, 2}, .stride = {2, 2}};
static const eng_pool_config pool_overlaps = {.window = {3, 2}, .stride = {1, 2}, .padding = {1, 1}};
static const eng_batch_norm_config norm_relu = {.relu = true}, norm_plain = {.no_affine = true};
static const eng_slice_config slice_half = {.begin = 4, .count = 8};
static const eng_shuffle_config shuffle_four = {.groups = 4};
static const eng_upsample_config upsample_twice = {.factor = 2};
static const eng_drop_path_config drop_path_config = {.rate = 0.2};
static const eng_subsample_config subsample_odd = {.begin = {1, 1}, .stride = 2};
#define ROW(a)                                                                                                         \
    {                                                                                                                  \
        .ndim = 1, .dim = { a }                                                                                        \
    }
#define IMAGE(a, b, c)                                                                                                 \
    {                                                                                                                  \
        .ndim = 3, .dim = { a, b, c }                                                                                  \
    }
#define VOLUME(a, b, c, d)                                                                                             \
    {                                                                                                                  \
        .ndim = 4, .dim = { a, b, c, d }                                                                               \
    }

static const eng_parameter_config parameter_config = {.shape = {2, {14, 8}}};
static const eng_mix_config mix_config = {.row = 1, .column = {0, 1, 2, 3, 4, 5, 6, 7}};
static const eng_conv2d_config conv_given = {.filters = 40, .kernel = {5}, .same = true, .groups = 40, .no_bias = true};
static const eng_dense_config dense_given = {.width = 10, .epilogue = ENG_EPILOGUE_TANH};
static const eng_superpose_config superpose_config = {
    .row = 1, .count = 3, .column = {2, 0, 1}, .keep = {{1, 1}, {3, 3}}, .middle = 3, .normalize = true};

const op_case op_cases[] = {
    {&eng_op_conv2d, "conv2d tanh", &conv_same, 1e-5, IMAGE(4, 5, 3), .timed = IMAGE(14, 14, 32)},
    {&eng_op_conv2d, "conv2d strided", &conv_strided, 1e-5, IMAGE(4, 6, 2), .sparse = true, .timed = IMAGE(14, 14, 32)},
    {&eng_op_conv2d, "conv2d grouped", &conv_grouped, 1e-5, IMAGE(4, 2, 4), .timed = IMAGE(14, 14, 32)},
    {&eng_op_conv2d, "conv2d depthwise", &conv_depthwise, 1e-5, IMAGE(5, 4, 3), .timed = IMAGE(28, 28, 3)},
    {&eng_op_conv2d, "conv2d 1 x 1", &conv_pointwise, 1e-5, IMAGE(3, 3, 5), .timed = IMAGE(14, 14, 32)},
    {&eng_op_conv2d_transposed, "conv2d-transposed", &transposed, 1e-5, IMAGE(3, 4, 2), .timed = IMAGE(14, 14, 32)},
    {&eng_op_conv2d_transposed, "conv2d-transposed grouped", &transposed_grouped, 1e-5, IMAGE(2, 3, 4),
     .timed = IMAGE(14, 14, 32)},
    {&eng_op_conv3d, "conv3d tanh", &volume_same, 1e-5, VOLUME(3, 2, 3, 2), .timed = VOLUME(8, 8, 8, 16)},
    {&eng_op_conv3d, "conv3d strided", &volume_strided, 1e-5, VOLUME(3, 2, 4, 1), .sparse = true,
     .timed = VOLUME(8, 8, 8, 16)},
    {&eng_op_conv3d, "conv3d of depth 1", &volume_flat, 1e-5, VOLUME(2, 3, 2, 3), .timed = VOLUME(8, 8, 8, 16)},
    {&eng_op_max_pool, "max-pool", &pool_halves, 1e-6, IMAGE(4, 6, 5), .timed = IMAGE(28, 28, 16)},
    {&eng_op_max_pool, "max-pool overlapping", &pool_overlaps, 1e-6, IMAGE(4, 5, 17), .timed = IMAGE(28, 28, 16)},
    {&eng_op_mean_pool, "mean-pool", &pool_halves, 1e-6, IMAGE(5, 3, 3), .sparse = true, .timed = IMAGE(28, 28, 16)},
    {&eng_op_mean_pool, "mean-pool overlapping", &pool_overlaps, 1e-6, IMAGE(4, 5, 2), .timed = IMAGE(28, 28, 16)},
    {&eng_op_global_mean_pool, "global-mean-pool", NULL, 1e-6, IMAGE(3, 4, 5), .timed = IMAGE(14, 14, 32)},
    {&eng_op_global_mean_pool, "global-mean-pool of volumes", NULL, 1e-6, VOLUME(3, 2, 4, 5),
     .timed = VOLUME(8, 8, 8, 16)},
    {&eng_op_batch_norm, "batch-norm of volumes", NULL, 2e-5, VOLUME(2, 3, 2, 5), .timed = VOLUME(8, 8, 8, 16)},
    {&eng_op_batch_norm, "batch-norm of images", NULL, 2e-5, IMAGE(3, 4, 5), .timed = IMAGE(28, 28, 16)},
    {&eng_op_batch_norm, "batch-norm relu", &norm_relu, 2e-5, IMAGE(3, 2, 18), .timed = IMAGE(28, 28, 16)},
    {&eng_op_batch_norm, "batch-norm without scale and shift", &norm_plain, 2e-5, IMAGE(3, 2, 18),
     .timed = IMAGE(28, 28, 16)},
    {&eng_op_layer_norm, "layer-norm of images", NULL, 2e-5, IMAGE(2, 3, 19), .timed = IMAGE(14, 14, 32)},
    {&eng_op_batch_norm, "batch-norm", NULL, 2e-5, .timed = ROW(256)},
    {&eng_op_layer_norm, "layer-norm", NULL, 2e-5, .timed = ROW(256)},
    {&eng_op_dense, "dense", &dense_linear, 1e-5, .timed = ROW(784)},
    {&eng_op_dense, "dense relu", &dense_relu, 1e-5, .timed = ROW(784)},
    {&eng_op_dense, "dense sigmoid", &dense_sigmoid, 1e-5, .timed = ROW(784)},
    {&eng_op_dense, "dense tanh", &dense_tanh, 1e-5, .timed = ROW(784)},
    {&eng_op_dropout, "dropout", &op_case_dropout, 1e-6, .timed = ROW(256)},
    {&eng_op_linear, "linear", NULL, 0.0, .timed = ROW(256)},
#define MAP_CASE(name, ...) {&eng_op_##name, #name, NULL, 1e-6, .timed = ROW(256)},
    ENG_MAP_LIST(MAP_CASE)
#undef MAP_CASE
        {&eng_op_prelu, "prelu", NULL, 1e-5, .timed = ROW(256)},
    {&eng_op_prelu, "prelu 0.1", &prelu_config, .tolerance = 1e-5},
    {&eng_op_elu, "elu", NULL, 1e-6, .timed = ROW(256)},
    {&eng_op_elu, "elu 0.7", &elu_config, .tolerance = 1e-6},
    {&eng_op_softmax, "softmax", NULL, 1e-6, .timed = ROW(10)},
    {&eng_op_add, "add", NULL, .moves = true, .inputs = 2, .timed = IMAGE(28, 28, 16)},
    {&eng_op_concat, "concat", NULL, .moves = true, .inputs = 2, .timed = IMAGE(28, 28, 16)},
    {&eng_op_slice, "slice", &slice_half, .moves = true, .timed = IMAGE(28, 28, 16)},
    {&eng_op_shuffle, "shuffle", &shuffle_four, .moves = true, .inputs = 2, .timed = IMAGE(28, 28, 16)},
    {&eng_op_reshape, "reshape", NULL, .moves = true, .timed = IMAGE(28, 28, 16)},
    {&eng_op_upsample, "upsample", &upsample_twice, .moves = true, .timed = IMAGE(14, 14, 16)},
    {&eng_op_drop_path, "drop-path", &drop_path_config, .moves = true, .timed = IMAGE(28, 28, 16)},
    {&eng_op_subsample, "subsample", &subsample_odd, .moves = true, .timed = IMAGE(28, 28, 16)},
    {&eng_op_zero, "zero", NULL, .moves = true, .timed = IMAGE(28, 28, 16)},
    {&eng_op_noise, "noise", NULL, .moves = true, .timed = IMAGE(28, 28, 16)},
    {&eng_op_parameter, "parameter", &parameter_config, .moves = true, .timed = ROW(64)},
    {&eng_op_conv2d_given, "conv2d-given", &conv_given, .moves = true, .last = {4, {5, 5, 1, 40}},
     .timed = IMAGE(28, 28, 40)},
    {&eng_op_dense_given, "dense-given", &dense_given, .moves = true, .second = {2, {784, 10}}, .last = ROW(10),
     .timed = IMAGE(28, 28, 1)},
    {&eng_op_superpose, "superpose", &superpose_config, .moves = true, .single = true, .last = {2, {2, 4}},
     .timed = VOLUME(5, 5, 32, 48)},
    {&eng_op_mix, "mix", &mix_config, .moves = true, .inputs = 9, .last = {2, {2, 8}}, .timed = IMAGE(28, 28, 16)},
    {&eng_op_mean_squared_error, "mean squared error", NULL, 1e-6, .timed = ROW(10)},
    {&eng_op_binary_cross_entropy, "binary cross-entropy", NULL, 1e-6, .timed = ROW(10)},
    {&eng_op_cross_entropy, "cross-entropy", NULL, 1e-6, .timed = ROW(10)},
    {&eng_op_cross_entropy, "cross-entropy 0.1", &op_case_smoothing, .tolerance = 1e-6},
};
const size_t op_cases_count = sizeof op_cases / sizeof *op_cases;

eng_graph *op_case_graph(const op_case *what, eng_shape shape) {
    eng_graph *graph = eng_graph_create();
    eng_value in[ENG_OP_MAX_INPUTS], out;
    base_err err;
    size_t inputs = what->inputs > 0 ? what->inputs : what->op->inputs;
    for (size_t i = 0; i < inputs; i++) {
        bool target = (what->op->traits & ENG_IS_LOSS) != 0 && i == 1, labels = what->op == &eng_op_cross_entropy;
        const eng_shape *own = i + 1 == inputs ? &what->last : i == 1 ? &what->second : NULL;
        if (own != NULL && own->ndim > 0)
            in[i] = eng_graph_input_single(graph, *own, ENG_F32);
        else if (what->single)
            in[i] = eng_graph_input_single(graph, shape, ENG_F32);
        else
            in[i] = eng_graph_input(graph, target ? eng_shape_1d(labels ? 1 : eng_shape_count(&shape)) : shape,
                                    target && labels ? ENG_I32 : ENG_F32);
    }
    if (eng_graph_add_many(graph, what->op, what->config, NULL, in, inputs, &out, &err) != BASE_OK) {
        fprintf(stderr, "%s: %s\n", what->name, err.text);
        abort();
    }
    return graph;
}

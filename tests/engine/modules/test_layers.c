/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks as lists of layers: what is refused and with which words, the shapes and numbers of what is built, and the
 * gradients of blocks by differences of the loss. */
#include "tests/engine/modules/small_images.h"

#include "engine/modules/layers.h"
#include "engine/modules/summary.h"

static base_status read_layers(base_arena *arena, const char *text, eng_layers *out, base_err *err) {
    base_yaml_node *list;
    BASE_TRY(base_yaml_parse(arena, "n.yaml", text, strlen(text), &list, err));
    return eng_layers_read(list, arena, out, err);
}

static base_status build(const char *text, const eng_net_config *config, eng_net *net, eng_ports *ports,
                         base_err *err) {
    base_arena *arena = base_arena_create();
    eng_layers layers;
    *net = (eng_net){0};
    base_status status = read_layers(arena, text, &layers, err);
    if (status == BASE_OK) status = eng_net_begin(net, config, err);
    if (status == BASE_OK) status = eng_layers_build(&layers, net);
    if (status == BASE_OK) status = eng_net_end(net, ports);
    base_arena_destroy(arena);
    return status;
}

static void faults_are_told_when_read(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } faults[] = {
        {"conv", "n.yaml:1:1: layers are a list, like [{dense: 64}, {dropout: 0.1}], but this is a string"},
        {"[conv]", "n.yaml:1:2: conv needs a value: {conv: ...}, channels of the output"},
        {"[3]", "n.yaml:1:2: a layer is a map like {dense: 64} or a word like flatten, but this is an integer"},
        {"[{}]", "but this is empty"},
        {"[flaten]",
         "n.yaml:1:2: there is no layer 'flaten' (did you mean 'flatten'?); the first key names the layer: conv,"},
        {"[{kernel: 3, conv: 16}]", "n.yaml:1:3: there is no layer 'kernel'"},
        {"[{conv: 16, kernal: 3}]", "did you mean 'kernel'"},
        {"[{convv: null}]", "there is no layer 'convv' (did you mean 'conv'?)"},
        {"[{conv: 0}]", "n.yaml:1:9: conv must be"},
        {"[{conv: many}]", "n.yaml:1:9: conv must be"},
        {"[{conv: 16, activation: rleu}]", "did you mean 'relu'"},
        {"[{conv: 4, kernel: [3, 0]}]", "n.yaml:1:24: kernel must be an integer between 1 and 15, but is 0"},
        {"[{conv: 4, kernel: [3]}]", "n.yaml:1:20: kernel must be one number or a list of 2, but the list has 1"},
        {"[{conv: 4, stride: x}]", "n.yaml:1:20: stride must be an integer"},
        {"[{depthwise: 17}]", "n.yaml:1:14: depthwise must be an integer between 1 and 15, but is 17"},
        {"[{spatially_separable: 4, kernel: [3, 3]}]", "kernel must be an integer"},
        {"[{conv3d: 4, kernel: [3, 3]}]", "kernel must be one number or a list of 3, but the list has 2"},
        {"[{reshape: 4}]", "n.yaml:1:12: reshape must be a list of 1 to 4 sizes"},
        {"[{reshape: [2, 2, 2, 2, 2]}]", "reshape must be a list of 1 to 4 sizes"},
        {"[{reshape: [4, -1]}]", "n.yaml:1:16: a size must be"},
        {"[{reshape: [1000000, 1000000, 1000000]}]", "reshape to 1e+18 numbers is too large"},
        {"[{pool: mean}]", "n.yaml:1:9: pool must be"},
        {"[{dropout: 1}]", "less than 1"},
        {"[{repeat: 2}]", "layers"},
        {"[{repeat: 2, layers: {conv: 3}}]", "n.yaml:1:22: layers must be a list of layers, but is a map"},
        {"[{repeat: 2, layers: [{dense: 4}, {repeat: 1, layers: [{dens: 3}]}]}]",
         "n.yaml:1:57: there is no layer 'dens' (did you mean 'dense'?)"},
        {"[{concat: [{dense: 3}]}]", "n.yaml:1:12: layers are a list"},
        {"[{concat: 4}]", "n.yaml:1:11: concat must be a list of lists of layers, one for each branch, but is"},
    };
    base_err err = {0};
    base_arena *arena = base_arena_create();
    eng_layers layers;
    for (size_t i = 0; i < CHECK_COUNT(faults); i++)
        CHECK_FAILS(read_layers(arena, faults[i].text, &layers, &err), BASE_INVALID, faults[i].part);
    base_arena_destroy(arena);
}

static void shapes_that_do_not_fit_name_their_layer(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } faults[] = {
        {"[{conv: 4, padding: none}, {pool: max}, {conv: 4, kernel: 5, padding: none}]",
         "n.yaml:1:41: layer 3 (conv): kernel 5 does not fit the 3x3 input without padding"},
        {"[{conv: 4, kernel: 5, dilation: 3, padding: none}]",
         "layer 1 (conv): kernel 5 with dilation 3 (13 pixels) does not fit the 8x8 input"},
        {"[{conv: 4, kernel: 4}]", "layer 1 (conv): kernel 4 has no middle: with padding same it must be odd"},
        {"[{conv: 6}, {conv: 4, groups: 4}]", "layer 2 (conv): 4 groups do not divide the 6 channels that it reads"},
        {"[{conv: 6}, {conv: 4, groups: 3}]", "layer 2 (conv): 3 groups do not divide the 4 channels that it has"},
        {"[{pool: max, size: 9}]", "layer 1 (pool): size 9 does not fit the 8x8 input"},
        {"[{conv: 4, kernel: [1, 9], padding: none}]", "layer 1 (conv): kernel 1x9 does not fit the 8x8 input"},
        {"[{conv: 4, kernel: [3, 2]}]", "layer 1 (conv): kernel 2 has no middle"},
        {"[{conv3d: 4}]", "layer 1 (conv3d): it needs a volume [depth, height, width, channels], which a reshape "
                          "layer makes of an image, but reads [8, 8, 2]"},
        {"[{reshape: [2, 4, 8, 3]}]", "[8, 8, 2] cannot become [2, 4, 8, 3]"},
        {"[{reshape: [2, 4, 8, 2]}, {conv: 3}]", "layer 2 (conv): it needs an image"},
        {"[{reshape: [2, 4, 8, 2]}, {pool: max}]", "layer 2 (pool): it needs an image"},
        {"[{reshape: [2, 4, 8, 2]}, {conv3d: 3, padding: none}]",
         "layer 2 (conv3d): kernel 3 does not fit the 2x4x8 input without padding"},
        {"[{reshape: [2, 4, 8, 2]}, {residual: [{conv3d: 3, kernel: [1, 3, 3], padding: none}]}]",
         "layer 2 (residual): its layers turn 2x4x8 into 2x2x6 pixels, which no stride"},
        {"[flatten, {conv: 4}]",
         "n.yaml:1:11: layer 2 (conv): it needs an image [height, width, channels], but reads [128]"},
        {"[global_pool, {pool: max}]", "layer 2 (pool): it needs an image"},
        {"[{dense: 3}, global_pool]", "layer 2 (global_pool): it needs an image"},
        {"[{dense: 3}, {upsample: 2}]", "layer 2 (upsample): it needs an image"},
        {"[{dense: 3}, {depthwise: 3}]", "layer 2 (depthwise): it needs an image"},
        {"[{concat: [[], [{pool: max}]]}]", "layer 1 (concat): "},
        {"[{add: [[{conv: 3}], [{conv: 4}]]}]", "cannot be added"},
        {"[{concat: []}]", "layer 1 (concat): it has 0 branches; 1 to 16 are possible"},
        {"[{residual: [{conv: 4, padding: none}]}]",
         "layer 1 (residual): its layers turn 8x8 into 6x6 pixels, which no stride of the shortcut does"},
        {"[{repeat: 2, layers: [{residual: [{dense: 3}, {conv: 2}]}]}]",
         "n.yaml:1:47: layer 2 (conv): it needs an image"},
        {"[{repeat: 1000, layers: [{repeat: 1000, layers: [{dense: 1}]}]}]", "more than 50000 nodes"},
    };
    base_err err = {0};
    const eng_net_config config = around(image(8, 8, 2));
    for (size_t i = 0; i < CHECK_COUNT(faults); i++) {
        eng_net net;
        eng_ports ports;
        CHECK_FAILS(build(faults[i].text, &config, &net, &ports, &err), BASE_INVALID, faults[i].part);
        eng_graph_destroy(net.graph);
    }
}

/* What the output layer reads, and the numbers that are trained before it, by hand; of images of 9 x 8 x 2. */
static void layers_have_the_shapes_of_their_formulas(void **state) {
    (void)state;
    static const struct {
        const char *text;
        eng_shape shape;
        size_t weights; /* without biases, scales and shifts */
    } cases[] = {
        {"[]", {3, {9, 8, 2}}, 0},
        {"[{conv: 5}]", {3, {9, 8, 5}}, 3 * 3 * 2 * 5},
        {"[{conv: 5, kernel: 5, padding: none}]", {3, {5, 4, 5}}, 5 * 5 * 2 * 5},
        {"[{conv: 5, kernel: 3, dilation: 2, padding: none}]", {3, {5, 4, 5}}, 3 * 3 * 2 * 5},
        {"[{conv: 5, stride: 2}]", {3, {5, 4, 5}}, 3 * 3 * 2 * 5},
        {"[{conv: 6, groups: 2, kernel: 1, stride: 3}]", {3, {3, 3, 6}}, 6},
        {"[{depthwise: 5, stride: 2}]", {3, {5, 4, 2}}, 5 * 5 * 2},
        {"[{separable: 7, kernel: 5}]", {3, {9, 8, 7}}, 5 * 5 * 2 + 2 * 7},
        {"[{conv: 5, kernel: [7, 1]}]", {3, {9, 8, 5}}, 7 * 2 * 5},
        {"[{conv: 5, kernel: [1, 5], padding: none, stride: [2, 1]}]", {3, {5, 4, 5}}, 5 * 2 * 5},
        {"[{depthwise: [3, 5]}]", {3, {9, 8, 2}}, 3 * 5 * 2},
        {"[{separable: 7, kernel: [1, 3], stride: [1, 2]}]", {3, {9, 4, 7}}, 3 * 2 + 2 * 7},
        {"[{spatially_separable: 5, kernel: 7}]", {3, {9, 8, 5}}, 7 * 2 * 5 + 7 * 5 * 5},
        {"[{spatially_separable: 5, stride: 2}]", {3, {5, 4, 5}}, 3 * 2 * 5 + 3 * 5 * 5},
        {"[{transposed: 3, kernel: [2, 3], stride: [2, 1]}]", {3, {18, 10, 3}}, 2 * 3 * 2 * 3},
        {"[{reshape: [3, 3, 8, 2]}]", {4, {3, 3, 8, 2}}, 0},
        {"[{reshape: [3, 3, 8, 2]}, {conv3d: 5}]", {4, {3, 3, 8, 5}}, 27 * 2 * 5},
        {"[{reshape: [3, 3, 8, 2]}, {conv3d: 5, kernel: [1, 3, 5], stride: [1, 1, 2]}]", {4, {3, 3, 4, 5}}, 15 * 2 * 5},
        {"[{reshape: [3, 3, 8, 2]}, {conv3d: 4, padding: none}, global_pool]", {1, {4}}, 27 * 2 * 4},
        {"[{reshape: [3, 3, 8, 2]}, {residual: [{conv3d: 4, stride: 2}]}, {global_pool: max}]",
         {1, {4}},
         27 * 2 * 4 + 2 * 4},
        {"[{transposed: 3}]", {3, {18, 16, 3}}, 2 * 2 * 2 * 3},
        {"[{transposed: 3, kernel: 3, stride: 1}]", {3, {11, 10, 3}}, 3 * 3 * 2 * 3},
        {"[{pool: max}]", {3, {4, 4, 2}}, 0},
        {"[{pool: average, size: 3, stride: 1, padding: same}]", {3, {9, 8, 2}}, 0},
        {"[{pool: average, size: 3, stride: 2}]", {3, {4, 3, 2}}, 0},
        {"[global_pool]", {1, {2}}, 0},
        {"[flatten]", {1, {144}}, 0},
        {"[{flatten: false}]", {3, {9, 8, 2}}, 0},
        {"[{dense: 11}]", {1, {11}}, 144 * 11},
        {"[{upsample: 3}]", {3, {27, 24, 2}}, 0},
        {"[{repeat: 3, layers: [{conv: 2}]}]", {3, {9, 8, 2}}, 3 * 3 * 3 * 2 * 2},
        {"[{conv: null, kernel: 3}, {dropout: ~}, {repeat: null, layers: [{conv: 9}]}]", {3, {9, 8, 2}}, 0},
        {"[{conv: 5, kernel: null, activation: null}]", {3, {9, 8, 5}}, 3 * 3 * 2 * 5},
        {"[{repeat: 0, layers: [{conv: 2}]}]", {3, {9, 8, 2}}, 0},
        {"[{residual: [{conv: 2}]}]", {3, {9, 8, 2}}, 3 * 3 * 2 * 2},
        {"[{residual: [{conv: 4, stride: 2}]}]", {3, {5, 4, 4}}, 3 * 3 * 2 * 4 + 2 * 4},
        {"[{dense: 5}, {residual: [{dense: 5}]}, {residual: [{dense: 7}]}]", {1, {7}}, 144 * 5 + 25 + 35 + 35},
        {"[{concat: [[], [{conv: 3}], [{conv: 1}, {conv: 1}]]}]", {3, {9, 8, 6}}, 54 + 18 + 9},
        {"[{add: [[{conv: 3}], [{conv: 3, kernel: 1}]], activation: tanh}]", {3, {9, 8, 3}}, 54 + 6},
        {"[{norm: none}, {activation: gelu}, {dropout: 0.5}]", {3, {9, 8, 2}}, 0},
    };
    base_err err = {0};
    const eng_net_config config = around(image(9, 8, 2));
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        eng_net net;
        eng_ports ports;
        CHECK_OK(build(cases[i].text, &config, &net, &ports, &err));
        const eng_node *output = eng_graph_node(net.graph, eng_graph_value(net.graph, ports.output)->producer);
        size_t weights = 0;
        for (size_t n = 0; n < eng_graph_nodes(net.graph); n++)
            for (size_t p = 0; p < eng_graph_node(net.graph, n)->params; p++) {
                const eng_param_spec *spec = &eng_graph_node(net.graph, n)->param[p];
                if ((spec->flags & ENG_PARAM_DECAY) != 0) weights += eng_shape_count(&spec->shape);
            }
        bool same = eng_shape_equal(&output->in_shape[0], &cases[i].shape);
        if (!same) print_error("%s has another shape\n", cases[i].text);
        assert_true(same);
        assert_int_equal(weights, cases[i].weights + eng_shape_count(&cases[i].shape) * CLASSES);
        eng_graph_destroy(net.graph);
    }
}

/* Twice the multiply-adds of one sample, by hand: 9 x 8 x 2 in, biases and pooling left out. */
static void operations_are_counted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double flops; /* without the output layer's */
        size_t features;
    } cases[] = {
        {"[{dense: 7}]", 2.0 * 144 * 7, 7},
        {"[{conv: 5, stride: 2}, global_pool]", 2.0 * (5 * 4) * 9 * 2 * 5, 5},
        {"[{conv: 4, groups: 2, norm: batch}, global_pool]", 2.0 * (9 * 8) * 9 * 1 * 4, 4},
        {"[{depthwise: 3}, global_pool]", 2.0 * (9 * 8) * 9 * 2, 2},
        {"[{reshape: [3, 3, 8, 2]}, {conv3d: 4, stride: 2}, global_pool]", 2.0 * (2 * 2 * 4) * 27 * 2 * 4, 4},
        {"[{transposed: 3}, global_pool]", 2.0 * (9 * 8) * 4 * 2 * 3, 3},
        {"[{residual: [{conv: 4, stride: 2}]}, global_pool]", 2.0 * (5 * 4) * (9 * 2 * 4 + 2 * 4), 4},
    };
    base_err err = {0};
    const eng_net_config config = around(image(9, 8, 2));
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        eng_net net;
        eng_ports ports;
        CHECK_OK(build(cases[i].text, &config, &net, &ports, &err));
        CHECK_NEAR(eng_graph_flops(net.graph), cases[i].flops + 2.0 * (double)(cases[i].features * CLASSES), 0);
        eng_graph_destroy(net.graph);
    }
}

/* A layer takes the network's normalization and activation unless it says otherwise. */
static void defaults_come_from_the_network(void **state) {
    (void)state;
    static const struct {
        const char *text, *ops;
    } cases[] = {
        {"[{conv: 2}]", "conv batch-norm gelu dense "},
        {"[{conv: 2, norm: none}]", "conv gelu dense "},
        {"[{spatially_separable: 2}]", "conv batch-norm gelu conv batch-norm gelu dense "},
        {"[{reshape: [2, 2, 4, 2]}, {conv3d: 2}]", "reshape conv batch-norm gelu dense "},
        {"[{conv: 2, norm: layer, activation: tanh}]", "conv layer-norm tanh dense "},
        {"[{conv: 2, norm: none, activation: linear}]", "conv dense "},
        {"[{dense: 2}]", "dense gelu dense "},
        {"[{dense: 2, norm: batch}]", "dense batch-norm gelu dense "},
        {"[norm, activation]", "batch-norm gelu dense "},
        {"[{residual: [{conv: 3}], drop_path: 0.1}]", "conv batch-norm gelu drop-path conv batch-norm add dense "},
    };
    base_err err = {0};
    eng_net_config config = around(image(4, 4, 2));
    config.activation = &eng_op_gelu;
    config.norm = ENG_NORM_BATCH;
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        eng_net net;
        eng_ports ports;
        base_buf ops = {0};
        CHECK_OK(build(cases[i].text, &config, &net, &ports, &err));
        for (size_t n = 0; n < eng_graph_nodes(net.graph); n++) {
            const char *name = eng_graph_node(net.graph, n)->op->name;
            if ((eng_graph_node(net.graph, n)->traits & ENG_IS_LOSS) == 0)
                base_buf_printf(&ops, "%s ", strncmp(name, "conv", 4) == 0 ? "conv" : name);
        }
        assert_string_equal(base_buf_text(&ops), cases[i].ops);
        base_buf_fini(&ops);
        eng_graph_destroy(net.graph);
    }
}

/* ---- gradients ---- */

static void gradients_of_blocks(void **state) {
    (void)state;
    static const char *const networks[] = {
        "[{conv: 4}, {residual: [{conv: 4}, {conv: 4, activation: linear}], activation: tanh}, global_pool]",
        "[{conv: 4}, {residual: [{conv: 6, stride: 2}], drop_path: 0.3}, {residual: [{conv: 6}]}]",
        "[{concat: [[], [{pool: average}, {conv: 3}, {upsample: 2}], [{conv: 2, kernel: 5}]]}, {conv: 3}, flatten]",
        "[{repeat: 3, layers: [{concat: [[], [{conv: 2}]]}]}, global_pool, {dense: 5}]",
        "[{conv: 3}, {add: [[], [{depthwise: 3}], [{separable: 3, kernel: 5, dilation: 2}], [{conv: 3, kernel: 1}]], "
        "activation: sigmoid}, {pool: average, size: 3, padding: same}]",
        "[{concat: [[], [{pool: average}, {conv: 3}, {transposed: 2}]]}, {transposed: 2, kernel: 3, stride: 1}]",
        "[{spatially_separable: 3, kernel: 5}, {residual: [{conv: 4, kernel: [1, 3], stride: [1, 2]}]}, "
        "{depthwise: [3, 1]}]",
        "[{reshape: [3, 2, 6, 2]}, {residual: [{conv3d: 4, stride: [1, 1, 2]}]}, {conv3d: 3, kernel: [2, 1, 3], "
        "padding: none}, global_pool]",
        "[{dense: 8}, {residual: [{dense: 8}, {dropout: 0.4}]}, {residual: [{dense: 5}]}]",
    };
    base_err err = {0};
    for (size_t i = 0; i < CHECK_COUNT(networks) * 2; i++) {
        eng_net_config config = around(image(6, 6, 2));
        config.activation = &eng_op_tanh;
        config.norm = i % 2 == 0 ? ENG_NORM_NONE : ENG_NORM_BATCH;
        eng_net net;
        eng_ports ports;
        CHECK_OK(build(networks[i / 2], &config, &net, &ports, &err));
        check_gradients(net.graph, &ports, 6 * 6 * 2);
    }
}

/* Convolutions, normalization with its running statistics, sums of gradients: a whole step changes all of it, bit by
 * bit, as training and update do. */
static void a_step_is_training_and_update(void **state) {
    (void)state;
    static const char network[] =
        "[{conv: 4}, {residual: [{depthwise: 3}, {conv: 6, stride: 2}]}, {concat: [[], [{conv: 3, norm: layer}]]}, "
        "{dense: 7, norm: batch}, {activation: prelu}, {dense: 300}]";
    float x[BATCH * 6 * 6 * 2];
    int32_t labels[BATCH];
    for (size_t i = 0; i < CHECK_COUNT(x); i++) x[i] = (float)(i * 7 % 11) / 5.0f - 1.0f;
    for (int32_t i = 0; i < BATCH; i++) labels[i] = i % CLASSES;
    const eng_batch batch = {.n = BATCH, .x = x, .labels = labels};
    base_err err = {0};
    eng_model *model[2];
    eng_optimizer *optimizer[2];
    eng_net_config config = around(image(6, 6, 2));
    config.norm = ENG_NORM_BATCH;
    for (size_t i = 0; i < 2; i++) {
        eng_net net;
        eng_ports ports;
        CHECK_OK(build(network, &config, &net, &ports, &err));
        CHECK_OK(eng_model_adopt(net.graph, &ports, &(eng_model_options){.batch = BATCH, .seed = 4}, &model[i], &err));
        CHECK_OK(eng_optimizer_create(&eng_optimizer_adamw, &eng_optimizer_adamw.defaults, eng_model_params(model[i]),
                                      eng_model_kernels(model[i]), &optimizer[i], &err));
    }
    for (uint64_t step = 0; step < 5; step++) {
        const double loss = eng_model_train(model[0], &batch, step);
        eng_optimizer_step(optimizer[0], 0.01);
        CHECK_SAME_DOUBLE(eng_model_step(model[1], &batch, step, optimizer[1], 0.01), loss);
    }
    assert_memory_equal(eng_params_values(eng_model_params(model[0])), eng_params_values(eng_model_params(model[1])),
                        eng_params_size(eng_model_params(model[0])) * sizeof(float));
    for (size_t i = 0; i < 2; i++) {
        eng_optimizer_destroy(optimizer[i]);
        eng_model_destroy(model[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_told_when_read),
        cmocka_unit_test(shapes_that_do_not_fit_name_their_layer),
        cmocka_unit_test(layers_have_the_shapes_of_their_formulas),
        cmocka_unit_test(operations_are_counted),
        cmocka_unit_test(defaults_come_from_the_network),
        cmocka_unit_test(gradients_of_blocks),
        cmocka_unit_test(a_step_is_training_and_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

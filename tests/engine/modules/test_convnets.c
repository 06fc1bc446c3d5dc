/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Residual networks, U-nets and separable ones: published sizes, and gradients by differences of the loss. */
#include "tests/engine/modules/small_images.h"

#include "engine/modules/convnets.h"
#include "engine/modules/summary.h"

static eng_graph *build_named(eng_convnet_fn *fn, const eng_net_config *config, const eng_convnet_config *shape,
                              eng_ports *ports) {
    base_err err = {0};
    eng_net net;
    CHECK_OK(eng_net_begin(&net, config, &err));
    CHECK_OK(fn(&net, shape));
    CHECK_OK(eng_net_end(&net, ports));
    return net.graph;
}

/* K. He et al., CVPR 2016, table 6: ResNet-20 has 0.27 million parameters, ResNet-32 0.46, ResNet-56 0.85; the
 * projections that stand for the paper's zero padding add 2 % or less. */
static void residual_networks_have_the_published_sizes(void **state) {
    (void)state;
    static const struct {
        size_t blocks;
        double millions;
    } published[] = {{3, 0.27}, {5, 0.46}, {9, 0.85}};
    eng_net_config config = around(image(32, 32, 3));
    config.outputs = 10;
    config.norm = ENG_NORM_BATCH;
    for (size_t i = 0; i < CHECK_COUNT(published); i++) {
        const eng_convnet_config shape = {.stages = 3, .blocks = published[i].blocks, .width = 16};
        eng_ports ports;
        eng_graph *graph = build_named(eng_resnet_build, &config, &shape, &ports);
        CHECK_CLOSE((double)eng_graph_numbers(graph) / 1e6, published[i].millions, 0.03);
        eng_graph_destroy(graph);
    }
}

/* O. Ronneberger et al., MICCAI 2015, figure 1: 64 to 1024 channels, two 3 x 3 convolutions at every size and on either
 * way, 23 convolutions in all; the sizes come back, whether halving rounded down or not. */
static void unets_have_the_layers_of_the_figure(void **state) {
    (void)state;
    static const size_t sizes[][2] = {{16, 16}, {31, 17}, {19, 26}};
    for (size_t s = 0; s < CHECK_COUNT(sizes); s++) {
        const size_t height = sizes[s][0], width = sizes[s][1];
        const eng_net_config config = around(image(height, width, 1));
        const eng_convnet_config shape = {.stages = 5, .blocks = 1, .width = 64};
        eng_ports ports;
        eng_graph *graph = build_named(eng_unet_build, &config, &shape, &ports);
        size_t want = 64 * CLASSES + CLASSES, convolutions = 1;
        for (size_t level = 0, in = 1, c = 64; level < 5; level++, in = c, c *= 2) {
            want += 9 * in * c + c + 9 * c * c + c;
            if (level < 4) want += 4 * 2 * c * c + c + 9 * 2 * c * c + c + 9 * c * c + c;
        }
        assert_int_equal(eng_graph_numbers(graph), want);
        for (size_t i = 0; i < eng_graph_nodes(graph); i++) {
            const eng_node *node = eng_graph_node(graph, i);
            convolutions += node->op == &eng_op_conv2d || node->op == &eng_op_conv2d_transposed;
            if (node->op == &eng_op_global_mean_pool) {
                const eng_shape last = image(height, width, 64);
                assert_true(eng_shape_equal(&node->in_shape[0], &last));
            }
        }
        assert_int_equal(convolutions, 23);
        eng_graph_destroy(graph);
    }
    base_err err = {0};
    eng_net net;
    const eng_net_config config = around(image(6, 6, 1));
    const eng_convnet_config deep = {.stages = 4, .blocks = 1, .width = 2};
    CHECK_OK(eng_net_begin(&net, &config, &err));
    CHECK_FAILS(eng_unet_build(&net, &deep), BASE_INVALID, "after 3 stages the image has 1x1 pixels, too few");
    eng_graph_destroy(net.graph);
}

static void gradients_of_named_networks(void **state) {
    (void)state;
    eng_net_config config = around(image(6, 5, 2));
    config.activation = &eng_op_tanh;
    config.norm = ENG_NORM_BATCH;
    static const eng_convnet_config shapes[] = {
        {.stages = 2, .blocks = 1, .width = 4},
        {.stages = 2, .blocks = 2, .width = 3, .preactivation = true, .drop_path = 0.4},
        {.stages = 2, .blocks = 2, .width = 4, .skip = true},
        {.stages = 3, .blocks = 1, .width = 3},
    };
    static eng_convnet_fn *const builders[] = {eng_resnet_build, eng_resnet_build, eng_separable_build, eng_unet_build};
    for (size_t i = 0; i < CHECK_COUNT(shapes); i++) {
        eng_ports ports;
        eng_graph *graph = build_named(builders[i], &config, &shapes[i], &ports);
        check_gradients(graph, &ports, 6 * 5 * 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residual_networks_have_the_published_sizes),
        cmocka_unit_test(unets_have_the_layers_of_the_figure),
        cmocka_unit_test(gradients_of_named_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

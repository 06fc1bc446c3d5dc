/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks by name: every kind of the engine's list, and a list with one more that is handed in. */
#include "tests/support/check.h"

#include "engine/modules/network.h"

static base_arena *arena;
static base_err err;

static int setup(void **state) {
    (void)state;
    arena = base_arena_create();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    base_arena_destroy(arena);
    return 0;
}

/* ---- a kind from elsewhere: a chain of dense layers ---- */

typedef struct chain_own {
    int64_t links, width;
    double twist;
} chain_own;

static const base_option chain_options[] = {
    {"links", BASE_OPTION_INT, offsetof(chain_own, links), BASE_REQUIRED, .min = 1, .max = 9, .help = "of the chain"},
    {"width", BASE_OPTION_INT, offsetof(chain_own, width), "", .min = 1, .max = 50, .help = "of each link"},
    {"twist", BASE_OPTION_REAL, offsetof(chain_own, twist), "0", .min = 0, .max = 1, .help = "of the chain"},
    BASE_OPTIONS_END,
};

static base_status chain_resolve(void *own, const base_yaml_node *settings, base_arena *in, base_err *why) {
    chain_own *o = own;
    (void)in;
    if (o->links == 7) return base_yaml_fail(base_yaml_get(settings, "links"), why, "seven links bring no luck");
    if (o->width == 0) o->width = o->links;
    return BASE_OK;
}

static base_status chain_build(eng_net *net, const eng_network *network, eng_ports *ports) {
    const chain_own *o = network->own;
    if (o->twist > 0.5) return BASE_FAIL(net->err, BASE_INVALID, "a twist of %g breaks it", o->twist);
    for (int64_t i = 0; i < o->links; i++)
        BASE_TRY(eng_net_dense(net, (size_t)o->width, net->config->norm, eng_net_activation(net), NULL));
    return eng_net_end(net, ports);
}

static const eng_network_kind chain = {
    .name = "chain",
    .summary = "for this test",
    .options = chain_options,
    .size = sizeof(chain_own),
    .resolve = chain_resolve,
    .build = chain_build,
    .flat = true,
};

static const eng_network_kind *const with_chain[] = {
    &eng_network_mlp, &eng_network_resnet, &eng_network_separable, &eng_network_unet, &chain, NULL,
};

/* ---- the list ---- */

static const base_yaml_node *parse(const char *text) {
    base_yaml_node *root = NULL;
    CHECK_OK(base_yaml_parse(arena, "n.yaml", text, strlen(text), &root, &err));
    return root;
}

static base_status read_network(const char *text, const eng_network_kind *const *kinds, eng_network *out) {
    const base_yaml_node *map = parse(text);
    BASE_TRY(base_options_known(eng_network_table(kinds, arena), map, &err));
    return eng_network_read(map, kinds, arena, out, &err);
}

static const eng_net_config images = {
    .input = {.ndim = 3, .dim = {8, 8, 2}}, .task = ENG_MULTICLASS, .outputs = 5, .label_smoothing = 0.1};

/* Every kind can be built from its name alone, says what it is, and its options can be read from its own defaults. */
static void every_kind_is_complete(void **state) {
    (void)state;
    for (size_t i = 0; eng_networks[i] != NULL; i++) {
        const eng_network_kind *kind = eng_networks[i];
        char text[60];
        eng_network network;
        eng_graph *graph;
        eng_ports ports;
        snprintf(text, sizeof text, "{model: %s}", kind->name);
        CHECK_OK(read_network(text, eng_networks, &network));
        assert_ptr_equal(network.kind, kind);
        assert_true(strlen(kind->summary) > 0);
        for (const base_option *option = kind->options; option->name != NULL; option++)
            assert_true(strlen(option->help) > 0 && option->offset < kind->size);
        CHECK_OK(eng_network_graph(&network, &images, &graph, &ports, &err));
        assert_int_equal(eng_shape_count(&eng_graph_value(graph, ports.output)->shape), 5);
        assert_int_equal(eng_shape_count(&eng_graph_value(graph, ports.x)->shape), 128);
        assert_int_equal(eng_graph_value(graph, ports.x)->shape.ndim, kind->flat ? 1 : 3);
        eng_graph_destroy(graph);
    }
}

static const base_option *line_of(const eng_network_kind *const *kinds, const char *name) {
    const base_option *line = base_options_find(eng_network_table(kinds, arena), name);
    assert_non_null(line);
    return line;
}

/* One line for a name that several kinds have, which says what it means to each of them. */
static void the_table_has_every_option_once(void **state) {
    (void)state;
    const base_option *table = eng_network_table(with_chain, arena);
    for (const base_option *a = table; a->name != NULL; a++)
        for (const base_option *b = a + 1; b->name != NULL; b++) assert_string_not_equal(a->name, b->name);
    for (size_t i = 0; with_chain[i] != NULL; i++)
        for (const base_option *option = with_chain[i]->options; option->name != NULL; option++)
            assert_int_equal(line_of(with_chain, option->name)->kind, option->kind);
    assert_string_equal(line_of(with_chain, "layers")->help, "mlp: hidden layers; 0 = a linear model");
    assert_string_equal(line_of(with_chain, "width")->help,
                        "mlp: units of each hidden layer, default 128; resnet, separable, unet: channels of the first "
                        "stage, default 16; chain: of each link");
    /* bounds that all agree on stand in the table, others are left to the kind's own */
    assert_true(line_of(eng_networks, "width")->max == 1 << 20);
    assert_true(line_of(with_chain, "width")->max == 0);
    assert_string_equal(line_of(with_chain, "model")->choices[4], "chain");
    assert_null(line_of(eng_networks, "model")->choices[4]);
}

static void a_kind_that_is_handed_in_is_a_network(void **state) {
    (void)state;
    eng_network network;
    eng_graph *graph;
    eng_ports ports;
    CHECK_OK(read_network("{model: chain, links: 3, activation: tanh}", with_chain, &network));
    CHECK_OK(eng_network_graph(&network, &images, &graph, &ports, &err));
    assert_int_equal(eng_graph_nodes(graph), 3 + 2);
    assert_int_equal(eng_graph_node(graph, 0)->out_shape.dim[0], 3);
    eng_graph_destroy(graph);
    CHECK_FAILS(read_network("{model: chain}", eng_networks, &network), BASE_INVALID,
                "model must be one of mlp, resnet");
    CHECK_OK(read_network("{model: chain, links: 3, twist: 0.7}", with_chain, &network));
    CHECK_FAILS(eng_network_graph(&network, &images, &graph, &ports, &err), BASE_INVALID,
                "model chain: a twist of 0.7 breaks it");
    assert_null(graph);
}

static void faults_name_position_and_model(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } faults[] = {
        {"{model: chain, links: 3, layers: 2}", "n.yaml:1:26: layers has no meaning for model chain"},
        {"{links: 3}", "n.yaml:1:2: links has no meaning for model mlp"},
        {"{model: unet, twist: 0.5}", "n.yaml:1:15: twist has no meaning for model unet"},
        {"{model: chain, links: 3, width: 60}", "n.yaml:1:33: width must be an integer between 1 and 50"},
        {"{model: chain}", "n.yaml:1:1: the key 'links' is missing here: of the chain"},
        {"{model: chain, links: 7}", "n.yaml:1:23: seven links bring no luck"},
        {"{model: chain, link: 7}", "unknown key 'link'; did you mean 'links'?"},
        {"{network: [{dense: 3}], twist: 1}", "n.yaml:1:25: network lists every layer, so twist has no meaning beside"},
        {"{network: [{dense: 3}], model: mlp}", "so model has no meaning beside it; remove one of them"},
    };
    eng_network network;
    for (size_t i = 0; i < CHECK_COUNT(faults); i++)
        CHECK_FAILS(read_network(faults[i].text, with_chain, &network), BASE_INVALID, faults[i].part);
}

static void check_print(const char *a, const char *b, bool same) {
    base_buf texts[2] = {{0}, {0}};
    for (size_t i = 0; i < 2; i++) {
        eng_network network;
        CHECK_OK(read_network(i == 0 ? a : b, with_chain, &network));
        eng_network_print(&network, &texts[i]);
    }
    assert_true((strcmp(base_buf_text(&texts[0]), base_buf_text(&texts[1])) == 0) == same);
    base_buf_fini(&texts[0]);
    base_buf_fini(&texts[1]);
}

/* ---- a second loss that helps in training ---- */

typedef struct helped_own {
    double auxiliary;
} helped_own;

static const base_option helped_options[] = {
    {"auxiliary", BASE_OPTION_REAL, offsetof(helped_own, auxiliary), "0", .min = 0, .max = 9, .help = "its weight"},
    BASE_OPTIONS_END,
};

/* A hidden layer, a linear tower on it, and the head. */
static base_status helped_build(eng_net *net, const eng_network *network, eng_ports *ports) {
    const helped_own *o = network->own;
    BASE_TRY(eng_net_dense(net, 6, ENG_NORM_NONE, &eng_op_tanh, "hidden"));
    const eng_value hidden = net->at;
    BASE_TRY(eng_net_dense(net, 5, ENG_NORM_NONE, &eng_op_linear, "tower"));
    const eng_value tower = net->at;
    net->at = hidden;
    BASE_TRY(eng_net_end(net, ports));
    const eng_cross_entropy_config loss = {.auxiliary = o->auxiliary};
    eng_value none;
    return eng_graph_add(net->graph, &eng_op_cross_entropy, &loss, "tower.loss", (eng_value[]){tower, ports->target},
                         &none, net->err);
}

static const eng_network_kind helped = {
    .name = "helped",
    .summary = "for this test",
    .options = helped_options,
    .size = sizeof(helped_own),
    .build = helped_build,
    .flat = true,
};

/* The loss in training is that of the head plus weight times that of the tower, in evaluation that of the head; what
 * counts as the network is what answers. */
static void a_second_loss_helps_in_training_only(void **state) {
    (void)state;
    enum { IN = 8 * 8 * 2, BATCH = 3 };
    const eng_network_kind *const kinds[] = {&helped, NULL};
    const eng_net_config around = {.input = images.input, .task = ENG_MULTICLASS, .outputs = 5};
    const eng_model_options options = {.batch = BATCH, .seed = 4};
    static float x[BATCH * IN];
    static const int32_t labels[BATCH] = {0, 4, 2};
    for (size_t i = 0; i < BATCH * IN; i++) x[i] = (float)sin((double)i);
    const eng_batch batch = {.n = BATCH, .x = x, .labels = labels};
    double train[3], evaluated[3];
    for (size_t i = 0; i < 3; i++) {
        char text[40];
        eng_network network;
        eng_graph *graph;
        eng_ports ports;
        eng_model *model;
        snprintf(text, sizeof text, "{auxiliary: %g}", (const double[]){0.4, 1.4, 2.4}[i]);
        CHECK_OK(read_network(text, kinds, &network));
        CHECK_OK(eng_network_graph(&network, &around, &graph, &ports, &err));
        CHECK_OK(eng_model_adopt(graph, &ports, &options, &model, &err));
        evaluated[i] = eng_model_evaluate(model, &batch);
        train[i] = eng_model_train(model, &batch, 0);
        assert_int_equal(eng_model_numbers(model), IN * 6 + 6 + 6 * 5 + 5);
        assert_int_equal(eng_params_numbers(eng_model_params(model)), IN * 6 + 6 + 2 * (6 * 5 + 5));
        CHECK_CLOSE(eng_model_flops(model), 2.0 * (IN * 6 + 6 * 5), 1e-12);
        eng_model_destroy(model);
    }
    const double tower = train[1] - train[0];
    assert_true(tower > 0.5);
    CHECK_CLOSE(train[2] - train[1], tower, 1e-6);
    CHECK_CLOSE(train[0], evaluated[0] + 0.4 * tower, 1e-6);
    CHECK_SAME_DOUBLE(evaluated[0], evaluated[2]);
}

/* What is printed tells networks apart, and nothing else; another kind in the list changes nothing. */
static void print_is_the_networks_own(void **state) {
    (void)state;
    check_print("{}", "{model: mlp, layers: 2, norm: auto}", true);
    check_print("{model: mlp, width: null}", "{dropout: 0}", true);
    check_print("{}", "{model: resnet}", false);
    check_print("{}", "{layers: 1}", false);
    check_print("{}", "{norm: batch}", false);
    check_print("{model: chain, links: 3}", "{model: chain, links: 3, width: 3}", true);
    check_print("{model: chain, links: 3}", "{model: chain, links: 4}", false);
    check_print("{network: [{dense: 3}]}", "{network: [{dense: 4}]}", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_is_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(the_table_has_every_option_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kind_that_is_handed_in_is_a_network, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_name_position_and_model, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_loss_helps_in_training_only, setup, teardown),
        cmocka_unit_test_setup_teardown(print_is_the_networks_own, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

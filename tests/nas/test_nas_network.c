/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks of genotypes: their numbers to the unit against those of the published implementations, names that bind
 * parameters, what is left out because nothing reads it, and what does not fit. */
#include "tests/nas/nets.h"

#include "engine/modules/model.h"
#include "engine/modules/summary.h"

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Counted with the authors' code: 10 classes, affine batch normalization. */
static void darts_has_the_published_numbers(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t channels, cells, image, colours, numbers;
    } cases[] = {{"DARTS_V2", 36, 20, 32, 3, 3349342},       {"DARTS_V1", 36, 20, 32, 3, 3169414},
                 {"PC_DARTS_cifar", 36, 20, 32, 3, 3634678}, {"DARTS_V2", 16, 8, 32, 3, 246106},
                 {"DARTS_V2", 16, 8, 28, 1, 245242},         {"DARTS_V1", 16, 8, 28, 1, 232026},
                 {"PC_DARTS_cifar", 16, 8, 28, 1, 334874},   {"DARTS_V1", 8, 5, 28, 1, 34626},
                 {"DARTS_V2", 8, 5, 28, 1, 36586},           {"PC_DARTS_cifar", 8, 5, 28, 1, 66338}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        const nas_settings settings = {.channels = cases[i].channels, .cells = cases[i].cells};
        assert_int_equal(numbers_of(known_genotype(cases[i].name, arena), settings, cases[i].image, cases[i].colours),
                         cases[i].numbers);
        base_arena_destroy(arena);
    }
}

/* Multiply-adds by hand: every weight of a convolution is used once for each pixel that comes out of it. */
static double multiply_adds(const nas_genotype *genotype, size_t channels, size_t cells, size_t image, size_t colours) {
    size_t size = image, before[2] = {3 * channels, 3 * channels};
    double sum = 9.0 * (double)(colours * 3 * channels * image * image);
    for (size_t i = 0; i < cells; i++) {
        const bool reduction = i == cells / 3 || i == 2 * cells / 3;
        const size_t type = nas_space_cell_find(genotype->space, reduction ? "reduce" : "normal");
        const size_t c = channels << ((i >= cells / 3) + (i >= 2 * cells / 3)), out = reduction ? size / 2 : size;
        sum += (double)((before[0] + before[1]) * c * size * size);
        for (size_t k = 0; k < genotype->cells[type].count; k++) {
            const nas_gene *gene = &genotype->cells[type].genes[k];
            const size_t stride = genotype->space->cells[type].edges[gene->edge].stride;
            if (gene->operation->parameters == NULL) continue;
            sum += (double)(gene->operation->parameters(c, c, stride, false) * out * out);
        }
        before[0] = before[1];
        before[1] = 4 * c;
        size = out;
    }
    return sum + (double)(before[1] * 10);
}

static void operations_are_counted(void **state) {
    (void)state;
    static const char *const names[] = {"DARTS_V1", "DARTS_V2", "PC_DARTS_cifar", "PT_DARTS_fashion_mnist"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        base_arena *arena = base_arena_create();
        const nas_genotype *genotype = known_genotype(names[i], arena);
        const nas_settings settings = {.channels = 36, .cells = 20, .auxiliary = 0.4};
        eng_ports ports;
        eng_graph *graph = network_of(genotype, &settings, 32, 3, &ports);
        CHECK_NEAR(eng_graph_flops_behind(graph, ports.output), 2.0 * multiply_adds(genotype, 36, 20, 32, 3), 0.0);
        eng_graph_destroy(graph);
        base_arena_destroy(arena);
    }
}

static void all_skips_have_the_published_numbers(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    const nas_genotype *genotype =
        genotype_of(space,
                    "Genotype(normal=[('skip_connect', 0), ('skip_connect', 1), ('skip_connect', 0), ('skip_connect', "
                    "1), ('skip_connect', 0), ('skip_connect', 1), ('skip_connect', 0), ('skip_connect', 1)], "
                    "normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('max_pool_3x3', "
                    "0), ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
                    "('max_pool_3x3', 1)], reduce_concat=range(2, 6))",
                    arena);
    assert_int_equal(numbers_of(genotype, (nas_settings){.channels = 36, .cells = 20}, 32, 3), 1370134);
    base_arena_destroy(arena);
}

/* The tower is not counted, has the published size on CIFAR-10, and fits the 7 x 7 pixels of Fashion-MNIST. */
static void the_auxiliary_tower_is_as_published(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_genotype *genotype = known_genotype("DARTS_V2", arena);
    const nas_settings large = {.channels = 36, .cells = 20, .auxiliary = 0.4};
    const nas_settings small = {.channels = 4, .cells = 3, .auxiliary = 0.4};
    eng_ports ports;
    eng_graph *graph = network_of(genotype, &large, 32, 3, &ports);
    assert_int_equal(eng_graph_numbers_behind(graph, ports.output), 3349342);
    assert_int_equal(eng_graph_numbers(graph) - eng_graph_numbers_behind(graph, ports.output), 476426);
    assert_true(eng_graph_flops(graph) > eng_graph_flops_behind(graph, ports.output));
    eng_graph_destroy(graph);
    graph = network_of(genotype, &small, 28, 1, &ports);
    assert_int_equal(eng_graph_numbers(graph) - eng_graph_numbers_behind(graph, ports.output),
                     64 * 128 + 256 + 4 * 128 * 768 + 1536 + 7690);
    eng_graph_destroy(graph);
    base_arena_destroy(arena);
}

/* All operations of the edge, summed. */
static base_status put_all(void *self, eng_net *net, const nas_edge *edge, eng_value *out) {
    const nas_space *space = self;
    const nas_space_edge *what = &space->cells[edge->type].edges[edge->index];
    eng_value terms[16];
    for (size_t k = 0; k < what->n_operations; k++)
        BASE_TRY(nas_operation_build(what->operations[k], net, edge, &terms[k]));
    return nas_sum_build(net, terms, what->n_operations, out);
}

/* The network of the search, without scale and shift in its cells: numbers of the authors' code. */
static void a_supernet_has_the_published_numbers(void **state) {
    (void)state;
    static const struct {
        size_t channels, cells, image, colours, numbers;
    } cases[] = {{16, 8, 32, 3, 1930618}, {16, 8, 28, 1, 1929754}, {8, 5, 28, 1, 393778}, {4, 3, 28, 1, 72638}};
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const nas_settings settings = {.channels = cases[i].channels, .cells = cases[i].cells, .search = true};
        const nas_builder builder = {.self = (void *)space, .edge = put_all};
        const eng_net_config config = {.input = eng_shape_3d(cases[i].image, cases[i].image, cases[i].colours),
                                       .task = ENG_MULTICLASS,
                                       .outputs = 10};
        base_err err;
        eng_net net;
        eng_ports ports;
        CHECK_OK(eng_net_begin(&net, &config, &err));
        CHECK_OK(nas_skeleton_build(space, &settings, &builder, &net, &ports));
        assert_int_equal(eng_graph_numbers_behind(net.graph, ports.output), cases[i].numbers);
        eng_graph_destroy(net.graph);
    }
    base_arena_destroy(arena);
}

/* X. Dong, Y. Yang: numbers of the tables. */
static void nasbench201_has_the_published_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t numbers;
    } cases[] = {
        {"|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|", 1531546},
        {"|none~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|none~2|", 73306},
        {"|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|", 1073466}};
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("nasbench201", arena);
    for (size_t i = 0; i < CHECK_COUNT(cases); i++)
        assert_int_equal(numbers_of(genotype_of(space, cases[i].text, arena), (nas_settings){0}, 32, 3),
                         cases[i].numbers);
    base_arena_destroy(arena);
}

static void nasbench_macro_has_the_published_numbers(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("nasbench-macro", arena);
    static const struct {
        const char *text;
        size_t numbers;
    } cases[] = {{"22212202", 1985514}, {"00000000", 387882}, {"22222222", 2932586}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++)
        assert_int_equal(numbers_of(genotype_of(space, cases[i].text, arena), (nas_settings){0}, 32, 3),
                         cases[i].numbers);
    base_arena_destroy(arena);
}

/* All 4,096: each is what its operations state plus what all networks have, from 177,962 to 212,906. */
static void toy_has_4096_networks(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("toy", arena);
    const size_t normal = nas_space_cell_find(space, "normal"), reduce = nas_space_cell_find(space, "reduce");
    size_t least = SIZE_MAX, most = 0, all = 0;
    for (size_t code = 0; code < 4096; code++) {
        nas_genotype *genotype = nas_genotype_create(space, arena);
        size_t left = code, stated = 148874 + 6432;
        base_err err;
        for (size_t c = 0; c < 2; c++)
            for (size_t e = 0; e < 3; e++, left /= 4) {
                const nas_space_edge *edge = &space->cells[c].edges[e];
                const nas_operation *operation = edge->operations[left % 4];
                CHECK_OK(nas_genotype_add(genotype, c, edge->to, (int64_t)edge->from, operation->name, &err));
                if (c == normal) stated += operation->parameters(32, 32, 1, true);
                if (c == reduce) stated += operation->parameters(32, 32, edge->stride, true);
                if (c == reduce) stated += operation->parameters(64, 64, edge->stride, true);
            }
        CHECK_OK(nas_genotype_check(genotype, &err));
        const size_t numbers = numbers_of(genotype, (nas_settings){0}, 28, 1);
        assert_int_equal(numbers, stated);
        least = numbers < least ? numbers : least;
        most = numbers > most ? numbers : most;
        all++;
    }
    assert_int_equal(all, (size_t)nas_space_size(space));
    assert_int_equal(least, 177962);
    assert_int_equal(most, 212906);
    base_arena_destroy(arena);
}

/* A network with random data through training and evaluation: finite, deterministic, and the tower's loss counts in
 * training only. */
static double loss_of(const nas_genotype *genotype, nas_settings settings, size_t size, bool training) {
    enum { BATCH = 4 };
    base_err err;
    eng_ports ports;
    eng_model *model;
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, 1, 0);
    float *x = base_calloc(BATCH * size * size, sizeof *x);
    const int32_t labels[BATCH] = {1, 7, 0, 9};
    for (size_t i = 0; i < BATCH * size * size; i++) x[i] = (float)base_rng_normal(&rng);
    eng_graph *graph = network_of(genotype, &settings, size, 1, &ports);
    CHECK_OK(eng_model_adopt(graph, &ports, &(eng_model_options){.batch = BATCH, .seed = 3}, &model, &err));
    const eng_batch batch = {.n = BATCH, .x = x, .labels = labels};
    const double loss = training ? eng_model_train(model, &batch, 1) : eng_model_evaluate(model, &batch);
    eng_model_destroy(model);
    free(x);
    return loss;
}

static void networks_of_all_spaces_run(void **state) {
    (void)state;
    size_t count;
    const nas_space_preset *const *presets = nas_space_presets(&count);
    for (size_t i = 0; i < count; i++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = space_of(presets[i]->name, arena);
        base_rng rng = base_rng_stream(9, BASE_RNG_TEST, 2, (uint32_t)i);
        const nas_genotype *genotype = nas_genotype_random(space, &rng, arena);
        const nas_settings settings = {.channels = 4, .cells = space->blocks == NULL ? 3 : 0, .drop_path = 0.2};
        const double loss = loss_of(genotype, settings, 16, true);
        assert_true(isfinite(loss) && loss > 0.0);
        CHECK_SAME_DOUBLE(loss_of(genotype, settings, 16, true), loss);
        base_arena_destroy(arena);
    }
}

static void the_tower_counts_in_training_only(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_genotype *genotype = known_genotype("DARTS_V1", arena);
    double trained[3], evaluated[3];
    for (size_t i = 0; i < 3; i++) {
        const nas_settings settings = {.channels = 4, .cells = 3, .auxiliary = (double)i + 0.5};
        trained[i] = loss_of(genotype, settings, 28, true);
        evaluated[i] = loss_of(genotype, settings, 28, false);
        CHECK_SAME_DOUBLE(evaluated[i], evaluated[0]);
    }
    assert_true(trained[1] > trained[0] + 0.1);
    CHECK_NEAR(trained[2] - trained[1], trained[1] - trained[0], 1e-6);
    base_arena_destroy(arena);
}

/* Every node with parameters that one network has where the other has the same operation is called the same. */
static void names_are_the_same_in_all_networks(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("toy", arena);
    base_rng rng = base_rng_stream(9, BASE_RNG_TEST, 3, 0);
    eng_ports ports;
    eng_graph *graphs[2];
    size_t shared[2] = {0};
    nas_genotype *genotypes[2];
    for (size_t i = 0; i < 2; i++) {
        genotypes[i] = nas_genotype_random(space, &rng, arena);
        graphs[i] = network_of(genotypes[i], &(nas_settings){0}, 28, 1, &ports);
    }
    for (size_t i = 0; i < 2; i++)
        for (size_t n = 0; n < eng_graph_nodes(graphs[i]); n++) {
            const eng_node *node = eng_graph_node(graphs[i], n);
            if (node->params == 0) continue;
            const bool cell = starts_with(node->name, "cell") && strstr(node->name, ".in") == NULL;
            size_t found = 0;
            for (size_t m = 0; m < eng_graph_nodes(graphs[1 - i]); m++)
                found += strcmp(eng_graph_node(graphs[1 - i], m)->name, node->name) == 0;
            if (!cell) assert_int_equal(found, 1);
            shared[i] += found;
        }
    assert_int_equal(shared[0], shared[1]);
    for (size_t i = 0; i < 2; i++) eng_graph_destroy(graphs[i]);
    base_arena_destroy(arena);
}

/* With one edge for each node input 0 and node 2 may have no reader; a plan would refuse them. */
static void what_nothing_reads_is_left_out(void **state) {
    (void)state;
    static const char text[] = "operations: [sep_conv_3x3]\n"
                               "cells: {c: {inputs: 2, nodes: 3, keep: 1, output: last}}\n"
                               "skeleton: {channels: 4, stack: [{cell: c, times: 4}]}\n";
    static const char genotype_text[] =
        "cells: {c: [{node: 2, from: 1, operation: sep_conv_3x3}, {node: 3, from: 2, operation: sep_conv_3x3}, {node: "
        "4, from: 0, operation: sep_conv_3x3}]}";
    base_arena *arena = base_arena_create();
    base_err err;
    base_yaml_node *root;
    const nas_space *space;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &root, &err));
    CHECK_OK(nas_space_read(root, arena, &space, &err));
    const nas_genotype *genotype = genotype_of(space, genotype_text, arena);
    eng_ports ports;
    eng_graph *graph = network_of(genotype, &(nas_settings){0}, 8, 1, &ports);
    size_t cells = 0;
    for (size_t n = 0; n < eng_graph_nodes(graph); n++) {
        const char *name = eng_graph_node(graph, n)->name;
        assert_false(starts_with(name, "cell0") || starts_with(name, "cell2"));
        assert_null(strstr(name, ".in1"));
        cells += strstr(name, "depthwise1") != NULL;
    }
    assert_int_equal(cells, 2);
    assert_true(isfinite(loss_of(genotype, (nas_settings){0}, 8, true)));
    eng_graph_destroy(graph);
    base_arena_destroy(arena);
}

static void check_refused(const char *space_text, const char *genotype_text, nas_settings settings, eng_shape input,
                          const char *part) {
    base_arena *arena = base_arena_create();
    base_err err;
    base_yaml_node *root;
    const nas_space *space;
    eng_net net;
    eng_ports ports;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", space_text, strlen(space_text), &root, &err));
    CHECK_OK(nas_space_read(root, arena, &space, &err));
    const eng_net_config config = {.input = input, .task = ENG_MULTICLASS, .outputs = 10};
    CHECK_OK(eng_net_begin(&net, &config, &err));
    CHECK_FAILS(nas_network_build(genotype_of(space, genotype_text, arena), &settings, &net, &ports), BASE_INVALID,
                part);
    eng_graph_destroy(net.graph);
    base_arena_destroy(arena);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    static const char three[] = "operations: [max_pool_3x3]\n"
                                "cells:\n"
                                "  a: {inputs: 3, nodes: 1, stride: 2}\n"
                                "skeleton: {stack: [{cell: a, times: 3}]}\n";
    static const char three_genotype[] =
        "cells: {a: [{node: 3, from: 0, operation: max_pool_3x3}, {node: 3, from: 1, operation: max_pool_3x3}, {node: "
        "3, from: 2, operation: max_pool_3x3}]}";
    static const char bare[] = "operations: [max_pool_3x3]\n"
                               "cells:\n"
                               "  a: {nodes: 1, preprocess: false}\n"
                               "skeleton: {stack: [{cell: a, width: 0.5}]}\n";
    static const char bare_genotype[] = "cells: {a: [{node: 1, from: 0, operation: max_pool_3x3}]}";
    const eng_shape image = eng_shape_3d(16, 16, 1);
    check_refused(three, three_genotype, (nas_settings){0}, image,
                  "s.yaml:3:6: cell 2 (a): its input 0 is 16 x 16 pixels large, its latest 4 x 4: no reduction makes "
                  "them equal; take fewer inputs");
    check_refused(bare, bare_genotype, (nas_settings){0}, image,
                  "s.yaml:3:6: cell 0 (a): cell0.e0.max_pool_3x3: with stride 1 max_pool_3x3 turns [16, 16, 16] into "
                  "[16, 16, 16] where [16, 16, 8] must come out");
    check_refused(bare, bare_genotype, (nas_settings){.channels = 3}, image,
                  "0.5 times 3 channels are no whole number of channels");
}

static void settings_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *space, *genotype;
        nas_settings settings;
        eng_shape input;
        const char *part;
    } cases[] = {
        {"nasbench-macro", "00000000", {.cells = 5}, {3, {8, 8, 1}}, "has a stack of 8 places, so cells cannot be 5"},
        {"nasbench-macro", "00000000", {.drop_path = 1.0}, {3, {8, 8, 1}}, "below 1, not 1"},
        {"nasbench-macro", "00000000", {0}, {1, {64}}, "these data are rows of numbers"},
        {"nasbench-macro", "00000000", {.auxiliary = 0.4}, {3, {4, 4, 1}}, "auxiliary to 0"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        base_err err;
        eng_net net;
        eng_ports ports;
        const nas_genotype *genotype = genotype_of(space_of(cases[i].space, arena), cases[i].genotype, arena);
        const eng_net_config config = {.input = cases[i].input, .task = ENG_MULTICLASS, .outputs = 10};
        CHECK_OK(eng_net_begin(&net, &config, &err));
        CHECK_FAILS(nas_network_build(genotype, &cases[i].settings, &net, &ports), BASE_INVALID, cases[i].part);
        eng_graph_destroy(net.graph);
        base_arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(darts_has_the_published_numbers),
        cmocka_unit_test(operations_are_counted),
        cmocka_unit_test(all_skips_have_the_published_numbers),
        cmocka_unit_test(the_auxiliary_tower_is_as_published),
        cmocka_unit_test(a_supernet_has_the_published_numbers),
        cmocka_unit_test(nasbench201_has_the_published_numbers),
        cmocka_unit_test(nasbench_macro_has_the_published_numbers),
        cmocka_unit_test(toy_has_4096_networks),
        cmocka_unit_test(networks_of_all_spaces_run),
        cmocka_unit_test(the_tower_counts_in_training_only),
        cmocka_unit_test(names_are_the_same_in_all_networks),
        cmocka_unit_test(what_nothing_reads_is_left_out),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(settings_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

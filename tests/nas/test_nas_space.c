/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spaces: the sizes of the published ones, a space from a page of YAML, and mistakes with their place and remedy. */
#include "tests/nas/nets.h"

static const nas_space *read_space(const char *text, base_arena *arena) {
    base_err err;
    base_yaml_node *root;
    const nas_space *space;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &root, &err));
    CHECK_OK(nas_space_read(root, arena, &space, &err));
    return space;
}

static void published_spaces_have_their_sizes(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t cells, edges, weights;
        double size, all;
    } cases[] = {{"darts", 2, 14, 112, 1037664180.0, 1037664180.0 * 1037664180.0},
                 {"s1", 2, 14, 28, 180.0 * 256.0, 180.0 * 256.0 * 180.0 * 256.0},
                 {"s2", 2, 14, 28, 180.0 * 256.0, 180.0 * 256.0 * 180.0 * 256.0},
                 {"s3", 2, 14, 42, 180.0 * 256.0, 180.0 * 256.0 * 180.0 * 256.0},
                 {"s4", 2, 14, 28, 180.0 * 256.0, 180.0 * 256.0 * 180.0 * 256.0},
                 {"nasbench201", 1, 6, 30, 15625.0, 15625.0},
                 {"nasbench-macro", 8, 1, 3, 3.0, 6561.0},
                 {"toy", 2, 3, 12, 64.0, 4096.0}};
    size_t count;
    (void)nas_space_presets(&count);
    assert_int_equal(count, CHECK_COUNT(cases));
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = space_of(cases[i].name, arena);
        assert_int_equal(space->n_cells, cases[i].cells);
        for (size_t c = 0; c < space->n_cells; c++) {
            assert_int_equal(space->cells[c].n_edges, cases[i].edges);
            assert_int_equal(space->cells[c].weights, cases[i].weights);
            CHECK_NEAR(nas_space_cell_size(&space->cells[c]), cases[i].size, 0.0);
        }
        assert_int_equal(nas_space_weights(space), cases[i].cells * cases[i].weights);
        CHECK_NEAR(nas_space_size(space), cases[i].all, 0.0);
        base_arena_destroy(arena);
    }
}

/* DARTS: the edges of the four nodes begin at 0, 2, 5, 9; operations in the order that breaks ties; stride 2 on edges
 * of a reduction that leave an input. */
static void darts_is_laid_out_as_published(void **state) {
    (void)state;
    static const size_t offsets[] = {0, 2, 5, 9};
    static const char *const operations[] = {"none",         "max_pool_3x3", "avg_pool_3x3", "skip_connect",
                                             "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"};
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    const size_t reduce = nas_space_cell_find(space, "reduce");
    for (size_t node = 0; node < 4; node++)
        for (size_t from = 0; from < node + 2; from++) {
            const nas_space_edge *edge = &space->cells[reduce].edges[offsets[node] + from];
            assert_true(edge->to == node + 2 && edge->from == from);
            assert_int_equal(edge->stride, from < 2 ? 2 : 1);
            assert_int_equal(edge->offset, 8 * (offsets[node] + from));
        }
    for (size_t k = 0; k < 8; k++) assert_string_equal(space->cells[0].edges[3].operations[k]->name, operations[k]);
    base_arena_destroy(arena);
}

/* Cell i of L is a reduction when i = L / 3 or 2 L / 3. */
static void a_stack_of_thirds_scales(void **state) {
    (void)state;
    static const struct { size_t cells, first, second; } cases[] = {{8, 2, 5}, {20, 6, 13}, {5, 1, 3}, {3, 1, 2}};
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const nas_settings settings = {.cells = cases[i].cells};
        assert_int_equal(nas_skeleton_count(space, &settings), cases[i].cells);
        for (size_t k = 0; k < cases[i].cells; k++) {
            const nas_space_block block = nas_skeleton_block(space, &settings, k);
            const bool reduction = k == cases[i].first || k == cases[i].second;
            assert_int_equal(block.type, reduction ? space->reduction : space->normal);
            CHECK_NEAR(block.width, k < cases[i].first ? 1.0 : k < cases[i].second ? 2.0 : 4.0, 0.0);
        }
    }
    base_arena_destroy(arena);
}

static void edges_may_be_listed(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = read_space("name: mine\n"
                                        "operations: [skip_connect, sep_conv_3x3]\n"
                                        "cells:\n"
                                        "  a:\n"
                                        "    inputs: 2\n"
                                        "    nodes: 3\n"
                                        "    keep: 1\n"
                                        "    output: [3, 4]\n"
                                        "    stride: 2\n"
                                        "    edges:\n"
                                        "      - {to: 4, from: [2, 0], operations: [none, noise]}\n"
                                        "      - {to: 2, from: 1}\n"
                                        "      - {to: 3, from: 0, operations: [nor_conv_1x1]}\n"
                                        "skeleton:\n"
                                        "  channels: 24\n"
                                        "  stem: {width: 0.5, kernel: 5, relu: true}\n"
                                        "  stack: [{cell: a, times: 2, width: 3}, {residual: true, width: 6}]\n",
                                        arena);
    const nas_space_cell *a = &space->cells[0];
    static const size_t ends[][3] = {{2, 1, 2}, {3, 0, 2}, {4, 0, 2}, {4, 2, 1}}, offsets[] = {0, 2, 3, 5};
    assert_string_equal(space->name, "mine");
    assert_int_equal(a->n_edges, 4);
    assert_int_equal(a->weights, 7);
    for (size_t i = 0; i < 4; i++) {
        assert_true(a->edges[i].to == ends[i][0] && a->edges[i].from == ends[i][1]);
        assert_true(a->edges[i].stride == ends[i][2] && a->edges[i].offset == offsets[i]);
        assert_int_equal(nas_space_edge_find(a, ends[i][0], ends[i][1]), i);
    }
    assert_int_equal(nas_space_edge_find(a, 4, 1), 4);
    assert_true(a->n_outputs == 2 && a->outputs[0] == 3 && a->outputs[1] == 4);
    CHECK_NEAR(nas_space_size(space), 2.0 * 1.0 * (1.0 + 1.0), 0.0);
    assert_int_equal(space->n_blocks, 3);
    assert_int_equal(space->blocks[2].type, NAS_RESIDUAL);
    CHECK_NEAR(space->blocks[1].width, 3.0, 0.0);
    CHECK_NEAR(space->stem_width, 0.5, 0.0);
    assert_true(space->stem_relu && space->stem_kernel == 5 && space->channels == 24);
    assert_int_equal(space->head.count, 1);
    base_arena_destroy(arena);
}

/* The spaces of docs/nas.md are read, and a network of each can be built for Fashion-MNIST. */
static void spaces_of_the_page_are_right(void **state) {
    (void)state;
    static const char mark[] = "```yaml\n# a space\n";
    base_buf page = {0};
    base_err err;
    size_t found = 0;
    CHECK_OK(base_read_file("docs/nas.md", &page, &err));
    for (const char *at = strstr(base_buf_text(&page), mark); at != NULL; at = strstr(at, mark), found++) {
        base_arena *arena = base_arena_create();
        at += sizeof mark - 1;
        const char *last = strstr(at, "```");
        assert_non_null(last);
        base_yaml_node *root;
        const nas_space *space;
        CHECK_OK(base_yaml_parse(arena, "docs/nas.md", at, (size_t)(last - at), &root, &err));
        const base_yaml_node *train = base_yaml_get(base_yaml_get(root, "objective"), "train");
        CHECK_OK(nas_space_read(base_yaml_get(train, "space"), arena, &space, &err));
        (void)genotype_of(space, base_yaml_get(train, "genotype")->text, arena);
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 5, 0);
        for (size_t i = 0; i < 10; i++)
            assert_true(numbers_of(nas_genotype_random(space, &rng, arena), (nas_settings){0}, 28, 1) > 1000);
        base_arena_destroy(arena);
    }
    assert_int_equal(found, 1);
    size_t count;
    const nas_operation *const *operations = nas_operations(&count);
    for (size_t i = 0; i < count; i++) {
        char name[80];
        snprintf(name, sizeof name, "`%s`", operations[i]->name);
        CHECK_CONTAINS(base_buf_text(&page), name);
    }
    base_buf_fini(&page);
}

#define SKELETON   "skeleton: {stack: [{cell: a}]}\n"
#define CELL(text) "operations: [skip_connect, none]\ncells:\n  a: " text "\n" SKELETON

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"dart", "s.yaml:1:1: there is no space 'dart' (did you mean 'darts'?); known are toy, darts"},
        {"[1]", "s.yaml:1:1: a space is the name of a preset or a map with cells and a skeleton, but this is a list"},
        {"cells: {a: {nodes: 1}}\n" SKELETON, "the edge from 0 to 1 of cell a has no operations: give it a list"},
        {"operations: [sep_conv_3]\ncells: {a: {nodes: 1}}\n" SKELETON,
         "s.yaml:1:14: there is no operation 'sep_conv_3' (did you mean 'sep_conv_3x3'?)"},
        {"operations: [none]\ncells: {a: {nodes: 1}}\n" SKELETON,
         "s.yaml:1:13: an edge that can only be none is no edge"},
        {"operations: []\ncells: {a: {nodes: 1}}\n" SKELETON, "but this is empty"},
        {"operations: [skip_connect, 3]\ncells: {a: {nodes: 1}}\n" SKELETON, "s.yaml:1:28: an operation is a name"},
        {"operations: [skip_connect, identity]\ncells: {a: {nodes: 1}}\n" SKELETON, "identity is in this list twice"},
        {CELL("{nodes: 2, edges: [{to: 1, from: 0}, {to: 2, from: 1}, {to: 1, from: 2}]}"),
         "s.yaml:3:75: the edge from 2 to 1 closes a cycle in cell a: turn it round or leave it out"},
        {CELL("{nodes: 2, edges: [{to: 1, from: 1}]}"), "the edge from 1 to 1 closes a cycle"},
        {CELL("{nodes: 2, edges: [{to: 2, from: 0}, {to: 1, from: 2}]}"),
         "the edge from 2 to 1 goes backwards: number the nodes of cell a so that each reads only lower ones"},
        {CELL("{nodes: 1, edges: [{to: 1, from: 0}, {to: 1, from: 0}]}"), "has an edge from 0 to 1 already"},
        {CELL("{nodes: 1, edges: [{to: 2, from: 0}]}"), "those of cell a are 1 to 1, not 2"},
        {CELL("{nodes: 1, edges: [{to: 1, from: 5}]}"), "inputs and nodes 0 to 1, so an edge cannot read 5"},
        {CELL("{nodes: 1, edges: [{to: 1, from: a}]}"), "comes from the number of an input or a node"},
        {CELL("{nodes: 1, edges: [7]}"), "an edge is a map like {to: 2, from: 0}, but this is an integer"},
        {CELL("{nodes: 1, edges: some}"), "edges are all, or a list"},
        {CELL("{nodes: 2, edges: [{to: 2, from: 0}]}"), "s.yaml:3:6: no edge leads to node 1 of cell a"},
        {CELL("{nodes: 2, output: last, edges: [{to: 1, from: 0}, {to: 2, from: 0}]}"),
         "nothing that leads to the output of cell a reads its node 1: add an edge, or take fewer nodes"},
        {CELL("{inputs: 2, nodes: 1, edges: [{to: 2, from: 0}]}"),
         "reads its input 1: add an edge, or take fewer inputs"},
        {CELL("{nodes: 1, keep: none}"), "s.yaml:3:23: keep is all or a number of edges from 1 to 32"},
        {CELL("{nodes: 2, output: first}"), "the output is concat, last, or a list of nodes"},
        {CELL("{nodes: 2, output: [2, 1]}"), "are nodes in rising order, here one of 3 to 2"},
        {CELL("{nodes: 2, outputs: last}"), "s.yaml:3:17: unknown key 'outputs'; did you mean 'output'?"},
        {CELL("{nodes: 0}"), "s.yaml:3:14: "},
        {CELL("4"), "a cell is a map like {inputs: 2, nodes: 4}, but a is an integer"},
        {"operations: [skip_connect]\ncells: {}\n" SKELETON, "cells is a map from the names of cells"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\n", "s.yaml:2:12: the space has no skeleton: add one"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}, b: {nodes: 1}}\n" SKELETON,
         "s.yaml:2:27: cell b stands nowhere in the stack"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {stack: [{cell: b}]}\n",
         "s.yaml:3:27: there is no cell 'b' in this space; cells are a"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {stack: [{times: 2}]}\n",
         "either a cell or residual: true"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {stack: []}\n", "at least one cell"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {stack: a}\n", "the stack is a list of places"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {stack: [a]}\n",
         "a place of the stack is a map"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {stack: [{cell: a, times: 900}, {cell: a, "
         "times: "
         "900}]}\n",
         "a stack has at most 1000 places"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {stem: {kernel: 4}, stack: [{cell: a}]}\n",
         "has no middle: take 3 or 5"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {stem: 3, stack: [{cell: a}]}\n",
         "the stem is none or a map"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: {head: [globalpool], stack: [{cell: a}]}\n",
         "did you mean 'global_pool'?"},
        {"operations: [skip_connect]\ncells: {a: {nodes: 1}}\nskeleton: 3\n", "a skeleton is a map like"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        base_err err;
        base_yaml_node *root;
        const nas_space *space;
        CHECK_OK(base_yaml_parse(arena, "s.yaml", cases[i].text, strlen(cases[i].text), &root, &err));
        CHECK_FAILS(nas_space_read(root, arena, &space, &err), BASE_INVALID, cases[i].part);
        CHECK_CONTAINS(err.text, "s.yaml:");
        assert_null(space);
        base_arena_destroy(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_spaces_have_their_sizes), cmocka_unit_test(darts_is_laid_out_as_published),
        cmocka_unit_test(a_stack_of_thirds_scales),          cmocka_unit_test(edges_may_be_listed),
        cmocka_unit_test(spaces_of_the_page_are_right),      cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

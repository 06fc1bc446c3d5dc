/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Costs as sums: to the unit those of the networks that are built, in every preset and in spaces of other forms; an
 * upper bound where an input or a node may be without a reader. */
#include "tests/nas/nets.h"

#include "engine/modules/summary.h"
#include "nas/costs.h"

static const eng_net_config images = {.input = {3, {28, 28, 1}}, .task = ENG_MULTICLASS, .outputs = 10};

static nas_costs costs_of(const nas_space *space, nas_settings settings, const eng_net_config *around,
                          base_arena *arena) {
    base_err err;
    nas_costs costs;
    CHECK_OK(nas_costs_count(space, &settings, around, arena, &costs, &err));
    return costs;
}

/* Parameters and operations of the network itself. */
static void count(const nas_genotype *genotype, const nas_settings *settings, const eng_net_config *around,
                  double *parameters, double *flops) {
    base_err err;
    eng_net net;
    eng_ports ports;
    CHECK_OK(eng_net_begin(&net, around, &err));
    CHECK_OK(nas_network_build(genotype, settings, &net, &ports));
    *parameters = (double)eng_graph_numbers_behind(net.graph, ports.output);
    *flops = eng_graph_flops_behind(net.graph, ports.output);
    eng_graph_destroy(net.graph);
}

/* settings: with a tower and drop-path, which cost nothing. */
static void check_space(const nas_space *space, const nas_settings *settings, const eng_net_config *around,
                        base_arena *arena) {
    enum { TIMES = 40 };
    const nas_costs costs = costs_of(space, *settings, around, arena);
    for (uint32_t i = 0; i < TIMES; i++) {
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 4, i);
        const nas_genotype *genotype = nas_genotype_random(space, &rng, arena);
        double parameters, flops;
        count(genotype, settings, around, &parameters, &flops);
        if (costs.exact) {
            CHECK_NEAR(nas_costs_of(&costs, NAS_COST_PARAMETERS, genotype), parameters, 0.0);
            CHECK_NEAR(nas_costs_of(&costs, NAS_COST_FLOPS, genotype), flops, 0.0);
        }
        assert_true(nas_costs_of(&costs, NAS_COST_PARAMETERS, genotype) >= parameters);
        assert_true(nas_costs_of(&costs, NAS_COST_FLOPS, genotype) >= flops);
        CHECK_NEAR(nas_costs_of(&costs, NAS_COST_LATENCY, genotype), 0.0, 0.0);
    }
}

static void presets_are_counted_to_the_unit(void **state) {
    (void)state;
    size_t count_of;
    const nas_space_preset *const *presets = nas_space_presets(&count_of);
    for (size_t i = 0; i < count_of; i++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = space_of(presets[i]->name, arena);
        const nas_settings plain = {0};
        const nas_settings other = {
            .channels = 4, .cells = space->blocks == NULL ? 5 : 0, .auxiliary = 0.4, .drop_path = 0.2};
        const eng_net_config coloured = {.input = {3, {32, 24, 3}}, .task = ENG_MULTICLASS, .outputs = 7};
        assert_true(costs_of(space, plain, &images, arena).exact);
        check_space(space, &plain, &images, arena);
        check_space(space, &other, &coloured, arena);
        base_arena_destroy(arena);
    }
}

static const nas_space *read_space(const char *text, base_arena *arena) {
    base_err err;
    base_yaml_node *root;
    const nas_space *space;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &root, &err));
    CHECK_OK(nas_space_read(root, arena, &space, &err));
    return space;
}

/* Each says whether every input and node is read in every genotype. */
static void other_spaces_are_counted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool exact;
    } cases[] = {
        /* the page of docs/nas.md */
        {"operations: [none, skip_connect, sep_conv_3x3, dil_conv_3x3, avg_pool_3x3]\n"
         "pool_norm: true\n"
         "cells:\n"
         "  normal: {inputs: 2, nodes: 3, keep: 2}\n"
         "  reduce: {inputs: 2, nodes: 2, stride: 2, keep: all, output: [3], edges: [{to: 2, from: [0, 1]}, {to: 3, "
         "from: 2}, {to: 3, from: 1, operations: [max_pool_3x3, avg_pool_3x3]}]}\n"
         "skeleton:\n"
         "  channels: 12\n"
         "  stem: {width: 2, kernel: 3}\n"
         "  stack:\n"
         "    - {cell: normal, times: 2}\n"
         "    - {cell: reduce, width: 2}\n"
         "    - {cell: normal, times: 2, width: 2, dropout: 0.1}\n"
         "    - {cell: reduce, width: 4}\n"
         "    - {cell: normal, width: 4}\n"
         "  head: [global_pool, {dropout: 0.2}]\n",
         true},
        /* the last node alone is read, and it may take one edge from anywhere */
        {"operations: [sep_conv_3x3, skip_connect, nor_conv_1x1]\n"
         "cells: {c: {inputs: 2, nodes: 3, keep: 1, output: last}}\n"
         "skeleton: {channels: 4, stack: [{cell: c, times: 4}]}\n",
         false},
        /* both inputs may be without a reader */
        {"operations: [sep_conv_5x5, max_pool_3x3]\n"
         "cells: {c: {inputs: 3, nodes: 2, keep: 2}}\n"
         "skeleton: {channels: 4, stack: [{cell: c, times: 5}]}\n",
         false},
        /* channels change without preprocessing: a skip is a convolution at one place and nothing at another */
        {"operations: [skip_connect, nor_conv_3x3, none]\n"
         "cells: {c: {nodes: 2, preprocess: false}}\n"
         "skeleton: {channels: 4, stack: [{cell: c}, {cell: c, width: 2}, {residual: true, width: 4}, {cell: c, "
         "width: 4}]}\n",
         true},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = read_space(cases[i].text, arena);
        const nas_settings plain = {0};
        assert_int_equal(costs_of(space, plain, &images, arena).exact, cases[i].exact);
        check_space(space, &plain, &images, arena);
        base_arena_destroy(arena);
    }
}

/* Of all 4,096 networks of the toy space, of the tables of NAS-Bench-201, and of small networks of DARTS. */
static void ranges_are_those_of_all_networks(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    double smallest, largest;
    const nas_costs toy = costs_of(space_of("toy", arena), (nas_settings){0}, &images, arena);
    nas_costs_range(&toy, NAS_COST_PARAMETERS, &smallest, &largest);
    CHECK_NEAR(smallest, 177962, 0.0);
    CHECK_NEAR(largest, 212906, 0.0);
    const eng_net_config colour = {.input = {3, {32, 32, 3}}, .task = ENG_MULTICLASS, .outputs = 10};
    const nas_costs bench = costs_of(space_of("nasbench201", arena), (nas_settings){0}, &colour, arena);
    nas_costs_range(&bench, NAS_COST_PARAMETERS, &smallest, &largest);
    CHECK_NEAR(smallest, 73306, 0.0);
    CHECK_NEAR(largest, 1531546, 0.0);
    nas_costs_range(&bench, NAS_COST_LATENCY, &smallest, &largest);
    CHECK_NEAR(largest, 0.0, 0.0);
    const nas_costs darts =
        costs_of(space_of("darts", arena), (nas_settings){.channels = 8, .cells = 5}, &images, arena);
    nas_costs_range(&darts, NAS_COST_PARAMETERS, &smallest, &largest);
    CHECK_NEAR(smallest, 15026, 0.0);
    CHECK_NEAR(largest, 101938, 0.0);
    base_arena_destroy(arena);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_err err;
    nas_costs costs;
    const nas_space *space = space_of("darts", arena);
    const eng_net_config rows = {.input = {1, {64}}, .task = ENG_MULTICLASS, .outputs = 10};
    const eng_net_config none = {.input = {3, {8, 8, 1}}, .task = ENG_MULTICLASS};
    CHECK_FAILS(nas_costs_count(space, &(nas_settings){0}, &rows, arena, &costs, &err), BASE_INVALID,
                "cells read images");
    CHECK_FAILS(nas_costs_count(space, &(nas_settings){0}, &none, arena, &costs, &err), BASE_INVALID,
                "at least one output");
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_are_counted_to_the_unit),
        cmocka_unit_test(other_spaces_are_counted),
        cmocka_unit_test(ranges_are_those_of_all_networks),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

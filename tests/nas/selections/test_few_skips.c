/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells that would be skips are read with two of them. */
#include "tests/nas/nets.h"

#include "nas/selection.h"

enum { EDGES = 14, OPS = 8, SKIP = 3, SEP = 4 };

static const char *read_cell(const nas_space *space, const double *normal, const double *reduce, size_t cell,
                             base_arena *arena) {
    const double *const weights[] = {normal, reduce};
    const char *text = "";
    nas_genotype *genotype;
    base_err err;
    CHECK_OK(nas_selection_choose(nas_selection_find("few-skips"), NULL, space, weights, arena, &genotype, &err));
    CHECK_OK(nas_genotype_check(genotype, &err));
    for (size_t i = 0; i < genotype->cells[cell].count; i++)
        text = base_arena_printf(arena, "%s%s%s:%zu", text, i > 0 ? " " : "",
                                 genotype->cells[cell].genes[i].operation->name,
                                 space->cells[cell].edges[genotype->cells[cell].genes[i].edge].from);
    return text;
}

/* Every edge prefers a skip, the more the later it is; second is a convolution, the more the earlier it is. The weakest
 * skips that stand in the cell go first, and a node may take another edge for one. */
static void the_weakest_skips_give_way(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    double p[EDGES * OPS] = {0}, few[EDGES * OPS] = {0};
    for (size_t e = 0; e < EDGES; e++) {
        p[OPS * e + SKIP] = .5 + .01 * (double)e;
        p[OPS * e + SEP] = .3 - .01 * (double)e;
    }
    assert_string_equal(read_cell(space, p, p, 0, arena),
                        "sep_conv_3x3:0 sep_conv_3x3:1 sep_conv_3x3:0 sep_conv_3x3:1 "
                        "sep_conv_3x3:0 sep_conv_3x3:1 skip_connect:4 skip_connect:3");
    assert_string_equal(read_cell(space, p, p, 1, arena),
                        "skip_connect:1 skip_connect:0 skip_connect:2 skip_connect:1 "
                        "skip_connect:3 skip_connect:2 skip_connect:4 skip_connect:3");
    for (size_t e = 0; e < EDGES; e++) few[OPS * e + SEP + e % 2] = .1 + .01 * (double)e;
    few[OPS * 3 + SKIP] = few[OPS * 7 + SKIP] = .9; /* two may stand */
    assert_string_equal(read_cell(space, few, p, 0, arena),
                        "sep_conv_5x5:1 sep_conv_3x3:0 skip_connect:1 sep_conv_3x3:2 skip_connect:2 sep_conv_3x3:3 "
                        "sep_conv_5x5:4 sep_conv_3x3:3");
    base_arena_destroy(arena);
}

/* A space in which an edge has nothing but a skip keeps it. */
static void what_has_nothing_else_stays(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_err err;
    base_yaml_node *node;
    const nas_space *space;
    static const char text[] = "cells:\n"
                               "  one: {inputs: 1, nodes: 3, operations: [skip_connect]}\n"
                               "skeleton: {stem: {width: 1, kernel: 3}, stack: [{cell: one}]}\n";
    const double ones[] = {1, 1, 1, 1, 1, 1}, *const weights[] = {ones};
    nas_genotype *genotype;
    CHECK_OK(base_yaml_parse(arena, "space.yaml", text, strlen(text), &node, &err));
    CHECK_OK(nas_space_read(node, arena, &space, &err));
    CHECK_OK(nas_selection_choose(nas_selection_find("few-skips"), NULL, space, weights, arena, &genotype, &err));
    assert_int_equal(nas_genotype_count(genotype, 0, NAS_OPERATION_SKIP), 6);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_weakest_skips_give_way),
        cmocka_unit_test(what_has_nothing_else_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

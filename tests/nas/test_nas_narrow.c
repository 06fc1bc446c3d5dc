/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spaces with fewer operations on their edges. */
#include "tests/nas/supernet_support.h"

#include "nas/narrow.h"

static const char space_text[] =
    "cells:\n"
    "  one: {inputs: 1, nodes: 2, operations: [none, skip_connect, avg_pool_3x3, sep_conv_3x3]}\n"
    "skeleton: {stem: {width: 1, kernel: 3}, stack: [{cell: one}]}\n";

static size_t **counts(const nas_space *space, base_arena *arena, size_t count) {
    size_t **keep = BASE_NEW_ARRAY(arena, space->n_cells, size_t *);
    for (size_t t = 0; t < space->n_cells; t++) {
        keep[t] = BASE_NEW_ARRAY(arena, space->cells[t].n_edges, size_t);
        for (size_t e = 0; e < space->cells[t].n_edges; e++) keep[t][e] = count;
    }
    return keep;
}

static const char *names_of(const nas_space_edge *edge, base_arena *arena) {
    const char *text = "";
    for (size_t k = 0; k < edge->n_operations; k++)
        text = base_arena_printf(arena, "%s%s%s", text, k > 0 ? " " : "", edge->operations[k]->name);
    return text;
}

static void the_strongest_stay_in_their_order(void **state) {
    (void)state;
    /* by edge: distinct; equal ones, of which the first goes; a dominant none */
    static const double weights[] = {.1, .4, .2, .3, .25, .25, .25, .25, .97, .01, .01, .01};
    static const char *const expected[][3] = {
        {"skip_connect avg_pool_3x3 sep_conv_3x3", "skip_connect avg_pool_3x3 sep_conv_3x3",
         "none avg_pool_3x3 sep_conv_3x3"},
        {"skip_connect sep_conv_3x3", "avg_pool_3x3 sep_conv_3x3", "none sep_conv_3x3"},
        {"skip_connect", "sep_conv_3x3", "sep_conv_3x3"}, /* never none alone */
    };
    base_arena *arena = base_arena_create();
    const nas_space *space = read_space(arena, space_text);
    const double *const blocks[] = {weights};
    for (size_t keep = 3; keep > 0; keep--) {
        const nas_space *narrow =
            nas_space_narrow(space, blocks, (const size_t *const *)counts(space, arena, keep), arena);
        assert_int_equal(narrow->cells[0].weights, 3 * keep);
        for (size_t e = 0; e < 3; e++) {
            assert_int_equal(narrow->cells[0].edges[e].offset, keep * e);
            assert_string_equal(names_of(&narrow->cells[0].edges[e], arena), expected[3 - keep][e]);
        }
    }
    assert_int_equal(space->cells[0].weights, 12); /* which stays as it is */
    base_arena_destroy(arena);
}

static void blocks_go_there_and_back(void **state) {
    (void)state;
    static const double weights[] = {.1, .4, .2, .3, .25, .26, .25, .24, .97, .02, .01, .01};
    base_arena *arena = base_arena_create();
    const nas_space *space = read_space(arena, space_text);
    const double *const blocks[] = {weights};
    const nas_space *narrow = nas_space_narrow(space, blocks, (const size_t *const *)counts(space, arena, 2), arena);
    double **few = nas_operation_blocks(narrow, arena), **all = nas_operation_blocks(space, arena);
    static const double kept[] = {.4, .3, .26, .25, .97, .02};
    static const double back[] = {0, .4, 0, .3, 0, .26, .25, 0, .97, .02, 0, 0};
    nas_narrow_blocks(space, narrow, blocks, few);
    CHECK_ARRAY_NEAR(few[0], kept, 6, 0);
    for (size_t i = 0; i < 12; i++) all[0][i] = 7;
    nas_widen_blocks(space, narrow, (const double *const *)few, all);
    CHECK_ARRAY_NEAR(all[0], back, 12, 0);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strongest_stay_in_their_order),
        cmocka_unit_test(blocks_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

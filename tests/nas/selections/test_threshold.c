/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Genotypes of edges whose weight reaches a threshold. */
#include "tests/nas/nets.h"

#include "nas/relaxation.h"
#include "nas/selection.h"

static nas_genotype *choose(const char *options, const nas_space *space, double *const *weights, base_arena *arena) {
    const nas_selection *selection = nas_selection_find("threshold");
    void *state = base_arena_alloc(arena, selection->state_size);
    base_yaml_node *node;
    base_err err = {0};
    nas_genotype *genotype;
    CHECK_OK(base_yaml_parse(arena, "o.yaml", options, strlen(options), &node, &err));
    CHECK_OK(base_options_read(selection->options, node, state, arena, &err));
    CHECK_OK(nas_selection_choose(selection, state, space, (const double *const *)weights, arena, &genotype, &err));
    return genotype;
}

/* Node 2 has two edges that are strong, node 3 three, of which two are kept, node 4 one, node 5 none. */
static void weak_edges_are_left_out(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    double **weights = nas_operation_blocks(space, arena);
    base_buf text = {0};
    for (size_t t = 0; t < 2; t++) {
        for (size_t k = 0; k < 112; k++) weights[t][k] = .1;
        weights[t][8 * 0 + 4] = .9, weights[t][8 * 1 + 5] = .95;
        weights[t][8 * 2 + 3] = .86, weights[t][8 * 3 + 4] = .99, weights[t][8 * 4 + 6] = .9;
        weights[t][8 * 5 + 4] = .85, weights[t][8 * 6 + 4] = .84;
        weights[t][8 * 11 + 7] = .5, weights[t][8 * 12 + 0] = 1;
    }
    nas_genotype_write_short(choose("{}", space, weights, arena), &text);
    static const char cell[] = "[[('sep_conv_5x5', 1), ('sep_conv_3x3', 0)], [('sep_conv_3x3', 1), "
                               "('dil_conv_3x3', 2)], [('sep_conv_3x3', 0)], [('dil_conv_5x5', 2)]]";
    const char *want = base_arena_printf(
        arena, "Genotype(normal=%s, normal_concat=range(2, 6), reduce=%s, reduce_concat=range(2, 6))", cell, cell);
    assert_string_equal(base_buf_text(&text), want);
    base_buf_fini(&text);
    base_arena_destroy(arena);
}

/* A threshold of 0 leaves out nothing; where all edges are kept no threshold does. */
static void without_weak_edges_it_is_magnitude(void **state) {
    (void)state;
    static const char *const spaces[] = {"darts", "toy", "nasbench201"}, *const options[] = {"{threshold: 0}", "{}"};
    for (size_t i = 0; i < 4; i++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = space_of(spaces[i < 2 ? i : i - 1], arena);
        double **weights = nas_operation_blocks(space, arena);
        base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
        base_err err = {0};
        nas_genotype *want;
        for (size_t t = 0; t < space->n_cells; t++)
            for (size_t k = 0; k < space->cells[t].weights; k++) weights[t][k] = base_rng_uniform(&rng);
        CHECK_OK(nas_selection_choose(nas_selection_find("magnitude"), NULL, space, (const double *const *)weights,
                                      arena, &want, &err));
        assert_true(nas_genotype_equal(choose(options[i > 0], space, weights, arena), want));
        base_arena_destroy(arena);
    }
}

/* What has fewer edges than the space keeps is written, read back in every form that holds it, and built. */
static void genotypes_with_fewer_edges_are_genotypes(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    double **weights = nas_operation_blocks(space, arena);
    size_t count, forms = 0;
    const nas_genotype_form *const *all = nas_genotype_forms(&count);
    const nas_genotype *genotype = choose("{}", space, weights, arena);
    assert_int_equal(genotype->cells[0].count, 4);
    assert_false(nas_genotype_is_full(genotype));
    for (size_t i = 0; i < count; i++) {
        base_buf text = {0};
        base_err err = {0};
        nas_genotype *back;
        if (!all[i]->holds(space)) continue;
        all[i]->write(genotype, &text);
        CHECK_OK(nas_genotype_read(space, "g", base_buf_text(&text), arena, &back, &err));
        assert_true(nas_genotype_equal(back, genotype));
        base_buf_fini(&text);
        forms++;
    }
    assert_int_equal(forms, 3);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weak_edges_are_left_out),
        cmocka_unit_test(without_weak_edges_it_is_magnitude),
        cmocka_unit_test(genotypes_with_fewer_edges_are_genotypes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

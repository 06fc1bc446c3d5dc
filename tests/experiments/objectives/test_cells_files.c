/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people see of a trial's cells: a short text where it fits, and the files. */
#include "experiments/objectives/cells_files.h"

#include "tests/nas/nets.h"

static void small_cells_are_an_artefact(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    hpo_result result = {0};
    nas_genotype *genotype = nas_genotype_random(space_of("toy", arena), &rng, arena);
    cells_put_artefact(genotype, &result);
    assert_true(nas_genotype_equal(genotype_of(genotype->space, result.artefact, arena), genotype));
    base_arena_destroy(arena);
}

/* Six nodes with long names are more than a result holds. */
static void large_ones_are_a_file(void **state) {
    (void)state;
    static const char text[] = "{name: wide, operations: [mbconv_3x3_e3, mbconv_5x5_e6], cells: {c: {nodes: 6}}, "
                               "skeleton: {channels: 8, stack: [{cell: c}]}}";
    base_arena *arena = base_arena_create();
    check_tmpdir dir = check_tmpdir_create();
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    base_yaml_node *map;
    const nas_space *space;
    base_buf json = {0}, drawing = {0};
    hpo_result result = {0};
    base_err err;
    CHECK_OK(base_yaml_parse(arena, "space.yaml", text, strlen(text), &map, &err));
    CHECK_OK(nas_space_read(map, arena, &space, &err));
    nas_genotype *genotype = nas_genotype_random(space, &rng, arena);
    cells_put_artefact(genotype, &result);
    assert_string_equal(result.artefact, "genotype.json");
    cells_write_files(genotype, dir.path);
    CHECK_OK(base_read_file(check_tmpdir_file(&dir, cells_files[0]), &json, &err));
    assert_true(nas_genotype_equal(genotype_of(space, base_buf_text(&json), arena), genotype));
    CHECK_OK(base_read_file(check_tmpdir_file(&dir, cells_files[1]), &drawing, &err));
    CHECK_CONTAINS(base_buf_text(&drawing), "<svg");
    base_buf_fini(&json);
    base_buf_fini(&drawing);
    check_tmpdir_remove(&dir);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_cells_are_an_artefact),
        cmocka_unit_test(large_ones_are_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

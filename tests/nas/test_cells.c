/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network `cells` of a recipe: a genotype by name, from a file or as text is the same network; mistakes have
 * places. */
#include "nas/cells.h"

#include "engine/modules/summary.h"
#include "nas/network.h"
#include "tests/nas/nets.h"
#include "tests/support/check.h"

static const eng_network_kind *const kinds[] = {&eng_network_mlp, &eng_network_resnet, &nas_network_cells, NULL};

static base_status read_network(const char *text, base_arena *arena, eng_network *out, base_err *err) {
    base_yaml_node *map;
    BASE_TRY(base_yaml_parse(arena, "study.yaml", text, strlen(text), &map, err));
    return eng_network_read(map, kinds, arena, out, err);
}

static size_t numbers_in(const eng_network *network, size_t image, size_t colours) {
    const eng_net_config around = {
        .input = {.ndim = 3, .dim = {image, image, colours}}, .task = ENG_MULTICLASS, .outputs = 10};
    eng_graph *graph;
    eng_ports ports;
    base_err err;
    CHECK_OK(eng_network_graph(network, &around, &graph, &ports, &err));
    const size_t numbers = eng_graph_numbers_behind(graph, ports.output);
    eng_graph_destroy(graph);
    return numbers;
}

static void a_known_cell_is_the_published_network(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    eng_network network;
    base_err err;
    CHECK_OK(read_network("{model: cells, genotype: darts_v2, channels: 16, cells: 8}", arena, &network, &err));
    assert_int_equal(numbers_in(&network, 28, 1), 245242);
    CHECK_OK(read_network("{model: cells, genotype: DARTS_V2, channels: 36, cells: 20, auxiliary: 0.4, drop_path: 0.2}",
                          arena, &network, &err));
    assert_int_equal(numbers_in(&network, 32, 3), 3349342);
    assert_true(network.kind->grows_drop_path);
    base_arena_destroy(arena);
}

/* The same cells by name, from a file beside the study, and as the text of a search in a space of its own. */
static void however_it_is_given_it_is_the_same_network(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    check_tmpdir dir = check_tmpdir_create();
    base_buf json = {0}, named = {0}, filed = {0};
    nas_genotype_write(known_genotype("DARTS_V2", arena), &json);
    check_tmpdir_write(&dir, "genotype.json", base_buf_text(&json));
    eng_network network;
    base_err err;
    CHECK_OK(read_network("{model: cells, genotype: DARTS_V2, cells: 8}", arena, &network, &err));
    eng_network_print(&network, &named);

    base_yaml_node *map = base_yaml_new_map(arena, NULL);
    const char *study = check_tmpdir_file(&dir, "study.yaml");
    const char *settings = "{model: cells, genotype: genotype.json, cells: 8}";
    CHECK_OK(base_yaml_parse(arena, study, settings, strlen(settings), &map, &err));
    CHECK_OK(eng_network_read(map, kinds, arena, &network, &err));
    eng_network_print(&network, &filed);
    assert_string_equal(base_buf_text(&filed), base_buf_text(&named));

    base_yaml_put(arena, map, "genotype", base_yaml_scalar(arena, map, base_buf_text(&json), true));
    base_yaml_put(arena, map, "space", base_yaml_scalar(arena, map, "darts", true));
    CHECK_OK(eng_network_read(map, kinds, arena, &network, &err));
    assert_int_equal(numbers_in(&network, 28, 1), 245242);
    base_buf_fini(&json);
    base_buf_fini(&named);
    base_buf_fini(&filed);
    check_tmpdir_remove(&dir);
    base_arena_destroy(arena);
}

static void mistakes_have_a_place_and_a_remedy(void **state) {
    (void)state;
    static const struct {
        const char *text, *place, *remedy;
    } cases[] = {
        {"{model: cells, cells: 8}", "study.yaml:1:1", "needs a genotype"},
        {"{model: cells, genotype: DARTS_V9}", "study.yaml:1:26", "neither a file nor a known cell"},
        {"{model: cells, genotype: DARTS_V2, space: toy}", "study.yaml:1:26", ""},
        {"{model: cells, genotype: DARTS_V2, space: toi}", "study.yaml:1:43", "toy"},
        {"{model: cells, genotype: DARTS_V2, drop_path: 1}", "study.yaml:1:47", "drop_path"},
        {"{model: mlp, genotype: DARTS_V2}", "study.yaml:1:14", "no meaning for model mlp"},
    };
    base_arena *arena = base_arena_create();
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        eng_network network;
        base_err err = {0};
        assert_int_equal(read_network(cases[i].text, arena, &network, &err), BASE_INVALID);
        if (strncmp(err.text, cases[i].place, strlen(cases[i].place)) != 0) fail_msg("%s: %s", cases[i].text, err.text);
        CHECK_CONTAINS(err.text, cases[i].remedy);
    }
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_cell_is_the_published_network),
        cmocka_unit_test(however_it_is_given_it_is_the_same_network),
        cmocka_unit_test(mistakes_have_a_place_and_a_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

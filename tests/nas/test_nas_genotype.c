/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Genotypes: every form reads what it writes and what others published, genotypes of another space are refused with
 * place and remedy, drawing is uniform, and no text makes a reader misbehave. */
#include "tests/nas/nets.h"

#include "base/rng.h"

static void check_round_trip(const nas_genotype_form *form, const nas_genotype *genotype, base_arena *arena) {
    base_buf text = {0}, again = {0};
    form->write(genotype, &text);
    assert_true(form->recognizes(base_buf_text(&text)));
    const nas_genotype *back = genotype_of(genotype->space, base_buf_text(&text), arena);
    assert_true(nas_genotype_equal(genotype, back));
    form->write(back, &again);
    assert_string_equal(base_buf_text(&text), base_buf_text(&again));
    base_buf_fini(&text);
    base_buf_fini(&again);
}

/* Random genotypes of every space in every form that holds them. */
static void forms_read_what_they_write(void **state) {
    (void)state;
    size_t spaces, forms, pairs = 0;
    const nas_space_preset *const *presets = nas_space_presets(&spaces);
    const nas_genotype_form *const *form = nas_genotype_forms(&forms);
    for (size_t s = 0; s < spaces; s++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = space_of(presets[s]->name, arena);
        base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 7, (uint32_t)s);
        for (size_t f = 0; f < forms; f++) {
            if (!form[f]->holds(space)) continue;
            pairs++;
            for (size_t i = 0; i < 20; i++) {
                const nas_genotype *genotype = nas_genotype_random(space, &rng, arena);
                base_err err;
                CHECK_OK(nas_genotype_check(genotype, &err));
                check_round_trip(form[f], genotype, arena);
            }
        }
        base_arena_destroy(arena);
    }
    assert_int_equal(pairs, 8 + 6 + 6 + 1 + 1);
}

static void published_texts_are_read(void **state) {
    (void)state;
    static const struct {
        const char *space, *text, *shortest;
    } cases[] = {
        {"darts",
         "DARTS_V2 = Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
         "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], "
         "normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), "
         "('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], "
         "reduce_concat=[2, 3, 4, 5])",
         "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
         "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, "
         "6), reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), "
         "('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, "
         "6))"},
        {"nasbench201", "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|none~2|",
         "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|none~2|"},
        {"nasbench-macro", " 22212202\n", "22212202"},
        {"toy",
         "# by hand\n\nspace: toy\ncells:\n  normal: [{node: 1, from: 0, operation: sep_conv_3x3}, {node: 2, from: 0, "
         "operation: sep_conv_5x5}, {node: 2, from: 1, operation: dil_conv_3x3}]\n  reduce: [{node: 2, from: 1, "
         "operation: dil_conv_5x5}, {node: 2, from: 0, operation: sep_conv_5x5}, {node: 1, from: 0, operation: "
         "dil_conv_3x3}]\n",
         "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_5x5', 0), ('dil_conv_3x3', 1)], normal_concat=range(1, 3), "
         "reduce=[('dil_conv_3x3', 0), ('dil_conv_5x5', 1), ('sep_conv_5x5', 0)], reduce_concat=range(1, 3))"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        base_buf text = {0};
        const char *from = cases[i].text;
        if (from[0] == '#') from = strstr(from, "space:");
        nas_genotype_write_short(genotype_of(space_of(cases[i].space, arena), from, arena), &text);
        assert_string_equal(base_buf_text(&text), cases[i].shortest);
        base_buf_fini(&text);
        base_arena_destroy(arena);
    }
}

/* Nested and flat text of a known cell mean the same; files and names in any case are found. */
static void known_cells_are_found_by_name(void **state) {
    (void)state;
    size_t count;
    const nas_known_cell *cells = nas_known_cells(&count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        base_arena *arena = base_arena_create();
        base_err err;
        check_tmpdir dir = check_tmpdir_create();
        nas_genotype *by_name = known_genotype(cells[i].name, arena), *by_file;
        base_buf text = {0};
        assert_string_equal(by_name->space->name, "darts");
        assert_int_equal(by_name->cells[0].count + by_name->cells[1].count, 16);
        nas_genotype_write(by_name, &text);
        check_tmpdir_write(&dir, "genotype.json", base_buf_text(&text));
        CHECK_OK(nas_genotype_load(NULL, "genotype.json", dir.path, arena, &by_file, &err));
        assert_true(nas_genotype_equal(by_name, by_file));
        base_buf_clear(&text);
        nas_genotype_form_find("pt_darts")->write(by_name, &text);
        check_tmpdir_write(&dir, "nested", base_buf_text(&text));
        CHECK_OK(nas_genotype_load(NULL, "nested", dir.path, arena, &by_file, &err));
        assert_true(nas_genotype_equal(by_name, by_file));
        base_buf_fini(&text);
        check_tmpdir_remove(&dir);
        base_arena_destroy(arena);
    }
    assert_ptr_equal(nas_known_cell_find("darts_v2"), &cells[1]);
    base_arena *arena = base_arena_create();
    const nas_genotype *v2 = known_genotype("DARTS_V2", arena);
    assert_int_equal(nas_genotype_count(v2, nas_space_cell_find(v2->space, "normal"), NAS_OPERATION_SKIP), 2);
    assert_int_equal(nas_genotype_count(v2, nas_space_cell_find(v2->space, "reduce"), NAS_OPERATION_POOL), 5);
    base_arena_destroy(arena);
}

#define NORMAL                                                                                                         \
    "normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0)," \
    " ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1)]"

static void mistakes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *space, *text, *part;
    } cases[] = {
        {"darts", "", "g:1:1: this is no genotype; one is written as json ("},
        {"darts", "*", "g:1:1: this is no genotype"},
        {"darts", "Genotype(" NORMAL ")", "g:1:1: node 2 of cell reduce has 0 edges where space darts keeps 2"},
        {"toy", "Genotype(" NORMAL ")",
         "g:1:82: cell normal of space toy has no more edges: is this the genotype of another space?"},
        {"darts", "Genotype(\nnormal=[('sep_conv_7x7', 0)])", "g:2:10: there is no operation 'sep_conv_7x7'"},
        {"darts", "Genotype(normal=[('nor_conv_3x3', 0)])",
         "g:1:19: the edge from 0 to 2 of cell normal cannot carry nor_conv_3x3 in this space, only none, "
         "max_pool_3x3"},
        {"darts",
         "Genotype(normal=[('none', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
         "('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1)])",
         "none of cell normal is no edge: a finished cell of space darts keeps 2 others at each node"},
        {"darts", "Genotype(normal=[('sep_conv_3x3', 2)])",
         "g:1:19: cell normal of space darts has no edge from 2 to node 2"},
        {"darts", "Genotype(normal=[('sep_conv_3x3', 0), ('skip_connect', 0)])",
         "the edge from 0 to node 2 of cell normal is there twice"},
        {"darts", "Genotype(normal_concat=range(1, 6))",
         "g:1:24: in space darts the output of cell normal is node 2, 3, 4, 5: is this the genotype of another space?"},
        {"darts", "Genotype(normal_concat=[2, 3, 4])", "the output of cell normal is node 2, 3, 4, 5"},
        {"darts", "Genotype(normal_concat=[2, 3, 4, 5, 6])", "the output of cell normal is node 2, 3, 4, 5"},
        {"darts", "Genotype(recurrent=[('tanh', 0)])", "g:1:10: space darts has no cell 'recurrent'"},
        {"darts", "Genotype(" NORMAL,
         "g:1:185: there should be ')' behind the cells, but there is the end of the text"},
        {"darts", "Genotype(normal=[('sep_conv_3x3' 0)])", "there should be ',' behind an operation, but there is '0'"},
        {"darts", "Genotype(normal=[(sep_conv_3x3, 0)])", "there should be a name in quotes, but there is 's'"},
        {"darts", "Genotype(normal=[('sep_conv_3x3, 0)])", "g:1:38: this name does not end"},
        {"darts", "Genotype(normal=[('sep_conv_3x3', -1)])", "there should be a number, but there is '-'"},
        {"darts", "Genotypes()", "there should be Genotype(...), but there is 'Genotypes'"},
        {"darts", "Genotype() x", "g:1:12: the genotype ends here, but there is 'x'"},
        {"darts", "|nor_conv_3x3~0|", "g:1:1: space darts has other cells than NAS-Bench-201"},
        {"darts", "22212202", "g:1:1: space darts is not made of layers like NAS-Bench-Macro"},
        {"nasbench-macro", "2221220", "g:1:8: there should be 8 digits from 0 to 2, one for each layer"},
        {"nasbench-macro", "22212203", "g:1:8: there should be 8 digits from 0 to 2"},
        {"nasbench-macro", "222122021", "g:1:9: the genotype ends here, but there is '1'"},
        {"nasbench201", "|nor_conv_3x3~0|+|nor_conv_3x3~0|", "g:1:1: node 2 of cell cell has 1 edges where space"},
        {"nasbench201", "|nor_conv_3x3~1|", "g:1:2: cell cell of space nasbench201 has no edge from 1 to node 1"},
        {"nasbench201", "|sep_conv_3x3~0|", "cannot carry sep_conv_3x3 in this space, only none, skip_connect"},
        {"nasbench201", "|nor_conv_3x3~0|+|", "between an operation and its source, but there is the end of the text"},
        {"nasbench201", "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|+|none~0|", "nasbench201 has only 3 nodes"},
        {"toy", "{\"space\": \"darts\", \"cells\": {}}", "g:1:11: this is a genotype of space darts, not of toy"},
        {"toy", "{\"cells\": {\"cell\": []}}", "g:1:12: space toy has no cell 'cell'"},
        {"toy", "{\"cells\": {\"normal\": 3}}", "a cell is a list of edges, but this is an integer"},
        {"toy", "{\"cells\": {\"normal\": [3]}}", "but this is an integer"},
        {"toy", "{\"cells\": {\"normal\": [{\"node\": 1, \"from\": 0}]}}", "operation"},
        {"toy", "{\"cells\": 3}", "a genotype has a map of cells"},
        {"toy", "{\"space\": \"toy\"}", "a genotype has a map of cells"},
        {"toy", "{\"shape\": \"toy\"}", "g:1:2: a genotype has space and cells, but no 'shape'"},
        {"toy", "{\"cells\": {\"normal\": [{\"node\": 1, \"from\": 2, \"operation\": \"sep_conv_3x3\"}]}}",
         "g:1:23: cell normal of space toy has no edge from 2 to node 1"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_arena *arena = base_arena_create();
        base_err err;
        nas_genotype *genotype;
        CHECK_FAILS(nas_genotype_read(space_of(cases[i].space, arena), "g", cases[i].text, arena, &genotype, &err),
                    BASE_INVALID, cases[i].part);
        assert_null(genotype);
        base_arena_destroy(arena);
    }
}

static void missing_files_are_named(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    base_err err;
    nas_genotype *genotype;
    check_tmpdir dir = check_tmpdir_create();
    CHECK_FAILS(nas_genotype_load(NULL, "DARTS_V3", dir.path, arena, &genotype, &err), BASE_NOTFOUND,
                "DARTS_V3 is neither a file nor a known cell; those are DARTS_V1, DARTS_V2");
    check_tmpdir_write(&dir, "g.json", "{\"cells\": {}}");
    CHECK_FAILS(nas_genotype_load(NULL, "g.json", dir.path, arena, &genotype, &err), BASE_INVALID,
                "the genotype names no space: give it beside the genotype");
    check_tmpdir_remove(&dir);
    base_arena_destroy(arena);
}

/* Every genotype of a cell with edges of 2, 1 and 3 operations, of which two are kept: 2 + 6 + 3 = 11 of them. */
static void drawing_is_uniform(void **state) {
    (void)state;
    enum { DRAWS = 22000 };
    static const char text[] = "cells:\n  a:\n    inputs: 3\n    nodes: 1\n    keep: 2\n    edges:\n"
                               "      - {to: 3, from: 0, operations: [skip_connect, sep_conv_3x3, none]}\n"
                               "      - {to: 3, from: 1, operations: [skip_connect]}\n"
                               "      - {to: 3, from: 2, operations: [skip_connect, sep_conv_3x3, dil_conv_3x3]}\n"
                               "skeleton: {stack: [{cell: a}]}\n";
    base_arena *arena = base_arena_create();
    base_err err;
    base_yaml_node *root;
    const nas_space *space;
    CHECK_OK(base_yaml_parse(arena, "s.yaml", text, strlen(text), &root, &err));
    CHECK_OK(nas_space_read(root, arena, &space, &err));
    CHECK_NEAR(nas_space_size(space), 11.0, 0.0);
    base_rng rng = base_rng_stream(2, BASE_RNG_TEST, 8, 0);
    size_t seen[64] = {0};
    for (size_t i = 0; i < DRAWS; i++) {
        const nas_genotype *genotype = nas_genotype_random(space, &rng, arena);
        size_t code = 0;
        CHECK_OK(nas_genotype_check(genotype, &err));
        for (size_t k = 0; k < 2; k++) {
            const nas_gene *gene = &genotype->cells[0].genes[k];
            const size_t digit = 1 + nas_space_operation_find(&space->cells[0].edges[gene->edge], gene->operation);
            code += digit << (2 * gene->edge);
        }
        seen[code]++;
    }
    size_t different = 0;
    for (size_t i = 0; i < 64; i++) {
        different += seen[i] > 0;
        if (seen[i] > 0) CHECK_NEAR((double)seen[i], DRAWS / 11.0, 4.5 * sqrt(DRAWS / 11.0));
    }
    assert_int_equal(different, 11);
    base_arena_destroy(arena);
}

/* Texts that were good before a few bytes were changed, cut out, doubled or put in: read or refused, and what is read
 * is a genotype. */
static void no_text_makes_a_reader_misbehave(void **state) {
    (void)state;
    enum { TEXTS = 20000, MOST = 4096 };
    static const char spice[] = "[]()'\"{},:=|~+#0123456789abcdef_\n \t\xff";
    size_t spaces, forms, good = 0;
    const nas_space_preset *const *presets = nas_space_presets(&spaces);
    const nas_genotype_form *const *form = nas_genotype_forms(&forms);
    base_arena *keep = base_arena_create();
    base_rng rng = base_rng_stream(4, BASE_RNG_TEST, 9, 0);
    const nas_space *space[16];
    for (size_t s = 0; s < spaces; s++) space[s] = space_of(presets[s]->name, keep);
    for (size_t i = 0; i < TEXTS; i++) {
        base_arena *arena = base_arena_create();
        const nas_space *own = space[base_rng_below(&rng, spaces)], *other = space[base_rng_below(&rng, spaces)];
        const nas_genotype_form *f = form[base_rng_below(&rng, forms)];
        if (!f->holds(own)) f = form[0];
        base_buf text = {0};
        f->write(nas_genotype_random(own, &rng, arena), &text);
        for (size_t k = base_rng_below(&rng, 4); k > 0 && text.length > 2; k--) {
            const size_t at = (size_t)base_rng_below(&rng, text.length);
            const size_t count = (size_t)base_rng_below(&rng, text.length - at) % 20;
            switch (base_rng_below(&rng, 4)) {
            case 0: text.data[at] = spice[base_rng_below(&rng, sizeof spice - 1)]; break;
            case 1: /* cut out */
                memmove(text.data + at, text.data + at + count, text.length - at - count + 1);
                text.length -= count;
                break;
            case 2: /* cut off */
                text.data[at] = 0;
                text.length = at;
                break;
            default: { /* doubled */
                char piece[20];
                memcpy(piece, text.data + at, count);
                base_buf_append(&text, piece, count);
            }
            }
        }
        base_err err;
        nas_genotype *genotype;
        char *exact = base_malloc(text.length + 1); /* so that a reader that goes beyond is seen */
        memcpy(exact, base_buf_text(&text), text.length + 1);
        base_status status = nas_genotype_read(i % 2 == 0 ? own : other, "g", exact, arena, &genotype, &err);
        if (status == BASE_OK) {
            good++;
            CHECK_OK(nas_genotype_check(genotype, &err));
            check_round_trip(form[0], genotype, arena);
        } else {
            assert_int_equal(status, BASE_INVALID);
            assert_true(strlen(err.text) > 10);
        }
        free(exact);
        base_buf_fini(&text);
        base_arena_destroy(arena);
    }
    assert_in_range(good, TEXTS / 10, TEXTS / 2);
    base_arena_destroy(keep);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_read_what_they_write),       cmocka_unit_test(published_texts_are_read),
        cmocka_unit_test(known_cells_are_found_by_name),    cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(missing_files_are_named),          cmocka_unit_test(drawing_is_uniform),
        cmocka_unit_test(no_text_makes_a_reader_misbehave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

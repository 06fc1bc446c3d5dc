/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures of cells and weights: everything is in them, nothing lies on anything else, elements close, and the same
 * genotype is the same bytes. */
#include "tests/nas/nets.h"

#include "base/rng.h"
#include "nas/draw.h"
#include "nas/selection.h"

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) count++;
    return count;
}

/* Every element that is opened is closed, in order. */
static void check_elements(const char *text) {
    const char *open[32];
    size_t depth = 0, elements = 0;
    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<'), elements++) {
        const char *close = strchr(at, '>');
        assert_non_null(close);
        if (at[1] == '/') {
            const size_t length = (size_t)(close - at - 2);
            assert_true(depth > 0);
            depth--;
            assert_int_equal(strncmp(open[depth], at + 2, length), 0);
            assert_true(strchr(" >", open[depth][length]) != NULL);
        } else if (close[-1] != '/') {
            assert_true(depth < CHECK_COUNT(open));
            open[depth++] = at + 1;
        }
    }
    assert_int_equal(depth, 0);
    assert_true(elements > 10);
}

typedef struct box {
    double x, y, width, height;
} box;

/* The boxes of operations of one cell do not touch, and lie inside the picture. */
static void check_boxes(const char *cell, const char *end) {
    enum { MOST = 64 };
    box boxes[MOST];
    size_t count = 0;
    for (const char *at = strstr(cell, "<rect class=\"b"); at != NULL && at < end;
         at = strstr(at + 1, "<rect class=\"b")) {
        box *b = &boxes[count++];
        assert_true(count < MOST);
        assert_int_equal(sscanf(strchr(at, ' ') + sizeof "class=\"b0\" ",
                                "x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &b->x, &b->y, &b->width,
                                &b->height),
                         4);
        for (size_t i = 0; i + 1 < count; i++) {
            const box *a = &boxes[i];
            const bool apart = a->x + a->width < b->x || b->x + b->width < a->x || a->y + a->height + 4 < b->y ||
                               b->y + b->height + 4 < a->y;
            assert_true(apart);
        }
    }
}

static void check_picture(const nas_genotype *genotype) {
    base_buf out = {0}, again = {0};
    nas_draw_cells(genotype, &out);
    nas_draw_cells(genotype, &again);
    const char *text = base_buf_text(&out);
    assert_string_equal(text, base_buf_text(&again));
    check_elements(text);
    size_t boxes = 0;
    for (size_t c = 0; c < genotype->space->n_cells; c++) {
        char name[80];
        snprintf(name, sizeof name, ">%s</text>", genotype->space->cells[c].name);
        const char *cell = strstr(text, name);
        assert_non_null(cell);
        const char *end = strstr(cell, "</g>");
        assert_non_null(end);
        check_boxes(cell, end);
        boxes += genotype->cells[c].count;
    }
    assert_int_equal(count_of(text, "<rect class=\"b"), boxes);
    base_buf_fini(&out);
    base_buf_fini(&again);
}

static void cells_of_every_space_are_drawn(void **state) {
    (void)state;
    size_t count;
    const nas_space_preset *const *presets = nas_space_presets(&count);
    for (size_t i = 0; i < count; i++) {
        base_arena *arena = base_arena_create();
        const nas_space *space = space_of(presets[i]->name, arena);
        base_rng rng = base_rng_stream(6, BASE_RNG_TEST, 12, (uint32_t)i);
        for (size_t k = 0; k < 10; k++) check_picture(nas_genotype_random(space, &rng, arena));
        base_arena_destroy(arena);
    }
}

/* DARTS_V2: 8 edges in either cell, each with its name; nodes 2 to 5. */
static void a_known_cell_is_drawn(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_genotype *genotype = known_genotype("DARTS_V2", arena);
    base_buf out = {0};
    check_picture(genotype);
    nas_draw_cells(genotype, &out);
    const char *text = base_buf_text(&out);
    assert_int_equal(count_of(text, ">sep_conv_3x3</text>"), 5);
    assert_int_equal(count_of(text, ">skip_connect</text>"), 2 + 3);
    assert_int_equal(count_of(text, ">dil_conv_3x3</text>"), 1);
    assert_int_equal(count_of(text, ">max_pool_3x3 /2</text>"), 5);
    assert_int_equal(count_of(text, "<circle"), 8);
    CHECK_CONTAINS(text, ">stride 2, output: nodes 2, 3, 4, 5 side by side</text>");
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

static void graphviz_gets_every_edge(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_genotype *genotype = known_genotype("DARTS_V2", arena);
    base_buf out = {0};
    nas_draw_dot(genotype, &out);
    const char *text = base_buf_text(&out);
    assert_int_equal(strncmp(text, "digraph cells {\n", 16), 0);
    assert_int_equal(count_of(text, " -> "), 2 * (8 + 4));
    CHECK_CONTAINS(text, "    c0_2 -> c0_5 [label=\"dil_conv_3x3\"];\n");
    CHECK_CONTAINS(text, "    c1_5 -> c1_out;\n");
    assert_int_equal(count_of(text, "{"), count_of(text, "}"));
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

/* A row for each edge, a number for each operation, a line for each where there is more than one epoch; what was chosen
 * is marked. */
static void weights_are_drawn(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("s3", arena);
    double weights[3 * 84];
    base_rng rng = base_rng_stream(6, BASE_RNG_TEST, 13, 0);
    for (size_t i = 0; i < CHECK_COUNT(weights); i++) weights[i] = base_rng_uniform(&rng);
    const double *const last[] = {weights + 168, weights + 168 + 42};
    base_err err;
    nas_genotype *chosen;
    CHECK_OK(nas_selection_choose(nas_selection_find("magnitude"), NULL, space, last, arena, &chosen, &err));
    for (size_t epochs = 1; epochs <= 3; epochs += 2) {
        base_buf out = {0};
        nas_draw_weights(space, epochs == 1 ? weights + 168 : weights, epochs, chosen, &out);
        const char *text = base_buf_text(&out);
        check_elements(text);
        assert_int_equal(count_of(text, "fill-opacity=\""), 84);
        assert_int_equal(count_of(text, "<polyline"), epochs == 1 ? 0 : 84);
        assert_int_equal(count_of(text, "<rect class=\"chosen\""), 16);
        assert_int_equal(count_of(text, ">3 to 5</text>"), 2);
        char number[32];
        snprintf(number, sizeof number, ">%.3f</text>", weights[168 + 83]);
        CHECK_CONTAINS(text, number);
        double least = 1.0, most = 0.0; /* of the last edge of the second cell in all epochs: the bounds of its row */
        for (size_t i = 0; i < 9; i++) {
            least = fmin(least, weights[84 * (i / 3) + 81 + i % 3]);
            most = fmax(most, weights[84 * (i / 3) + 81 + i % 3]);
        }
        snprintf(number, sizeof number, ">%.3f</text>\n", least);
        char bounds[160];
        const char *label = strstr(text, "muted small"), *found = NULL;
        for (; label != NULL; label = strstr(label + 1, "muted small"))
            if (strncmp(strchr(label, '>'), number, strlen(number) - 1) == 0) found = label;
        assert_true((found != NULL) == (epochs > 1));
        snprintf(bounds, sizeof bounds, ">%.3f</text>", most);
        if (epochs > 1) CHECK_CONTAINS(text, bounds);
        base_buf_fini(&out);
    }
    base_arena_destroy(arena);
}

static const char *text_of(const nas_epochs *what, base_buf *out) {
    base_buf_clear(out);
    nas_draw_epochs(what, out);
    check_elements(base_buf_text(out));
    return base_buf_text(out);
}

/* A chart for what is known: eigenvalues of every second epoch, operations where there are genotypes. */
static void epochs_are_drawn(void **state) {
    (void)state;
    enum { EPOCHS = 6 };
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("s4", arena);
    const nas_genotype *genotypes[EPOCHS];
    nas_figures figures[EPOCHS];
    base_rng rng = base_rng_stream(6, BASE_RNG_TEST, 14, 0);
    for (uint32_t e = 0; e < EPOCHS; e++) {
        genotypes[e] = nas_genotype_random(space, &rng, arena);
        figures[e] = (nas_figures){.train_error = .5 - .05 * e,
                                   .valid_error = .6 - .04 * e,
                                   .entropy = 1 - .1 * e,
                                   .eigenvalue = e % 2 == 0 ? .1 * e : (double)NAN,
                                   .epoch = e + 1};
    }
    nas_epochs what = {.space = space, .figures = figures, .genotypes = genotypes, .count = EPOCHS, .genotype = 2};
    base_buf out = {0};
    const char *text = text_of(&what, &out);
    assert_int_equal(count_of(text, "<polyline"), 2 + 1 + 1 + 2); /* noise and sep_conv_3x3 */
    assert_int_equal(count_of(text, "rule dashed"), 4);
    CHECK_CONTAINS(text, ">noise</text>");
    CHECK_CONTAINS(text, ">sep_conv_3x3</text>");
    what.genotypes = NULL;
    what.genotype = EPOCHS;
    what.caption = "it < ends";
    for (size_t e = 0; e < EPOCHS; e++) figures[e].eigenvalue = (double)NAN;
    text = text_of(&what, &out);
    assert_int_equal(count_of(text, "<polyline"), 2 + 1);
    assert_int_equal(count_of(text, "rule dashed"), 0);
    CHECK_CONTAINS(text, "it &lt; ends");
    what.count = 1;
    text = text_of(&what, &out);
    assert_int_equal(count_of(text, "<circle"), 3);
    base_buf_fini(&out);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_of_every_space_are_drawn),
        cmocka_unit_test(a_known_cell_is_drawn),
        cmocka_unit_test(graphviz_gets_every_edge),
        cmocka_unit_test(weights_are_drawn),
        cmocka_unit_test(epochs_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

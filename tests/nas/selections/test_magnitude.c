/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Genotypes read off stated architecture weights, against those that the published rule gives. */
#include "tests/nas/nets.h"

#include "nas/selection.h"

enum { EDGES = 14, OPS = 8 };

/* Softmax over the operations of each edge. */
static void softmax(const double *alpha, double *p) {
    for (size_t e = 0; e < EDGES; e++) {
        double sum = 0.0;
        for (size_t k = 0; k < OPS; k++) sum += exp(alpha[OPS * e + k]);
        for (size_t k = 0; k < OPS; k++) p[OPS * e + k] = exp(alpha[OPS * e + k]) / sum;
    }
}

/* The edges of a cell as "max_pool_3x3:0 ...", chosen by these weights for both cells of DARTS. */
static void check_choice(const double *p, const char *expected) {
    base_arena *arena = base_arena_create();
    const nas_space *space = space_of("darts", arena);
    const double *const weights[] = {p, p};
    base_err err;
    nas_genotype *genotype;
    CHECK_OK(nas_selection_choose(nas_selection_find("magnitude"), NULL, space, weights, arena, &genotype, &err));
    CHECK_OK(nas_genotype_check(genotype, &err));
    for (size_t c = 0; c < 2; c++) {
        base_buf text = {0};
        for (size_t i = 0; i < genotype->cells[c].count; i++)
            base_buf_printf(&text, "%s%s:%zu", i > 0 ? " " : "", genotype->cells[c].genes[i].operation->name,
                            space->cells[c].edges[genotype->cells[c].genes[i].edge].from);
        assert_string_equal(base_buf_text(&text), expected);
        base_buf_fini(&text);
    }
    base_arena_destroy(arena);
}

static void a_sine(double *alpha) {
    for (size_t i = 0; i < EDGES * OPS; i++) alpha[i] = sin(1.0 + 0.7 * (double)i);
}

static void a_sine_of_weights(void **state) {
    (void)state;
    static const double row[] = {.230987, .268421, .195655, .103801, .054003, .037463, .041159, .068512};
    double alpha[EDGES * OPS], p[EDGES * OPS];
    a_sine(alpha);
    softmax(alpha, p);
    CHECK_ARRAY_NEAR(p, row, OPS, 5e-7);
    check_choice(p, "max_pool_3x3:0 avg_pool_3x3:1 sep_conv_5x5:2 skip_connect:0 dil_conv_5x5:2 dil_conv_5x5:1 "
                    "max_pool_3x3:0 avg_pool_3x3:1");
}

/* PC-DARTS: probabilities times the softmax of cos(edge) over the edges of a node. */
static void edges_with_weights_of_their_own(void **state) {
    (void)state;
    double alpha[EDGES * OPS], p[EDGES * OPS];
    a_sine(alpha);
    softmax(alpha, p);
    for (size_t node = 0, first = 0; node < 4; first += node + 2, node++) {
        double sum = 0.0;
        for (size_t e = first; e < first + node + 2; e++) sum += exp(cos((double)e));
        for (size_t e = first; e < first + node + 2; e++)
            for (size_t k = 0; k < OPS; k++) p[OPS * e + k] *= exp(cos((double)e)) / sum;
    }
    check_choice(p, "max_pool_3x3:0 avg_pool_3x3:1 skip_connect:0 sep_conv_5x5:2 dil_conv_5x5:1 dil_conv_5x5:2 "
                    "sep_conv_5x5:4 sep_conv_3x3:3");
}

static void ties_go_to_the_first(void **state) {
    (void)state;
    double alpha[EDGES * OPS] = {0.0}, p[EDGES * OPS];
    softmax(alpha, p);
    check_choice(p, "max_pool_3x3:0 max_pool_3x3:1 max_pool_3x3:0 max_pool_3x3:1 max_pool_3x3:0 max_pool_3x3:1 "
                    "max_pool_3x3:0 max_pool_3x3:1");
}

/* An edge that is mostly none loses, although its raw weight of 3 is the largest of the node. */
static void none_weakens_an_edge(void **state) {
    (void)state;
    double alpha[EDGES * OPS] = {0.0}, p[EDGES * OPS];
    alpha[OPS * 2 + 0] = 9.0, alpha[OPS * 2 + 4] = 3.0;
    alpha[OPS * 3 + 5] = 2.0, alpha[OPS * 4 + 3] = 1.0;
    softmax(alpha, p);
    check_choice(p, "max_pool_3x3:0 max_pool_3x3:1 sep_conv_5x5:1 skip_connect:2 max_pool_3x3:0 max_pool_3x3:1 "
                    "max_pool_3x3:0 max_pool_3x3:1");
    for (size_t e = 0; e < EDGES; e++) {
        alpha[OPS * e] = 5.0;
        for (size_t k = 0; k < 7; k++) alpha[OPS * e + 1 + k] = 0.01 * (double)((3 * e + k) % 7);
    }
    softmax(alpha, p);
    check_choice(p, "dil_conv_5x5:0 sep_conv_3x3:1 max_pool_3x3:0 sep_conv_5x5:1 dil_conv_3x3:0 skip_connect:1 "
                    "max_pool_3x3:0 sep_conv_5x5:1");
}

/* Where every edge is kept the order is that of the edges, and none may be the strongest. */
static void spaces_that_keep_every_edge(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *nb201 = space_of("nasbench201", arena), *toy = space_of("toy", arena);
    double p[30], q[12];
    base_err err;
    nas_genotype *genotype;
    base_buf text = {0};
    for (size_t i = 0; i < 30; i++) p[i] = (double)(7 * i % 30);
    const double *const one[] = {p}, *const two[] = {q, q};
    CHECK_OK(nas_selection_choose(nas_selection_find("magnitude"), NULL, nb201, one, arena, &genotype, &err));
    nas_genotype_write_short(genotype, &text);
    assert_string_equal(base_buf_text(&text), "|avg_pool_3x3~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|nor_conv_1x1~0|"
                                              "skip_connect~1|none~2|");
    base_buf_clear(&text);
    for (size_t i = 0; i < 12; i++) q[i] = -(double)(5 * i % 12);
    CHECK_OK(nas_selection_choose(nas_selection_find("magnitude"), NULL, toy, two, arena, &genotype, &err));
    nas_genotype_write_short(genotype, &text);
    assert_string_equal(base_buf_text(&text),
                        "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_5x5', 0), ('dil_conv_3x3', 1)], "
                        "normal_concat=range(1, 3), reduce=[('sep_conv_3x3', 0), ('sep_conv_5x5', 0), "
                        "('dil_conv_3x3', 1)], reduce_concat=range(1, 3))");
    q[5] = NAN;
    CHECK_FAILS(nas_selection_choose(nas_selection_find("magnitude"), NULL, toy, two, arena, &genotype, &err),
                BASE_NUMERIC, "a weight of cell normal is not finite: the search diverged");
    base_buf_fini(&text);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sine_of_weights),           cmocka_unit_test(edges_with_weights_of_their_own),
        cmocka_unit_test(ties_go_to_the_first),        cmocka_unit_test(none_weakens_an_edge),
        cmocka_unit_test(spaces_that_keep_every_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The perturbation selection against supernets that are formulas. */
#include "tests/nas/nets.h"

#include "nas/relaxation.h"
#include "nas/selection.h"

/* Every operation of every edge is worth a number; the supernet is as good as the weighed sum of them. */
typedef struct formula {
    const nas_space *space;
    double **values, **before; /* before: the weights of the last score */
    size_t scores, tuned, next;
    size_t of; /* epochs of tuning, as they were announced */
    bool by_loss;
} formula;

static void mean(void *self, double *const *weights, double *const *edges) {
    const formula *f = self;
    for (size_t t = 0; t < f->space->n_cells; t++)
        for (size_t e = 0; e < f->space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &f->space->cells[t].edges[e];
            edges[t][e] = 1;
            for (size_t k = 0; k < edge->n_operations; k++)
                weights[t][edge->offset + k] = 1 / (double)edge->n_operations;
        }
}

/* 0: no operation; 1: one with weight 1; 2: all but perhaps one with the weight of the mean. */
static int state_of(const nas_space_edge *edge, const double *weights, size_t *missing) {
    size_t ones = 0, means = 0;
    for (size_t k = 0; k < edge->n_operations; k++) {
        const double w = weights[edge->offset + k];
        ones += w == 1;
        means += w == 1 / (double)edge->n_operations;
        assert_true(w == 0 || w == 1 || w == 1 / (double)edge->n_operations);
    }
    if (edge->n_operations > 1) {
        assert_true(ones <= 1 && (ones == 0 || means == 0));
        *missing += means > 0 && means < edge->n_operations;
        assert_true(ones > 0 || means == 0 || means + 1 >= edge->n_operations);
    }
    return ones > 0 ? 1 : means > 0 ? 2 : 0;
}

static base_status score(void *self, const double *const *weights, const double *const *edges, double *loss,
                         double *error, base_err *err) {
    formula *f = self;
    double sum = 0;
    size_t missing = 0;
    (void)err;
    for (size_t t = 0; t < f->space->n_cells; t++)
        for (size_t e = 0; e < f->space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &f->space->cells[t].edges[e];
            assert_int_equal(edges[t][e] != 0, state_of(edge, weights[t], &missing) != 0);
            for (size_t k = edge->offset; k < edge->offset + edge->n_operations; k++)
                sum += edges[t][e] * weights[t][k] * f->values[t][k];
        }
    assert_true(missing <= 1); /* one operation is taken out at a time */
    f->scores++;
    *loss = f->by_loss ? -sum : 7;
    *error = f->by_loss ? 7 : -sum;
    return BASE_OK;
}

static void told(void *self, size_t done, size_t of) {
    (void)self;
    assert_true(done <= of);
}

static base_status tune(void *self, const double *const *weights, const double *const *edges, size_t epoch,
                        size_t epochs, base_err *err) {
    formula *f = self;
    size_t missing = 0;
    (void)err, (void)edges;
    for (size_t t = 0; t < f->space->n_cells; t++)
        for (size_t e = 0; e < f->space->cells[t].n_edges; e++)
            (void)state_of(&f->space->cells[t].edges[e], weights[t], &missing);
    assert_int_equal(missing, 0);
    assert_int_equal(epoch, f->tuned++);
    f->of = epochs;
    return BASE_OK;
}

static nas_genotype *explore(formula *f, const char *options, uint64_t seed, base_arena *arena) {
    const nas_selection *selection = nas_selection_find("perturbation");
    const nas_explorer explorer = {.self = f, .seed = seed, .mean = mean, .score = score, .tune = tune, .told = told};
    void *state = base_arena_alloc(arena, selection->state_size);
    base_yaml_node *node;
    base_err err = {0};
    nas_genotype *genotype;
    f->scores = f->tuned = f->of = 0;
    CHECK_OK(base_yaml_parse(arena, "o.yaml", options, strlen(options), &node, &err));
    CHECK_OK(base_options_read(selection->options, node, state, arena, &err));
    CHECK_OK(selection->explore(state, f->space, &explorer, arena, &genotype, &err));
    CHECK_OK(nas_genotype_check(genotype, &err));
    assert_true(nas_genotype_is_full(genotype));
    const nas_selection_work work = selection->work(state, f->space);
    assert_true(work.scored == (double)f->scores);
    assert_true(work.tuned == (double)f->tuned && f->of == f->tuned);
    return genotype;
}

static formula formula_over(const char *name, base_arena *arena) {
    formula f = {.space = space_of(name, arena)};
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    f.values = nas_operation_blocks(f.space, arena);
    for (size_t t = 0; t < f.space->n_cells; t++)
        for (size_t k = 0; k < f.space->cells[t].weights; k++) f.values[t][k] = 1 + base_rng_uniform(&rng);
    return f;
}

/* Of a sum the most valuable operations and edges are found, in whatever order they are tried. */
static void the_most_valuable_operations_stay(void **state) {
    (void)state;
    static const char *const spaces[] = {"darts", "s1", "s2", "toy", "nasbench201"};
    static const char *const options[] = {"{tune: 0}", "{criterion: loss, tune: 2}"};
    for (size_t i = 0; i < CHECK_COUNT(spaces) * 2; i++) {
        base_arena *arena = base_arena_create();
        base_err err = {0};
        formula f = formula_over(spaces[i / 2], arena);
        nas_genotype *want;
        f.by_loss = i % 2 == 1;
        CHECK_OK(nas_selection_choose(nas_selection_find("magnitude"), NULL, f.space, (const double *const *)f.values,
                                      arena, &want, &err));
        for (uint64_t seed = 1; seed < 4; seed++)
            assert_true(nas_genotype_equal(explore(&f, options[i % 2], seed, arena), want));
        base_arena_destroy(arena);
    }
}

/* Of DARTS: 14 edges and 3 nodes in turn, 5 epochs between; 7 operations of 14 edges, and 3 + 4 + 3 + 5 + 4 + 3 edges,
 * of both cells. */
static void the_work_is_that_of_the_paper(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    formula f = formula_over("darts", arena);
    (void)explore(&f, "{}", 1, arena);
    assert_int_equal(f.scores, 2 * (98 + 22));
    assert_int_equal(f.tuned, 16 * 5);
    base_arena_destroy(arena);
}

/* Equals: the first operation that may be chosen, the first edges. */
static void ties_go_to_the_first(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    formula f = {.space = space_of("darts", arena)};
    f.values = nas_operation_blocks(f.space, arena);
    const nas_genotype *genotype = explore(&f, "{tune: 1}", 1, arena);
    for (size_t c = 0; c < 2; c++)
        for (size_t i = 0; i < 8; i++) {
            const nas_gene *gene = &genotype->cells[c].genes[i];
            assert_string_equal(gene->operation->name, "max_pool_3x3");
            assert_int_equal(f.space->cells[c].edges[gene->edge].from, i % 2);
        }
    base_arena_destroy(arena);
}

/* Two operations that are worth something only if they are not both there: which is first depends on the seed. */
static base_status rivals(void *self, const double *const *weights, const double *const *edges, double *loss,
                          double *error, base_err *err) {
    (void)self, (void)edges, (void)err;
    *loss = 0;
    *error = fabs(weights[0][0] + weights[0][4] - 1); /* sep_conv_3x3 on the first two edges of the toy space */
    return BASE_OK;
}

static void the_order_comes_from_the_seed(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_selection *selection = nas_selection_find("perturbation");
    formula f = formula_over("toy", arena);
    size_t different = 0;
    nas_genotype *first = NULL;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        const nas_explorer explorer = {
            .self = &f, .seed = seed, .mean = mean, .score = rivals, .tune = tune, .told = told};
        void *options = base_arena_alloc(arena, selection->state_size);
        base_err err = {0};
        nas_genotype *one, *other;
        CHECK_OK(base_options_read(selection->options, NULL, options, arena, &err));
        f.tuned = 0;
        CHECK_OK(selection->explore(options, f.space, &explorer, arena, &one, &err));
        f.tuned = 0;
        CHECK_OK(selection->explore(options, f.space, &explorer, arena, &other, &err));
        assert_true(nas_genotype_equal(one, other));
        if (!first) first = one;
        different += !nas_genotype_equal(one, first);
    }
    assert_true(different > 0);
    base_arena_destroy(arena);
}

/* A supernet without an operation may give no number: that one was needed most. */
static base_status breaks(void *self, const double *const *weights, const double *const *edges, double *loss,
                          double *error, base_err *err) {
    (void)self, (void)edges, (void)err;
    *loss = *error = weights[0][2] == 0 ? (double)NAN : 1;
    return BASE_OK;
}

static void what_is_no_number_is_worst(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_selection *selection = nas_selection_find("perturbation");
    formula f = formula_over("toy", arena);
    const nas_explorer explorer = {.self = &f, .seed = 1, .mean = mean, .score = breaks, .tune = tune, .told = told};
    void *options = base_arena_alloc(arena, selection->state_size);
    base_err err = {0};
    nas_genotype *genotype;
    CHECK_OK(base_options_read(selection->options, NULL, options, arena, &err));
    CHECK_OK(selection->explore(options, f.space, &explorer, arena, &genotype, &err));
    assert_ptr_equal(genotype->cells[0].genes[0].operation, f.space->cells[0].edges[0].operations[2]);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_valuable_operations_stay),
        cmocka_unit_test(the_work_is_that_of_the_paper),
        cmocka_unit_test(ties_go_to_the_first),
        cmocka_unit_test(the_order_comes_from_the_seed),
        cmocka_unit_test(what_is_no_number_is_worst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a selection may do with the supernet of a search, and that it leaves no trace. */
#include "tests/nas/search_support.h"

static bool explored;

/* Scores, tunes and scores again under the mean weights, then without the convolutions. */
static base_status probe(const void *state, const nas_space *space, const nas_explorer *x, base_arena *arena,
                         nas_genotype **out, base_err *err) {
    double **weights = nas_operation_blocks(space, arena), **edges = nas_edge_blocks(space, arena);
    const double *const *w = (const double *const *)weights, *const *e = (const double *const *)edges;
    double loss[4], error[4];
    base_rng rng = base_rng_stream(1, BASE_RNG_TEST, 0, 0);
    (void)state;
    x->mean(x->self, weights, edges);
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t i = 0; i < space->cells[t].n_edges; i++) {
            double sum = 0;
            for (size_t k = 0; k < 5; k++) sum += weights[t][space->cells[t].edges[i].offset + k];
            CHECK_NEAR(sum, 1, 1e-12);
            assert_true(edges[t][i] > 0 && edges[t][i] <= 1);
        }
    BASE_TRY(x->score(x->self, w, e, &loss[0], &error[0], err));
    BASE_TRY(x->score(x->self, w, e, &loss[1], &error[1], err));
    CHECK_SAME_DOUBLE(loss[0], loss[1]);
    CHECK_SAME_DOUBLE(error[0], error[1]);
    for (size_t epoch = 0; epoch < 3; epoch++) BASE_TRY(x->tune(x->self, w, e, epoch, 3, err));
    BASE_TRY(x->score(x->self, w, e, &loss[2], &error[2], err));
    assert_true(loss[2] < loss[0]);
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t k = 0; k < space->cells[t].weights; k++)
            if (k % 5 > 2) weights[t][k] = 0;
    BASE_TRY(x->score(x->self, w, e, &loss[3], &error[3], err));
    assert_true(loss[3] != loss[2]);
    *out = nas_genotype_random(space, &rng, arena);
    explored = true;
    return BASE_OK;
}

/* Called like one of the registry, whose options it has. */
static nas_choices probing(const char *search, base_arena *arena) {
    static nas_selection selection;
    nas_choices choices = *read_choices(arena, search);
    selection = *nas_selection_find("perturbation");
    selection.explore = probe;
    choices.selection = &selection;
    return choices;
}

static void exploring_leaves_no_trace(void **state) {
    (void)state;
    static const char *const searches[] = {"{name: darts-pt}", "{name: darts-pt, mixed: auxiliary-skip}",
                                           "{name: darts-pt, mixed: partial}", "{name: darts-pt, step: second}"};
    data d = load_data(.3);
    for (size_t i = 0; i < CHECK_COUNT(searches); i++) {
        base_arena *arena = base_arena_create();
        base_err err = {0};
        const nas_choices choices = probing(searches[i], arena);
        nas_search_settings settings = settings_of(arena, 4, 1);
        nas_search *s[2];
        nas_genotype *genotype;
        settings.learning_rate = .05;
        for (size_t k = 0; k < 2; k++) {
            CHECK_OK(nas_search_create(&settings, &choices, read_space(arena, space_text), d.view, NULL, &s[k], &err));
            CHECK_OK(nas_search_run(s[k], 2, NULL, &err));
        }
        explored = false;
        CHECK_OK(nas_search_genotype(s[0], arena, &genotype, &err));
        assert_true(explored);
        check_same(s[0], s[1]);
        for (size_t k = 0; k < 2; k++) CHECK_OK(nas_search_run(s[k], 4, NULL, &err));
        check_same(s[0], s[1]);
        for (size_t k = 0; k < 2; k++) nas_search_destroy(s[k]);
        base_arena_destroy(arena);
    }
    unload_data(&d);
}

typedef struct waiting {
    size_t asked, until, told, of;
} waiting;

static bool stops_at(void *self) {
    waiting *w = self;
    return w->asked++ >= w->until;
}

static void count_told(void *self, size_t done, size_t of) {
    waiting *w = self;
    assert_int_equal(done, w->told + 1);
    w->told = done;
    w->of = of;
}

/* A selection that takes long says how far it is, ends when it is told to, and leaves no trace then either. */
static void exploring_can_be_stopped(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    waiting w = {.until = SIZE_MAX};
    const nas_search_watch watch = {.self = &w, .stop = stops_at, .explored = count_told};
    nas_search *one = create("{name: darts-pt, tune: 1}", &d, arena, 1, 1), *other;
    nas_genotype *want, *got;
    CHECK_OK(nas_search_run(one, 1, NULL, &err));
    CHECK_OK(nas_search_select(one, &watch, arena, &want, &err));
    assert_true(w.told == w.of && w.of > 3);
    const size_t all = w.asked;
    assert_true(all > 50);
    other = create("{name: darts-pt, tune: 1}", &d, arena, 1, 1);
    CHECK_OK(nas_search_run(other, 1, NULL, &err));
    for (size_t i = 0; i < 4; i++) {
        w = (waiting){.until = i * (all - 1) / 3};
        assert_int_equal(nas_search_select(other, &watch, arena, &got, &err), BASE_CANCELLED);
        assert_int_equal(w.asked, w.until + 1); /* at once */
        check_same(one, other);
    }
    CHECK_OK(nas_search_genotype(other, arena, &got, &err));
    assert_true(nas_genotype_equal(got, want));
    nas_search_destroy(one);
    nas_search_destroy(other);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* The figures say what the alphas mean meanwhile. */
static void epochs_have_the_genotype_of_their_alphas(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *one = create("{name: darts-pt, tune: 0}", &d, arena, 2, 1),
               *other = create("darts-first", &d, arena, 2, 1);
    nas_genotype *genotype, *want;
    CHECK_OK(nas_search_run(one, 2, NULL, &err));
    CHECK_OK(nas_search_run(other, 2, NULL, &err));
    check_same(one, other);
    assert_int_equal(nas_search_figures(one, 1)->chosen, 4);
    CHECK_OK(nas_search_genotype_after(one, 1, arena, &genotype, &err));
    CHECK_OK(nas_search_genotype(other, arena, &want, &err));
    assert_true(nas_genotype_equal(genotype, want));
    CHECK_OK(nas_search_genotype(one, arena, &genotype, &err));
    CHECK_OK(nas_search_genotype(one, arena, &want, &err));
    CHECK_OK(nas_genotype_check(genotype, &err));
    assert_true(nas_genotype_equal(genotype, want));
    nas_search_destroy(one);
    nas_search_destroy(other);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* 240 passes forward over one half, and 80 epochs over the other. */
static void its_cost_is_counted(void **state) {
    (void)state;
    base_arena *arena = base_arena_create();
    const nas_space *space = read_space(arena, "darts");
    CHECK_NEAR(nas_selection_cost(read_choices(arena, "darts-pt"), space), 240. / 6 + 80. / 2, 1e-9);
    CHECK_NEAR(nas_selection_cost(read_choices(arena, "{name: darts-pt, tune: 0}"), space), 240. / 6, 1e-9);
    assert_true(nas_selection_cost(read_choices(arena, "darts"), space) == 0);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exploring_leaves_no_trace),
        cmocka_unit_test(exploring_can_be_stopped),
        cmocka_unit_test(epochs_have_the_genotype_of_their_alphas),
        cmocka_unit_test(its_cost_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

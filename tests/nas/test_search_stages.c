/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searches in stages: depth, operations, weights, and files at and between their ends. */
#include "tests/nas/search_support.h"

#include "engine/tensor/plan.h"

/* 3, 4 and 5 cells with 5, 3 and 2 operations; 6 epochs in 3 stages, the first of two with alphas that stay. */
static const char small[] = "{name: p-darts, more_cells: 1, warm_up: 0.5}";
static const char keeping[] = "{name: p-darts, more_cells: 0, warm_up: 0, skip_dropout: 0, more_skip_dropout: 0, "
                              "weights: kept, stages: 2}";

static void run_to(nas_search *s, uint64_t epochs) {
    base_err err = {0};
    CHECK_OK(nas_search_run(s, epochs, NULL, &err));
}

/* Operations that have a weight after an epoch, on the edge where they are fewest and most. */
static void count_operations(const nas_search *s, size_t epoch, base_arena *arena, size_t *least, size_t *most) {
    const nas_space *space = read_space(arena, space_text);
    double **weights = nas_operation_blocks(space, arena);
    nas_search_weights(s, epoch, weights);
    *least = SIZE_MAX, *most = 0;
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t e = 0; e < space->cells[t].n_edges; e++) {
            const nas_space_edge *edge = &space->cells[t].edges[e];
            size_t count = 0;
            double sum = 0;
            for (size_t k = edge->offset; k < edge->offset + edge->n_operations; k++) {
                count += weights[t][k] > 0;
                sum += weights[t][k];
            }
            CHECK_NEAR(sum, 1, 1e-12);
            *least = count < *least ? count : *least;
            *most = count > *most ? count : *most;
        }
}

static bool has_cell(const nas_search *s, size_t cell) {
    const eng_params *params = nas_supernet_params(nas_search_supernet(s));
    char name[64];
    bool found = false;
    snprintf(name, sizeof name, "cell%zu.", cell);
    for (size_t i = 0; i < eng_params_count(params); i++)
        found = found || strncmp(eng_params_at(params, i)->name, name, strlen(name)) == 0;
    return found;
}

static void stages_grow_and_drop_operations(void **state) {
    (void)state;
    static const size_t operations[] = {5, 5, 3, 3, 2, 2};
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *s = create(small, &d, arena, 6, 1);
    nas_genotype *genotype;
    size_t least, most;
    for (size_t e = 0; e < 6; e++) {
        run_to(s, e + 1);
        assert_int_equal(nas_search_figures(s, e)->stage, e / 2 + 1);
        assert_true(has_cell(s, 2 + e / 2) && !has_cell(s, 3 + e / 2));
        count_operations(s, e, arena, &least, &most);
        assert_int_equal(least, operations[e]);
        assert_int_equal(most, operations[e]);
        CHECK_OK(nas_search_genotype(s, arena, &genotype, &err));
        CHECK_OK(nas_genotype_check(genotype, &err));
        assert_true(nas_genotype_count(genotype, 0, NAS_OPERATION_SKIP) <= 2);
    }
    assert_int_equal(nas_search_steps(s), 6 * nas_search_epoch_steps(s)); /* all stages together */
    base_buf text = {0};
    nas_search_write_figures(s, 4, &text);
    CHECK_CONTAINS(base_buf_text(&text), "epoch 5 (stage 3): ");
    base_buf_fini(&text);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* What goes on after a stage has the largest weights at its end; what had gone stays away. */
static void the_strongest_operations_go_on(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    const nas_space *space = read_space(arena, space_text);
    nas_search *s = create(small, &d, arena, 6, 1);
    run_to(s, 6);
    for (size_t stage = 1; stage < 3; stage++) {
        double **before = nas_operation_blocks(space, arena), **after = nas_operation_blocks(space, arena);
        nas_search_weights(s, 2 * stage - 1, before);
        nas_search_weights(s, 2 * stage, after);
        for (size_t t = 0; t < space->n_cells; t++)
            for (size_t e = 0; e < space->cells[t].n_edges; e++) {
                const nas_space_edge *edge = &space->cells[t].edges[e];
                for (size_t k = edge->offset; k < edge->offset + edge->n_operations; k++)
                    for (size_t l = edge->offset; l < edge->offset + edge->n_operations; l++)
                        if (after[t][k] > 0 && after[t][l] == 0) assert_true(before[t][k] >= before[t][l]);
            }
    }
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* After every epoch, and within them. */
static void a_search_in_stages_goes_on_with_the_same_bits(const char *search) {
    data d = load_data(.1);
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "search");
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *whole = create(search, &d, arena, 6, 1);
    run_to(whole, 6);
    for (size_t after = 1; after < 6; after++) {
        nas_search *begun = create(search, &d, arena, 6, 1), *ended = create(search, &d, arena, 6, 1);
        run_to(begun, after);
        CHECK_OK(nas_search_save(begun, path, &err));
        if (after > 2) run_to(ended, after == 5 ? 5 : 1); /* the one that loads may be anywhere */
        CHECK_OK(nas_search_load(ended, path, &err));
        check_same(begun, ended);
        run_to(ended, 6);
        check_same(whole, ended);
        nas_search_destroy(begun);
        nas_search_destroy(ended);
    }
    nas_search_destroy(whole);
    base_arena_destroy(arena);
    check_tmpdir_remove(&dir);
    unload_data(&d);
}

static void a_search_of_new_weights_goes_on(void **state) {
    (void)state;
    a_search_in_stages_goes_on_with_the_same_bits(small);
}

static void a_search_of_kept_weights_goes_on(void **state) {
    (void)state;
    a_search_in_stages_goes_on_with_the_same_bits(keeping);
}

typedef struct interruption {
    size_t after, asked;
} interruption;

static bool interrupt(void *self) {
    interruption *i = self;
    return ++i->asked == i->after;
}

static void a_search_that_is_stopped_within_a_stage_goes_on(void **state) {
    (void)state;
    data d = load_data(.1);
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "search");
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search_settings settings = settings_of(arena, 3, 2);
    settings.batch_size = 2;
    nas_search *whole = create_with(&settings, small, &d, arena);
    run_to(whole, 3);
    for (size_t after = 1; after <= 6; after++) {
        nas_search *begun = create_with(&settings, small, &d, arena), *ended = create_with(&settings, small, &d, arena);
        interruption i = {.after = after};
        const nas_search_watch watch = {.self = &i, .stop = interrupt, .pause = 1e-9};
        if (nas_search_run(begun, 3, &watch, &err) != BASE_CANCELLED) fail();
        CHECK_OK(nas_search_save(begun, path, &err));
        CHECK_OK(nas_search_load(ended, path, &err));
        run_to(ended, 3);
        check_same(whole, ended);
        nas_search_destroy(begun);
        nas_search_destroy(ended);
    }
    nas_search_destroy(whole);
    base_arena_destroy(arena);
    check_tmpdir_remove(&dir);
    unload_data(&d);
}

/* With kept weights a stage begins where the one before has ended, without what was dropped: no step apart, parameters
 * of the same name are equal, and the first epoch of the stage is better than the first of all. */
static void kept_weights_and_alphas_go_on(void **state) {
    (void)state;
    data d = load_data(.5);
    base_arena *arena = base_arena_create();
    nas_search *kept = create(keeping, &d, arena, 6, 1);
    nas_search *fresh = create("{name: p-darts, more_cells: 0, warm_up: 0, skip_dropout: 0, more_skip_dropout: 0, "
                               "stages: 2}",
                               &d, arena, 6, 1);
    run_to(kept, 4);
    run_to(fresh, 4);
    CHECK_SAME_DOUBLE(nas_search_figures(kept, 2)->train_loss, nas_search_figures(fresh, 2)->train_loss);
    assert_true(nas_search_figures(kept, 3)->train_loss < nas_search_figures(kept, 1)->train_loss);
    assert_true(nas_search_figures(kept, 3)->train_loss < .8 * nas_search_figures(fresh, 3)->train_loss);
    assert_true(nas_search_figures(fresh, 3)->entropy > nas_search_figures(kept, 3)->entropy); /* alphas begin anew */
    nas_search_destroy(kept);
    nas_search_destroy(fresh);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* No stage takes more than was measured, whichever operations go on; and the measure is not far off. */
static void the_largest_stage_is_measured(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_supernet_size size;
    size_t largest = 0;
    const nas_search_settings settings = settings_of(arena, 3, 1);
    nas_search *s = create("p-darts", &d, arena, 3, 1);
    CHECK_OK(nas_search_measure(&settings, read_choices(arena, "p-darts"), read_space(arena, space_text), d.view, &size,
                                &err));
    for (size_t e = 1; e <= 3; e++) {
        run_to(s, e);
        largest = nas_search_bytes(s) > largest ? nas_search_bytes(s) : largest;
    }
    assert_true(largest <= size.bytes);
    assert_true(2 * largest > size.bytes);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_grow_and_drop_operations),
        cmocka_unit_test(the_strongest_operations_go_on),
        cmocka_unit_test(a_search_of_new_weights_goes_on),
        cmocka_unit_test(a_search_of_kept_weights_goes_on),
        cmocka_unit_test(a_search_that_is_stopped_within_a_stage_goes_on),
        cmocka_unit_test(kept_weights_and_alphas_go_on),
        cmocka_unit_test(the_largest_stage_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

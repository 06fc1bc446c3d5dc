/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searches that go back to an earlier epoch. */
#include "tests/nas/search_support.h"

/* Any rise of the eigenvalue is too much; only the state of the epoch before is kept. */
static const char nervous[] = "{name: r-darts-ada, every: 1, window: 1, delta: 1, start: 1, factor: 1}";
/* As slow as can be in a short search: a restart goes back by two eigenvalues, that is four epochs. */
static const char patient[] =
    "{name: r-darts-ada, every: 2, window: 1, delta: 2, start: 0, factor: 1, factor_decay: 2}";

static nas_search *create_restart(const char *text, const data *d, base_arena *arena, int64_t epochs) {
    return create(text, d, arena, epochs, 1);
}

static void run_to(nas_search *s, uint64_t epochs) {
    base_err err = {0};
    CHECK_OK(nas_search_run(s, epochs, NULL, &err));
}

/* Epochs until the first restart. */
static size_t first_restart(const char *text, const data *d, base_arena *arena, int64_t epochs) {
    nas_search *s = create_restart(text, d, arena, epochs);
    size_t count = 0;
    while (!nas_search_verdict(s)->restart) {
        assert_false(nas_search_verdict(s)->stop);
        run_to(s, ++count);
    }
    nas_search_destroy(s);
    return count;
}

/* After a restart all parameters are, bit for bit, those of a search that was never further; the same epoch is trained
 * again with other batches and more decay. */
static void a_restart_brings_back_the_epoch(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    const size_t fired = first_restart(nervous, &d, arena, 12);
    nas_search *s = create_restart(nervous, &d, arena, 12), *before = create_restart(nervous, &d, arena, 12);
    run_to(s, fired);
    const size_t back = nas_search_verdict(s)->genotype;
    assert_int_equal(back, fired - 2);
    CHECK_NEAR(nas_search_verdict(s)->weight_decay, 3e-3, 1e-12);
    run_to(before, back + 1);
    const eng_params *p = nas_supernet_params(nas_search_supernet(s));
    const eng_params *q = nas_supernet_params(nas_search_supernet(before));
    assert_memory_equal(eng_params_values(p), eng_params_values(q), eng_params_size(p) * sizeof(float));
    base_buf text = {0};
    assert_true(nas_search_warning(s, fired - 1, &text));
    CHECK_CONTAINS(base_buf_text(&text),
                   base_arena_printf(arena, "goes back to epoch %zu, and on with weight decay 0.003", back + 1));
    nas_genotype *got, *want;
    base_err err = {0};
    CHECK_OK(nas_search_genotype(s, arena, &got, &err)); /* that of where it is now */
    CHECK_OK(nas_search_genotype_after(s, back, arena, &want, &err));
    assert_true(nas_genotype_equal(got, want));
    run_to(s, fired + 1);
    const nas_figures *again = nas_search_figures(s, fired), *once = nas_search_figures(s, back + 1);
    assert_int_equal(again->epoch, fired + 1);
    assert_int_equal(again->from, back + 1);
    assert_int_equal(once->from, back + 1);
    CHECK_NEAR(again->weight_decay, 3e-3, 1e-12);
    CHECK_NEAR(once->weight_decay, 3e-4, 1e-12);
    assert_true(again->train_loss != once->train_loss);
    base_buf_clear(&text);
    nas_search_write_figures(s, fired, &text);
    CHECK_CONTAINS(base_buf_text(&text), base_arena_printf(arena,
                                                           "epoch %zu, which goes on from epoch %zu with weight "
                                                           "decay 0.003: ",
                                                           fired + 1, back + 1));
    base_buf_fini(&text);
    nas_search_destroy(s);
    nas_search_destroy(before);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* The decay grows until the largest; repeated epochs count, so a search has as many as it was given. */
static void restarts_end_with_the_largest_decay_and_epochs_count(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    nas_search *s = create_restart(nervous, &d, arena, 12);
    size_t restarts = 0;
    for (size_t e = 0; e < 12; e++) {
        run_to(s, e + 1);
        assert_int_equal(nas_search_epochs(s), e + 1);
        restarts += nas_search_verdict(s)->restart;
    }
    assert_int_equal(restarts, 2);
    const nas_verdict *end = nas_search_verdict(s);
    assert_true(end->stop && !end->early && !end->restart);
    assert_string_equal(end->reason, "all 12 epochs are over");
    assert_int_equal(end->genotype, 11);
    CHECK_NEAR(nas_search_figures(s, 11)->weight_decay, .03, 1e-12);
    nas_search_destroy(s);
    base_arena_destroy(arena);
    unload_data(&d);
}

/* Stopped after every epoch in turn, before and after restarts: what may be gone back to is in the file. */
static void a_search_that_restarts_goes_on_with_the_same_bits(void **state) {
    (void)state;
    enum { TOTAL = 12 };
    data d = load_data(.1);
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "search");
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *whole = create_restart(patient, &d, arena, TOTAL);
    run_to(whole, TOTAL);
    size_t longest = 0;
    for (size_t e = 1; e < TOTAL; e++) {
        const nas_figures *f = nas_search_figures(whole, e);
        if (f->epoch - 1 - f->from > longest) longest = f->epoch - 1 - f->from;
    }
    assert_int_equal(longest, 4); /* epochs that were gone back by */
    for (size_t after = 2; after < TOTAL; after += 3) {
        nas_search *begun = create_restart(patient, &d, arena, TOTAL),
                   *ended = create_restart(patient, &d, arena, TOTAL);
        run_to(begun, after);
        CHECK_OK(nas_search_save(begun, path, &err));
        CHECK_OK(nas_search_load(ended, path, &err));
        run_to(ended, TOTAL);
        check_same(whole, ended);
        nas_search_destroy(begun);
        nas_search_destroy(ended);
    }
    nas_search_destroy(whole);
    base_arena_destroy(arena);
    check_tmpdir_remove(&dir);
    unload_data(&d);
}

static void states_to_go_back_to_are_measured(void **state) {
    (void)state;
    data d = load_data(.2);
    base_arena *arena = base_arena_create();
    base_err err = {0};
    const nas_search_settings settings = settings_of(arena, 2, 1);
    nas_search *s = create_restart("r-darts-ada", &d, arena, 2);
    nas_supernet_size with, without;
    const nas_space *space = read_space(arena, space_text);
    CHECK_OK(nas_search_measure(&settings, read_choices(arena, "r-darts-ada"), space, d.view, &with, &err));
    CHECK_OK(nas_search_measure(&settings, read_choices(arena, "r-darts"), space, d.view, &without, &err));
    assert_int_equal(with.bytes, nas_search_bytes(s));
    assert_int_equal(with.bytes - without.bytes, 6 * (with.block + 2 * with.alphas * sizeof(float)));
    nas_search_destroy(s);
    nas_search_settings none = settings;
    none.weight_decay = 0;
    CHECK_FAILS(nas_search_create(&none, read_choices(arena, "r-darts-ada"), space, d.view, NULL, &s, &err),
                BASE_INVALID, "multiplies weight_decay, which is 0");
    base_arena_destroy(arena);
    unload_data(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_brings_back_the_epoch),
        cmocka_unit_test(restarts_end_with_the_largest_decay_and_epochs_count),
        cmocka_unit_test(a_search_that_restarts_goes_on_with_the_same_bits),
        cmocka_unit_test(states_to_go_back_to_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searches that are saved and continued. */
#include "tests/nas/search_support.h"

typedef struct interruption {
    size_t after, asked;
} interruption;

static bool interrupt(void *self) {
    interruption *i = self;
    return ++i->asked == i->after;
}

/* Stopped between any two steps, saved, loaded into a new search and finished there. */
static void a_search_that_is_stopped_within_an_epoch_goes_on_with_the_same_bits(void **state) {
    (void)state;
    data d = load_data(.2);
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "search");
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search_settings settings = settings_of(arena, 3, 2);
    settings.batch_size = 4;
    /* A trainer asks after every 8 steps, here also behind the last one of an epoch, before its figures are known. */
    while ((d.view->split.train.count / 2 + (size_t)settings.batch_size - 1) / (size_t)settings.batch_size % 8 != 0)
        settings.batch_size++;
    nas_search *whole = create_with(&settings, "r-darts", &d, arena);
    CHECK_OK(nas_search_run(whole, 3, NULL, &err));
    for (size_t after = 1; after <= 3; after++) {
        nas_search *begun = create_with(&settings, "r-darts", &d, arena);
        nas_search *ended = create_with(&settings, "r-darts", &d, arena);
        interruption i = {.after = after};
        const nas_search_watch watch = {.self = &i, .stop = interrupt, .pause = 1e-9};
        CHECK_FAILS(nas_search_run(begun, 3, &watch, &err), BASE_CANCELLED, "told to stop");
        CHECK_OK(nas_search_save(begun, path, &err));
        CHECK_OK(nas_search_load(ended, path, &err));
        CHECK_OK(nas_search_run(ended, 3, NULL, &err));
        check_same(whole, ended);
        nas_search_destroy(begun);
        nas_search_destroy(ended);
    }
    nas_search_destroy(whole);
    base_arena_destroy(arena);
    check_tmpdir_remove(&dir);
    unload_data(&d);
}

static void a_file_of_another_search_is_refused_and_changes_nothing(void **state) {
    (void)state;
    data d = load_data(.2);
    check_tmpdir dir = check_tmpdir_create();
    const char *path = check_tmpdir_file(&dir, "search");
    base_arena *arena = base_arena_create();
    base_err err = {0};
    nas_search *s = create("darts-first", &d, arena, 4, 1), *same = create("darts-first", &d, arena, 4, 1);
    nas_search *others[] = {create("darts-first", &d, arena, 4, 2), create("darts-first", &d, arena, 5, 1),
                            create("darts", &d, arena, 4, 1)};
    CHECK_OK(nas_search_run(s, 1, NULL, &err));
    CHECK_OK(nas_search_run(same, 1, NULL, &err));
    for (size_t i = 0; i < CHECK_COUNT(others); i++) {
        CHECK_OK(nas_search_save(others[i], path, &err));
        CHECK_FAILS(nas_search_load(s, path, &err), BASE_INVALID, "other settings");
        check_same(s, same);
        nas_search_destroy(others[i]);
    }
    CHECK_STATUS(nas_search_load(s, check_tmpdir_file(&dir, "nothing"), &err), BASE_NOTFOUND);
    CHECK_STATUS(nas_search_load(s, check_tmpdir_write(&dir, "text", "no search"), &err), BASE_CORRUPT);
    check_same(s, same);
    nas_search_destroy(s);
    nas_search_destroy(same);
    base_arena_destroy(arena);
    check_tmpdir_remove(&dir);
    unload_data(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_that_is_stopped_within_an_epoch_goes_on_with_the_same_bits),
        cmocka_unit_test(a_file_of_another_search_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is ordered while runs go on is in the journal: amendments come back as they were, and an identity that took the
 * place of another one is the one that counts from then on. */
#include <string.h>

#include "tests/hpo/trials/journal_fixture.h"
#include "tests/hpo/trials/reseal.h"

static const uint64_t two[] = {3, 70};
static const hpo_amendment orders[] = {
    {.trials = 50},
    {.trials = UINT64_MAX, .cost = 0.1, .time = 1e9 / 3, .first = 71, .failed = two, .n_failed = 2},
    {.cost = 1e-300},
};

static hpo_journal *open_journal(const fixture *f) {
    base_err err = {0};
    const hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    return journal;
}

static void check_orders(const hpo_journal *journal, size_t want) {
    size_t count = 0;
    const hpo_amendment *got = hpo_journal_amendments(journal, &count);
    assert_int_equal(count, want);
    for (size_t i = 0; i < count; i++) {
        assert_true(got[i].trials == orders[i].trials && got[i].first == orders[i].first);
        CHECK_SAME_DOUBLE(got[i].cost, orders[i].cost);
        CHECK_SAME_DOUBLE(got[i].time, orders[i].time);
        assert_int_equal(got[i].n_failed, orders[i].n_failed);
        if (got[i].n_failed > 0) assert_memory_equal(got[i].failed, two, sizeof two);
    }
}

/* Between records, one at each start. */
static void test_orders_come_back(void **state) {
    const fixture *f = *state;
    base_err err = {0};
    entry_list got = entry_list_create();
    const size_t share = f->entries.count / CHECK_COUNT(orders);
    for (size_t i = 0; i < CHECK_COUNT(orders); i++) {
        hpo_journal *journal = open_journal(f);
        check_orders(journal, i);
        hpo_journal_amend(journal, &orders[i]);
        for (size_t k = i * share; k < (i + 1) * share; k++) hpo_journal_append(journal, &f->entries.items[k]);
        CHECK_OK(hpo_journal_close(journal, &err));
    }
    hpo_journal *journal = open_and_read(f->path, f->space, &got);
    check_orders(journal, CHECK_COUNT(orders));
    assert_int_equal(got.count, share * CHECK_COUNT(orders)); /* no record is lost beside them */
    for (size_t i = 0; i < got.count; i++) check_entry(&got.items[i], &f->entries.items[i]);
    CHECK_OK(hpo_journal_close(journal, &err));
    entry_list_destroy(&got);
}

/* A long list, which does not fit where a short one does. */
static void test_a_long_list(void **state) {
    const fixture *f = *state;
    base_err err = {0};
    uint64_t failed[1000];
    size_t count = 0;
    for (size_t i = 0; i < CHECK_COUNT(failed); i++) failed[i] = i * i;
    hpo_journal *journal = open_journal(f);
    hpo_journal_amend(journal, &(hpo_amendment){.first = 9, .failed = failed, .n_failed = CHECK_COUNT(failed)});
    CHECK_OK(hpo_journal_close(journal, &err));
    journal = open_journal(f);
    const hpo_amendment *got = hpo_journal_amendments(journal, &count);
    assert_int_equal(count, 1);
    assert_int_equal(got->n_failed, CHECK_COUNT(failed));
    assert_memory_equal(got->failed, failed, sizeof failed);
    CHECK_OK(hpo_journal_close(journal, &err));
}

/* Nobody writes a list twice; who has, means the second. */
static void test_a_list_that_is_there_twice(void **state) {
    const fixture *f = *state;
    static const char list[] = "\"failed\":[", first[] = "\"failed\":[9,9,9],";
    base_err err = {0};
    hpo_journal *journal = open_journal(f);
    hpo_journal_amend(journal, &orders[0]);
    hpo_journal_amend(journal, &orders[1]);
    CHECK_OK(hpo_journal_close(journal, &err));
    base_buf text = file_text(f->path), twice = {0}, sealed = {0};
    const char *at = strstr(text.data, list);
    assert_non_null(at);
    base_buf_append(&twice, text.data, (size_t)(at - text.data));
    base_buf_puts(&twice, first);
    base_buf_puts(&twice, at);
    reseal(base_buf_text(&twice), &sealed);
    write_text(f->path, sealed.data, sealed.length);
    journal = open_journal(f);
    check_orders(journal, 2);
    CHECK_OK(hpo_journal_close(journal, &err));
    base_buf_fini(&text);
    base_buf_fini(&twice);
    base_buf_fini(&sealed);
}

/* An order that was torn is not given; one that lacks only the end of its line is. */
static void test_a_torn_order(void **state) {
    const fixture *f = *state;
    base_err err = {0};
    hpo_journal *journal = open_journal(f);
    hpo_journal_amend(journal, &orders[0]);
    hpo_journal_amend(journal, &orders[1]);
    CHECK_OK(hpo_journal_flush(journal, &err));
    base_buf text = file_text(f->path);
    CHECK_OK(hpo_journal_close(journal, &err));
    for (size_t cut = 1; cut < 20; cut += 9) {
        write_text(f->path, text.data, text.length - cut);
        journal = open_journal(f);
        check_orders(journal, cut == 1 ? 2 : 1);
        CHECK_OK(hpo_journal_close(journal, &err));
    }
    base_buf_fini(&text);
}

static bool recommends_by_posterior(const fixture *f) {
    base_err err = {0};
    base_arena *arena = base_arena_create();
    hpo_journal_begun begun;
    CHECK_OK(hpo_journal_peek(f->path, arena, &begun, &err));
    base_arena_destroy(arena);
    return begun.by_posterior;
}

/* The newest run decides, also one that has nothing else to write; a copy of the journal says the same. */
static void test_how_a_run_recommends(void **state) {
    const fixture *f = *state;
    static const bool wanted[] = {false, true, true, false, true};
    base_err err = {0};
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    for (size_t i = 0; i < CHECK_COUNT(wanted); i++) {
        head.by_posterior = wanted[i];
        CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
        if (i == 0) hpo_journal_append(journal, &f->entries.items[0]);
        CHECK_OK(hpo_journal_close(journal, &err));
        assert_int_equal(recommends_by_posterior(f), wanted[i]);
    }
    base_buf text = file_text(f->path), told = {0};
    char *named = strstr(text.data, "\"hpo:start\"");
    assert_non_null(named);
    named[5] = 'X'; /* a line that is lost */
    write_text(f->path, text.data, text.length);
    CHECK_OK(hpo_journal_repair(f->path, &head, f->space, false, &told, &err));
    assert_true(recommends_by_posterior(f));
    base_buf_fini(&text);
    base_buf_fini(&told);
}

static void test_an_identity_takes_the_place_of_another(void **state) {
    const fixture *f = *state;
    base_err err = {0};
    hpo_journal *journal = open_journal(f);
    CHECK_OK(hpo_journal_close(journal, &err));
    hpo_journal_head head = test_head(), before = test_head();
    head.identity = "metric: loss\nobjective: command, {run: [b]}";
    CHECK_FAILS(hpo_journal_open(f->path, &head, f->space, &journal, &err), BASE_INVALID, "another study");
    head.replaces = "an identity that it does not have";
    CHECK_FAILS(hpo_journal_open(f->path, &head, f->space, &journal, &err), BASE_INVALID, "another study");
    head.replaces = before.identity;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    assert_false(hpo_journal_is_new(journal));
    CHECK_OK(hpo_journal_close(journal, &err));

    base_arena *arena = base_arena_create();
    hpo_journal_begun begun;
    CHECK_OK(hpo_journal_peek(f->path, arena, &begun, &err));
    assert_string_equal(begun.identity, head.identity);
    assert_true(begun.seed == head.seed);
    base_arena_destroy(arena);
    CHECK_FAILS(hpo_journal_open(f->path, &before, f->space, &journal, &err), BASE_INVALID, "another study");
    head.replaces = NULL;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    CHECK_OK(hpo_journal_close(journal, &err));
}

/* Fresh for every test. */
static int refill(void **state) {
    setup(state);
    fixture *f = *state;
    random_entries(f->source, 10, 30, &f->entries);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_orders_come_back, refill, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_list, refill, teardown),
        cmocka_unit_test_setup_teardown(test_a_list_that_is_there_twice, refill, teardown),
        cmocka_unit_test_setup_teardown(test_a_torn_order, refill, teardown),
        cmocka_unit_test_setup_teardown(test_how_a_run_recommends, refill, teardown),
        cmocka_unit_test_setup_teardown(test_an_identity_takes_the_place_of_another, refill, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

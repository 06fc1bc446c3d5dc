/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal as a file: what is written comes back bit-equal, a torn end is cut, damage is named with its line. */
#include "hpo/trials/journal.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "tests/hpo/trials/journal_fixture.h"

static void test_round_trip(void **state) {
    fixture *f = *state;
    random_entries(f->source, 400, 3000, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    check_entries(f, f->entries.count);
    size_t kinds[2] = {0}, records[6] = {0}, failures[HPO_FAILURE_COUNT] = {0};
    for (size_t i = 0; i < f->entries.count; i++) {
        const hpo_entry *entry = &f->entries.items[i];
        kinds[entry->kind]++;
        if (entry->kind != HPO_ENTRY_RECORD) continue;
        records[entry->record.kind]++;
        failures[entry->record.result.failure]++;
    }
    for (size_t i = 0; i < 2; i++) assert_true(kinds[i] > 20);
    for (size_t i = 0; i < 6; i++) assert_true(records[i] > 20);
    for (size_t i = 0; i < HPO_FAILURE_COUNT; i++) assert_true(failures[i] > 2);
}

/* Written over several runs, in pieces. */
static void test_continued(void **state) {
    fixture *f = *state;
    base_err err = {0};
    random_entries(f->source, 30, 90, &f->entries);
    size_t count = 0;
    while (count < f->entries.count) {
        entry_list old = entry_list_create();
        hpo_journal *journal = open_and_read(f->path, f->space, &old);
        assert_int_equal(hpo_journal_is_new(journal), count == 0);
        assert_int_equal(old.count, count);
        for (size_t i = 0; i < 20 && count < f->entries.count; i++) {
            hpo_journal_append(journal, &f->entries.items[count++]);
        }
        CHECK_OK(hpo_journal_close(journal, &err));
        entry_list_destroy(&old);
    }
    check_entries(f, count);
}

/* Cut at every byte of the last records: what is whole is read, and the file can be continued to the same end. */
static void test_torn_tail(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    size_t last = full.length - 1;
    for (int lines = 0; lines < 6 && last > 0; last--) lines += full.data[last - 1] == '\n';
    last++;
    size_t whole_before = 0;
    for (size_t cut = full.length; cut >= last; cut--) {
        write_text(f->path, full.data, cut);
        base_err err = {0};
        entry_list got = entry_list_create();
        hpo_journal *journal = open_and_read(f->path, f->space, &got);
        if (cut == full.length) assert_int_equal(got.count, f->entries.count);
        assert_true(got.count + 6 >= f->entries.count);
        assert_true(cut == full.length || got.count <= whole_before);
        whole_before = got.count;
        for (size_t i = 0; i < got.count; i++) check_entry(&got.items[i], &f->entries.items[i]);
        for (size_t i = got.count; i < f->entries.count; i++) hpo_journal_append(journal, &f->entries.items[i]);
        CHECK_OK(hpo_journal_close(journal, &err));
        entry_list_destroy(&got);
        if (cut % 16 == 0) check_entries(f, f->entries.count);
    }
    base_buf_fini(&full);
}

static size_t count_text(const base_buf *text, const char *part) {
    size_t count = 0;
    for (const char *at = text->data; (at = strstr(at, part)); at++) count++;
    return count;
}

/* A result whose lines for Optuna were lost gets them again, once. */
static void test_display_mended(void **state) {
    fixture *f = *state;
    base_err err = {0};
    double config[RANDOM_PARAMS] = {0.01, 0.1, 0.5, 2, 16, 0, NAN, 0, 0, 0, 5};
    hpo_entry start = {.record = {.kind = HPO_RECORD_START, .fidelity = 9, .parent = UINT64_MAX, .config = config}};
    hpo_entry result = {.record = {.kind = HPO_RECORD_RESULT, .fidelity = 9, .value = 0.25, .final = true}};
    CHECK_OK(entry_list_add(&f->entries, &start, &err));
    CHECK_OK(entry_list_add(&f->entries, &result, &err));
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    const char *intermediate = strstr(full.data, "{\"op_code\":7");
    const char *final = strstr(full.data, "{\"op_code\":6");
    assert_non_null(intermediate);
    assert_non_null(final);
    CHECK_CONTAINS(intermediate, "\"step\":9,\"intermediate_value\":0.25,\"chain\":");
    CHECK_CONTAINS(final, "\"state\":1,\"values\":[0.25],\"datetime_complete\":\"20");
    const char *cuts[] = {intermediate, intermediate + 9, final, final + 20};
    for (size_t i = 0; i < CHECK_COUNT(cuts); i++) {
        write_text(f->path, full.data, (size_t)(cuts[i] - full.data));
        for (int again = 0; again < 2; again++) check_entries(f, 2);
        base_buf mended = file_text(f->path);
        assert_int_equal(count_text(&mended, "{\"op_code\":7"), 1);
        assert_int_equal(count_text(&mended, "\"step\":9,\"intermediate_value\":0.25,"), 1);
        assert_int_equal(count_text(&mended, "{\"op_code\":6"), 1);
        assert_int_equal(count_text(&mended, "\"state\":1,\"values\":[0.25],\"datetime_complete\":\"20"), 1);
        base_buf_fini(&mended);
    }
    base_buf_fini(&full);
}

/* Several objectives: all values stand in one list, and the lines for Optuna that it knows of such studies are mended
 * from it. */
static void test_several_values(void **state) {
    fixture *f = *state;
    base_err err = {0};
    double config[RANDOM_PARAMS] = {0.01, 0.1, 0.5, 2, 16, 0, NAN, 0, 0, 0, 5};
    hpo_entry start = {.record = {.kind = HPO_RECORD_START, .fidelity = 9, .parent = UINT64_MAX, .config = config}};
    hpo_entry report = {.record = {.kind = HPO_RECORD_REPORT, .fidelity = 3, .values = {0.5, NAN, 7}, .n_values = 3}};
    hpo_entry result = {.record = {.kind = HPO_RECORD_RESULT, .fidelity = 9, .n_values = HPO_MAX_GOALS, .final = true}};
    for (size_t g = 0; g < HPO_MAX_GOALS; g++) result.record.values[g] = 0.1 * (double)g;
    CHECK_OK(entry_list_add(&f->entries, &start, &err));
    CHECK_OK(entry_list_add(&f->entries, &report, &err));
    CHECK_OK(entry_list_add(&f->entries, &result, &err));
    write_entries(f->path, f->space, &f->entries);
    check_entries(f, 3);
    base_buf full = file_text(f->path);
    assert_non_null(strstr(full.data, "\"values\":[0.5,\"nan\",7"));
    assert_null(strstr(full.data, "{\"op_code\":7")); /* Optuna has one intermediate value, of one objective */
    const char *final = strstr(full.data, "{\"op_code\":6");
    assert_non_null(final);
    CHECK_CONTAINS(final, "\"state\":1,\"values\":[0.0,0.1,0.2,");
    write_text(f->path, full.data, (size_t)(final - full.data));
    check_entries(f, 3);
    base_buf mended = file_text(f->path);
    CHECK_CONTAINS(mended.data, "\"state\":1,\"values\":[0.0,0.1,0.2,");
    base_buf_fini(&mended);
    base_buf_fini(&full);
}

/* A head that was torn while it was written is written anew; a file of somebody else is left alone. */
static void test_torn_head(void **state) {
    fixture *f = *state;
    base_err err = {0};
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    for (size_t cut = 0; cut + 1 < full.length; cut++) {
        write_text(f->path, full.data, cut);
        base_arena *arena = base_arena_create();
        hpo_journal_begun begun;
        CHECK_STATUS(hpo_journal_peek(f->path, arena, &begun, &err), BASE_NOTFOUND);
        base_arena_destroy(arena);
        entry_list got = entry_list_create();
        hpo_journal *journal = open_and_read(f->path, f->space, &got);
        assert_true(hpo_journal_is_new(journal));
        CHECK_OK(hpo_journal_close(journal, &err));
        entry_list_destroy(&got);
        base_buf again = file_text(f->path);
        assert_string_equal(again.data, full.data);
        base_buf_fini(&again);
    }
    write_text(f->path, full.data, full.length - 1); /* only its newline is missing */
    check_entries(f, 0);
    base_buf completed = file_text(f->path);
    assert_string_equal(completed.data, full.data);
    base_buf_fini(&completed);
    base_buf_fini(&full);
    const char *const strangers[] = {"hello", "hello\nworld\n", "{\"op_code\": 0, \"worker_id\": \"x\"}\n",
                                     "{\"op_code\":0,\"worker_id\":\"hpo\"}\n{\"op_code\":4}\n", "\n\n\n"};
    for (size_t i = 0; i < CHECK_COUNT(strangers); i++) {
        hpo_journal_head head = test_head();
        hpo_journal *journal = NULL;
        write_text(f->path, strangers[i], strlen(strangers[i]));
        CHECK_FAILS(hpo_journal_open(f->path, &head, f->space, &journal, &err), BASE_CORRUPT, "not written by this");
        assert_null(journal);
        base_buf kept = file_text(f->path);
        assert_string_equal(kept.data, strangers[i]);
        base_buf_fini(&kept);
    }
}

/* What was chosen is said once, by who begins the journal. */
static void test_chosen(void **state) {
    fixture *f = *state;
    base_err err = {0};
    base_arena *arena = base_arena_create();
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    hpo_journal_begun begun;
    head.chosen = "gp, because \"it\" fits\n(1 number)";
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    CHECK_OK(hpo_journal_close(journal, &err));
    CHECK_OK(hpo_journal_peek(f->path, arena, &begun, &err));
    assert_string_equal(begun.chosen, head.chosen);
    CHECK_OK(hpo_journal_peek_damaged(f->path, arena, &begun, &err));
    assert_string_equal(begun.chosen, head.chosen);
    head.chosen = "random";
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    CHECK_OK(hpo_journal_close(journal, &err));
    CHECK_OK(hpo_journal_peek(f->path, arena, &begun, &err));
    CHECK_CONTAINS(begun.chosen, "gp, because");
    base_arena_destroy(arena);
}

static base_status refuse_third(void *self, const hpo_entry *entry, base_err *err) {
    (void)entry;
    size_t *count = self;
    return ++*count == 3 ? BASE_FAIL(err, BASE_CANCELLED, "enough") : BASE_OK;
}

static void test_visit_stops(void **state) {
    fixture *f = *state;
    base_err err = {0};
    random_entries(f->source, 12, 20, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    size_t count = 0;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    CHECK_FAILS(hpo_journal_replay(journal, refuse_third, &count, &err), BASE_CANCELLED, ": enough");
    assert_int_equal(count, 3);
    CHECK_OK(hpo_journal_close(journal, &err));
}

static void test_identity(void **state) {
    fixture *f = *state;
    base_err err = {0};
    base_arena *arena = base_arena_create();
    hpo_journal_begun begun;
    CHECK_STATUS(hpo_journal_peek(f->path, arena, &begun, &err), BASE_NOTFOUND);
    write_entries(f->path, f->space, &f->entries);
    CHECK_OK(hpo_journal_peek(f->path, arena, &begun, &err));
    hpo_journal_head head = test_head();
    assert_true(begun.seed == head.seed);
    assert_string_equal(begun.identity, head.identity);
    assert_null(begun.chosen);
    hpo_journal *journal = NULL;
    head.identity = "metric: loss\nseed: 8\nparameters: {lr: [1e-5, 0.1]}\n";
    CHECK_FAILS(hpo_journal_open(f->path, &head, f->space, &journal, &err), BASE_INVALID,
                "it has \"seed: 7\" where the study has \"seed: 8\" now");
    head.identity = "metric: loss\nseed: 7\nparameters: {lr: [1e-5, 0.1]}\ndeterministic: true\n";
    CHECK_FAILS(hpo_journal_open(f->path, &head, f->space, &journal, &err), BASE_INVALID,
                "it has \"\" where the study has \"deterministic: true\" now");
    head.identity = "metric: loss\n";
    CHECK_FAILS(hpo_journal_open(f->path, &head, f->space, &journal, &err), BASE_INVALID,
                "it has \"seed: 7\" where the study has \"\" now");
    CHECK_CONTAINS(err.text, "give --dir for another one, or remove the folder");
    assert_null(journal);
    check_entries(f, 0); /* a refusal releases the lock */
    const char *old = test_head().identity;
    head.identity = "metric: loss\nseed: 7\nparameters: {lr: [1e-5, 0.2]}\n"; /* changed on purpose */
    head.replaces = old;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    CHECK_OK(hpo_journal_close(journal, &err));
    CHECK_OK(hpo_journal_peek(f->path, arena, &begun, &err));
    assert_string_equal(begun.identity, head.identity);
    head.replaces = NULL;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    CHECK_OK(hpo_journal_close(journal, &err));
    head.identity = old; /* it has been left behind */
    CHECK_STATUS(hpo_journal_open(f->path, &head, f->space, &journal, &err), BASE_INVALID);
    base_arena_destroy(arena);
}

/* A run that is killed after some time; its records say how long all runs took by then. */
static double killed_run(const fixture *f, size_t from) {
    base_err err = {0};
    pid_t pid = fork();
    if (pid == 0) {
        entry_list got = entry_list_create();
        hpo_journal *journal = open_and_read(f->path, f->space, &got);
        for (size_t i = from; i < from + 5; i++) {
            base_sleep(0.02);
            hpo_journal_append(journal, &f->entries.items[i]);
            if (hpo_journal_flush(journal, &err) != BASE_OK) _exit(1);
        }
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    entry_list got = entry_list_create();
    hpo_journal *journal = open_and_read(f->path, f->space, &got);
    assert_int_equal(got.count, from + 5);
    const double elapsed = hpo_journal_elapsed(journal);
    assert_true(fabs(got.items[got.count - 1].elapsed - elapsed) < 0.002);
    CHECK_OK(hpo_journal_close(journal, &err));
    entry_list_destroy(&got);
    return elapsed;
}

static void test_elapsed(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    double before = 0;
    for (size_t run = 0; run < 3; run++) {
        const double elapsed = killed_run(f, 5 * run);
        assert_true(elapsed >= before + 0.099);
        assert_true(elapsed < before + 30); /* pauses between runs do not count; a loaded machine is slow */
        before = elapsed;
        base_sleep(0.05);
    }
}

static void test_discard(void **state) {
    fixture *f = *state;
    base_err err = {0};
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    hpo_journal_discard(journal);
    assert_int_not_equal(access(f->path, F_OK), 0);
    assert_int_not_equal(access(check_tmpdir_file(&f->dir, "journal.log.hpo-lock"), F_OK), 0);
}

static void test_unwritable(void **state) {
    fixture *f = *state;
    base_err err = {0};
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    CHECK_FAILS(hpo_journal_open("/nonexistent/journal.log", &head, f->space, &journal, &err), BASE_IO,
                "No such file or directory");
    CHECK_FAILS(hpo_journal_open(f->dir.path, &head, f->space, &journal, &err), BASE_IO, f->dir.path);
    const char *full = check_tmpdir_file(&f->dir, "full.log");
    assert_int_equal(symlink("/dev/full", full), 0);
    CHECK_FAILS(hpo_journal_open(full, &head, f->space, &journal, &err), BASE_IO, "No space left on device");
    assert_null(journal);
}

/* The disk fills while the run is going: the failure is told, sticks, and what was flushed is intact. */
static void test_disk_fills(void **state) {
    fixture *f = *state;
    base_err err = {0};
    random_entries(f->source, 40, 200, &f->entries);
    entry_list none = entry_list_create();
    hpo_journal *journal = open_and_read(f->path, f->space, &none);
    struct rlimit before, small = {.rlim_cur = 16 * 1024};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_ptr_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    size_t safe = 0;
    base_status status = BASE_OK;
    for (size_t i = 0; i < f->entries.count && status == BASE_OK; i++) {
        hpo_journal_append(journal, &f->entries.items[i]);
        status = hpo_journal_flush(journal, &err);
        if (status == BASE_OK) safe = i + 1;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, BASE_IO);
    CHECK_CONTAINS(err.text, "File too large");
    assert_in_range(safe, 3, f->entries.count - 1);
    hpo_journal_append(journal, &f->entries.items[safe]);
    CHECK_FAILS(hpo_journal_flush(journal, &err), BASE_IO, "File too large");
    CHECK_FAILS(hpo_journal_close(journal, &err), BASE_IO, "File too large");
    check_entries(f, safe);
    entry_list_destroy(&none);
}

static void test_fsync_each(void **state) {
    fixture *f = *state;
    base_err err = {0};
    random_entries(f->source, 5, 20, &f->entries);
    hpo_journal_head head = test_head();
    head.fsync_each = true;
    hpo_journal *journal = NULL;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    for (size_t i = 0; i < f->entries.count; i++) {
        hpo_journal_append(journal, &f->entries.items[i]);
        CHECK_OK(hpo_journal_flush(journal, &err));
    }
    CHECK_OK(hpo_journal_close(journal, &err));
    check_entries(f, f->entries.count);
    CHECK_OK(hpo_journal_close(NULL, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_round_trip),     JOURNAL_TEST(test_continued),      JOURNAL_TEST(test_torn_tail),
        JOURNAL_TEST(test_display_mended), JOURNAL_TEST(test_torn_head),      JOURNAL_TEST(test_visit_stops),
        JOURNAL_TEST(test_identity),       JOURNAL_TEST(test_chosen),         JOURNAL_TEST(test_elapsed),
        JOURNAL_TEST(test_discard),        JOURNAL_TEST(test_unwritable),     JOURNAL_TEST(test_disk_fills),
        JOURNAL_TEST(test_fsync_each),     JOURNAL_TEST(test_several_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

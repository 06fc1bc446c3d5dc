/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal's thread: it beats by itself, tells a failed fsync, and notices when the file is taken away; then all
 * that was known is in a new file that a run can go on with. */
#include "hpo/trials/journal_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "tests/hpo/trials/journal_fixture.h"

static const double SOON = 10; /* seconds; a loaded machine is slow */

/* An open journal with entries in it, whose thread looks ten times a second. */
static hpo_journal *open_run(fixture *f) {
    base_err err = {0};
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    head.stale_after = 1;
    random_entries(f->source, 12, 60, &f->entries);
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    for (size_t i = 0; i < f->entries.count; i++) hpo_journal_append(journal, &f->entries.items[i]);
    CHECK_OK(hpo_journal_flush(journal, &err));
    CHECK_OK(hpo_journal_look(journal, &err));
    return journal;
}

static base_status wait_for_news(hpo_journal *journal, base_err *err) {
    const double until = base_monotonic() + SOON;
    base_status status = BASE_OK;
    while (status == BASE_OK && base_monotonic() < until) {
        status = hpo_journal_look(journal, err);
        base_sleep(0.01);
    }
    return status;
}

/* Nothing more is written, and what `rescued` holds is the whole journal. */
static void check_taken_away(fixture *f, hpo_journal *journal, const char *what, const char *rescued) {
    base_err err = {0}, again = {0};
    assert_int_equal(wait_for_news(journal, &err), BASE_IO);
    CHECK_CONTAINS(err.text, what);
    CHECK_CONTAINS(err.text, rescued);
    CHECK_CONTAINS(err.text, f->path);
    hpo_journal_append(journal, &f->entries.items[0]);
    CHECK_FAILS(hpo_journal_flush(journal, &again), BASE_IO, err.text);
    CHECK_FAILS(hpo_journal_close(journal, &again), BASE_IO, err.text);
    free((void *)f->path);
    f->path = base_strdup(rescued);
    check_entries(f, f->entries.count);
}

static void test_beats(void **state) {
    fixture *f = *state;
    base_err err = {0};
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    struct stat info = {0};
    const char *lock = check_tmpdir_file(&f->dir, "journal.log.hpo-lock");
    hpo_journal *journal = open_run(f);
    assert_int_equal(utimensat(AT_FDCWD, lock, old, 0), 0);
    for (double until = base_monotonic() + SOON; info.st_mtim.tv_sec < 2000 && base_monotonic() < until;) {
        base_sleep(0.01);
        assert_int_equal(stat(lock, &info), 0);
    }
    assert_true(info.st_mtim.tv_sec > 2000);
    CHECK_OK(hpo_journal_close(journal, &err));
}

/* Taken over while we slept: not a byte more is written, and the new owner keeps its lock. */
static void test_taken_over(void **state) {
    fixture *f = *state;
    base_err err = {0};
    struct stat info;
    const char *lock = check_tmpdir_file(&f->dir, "journal.log.hpo-lock");
    hpo_journal *journal = open_run(f);
    assert_int_equal(unlink(lock), 0);
    write_text(lock, "elsewhere b 1 1 x\n", 18);
    assert_int_equal(wait_for_news(journal, &err), BASE_BUSY);
    CHECK_CONTAINS(err.text, "taken");
    assert_int_equal(stat(f->path, &info), 0);
    const off_t size = info.st_size;
    hpo_journal_append(journal, &f->entries.items[0]);
    CHECK_FAILS(hpo_journal_flush(journal, &err), BASE_BUSY, "taken");
    CHECK_STATUS(hpo_journal_close(journal, &err), BASE_BUSY);
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(info.st_size, size);
    assert_int_equal(access(lock, F_OK), 0);
}

static void test_removed(void **state) {
    fixture *f = *state;
    hpo_journal *journal = open_run(f);
    assert_int_equal(unlink(f->path), 0);
    char rescued[512];
    snprintf(rescued, sizeof rescued, "%s.rescued", f->path);
    check_taken_away(f, journal, "was removed while the run was going", rescued);
}

static void test_replaced(void **state) {
    fixture *f = *state;
    hpo_journal *journal = open_run(f);
    const char *other = check_tmpdir_file(&f->dir, "other");
    char rescued[512];
    snprintf(rescued, sizeof rescued, "%s.rescued", f->path);
    write_text(rescued, "x", 1); /* of an earlier accident: it is kept */
    write_text(other, "y", 1);
    assert_int_equal(rename(other, f->path), 0);
    snprintf(rescued, sizeof rescued, "%s.rescued-2", f->path);
    check_taken_away(f, journal, "was replaced by another file while the run was going", rescued);
}

/* The whole folder is deleted: the new file lies beside it. */
static void test_folder(void **state) {
    fixture *f = *state;
    char folder[300], rescued[512];
    snprintf(folder, sizeof folder, "%s/run", f->dir.path);
    assert_int_equal(mkdir(folder, 0755), 0);
    free((void *)f->path);
    f->path = base_strdup(check_tmpdir_file(&f->dir, "run/journal.log"));
    hpo_journal *journal = open_run(f);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(unlink(check_tmpdir_file(&f->dir, "run/journal.log.hpo-lock")), 0);
    assert_int_equal(rmdir(folder), 0);
    snprintf(rescued, sizeof rescued, "%s.journal.rescued", folder);
    check_taken_away(f, journal, "was deleted with its folder", rescued);
}

/* It goes in the last moment: closing looks once more. */
static void test_removed_at_the_end(void **state) {
    fixture *f = *state;
    base_err err = {0};
    random_entries(f->source, 12, 60, &f->entries);
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    head.stale_after = 1e6; /* beats every second */
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    for (size_t i = 0; i < f->entries.count; i++) hpo_journal_append(journal, &f->entries.items[i]);
    assert_int_equal(unlink(f->path), 0);
    CHECK_FAILS(hpo_journal_close(journal, &err), BASE_IO, ".rescued");
    char rescued[512];
    snprintf(rescued, sizeof rescued, "%s.rescued", f->path);
    assert_int_equal(rename(rescued, f->path), 0);
    check_entries(f, f->entries.count);
}

/* Somebody reads while a run writes, again and again: what is there is a beginning of what will be. */
static void test_read_while_written(void **state) {
    fixture *f = *state;
    random_entries(f->source, 60, 600, &f->entries);
    pid_t pid = fork();
    if (pid == 0) {
        base_err err = {0};
        hpo_journal_head head = test_head();
        hpo_journal *journal = NULL;
        if (hpo_journal_open(f->path, &head, f->space, &journal, &err) != BASE_OK) _exit(1);
        for (size_t i = 0; i < f->entries.count; i++) {
            hpo_journal_append(journal, &f->entries.items[i]);
            if (hpo_journal_flush(journal, &err) != BASE_OK) _exit(2);
            if (i % 8 == 0) base_sleep(0.001);
        }
        _exit(hpo_journal_close(journal, &err) == BASE_OK ? 0 : 3);
    }
    int status = -1;
    size_t before = 0, looks = 0;
    while (waitpid(pid, &status, WNOHANG) == 0 || before < f->entries.count) {
        base_err err = {0};
        entry_list got = entry_list_create();
        const base_status read = hpo_journal_read(f->path, f->space, entry_list_add, &got, &err);
        if (read == BASE_NOTFOUND) { /* not begun yet */
            entry_list_destroy(&got);
            base_sleep(0.001);
            continue;
        }
        CHECK_OK(read);
        assert_in_range(got.count, before, f->entries.count);
        for (size_t i = before; i < got.count; i++) check_entry(&got.items[i], &f->entries.items[i]);
        looks += got.count > before;
        before = got.count;
        entry_list_destroy(&got);
    }
    assert_int_equal(status, 0);
    assert_true(looks > 1);
}

/* Nothing is written, no lock is taken, and a torn end is simply not there yet. */
static void test_read_only(void **state) {
    fixture *f = *state;
    base_err err = {0};
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    base_buf text = file_text(f->path);
    base_buf_puts(&text, "{\"op_code\":8,\"wor");
    write_text(f->path, text.data, text.length);
    assert_int_equal(chmod(f->path, 0444), 0);
    hpo_journal_head head = test_head();
    hpo_journal *writer = NULL, *reader = NULL;
    head.read_only = true;
    entry_list got = entry_list_create();
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &reader, &err));
    CHECK_OK(hpo_journal_replay(reader, entry_list_add, &got, &err));
    assert_int_equal(got.count, f->entries.count);
    CHECK_OK(hpo_journal_close(reader, &err));
    base_buf after = file_text(f->path);
    assert_string_equal(after.data, text.data);
    assert_int_equal(chmod(f->path, 0644), 0);
    head.read_only = false; /* beside a run */
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &writer, &err));
    head.read_only = true;
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &reader, &err));
    CHECK_OK(hpo_journal_close(reader, &err));
    CHECK_OK(hpo_journal_close(writer, &err));
    entry_list_destroy(&got);
    base_buf_fini(&text);
    base_buf_fini(&after);
}

/* fdatasync of a pipe fails: the background thread keeps the error for the next who marks. */
static void test_background_failure(void **state) {
    (void)state;
    base_err err = {0};
    int ends[2];
    hpo_keeper keeper;
    hpo_keeper_news news = HPO_KEEPER_FINE;
    assert_int_equal(pipe(ends), 0);
    CHECK_OK(hpo_keeper_start(&keeper, ends[1], "no such file", NULL, 60, false, &err));
    for (int i = 0; i < 200 && news == HPO_KEEPER_FINE; i++) {
        news = hpo_keeper_mark(&keeper, 1);
        base_sleep(0.01);
    }
    assert_int_equal(news, HPO_KEEPER_SYNC_FAILED);
    assert_int_equal(hpo_keeper_ask(&keeper), HPO_KEEPER_SYNC_FAILED);
    assert_int_equal(keeper.error, EINVAL);
    double before = base_monotonic();
    hpo_keeper_stop(&keeper);
    assert_true(base_monotonic() - before < 0.09); /* the pause between groups does not delay the end */
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_beats),
        JOURNAL_TEST(test_taken_over),
        JOURNAL_TEST(test_removed),
        JOURNAL_TEST(test_replaced),
        JOURNAL_TEST(test_folder),
        JOURNAL_TEST(test_removed_at_the_end),
        JOURNAL_TEST(test_read_while_written),
        JOURNAL_TEST(test_read_only),
        cmocka_unit_test(test_background_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder with a journal to be, the space and random entries for it, and looks at the file's text. */
#ifndef TESTS_HPO_TRIALS_JOURNAL_FIXTURE_H
#define TESTS_HPO_TRIALS_JOURNAL_FIXTURE_H

#include "tests/hpo/trials/journal_entries.h"

typedef struct fixture {
    check_tmpdir dir;
    const char *path;
    hpo_space *space;
    random_source *source;
    entry_list entries;
} fixture;

static inline int setup(void **state) {
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0); /* a thousand fsyncs */
    fixture *f = base_calloc(1, sizeof *f);
    f->dir = check_tmpdir_create();
    f->path = base_strdup(check_tmpdir_file(&f->dir, "journal.log"));
    f->space = random_space_create();
    f->source = random_source_create(f->space, 42);
    f->entries = entry_list_create();
    *state = f;
    return 0;
}

static inline int teardown(void **state) {
    fixture *f = *state;
    check_tmpdir_remove(&f->dir);
    entry_list_destroy(&f->entries);
    random_source_destroy(f->source);
    hpo_space_destroy(f->space);
    free((void *)f->path);
    free(f);
    return 0;
}

static inline base_buf file_text(const char *path) {
    base_err err = {0};
    base_buf text = {0};
    CHECK_OK(base_read_file(path, &text, &err));
    return text;
}

static inline void write_text(const char *path, const char *text, size_t length) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void check_entries(const fixture *f, size_t count) {
    base_err err = {0};
    entry_list got = entry_list_create();
    hpo_journal *journal = open_and_read(f->path, f->space, &got);
    assert_int_equal(got.count, count);
    for (size_t i = 0; i < count; i++) check_entry(&got.items[i], &f->entries.items[i]);
    CHECK_OK(hpo_journal_close(journal, &err));
    entry_list_destroy(&got);
}

/* What a run that wants to go on is told. */
static inline base_status replay_status(const fixture *f, base_err *out) {
    base_err err = {0};
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    entry_list got = entry_list_create();
    base_status status = hpo_journal_open(f->path, &head, f->space, &journal, out);
    if (status == BASE_OK) status = hpo_journal_replay(journal, entry_list_add, &got, out);
    CHECK_OK(hpo_journal_close(journal, &err));
    entry_list_destroy(&got);
    return status;
}

/* Puts a line after line number `after` of the text. */
static inline void insert_line(const fixture *f, const base_buf *text, size_t after, const char *line) {
    base_buf out = {0};
    const char *at = text->data;
    for (size_t i = 0; i < after; i++) at = strchr(at, '\n') + 1;
    base_buf_append(&out, text->data, (size_t)(at - text->data));
    base_buf_puts(&out, line);
    base_buf_puts(&out, "\n");
    base_buf_puts(&out, at);
    write_text(f->path, out.data, out.length);
    base_buf_fini(&out);
}

#define JOURNAL_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif

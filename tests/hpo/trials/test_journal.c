/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal as a file: what is written comes back bit-equal, a torn end is cut, damage is named with its line. */
#include "hpo/trials/journal.h"

#include <signal.h>
#include <sys/resource.h>

#include "tests/hpo/trials/journal_entries.h"

typedef struct fixture {
    check_tmpdir dir;
    const char *path;
    hpo_space *space;
    random_source *source;
    entry_list entries;
} fixture;

static int setup(void **state) {
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

static int teardown(void **state) {
    fixture *f = *state;
    check_tmpdir_remove(&f->dir);
    entry_list_destroy(&f->entries);
    random_source_destroy(f->source);
    hpo_space_destroy(f->space);
    free((void *)f->path);
    free(f);
    return 0;
}

static base_buf file_text(const char *path) {
    base_err err = {0};
    base_buf text = {0};
    CHECK_OK(base_read_file(path, &text, &err));
    return text;
}

static void write_text(const char *path, const char *text, size_t length) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void check_entries(const fixture *f, size_t count) {
    base_err err = {0};
    entry_list got = entry_list_create();
    hpo_journal *journal = open_and_read(f->path, f->space, &got);
    assert_int_equal(got.count, count);
    for (size_t i = 0; i < count; i++) check_entry(&got.items[i], &f->entries.items[i]);
    CHECK_OK(hpo_journal_close(journal, &err));
    entry_list_destroy(&got);
}

static void test_round_trip(void **state) {
    fixture *f = *state;
    random_entries(f->source, 400, 3000, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    check_entries(f, f->entries.count);
    size_t kinds[3] = {0}, records[5] = {0}, failures[HPO_FAILURE_COUNT] = {0};
    for (size_t i = 0; i < f->entries.count; i++) {
        const hpo_entry *entry = &f->entries.items[i];
        kinds[entry->kind]++;
        if (entry->kind != HPO_ENTRY_RECORD) continue;
        records[entry->record.kind]++;
        failures[entry->record.result.failure]++;
    }
    for (size_t i = 0; i < 3; i++) assert_true(kinds[i] > 20);
    for (size_t i = 0; i < 5; i++) assert_true(records[i] > 20);
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

/* The same content when another tool has written every line anew, with other spacing and escapes. */
static void test_reformatted(void **state) {
    fixture *f = *state;
    random_entries(f->source, 30, 200, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    base_buf text = file_text(f->path), spaced = {0};
    bool quoted = false, escaped = false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '"' && !escaped) quoted = !quoted;
        escaped = quoted && c == '\\' && !escaped;
        base_buf_putc(&spaced, c);
        if (!quoted && (c == ':' || c == ',' || c == '{')) base_buf_puts(&spaced, c == ',' ? " \t" : " ");
    }
    write_text(f->path, spaced.data, spaced.length);
    check_entries(f, f->entries.count);
    base_buf_fini(&text);
    base_buf_fini(&spaced);
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
    CHECK_CONTAINS(intermediate, "\"step\":9,\"intermediate_value\":0.25}");
    CHECK_CONTAINS(final, "\"state\":1,\"values\":[0.25],\"datetime_complete\":\"20");
    const char *cuts[] = {intermediate, intermediate + 9, final, final + 20};
    for (size_t i = 0; i < CHECK_COUNT(cuts); i++) {
        write_text(f->path, full.data, (size_t)(cuts[i] - full.data));
        for (int again = 0; again < 2; again++) check_entries(f, 2);
        base_buf mended = file_text(f->path);
        assert_int_equal(mended.length, full.length);
        size_t same = (size_t)(strstr(full.data, "datetime_complete") - full.data);
        assert_memory_equal(mended.data, full.data, same);
        base_buf_fini(&mended);
    }
    base_buf_fini(&full);
}

/* A head that was torn while it was written is written anew; a file of somebody else is left alone. */
static void test_torn_head(void **state) {
    fixture *f = *state;
    base_err err = {0};
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    for (size_t cut = 0; cut < full.length; cut++) {
        write_text(f->path, full.data, cut);
        base_arena *arena = base_arena_create();
        uint64_t seed;
        const char *identity;
        CHECK_STATUS(hpo_journal_peek(f->path, arena, &seed, &identity, &err), BASE_NOTFOUND);
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

static base_status replay_status(const fixture *f, base_err *out) {
    base_err err = {0};
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    entry_list got = entry_list_create();
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    base_status status = hpo_journal_replay(journal, entry_list_add, &got, out);
    CHECK_OK(hpo_journal_close(journal, &err));
    entry_list_destroy(&got);
    return status;
}

/* Puts a line after line number `after` of the text. */
static void insert_line(const fixture *f, const base_buf *text, size_t after, const char *line) {
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

static void test_damage(void **state) {
    fixture *f = *state;
    base_err err = {0};
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    const struct {
        const char *line, *sentence;
    } cases[] = {
        {"garbage", ":6: this line is broken"},
        {"", ":6: this line is broken"},
        {"{\"op_code\":7,\"worker_id\":\"hpo\",\"trial_id\":0,\"step\":1,\"inter", ":6: this line is broken"},
        {"{\"worker_id\":\"hpo\"}", ":6: this line is broken"},
        {"{\"op_code\":8,\"trial_id\":0,\"user_attr\":{\"hpo:result\":{\"rung\":-1}}}", ":6: an attribute that cannot"},
        {"{\"op_code\":8,\"trial_id\":0,\"user_attr\":{\"hpo:report\":{\"failure\":\"bad\"}}}", "cannot be read"},
        {"{\"op_code\":8,\"trial_id\":0,\"user_attr\":{\"hpo:future\":{}}}", "does not know"},
        {"{\"op_code\":4,\"worker_id\":\"hpo\",\"user_attrs\":{\"hpo:start\":{\"trial\":1}}}", "without parameters"},
        {"{\"op_code\":4,\"worker_id\":\"hpo\",\"params\":{\"zz\":1},\"user_attrs\":{\"hpo:start\":{\"trial\":1}}}",
         "parameters cannot be read"},
        {"{\"op_code\":4,\"worker_id\":\"hpo\",\"params\":{},\"user_attrs\":{\"hpo:start\":{\"trial\":99}}}",
         "trials are missing"},
        {"{\"op_code\":4,\"worker_id\":\"abc\",\"study_id\":0,\"datetime_start\":null}",
         ":6: another program has added a trial"},
        {"{\"op_code\":0,\"worker_id\":\"abc\",\"study_name\":\"x\",\"directions\":[1]}",
         ":6: another program has added a study"},
        {"{\"op_code\":1,\"worker_id\":\"abc\",\"study_id\":0}", ":6: another program has deleted a study"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        insert_line(f, &full, 5, cases[i].line);
        CHECK_FAILS(replay_status(f, &err), BASE_CORRUPT, cases[i].sentence);
        CHECK_CONTAINS(err.text, f->path);
    }
    size_t lines = 0; /* at the very end a broken line is a torn one, even if it has its newline */
    for (size_t i = 0; i < full.length; i++) lines += full.data[i] == '\n';
    insert_line(f, &full, lines, cases[2].line);
    check_entries(f, f->entries.count);
    const char *const harmless[] = {
        "{\"op_code\": 2, \"worker_id\": \"a\", \"study_id\": 0, \"user_attr\": {\"note\": \"hi\"}}",
        "{\"op_code\": 3, \"worker_id\": \"a\", \"study_id\": 0, \"system_attr\": {\"x\": [1, {\"y\": NaN}]}}",
        "{\"op_code\": 8, \"worker_id\": \"a\", \"trial_id\": 0, \"user_attr\": {\"tag\": \"hpo:result\"}}",
        "{\"op_code\": 9, \"worker_id\": \"a\", \"trial_id\": 0, \"system_attr\": {\"hpo:result\": 3}}",
        "{\"op_code\": 10, \"worker_id\": \"a\", \"study_id\": 0}",
    };
    for (size_t i = 0; i < CHECK_COUNT(harmless); i++) {
        insert_line(f, &full, 5, harmless[i]);
        check_entries(f, f->entries.count);
    }
    base_buf_fini(&full);
}

/* Random bytes of the file are changed: a refusal or other values, but never a crash. */
static void test_mutations(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    base_rng rng = base_rng_stream(11, BASE_RNG_TEST, 0, 0);
    size_t refused = 0;
    char *head_end = strchr(strchr(full.data, '\n') + 1, '\n');
    size_t from = (size_t)(head_end - full.data);
    for (int round = 0; round < 300; round++) {
        base_err err = {0};
        size_t at = from + (size_t)base_rng_below(&rng, full.length - from);
        char old = full.data[at];
        full.data[at] = (char)base_rng_below(&rng, 256);
        write_text(f->path, full.data, full.length);
        base_status status = replay_status(f, &err);
        assert_true(status == BASE_OK || status == BASE_CORRUPT);
        refused += status == BASE_CORRUPT;
        full.data[at] = old;
    }
    assert_in_range(refused, 20, 290);
    base_buf_fini(&full);
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
    uint64_t seed = 0;
    const char *identity = NULL;
    CHECK_STATUS(hpo_journal_peek(f->path, arena, &seed, &identity, &err), BASE_NOTFOUND);
    write_entries(f->path, f->space, &f->entries);
    CHECK_OK(hpo_journal_peek(f->path, arena, &seed, &identity, &err));
    hpo_journal_head head = test_head();
    assert_true(seed == head.seed);
    assert_string_equal(identity, head.identity);
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
    CHECK_CONTAINS(err.text, "choose another folder");
    assert_null(journal);
    check_entries(f, 0); /* a refusal releases the lock */
    base_arena_destroy(arena);
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

#define JOURNAL_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_round_trip), JOURNAL_TEST(test_continued),      JOURNAL_TEST(test_reformatted),
        JOURNAL_TEST(test_torn_tail),  JOURNAL_TEST(test_display_mended), JOURNAL_TEST(test_torn_head),
        JOURNAL_TEST(test_damage),     JOURNAL_TEST(test_mutations),      JOURNAL_TEST(test_visit_stops),
        JOURNAL_TEST(test_identity),   JOURNAL_TEST(test_unwritable),     JOURNAL_TEST(test_disk_fills),
        JOURNAL_TEST(test_fsync_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repairing: what is sound stays, ids stay, the old file stays, and the new one is sound. */
#include "hpo/trials/history.h"
#include "tests/hpo/trials/text_lines.h"

typedef struct repaired {
    base_buf told;
    entry_list entries; /* of the new file */
    hpo_history *history;
} repaired;

static base_status fold(void *self, const hpo_entry *entry, base_err *err) {
    repaired *r = self;
    if (entry->kind == HPO_ENTRY_RECORD) BASE_TRY(hpo_history_apply(r->history, &entry->record, err));
    return entry_list_add(&r->entries, entry, err);
}

static repaired repair(const fixture *f, bool deterministic) {
    base_err err = {0};
    repaired r = {.entries = entry_list_create(), .history = hpo_history_create(f->space, false, random_fidelity(3))};
    const hpo_journal_head head = test_head();
    CHECK_OK(hpo_journal_repair(f->path, &head, f->space, deterministic, &r.told, &err));
    CHECK_OK(hpo_journal_read(f->path, f->space, fold, &r, &err));
    assert_int_not_equal(access(check_tmpdir_file(&f->dir, "journal.log.repaired"), F_OK), 0);
    assert_int_not_equal(access(check_tmpdir_file(&f->dir, "journal.log.hpo-lock"), F_OK), 0);
    return r;
}

static void repaired_fini(repaired *r) {
    base_buf_fini(&r->told);
    entry_list_destroy(&r->entries);
    hpo_history_destroy(r->history);
}

static void check_kept(const fixture *f, const char *name, const base_buf *text) {
    base_buf kept = file_text(check_tmpdir_file(&f->dir, name));
    assert_int_equal(kept.length, text->length);
    assert_memory_equal(kept.data, text->data, text->length);
    base_buf_fini(&kept);
}

static void write_run(fixture *f, uint64_t trials, size_t most) {
    random_entries(f->source, trials, most, &f->entries);
    write_entries(f->path, f->space, &f->entries);
}

static void test_sound(void **state) {
    fixture *f = *state;
    write_run(f, 12, 60);
    base_buf text = file_text(f->path);
    repaired r = repair(f, false);
    CHECK_CONTAINS(r.told.data, "is not damaged");
    check_kept(f, "journal.log", &text);
    assert_int_not_equal(access(check_tmpdir_file(&f->dir, "journal.log.damaged"), F_OK), 0);
    repaired_fini(&r);
    base_buf_fini(&text);
}

/* A trial's beginning is gone: it stays as a failed trial, and all others are what they were. */
static void test_lost_start(void **state) {
    fixture *f = *state;
    base_err err = {0};
    write_run(f, 30, 200);
    text_lines *lines = lines_of(f->path);
    for (int way = 0; way < 2; way++) { /* changed, and missing altogether */
        size_t start = 0;
        for (size_t i = 0; i < lines->count; i++) {
            if (strstr(lines->line[i], "\"hpo:start\":{\"trial\":7,")) start = i;
        }
        assert_true(start > 0);
        char *seed = strstr(lines->line[start], "\"seed\":\"");
        seed[8] = seed[8] == '1' ? '2' : '1';
        write_lines(f, lines, way == 0 ? SIZE_MAX : start, 0, 0);
        base_buf text = file_text(f->path);
        CHECK_STATUS(replay_status(f, &err), BASE_CORRUPT);
        repaired r = repair(f, false);
        CHECK_CONTAINS(r.told.data, "trial 7: its beginning is lost; it stays in its place as a failed trial");
        CHECK_CONTAINS(r.told.data, way == 0 ? "is dropped: it was changed" : "before it, lines are missing");
        check_kept(f, way == 0 ? "journal.log.damaged" : "journal.log.damaged-2", &text);
        const hpo_view view = hpo_history_view(r.history);
        assert_int_equal(hpo_view_trials(view), f->source->trials);
        hpo_trial lost = hpo_view_trial(view, 7);
        assert_int_equal(lost.state, HPO_TRIAL_FAILED);
        assert_string_equal(lost.evals[0].reason, "lost by damage");
        for (uint64_t id = 0; id < f->source->trials; id++) {
            const hpo_trial trial = hpo_view_trial(view, id);
            if (id != 7) assert_memory_equal(trial.config, f->source->config[id], RANDOM_PARAMS * sizeof(double));
        }
        CHECK_OK(replay_status(f, &err)); /* a run may go on */
        repaired_fini(&r);
        base_buf_fini(&text);
    }
    lines_destroy(lines);
}

/* A result is gone: its trial runs, and will be evaluated again. What came after it for that trial cannot follow. */
static void test_lost_result(void **state) {
    fixture *f = *state;
    write_run(f, 30, 200);
    text_lines *lines = lines_of(f->path);
    size_t repeated = 0;
    for (size_t i = 0; i < lines->count; i++) {
        unsigned trial = 0;
        char sentence[64];
        const char *at = strstr(lines->line[i], "\"trial_id\":");
        if (!strstr(lines->line[i], "\"hpo:result\"")) continue;
        assert_int_equal(sscanf(at, "\"trial_id\":%u", &trial), 1);
        write_lines(f, lines, i, 0, 0);
        repaired r = repair(f, false);
        const hpo_view view = hpo_history_view(r.history);
        assert_int_equal(hpo_view_trials(view), f->source->trials);
        if (hpo_view_trial(view, trial).state == HPO_TRIAL_STOPPED) { /* it had come after a stop, which stands */
            repaired_fini(&r);
            continue;
        }
        assert_int_equal(hpo_view_trial(view, trial).state, HPO_TRIAL_RUNNING);
        snprintf(sentence, sizeof sentence, "trial %u will be evaluated again on rung", trial);
        CHECK_CONTAINS(r.told.data, sentence);
        repaired_fini(&r);
        repeated++;
    }
    assert_true(repeated > 20);
    lines_destroy(lines);
}

/* The head is lost, changed or whole lines of it: it is written anew, and nothing else is lost. */
static void test_lost_head(void **state) {
    fixture *f = *state;
    write_run(f, 12, 60);
    text_lines *lines = lines_of(f->path);
    for (size_t way = 0; way < 4; way++) {
        write_lines(f, lines, way == 0 || way == 3 ? 0 : 1, 0, 0);
        base_buf text = file_text(f->path);
        if (way == 2) text.data[60] ^= 1;
        const size_t cut = way == 3 ? (size_t)(strchr(text.data, '\n') + 1 - text.data) : 0; /* both are gone */
        write_text(f->path, text.data + cut, text.length - cut);
        repaired r = repair(f, false);
        assert_int_equal(r.entries.count, f->entries.count);
        for (size_t i = 0; i < r.entries.count; i++) check_entry(&r.entries.items[i], &f->entries.items[i]);
        repaired_fini(&r);
        base_buf_fini(&text);
    }
    lines_destroy(lines);
}

static void test_foreign_lines_survive(void **state) {
    fixture *f = *state;
    static const char note[] =
        "{\"op_code\": 8, \"worker_id\": \"a\", \"trial_id\": 0, \"user_attr\": {\"tag\": \"x\"}}";
    static const char trial[] = "{\"op_code\":4,\"worker_id\":\"abc\",\"study_id\":0,\"datetime_start\":null}";
    write_run(f, 12, 60);
    base_buf full = file_text(f->path);
    insert_line(f, &full, 8, note);
    base_buf noted = file_text(f->path);
    insert_line(f, &noted, 12, trial);
    repaired r = repair(f, false);
    CHECK_CONTAINS(r.told.data, "line 13 ");
    CHECK_CONTAINS(r.told.data, "is dropped: another program has added a trial");
    base_buf now = file_text(f->path);
    CHECK_CONTAINS(now.data, note);
    assert_int_equal(r.entries.count, f->entries.count);
    for (size_t i = 0; i < r.entries.count; i++) check_entry(&r.entries.items[i], &f->entries.items[i]);
    repaired_fini(&r);
    base_buf_fini(&full);
    base_buf_fini(&noted);
    base_buf_fini(&now);
}

/* In the deterministic order the raw results are what counts. Records stay only up to the damage, raw results also
 * behind it, but for those of evaluations of which something may be missing. */
static void test_deterministic(void **state) {
    fixture *f = *state;
    write_run(f, 60, 600);
    text_lines *lines = lines_of(f->path);
    size_t middle = lines->count / 2;
    while (!strstr(lines->line[middle], "\"hpo:start\"")) middle--;
    write_lines(f, lines, middle, 0, 0);
    repaired r = repair(f, true);
    size_t records = 0, raws = 0, k = 0;
    for (size_t i = 0; i < r.entries.count; i++) {
        const hpo_entry *got = &r.entries.items[i];
        *(got->kind == HPO_ENTRY_RAW ? &raws : &records) += 1;
        if (got->kind == HPO_ENTRY_RAW) continue;
        while (f->entries.items[k].kind == HPO_ENTRY_RAW) k++;
        check_entry(got, &f->entries.items[k++]); /* from the first on, without a gap, and none is made up */
    }
    CHECK_CONTAINS(r.told.data, "records are computed again from the results that are left");
    assert_true(records > 10 && raws > 10);
    assert_true(hpo_view_trials(hpo_history_view(r.history)) < f->source->trials);
    repaired_fini(&r);
    lines_destroy(lines);
}

/* Whatever happened to the file, what comes out is a journal that a run can go on with, and holds nothing new. */
static void test_any_damage(void **state) {
    fixture *f = *state;
    write_run(f, 20, 120);
    base_buf full = file_text(f->path);
    base_rng rng = base_rng_stream(3, BASE_RNG_TEST, 0, 0);
    for (int round = 0; round < 150; round++) {
        base_err err = {0};
        base_buf text = {0};
        base_buf_append(&text, full.data, full.length);
        for (uint64_t i = 0, n = 1 + base_rng_below(&rng, 6); i < n; i++) {
            const size_t at = (size_t)base_rng_below(&rng, text.length);
            const size_t left = text.length - at, length = (size_t)base_rng_below(&rng, left < 3000 ? left : 3000);
            switch (base_rng_below(&rng, 3)) {
            case 0: text.data[at] = (char)base_rng_below(&rng, 256); break;
            case 1: memset(text.data + at, (int)base_rng_below(&rng, 256), length); break;
            default: memmove(text.data + at, text.data + at + length, left - length); text.length -= length;
            }
        }
        write_text(f->path, text.data, text.length);
        repaired r = repair(f, round % 2);
        for (size_t i = 0, k = 0; i < r.entries.count; i++) {
            const hpo_entry *got = &r.entries.items[i];
            if (got->kind != HPO_ENTRY_RAW) continue; /* raws are among those that were written, in their order */
            while (k < f->entries.count &&
                   (f->entries.items[k].kind != HPO_ENTRY_RAW || f->entries.items[k].raw.at != got->raw.at)) {
                k++;
            }
            assert_true(k < f->entries.count);
        }
        CHECK_OK(replay_status(f, &err));
        repaired_fini(&r);
        base_buf_fini(&text);
    }
    base_buf_fini(&full);
}

static void test_refusals(void **state) {
    fixture *f = *state;
    base_err err = {0};
    base_buf told = {0};
    hpo_journal_head head = test_head();
    hpo_journal_begun begun;
    base_arena *arena = base_arena_create();
    CHECK_STATUS(hpo_journal_repair(f->path, &head, f->space, false, &told, &err), BASE_NOTFOUND);
    write_run(f, 12, 60);
    CHECK_OK(hpo_journal_peek_damaged(f->path, arena, &begun, &err));
    assert_true(begun.seed == head.seed);
    assert_string_equal(begun.identity, head.identity);
    assert_null(begun.chosen);
    head.identity = "another study";
    CHECK_FAILS(hpo_journal_repair(f->path, &head, f->space, false, &told, &err), BASE_INVALID, "another study");
    assert_int_not_equal(access(check_tmpdir_file(&f->dir, "journal.log.repaired"), F_OK), 0);
    hpo_journal *journal = NULL;
    head = test_head();
    base_buf sound = file_text(f->path);
    write_text(f->path, "hello\nworld\n", 12);
    CHECK_FAILS(hpo_journal_repair(f->path, &head, f->space, false, &told, &err), BASE_CORRUPT, "no sound line");
    write_text(f->path, sound.data, sound.length);
    base_buf_fini(&sound);
    CHECK_OK(hpo_journal_open(f->path, &head, f->space, &journal, &err));
    CHECK_STATUS(hpo_journal_repair(f->path, &head, f->space, false, &told, &err), BASE_BUSY);
    CHECK_OK(hpo_journal_close(journal, &err));
    base_buf text = file_text(f->path);
    char *at = strstr(text.data, "\"hpo:study\"");
    at[2] = 'x';
    write_text(f->path, text.data, text.length);
    CHECK_FAILS(hpo_journal_peek_damaged(f->path, arena, &begun, &err), BASE_CORRUPT, "--seed");
    base_buf_fini(&text);
    base_buf_fini(&told);
    base_arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_sound),
        JOURNAL_TEST(test_lost_start),
        JOURNAL_TEST(test_lost_result),
        JOURNAL_TEST(test_lost_head),
        JOURNAL_TEST(test_foreign_lines_survive),
        JOURNAL_TEST(test_deterministic),
        JOURNAL_TEST(test_any_damage),
        JOURNAL_TEST(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Journals that were changed behind our back: whatever is changed, lost, added or moved is refused with its line and
 * byte; lines of others may stand between. */
#include "tests/hpo/trials/journal_fixture.h"
#include "tests/hpo/trials/reseal.h"
#include "tests/hpo/trials/text_lines.h"

static void check_refused_at(const fixture *f, size_t line, const char *what) {
    base_err err = {0};
    char place[64];
    base_buf text = file_text(f->path), again = {0};
    size_t byte = 0;
    for (size_t i = 1; i < line; i++) byte = (size_t)(strchr(text.data + byte, '\n') + 1 - text.data);
    snprintf(place, sizeof place, "journal.log:%zu: byte %zu: ", line, byte);
    CHECK_FAILS(replay_status(f, &err), BASE_CORRUPT, what);
    CHECK_CONTAINS(err.text, place);
    CHECK_CONTAINS(err.text, "--repair");
    again = file_text(f->path);
    assert_int_equal(again.length, text.length); /* it is not touched */
    assert_memory_equal(again.data, text.data, text.length);
    base_buf_fini(&text);
    base_buf_fini(&again);
}

/* ---- the chain ---- */

static void test_lost_lines(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    text_lines *lines = lines_of(f->path);
    for (size_t i = 0; i + 1 < lines->count; i++) {
        write_lines(f, lines, i, 0, 0);
        base_err err = {0};
        if (i < 2) {
            CHECK_STATUS(replay_status(f, &err), BASE_CORRUPT);
            CHECK_CONTAINS(err.text, "journal.log");
        } else {
            check_refused_at(f, i + 1, "a line before this one is missing");
        }
    }
    lines_destroy(lines);
}

static void test_moved_lines(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    text_lines *lines = lines_of(f->path);
    for (size_t i = 2; i < lines->count; i++) {
        for (size_t k = i + 1; k < lines->count && k < i + 20; k += 3) {
            write_lines(f, lines, SIZE_MAX, i, k);
            check_refused_at(f, i + 1, "a line before this one is missing");
        }
    }
    lines_destroy(lines);
}

/* A line that was whole and ours, but in another journal of the same study. */
static void test_borrowed_line(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    text_lines *lines = lines_of(f->path);
    assert_int_equal(unlink(f->path), 0);
    random_source *source = random_source_create(f->space, 43);
    entry_list entries = entry_list_create();
    random_entries(source, 12, 60, &entries);
    write_entries(f->path, f->space, &entries);
    text_lines *other = lines_of(f->path);
    for (size_t i = 4; i < 20; i++) {
        char *own = lines->line[i];
        lines->line[i] = other->line[i];
        write_lines(f, lines, SIZE_MAX, 0, 0);
        check_refused_at(f, i + 1, "a line before this one is missing");
        lines->line[i] = own;
    }
    char *doubled = lines->line[20];
    lines->line[20] = lines->line[19];
    write_lines(f, lines, SIZE_MAX, 0, 0);
    check_refused_at(f, 21, "a line before this one is missing");
    lines->line[20] = doubled;
    lines_destroy(lines);
    lines_destroy(other);
    entry_list_destroy(&entries);
    random_source_destroy(source);
}

/* ---- lines of others ---- */

static void test_foreign_lines(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    const struct {
        const char *line, *sentence;
    } cases[] = {
        {"garbage", "this line is broken"},
        {"", "this line is broken"},
        {"{\"op_code\":7,\"worker_id\":\"hpo\",\"trial_id\":0,\"step\":1,\"inter", "this line is broken"},
        {"{\"worker_id\":\"hpo\"}", "this line is broken"},
        {"{\"op_code\":8,\"trial_id\":0,\"user_attr\":{\"hpo:result\":{\"rung\":1}}}", "this line has no checksum"},
        {"{\"op_code\":7,\"worker_id\":\"hpo\",\"trial_id\":0,\"step\":1,\"intermediate_value\":0.5}", "no checksum"},
        {"{\"op_code\":4,\"worker_id\":\"abc\",\"study_id\":0,\"datetime_start\":null}",
         "another program has added a trial"},
        {"{\"op_code\":0,\"worker_id\":\"abc\",\"study_name\":\"x\",\"directions\":[1]}",
         "another program has added a study"},
        {"{\"op_code\":1,\"worker_id\":\"abc\",\"study_id\":0}", "another program has deleted a study"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        insert_line(f, &full, 5, cases[i].line);
        check_refused_at(f, 6, cases[i].sentence);
    }
    const char *const harmless[] = {
        "{\"op_code\": 2, \"worker_id\": \"a\", \"study_id\": 0, \"user_attr\": {\"note\": \"hi\"}}",
        "{\"op_code\": 3, \"worker_id\": \"a\", \"study_id\": 0, \"system_attr\": {\"x\": [1, {\"y\": NaN}]}}",
        "{\"op_code\": 8, \"worker_id\": \"a\", \"trial_id\": 0, \"user_attr\": {\"tag\": \"hpo:result\"}}",
        "{\"op_code\": 9, \"worker_id\": \"a\", \"trial_id\": 0, \"system_attr\": {\"hpo:result\": 3}}",
        "{\"op_code\": 10, \"worker_id\": \"a\", \"study_id\": 0}",
    };
    size_t lines = 0;
    for (size_t i = 0; i < full.length; i++) lines += full.data[i] == '\n';
    for (size_t i = 0; i < CHECK_COUNT(harmless); i++) {
        insert_line(f, &full, 5, harmless[i]);
        check_entries(f, f->entries.count);
        insert_line(f, &full, 2, harmless[i]);
        check_entries(f, f->entries.count);
        insert_line(f, &full, lines, harmless[i]);
        check_entries(f, f->entries.count);
    }
    base_buf_fini(&full);
}

/* ---- what a line says ---- */

/* The file's lines with `old` replaced by `new` in the first line of those that hold `which`. */
static void write_nonsense(const fixture *f, const text_lines *lines, const char *which, const char *old,
                           const char *new) {
    base_buf text = {0}, sealed = {0};
    bool done = false;
    for (size_t i = 0; i < lines->count; i++) {
        const char *line = lines->line[i], *at = strstr(line, old);
        if (!done && i >= 2 && strstr(line, which) && at) {
            base_buf_append(&text, line, (size_t)(at - line));
            base_buf_puts(&text, new);
            line = at + strlen(old);
            done = true;
        }
        base_buf_puts(&text, line);
        base_buf_puts(&text, "\n");
    }
    if (!done) fail_msg("no line has %s and %s", which, old);
    reseal(text.data, &sealed);
    write_text(f->path, sealed.data, sealed.length);
    base_buf_fini(&text);
    base_buf_fini(&sealed);
}

static void write_two_trials(fixture *f) {
    base_err err = {0};
    double adam[RANDOM_PARAMS] = {0.01, 0.1, 0.5, 2, 16, 0, NAN, 0, 0, 0, 5};
    double sgd[RANDOM_PARAMS] = {0.02, 0.2, 0.25, 3, 32, 1, 0.5, 1, 2, 0, 8};
    const hpo_entry entries[] = {
        {.record = {.kind = HPO_RECORD_START, .fidelity = 1, .parent = UINT64_MAX, .origin = "random", .config = adam}},
        {.record = {.kind = HPO_RECORD_REPORT, .fidelity = 1, .value = 0.5, .worker = 2}},
        {.record = {.kind = HPO_RECORD_RESULT, .fidelity = 1, .value = 0.25}},
        {.record = {.kind = HPO_RECORD_PROMOTE, .rung = 1, .fidelity = 9, .from = 1, .as_of = 3}},
        {.record = {.kind = HPO_RECORD_START, .trial = 1, .fidelity = 1, .as_of = 4, .parent = 0, .config = sgd}},
        {.record = {.kind = HPO_RECORD_ATTEMPT,
                    .trial = 1,
                    .fidelity = 1,
                    .result = {.failure = HPO_FAILURE_CRASH, .code = 11, .reason = "signal 11"}}},
        {.kind = HPO_ENTRY_RAW, .raw = {.trial = 1, .fidelity = 1}},
    };
    for (size_t i = 0; i < CHECK_COUNT(entries); i++) CHECK_OK(entry_list_add(&f->entries, &entries[i], &err));
    write_entries(f->path, f->space, &f->entries);
}

static void test_members(void **state) {
    fixture *f = *state;
    write_two_trials(f);
    text_lines *lines = lines_of(f->path);
    static const struct {
        const char *kind, *members[14];
    } needed[] = {
        {"hpo:start", {"trial", "bracket", "rung", "fidelity", "from", "as_of", "seed", "at", "elapsed"}},
        {"hpo:promote", {"rung", "fidelity", "from", "as_of", "at", "elapsed"}},
        {"hpo:report", {"rung", "fidelity", "values", "attempt", "worker", "cost", "seconds", "at", "elapsed"}},
        {"hpo:result", {"rung", "fidelity", "values", "attempt", "worker", "cost", "seconds", "at", "elapsed"}},
        {"hpo:attempt", {"rung", "fidelity", "attempt", "worker", "failure", "code", "reason", "at", "elapsed"}},
        {"hpo:raw", {"rung", "fidelity", "attempt", "worker", "cost", "seconds", "at", "elapsed"}},
    };
    for (size_t i = 0; i < CHECK_COUNT(needed); i++) {
        for (size_t k = 0; needed[i].members[k]; k++) {
            char old[32], new[32], sentence[64];
            base_err err = {0};
            snprintf(old, sizeof old, "\"%s\":", needed[i].members[k]);
            snprintf(new, sizeof new, "\"x%s\":", needed[i].members[k]);
            snprintf(sentence, sizeof sentence, "an attribute lacks '%s'", needed[i].members[k]);
            write_nonsense(f, lines, needed[i].kind, old, new);
            CHECK_FAILS(replay_status(f, &err), BASE_CORRUPT, sentence);
        }
    }
    lines_destroy(lines);
}

static void test_values(void **state) {
    fixture *f = *state;
    write_two_trials(f);
    text_lines *lines = lines_of(f->path);
    static const struct {
        const char *kind, *old, *new, *sentence;
    } cases[] = {
        {"hpo:start", "\"optimizer\":0.0", "\"optimizer\":3.0", "optimizer"},
        {"hpo:start", "\"optimizer\":0.0", "\"optimizer\":0.5", "optimizer"},
        {"hpo:start", "\"lr\":0.01", "\"lr\":1.01", "lr: 1.01 lies outside of"},
        {"hpo:start", "\"lr\":0.01", "\"lr\":\"nan\"", "parameters cannot be read"},
        {"hpo:start", "\"lr\":0.01", "\"rl\":0.01", "parameters cannot be read"},
        {"hpo:start", "\"lr\":0.01,", "\"lr\":0.01,\"lr\":0.01,", "parameters cannot be read"},
        {"hpo:start", "\"lr\":0.01,", "", "lr has no value but is active"},
        {"hpo:start", "\"dropout\":0.1", "\"dropout\":0.15", "dropout: 0.14999999999999999 is not a step"},
        {"hpo:start", "\"layers\":2.0", "\"layers\":2.5", "layers: 2.5 is not a step"},
        {"hpo:start", "\"mixed\":0.0", "\"momentum\":0.5,\"mixed\":0.0", "momentum has the value 0.5 but"},
        {"hpo:start", "\"trial\":0", "\"trial\":1", "trials are missing"},
        {"hpo:start", "\"bracket\":0", "\"bracket\":99999999", "an impossible bracket"},
        {"hpo:start", "\"rung\":0", "\"rung\":99999999", "an impossible rung"},
        {"hpo:start", "\"rung\":0", "\"rung\":-1", "cannot be read"},
        {"hpo:start", "\"fidelity\":1.0", "\"fidelity\":\"inf\"", "an impossible fidelity"},
        {"hpo:start", "\"from\":0.0", "\"from\":-1.0", "an impossible fidelity to go on from"},
        {"hpo:start", "\"as_of\":0", "\"as_of\":1", "knowledge of what comes later"},
        {"\"parent\"", "\"parent\":0", "\"parent\":1", "a parent that comes later"},
        {"hpo:promote", "\"as_of\":3", "\"as_of\":4", "knowledge of what comes later"},
        {"hpo:promote", "\"trial_id\":0", "\"trial_id\":1", "not begun yet"},
        {"hpo:report", "\"worker\":2", "\"worker\":99999999", "an impossible worker"},
        {"hpo:result", "\"values\":[0.25]", "\"values\":[\"nan\"]", "neither finite nor a failure"},
        {"hpo:result", "\"values\":[0.25]", "\"values\":[]", "cannot be read"},
        {"hpo:result", "\"values\":[0.25]", "\"values\":[0,1,2,3,4,5,6,7,8]", "cannot be read"},
        {"hpo:result", "\"values\":[0.25]", "\"values\":0.25", "cannot be read"},
        {"hpo:result", "\"seconds\":0.0", "\"seconds\":-1.0", "an impossible duration"},
        {"hpo:result", "\"seconds\":0.0", "\"seconds\":0.0,\"seconds\":0.0", "a member twice"},
        {"hpo:result", "\"seconds\":0.0", "\"seconds\":0.0,\"artefact\":3", "cannot be read"},
        {"hpo:result", "\"seconds\":0.0", "\"seconds\":0.0,\"artefact\":[\"a\",3]", "cannot be read"},
        {"hpo:attempt", "\"failure\":\"crash\"", "\"failure\":\"bad\"", "cannot be read"},
        {"hpo:attempt", "\"attempt\":0", "\"attempt\":99999999", "an impossible attempt"},
        {"hpo:raw", "{\"hpo:raw\"", "{\"hpo:future\"", "does not know"},
        {"hpo:start", "\"params\":", "\"arams\":", "without parameters"},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_err err = {0};
        write_nonsense(f, lines, cases[i].kind, cases[i].old, cases[i].new);
        CHECK_FAILS(replay_status(f, &err), BASE_CORRUPT, cases[i].sentence);
    }
    write_nonsense(f, lines, "hpo:result", "\"seconds\":0.0", "\"seconds\":0.0,\"artefact\":[],\"later\":[{}]");
    check_entries(f, f->entries.count);
    lines_destroy(lines);
}

/* ---- the end of the file ---- */

static void test_last_line(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    static const struct {
        const char *tail; /* instead of the last newline */
        bool refused;
    } cases[] = {
        {"", false},        {"\n", false}, {"\n{\"op_code\": 8, \"worker", false}, {"\v", true}, {"}", true},
        {"\n{}garb", true}, {"\nx", true},
    };
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        base_buf text = {0};
        base_err err = {0};
        base_buf_append(&text, full.data, full.length - 1);
        base_buf_puts(&text, cases[i].tail);
        write_text(f->path, text.data, text.length);
        if (cases[i].refused) {
            CHECK_FAILS(replay_status(f, &err), BASE_CORRUPT, "this line is broken");
        } else {
            check_entries(f, f->entries.count);
        }
        base_buf_clear(&text);
        base_buf_append(&text, full.data, full.length); /* a machine that failed may leave zeros */
        base_buf_append(&text, "{\"op\0\0\0\0\0\0\0", 11);
        write_text(f->path, text.data, text.length);
        check_entries(f, f->entries.count);
        base_buf_fini(&text);
    }
    base_buf_fini(&full);
}

/* Any byte of the file changed into any other: refused, or the same entries. */
static void test_mutations(void **state) {
    fixture *f = *state;
    random_entries(f->source, 12, 60, &f->entries);
    write_entries(f->path, f->space, &f->entries);
    base_buf full = file_text(f->path);
    base_rng rng = base_rng_stream(11, BASE_RNG_TEST, 0, 0);
    for (int round = 0; round < 500; round++) {
        base_err err = {0};
        const size_t at = (size_t)base_rng_below(&rng, full.length);
        const char old = full.data[at];
        full.data[at] = (char)base_rng_below(&rng, 256);
        write_text(f->path, full.data, full.length);
        if (full.data[at] == old) {
            check_entries(f, f->entries.count);
        } else {
            CHECK_STATUS(replay_status(f, &err), BASE_CORRUPT);
            CHECK_CONTAINS(err.text, "journal.log:");
            CHECK_CONTAINS(err.text, ": byte ");
        }
        full.data[at] = old;
    }
    base_buf_fini(&full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_lost_lines),    JOURNAL_TEST(test_moved_lines), JOURNAL_TEST(test_borrowed_line),
        JOURNAL_TEST(test_foreign_lines), JOURNAL_TEST(test_members),     JOURNAL_TEST(test_values),
        JOURNAL_TEST(test_last_line),     JOURNAL_TEST(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

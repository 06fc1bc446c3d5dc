/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Journals as version 0.1.0 wrote them: read, continued in today's format, and questioned, because they have no
 * checksums. data/format-1.log is a Hyperband run of that version: objective {function: {problem: counting-ones,
 * n_categorical: 1, n_continuous: 1, report_every: 9}}, fidelity {samples: {min: 9, max: 81}}, seed 3, 10 trials. */
#include "hpo/trials/history.h"
#include "tests/hpo/trials/journal_fixture.h"

static const char OLD[] = "tests/hpo/trials/data/format-1.log";

typedef struct old_run {
    check_tmpdir dir;
    const char *path;
    hpo_space *space;
    hpo_history *history;
    base_arena *arena;
    hpo_journal_head head;
    size_t records, runs;
} old_run;

static int old_setup(void **state) {
    static const hpo_value bits[] = {{.kind = HPO_VALUE_INT}, {.kind = HPO_VALUE_INT, .integer = 1, .real = 1}};
    base_err err = {0};
    old_run *r = base_calloc(1, sizeof *r);
    r->dir = check_tmpdir_create();
    r->path = base_strdup(check_tmpdir_file(&r->dir, "journal.log"));
    r->space = hpo_space_create();
    random_space_add(r->space, (hpo_param){.name = "cat_0", .kind = HPO_CATEGORICAL, .n_choices = 2, .choices = bits});
    random_space_add(r->space, (hpo_param){.name = "float_0", .kind = HPO_FLOAT, .min = 0, .max = 1});
    CHECK_OK(hpo_space_seal(r->space, &err));
    r->history = hpo_history_create(r->space, false, 81);
    r->arena = base_arena_create();
    r->head = test_head();
    hpo_journal_begun begun;
    CHECK_OK(hpo_journal_peek(OLD, r->arena, &begun, &err));
    r->head.seed = begun.seed;
    r->head.identity = begun.identity;
    assert_int_equal(r->head.seed, 3);
    assert_null(begun.chosen);
    base_buf text = file_text(OLD);
    write_text(r->path, text.data, text.length);
    base_buf_fini(&text);
    *state = r;
    return 0;
}

static int old_teardown(void **state) {
    old_run *r = *state;
    check_tmpdir_remove(&r->dir);
    hpo_history_destroy(r->history);
    hpo_space_destroy(r->space);
    base_arena_destroy(r->arena);
    free((void *)r->path);
    free(r);
    return 0;
}

static base_status apply(void *self, const hpo_entry *entry, base_err *err) {
    old_run *r = self;
    r->runs += entry->kind == HPO_ENTRY_RUN && !entry->run.ends;
    if (entry->kind != HPO_ENTRY_RECORD) return BASE_OK;
    r->records++;
    return hpo_history_apply(r->history, &entry->record, err);
}

static void begin_again(old_run *r) {
    hpo_history_destroy(r->history);
    r->history = hpo_history_create(r->space, false, 81);
    r->records = r->runs = 0;
}

/* Opens and replays; NULL when that is refused. */
static hpo_journal *reopen(old_run *r, base_status *status, base_err *why) {
    base_err err = {0};
    hpo_journal *journal = NULL;
    begin_again(r);
    *status = hpo_journal_open(r->path, &r->head, r->space, &journal, why);
    if (*status == BASE_OK) *status = hpo_journal_replay(journal, apply, r, why);
    if (*status == BASE_OK) return journal;
    CHECK_OK(hpo_journal_close(journal, &err));
    return NULL;
}

static void test_read(void **state) {
    old_run *r = *state;
    base_err err = {0};
    base_status status;
    r->head.elapsed = 12.5; /* what else was known: this format does not say */
    hpo_journal *journal = reopen(r, &status, &err);
    CHECK_OK(status);
    CHECK_SAME_DOUBLE(hpo_journal_elapsed(journal), 12.5);
    CHECK_OK(hpo_journal_close(journal, &err));
    const hpo_view view = hpo_history_view(r->history);
    hpo_incumbent best;
    assert_int_equal(hpo_view_trials(view), 10);
    assert_true(hpo_view_incumbent(view, &best));
    assert_int_equal(best.trial, 6);
    CHECK_SAME_DOUBLE(best.eval->fidelity, 81);
    CHECK_SAME_DOUBLE(best.eval->value, -1.654320987654321);
    const hpo_report *report = hpo_view_trial(view, 6).reports;
    CHECK_SAME_DOUBLE(*hpo_metrics_get(report->metrics, "exact"), -1.7028346339129694);
    base_buf text = file_text(r->path), old = file_text(OLD); /* looking leaves no trace */
    assert_string_equal(text.data, old.data);
    base_buf_fini(&text);
    base_buf_fini(&old);
}

/* Adds a trial and closes. */
static void go_on(old_run *r, uint64_t trial) {
    base_err err = {0};
    base_status status;
    const double config[] = {1, 0.5};
    hpo_journal *journal = reopen(r, &status, &err);
    CHECK_OK(status);
    hpo_journal_append(journal, &(hpo_entry){.record = {.kind = HPO_RECORD_START,
                                                        .trial = trial,
                                                        .fidelity = 81,
                                                        .as_of = 3,
                                                        .parent = UINT64_MAX,
                                                        .config = config}});
    hpo_journal_append(
        journal,
        &(hpo_entry){
            .record = {.kind = HPO_RECORD_RESULT, .trial = trial, .fidelity = 81, .value = -2, .final = true}});
    CHECK_OK(hpo_journal_close(journal, &err));
}

static void test_continued(void **state) {
    old_run *r = *state;
    base_err err = {0};
    base_status status;
    r->head.elapsed = 100;
    for (uint64_t trial = 10; trial < 13; trial++) go_on(r, trial);
    r->head.elapsed = 0; /* by now the journal says it itself */
    hpo_journal *journal = reopen(r, &status, &err);
    CHECK_OK(status);
    assert_true(hpo_journal_elapsed(journal) >= 100 && hpo_journal_elapsed(journal) < 160);
    CHECK_OK(hpo_journal_close(journal, &err));
    const hpo_view view = hpo_history_view(r->history);
    hpo_incumbent best;
    assert_int_equal(hpo_view_trials(view), 13);
    assert_int_equal(r->runs, 3);
    assert_true(hpo_view_incumbent(view, &best));
    assert_int_equal(best.trial, 10);
    base_buf text = file_text(r->path), old = file_text(OLD);
    assert_memory_equal(text.data, old.data, old.length); /* nothing is rewritten */
    base_buf_fini(&text);
    base_buf_fini(&old);
}

/* What is added is sealed, and it seals what stands before it. */
static void test_damage_after_going_on(void **state) {
    old_run *r = *state;
    go_on(r, 10);
    base_buf text = file_text(r->path);
    base_rng rng = base_rng_stream(5, BASE_RNG_TEST, 0, 0);
    for (int round = 0; round < 300; round++) {
        base_err err = {0};
        base_status status;
        const size_t bit = (size_t)base_rng_below(&rng, 8 * text.length);
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ (1 << bit % 8));
        write_text(r->path, text.data, text.length);
        assert_null(reopen(r, &status, &err));
        assert_int_equal(status, BASE_CORRUPT);
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ (1 << bit % 8));
    }
    base_buf_fini(&text);
}

/* Without checksums there are still names: each bit of the name of a member of ours, flipped, is noticed. */
static void test_flipped_names(void **state) {
    old_run *r = *state;
    static const char *const names[] = {
        "\"rung\":",    "\"fidelity\":", "\"value\":", "\"final\":",   "\"attempt\":", "\"worker\":", "\"cost\":",
        "\"seconds\":", "\"from\":",     "\"as_of\":", "\"bracket\":", "\"seed\":",    "\"trial\":",  "\"metrics\":"};
    base_buf text = file_text(r->path);
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        char *start = strstr(text.data, "\"hpo:promote\""); /* the part with every kind */
        char *name = strstr(i >= 10 ? strstr(text.data, "\"hpo:start\"") : start, names[i]);
        assert_non_null(name);
        for (size_t k = 1; k + 2 < strlen(names[i]); k++) {
            for (int bit = 0; bit < 8; bit++) {
                base_err err = {0};
                base_status status;
                name[k] = (char)(name[k] ^ (1 << bit));
                write_text(r->path, text.data, text.length);
                assert_null(reopen(r, &status, &err));
                assert_int_equal(status, BASE_CORRUPT);
                CHECK_CONTAINS(err.text, "journal.log:");
                CHECK_CONTAINS(err.text, ": byte ");
                name[k] = (char)(name[k] ^ (1 << bit));
            }
        }
    }
    base_buf_fini(&text);
}

#define OLD_TEST(test) cmocka_unit_test_setup_teardown(test, old_setup, old_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        OLD_TEST(test_read),
        OLD_TEST(test_continued),
        OLD_TEST(test_damage_after_going_on),
        OLD_TEST(test_flipped_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

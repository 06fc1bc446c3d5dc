/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of journal entries: collected from a replay, and compared bit for bit. */
#ifndef TESTS_HPO_TRIALS_JOURNAL_ENTRIES_H
#define TESTS_HPO_TRIALS_JOURNAL_ENTRIES_H

#include "hpo/trials/journal.h"
#include "tests/hpo/trials/random_trials.h"

typedef struct entry_list {
    base_arena *arena;
    hpo_entry *items;
    size_t count, capacity;
} entry_list;

static inline entry_list entry_list_create(void) {
    return (entry_list){.arena = base_arena_create()};
}

static inline void entry_list_destroy(entry_list *list) {
    base_arena_destroy(list->arena);
    free(list->items);
}

/* Keeps a copy with everything that it borrows. */
static inline base_status entry_list_add(void *self, const hpo_entry *entry, base_err *err) {
    (void)err;
    entry_list *list = self;
    BASE_GROW(list->items, list->capacity, list->count + 1);
    hpo_entry *kept = &list->items[list->count++];
    *kept = *entry;
    if (kept->kind == HPO_ENTRY_RUN) list->count--; /* a journal writes them by itself */
    if (kept->kind != HPO_ENTRY_RECORD || kept->record.kind != HPO_RECORD_START) return BASE_OK;
    double *config = BASE_NEW_ARRAY(list->arena, RANDOM_PARAMS, double);
    memcpy(config, entry->record.config, RANDOM_PARAMS * sizeof *config);
    kept->record.config = config;
    if (kept->record.origin) kept->record.origin = base_arena_strdup(list->arena, kept->record.origin);
    return BASE_OK;
}

/* Bits, but one NaN is as good as another. */
static inline void check_double(double got, double want) {
    if (!(isnan(got) && isnan(want))) CHECK_SAME_DOUBLE(got, want);
}

static inline void check_result(const hpo_result *got, const hpo_result *want) {
    assert_int_equal(got->failure, want->failure);
    assert_int_equal(got->code, want->code);
    assert_string_equal(got->reason, want->reason);
    assert_string_equal(got->artefact, want->artefact);
    check_double(got->cost, want->cost);
    check_double(got->seconds, want->seconds);
    check_double(got->reached, want->reached);
    assert_int_equal(got->notices, want->notices);
    assert_int_equal(got->metrics.count, want->metrics.count);
    for (size_t i = 0; i < want->metrics.count; i++) {
        assert_string_equal(got->metrics.item[i].name, want->metrics.item[i].name);
        check_double(got->metrics.item[i].value, want->metrics.item[i].value);
    }
}

static inline void check_record(const hpo_record *got, const hpo_record *want) {
    assert_int_equal(got->kind, want->kind);
    assert_true(got->trial == want->trial && got->bracket == want->bracket && got->rung == want->rung);
    check_double(got->fidelity, want->fidelity);
    check_double(got->from, want->from);
    assert_int_equal(hpo_record_values(got), hpo_record_values(want));
    for (size_t g = 0; g < hpo_record_values(want); g++) check_double(got->values[g], want->values[g]);
    assert_true(got->as_of == want->as_of && got->parent == want->parent && got->seed == want->seed);
    assert_true(got->stop == want->stop && got->final == want->final && got->open == want->open);
    assert_true(got->attempt == want->attempt && got->worker == want->worker);
    if (want->at > 0) check_double(got->at, want->at);
    check_result(&got->result, &want->result);
    if (want->kind != HPO_RECORD_START) return;
    for (size_t i = 0; i < RANDOM_PARAMS; i++) check_double(got->config[i], want->config[i]);
    assert_int_equal(got->origin != NULL, want->origin != NULL);
    if (want->origin) assert_string_equal(got->origin, want->origin);
}

static inline void check_entry(const hpo_entry *got, const hpo_entry *want) {
    assert_int_equal(got->kind, want->kind);
    if (want->kind == HPO_ENTRY_RECORD) {
        check_record(&got->record, &want->record);
        return;
    }
    assert_true(got->raw.trial == want->raw.trial && got->raw.rung == want->raw.rung);
    assert_true(got->raw.attempt == want->raw.attempt && got->raw.worker == want->raw.worker);
    assert_int_equal(got->raw.is_report, want->raw.is_report);
    if (want->raw.at > 0) check_double(got->raw.at, want->raw.at);
    check_double(got->raw.fidelity, want->raw.fidelity);
    check_result(&got->raw.result, &want->raw.result);
}

static inline hpo_entry random_raw(random_source *source) {
    hpo_entry entry = {.kind = HPO_ENTRY_RAW,
                       .raw = {.trial = random_below(source, source->trials),
                               .rung = (uint32_t)random_below(source, 4),
                               .attempt = (uint32_t)random_below(source, 1 << 24),
                               .worker = (uint32_t)random_below(source, 1 << 24),
                               .is_report = random_chance(source, 0.5),
                               .fidelity = random_double(source, true),
                               .at = random_time(source)}};
    random_result(source, &entry.raw.result, (hpo_failure)random_below(source, HPO_FAILURE_COUNT));
    entry.raw.result.cost = random_double(source, false);
    entry.raw.result.seconds = fabs(random_double(source, true));
    return entry;
}

static inline hpo_entry random_attempt(random_source *source) {
    hpo_entry entry = random_raw(source);
    const hpo_raw raw = entry.raw;
    entry = (hpo_entry){.kind = HPO_ENTRY_RECORD,
                        .record = {.kind = HPO_RECORD_ATTEMPT,
                                   .trial = raw.trial,
                                   .rung = raw.rung,
                                   .fidelity = raw.fidelity,
                                   .attempt = raw.attempt,
                                   .worker = raw.worker,
                                   .at = raw.at}};
    random_result(source, &entry.record.result, (hpo_failure)(1 + random_below(source, HPO_FAILURE_COUNT - 1)));
    return entry;
}

/* A study's records with raws and attempts strewn in. */
static inline void random_entries(random_source *source, uint64_t trials, size_t most, entry_list *out) {
    base_err err = {0};
    while (out->count < most) {
        hpo_entry entry = {.kind = HPO_ENTRY_RECORD, .record = random_next(source, trials)};
        if (entry.record.trial == UINT64_MAX) return;
        CHECK_OK(entry_list_add(out, &entry, &err));
        if (!random_chance(source, 0.3)) continue;
        entry = random_chance(source, 0.3) ? random_attempt(source) : random_raw(source);
        CHECK_OK(entry_list_add(out, &entry, &err));
    }
}

static inline hpo_journal_head test_head(void) {
    return (hpo_journal_head){.study = "a \"study\"",
                              .seed = 0xfedcba9876543210u,
                              .identity = "metric: loss\nseed: 7\nparameters: {lr: [1e-5, 0.1]}\n",
                              .program = "hpo_search 0.1.0",
                              .integer_steps = true,
                              .stale_after = 30};
}

/* Opens, replays into a new list, and leaves the journal open. */
static inline hpo_journal *open_and_read(const char *path, const hpo_space *space, entry_list *out) {
    base_err err = {0};
    hpo_journal_head head = test_head();
    hpo_journal *journal = NULL;
    CHECK_OK(hpo_journal_open(path, &head, space, &journal, &err));
    CHECK_OK(hpo_journal_replay(journal, entry_list_add, out, &err));
    return journal;
}

static inline void write_entries(const char *path, const hpo_space *space, const entry_list *list) {
    base_err err = {0};
    entry_list old = entry_list_create();
    hpo_journal *journal = open_and_read(path, space, &old);
    for (size_t i = 0; i < list->count; i++) {
        hpo_journal_append(journal, &list->items[i]);
        if (i % 3 == 0) CHECK_OK(hpo_journal_flush(journal, &err));
    }
    CHECK_OK(hpo_journal_close(journal, &err));
    entry_list_destroy(&old);
}

#endif
